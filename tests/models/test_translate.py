"""From text to expressions: numbers, precedence, functions, names, and what is refused."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from loopscope.models import functions as sd
from loopscope.models import source, vensim, xmile
from loopscope.models.errors import ModelError, UndefinedError, UnsupportedError
from loopscope.models.model import Auxiliary, Flow, Parameter
from loopscope.models.plain import evaluate

CLOCK = "\nINITIAL TIME=0~Year~|\nFINAL TIME=10~Year~|\nTIME STEP=0.25~Year~|\nSAVEPER=1~Year~|\n"
KNOWN = "a=2~~|\nb=3~~|\nc=5~~|\nd=0.1~~|\n"
VALUES = {"a": 2.0, "b": 3.0, "c": 5.0, "d": 0.1, "Time": 4.0, "TIME STEP": 0.25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("translate")


@pytest.fixture(scope="module")
def load(folder):
    """Load the text of a Vensim file, with a clock added."""

    def read(text: str, clock: str = CLOCK):
        path = folder / "case.mdl"
        path.write_text("{UTF-8}\n" + text + clock, encoding="utf-8")
        return source.load(path)

    return read


@pytest.fixture(scope="module")
def load_xmile(folder):
    """Load XMILE variables, with what stands around them added."""

    def read(variables: str, before: str = ""):
        path = folder / "case.xmile"
        path.write_text(
            '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" version="1.0">'
            f"<sim_specs><start>0</start><stop>10</stop><dt>0.25</dt></sim_specs>{before}"
            f"<model><variables>{variables}</variables></model></xmile>",
            encoding="utf-8",
        )
        return source.load(path)

    return read


@pytest.fixture(scope="module")
def value(load):
    """Evaluate one Vensim equation over a=2, b=3, c=5, d=0.1, Time=4, TIME STEP=0.25."""

    def compute(equation: str) -> float:
        variable = load(f"{KNOWN}x={equation}~~|").find("x")
        if isinstance(variable, Parameter):
            return variable.value
        return evaluate(variable.equation, {sp.Symbol(k, real=True): v for k, v in VALUES.items()})

    return compute


@pytest.fixture(scope="module")
def value_xmile(load_xmile):
    """Evaluate one XMILE equation over a=2, b=3, c=5."""
    known = "".join(f'<aux name="{n}"><eqn>{VALUES[n]}</eqn></aux>' for n in "abc")

    def compute(equation: str) -> float:
        text = equation.replace("&", "&amp;").replace("<", "&lt;")
        variable = load_xmile(f'{known}<aux name="x"><eqn>{text}</eqn></aux>').find("x")
        if isinstance(variable, Parameter):
            return variable.value
        return evaluate(variable.equation, {sp.Symbol(k, real=True): v for k, v in VALUES.items()})

    return compute


# --- numbers and precedence ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("0.1", sp.Rational(1, 10)),
        ("1e-20", sp.Rational(1, 10**20)),
        ("1e+30", sp.Integer(10) ** 30),
        (".5", sp.Rational(1, 2)),
        ("3.", sp.Integer(3)),
        ("007.5", sp.Rational(15, 2)),
    ],
)
def test_numbers_are_exact_as_their_decimals_are_written(load, text, exact):
    equation = load(f"a=1~~|x=a*{text}~~|").find("x").equation
    assert equation == exact * sp.Symbol("a", real=True)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("-2^2", -4),  # the canonical Vensim output of SDXorg test-models, exponentiation
        ("(-2)^2", 4),
        ("-(2)^2", -4),
        ("2^3^2", 512),
        ("(2^3)^2", 64),
        ("2^-2", 0.25),
        ("a-b-c", -6),
        ("a/b/c", 2 / 15),
        ("a-(b-c)", 4),
        ("-a+b*c", 13),
        ("-a*-b", 6),
        ("a*b^a", 18),
        ("-a^2", -4),
        ("1-a*{none of b}\n\tc/(b+a)", -1),
        ("IF THEN ELSE(a>b :OR: a<c :AND: b>c, 1, 2)", 2),
        ("IF THEN ELSE(a<b :OR: a<c :AND: b>c, 1, 2)", 1),
        ("IF THEN ELSE(:NOT: a=b, 1, 2)", 1),
        ("if then else(a<=2 :and: b>=3 :and: c<>4, 1, 2)", 1),
        ("(a<b)+(a=2)+(a>b)", 2),
    ],
)
def test_operators_bind_as_in_vensim(value, equation, expected):
    assert value(equation) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("-2^2", -4),
        ("(-2)^2", 4),
        ("2^3^2", 512),
        ("7 MOD 4 + 1", 4),
        ("IF a > b THEN 1 ELSE 2", 2),
        ("if a > b then 1 else if a = 2 then 7 else 3", 7),
        ("1 + (IF a < b AND b < c THEN 1 ELSE 2)", 2),
        ("IF NOT a = b OR a > c THEN 1 ELSE 2", 1),
        ("MAX(a, IF a > b THEN 9 ELSE IF b > c THEN 8 ELSE 1)", 2),
        ("INT(-2.7)", -2),
        ("LOG10(1000)", 3),
        ("SAFEDIV(a, 0)", 0),
        ("SAFEDIV(a, 0, 9)", 9),
        ("PI", math.pi),
        ("a * DT", 0.5),
        ("STOPTIME - STARTTIME", 10),
        ("MIN(a)", 2),
    ],
)
def test_xmile_equations_mean_what_the_standard_says(load_xmile, value_xmile, equation, expected):
    if equation.startswith("STOPTIME"):
        variable = load_xmile(f'<aux name="x"><eqn>{equation}</eqn></aux>').find("x")
        assert variable.depends == ("FINAL TIME", "INITIAL TIME")
        return
    assert value_xmile(equation) == pytest.approx(expected, rel=1e-14)


@st.composite
def arithmetic(draw, depth=4):
    """Return one expression twice: as Vensim writes it, and as Python does over Fractions."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        eighths = draw(st.integers(1, 8000))
        leaf = str(eighths / 8)
        return draw(st.sampled_from([("a", "a"), ("b", "b"), ("c", "c"), (leaf, f"F('{leaf}')")]))
    kind = draw(st.sampled_from(["+", "-", "*", "/", "-x", "()", "MIN", "MAX", "ABS", "IF", "^"]))
    v, p = draw(arithmetic(depth=depth - 1))
    w, q = draw(arithmetic(depth=depth - 1))
    x, y = draw(st.sampled_from(["ab", "ba", "bc", "ca"]))
    forms = {
        "-x": (f"(-{v})", f"(-{p})"),
        "()": (f"({v})", f"({p})"),
        "MIN": (f"MIN({v}, {w})", f"min({p}, {q})"),
        "MAX": (f"MAX({v}, {w})", f"max({p}, {q})"),
        "ABS": (f"ABS({v})", f"abs({p})"),
        "IF": (f"IF THEN ELSE({x} > {y}, {v}, {w})", f"(({p}) if {x} > {y} else ({q}))"),
        "^": (f"ABS({v})^2", f"abs({p})**2"),
    }
    return forms.get(kind, (f"{v} {kind} {w}", f"{p} {kind} {q}"))


