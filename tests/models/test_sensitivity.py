"""Exact sensitivities, against closed forms of the stepped equations and against differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import models
from loopscope.models.errors import RunError, UnknownNameError

STEP = 0.25


def differences(model, of, name, value, size, **request):
    """Fourth-order central differences of outputs by a constant or a start value."""
    what = "initial" if model.find(name) in model.stocks else "parameters"

    def at(shift):
        given = {**request.get(what, {}), name: value + shift * size}
        run = models.simulate(model, **{**request, what: given, "outputs": of})
        return np.array([run[one].values for one in of])

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * size)


def slopes(found, of):
    return np.moveaxis(np.array([found[f"d({one})"].values for one in of]), -1, 0)


def assert_agree(exact, approximate, values, tolerance):
    scale = np.max(np.abs(exact), axis=-1, keepdims=True) + 1e-3 * np.max(np.abs(values))
    assert np.max(np.abs(exact - approximate) / scale) < tolerance


# ---- closed forms -----------------------------------------------------------------------------


def test_decay_by_euler_has_the_derivatives_of_its_discrete_solution(load):
    # x[n] = x0 (1 - k h)^n, so dx/dk = -n h x0 (1 - k h)^(n-1) and dx/dx0 = (1 - k h)^n.
    model = load("x=INTEG(-k*x, x0)~~|\nk=0.3~~|\nx0=7~~|")
    found = models.sensitivities(model, of=["x"], by=["k", "x0", "x"])
    n = found["time"].values / STEP
    left = 1 - 0.3 * STEP
    expected = [-n * STEP * 7 * left ** (n - 1), left**n, left**n]
    np.testing.assert_allclose(found["d(x)"].values.T, expected, rtol=1e-12)
    np.testing.assert_allclose(found["x"].values, 7 * left**n, rtol=1e-12)


def test_decay_by_runge_kutta_has_the_derivatives_of_its_discrete_solution(load):
    # x[n] = x0 R(k h)^n with R(z) = 1 - z + z^2/2 - z^3/6 + z^4/24.
    model = load("x=INTEG(-k*x, x0)~~|\nk=0.3~~|\nx0=7~~|")
    found = models.sensitivities(model, of=["x"], by=["k", "x0"], method="RK4")
    n, z = found["time"].values / STEP, 0.3 * STEP
    grows = np.polyval([1 / 24, -1 / 6, 1 / 2, -1, 1], z)
    slope = np.polyval([1 / 6, -1 / 2, 1, -1], z)
    expected = [7 * n * grows ** (n - 1) * slope * STEP, grows**n]
    np.testing.assert_allclose(found["d(x)"].values.T, expected, rtol=1e-12)


def test_logistic_growth_has_the_derivatives_of_its_solution(load):
    # x = K / (1 + (K/x0 - 1) e^(-r t)): dx/dr = t x (1 - x/K).  RK4 with h = 1/32 errs by less
    # than h^4 = 1e-6.
    model = load("x=INTEG(r*x*(1-x/K), 1)~~|\nr=0.8~~|\nK=20~~|")
    found = models.sensitivities(model, of=["x"], by=["r", "K"], method="RK4", dt=1 / 32)
    t, x = found["time"].values, found["x"].values
    fade = np.exp(-0.8 * t)
    by_size = (1 + (20 - 1) * fade - 20 * fade) / (1 + (20 - 1) * fade) ** 2
    np.testing.assert_allclose(found["d(x)"].values[:, 0], t * x * (1 - x / 20), atol=1e-5)
    np.testing.assert_allclose(found["d(x)"].values[:, 1], by_size, atol=1e-6)


def test_an_output_that_is_a_parameter_has_slope_one_by_itself_and_none_by_another(load):
    model = load("x=INTEG(-k*x, 1)~~|\nk=0.3~~|\nother=2~~|")
    found = models.sensitivities(model, of=["k", "x"], by=["k", "other"])
    np.testing.assert_array_equal(found["d(k)"].values, np.tile([1.0, 0.0], (11, 1)))
    assert (found["d(x)"].values[:, 1] == 0.0).all()


# ---- start values -----------------------------------------------------------------------------


def test_start_values_follow_their_equations_and_what_is_fixed_at_the_start(load):
    # x0 = a^2 + y0 with y0 = 3 a, level = INITIAL(x + y): d level/da = 2 a + 6.
    model = load(
        "x=INTEG(0*x, a^2+y)~~|\ny=INTEG(0*y, 3*a)~~|\na=2~~|\n"
        "level=INITIAL(x+y)~~|\nz=INTEG(level, 0)~~|"
    )
    found = models.sensitivities(model, of=["x", "y", "z"], by=["a", "y"])
    np.testing.assert_allclose(found["d(x)"].values[0], [2 * 2 + 3, 1.0])
    np.testing.assert_allclose(found["d(y)"].values[0], [3.0, 1.0])
    time = found["time"].values
    np.testing.assert_allclose(found["d(z)"].values[:, 0], time * (2 * 2 + 6), rtol=1e-12)
    np.testing.assert_allclose(found["d(z)"].values[:, 1], time * 2, rtol=1e-12)


def test_a_start_value_that_is_given_no_longer_moves_with_its_equation(load):
    model = load("x=INTEG(-0.1*x, 5*a)~~|\na=2~~|")
    found = models.sensitivities(model, of=["x"], by=["a", "x"], initial={"x": 3.0})
    assert (found["d(x)"].values[:, 0] == 0.0).all()
    assert found["d(x)"].values[0, 1] == 1.0


def test_active_initial_takes_its_other_equation_at_the_start_only(load):
    model = load("x=INTEG(0*x, s)~~|\ns=ACTIVE INITIAL(x+a, 3*a)~~|\na=2~~|")
    found = models.sensitivities(model, of=["x", "s"], by=["a"])
    np.testing.assert_allclose(found["d(x)"].values[:, 0], 3.0)
    np.testing.assert_allclose(found["d(s)"].values[:, 0], 4.0)


# ---- functions with a memory ------------------------------------------------------------------


def test_a_smooth_of_a_constant_moves_with_it_at_once(load):
    model = load("s=SMOOTH3(INITIAL(2*a)+b, 3)~~|\na=2~~|\nb=1~~|\nx=INTEG(s, 0)~~|")
    found = models.sensitivities(model, of=["s"], by=["a", "b"])
    np.testing.assert_allclose(found["d(s)"].values, np.tile([2.0, 1.0], (11, 1)), rtol=1e-12)


@pytest.mark.parametrize(
    "equation",
    ["SMOOTH3(u, T)", "SMOOTHI(u, T, a)", "DELAY1(u, T)", "DELAY3I(u, T, 2*a)",
     "SMOOTH3(u, T)*INITIAL(u*a)", "TREND(u, T, 0.1)", "FORECAST(u, T, 2)"],
)  # fmt: skip
def test_delays_written_out_agree_with_differences(load, equation):
    model = load(
        f"u=a*(1.5+SIN(Time*0.4))~~|\ns={equation}~~|\nx=INTEG(s-0.2*x, a)~~|\na=2~~|\nT=3~~|"
    )
    of = ["s", "x"]
    found = models.sensitivities(model, of=of, by=["a", "T"])
    for exact, (name, value) in zip(slopes(found, of), (("a", 2.0), ("T", 3.0)), strict=True):
        run = differences(model, of, name, value, 1e-3)
        assert_agree(exact, run, np.array([found[one].values for one in of]), 1e-8)


def test_a_pipeline_and_a_sample_carry_the_change_of_what_went_in(load):
    # DELAY FIXED passes on the input of 2 years ago; SAMPLE IF TRUE keeps that of year 5.
    model = load(
        "d=DELAY FIXED(a*Time, 2, 7*a)~~|\nk=SAMPLE IF TRUE(Time<=5, a*Time, 0)~~|\n"
        "x=INTEG(d+k, 0)~~|\na=2~~|"
    )
    found = models.sensitivities(model, of=["d", "k"], by=["a"])
    time = found["time"].values
    np.testing.assert_allclose(found["d(d)"].values[:, 0], np.where(time < 2, 7, time - 2))
    np.testing.assert_allclose(found["d(k)"].values[:, 0], np.minimum(time, 5))


# ---- where functions bend and jump ------------------------------------------------------------


def test_the_side_in_force_counts_and_the_other_is_not_looked_at(load):
    # LN(x) and SQRT(x) have no slope at 0, which must not matter where they are not in force.
    model = load(
        "low=MIN(a*2, b)~~|\nhigh=MAX(a*2, b)~~|\nnone=IF THEN ELSE(z>0, LN(z), 5*a)~~|\n"
        "safe=ZIDZ(a, z)~~|\nroot=SQRT(z)~~|\nz=INTEG(0*a*b, 0)~~|\na=2~~|\nb=3~~|"
    )
    found = models.sensitivities(model, of=["low", "high", "none", "safe", "root"], by=["a", "b"])
    ends = {name: found[f"d({name})"].values[-1].tolist() for name in ("low", "high", "none")}
    assert ends == {"low": [0.0, 1.0], "high": [2.0, 0.0], "none": [5.0, 0.0]}
    assert found["d(safe)"].values[-1].tolist() == [0.0, 0.0]
    assert found["d(root)"].values[-1].tolist() == [0.0, 0.0]


def test_a_power_moves_with_base_and_exponent(load):
    # y = a^b at a = 2, b = 1.5: dy/da = b a^(b-1), dy/db = a^b ln a.
    model = load("y=a^b~~|\nx=INTEG(y, 0)~~|\na=2~~|\nb=1.5~~|")
    found = models.sensitivities(model, of=["y"], by=["a", "b"])
    expected = [1.5 * 2**0.5, 2**1.5 * np.log(2)]
    np.testing.assert_allclose(found["d(y)"].values[-1], expected, rtol=1e-14)


def test_a_lookup_has_the_slope_of_its_segment(load):
    model = load("t((0,0),(1,2),(2,10))~~|\ny=t(a*Time/10)~~|\nx=INTEG(y, 0)~~|\na=1.6~~|")
    found = models.sensitivities(model, of=["y"], by=["a"])
    share = found["time"].values / 10
    expected = np.where(1.6 * share < 1, 2, 8) * share
    np.testing.assert_allclose(found["d(y)"].values[:, 0], expected, rtol=1e-12)


def test_a_stock_held_at_zero_no_longer_remembers_its_start(load_xmile):
    # x falls by 1 a year from 2: with its floor it is 0, and does not move, from year 2 on.
    model = load_xmile(
        '<stock name="x"><eqn>start</eqn><outflow>out</outflow><non_negative/></stock>'
        '<flow name="out"><eqn>1</eqn></flow><aux name="start"><eqn>2</eqn></aux>'
    )
    found = models.sensitivities(model, of=["x"], by=["start"], saveper=0.25)
    before = found["time"].values <= 2
    np.testing.assert_array_equal(found["d(x)"].values[:, 0], before.astype(float))
    with pytest.raises(RunError, match="method='Euler'"):
        models.sensitivities(model, of=["x"], by=["start"], method="RK4")


# ---- many models, many runs -------------------------------------------------------------------

atoms = st.sampled_from(["x", "y", "a", "b", "c"])


def combined(inner):
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda p: f"({p[0]}+{p[1]})"),
        two.map(lambda p: f"({p[0]}*{p[1]})"),
        two.map(lambda p: f"({p[0]}/(2+{p[1]}^2))"),
        two.map(lambda p: f"EXP(SIN({p[0]}-{p[1]}))"),
        two.map(lambda p: f"SMOOTH3({p[0]}, 1+{p[1]}^2)"),
        two.map(lambda p: f"SMOOTHI(SIN({p[0]}), 2, {p[1]})"),
        two.map(lambda p: f"({p[0]}*INITIAL(COS({p[1]})))"),
        two.map(lambda p: f"LN(2+ABS({p[0]})^{{e}})+{p[1]}".replace("{e}", "3")),
    )


expressions = st.recursive(atoms, combined, max_leaves=5)


@settings(deadline=None, max_examples=10, derandomize=True)
@given(expressions, expressions, expressions)
def test_random_models_agree_with_central_differences(load, first, second, third):
    model = load(
        f"x=INTEG(SIN({first})-0.3*x, a+b)~~|\ny=INTEG(COS({second}+w)-0.2*y, x*c)~~|\n"
        f"w=SIN({third})~~|\na=0.7~~|\nb=1.3~~|\nc=0.4~~|"
    )
    of = ["x", "y", "w"]
    found = models.sensitivities(model, of=of, by=["a", "b", "c"])
    values = np.array([found[one].values for one in of])
    chosen = (("a", 0.7), ("b", 1.3), ("c", 0.4))
    for exact, (name, value) in zip(slopes(found, of), chosen, strict=True):
        assert_agree(exact, differences(model, of, name, value, 1e-3), values, 1e-6)


def test_the_migration_model_agrees_with_central_differences():
    model = models.load("migration_policy")
    of = ["irregular migrants", "legal migrants", "policy stringency", "apprehensions"]
    by = {
        "base propensity to move": 0.002, "irregular return rate": 0.22, "network strength": 2.0,
        "effect of enforcement on irregular return": 0.8, "policy adjustment time": 4.0,
        "problem perception time": 3.0, "initial irregular migrants": 230000.0,
        "response to irregular migration": 1.2,
    }  # fmt: skip
    request = {"scenario": "tightening", "stop": 2060}
    found = models.sensitivities(model, of=of, by=list(by), **request)
    values = np.array([found[one].values for one in of])
    for exact, (name, value) in zip(slopes(found, of), by.items(), strict=True):
        approximate = differences(model, of, name, value, 1e-3 * value, **request)
        scale = np.max(np.abs(exact), axis=-1, keepdims=True)
        assert np.max(np.abs(exact - approximate) / scale) < 1e-6, name
    assert np.isfinite(values).all()


def test_a_batch_has_the_bits_of_single_runs(load):
    model = load("x=INTEG(r*x*(1-x/K), s)~~|\nr=0.8~~|\nK=20~~|\ns=1~~|")
    rates, starts = [0.5, 0.9, 1.2], [1.0, 2.0, 3.0]
    batch = models.sensitivities(
        model, of=["x"], by=["r", "K", "x"], parameters={"r": rates}, initial={"x": starts}
    )
    assert batch["d(x)"].dims == ("run", "time", "parameter")
    for run, (rate, start) in enumerate(zip(rates, starts, strict=True)):
        alone = models.sensitivities(
            model, of=["x"], by=["r", "K", "x"], parameters={"r": rate}, initial={"x": start}
        )
        np.testing.assert_array_equal(batch["d(x)"].values[run], alone["d(x)"].values)
        np.testing.assert_array_equal(batch["x"].values[run], alone["x"].values)


def test_all_directions_of_a_run_see_the_same_random_numbers(load):
    # x = a * sum of draws: its slope by a is x / a, by b nothing.
    model = load("x=INTEG(a*RANDOM UNIFORM(0,1,1), 0)~~|\na=2~~|\nb=1~~|\ny=INTEG(b, 0)~~|")
    found = models.sensitivities(
        model, of=["x", "y"], by=["b", "a"], parameters={"a": [2.0, 4.0]}, seed=3
    )
    run = models.simulate(model, parameters={"a": [2.0, 4.0]}, seed=3, outputs=["x"])
    np.testing.assert_array_equal(found["x"].values, run["x"].values)
    expected = run["x"].values / np.array([[2.0], [4.0]])
    np.testing.assert_allclose(found["d(x)"].values[:, :, 1], expected, rtol=1e-13)
    assert (found["d(x)"].values[:, :, 0] == 0).all()


def test_a_run_that_fails_has_no_slopes_from_there_on_and_says_so(load):
    # x' = x^2 from 1 leaves the finite numbers near time 1; from 0.01 it does not.
    model = load("x=INTEG(x^2, x0)~~|\nx0=1~~|")
    found = models.sensitivities(
        model, of=["x"], by=["x0"], parameters={"x0": [1.0, 0.01]}, stop=10
    )
    assert found["status"].values[0].startswith("not finite: 'x'")
    assert found["status"].values[1] == "ok"
    lost = np.isnan(found["x"].values[0])
    assert lost.any()
    assert np.isnan(found["d(x)"].values[0, lost]).all()
    assert np.isfinite(found["d(x)"].values[1]).all()


def test_units_and_authored_names_are_in_the_result(load):
    model = load("left over=INTEG(-left over/fade time, 3)~people~|\nfade time=4~Year~|")
    found = models.sensitivities(model, of=["Left_Over"], by=["Fade Time"])
    assert found["d(left over)"].attrs["units"] == "people per 'unit'"
    assert found["left over"].attrs["units"] == "people"
    assert found["unit"].values.tolist() == ["Year"]
    assert found["parameter"].values.tolist() == ["fade time"]


# ---- mistakes ---------------------------------------------------------------------------------

SMALL = "x=INTEG(-k*x+f, 1)~~|\nk=0.3~~|\nf=k*2~~|\nn=DELAY N(x, 4, 0, order)~~|\norder=2~~|"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"by": ["kk"]}, "no parameter named 'kk'"),
        ({"of": ["xx"]}, "no output named 'xx'"),
        ({"by": ["f"]}, "name a constant to differentiate by"),
        ({"by": []}, "no parameters given"),
        ({"of": []}, "no outputs given"),
        ({"by": 3}, "must be names"),
        ({"by": ["TIME STEP"]}, "decides the times"),
        ({"by": ["FINAL TIME"]}, "decides the times"),
        ({"by": ["order"]}, "cannot be changed"),
        ({"parameters": {"k": {"value": 1, "from": 3}}}, "held by a time path"),
        ({"by": ["x"], "parameters": {"x": 2.0}}, "held at a value"),
        ({"method": "LSODA"}, "use method='RK4'"),
    ],
)
def test_what_cannot_be_differentiated_is_refused_in_one_line(load, asked, words):
    with pytest.raises((RunError, UnknownNameError), match=words) as caught:
        models.sensitivities(load(SMALL), **{"of": ["x"], "by": ["k"], **asked})
    assert "\n" not in str(caught.value)
