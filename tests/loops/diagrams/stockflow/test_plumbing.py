"""Valves: what fills and drains each stock, however its rate is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sympy as sp

from loopscope import loops
from loopscope.loops.diagrams.stockflow.plumbing import plumb
from loopscope.loops.graph import equations_of
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.loops.diagrams.stockflow.plumbing import Plumbing
    from loopscope.models.model import Model

DECAY = """
level = INTEG(inflow - level / life, 1) ~~|
inflow = 3 ~~|
life = 5 ~~|
"""
DOUBLED = """
a = INTEG(pay, 0) ~~|
b = INTEG(pay - spend, 0) ~~|
pay = 1 + 0.1 * b ~~|
spend = b / 4 ~~|
"""
BOTH = """
a = INTEG(2 * turn - turn, 0) ~~|
turn = a / 2 ~~|
"""


def rates(plumbing: Plumbing) -> dict[str, sp.Expr]:
    """Return the sum of the valves of each stock."""
    found: dict[str, sp.Expr] = {}
    for valve in plumbing.valves:
        for end, sign in ((valve.source, -1), (valve.target, 1)):
            if end:
                found[end] = found.get(end, sp.Integer(0)) + sign * symbol_of(valve.name)
    return found


@pytest.fixture(scope="module")
def plumbing() -> Plumbing:
    return plumb(loops.trace("migration_policy"))


def test_every_rate_is_the_sum_of_its_valves(plumbing: Plumbing) -> None:
    equations = equations_of(plumbing.graph.equations)
    found = rates(plumbing)
    assert len(found) == 27
    assert all(sp.expand(found[name] - equations[name]) == 0 for name in found)
    assert not plumbing.made_up
    assert plumbing.graph.base is None


def test_a_flow_between_two_stocks_is_one_valve(plumbing: Plumbing) -> None:
    valves = {one.name: one for one in plumbing.valves}
    assert (valves["deportation"].source, valves["deportation"].target) == (
        "irregular migrants", "origin pool",
    )  # fmt: skip
    assert valves["births in origin pool"].source is None


def test_what_is_no_flow_is_the_net_change(mdl: Callable[[str], Model]) -> None:
    plumbing = plumb(loops.trace(mdl(DECAY)))
    assert {(one.name, one.flow, one.source, one.target) for one in plumbing.valves} == {
        ("inflow", "inflow", None, "level"),
        ("net change of level", "", None, "level"),
    }
    assert ("level", "net change of level") in plumbing.graph.links
    assert ("level", "level") not in plumbing.graph.links
    assert plumbing.graph.label("net change of level") == "net change of level"


def test_a_flow_into_two_stocks_is_two_valves(mdl: Callable[[str], Model]) -> None:
    plumbing = plumb(loops.trace(mdl(DOUBLED)))
    assert [(one.name, one.target) for one in plumbing.valves if one.flow == "pay"] == [
        ("pay", "a"), ("pay into b", "b"),
    ]  # fmt: skip
    assert plumbing.graph.links["pay", "pay into b"].gain == 1
    assert plumbing.made_up == {"pay into b"}


def test_a_flow_that_fills_more_than_once_keeps_its_rate(mdl: Callable[[str], Model]) -> None:
    plumbing = plumb(loops.trace(mdl(BOTH)))
    turn, net = symbol_of("turn"), symbol_of("net change of a")
    equations = equations_of(plumbing.graph.equations)
    assert equations["a"].subs(net, equations.get("net change of a", net)) == turn
