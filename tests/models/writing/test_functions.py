"""Each function, in any place of an equation, gives the same run when it is written and read."""

from __future__ import annotations

import pytest

from loopscope.models.errors import UnsupportedError
from loopscope.models.model import Lookup
from loopscope.models.writing.vensim_file import vensim_file
from loopscope.models.writing.xmile_file import xmile_file

VENSIM = [
    "ARCTAN(wave)", "SINH(wave) + COSH(wave)", "TANH(wave)", "INTEGER(3*wave)", "MODULO(c*wave, 2)",
    "MODULO(Time, 2)", "QUANTUM(5*wave, 0.5)", "QUANTUM(wave, b)", "XIDZ(a, wave, b)",
    "ZIDZ(a, Time)", "STEP(a, 3)", "RAMP(a, 2, 5)", "RAMP(a, 2, b)", "PULSE(2, 1)", "PULSE(b, a)",
    "PULSE TRAIN(1, 0.5, 2, 8)", "PULSE TRAIN(d, d, a, 8)", "3*PULSE TRAIN(1, 0.5, a-2, 8)",
    "DELAY1(wave, 2)", "DELAY1I(wave, 2, 7)", "DELAY3(wave, a)", "2*DELAY3I(wave, 2, c)",
    "DELAY N(wave, 2, c, 4)", "DELAY FIXED(wave, 2, 9)", "1+2*DELAY FIXED(wave, a, c)",
    "SMOOTH(wave, 2)", "SMOOTHI(wave, 2, 7)", "SMOOTH3(wave, a)", "SMOOTH3I(wave, 2, b)",
    "SMOOTH N(wave, 2, c, 4)", "TREND(wave+3, 2, 0.1)", "FORECAST(wave+3, 2, 4)",
    "SAMPLE IF TRUE(wave > 0, wave, 5)", "a*SAMPLE IF TRUE(wave > 0, wave, 5)", "INITIAL(wave+a)",
    "2*INITIAL(wave+a)", "ACTIVE INITIAL(wave, 4)", "3+ACTIVE INITIAL(wave, 4)", "t(Time)",
    "a*t(Time)", "WITH LOOKUP(Time, ((0,0),(5,3),(5,4),(9,1)))", "t(t(Time))+t(2)",
    "1+WITH LOOKUP(Time, ((0,0),(9,1)))", "RANDOM UNIFORM(1, 4, 0)",
    "RANDOM NORMAL(-1, 2, 0, 1, 5)",
    "2*RANDOM EXPONENTIAL(0, 5, 1, 2, 0)", "RANDOM EXPONENTIAL(0, a, 1, b, 0) - wave",
    "RANDOM UNIFORM(a, b, 0) - RANDOM UNIFORM(0, 1, 0)",
    "IF THEN ELSE(wave > 0 :AND: Time < 5, 1, b)",
    "(wave > 0) + 2*(:NOT: Time < 5)", "SMOOTH(DELAY FIXED(wave, 1, 0), 2)", "GAME(wave)",
]  # fmt: skip
REFUSED_BY_XMILE = {"RANDOM NORMAL(-1, 2, 0, 1, 5)"}
ROUNDED = {
    "SINH(wave) + COSH(wave)", "TANH(wave)", "SAMPLE IF TRUE(wave > 0, wave, 5)",
    "a*SAMPLE IF TRUE(wave > 0, wave, 5)", "MODULO(c*wave, 2)",
}  # fmt: skip
"""Said by other functions in XMILE, so that the last bits may differ."""


def numbered(equations, rounded):
    """Return equations by the name of a variable, and the names of those that may be rounded."""
    named = {f"x{number}": equation for number, equation in enumerate(equations)}
    near = {name for name, equation in named.items() if rounded(equation)}
    return named, near | {name.replace("x", "y") for name in near}


def test_vensim_functions_survive(vensim, again, suffix, assert_same_run):
    said = [one for one in VENSIM if suffix == ".mdl" or one not in REFUSED_BY_XMILE]
    named, near = numbered(said, lambda one: suffix == ".xmile" and one in ROUNDED)
    text = "".join(
        f"{x}={one}~~|\n{x.replace('x', 'y')}=INTEG({x}, 3*a)~~|\n" for x, one in named.items()
    )
    model = vensim(text)
    assert_same_run(model, again(model, suffix), near=near)


@pytest.mark.parametrize("equation", sorted(REFUSED_BY_XMILE))
def test_what_xmile_cannot_say_is_refused(equation, vensim):
    with pytest.raises(UnsupportedError, match=r"'x' \(RANDOM NORMAL with bounds\)"):
        xmile_file(vensim(f"x={equation}~~|\n"))


