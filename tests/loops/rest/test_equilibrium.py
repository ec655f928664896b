"""Tests of equilibria: closed forms known from books, roots by numpy, totals, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.rest.equilibrium import equilibria
from loopscope.models.errors import LoopError, LoopscopeError

BRUSSELATOR = """
    a=1
    b=1.5
    dx=a-(b+1)*x+x*x*y
    dy=b*x-x*x*y
    x=INTEG(dx, 1)
    y=INTEG(dy, 1)
"""
NAGUMO = """
    shift=0.7
    slope=0.5
    pace=0.08
    current=0
    dv=v-v^3/3-w+current
    dw=pace*(v+shift*0-slope*w*3)
    v=INTEG(dv, 1)
    w=INTEG(dw, 0.5)
"""


def symbol(name, **how):
    return sp.Symbol(name, **(how or {"real": True}))


def values(found):
    return [tuple(one.values.values()) for one in found]


def test_a_logistic_stock_rests_at_nothing_and_at_its_capacity(logistic):
    found = equilibria(logistic)
    assert found.complete
    assert [one.formulas["P"] for one in found] == [0, symbol("K")]
    assert [one.stability.kind for one in found] == ["unstable node", "stable node"]
    assert [one.eigenvalues for one in found] == [(symbol("r"),), (-symbol("r"),)]
    np.testing.assert_allclose(values(found), [(0,), (100,)])


def test_predators_and_prey_circle_round_d_over_c_and_a_over_b(prey):
    origin, inner = equilibria(prey)
    a, b, c, d = (symbol(name) for name in "abcd")
    assert inner.formulas == {"prey": d / c, "predators": a / b}
    assert inner.stability.verdict == "undecided"
    assert inner.stability.kind == "centre of the linearised model"
    np.testing.assert_allclose(inner.stability.eigenvalues[0], 1j * np.sqrt(1.1 * 0.4))
    assert inner.routh_hurwitz == "s^2 + a*d: a1 = 0, a2 = a*d > 0"
    assert origin.stability.kind == "saddle"
    assert set(origin.eigenvalues) == {a, -d}


def test_an_epidemic_ends_anywhere_on_a_line_and_its_total_is_held(sir):
    found = equilibria(sir)
    (line,) = found
    assert [str(one) for one in found.totals] == ["S + I + R = 1000"]
    assert line.dimension == 1
    assert line.formulas["I"] == 0
    # S' = I' = R' = 0 wherever I = 0; an infection grows there while contact S / N > recovery.
    (growth,) = line.eigenvalues
    total, resting = symbol("C1"), symbol("R")
    contact, recovery, n = (symbol(name) for name in ("contact", "recovery", "N"))
    expected = contact * (total - resting) / n - recovery
    assert sp.simplify(growth - expected) == 0
    assert line.stability.dropped == 2


def test_the_search_finds_the_line_of_an_epidemic_as_one(sir):
    (line,) = equilibria(sir, symbolic=False)
    assert line.dimension == 1
    assert line.values["I"] == pytest.approx(0, abs=1e-6)
    assert line.values["S"] + line.values["R"] == pytest.approx(1000)
    growth = 0.5 * line.values["S"] / 1000 - 0.1
    np.testing.assert_allclose([one.real for one in line.stability.eigenvalues], [growth])


def test_the_brusselator_rests_at_a_and_b_over_a_stable_while_b_is_below_one_plus_a_squared(read):
    model = read(BRUSSELATOR)
    (found,) = equilibria(model)
    a, b = symbol("a"), symbol("b")
    assert found.formulas == {"x": a, "y": b / a}
    assert sp.expand(found.characteristic[1] - (1 + a**2 - b)) == 0
    assert found.stability.kind == "stable focus"
    (found,) = equilibria(model, parameters={"b": 2.5})
    assert found.stability.kind == "unstable focus"


def test_van_der_pol_is_an_unstable_focus_and_a_spring_a_centre(read):
    oscillator = read("mu=1\n dy=mu*(1-x^2)*y-x\n x=INTEG(y, 1)\n y=INTEG(dy, 0)")
    (found,) = equilibria(oscillator)
    assert found.stability.kind == "unstable focus"
    np.testing.assert_allclose(found.stability.eigenvalues[0], 0.5 + 1j * np.sqrt(3) / 2)
    spring = read("w2=4\n dv=-w2*x\n x=INTEG(v, 1)\n v=INTEG(dv, 0)")
    (found,) = equilibria(spring)
    assert found.stability.kind == "centre of the linearised model"
    np.testing.assert_allclose(found.stability.eigenvalues[0], 2j)


def test_cubic_nullclines_give_three_states_and_they_are_all(read):
    # w = 2 v / 3 and v - v^3/3 - w = 0: v = 0, v = +-1.
    model = read(NAGUMO)
    for symbolic in (True, False):
        found = equilibria(model, symbolic=symbolic)
        assert found.complete is symbolic
        expected = [(-1, -2 / 3), (0, 0), (1, 2 / 3)]
        np.testing.assert_allclose(values(found), expected, atol=1e-9)
    assert found[1].stability.kind == "saddle"


def test_a_saddle_node_has_two_states_one_or_none(read):
    model = read("r=0.25\n flow=r-x^2\n x=INTEG(flow, 1)")
    found = equilibria(model)
    assert values(found) == [(-0.5,), (0.5,)]
    assert [one.stability.verdict for one in found] == ["unstable", "stable"]
    nowhere = equilibria(model, parameters={"r": -1})
    assert len(nowhere) == 0
    assert nowhere.complete
    assert nowhere.statement.startswith("there is no equilibrium")
    searched = equilibria(model, parameters={"r": -1}, symbolic=False)
    assert len(searched) == 0
    assert "stillest state" in searched.statement
    (meeting,) = equilibria(model, parameters={"r": 0}, symbolic=False)
    assert meeting.dimension == 0
    assert meeting.stability.verdict == "undecided"


def test_a_parameter_that_is_zero_lowers_the_degree(read):
    model = read("r=1\n q=2\n h=0\n flow=r-q*x-h*x*x\n x=INTEG(flow, 1)")
    found = equilibria(model)
    assert found.complete
    np.testing.assert_allclose(values(found), [(0.5,)])
    two = equilibria(model, parameters={"h": 1})
    np.testing.assert_allclose(values(two), [(-1 - np.sqrt(2),), (-1 + np.sqrt(2),)])


def test_what_only_creeps_is_not_at_rest(read):
    found = equilibria(read("flow=EXP(-x)+0\n x=INTEG(flow, 1)"), symbolic=False)
    assert len(found) == 0


def test_a_zero_of_a_denominator_is_no_equilibrium(read):
    # x (x - 1) / (x - 1)^2: the numerator vanishes at 1, where there is no rate.
    found = equilibria(read("flow=x*(1-x)/((x-1)*(x-1))\n x=INTEG(flow, 3)"))
    assert values(found) == [(0,)]


def test_tables_and_kinks_are_searched(read):
    model = read("birth=MIN(x, 4)\n flow=birth-0.5*x\n x=INTEG(flow, 1)")
    found = equilibria(model)
    assert not found.complete
    np.testing.assert_allclose(values(found), [(0,), (8,)], atol=1e-9)
    assert [one.stability.verdict for one in found] == ["unstable", "stable"]


def test_stages_of_a_delay_rest_at_their_input(read):
    found = equilibria(read("seen=SMOOTH3(x, 4)\n flow=10-seen\n x=INTEG(flow, 0)"))
    (one,) = found
    np.testing.assert_allclose(list(one.values.values()), 10)
    # s (1 + 4 s / 3)^3 = -1
    expected = np.roots([64 / 27, 16 / 3, 4, 1, 1])
    np.testing.assert_allclose(
        sorted(one.stability.eigenvalues, key=lambda v: (v.real, v.imag)),
        sorted(expected, key=lambda v: (v.real, v.imag)),
        rtol=1e-9,
    )


@settings(deadline=None, max_examples=12)
@given(
    roots=st.lists(st.integers(-6, 6), min_size=1, max_size=4, unique=True),
    pair=st.booleans(),
    sign=st.sampled_from([1, -1]),
)
def test_all_states_of_a_polynomial_stock_are_found(read, roots, pair, sign):
    # sign * prod (x - root) [* (x^2 + 1)]: by construction, and the slope by numpy.
    coefficients = sign * np.poly(roots)
    if pair:
        coefficients = np.polymul(coefficients, [1, 0, 1])
    rate = "+".join(f"({c:g})*x^{n}" for n, c in enumerate(coefficients[::-1]))
    model = read(f"flow={rate}\n x=INTEG(flow, 0.3)", stop=0.25)
    slope = np.polyval(np.polyder(coefficients), sorted(roots))
    for symbolic in (True, False):
        found = equilibria(model, symbolic=symbolic)
        got = [one.values["x"] for one in found]
        if symbolic:
            np.testing.assert_allclose(got, sorted(roots), atol=1e-9)
            np.testing.assert_allclose(
                [one.stability.eigenvalues[0].real for one in found], slope, rtol=1e-6
            )
        else:
            assert all(np.min(np.abs(np.array(roots) - x)) < 1e-6 for x in got)


def test_a_total_with_weights_is_found(read):
    model = read("f=x*y\n x=INTEG(-2*f, 3)\n y=INTEG(3*f, 1)")
    found = equilibria(model)
    assert [str(one) for one in found.totals] == ["3 x + 2 y = 11"]
    np.testing.assert_allclose(values(found), [(0, 5.5), (11 / 3, 0)])


def test_the_migration_model_held_at_2100_rests_only_without_people():
    found = equilibria("migration_policy", at=2100, starts=16)
    assert not found.complete
    assert "the time held at 2100" in found.statement
    returns, total = found.totals
    assert returns.weights["ethnic returns so far"] == returns.weights["coethnics abroad"] == 1
    assert total.weights["natives"] == 1
    assert total.weights["net additions so far"] == -1
    (empty,) = found
    people = ["natives", "legal migrants", "second generation", "irregular migrants", "origin pool"]
    assert [empty.values[name] for name in people] == [0] * 5
    assert empty.stability.dropped == 2  # two stocks that only count


def test_the_dataset_and_the_rows_hold_the_same(prey, tmp_path):
    found = equilibria(prey)
    data = found.to_dataset()
    assert data["value"].dims == ("equilibrium", "stock")
    for number, row in enumerate(found.rows()):
        assert row["prey"] == float(data["value"].sel(stock="prey")[number])
        assert row["kind"] == str(data["kind"].values[number])
    assert "centre" in str(found)
    data.to_netcdf(tmp_path / "rest.nc")


def test_a_view_has_the_equilibria_of_its_graph(prey):
    view = loops.fold(loops.trace(prey))
    assert values(equilibria(view)) == values(equilibria(prey))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parameters": {"rr": 1}}, r"no variable named 'rr'"),
        ({"parameters": {"r": [1, 2]}}, "one number here, not one a run"),
        ({"guess": {"p p": 1}}, "no variable named 'p p'"),
        ({"guess": {"births": 1}}, "'births' is no stock"),
        ({"guess": {"P": "high"}}, "must be a finite number, got 'high'"),
        ({"ranges": {"P": (5, 5)}}, "the range of 'P' is empty: 5 is not below 5"),
        ({"ranges": {"P": 5}}, "two finite numbers"),
        ({"starts": -1}, "starts must be a whole number"),
        ({"at": np.nan}, "at must be a finite time"),
    ],
)
def test_what_cannot_be_used_is_named(logistic, options, message):
    with pytest.raises(LoopscopeError, match=message):
        equilibria(logistic, **options)


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("flow=RANDOM UNIFORM(0,1,0)-x\n x=INTEG(flow, 1)", "a random number"),
        ("late=DELAY FIXED(x, 2, 0)\n flow=1-late\n x=INTEG(flow, 1)", "DELAY FIXED"),
        ("flow=Time-x\n x=INTEG(flow, 1)", "depend on the time through 'flow'.*at="),
        ("y=3*Time", "has no stock"),
    ],
)
def test_what_has_no_equilibrium_is_refused(read, equations, message):
    with pytest.raises(LoopError, match=message):
        equilibria(read(equations))


def test_a_held_time_and_a_path_count_as_they_are_then(read):
    model = read("goal=5\n flow=goal+Time-x\n x=INTEG(flow, 1)")
    path = {"value": 7, "from": 4}
    assert values(equilibria(model, at=3)) == [(8,)]
    assert values(equilibria(model, at=6, parameters={"goal": path})) == [(13,)]
    with pytest.raises(LoopError, match="set to a path"):
        equilibria(read("goal=5\n x=INTEG(goal-x, 1)"), parameters={"goal": path})


def test_a_jump_is_told(read):
    found = equilibria(read("flow=IF THEN ELSE(x>3, -2, 2-x)\n x=INTEG(flow, 1)"))
    np.testing.assert_allclose(values(found), [(2,)])
    assert "equations jump with 'x'" in found.statement


def test_a_state_outside_its_range_says_so(folder):
    path = folder / "outside" / "outside.mdl"
    path.parent.mkdir()
    path.write_text(
        "{UTF-8}\nflow=x-x*x+2~~|\nx=INTEG(flow, 1)~person [0,?]~|\n"
        "INITIAL TIME=0~Year~|\nFINAL TIME=4~Year~|\nTIME STEP=0.25~Year~|\n"
        "SAVEPER=0.25~Year~|\n",
        encoding="utf-8",
    )
    found = equilibria(models.load(path))
    assert [one.outside for one in found] == [("x",), ()]
