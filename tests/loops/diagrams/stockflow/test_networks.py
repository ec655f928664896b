"""Pipes of any network: parallel to the axes, from valve to stock or cloud, in nobody's way."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.loops.diagrams.stockflow.conftest import Flow, piped

from loopscope.loops.diagrams.stockflow.grid import on_grid
from loopscope.loops.diagrams.stockflow.networks import networks_of
from loopscope.loops.diagrams.stockflow.piping import moved, name_size
from loopscope.loops.diagrams.stockflow.runs import runs_between
from loopscope.loops.diagrams.stockflow.sketching import ends_of

if TYPE_CHECKING:
    from loopscope.loops.diagrams.records import Sketch
    from loopscope.loops.diagrams.stockflow.piping import Network


@st.composite
def flow_networks(draw: st.DrawFn) -> Sketch:
    stocks = draw(st.integers(1, 5))
    end = st.one_of(st.none(), st.integers(0, stocks - 1))
    pairs = st.tuples(end, end).filter(lambda one: one[0] != one[1])
    return piped(stocks, draw(st.lists(pairs, min_size=0, max_size=7)))


def meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        abs(one[0] - other[0]) < one[2] + other[2] - 1e-6
        and abs(one[1] - other[1]) < one[3] + other[3] - 1e-6
    )


def check(sketch: Sketch, network: Network) -> None:
    nodes = {node.name: node for node in sketch.nodes}
    boxes = {
        name: (*place, nodes[name].width / 2, nodes[name].height / 2)
        for name, place in network.places.items()
    }
    names = {
        f"name of {flow}": (*at, *name_size(nodes[flow])) for flow, at in network.names.items()
    }
    for (one, a), (other, b) in combinations({**boxes, **names}.items(), 2):
        assert not meet(a, b), (one, other)
    for (flow, end), route in network.routes.items():
        assert route[0] == network.places[flow]
        assert 2 <= len(route) <= 3
        for here, there in pairwise(route):
            assert here[0] == pytest.approx(there[0]) or here[1] == pytest.approx(there[1])
        (x, y, wide, high), (px, py) = boxes[end], route[-1]
        across, up = abs(px - x) / wide, abs(py - y) / high
        assert max(across, up) == pytest.approx(1.0), "ends on the border"


@given(flow_networks())
@settings(max_examples=25, deadline=None)
def test_pipes_are_straight_and_boxes_apart(sketch: Sketch) -> None:
    networks = networks_of(sketch)
    assert {name for one in networks for name in one.places} == {n.name for n in sketch.nodes}
    for network in networks:
        assert network.overlaps == 0
        check(sketch, network)
    routes = [pair for one in networks for pair in one.routes]
    assert sorted(routes) == sorted(link.pair for link in sketch.links)


@pytest.mark.parametrize(
    ("stocks", "flows"),
    [
        (1, [(None, 0)] * 4 + [(0, None)] * 4),
        (2, [(0, 1)] * 3 + [(1, 0)] * 3),
        (3, [(0, 1), (1, 2), (2, 0), (0, 2), (2, 1), (1, 0), (None, 0), (0, None), (1, None)]),
        (7, [(n, n + 1) for n in range(6)] + [(6, 0)]),
    ],
)
def test_crowded_networks_find_room(stocks: int, flows: list[Flow]) -> None:
    sketch = piped(stocks, flows)
    (network,) = networks_of(sketch)
    assert network.overlaps == 0
    check(sketch, network)


def test_a_flow_between_two_clouds_is_a_network() -> None:
    sketch = piped(0, [(None, None)])
    (network,) = networks_of(sketch)
    check(sketch, network)


def test_a_chain_is_a_row_and_runs_to_the_right() -> None:
    sketch = piped(3, [(None, 0), (0, 1), (1, 2), (2, None)])
    (network,) = networks_of(sketch)
    line = [network.places[f"stock {n}"] for n in range(3)]
    assert [y for _, y in line] == [line[0][1]] * 3
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert all(len(route) == 2 for route in network.routes.values())


def test_a_cycle_begins_with_its_first_stock() -> None:
    cells = on_grid(["s", "i", "r"], [("s", "i"), ("i", "r"), ("r", "s")])
    assert cells == {"s": (0, 0), "i": (1, 0), "r": (2, 0)}


def test_turning_over_keeps_the_network_true() -> None:
    sketch = piped(2, [(None, 0), (0, 1), (1, None), (1, 0)])
    (network,) = networks_of(sketch)
    check(sketch, moved(network, 300.0, -70.0, (-1.0, -1.0)))


def test_ends_of_a_flow() -> None:
    assert ends_of(piped(2, [(0, 1)])) == {"flow number 0": ("stock 0", "stock 1")}


def test_the_halves_of_a_run_meet_at_its_valve() -> None:
    runs = runs_between((0.0, 0.0, 30.0, 15.0), (240.0, -160.0, 30.0, 15.0), (25.0, 6.0), 8.5, 2)
    assert runs
    for run in runs:
        back, on = run.halves()
        assert back[0] == on[0] == run.valve
        assert back[-1] == run.corners[0]
        assert on[-1] == run.corners[-1]
