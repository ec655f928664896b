"""Stock-and-flow diagrams laid out: pipes straight, labels clear, the same for a seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from tests.loops.diagrams.stockflow.conftest import piped

from loopscope import loops
from loopscope.loops.diagrams.stockflow.asking import stock_flow
from loopscope.loops.diagrams.stockflow.bare import bare_pipes
from loopscope.loops.diagrams.stockflow.laying import dress_pipes, lay_pipes
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.records import Layout


@pytest.fixture(scope="module")
def epidemic() -> Diagram:
    found = loops.find("docs/examples/epidemic.mdl")
    return stock_flow(found, level="draft")


@pytest.mark.parametrize("name", ["pond", "teacup"])
def test_small_models_have_no_fault(name: str) -> None:
    drawn = stock_flow(loops.find(f"docs/examples/{name}.mdl"), level="draft")
    quality = drawn.quality
    assert drawn.kind == "stockflow"
    assert (quality.label_on_label, quality.label_on_link, quality.link_over_box) == (0, 0, 0)
    assert quality.crossings == 0
    assert quality.badges_inside == quality.badges


def test_the_epidemic_reads_from_left_to_right(epidemic: Diagram) -> None:
    places, quality = epidemic.layout.places, epidemic.quality
    row = [places[name] for name in ("Susceptible", "Infected", "Immune")]
    assert row == sorted(row)
    assert len({round(y, 6) for _, y in row}) == 1
    assert (quality.label_on_label, quality.label_on_link, quality.link_over_box) == (0, 0, 0)
    assert len(epidemic.sketch.loops) == 6


def test_pipes_are_not_bent(epidemic: Diagram) -> None:
    for link in epidemic.sketch.links:
        if link.kind == "pipe":
            assert epidemic.layout.bulges[link.pair] == 0.0
            route = epidemic.layout.routes[link.pair]
            assert route[0] == epidemic.layout.places[link.cause]
            for a, b in pairwise(route):
                assert min(abs(a[0] - b[0]), abs(a[1] - b[1])) < 1e-6
            number = [one.pair for one in epidemic.laid.picture.given.links].index(link.pair)
            path = epidemic.laid.picture.paths[number]
            assert path[0] == pytest.approx(route[0])
            assert path[-1] == pytest.approx(route[-1])


def test_the_same_seed_gives_the_same_picture(epidemic: Diagram) -> None:
    again = lay_pipes(epidemic.sketch, level="draft")
    assert again.layout == epidemic.layout


def test_a_layout_that_is_kept_stays(epidemic: Diagram) -> None:
    kept = lay_pipes(epidemic.sketch, level="draft", layout=epidemic.layout, pinned=["contacts"])
    assert kept.layout.routes == epidemic.layout.routes
    assert kept.layout.names == epidemic.layout.names
    assert kept.layout.places == epidemic.layout.places
    dressed = dress_pipes(epidemic.sketch, epidemic.layout)
    assert dressed.layout == epidemic.layout
    assert dressed.quality == epidemic.quality


def test_a_stock_that_was_moved_gets_new_pipes(epidemic: Diagram) -> None:
    x, y = epidemic.layout.places["Immune"]
    edited = replace(
        epidemic.layout, places={**epidemic.layout.places, "Immune": (x + 300.0, y + 40.0)}
    )
    laid = lay_pipes(epidemic.sketch, level="draft", layout=edited)
    for name in ("Susceptible", "Infected", "Immune"):
        assert laid.layout.places[name] == edited.places[name]
    end = laid.layout.routes["recoveries", "Immune"][-1]
    assert max(abs(end[0] - x - 300.0), abs(end[1] - y - 40.0)) < 60.0


def test_stocks_too_close_for_a_pipe_are_refused(epidemic: Diagram) -> None:
    places = {**epidemic.layout.places, "Immune": epidemic.layout.places["Infected"]}
    with pytest.raises(LoopError, match="too close for the pipe of 'recoveries'"):
        lay_pipes(epidemic.sketch, level="draft", layout=replace(epidemic.layout, places=places))


@pytest.mark.parametrize("what", ["routes", "names"])
def test_what_a_layout_lacks_is_said(what: str, epidemic: Diagram) -> None:
    broken: Layout = replace(epidemic.layout, **{what: {}})
    with pytest.raises(LoopError, match="there is no place for the"):
        dress_pipes(epidemic.sketch, broken)


def test_without_a_search_nothing_overlaps() -> None:
    sketch = piped(4, [(None, 0), (0, 1), (1, None), (2, 3), (3, None)])
    laid = bare_pipes(sketch)
    boxes = laid.picture.boxes
    for n, one in enumerate(boxes):
        for other in boxes[:n]:
            apart = abs(one[:2] - other[:2]) >= one[2:] + other[2:] - 1e-6
            assert apart.any()
    assert laid.level == "bare"