XMILE = [
    "PULSE(3, 1)", "PULSE(a, 1, 2) + 1", "RAMP(2, 3)", "DELAY(wave, 2, 1)", "PREVIOUS(wave, 4)",
    "1 + DELAY(wave, 1)", "FORCST(wave + 3, 2, 4, 0.1)", "SMTHN(wave, 2, 3)", "DELAYN(wave, 2, 3)",
    "UNIFORM(1, 3)", "NORMAL(2, a)", "EXPRND(a)", "PI * wave", "SINWAVE(2, 3)",
    "7 mod 3 + TIME mod a",
    "LOOKUP(g, TIME) + h", "IF wave > 0 THEN 1 ELSE IF TIME = 2 THEN 3 ELSE 4", "DT + STARTTIME",
    "STOPTIME * MIN(wave, 0)", "INIT(wave) + SAFEDIV(1, wave - wave, 3)", "INT(wave * 3)",
]  # fmt: skip
AROUND = (
    "<aux name='a'><eqn>2</eqn></aux><aux name='wave'><eqn>SIN(TIME)</eqn></aux>"
    "<aux name='g'><eqn>TIME</eqn><gf><xscale min='0' max='4'/><ypts>0,1,5</ypts></gf></aux>"
    "<aux name='h'><eqn>TIME * 2</eqn><gf type='{kind}'><xpts>1,2,5</xpts><ypts>3,1,5</ypts></gf>"
    "</aux><stock name='y'><eqn>3</eqn><inflow>x</inflow></stock>"
    "<flow name='x'><eqn>{x}</eqn></flow>"
)


def test_xmile_functions_survive(xmile, again, suffix, assert_same_run):
    # A sine by pi is read with the next double to pi.
    named, near = numbered(
        XMILE, lambda one: suffix == ".mdl" and ("PI" in one or "WAVE" in one or "FORCST" in one)
    )
    variables = AROUND.format(x="0", kind="continuous")
    for name, one in named.items():
        text = one.replace("<", "&lt;").replace(">", "&gt;")
        stock = name.replace("x", "y")
        variables += f"<flow name='{name}'><eqn>{text}</eqn></flow>"
        variables += f"<stock name='{stock}'><eqn>3</eqn><inflow>{name}</inflow></stock>"
    model = xmile(variables)
    assert_same_run(model, again(model, suffix), near=near)


@pytest.mark.parametrize("kind", ["continuous", "extrapolate", "discrete"])
def test_table_goes_on_beyond_its_points_as_it_did(kind, xmile, again, suffix, assert_same_run):
    model = xmile(AROUND.format(x="h", kind=kind))
    assert_same_run(model, again(model, suffix), bits=suffix == ".xmile" or kind != "extrapolate")


def test_table_in_several_equations_is_one_table_in_vensim_only(vensim, again):
    model = vensim("x=t(Time)~~|\ny=1+t(Time+1)~~|\n")
    assert isinstance(again(model, ".mdl").find("t"), Lookup)
    written = xmile_file(model)
    assert "'t': its points stand in each variable that calls it" in written.changes
    assert "'y looked up': a variable of its own for what was part of 'y'" in written.changes


def test_start_values_are_written_out_where_there_is_no_active_initial(
    vensim, again, assert_same_run
):
    model = vensim(
        "late=SMOOTH(x, 3)~~|\nx=ACTIVE INITIAL(late+wave, b)~~|\ns=INTEG(x, 2*half)~~|\n"
        "half=x/2~~|\n"
        "f=DELAY FIXED(half, half, half)~~|\nk=INITIAL(half)~~|\n"
    )
    assert_same_run(model, again(model, ".xmile"))


def test_stock_held_at_zero(xmile, again, assert_same_run):
    tank = (
        "<stock name='tank'><eqn>3</eqn><outflow>out</outflow><non_negative/></stock>"
        "<flow name='out'><eqn>1.1</eqn></flow>"
    )
    model = xmile(tank)
    assert again(model, ".xmile").find("tank").non_negative
    assert_same_run(model, again(model, ".mdl"), bits=False)
    with pytest.raises(UnsupportedError, match="held at 0, integrated by Runge-Kutta"):
        vensim_file(xmile(tank, specs="method='rk4'"))


def test_rate_that_is_no_sum_of_flows_gets_a_flow_in_xmile(vensim, again, assert_same_run):
    model = vensim("births=a~People/Year~|\npeople=INTEG(births-people/b, 10)~People~|\n")
    back = again(model, ".xmile")
    assert back.find("people").inflows == ("births", "net change of people")
    assert back.find("net change of people").units == "People/Year"
    assert_same_run(model, back, bits=False)
    assert again(model, ".mdl").find("people").rate == model.find("people").rate


def test_sample_is_held_by_a_delay_under_runge_kutta(vensim, again, assert_same_run):
    from dataclasses import replace

    model = vensim("x=SAMPLE IF TRUE(wave > 0, wave, 5)~~|\ny=INTEG(x, 0)~~|\n")
    model = replace(model, clock=replace(model.clock, method="RK4"))
    assert_same_run(model, again(model, ".xmile"))


def test_random_number_used_twice_is_refused(put, suffix, again):
    import sympy as sp

    from loopscope.models.functions import RandomUniform

    draw = RandomUniform(0)
    with pytest.raises(UnsupportedError, match="one random number in two places"):
        again(put(draw + sp.exp(draw)), suffix)


def test_another_order_of_random_numbers_is_told(put):
    from loopscope.models.functions import RandomUniform

    told = "random numbers are drawn in another order, so each run has others"
    assert told in vensim_file(put(RandomUniform(3))).changes
    assert vensim_file(put(RandomUniform(0))).changes == ()