@settings(max_examples=200, deadline=None)
@given(pair=arithmetic())
def test_random_arithmetic_equals_pythons_own(load, pair):
    text, python = pair
    names = {"min": min, "max": max, "abs": abs, "F": Fraction}
    numbers = {name: Fraction(int(VALUES[name])) for name in "abc"}
    try:
        expected = float(eval(python, names, numbers))
    except (ZeroDivisionError, OverflowError):
        return
    try:
        variable = load(f"{KNOWN}x={text}~~|").find("x")
    except ModelError:
        # A branch that is not taken may divide by zero, which is refused all the same.
        assert "/" in text
        return
    if isinstance(variable, Parameter):
        found = variable.value
    else:
        symbols = {sp.Symbol(k, real=True): v for k, v in VALUES.items()}
        found = evaluate(variable.equation, symbols)
    if math.isfinite(found):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


# --- functions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("EXP(d)", math.exp(0.1)),
        ("LN(b)", math.log(3)),
        ("LOG(b, c)", math.log(3) / math.log(5)),
        ("SQRT(b)", math.sqrt(3)),
        ("POWER(a, d)", 2**0.1),
        ("SIN(b)", math.sin(3)),
        ("COS(b)", math.cos(3)),
        ("TAN(b)", math.tan(3)),
        ("ARCSIN(d)", math.asin(0.1)),
        ("ARCCOS(d)", math.acos(0.1)),
        ("ARCTAN(b)", math.atan(3)),
        ("SINH(d)", math.sinh(0.1)),
        ("COSH(d)", math.cosh(0.1)),
        ("TANH(d)", math.tanh(0.1)),
        ("ABS(a - c)", 3),
        ("INTEGER(a * d - c)", -4),
        ("MODULO(c, b)", 2),
        ("MODULO(-c, b)", -2),
        ("QUANTUM(c * 1.5, a)", 6),
        ("XIDZ(a, a - 2, c)", 5),
        ("ZIDZ(a, a - 2)", 0),
        ("ZIDZ(a, b)", 2 / 3),
        ("STEP(a, 4)", 2),
        ("STEP(a, 4.125)", 0),  # on from the time step whose middle passes the start
        ("STEP(a, 4.1249)", 2),
        ("RAMP(a, 1, 3)", 4),
        ("RAMP(a, 1, 9)", 6),
        ("RAMP(a, 5, 9)", 0),
        ("PULSE(4, 1)", 1),
        ("PULSE(3, 1)", 0),
        ("PULSE TRAIN(0, 1, 4, 9)", 1),
        ("PULSE TRAIN(1, 1, 4, 9)", 0),
        ("PULSE TRAIN(0, 1, 4, 4)", 0),
        ("GAME(b)", 3),
        ("GET TIME VALUE(0, 2, 0)", 6),
    ],
)
def test_functions_give_their_defined_values(value, equation, expected):
    assert value(equation) == pytest.approx(expected, rel=1e-14)


