"""Tests of polarity: proved, switched, changing, unknown; assumptions; views; random models."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops
from loopscope.loops.signs.polarity import prove
from loopscope.models.arrays import Arrays
from loopscope.models.errors import LoopError


@pytest.fixture(scope="module")
def proved(read):
    """Polarities of a model written as text, by pair."""

    def load(equations, assume=None, **kwargs):
        return prove(loops.trace(read(equations, **kwargs)), assume)

    return load


@pytest.fixture(scope="module")
def migration():
    return loops.trace("migration_policy")


def test_signs_of_the_logistic_model_are_proved(logistic):
    found = prove(loops.trace(logistic))
    assert {pair: one.sign for pair, one in found.items()} == {
        ("P", "births"): "+",
        ("P", "deaths"): "+",
        ("births", "P"): "+",
        ("deaths", "P"): "-",
    }
    assert {one.basis for one in found.values()} == {"proved"}


def test_a_proof_lists_what_it_used_and_nothing_else(logistic):
    found = prove(loops.trace(logistic))
    assert found["P", "births"].assumptions == ("r > 0 (its value, 0.3)",)
    assert found["births", "P"].assumptions == ()
    # 2 r P / K: P = 0 has rate 0, so P cannot fall below; K and r keep their signs.
    assert set(found["P", "deaths"].assumptions) == {
        "r > 0 (its value, 0.3)",
        "K > 0 (its value, 100)",
        "P >= 0 (kept by the equations)",
    }


def test_a_net_gain_that_changes_sign_says_where(read):
    # d(r P (1 - P/K))/dP = r (1 - 2 P/K).
    found = prove(loops.trace(read("r=0.3\nK=100\nx=INTEG(r*x*(1-x/K), 1)")))["x", "x"]
    assert (found.sign, found.basis) == ("?", "conditional")
    assert found.condition == "+ while x < K / 2, - while x > K / 2"
    assert set(found.assumptions) >= {"r > 0 (its value, 0.3)", "K > 0 (its value, 100)"}


def test_yeast_births_turn_at_eleven_per_cent_of_alcohol(proved):
    # Births C (1.1 - 0.1 A)/b1: the gain by C changes sign at A = 11 (methods, section 2).
    found = proved("""
        b1=16
        d1=30
        p=0.01
        births=C*(1.1-0.1*A)/b1
        deaths=C*EXP(A-11)/d1
        C=INTEG(births-deaths, 1)
        A=INTEG(p*C, 0)
    """)
    assert found["C", "births"].condition == "+ while A < 11, - while A > 11"
    assert found["C", "deaths"].sign == found["A", "deaths"].sign == "+"
    # Cells may die out but not turn negative only while births at C = 0 are 0: they are.
    assert found["A", "births"].sign == "-"


def test_a_saturating_response_is_rising(proved):
    # d/dx x/(k+x) = k/(k+x)**2, which sympy leaves as a difference.
    found = proved("k=3\nuse=x/(k+x)\nrest=k/(k+x)\nx=INTEG(rest-x, 1)")
    assert found["x", "use"].sign == "+"
    assert found["x", "rest"].sign == "-"
    assert found["x", "use"].basis == "proved"


@pytest.mark.parametrize(
    ("equation", "sign"),
    [
        ("MIN(2*x, y)", "+"),
        ("MAX(0, y-x)", "-"),
        ("MIN(1, MAX(0, 1-x*y))", "-"),
        ("IF THEN ELSE(y>3, 2*x, x)", "+"),
        ("IF THEN ELSE(y>3, 2*x, -x)", "?"),
        ("ZIDZ(y, x)", "-"),
        ("XIDZ(x, y, 1)", "+"),
        ("EXP(-x)", "-"),
        ("LN(1+x)", "+"),
        ("SQRT(x)", "+"),
        ("x^2", "+"),
        ("(1+x)^(-y)", "-"),
        ("2^x", "+"),
        ("1/(1+EXP(-x))", "+"),
        ("y*(1-x)", "-"),
        ("x-MIN(x, y)", "+"),
        ("x*y/(x+y)", "+"),
        ("ABS(x)", "+"),
        ("STEP(x, 3)", "+"),
        ("x*(x-y)", "?"),
    ],
)
def test_signs_of_functions_of_what_is_not_negative(proved, equation, sign):
    found = proved(f"z={equation}\nx=INTEG(y, 2)\ny=INTEG(x+0*z, 4)")
    assert found["x", "z"].sign == sign
    assert found["x", "z"].basis == ("proved" if sign != "?" else found["x", "z"].basis)


@pytest.mark.parametrize(
    ("points", "sign"),
    [
        ("(0,0),(1,2),(2,3)", "+"),
        ("(0,0),(1,2),(2,2),(3,5)", "+"),
        ("(0,3),(1,1),(2,0)", "-"),
        ("(0,0),(1,2),(2,1)", "?"),
        ("(0,0),(1,50),(2,49.9),(3,100)", "+"),
    ],
)
def test_a_table_has_the_sign_of_its_slope(proved, points, sign):
    found = proved(f"t({points})\nz=t(x)\nx=INTEG(z-x, 1)")["x", "z"]
    assert found.sign == sign
    noisy = "49.9" in points
    assert any("taken as noise" in text for text in found.assumptions) == noisy


def test_a_table_is_read_only_where_its_argument_can_be(proved):
    # Beyond 0.5 the curve falls, but the argument is 0.4 of a share.
    equations = "t((0,0),(0.5,2),(1,1),(2,0))\nz=t(0.4*x/(x+y))\nx=INTEG(y,1)\ny=INTEG(x+0*z,1)"
    assert proved(equations)["x", "z"].sign == "+"


@pytest.mark.parametrize(
    ("equation", "sign"),
    [
        ("IF THEN ELSE(x>5, 2, 1)", "+"),
        ("IF THEN ELSE(x<5, 2, 1)", "-"),
        ("IF THEN ELSE(x>5, y, 0)", "+"),
        ("IF THEN ELSE(x>5, y, 3)", "?"),
        ("IF THEN ELSE(x>5 :AND: y>2, 2, 1)", "+"),
        ("IF THEN ELSE(x=5, 2, 1)", "?"),
        ("INTEGER(x)", "+"),
        ("-3*INTEGER(x/2)", "-"),
        ("STEP(y, x)", "-"),
        ("PULSE(x, 1)", "?"),
    ],
)
def test_a_switch_has_the_direction_of_its_jump(proved, equation, sign):
    found = proved(f"z={equation}\nx=INTEG(y, 2)\ny=INTEG(x+0*z, 4)")["x", "z"]
    assert (found.basis, found.sign) == ("switch", sign)


def test_delays_smooths_and_memories_follow_their_input(read):
    graph = loops.trace(
        read("""
        seen=SMOOTH3(x, 4)
        out=DELAY3(in, 3)
        late=DELAY FIXED(x, 2, 0)
        kept=SAMPLE IF TRUE(x>2, y, 0)
        in=x/5
        x=INTEG(in-out+0*seen, 1)
        y=INTEG(x+late+kept, 1)
        """)
    )
    found = prove(graph)
    assert found["x", "late delay 1"].sign == found["y", "kept"].sign == "+"
    assert {one.basis for one in found.values()} <= {"proved", "switch"}
    chain = ["x", *(name for name in graph.stocks if graph.label(name) == "seen")]
    steps = list(pairwise(chain))
    assert len(steps) == 3
    assert all(found[step].sign == "+" for step in steps)
    assert all(found[name, name].sign == "-" for name in chain[1:])


def test_an_unknown_cofactor_leaves_the_sign_open_and_says_on_what_it_rests(proved):
    equations = "a=0\nz=a*x\nx=INTEG(z-x, 1)"
    found = proved(equations)["x", "z"]
    assert (found.sign, found.basis) == ("?", "conditional")
    assert found.condition == "+ while a > 0, - while a < 0"
    assert proved(equations, {"a": (0, None)})["x", "z"].sign == "+"
    falling = proved(equations, {"A": (-2, -1)})["x", "z"]
    assert (falling.sign, falling.assumptions) == ("-", ("a <= -1 (given)",))


def test_declared_ranges_are_assumptions_and_given_ones_replace_them(tmp_path):
    file = tmp_path / "declared.mdl"
    clock = "INITIAL TIME=0~Year~~|\nFINAL TIME=5~~~|\nTIME STEP=1~~~|\nSAVEPER=1~~~|\n"
    file.write_text(
        "{UTF-8}\na=1~1 [0,2]~~|\nb=-3~1 [0,2]~~|\nz=a*x~~~|\nx=INTEG(z-b*x, 1)~1~~|\n" + clock,
        encoding="utf-8",
    )
    graph = loops.trace(file)
    found = prove(graph)
    assert (found["x", "z"].sign, found["x", "z"].assumptions) == ("+", ("a >= 0 (declared)",))
    assert prove(graph, {"a": (-1, 1)})["x", "z"].sign == "?"
    # The value of b lies outside what is declared for it.
    assert found["x", "x"].condition == "+ while b < 0, - while b > 0"


@pytest.mark.parametrize(
    ("assume", "message"),
    [
        ({"rr": (0, 1)}, "'rr'.*did you mean 'r'"),
        ({"r": (2, 1)}, r"\(2, 1\).*'r'.*low end is above"),
        ({"r": 3}, r"\(low, high\) for 'r'.*got 3"),
        ({"r": (0, "x")}, "'r'"),
        ({"P": (0, None), "births": (-5, -1)}, r"'births'.*its equation gives \[0, inf\]"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(logistic, assume, message):
    with pytest.raises(LoopError, match=message):
        prove(loops.trace(logistic), assume)


def test_time_for_a_link_must_be_above_zero(logistic):
    with pytest.raises(LoopError, match="above 0, got 0"):
        prove(loops.trace(logistic), seconds=0)


def test_a_stock_that_can_fall_below_zero_is_not_taken_for_positive(proved):
    # The outflow does not stop at x = 0.
    found = proved("use=3\nz=x^2\nx=INTEG(1-use, 1)")["x", "z"]
    assert (found.sign, found.condition) == ("?", "+ while x > 0, - while x < 0")


def test_stocks_that_keep_each_other_positive_are_proved_together(sir):
    found = prove(loops.trace(sir))
    assert found["S", "infection"].sign == found["I", "infection"].sign == "+"
    texts = found["S", "infection"].assumptions
    assert "I >= 0 (kept by the equations)" in texts


def test_one_that_would_fall_takes_those_that_rest_on_it_along(proved):
    # y falls below 0; x is filled by y, so neither is kept; w is, by itself.
    found = proved("""
        y=INTEG(-1, 5)
        x=INTEG(y-x, 1)
        w=INTEG(2-w, 1)
        a=x^2
        b=w^2
    """)
    assert found["x", "a"].sign == "?"
    assert found["w", "b"].sign == "+"


def test_a_stock_that_follows_a_share_stays_a_share(proved):
    found = proved("""
        share=x/(x+y)
        s=INTEG((share-s)/3, 0.5)
        room=(1-s)*x
        x=INTEG(y, 1)
        y=INTEG(x+0*room, 1)
    """)
    assert found["x", "room"].sign == "+"
    assert found["x", "room"].assumptions[0] == "s <= 1 (kept by the equations)"


def test_every_link_of_the_migration_model_is_proved_or_has_a_condition(migration):
    found = prove(migration)
    rest = {pair: one for pair, one in found.items() if one.basis != "proved"}
    # These two do change sign: which route lets more people in; how near those of 75 and over come
    # to what the target ratio allows.
    assert {pair: one.condition for pair, one in rest.items()} == {
        ("document route share", "success per attempt"): (
            "+ while border route success < document route success, "
            "- while border route success > document route success"
        ),
        ("people 65 to 74", "years of later retirement"): "",
    }
    assert {one.basis for one in rest.values()} == {"conditional", "unknown"}
    assert all(one.sign in "+-" for pair, one in found.items() if pair not in rest)


def test_signs_of_the_migration_model_hold_along_its_run(migration):
    from loopscope import models

    along = loops.along(migration, models.simulate(migration.model))
    wrong = [
        pair
        for pair, one in prove(migration).items()
        if (one.sign == "+" and np.any(along.gains[pair] < -1e-15))
        or (one.sign == "-" and np.any(along.gains[pair] > 1e-15))
    ]
    assert wrong == []


def test_links_of_a_view_are_decided_from_the_paths_behind_them(prey, logistic):
    view = loops.fold(loops.trace(prey))
    found = prove(view)
    assert found["predators", "prey"].sign == "-"
    assert found["prey", "predators"].sign == "+"
    # a - b y: reinforcing while predators are few.
    assert found["prey", "prey"].condition == "+ while predators < a / b, - while predators > a / b"
    net = prove(loops.fold(loops.trace(logistic)))["P", "P"]
    assert net.condition == "+ while P < K / 2, - while P > K / 2"


def test_paths_that_share_a_variable_are_netted(proved, read):
    # Refused = wanted - let in, let in = wanted * open: paths of both signs, one net sign.
    graph = loops.trace(
        read("""
        open=1/(1+y)
        wanted=2*x
        let in=MIN(wanted*open, 50)
        refused=wanted-let in
        x=INTEG(1-x, 1)
        y=INTEG(refused+let in, 1)
        """)
    )
    found = prove(loops.fold(graph, keep=["refused"]))
    assert (found["x", "refused"].sign, found["x", "refused"].basis) == ("+", "proved")


def test_a_switch_folded_away_is_still_a_switch(read):
    graph = loops.trace(read("on=IF THEN ELSE(x>5, 1, 0)\nuse=3*on\nx=INTEG(2-use, 0)"))
    found = prove(loops.fold(graph))["x", "x"]
    assert (found.basis, found.sign) == ("switch", "-")


PIECES = st.sampled_from(
    ["x", "y", "p", "q", "u", "1", "2", "(1-p)", "(x+y)", "(x-y)", "(p*u)", "(x*q)"]
)
SHAPES = st.sampled_from(
    [
        "{0}*{1}", "{0}+{1}", "{0}-{1}", "{0}/({1}+1.5)", "MIN({0},{1})", "MAX({0},{1}*{2})",
        "{0}*{1}/({1}+{2}+1)", "IF THEN ELSE({0}>{1},{2},0)", "EXP(-{0})*{1}", "{0}-MIN({0},{1})",
        "ZIDZ({0},{1})", "({0}+1)^{1}", "{0}*({1}-{2})", "SQRT(1+{0}*{0})", "t({0})*{1}",
        "{0}/(1+{0})^2", "(1-p)*{0}+p*{1}", "LN(2+{0}*{0})",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_proved_sign_is_that_of_the_gain_wherever_the_ranges_allow(read, data):
    texts = [data.draw(SHAPES).format(*(data.draw(PIECES) for _ in range(3))) for _ in range(3)]
    # u may not need itself.
    first, second, third = texts[0].replace("u", "y"), texts[1], texts[2]
    model = read(f"""
        p=0.5
        q=-1
        t((0,0),(2,1),(3,1),(6,4))
        u={first}
        v={second}
        w={third}
        x=INTEG(v, 1)
        y=INTEG(w, 1)
    """)
    ends = {"p": (0.0, 1.0), "q": (-2.0, 1.0), "x": (0.0, 5.0), "y": (-1.0, 4.0)}
    graph = loops.trace(model)
    found = dict(prove(graph, ends))
    view = loops.fold(graph)
    below = prove(view, ends)
    draw = np.random.default_rng(0)
    values = {s: np.float64(v) for s, v in graph.equations.parameters.items()}
    values |= {sp.Symbol(n, real=True): draw.uniform(*at, 400) for n, at in ends.items()}
    arrays = Arrays(values, graph.equations.lookups)
    for symbol, expression in graph.equations.auxiliaries.items():
        values[symbol] = arrays.of(expression)
    for links, signs in ((graph.links, found), (view.links, below)):
        for pair, one in signs.items():
            gain = np.broadcast_to(np.asarray(arrays.of(links[pair].gain), dtype=float), (400,))
            gain = gain[np.isfinite(gain)]
            slack = 1e-9 * (1.0 + np.max(np.abs(gain), initial=0.0))
            if one.basis == "proved" and one.sign in "+0":
                assert np.all(gain >= -slack), (pair, links[pair].gain, one)
            if one.basis == "proved" and one.sign in "-0":
                assert np.all(gain <= slack), (pair, links[pair].gain, one)
            assert one.basis in ("proved", "switch") or one.sign == "?"
