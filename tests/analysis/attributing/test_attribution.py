"""Attributions against closed forms, and the axioms that define them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import analysis, models
from loopscope.analysis.attributing.integrating import GAUSS, KRONROD, POINTS
from loopscope.models.errors import RunError, StudyError, UnknownNameError

NUMBER = st.floats(-5, 5).map(lambda x: round(x, 3)).filter(lambda x: abs(x) > 0.01)
AB = {"a": {"a": 0.0}, "b": {"b": 0.0}}
ABC = {**AB, "c": {"c": 0.0}}


def at_end(found, name="value", of="out"):
    return found[name].sel(outcome=of).isel(time=-1).values


def completeness(found):
    whole = found.with_all - found.with_none
    return abs(whole - found.value.sum("mechanism") - found.left_over).max().item()


# ---- the rules ----------------------------------------------------------------------------------


def test_the_rule_of_15_points_is_exact_to_degree_22_and_that_of_7_to_degree_13():
    for degree in range(23):
        np.testing.assert_allclose(KRONROD @ POINTS**degree, 1 / (degree + 1), rtol=1e-13)
    for degree in range(14):
        np.testing.assert_allclose(GAUSS @ POINTS**degree, 1 / (degree + 1), rtol=1e-13)
    assert abs(GAUSS @ POINTS**14 - 1 / 15) > 1e-9


# ---- closed forms -------------------------------------------------------------------------------


def test_what_only_adds_up_gets_what_it_adds_by_both_values(load):
    # x grows by a^2 + 3 b - c a time unit, so at time 4 by 4 a^2, 12 b and -4 c.
    model = load("x=INTEG(a^2+3*b-c, 10)~~|\nout=x~~|\na=2~~|\nb=0.5~~|\nc=1~~|")
    found = analysis.attribute(model, "out", loops=ABC, check=True)
    expected = [16, 6, -4]
    np.testing.assert_allclose(at_end(found), expected, rtol=1e-12)
    np.testing.assert_allclose(at_end(found, "shapley"), expected, rtol=1e-12)
    np.testing.assert_allclose(at_end(found, "knock_out"), expected, rtol=1e-12)
    assert at_end(found, "with_none") == 10
    assert at_end(found, "with_all") == 28
    assert found.attrs["check"] == "exact"


def test_a_product_is_shared_equally_by_both_values(load):
    # A unanimity game: nothing without all three, so a third each; each knock-out takes it all.
    model = load("out=1+a*b*c~~|\nx=INTEG(out,0)~~|\na=2~~|\nb=3~~|\nc=4~~|")
    found = analysis.attribute(model, "out", loops=ABC, check=True)
    np.testing.assert_allclose(at_end(found), [8, 8, 8], rtol=1e-12)
    np.testing.assert_allclose(at_end(found, "shapley"), [8, 8, 8], rtol=1e-12)
    np.testing.assert_allclose(at_end(found, "knock_out"), [24, 24, 24], rtol=1e-12)


@settings(max_examples=8, deadline=None)
@given(powers=st.tuples(st.integers(1, 4), st.integers(1, 4)), a=NUMBER, b=NUMBER)
def test_powers_share_as_their_exponents_on_the_path_and_equally_by_shapley(load, powers, a, b):
    # Along the diagonal a^p b^q is l^(p+q) of its end, and a's part of the derivative p/(p+q).
    p, q = powers
    model = load(f"out=a^{p}*b^{q}~~|\nx=INTEG(out,0)~~|\na={a}~~|\nb={b}~~|")
    found = analysis.attribute(model, "out", loops=AB, check=True)
    whole = a**p * b**q
    expected = [whole * p / (p + q), whole * q / (p + q)]
    np.testing.assert_allclose(at_end(found), expected, rtol=1e-10)
    np.testing.assert_allclose(at_end(found, "shapley"), [whole / 2, whole / 2], rtol=1e-10)


def test_decay_and_inflow_follow_the_integral_of_their_solution(load):
    # By Euler x[n] = c (1 - (1 - k h)^n)/k; dx/dc and dx/dk at l c and l k, integrated over l,
    # which scipy does here from the closed form.
    from scipy.integrate import quad

    model = load("x=INTEG(b-a*x, 0)~~|\na=0.7~~|\nb=3~~|\nout=x~~|")
    found = analysis.attribute(model, "out", loops=AB, tolerance=1e-9)

    def x(k, c):
        return c * (1 - (1 - 0.25 * k) ** 16) / k if k else 4 * c

    def by_k(k, c):
        z = 1 - 0.25 * k
        return c * (16 * 0.25 * z**15 / k - (1 - z**16) / k**2)

    from_a = quad(lambda s: 0.7 * by_k(0.7 * s, 3 * s), 1e-9, 1, epsabs=1e-12)[0]
    from_b = quad(lambda s: 3 * x(0.7 * s, 1.0), 0, 1, epsabs=1e-12)[0]
    np.testing.assert_allclose(at_end(found), [from_a, from_b], rtol=1e-7)
    np.testing.assert_allclose(at_end(found, "with_all"), x(0.7, 3.0), rtol=1e-12)


def test_start_values_are_dialled_too(load):
    model = load("x=INTEG(a, 5*b)~~|\na=2~~|\nb=3~~|\nout=x~~|")
    found = analysis.attribute(model, "out", loops=AB)
    np.testing.assert_allclose(found["value"].sel(outcome="out", mechanism="b"), 15, rtol=1e-12)
    np.testing.assert_allclose(at_end(found), [8, 15], rtol=1e-12)


def test_a_bend_is_found_by_halving_intervals(load):
    # min(a, 0.3) is a until l = 0.1, then 0.3; min(b, 2 a) with b = 1, a = 3 is always b.
    model = load("out=MIN(a,0.3)+MIN(b,2*a)~~|\nx=INTEG(out,0)~~|\na=3~~|\nb=1~~|")
    found = analysis.attribute(model, "out", loops=AB, tolerance=1e-6)
    np.testing.assert_allclose(at_end(found), [0.3, 1.0], atol=2e-6)
    assert found.nodes > 100
    assert found.left_share.item() <= 1e-6


def test_a_start_infinitely_steep_converges(load):
    # sqrt(a) has an infinite slope where a is cut, and an integrable one.
    model = load("out=SQRT(a)+b~~|\nx=INTEG(out,0)~~|\na=4~~|\nb=1~~|")
    found = analysis.attribute(model, "out", loops=AB, tolerance=1e-5)
    np.testing.assert_allclose(at_end(found), [2.0, 1.0], atol=3e-5)


def test_a_cut_far_away_is_reached(load):
    # With a cut at 1e9, 1/(1 + 1000/a) changes only near full strength.
    model = load("out=b/(1+1000/a)~~|\nx=INTEG(out,0)~~|\na=2000~~|\nb=3~~|")
    cuts = {"a": {"a": 1e9}, "b": {"b": 0}}
    found = analysis.attribute(model, "out", loops=cuts)
    assert at_end(found, "with_all").item() == pytest.approx(2.0, rel=1e-7)
    assert found.left_share.item() <= 1e-4
    assert at_end(found)[0] == pytest.approx(-1.0, abs=1e-3)


def test_a_jump_is_left_over_and_not_spread(load):
    # No derivative sees the jump at a = 0.5; b is as if it were alone.
    model = load("out=IF THEN ELSE(a>0.5,7,0)+b~~|\nx=INTEG(out,0)~~|\na=1~~|\nb=2~~|")
    found = analysis.attribute(model, "out", loops=AB, nodes=300)
    np.testing.assert_allclose(at_end(found), [0.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(at_end(found, "left_over"), 7.0, rtol=1e-12)
    assert found.left_share.item() == pytest.approx(7 / 9)
    assert found.nodes.item() <= 300


def test_a_constant_on_a_time_path_is_scaled_at_each_time(load):
    # x gains a 1 until time 2, then 3 a time unit; the cut is at -1.
    model = load("x=INTEG(a+b,0)~~|\na=1~~|\nb=2~~|\nout=x~~|")
    path = {"a": {"value": 3, "from": 2}}
    cuts = {"a": {"a": -1}, "b": {"b": 0}}
    found = analysis.attribute(model, "out", loops=cuts, parameters=path)
    np.testing.assert_allclose(found["value"][0, 0], [0, 2, 4, 8, 12], atol=1e-12)
    np.testing.assert_allclose(found["with_none"][0], [0, -1, -2, -3, -4], atol=1e-12)
    plain = models.simulate(model, parameters=path)["out"]
    np.testing.assert_allclose(found["with_all"][0], plain, rtol=1e-12)


SIR = """
s=INTEG(-infections, 990)~~|
i=INTEG(infections-i/d, 10)~~|
infections=s*i*c/1000~~|
c=2~~|
d=1.5~~|
"""


def test_values_are_those_of_plain_runs_and_differences_on_another_rule(load):
    # Gauss-Legendre with 24 points, derivatives by central differences of ordinary runs: neither
    # strengths nor tangents nor the rule of 15 points take part.
    model = load(SIR)
    cuts = {"c": {"c": 0.5}, "d": {"d": 4.0}}
    points, weights = np.polynomial.legendre.leggauss(24)
    along = np.tile((1 + points) / 2, 4)
    size = 1e-4
    shift = {name: np.zeros(96) for name in "cd"}
    shift["c"][:24], shift["c"][24:48] = size, -size
    shift["d"][48:72], shift["d"][72:] = size, -size
    values = {
        "c": 0.5 + (along + shift["c"]) * (2 - 0.5),
        "d": 4.0 + (along + shift["d"]) * (1.5 - 4.0),
    }
    runs = models.simulate(model, parameters=values)["i"].values.reshape(4, 24, -1)
    slopes = (runs[::2] - runs[1::2]) / (2 * size)
    expected = np.einsum("p,mpt->mt", weights / 2, slopes)
    found = analysis.attribute(model, "i", loops=cuts, tolerance=1e-8)
    np.testing.assert_allclose(found.value[0], expected, atol=1e-5 * np.abs(expected).max())
    assert np.abs(expected).max() > 10


def test_ends_of_the_path_are_ordinary_runs_whatever_remembers(load):
    model = load(
        "x=INTEG(a-y/b, INITIAL(a)*2)~~|\ny=SMOOTH3I(x*c, b, a)~~|\n"
        "z=DELAY FIXED(a*x, 1, b)~~|\nw=SAMPLE IF TRUE(x>2, x*a, b)~~|\n"
        "v=ACTIVE INITIAL(x*c, a)~~|\nl=WITH LOOKUP(a*x, ((0,0),(2,c0),(9,1)))~~|\n"
        "a=1.7~~|\nb=2~~|\nc=0.4~~|".replace("c0", "3")
    )
    cuts = {"a": {"a": 0.3}, "b": {"b": 5.0}, "c": {"c": 0.0}}
    of = ["x", "y", "z", "w", "v", "l"]
    found = analysis.attribute(model, of, loops=cuts, nodes=15)
    every = models.simulate(model)
    none = models.simulate(model, parameters={"a": 0.3, "b": 5.0, "c": 0.0})
    for name in of:
        of_it = found.sel(outcome=name)
        np.testing.assert_allclose(of_it.with_all, every[name], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(of_it.with_none, none[name], rtol=1e-12, atol=1e-14)


# ---- axioms -------------------------------------------------------------------------------------

GAME = """
x=INTEG(a*x*(1-x/10)-b*x+c*y, 1+c)~~|
y=INTEG(b*x-c*y-d*0, 2)~~|
out=x+MAX(y-1,a)~~|
both={two}*x+{three}*y~~|
a={a}~~|
b={b}~~|
c={c}~~|
d=1~~|
"""
SMALL = st.floats(0.05, 0.8).map(lambda x: round(x, 3))


@settings(max_examples=8, deadline=None)
@given(a=SMALL, b=SMALL, c=SMALL)
def test_values_add_up_dummies_get_nothing_and_values_are_linear(load, a, b, c):
    model = load(GAME.format(a=a, b=b, c=c, two=2, three=-3))
    cuts = {**ABC, "d": {"d": 0.0}}
    found = analysis.attribute(model, ["out", "x", "y", "both"], loops=cuts, check=True)
    size = np.abs(found.with_all).max().item() + 1
    assert completeness(found) < 1e-12 * size
    assert (found["left_share"] <= 1e-4).all()
    shapley = found.shapley.sum("mechanism") - found.with_all + found.with_none
    assert np.abs(shapley).max() < 1e-12 * size
    for name in ("value", "shapley", "knock_out"):
        assert (found[name].sel(mechanism="d") == 0).all()
    assert found.idle.values.tolist() == [False, False, False, True]
    for name in ("value", "shapley"):
        joined = 2 * found[name].sel(outcome="x") - 3 * found[name].sel(outcome="y")
        close = found[name].sel(outcome="both") - joined
        assert np.abs(close).max() < 3e-4 * size


@settings(max_examples=6, deadline=None)
@given(a=SMALL, p=st.integers(1, 3))
def test_mechanisms_that_act_alike_get_alike(load, a, p):
    text = f"x=INTEG((1+a)^{p}*(1+b)^{p}-x*a*b, 1)~~|\na={a}~~|\nb={a}~~|\nout=x~~|"
    found = analysis.attribute(load(text), "out", loops=AB, check=True)
    for name in ("value", "shapley", "knock_out"):
        first, second = at_end(found, name)
        assert first == pytest.approx(second, rel=1e-9)


def test_sampled_shapley_values_hold_the_exact_ones_within_their_errors(load):
    from loopscope.analysis.attributing import attribution, shapley

    model = load(GAME.format(a=0.6, b=0.3, c=0.4, two=1, three=1))
    cuts = {**ABC, "d": {"d": 0.0}}
    exact = analysis.attribute(model, "out", loops=cuts, check=True)
    limit = pytest.MonkeyPatch()
    with limit.context() as patch:
        patch.setattr(attribution, "MOST_EXACT", 2)
        drawn = analysis.attribute(model, "out", loops=cuts, check=True, orders=40, seed=3)
        again = analysis.attribute(model, "out", loops=cuts, check=True, orders=40, seed=3)
        patch.setattr(shapley, "BATCH", 20_000)
        parts = analysis.attribute(model, "out", loops=cuts, check=True, orders=40, seed=3)
    assert drawn.identical(again)
    np.testing.assert_allclose(parts.shapley_error, drawn.shapley_error, rtol=1e-9, atol=1e-15)
    away = np.abs(drawn.shapley - exact.shapley) - 5 * drawn.shapley_error
    assert (away < 1e-9).all()
    assert drawn.shapley_error.max() > 0
    whole = drawn.shapley.sum("mechanism") - drawn.with_all + drawn.with_none
    assert np.abs(whole).max() < 1e-12


# ---- mechanisms ---------------------------------------------------------------------------------

LOOPS = """
[[loop]]
id = "R1"
name = "births"
path = ["x", "births"]
polarity = "R"
[loop.switch]
a = 0
[[loop]]
id = "B1"
name = "deaths"
path = ["x", "deaths"]
polarity = "B"
[loop.switch]
b = 0
c = 0
[[loop]]
id = "B2"
name = "crowding"
path = ["x", "room", "births"]
polarity = "B"
[loop.switch]
c = 0
[[loop]]
id = "B3"
name = "no switch here"
path = ["x", "leaving"]
polarity = "B"
"""
GROWTH = """
x=INTEG(births-deaths-leaving, 1)~~|
births=a*x*room~~|
deaths=b*x~~|
leaving=0.01*x~~|
room=1/(1+c*x)~~|
a=0.5~~|
b=0.1~~|
c=0.2~~|
"""


def test_loops_that_share_a_constant_are_one_mechanism_and_the_others_are_listed(load):
    model = load(GROWTH, LOOPS)
    found = analysis.attribute(model, ["x"])
    assert found.mechanism.values.tolist() == ["R1", "B1, B2"]
    assert found.mechanism_name.values.tolist() == ["births", "deaths; crowding"]
    assert found.switch.values.tolist() == ["'a' = 0", "'b' = 0, 'c' = 0"]
    assert json.loads(found.attrs["not_switched"]) == [["B3", "no switch here"]]
    one = analysis.attribute(model, ["x"], loops=["crowding"])
    assert one.mechanism.values.tolist() == ["B1, B2"]
    whole = one.with_all - one.with_none
    np.testing.assert_allclose(one.value[:, 0], whole, atol=1e-4 * np.abs(whole).max())


def test_what_is_not_asked_for_stays_at_full_strength(load):
    model = load(GROWTH, LOOPS)
    found = analysis.attribute(model, ["x"], loops=["R1"])
    plain = models.simulate(model, parameters={"a": 0})["x"]
    np.testing.assert_allclose(found.with_none[0], plain, rtol=1e-12)


@pytest.mark.parametrize(
    ("loops", "message"),
    [
        (["B3"], r"loop 'B3' has no switch"),
        (["R9"], r"no loop 'R9' with a switch; there are: R1, B1, B2"),
        (["birth"], r"did you mean 'births'"),
        ([], r"loops is empty"),
        ({"m": {"x": 0}}, r"'x' is a stock, no constant"),
        ({"m": {"a": "0"}}, r"'a' of 'm' must be a number, got '0'"),
        ({"m": {}}, r"'m' must give constants their values"),
        ({"m": {"TIME STEP": 0}}, r"'TIME STEP' cannot switch 'm'"),
        ({"m": {"a": 0}, "n": {"a": 1}}, r"loops 'm' and 'n' cut 'a' at 0 and 1"),
    ],
)
def test_switches_that_cannot_be_are_refused(load, loops, message):
    with pytest.raises(StudyError, match=message):
        analysis.attribute(load(GROWTH, LOOPS), ["x"], loops=loops)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"of": "a"}, r"'a' is a parameter: nothing acts on it"),
        ({"of": []}, r"of must name one outcome"),
        ({"tolerance": 0}, r"tolerance must be a number from 1e-12 to 1, got 0"),
        ({"nodes": 3}, r"nodes must be a whole number from 15 on, got 3"),
        ({"orders": 1}, r"orders must be a whole number from 2 on"),
        ({"runs": 3}, r"runs are those of an ensemble"),
        ({"quantiles": [2]}, r"quantiles must be a number from 0 to 1, got 2"),
    ],
)
def test_other_mistakes_are_told(load, changed, message):
    with pytest.raises(StudyError, match=message):
        analysis.attribute(load(GROWTH, LOOPS), **{"of": "x", **changed})


def test_names_and_models_that_cannot_be(load):
    model = load(GROWTH)
    with pytest.raises(StudyError, match=r"no loops.toml; name loops there"):
        analysis.attribute(model, "x")
    with pytest.raises(UnknownNameError, match="no outcome named 'birth'; did you mean 'births'"):
        analysis.attribute(model, "birth", loops={"a": {"a": 0}})
    with pytest.raises(RunError, match="Radau"):
        analysis.attribute(model, "x", loops={"a": {"a": 0}}, method="Radau")
    noisy = load("x=INTEG(a*RANDOM UNIFORM(0,1,1),0)~~|\na=1~~|")
    with pytest.raises(StudyError, match="draws random numbers"):
        analysis.attribute(noisy, "x", loops={"a": {"a": 0}})


# ---- ensembles and failures ---------------------------------------------------------------------


def test_runs_of_an_ensemble_are_what_they_are_alone(load):
    model = load(GROWTH, LOOPS)
    values = {"a": [0.2, 0.5, 0.9], "b": [0.1, 0.0, 0.3]}
    found = analysis.attribute(model, ["x", "births"], parameters=values, check=True)
    assert found.value.dims == ("outcome", "run", "mechanism", "time")
    for run in range(3):
        single = {name: column[run] for name, column in values.items()}
        alone = analysis.attribute(model, ["x", "births"], parameters=single, check=True)
        for name in ("value", "shapley", "knock_out", "with_none", "with_all"):
            np.testing.assert_allclose(found[name][:, run], alone[name], rtol=1e-11, atol=1e-13)
    median = found.value_quantiles.sel(quantile=0.5)
    np.testing.assert_allclose(median, found.value.median("run"), rtol=1e-12)


def test_a_sweep_gives_the_runs(load):
    import xarray as xr

    model = load(GROWTH, LOOPS)
    inputs = np.array([[0.2, 0.1], [0.5, 0.0], [0.9, 0.3]])
    swept = xr.Dataset({"inputs": (("run", "parameter"), inputs)}, {"parameter": ["A", "b"]})
    found = analysis.attribute(model, "x", ensemble=swept)
    same = analysis.attribute(model, "x", parameters={"a": inputs[:, 0], "b": inputs[:, 1]})
    np.testing.assert_array_equal(found.value, same.value)
    assert analysis.attribute(model, "x", ensemble=swept, runs=2).sizes["run"] == 2
    with pytest.raises(StudyError, match="1 to the 3 of the ensemble; got 4"):
        analysis.attribute(model, "x", ensemble=swept, runs=4)
    with pytest.raises(StudyError, match="no inputs"):
        analysis.attribute(model, "x", ensemble=swept.drop_vars("inputs"))


STUDY = {
    "series": ["x"],
    "runs": 6,
    "saveper": 2.0,
    "initial": {"x": 2.0},
    "parameters": {"a": {"kind": "uniform", "low": 0.2, "high": 0.6}},
    "design": {"kind": "latin hypercube"},
}


def test_a_study_gives_its_runs_and_what_else_it_sets(load):
    from loopscope.analysis.study.settling import settle

    model = load(GROWTH, LOOPS)
    rows = settle(model, STUDY).rows()
    same = {"parameters": {"a": rows[:, 0]}, "initial": {"x": 2.0}}
    found = analysis.attribute(model, "x", ensemble=STUDY)
    by_hand = analysis.attribute(model, "x", saveper=2.0, **same)
    np.testing.assert_array_equal(found.value, by_hand.value)
    assert found.time.values.tolist() == [0, 2, 4]
    finer = analysis.attribute(model, "x", ensemble=STUDY, saveper=1.0, runs=2)
    np.testing.assert_array_equal(finer.value[..., ::2], found.value[:, :2])
    held = analysis.attribute(model, "x", ensemble=STUDY, parameters={"a": 0.4})
    assert "run" not in held.sizes


def test_a_sweep_of_a_study_gives_both_as_well(load):
    swept = analysis.sweep(load(GROWTH, LOOPS), STUDY)
    model = load(GROWTH, LOOPS)
    found = analysis.attribute(model, "x", ensemble=swept)
    study = analysis.attribute(model, "x", ensemble=STUDY)
    np.testing.assert_array_equal(found.value, study.value)
    np.testing.assert_allclose(found.with_all[0], swept["x"], rtol=1e-12)


def test_a_run_that_fails_on_the_path_is_told_and_the_others_go_on(load):
    # 1/(1 - a l) is infinite at l = 1 only where a is 1.
    model = load("x=INTEG(b/(1-a),0)~~|\na=0.5~~|\nb=1~~|")
    found = analysis.attribute(model, "x", loops=AB, parameters={"a": [0.5, 1.0]})
    assert found.status.values[0] == "ok"
    assert found.status.values[1].startswith("at strength 1: ")
    assert np.isfinite(found.value.sel(run=0)).all()
    assert np.isnan(at_end(found, "value", of="x")[1]).all()
    middle = found.value_quantiles.sel(quantile=0.5)
    np.testing.assert_array_equal(middle.isel(time=-1), found.value.sel(run=0).isel(time=-1))


def test_progress_counts_the_split_and_the_check(load):
    seen = []
    model = load(GROWTH, LOOPS)
    analysis.attribute(
        model, "x", parameters={"a": [0.1, 0.2]}, check=True,
        progress=lambda done, every: seen.append((done, every)),
    )  # fmt: skip
    assert seen[-1] == (4, 4)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert math.isfinite(seen[0][0])