def test_xmile_pulse_is_one_step_high_enough_to_add_its_magnitude(load_xmile):
    model = load_xmile('<aux name="x"><eqn>PULSE(6, 1, 2)</eqn></aux>')
    x = model.find("x").equation
    times = np.arange(0, 10, 0.25)
    step = sp.Symbol("TIME STEP", real=True)
    time = sp.Symbol("Time", real=True)
    heights = [evaluate(x, {time: float(t), step: 0.25}) for t in times]
    # 6 in one step of 0.25 at 1, 3, 5, 7, 9.
    assert [t for t, h in zip(times, heights, strict=True) if h] == [1, 3, 5, 7, 9]
    assert set(heights) == {0.0, 24.0}


def _numeric(expression: sp.Expr, draw: sp.Symbol, u: np.ndarray) -> np.ndarray:
    """Evaluate with scipy's functions in the place of ours."""
    names = {
        "NormalCdf": special.ndtr,
        "NormalQuantile": special.ndtri,
        "Minimum": np.minimum,
        "Maximum": np.maximum,
        "SafeDivide": lambda a, b, x: a / b if abs(b) >= 1e-6 else x,
    }
    call = next(iter(expression.atoms(sd.RandomUniform)))
    return sp.lambdify(draw, expression.xreplace({call: draw}), [names, "numpy"])(u)


@pytest.mark.parametrize(
    ("equation", "quantile"),
    [
        ("RANDOM 0 1()", stats.uniform.ppf),
        ("RANDOM UNIFORM(2, 5, 1)", stats.uniform(2, 3).ppf),
        ("RANDOM NORMAL(-1, 4, 1, 2, 0)", stats.truncnorm(-1, 1.5, loc=1, scale=2).ppf),
        ("RANDOM EXPONENTIAL(0, 3, 1, 2, 0)", stats.truncexpon(1, loc=1, scale=2).ppf),
    ],
)
def test_random_functions_are_the_quantiles_of_their_distribution(load, equation, quantile):
    x = load(f"x={equation}~~|").find("x").equation
    u = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(_numeric(x, sp.Symbol("u"), u), quantile(u), rtol=1e-9)


