"""What is asked of a stock-and-flow diagram, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loopscope import loops, models
from loopscope.loops.diagrams.stockflow.asking import stock_flow
from loopscope.loops.diagrams.stockflow.viewing import view_of
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.model import Model

GROUPED = """
a = INTEG(fill - drain, 1) ~~|
fill = a * rate ~~|
drain = a / 4 ~~|
rate = 0.1 + b / 100 ~~|
********************************************************
    .Other side
********************************************************~ |
b = INTEG(a / 5 - b / 3, 1) ~~|
share of b = b / (a + b) ~~|
"""


def test_a_model_shows_all_of_it() -> None:
    drawn = stock_flow(models.load("docs/examples/teacup.mdl"), level="draft", constants=True)
    kinds = {node.name: node.kind for node in drawn.sketch.nodes}
    assert kinds["Teacup Temperature"] == "stock"
    assert kinds["Heat Loss to Room"] == "flow"
    assert {"Room Temperature", "Characteristic Time"} <= set(kinds)
    assert "TIME STEP" not in kinds
    assert drawn.caption.subtitle == "All variables"


def test_a_group_of_the_file(mdl: Callable[[str], Model]) -> None:
    model = mdl(GROUPED)
    group = model.variables["share of b"].group
    assert group
    drawn = stock_flow(model, show=f"group:{group}", level="draft")
    names = {node.name for node in drawn.sketch.nodes if node.kind != "cloud"}
    assert names == {"b", "share of b", "net change of b"}
    with pytest.raises(LoopError, match="no group of variables named 'nowhere'; there are: "):
        stock_flow(model, show="group:nowhere")


def test_scores_are_widths_and_badges() -> None:
    model = models.load("docs/examples/pond.mdl")
    found = loops.find(model)
    scores = loops.score(found, models.simulate(model))
    drawn = stock_flow(found, scores, 2005.0, level="draft")
    told = [link for link in drawn.sketch.links if link.kind == "cause"]
    assert all(link.score is not None for link in told)
    assert {loop.id for loop in drawn.sketch.loops} == set(found.ids)
    pipes = {link.width for link in drawn.sketch.links if link.kind == "pipe"}
    assert pipes == {1.4}, "pipes are plain"


def test_a_large_model_is_refused_with_what_can_be_done() -> None:
    with pytest.raises(LoopError, match=r"more than .* \(80\).*group:NAME"):
        stock_flow("migration_policy")


def test_any_size_is_placed_without_a_search() -> None:
    drawn = stock_flow("docs/examples/epidemic.mdl", level="bare")
    assert set(drawn.layout.places) == {node.name for node in drawn.sketch.nodes}


@pytest.mark.parametrize("name", ["epidemic", "pond"])
def test_the_view_of_a_file_has_every_variable(name: str) -> None:
    model = models.load(f"docs/examples/{name}.mdl")
    view = view_of(model)
    clock = model.clock
    apart = {clock.initial_time, clock.final_time, clock.time_step, clock.saveper}
    places = {place.name: place for place in view.places}
    assert {one for one in places if not one.startswith("cloud")} == set(model.variables) - apart
    assert all(place.x >= 0 and place.y >= 0 for place in view.places)
    for pipe in view.pipes:
        for end, point in ((pipe.source, pipe.points[0]), (pipe.target, pipe.points[-1])):
            place = places[end]
            across = abs(point[0] - place.x) / (place.width / 2)
            up = abs(point[1] - place.y) / (place.height / 2)
            assert max(across, up) == pytest.approx(1.0)
    arrows = {(one.cause, one.effect) for one in view.connectors}
    for one in model:
        if one.name not in {stock.name for stock in model.stocks}:
            assert {(cause, one.name) for cause in one.depends} <= arrows


def test_the_view_of_a_diagram_has_its_arcs() -> None:
    drawn = stock_flow(loops.find("docs/examples/teacup.mdl"), level="draft")
    view = view_of(drawn)
    (arrow,) = view.connectors
    assert arrow.angle is not None
    assert 0.0 <= arrow.angle < 360.0
    cld = loops.diagram(loops.find("docs/examples/epidemic.mdl"), level="draft")
    with pytest.raises(LoopError, match="kind='stockflow'"):
        view_of(cld)
