"""Names, kinds of variables and tables, and what is refused."""

from __future__ import annotations

import math

import pytest
import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import vensim, xmile
from loopscope.models.errors import ModelError, UndefinedError, UnsupportedError
from loopscope.models.model import Auxiliary, Flow, Parameter

CLOCK = "\nINITIAL TIME=0~Year~|\nFINAL TIME=10~Year~|\nTIME STEP=0.25~Year~|\nSAVEPER=1~Year~|\n"


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
    assert all(f"'{name}' ({construct})" in message for name, construct in caught.value.places)
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