def test_each_random_call_has_a_draw_of_its_own_in_file_order(load):
    model = load("x=RANDOM 0 1()-RANDOM 0 1()~~|y=RANDOM UNIFORM(0,1,5)~~|")
    draws = [
        sorted(int(call.args[0]) for call in model.find(name).equation.atoms(sd.RandomUniform))
        for name in "xy"
    ]
    assert draws == [[0, 1], [2]]


# --- names and kinds -------------------------------------------------------------------------


def test_references_are_found_in_any_spelling_and_carry_the_authored_name(load):
    model = load(
        'Birth  Rate=2~~|"rate (per year)"=1~~|Ünïcode name=4~~|"with \\"quotes\\" in"=1~~|'
        'x=birth_RATE + "RATE (per  year)" + ÜNÏCODE name + "With \\"Quotes\\" in" + time~~|'
    )
    x = model.find("x")
    expected = ("Birth Rate", "rate (per year)", "Ünïcode name", 'with "quotes" in', "Time")
    assert x.depends == expected
    assert {symbol.name for symbol in x.equation.free_symbols} == set(expected)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("-5", -5.0),
        ("1/75", 1 / 75),
        ("IF THEN ELSE(2>1, 7, 8)", 7.0),
        ("MAX(2, 3)^0.5", math.sqrt(3)),
        ("XIDZ(1, 0, 4)", 4.0),
        ("2^0.5*EXP(1)", math.sqrt(2) * math.e),
        ("10^300*10^9", math.inf),
        ("1.000001^1000000", 1.000001**1000000),
    ],
)
def test_an_equation_that_names_nothing_is_a_parameter(load, equation, expected):
    if not math.isfinite(expected):
        with pytest.raises(ModelError, match="'x'"):
            load(f"x={equation}~~|")
        return
    x = load(f"x={equation}~~|").find("x")
    assert isinstance(x, Parameter)
    assert x.value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "equation", ["Time", "RANDOM 0 1()", "a", "SMOOTH(1,2)", "STEP(1,2)", "INITIAL(3)"]
)
def test_what_names_or_remembers_or_varies_is_no_parameter(load, equation):
    assert type(load(f"a=1~~|x={equation}~~|").find("x")) is Auxiliary


def test_a_flow_is_a_signed_plain_term_of_a_rate(load):
    model = load(
        "s=INTEG(births - (deaths - back) - 2*lost, start)~~|births=s*0.1~~|deaths=s*0.2~~|"
        "back=s~~|lost=s~~|start=5+births~~|inflow=3~~|t=INTEG(-s+inflow, s)~~|"
    )
    assert {flow.name for flow in model.flows} == {"births", "deaths", "back"}
    s, t = model.find("s"), model.find("t")
    assert (s.inflows, s.outflows) == (("births", "back"), ("deaths",))
    assert (s.depends, s.initial_depends) == (("births", "deaths", "back", "lost"), ("start",))
    assert isinstance(model.find("inflow"), Parameter)
    assert (t.inflows, t.outflows) == (("inflow",), ("s",))


def test_an_xmile_flow_is_a_flow_wherever_it_goes(load_xmile):
    model = load_xmile('<aux name="a"><eqn>TIME</eqn></aux><flow name="f"><eqn>a</eqn></flow>')
    assert type(model.find("f")) is Flow


def test_authored_dependencies_outlive_what_sympy_cancels(load):
    model = load("a=Time~~|b=Time~~|c=Time~~|x=IF THEN ELSE(c>1, b-b, 0*a) + SMOOTHI(b,2,a)~~|")
    x = model.find("x")
    assert (x.depends, x.initial_depends) == (("c", "b", "a"), ())


def test_what_only_a_start_value_needs_is_told_apart(load):
    model = load("a=Time~~|b=Time~~|x=DELAY1I(a, 2, b) + INITIAL(b) + ACTIVE INITIAL(a, b)~~|")
    assert (model.find("x").depends, model.find("x").initial_depends) == (("a",), ("b",))


