"""Tests of branches of equilibria: folds, Hopf points, crossings and corners in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.loops.rest.continuation import follow
from loopscope.loops.rest.equilibrium import equilibria
from loopscope.models.errors import LoopError, LoopscopeError

FISHING = "r=0.3\n K=100\n catch=1\n flow=r*P*(1-P/K)-catch\n P=INTEG(flow, 90)"
CUSP = "r=1\n h=0\n flow=h+r*x-x^3\n x=INTEG(flow, 2)"
BRUSSELATOR = """
    a=1
    b=1.5
    dx=a-(b+1)*x+x*x*y
    dy=b*x-x*x*y
    x=INTEG(dx, 1)
    y=INTEG(dy, 1)
"""
GRAZING = """
    r=1
    K=3
    a=1
    h=0.5
    e=1
    m=0.5
    eaten=a*x*y/(1+a*h*x)
    x=INTEG(r*x*(1-x/K)-eaten, 0.7)
    y=INTEG(e*eaten-m*y, 1)
"""


def kinds(branch):
    return [one.kind for one in branch.special]


def test_a_catch_is_borne_up_to_r_k_over_four(read):
    branch = follow(read(FISHING), "catch", (0, 20))
    assert kinds(branch) == ["fold"]
    (fold,) = branch.special
    assert fold.parameter == pytest.approx(0.3 * 100 / 4, rel=1e-10)
    assert fold.values["P"] == pytest.approx(50, rel=1e-6)
    assert abs(fold.eigenvalues[0]) < 1e-6
    # both branches, r P (1 - P / K) = catch at each point
    states = branch.states[0]
    np.testing.assert_allclose(0.3 * states * (1 - states / 100), branch.at, atol=1e-9)
    assert np.array_equal(states > 50, np.array(branch.verdicts) == "stable")


def test_a_cusp_folds_at_two_over_three_root_three(read):
    branch = follow(read(CUSP), "h", (-1, 1))
    at = 2 / (3 * np.sqrt(3))
    np.testing.assert_allclose(sorted(one.parameter for one in branch.special), [-at, at])
    for one in branch.special:
        assert one.values["x"] == pytest.approx(-np.sign(one.parameter) / np.sqrt(3), rel=1e-6)
    assert "it leaves the range at -1" in branch.statement
    # the middle of the S is unstable
    middle = np.abs(branch.states[0]) < 0.57
    assert set(np.array(branch.verdicts)[middle]) == {"unstable"}


@pytest.mark.parametrize("a", [1.0, 2.0])
def test_the_brusselator_begins_to_oscillate_at_one_plus_a_squared(read, a):
    branch = follow(read(BRUSSELATOR), "b", (0.5, 8), parameters={"a": a})
    assert kinds(branch) == ["Hopf"]
    (hopf,) = branch.special
    assert hopf.parameter == pytest.approx(1 + a**2, rel=1e-9)
    assert hopf.period == pytest.approx(2 * np.pi / a, rel=1e-6)
    np.testing.assert_allclose(hopf.values["y"], hopf.parameter / a, rtol=1e-9)


def test_grazers_and_grass_begin_to_oscillate_where_theory_says(read):
    # Rosenzweig & MacArthur (1963): at x* = m / (a (e - m h)), Hopf at K = 2 x* + 1 / (a h).
    branch = follow(read(GRAZING), "K", (1, 10), start={"x": 0.7, "y": 1.0})
    (hopf,) = branch.special
    resting = 0.5 / (1 - 0.25)
    assert hopf.kind == "Hopf"
    assert hopf.parameter == pytest.approx(2 * resting + 2, rel=1e-8)


def test_van_der_pol_changes_stability_where_damping_is_zero(read):
    model = read("mu=1\n dy=mu*(1-x^2)*y-x\n x=INTEG(y, 1)\n y=INTEG(dy, 0)")
    branch = follow(model, "mu", (-1, 1))
    (hopf,) = branch.special
    assert hopf.kind == "Hopf"
    assert hopf.parameter == pytest.approx(0, abs=1e-9)
    assert hopf.period == pytest.approx(2 * np.pi, rel=1e-6)
    verdicts = np.array(branch.verdicts)
    assert set(verdicts[branch.at < -1e-6]) == {"stable"}
    assert set(verdicts[branch.at > 1e-6]) == {"unstable"}


@pytest.mark.parametrize("power", [2, 3])
def test_crossing_branches_are_told_from_folds(read, power):
    model = read(f"p=1\n flow=p*x-x^{power}\n x=INTEG(flow, 2)")
    branch = follow(model, "p", (-1, 2), start={"x": 0})
    assert kinds(branch) == ["branch point"]
    assert branch.special[0].parameter == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(branch.states, 0, atol=1e-9)


def test_an_infection_with_a_total_begins_where_contact_is_recovery(read):
    model = read("""
        b=0.5
        g=0.1
        infection=b*S*I/1000
        recovering=g*I
        S=INTEG(recovering-infection, 990)
        I=INTEG(infection-recovering, 10)
    """)
    branch = follow(model, "b", (0.05, 1))
    assert kinds(branch) == ["branch point"]
    assert branch.special[0].parameter == pytest.approx(0.1, rel=1e-6)
    np.testing.assert_allclose(branch.states.sum(axis=0), 1000)
    infected = branch.states[branch.names.index("I")]
    np.testing.assert_allclose(infected, 1000 * (1 - 0.1 / branch.at), rtol=1e-6, atol=1e-3)
    assert branch.eigenvalues.shape[1] == 1


def test_a_closed_branch_ends_where_it_began(read):
    model = read("p=0\n flow=1-x*x-p*p\n x=INTEG(flow, 1)", stop=1)
    branch = follow(model, "p", (-2, 2))
    assert kinds(branch) == ["fold", "fold"]
    assert "comes back to where it began" in branch.statement
    np.testing.assert_allclose(branch.states[0] ** 2 + branch.at**2, 1)


def test_a_turn_at_a_kink_is_a_corner(read):
    # p - x + 2 max(x - 1, 0): x = p below 1, x = 2 - p above, on a branch that turns at p = 1.
    model = read("p=1\n flow=p-x+2*MAX(x-1,0)\n x=INTEG(flow, 0.5)", stop=1)
    branch = follow(model, "p", (0, 2), start={"x": 0.2})
    assert kinds(branch) == ["corner"]
    assert branch.special[0].parameter == pytest.approx(1, abs=1e-6)
    low = branch.states[0] < 1
    np.testing.assert_allclose(branch.at[low], branch.states[0][low], atol=1e-9)
    np.testing.assert_allclose(branch.at[~low], 2 - branch.states[0][~low], atol=1e-9)


def test_a_kink_without_a_turn_is_passed(read):
    branch = follow(read("p=1\n flow=MIN(p,2-p)-x*0.5\n x=INTEG(flow, 2)"), "p", (0, 2))
    assert kinds(branch) == []
    np.testing.assert_allclose(branch.states[0], 2 * np.minimum(branch.at, 2 - branch.at))
    np.testing.assert_allclose([branch.at.min(), branch.at.max()], [0, 2], atol=1e-12)


@settings(deadline=None, max_examples=6)
@given(
    linear=st.floats(0.2, 3), square=st.floats(-2, 2), start=st.floats(-1, 1),
)  # fmt: skip
def test_folds_of_a_cubic_are_where_its_slope_is_zero(read, linear, square, start):
    # x' = p - q(x), q = x^3 + square x^2 - linear x: folds at q'(x) = 0, p = q(x).
    q = np.array([1, square, -linear, 0])
    turning = np.sort(np.roots(np.polyder(q)).real)
    at = np.polyval(q, turning)
    low, high = min(at.min(), start) - 1, max(at.max(), start) + 1
    rate = f"p-(x^3)-({square!r})*x^2+({linear!r})*x"
    model = read(f"p={start!r}\n flow={rate}\n x=INTEG(flow, 0.5)", stop=1)
    branch = follow(model, "p", (low, high))
    folds = sorted(branch.special, key=lambda one: one.values["x"])
    assert [one.kind for one in folds] == ["fold", "fold"]
    np.testing.assert_allclose([one.values["x"] for one in folds], turning, atol=1e-6)
    np.testing.assert_allclose([one.parameter for one in folds], at, atol=1e-9)


def test_stability_along_a_branch_is_that_of_the_equilibria_there(read):
    model = read(CUSP)
    branch = follow(model, "h", (-0.9, 0.9))
    for number in (3, len(branch) // 2, len(branch) - 3):
        found = equilibria(model, parameters={"h": float(branch.at[number])})
        x = branch.states[0, number]
        (here,) = [one for one in found if abs(one.values["x"] - x) < 1e-6]
        assert here.stability.verdict == branch.verdicts[number]
        np.testing.assert_allclose(here.stability.eigenvalues, branch.eigenvalues[number])


@pytest.mark.slow
def test_a_country_without_people_stays_one_while_few_are_born_in_the_origin_pool():
    # The origin pool alone: births at fertility f less deaths, linear in the pool, so one crossing.
    settings_of = {"at": 2100.0, "starts": 0}
    (empty,) = equilibria("migration_policy", **settings_of)
    name = "origin fertility in the long run"
    branch = follow("migration_policy", name, (1.85, 1.95), start=empty, at=2100, points=40)
    assert kinds(branch) == ["branch point"]
    (place,) = branch.special
    for shift in (-0.02, 0.02):
        near = {name: place.parameter + shift}
        without, *peopled = equilibria("migration_policy", parameters=near, **settings_of)
        assert without.values["natives"] == 0
        growth = max(one.real for one in without.stability.eigenvalues)
        assert np.sign(growth) == np.sign(shift)
        # beyond the crossing the other branch is the stable one
        assert [one.stability.verdict for one in peopled] == (["stable"] if shift > 0 else [])
    # 27 stocks and 5 stages of delays, less two conserved totals.
    assert branch.eigenvalues.shape[1] == 30


def test_the_dataset_and_the_rows_hold_the_same(read, tmp_path):
    branch = follow(read(FISHING), "catch", (0, 20))
    data = branch.to_dataset()
    assert data["value"].dims == ("stock", "point")
    (row,) = branch.rows()
    assert row["catch"] == float(data["special_parameter"][0])
    assert row["P"] == float(data["special_value"].sel(stock="P")[0])
    assert "fold at 7.5" in str(branch)
    data.to_netcdf(tmp_path / "branch.nc")


def test_nothing_to_follow_is_a_result(read):
    model = read("r=-1\n flow=r-x^2\n x=INTEG(flow, 1)")
    branch = follow(model, "r", (-2, -0.5))
    assert len(branch) == 0
    assert branch.statement.startswith("nothing to follow: there is no equilibrium")
    nowhere = follow(model, "r", (-2, -0.5), start={"x": 3})
    assert "give another start" in nowhere.statement
    assert nowhere.to_dataset().sizes["point"] == 0


def test_a_line_of_equilibria_has_no_branch(sir):
    with pytest.raises(LoopError, match=r"singular all along a line.*along '[SR]', '[SR]'"):
        follow(sir, "contact", (0.1, 1))


@pytest.mark.parametrize(
    ("parameter", "between", "message"),
    [
        ("cath", (0, 1), "no parameter named 'cath'; did you mean 'catch'"),
        ("flow", (0, 1), "'flow' is a flow, not a constant"),
        ("FINAL TIME", (0, 1), "no rate of model depends on 'FINAL TIME'"),
        ("catch", (2, 1), "the range of 'catch' is empty: 2 is not below 1"),
        ("catch", (1, 1), "is empty"),
        ("catch", 3, "must be two finite numbers"),
        ("catch", (0, np.inf), "must be two finite numbers"),
    ],
)
def test_what_cannot_be_followed_is_named(read, parameter, between, message):
    with pytest.raises(LoopscopeError, match=message):
        follow(read(FISHING), parameter, between)


def test_equations_that_jump_are_refused_by_name(read):
    model = read("p=1\n grow=IF THEN ELSE(x>p, 2, 1)\n x=INTEG(grow-x, 0)")
    with pytest.raises(LoopError, match=r"equations jump at 'p' -> 'grow', 'x' -> 'grow'"):
        follow(model, "p", (0, 3))
    aside = read("p=1\n q=1\n grow=IF THEN ELSE(q>0, p, 1)\n x=INTEG(grow-x, 0)")
    np.testing.assert_allclose(follow(aside, "p", (0, 3)).states[0][-1], 3)
