"""Tests of formulas of loop gains, and of where loops reinforce and balance."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from loopscope import loops
from loopscope.loops.loop import Loop, resolve
from loopscope.loops.signs.inequality import Inequality
from loopscope.loops.signs.notation import latex_of, text_of
from loopscope.models import functions as sd
from loopscope.models.errors import LoopError

A, B = sp.symbols("net_births life*span", real=True)


@pytest.mark.parametrize(
    ("e", "text"),
    [
        (A / B, "net_births / life*span"),
        (A**2, "net_births^2"),
        (sp.Rational(19, 20) - A, "0.95 - net_births"),
        (sp.Rational(1, 3) * A, "net_births / 3"),
        (sd.Minimum(A, B), "MIN(net_births, life*span)"),
        (sd.Not(sd.LessEqual(A, B)), "(not (net_births <= life*span))"),
        (sd.IfThenElse(sd.And(sd.Less(A, 1), B), 1, 0),
         "IF THEN ELSE(((net_births < 1) and life*span), 1, 0)"),
        (sd.Table(sp.Symbol("effect"), A), "effect(net_births)"),
        (sd.TableSlope(sp.Symbol("effect"), A), "SLOPE OF effect(net_births)"),
        (sp.exp(-A) * sp.sqrt(B), "SQRT(life*span) * EXP(-net_births)"),
        (sd.Step(A, B, sp.Symbol("Time"), sp.Symbol("TIME STEP")), "STEP(net_births, life*span)"),
        (sd.SafeDivide(A, B, 0), "XIDZ(net_births, life*span, 0)"),
    ],
)  # fmt: skip
def test_text_is_in_the_manner_of_vensim(e, text):
    assert text_of(e) == text


def test_latex_escapes_names_and_writes_functions_upright():
    assert latex_of(A / 2) == r"\frac{\text{net\_births}}{2}"
    found = latex_of(sd.Maximum(A, B) ** 2)
    assert found == r"\operatorname{MAX}\left(\text{net\_births}, \text{life*span}\right)^{2}"


def test_the_gain_of_a_loop_is_a_closed_formula(logistic):
    graph = loops.trace(logistic)
    births = next(one for one in loops.find(graph) if "births" in one.nodes)
    deaths = next(one for one in loops.find(graph) if "deaths" in one.nodes)
    assert loops.formula(births) == "r"
    assert loops.formula(deaths) == "-2 * P * r / K"
    assert loops.latex(deaths) == r"- \frac{2 \text{P} \text{r}}{\text{K}}"


def test_the_formula_of_a_link_is_its_gain(read):
    graph = loops.trace(read("k=3\nuse=x/(k+x)\nx=INTEG(1-use, 1)"))
    assert loops.formula(graph.links["x", "use"]) == "k / (k + x)^2"


def test_a_long_link_stands_as_a_derivative_in_the_formula_of_a_loop():
    view = loops.fold(loops.trace("migration_policy"), keep=["policy pressure"])
    path = ["policy pressure", "policy stringency", "irregular migrants"]
    loop = Loop(id="X", polarity="U", graph=view, nodes=resolve(view, [*path, "employer lobby"]))
    text, tex = loops.formula(loop), loops.latex(loop)
    assert "d(irregular migrants)/d(policy stringency)" in text
    assert r"\frac{\partial\,\text{irregular migrants}}{\partial\,\text{policy stringency}}" in tex
    assert "response to lobby" in text
    assert len(text) < 1000


def test_a_loop_of_proved_links_has_one_region(logistic):
    graph = loops.trace(logistic)
    regions = {one.nodes: loops.region(one) for one in loops.find(graph)}
    assert {r.polarity for r in regions.values()} == {"R", "B"}
    balancing = next(r for r in regions.values() if r.polarity == "B")
    assert balancing.text == "B"
    assert "P >= 0 (kept by the equations)" in balancing.assumptions


def test_a_net_loop_reinforces_up_to_half_of_capacity(logistic):
    (net,) = loops.find(loops.fold(loops.trace(logistic)))
    found = loops.region(net)
    assert found.text == "R while P < K / 2, B while P > K / 2"
    assert (found.reinforcing, found.balancing) == ("P < K / 2", "P > K / 2")
    assert found.conditions == (Inequality("P", "<", "K / 2"),)
    assert found.polarity == "U"


def test_two_open_factors_combine_to_two_cases(read):
    graph = loops.trace(
        read("""
        f=x*(3-y)
        x=INTEG(z*(2-y)-x, 1)
        z=INTEG(f-z, 1)
        y=INTEG(1-y, 1)
        """)
    )
    loop = next(one for one in loops.find(graph) if set(one.nodes) == {"x", "f", "z"})
    found = loops.region(loop, {"y": (0, 5)})
    assert found.text == (
        "R while y < 2 and y < 3 or y > 2 and y > 3, B while y < 2 and y > 3 or y > 2 and y < 3"
    )


def test_factors_that_two_links_share_cancel(read):
    graph = loops.trace(
        read("""
        f=x*(3-y)
        x=INTEG(z*(3-y)-x, 1)
        z=INTEG(f-z, 1)
        y=INTEG(7-y, 1)
        """)
    )
    loop = next(one for one in loops.find(graph) if set(one.nodes) == {"x", "f", "z"})
    assert loops.region(loop).polarity == "R"


def test_regions_agree_with_the_gain_at_random_states(read):
    graph = loops.trace(read("r=0.3\nK=100\nm=4\nx=INTEG(r*x*(1-x/K)*(x/m-1), 9)"))
    (loop,) = loops.find(graph)
    found = loops.region(loop)
    values = np.linspace(0.1, 120.0, 50)
    gain = sp.lambdify(sp.Symbol("x", real=True), loop.gain.subs(
        {sp.Symbol("r", real=True): 0.3, sp.Symbol("K", real=True): 100,
         sp.Symbol("m", real=True): 4}))(values)  # fmt: skip
    assert np.any(gain > 0)
    assert np.any(gain < 0)
    # The condition is quadratic in x: it is stated, not solved.
    assert found.polarity == "U"
    assert found.text.startswith(("R while", "U: it has the sign"))


def test_a_range_given_for_a_region_settles_it(logistic):
    (net,) = loops.find(loops.fold(loops.trace(logistic)))
    assert loops.region(net, {"P": (0, 40), "K": (100, 100)}).text == "R"
    with pytest.raises(LoopError, match="'Q', which is no variable"):
        loops.region(net, {"Q": (0, 1)})