def test_non_negative_xmile_stocks_and_flows(load_xmile):
    model = load_xmile(
        '<stock name="s"><eqn>1</eqn><outflow>f</outflow><non_negative/></stock>'
        '<flow name="f"><eqn>TIME</eqn><non_negative/></flow>'
    )
    assert model.find("s").non_negative
    time = sp.Symbol("Time", real=True)
    assert model.find("f").equation == sd.Maximum(time, sp.Integer(0))


# --- tables ----------------------------------------------------------------------------------


def test_named_and_inline_tables(load):
    model = load(
        "table([(0,0)-(10,10)],(2,4),(0,1),(1,3))~Dmnl~|x=TABLE(Time)~~|"
        "y=WITH LOOKUP(x*2, ([(0,0)-(1,1)],(0,5),(1,6)))+1~~|"
    )
    table, inner = model.find("table"), model.find("y table")
    assert (table.x, table.y, table.interpolation, table.owner) == (
        (0.0, 1.0, 2.0),
        (1.0, 3.0, 4.0),
        "interpolate",
        "",
    )
    assert (inner.x, inner.y, inner.owner) == ((0.0, 1.0), (5.0, 6.0), "y")
    time, name = sp.Symbol("Time", real=True), sp.Symbol("table", real=True)
    assert model.find("x").equation == sd.Table(name, time)
    assert model.find("x").depends == ("table", "Time")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("continuous", "interpolate"), ("extrapolate", "extrapolate"), ("discrete", "hold_backward")],
)
def test_xmile_tables_keep_their_kind(load_xmile, kind, expected):
    points = '<xscale min="0" max="1"/><ypts>1,2,4</ypts>'
    model = load_xmile(
        f'<aux name="x"><eqn>TIME</eqn><gf type="{kind}">{points}</gf></aux>'
        f'<gf name="g" type="{kind}">{points}</gf><aux name="y"><eqn>g(TIME)</eqn></aux>'
        f'<aux name="h"><gf type="{kind}">{points}</gf></aux>'
        '<aux name="z"><eqn>LOOKUP(x, TIME) + LOOKUP(h, TIME)</eqn></aux>'
    )
    for name in ("x table", "g", "h"):
        table = model.find(name)
        assert (table.x, table.y) == ((0.0, 0.5, 1.0), (1.0, 2.0, 4.0))
        assert table.interpolation == expected
    tables = {call.args[0].name for call in model.find("z").equation.atoms(sd.Table)}
    assert tables == {"x table", "h"}


def test_a_jump_in_a_table_keeps_its_two_ends(load):
    table = load("t((0,0),(1,1),(1,1),(1,2),(1,3),(2,4))~~|x=t(Time)~~|").find("t")
    assert (table.x, table.y) == ((0.0, 1.0, 1.0, 2.0), (0.0, 1.0, 3.0, 4.0))


def test_a_jump_in_a_long_table_is_not_turned_round(load, load_xmile):
    # A sort that is not stable shows beyond a few points.
    x = [n / 2 for n in range(40)]
    rows = [(a, y) for a in x for y in (2 * a, 2 * a + 1)]
    points = ",".join(f"({a},{y})" for a, y in rows)
    xpts, ypts = (",".join(str(row[side]) for row in rows) for side in (0, 1))
    named = load(f"t({points})~~|x=t(Time)~~|y=WITH LOOKUP(Time, ({points}))~~|")
    gf = load_xmile(
        f'<gf name="t"><xpts>{xpts}</xpts><ypts>{ypts}</ypts></gf>'
        '<aux name="x"><eqn>t(TIME)</eqn></aux>'
    )
    for table in (named.find("t"), named.find("y table"), gf.find("t")):
        assert list(zip(table.x, table.y, strict=True)) == rows


def test_a_table_of_one_point_is_read(load):
    assert load("t((3,4))~~|x=t(Time)~~|").find("t").x == (3.0,)


@pytest.mark.parametrize("points", ["1e999,1", "1,2,x", "nan,2"])
def test_points_that_are_no_numbers_are_refused(load_xmile, points):
    with pytest.raises(ModelError, match="'x"):
        load_xmile(
            '<aux name="x"><eqn>TIME</eqn><gf><xscale min="0" max="1"/>'
            f"<ypts>{points}</ypts></gf></aux>"
        )


# --- refusals --------------------------------------------------------------------------------


def test_every_obstacle_of_a_file_is_listed_at_once(load):
    with pytest.raises(UnsupportedError) as caught:
        load(
            ":MACRO: TWICE(x)\nTWICE=2*x~~|\n:END OF MACRO:\n"
            "dim: one, two~~|arr[dim]=1~~|total=SUM(arr[dim!])~~|m=TWICE(3)~~|"
            "series:INTERPOLATE:~~|far=GET DIRECT CONSTANTS('f.xlsx','s','A1')~~|"
            "free=A FUNCTION OF(m)~~|odd=VECTOR WIZARD(m)~~|gap=:NA:~~|empty= ~~|"
            "t((0,0),(1,1))~~|bare=t~~|called=m(3)~~|"
        )
    places = dict(caught.value.places)
    assert set(places) == {
        "arr", "total", "m", "series", "far", "free", "odd", "gap", "empty", "bare", "called",
    }  # fmt: skip
    assert places["arr"] == "subscripts"
    assert places["m"] == "macro TWICE"
    assert places["series"] == "external data"
    assert places["odd"] == "function VECTOR WIZARD"
    assert places["bare"] == "table 't' without an argument"
    message = str(caught.value)
    assert "'arr' (subscripts)" in message
    assert "more places" in message
    assert 'engine="pysd"' in message
    assert "\n" not in message


def test_xmile_obstacles_are_listed(load_xmile):
    with pytest.raises(UnsupportedError) as caught:
        load_xmile(
            '<module name="m"/>'
            '<stock name="q"><eqn>0</eqn><conveyor><len>3</len></conveyor></stock>'
            '<aux name="a"><eqn>{later}</eqn></aux><aux name="b"><dimensions><dim name="d"/>'
            "</dimensions><eqn>1</eqn></aux>"
            '<aux name="c"><eqn>MY MACRO(3)</eqn></aux>',
            '<macro name="MY MACRO"><eqn>1</eqn></macro>',
        )
    assert dict(caught.value.places) == {
        "m": "module",
        "q": "conveyor",
        "a": "no equation",
        "b": "subscripts",
        "c": "macro MY MACRO",
    }


def test_undefined_names_are_all_listed_with_a_guess(load):
    with pytest.raises(UndefinedError) as caught:
        load("Room Temperature=1~~|x=room temprature*2~~|y=nothing like it~~|")
    message = str(caught.value)
    assert "'room temprature' in 'x'" in message
    assert "'nothing like it' in 'y'" in message
    assert "did you mean 'Room Temperature'?" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x=1~~|\nX =2~~|", r"'X' is defined twice \(line 2 and line 3\)"),
        ("Time=3~~|", "name of the simulation time"),
        ("a=Time~~|x=a/0~~|", "'x' divides by zero"),
        ("x=1/0~~|", "'x' divides by zero"),
        ("x=SQRT(-1)~~|", "negative number"),
        ("x=(-8)^(1/3)~~|", "'x'"),
        ("x=9^9^9^9~~|", "'x'"),
        ("x=LN(0)~~|", "'x'"),
    ],
)
def test_what_has_no_value_is_refused_with_its_name(load, text, message):
    with pytest.raises(ModelError, match=message):
        load(text)


def test_a_missing_clock_variable_is_named(load):
    with pytest.raises(ModelError, match="does not define TIME STEP; add it"):
        load("x=1~~|", CLOCK.replace("TIME STEP", "Step of time"))


def test_cleaning_leaves_quoted_names_alone():
    assert vensim.clean_vensim('"if :and: {x}" = 1') == '"if :and: {x}" = 1'
    assert xmile.clean_xmile('"if then" + 1') == '"if then" + 1'
