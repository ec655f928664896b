"""The order of equations, circles, the clock, and what the records hold."""

from __future__ import annotations

import pickle

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from loopscope.models import source
from loopscope.models.equations import symbols_in
from loopscope.models.errors import AlgebraicLoopError, ModelError, UnsupportedError
from loopscope.models.order import CircleError, sort
from loopscope.models.symbolic import symbolise

CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=20~~|\nTIME STEP=0.25~~|\nSAVEPER=TIME STEP~~|\n"


@pytest.fixture
def write_out(tmp_path):
    def read(text: str, clock: str = CLOCK):
        path = tmp_path / "case.mdl"
        path.write_text("{UTF-8}\n" + text + clock, encoding="utf-8")
        return symbolise(source.load(path))

    return read


def names(symbols) -> list[str]:
    return [symbol.name for symbol in symbols]


def test_each_auxiliary_stands_after_what_it_needs_else_in_file_order(write_out):
    equations = write_out("c=b+s~~|z=Time~~|b=a*2~~|a=Time~~|s=INTEG(c, 1)~~|")
    assert names(equations.auxiliaries) == ["a", "b", "c", "z", "SAVEPER"]


def test_start_values_come_in_an_order_that_finds_them(write_out):
    equations = write_out(
        "one=INTEG(0, two*half)~~|two=INTEG(0, three)~~|three=Time+4~~|half=three/8~~|"
        "unused=three~~|late=INITIAL(one)~~|"
    )
    assert names(equations.start_order) == ["three", "half", "two", "one", "late"]


def test_an_algebraic_loop_names_the_whole_circle_as_causes(write_out):
    # b is made from a, c from b, a from c: a causes b causes c causes a.
    with pytest.raises(AlgebraicLoopError) as caught:
        write_out("x=a~~|b=a+1~~|c=b*2~~|a=c-x2~~|x2=Time~~|")
    assert "at one instant: b -> c -> a -> b; put a stock" in str(caught.value)


def test_a_variable_that_needs_itself_is_a_circle_of_one(write_out):
    with pytest.raises(AlgebraicLoopError, match="a -> a"):
        write_out("a=a+1~~|")


def test_a_condition_closes_a_circle_as_well(write_out):
    with pytest.raises(AlgebraicLoopError, match="a -> b -> a"):
        write_out("a=IF THEN ELSE(b>1,2,3)~~|b=a~~|")


@pytest.mark.parametrize("memory", ["INTEG({}, 1)", "SMOOTHI({},2,1)", "DELAY FIXED({},2,1)"])
def test_a_memory_opens_a_circle(write_out, memory):
    assert write_out(f"a={memory.format('b')}~~|b=a+1~~|")


def test_start_values_that_need_each_other_are_refused(write_out):
    with pytest.raises(AlgebraicLoopError, match=r"start values.*s -> a -> s; give one of them"):
        write_out("s=INTEG(1, a)~~|a=s+1~~|")
    with pytest.raises(AlgebraicLoopError, match="start values"):
        write_out("a=SMOOTH(b,2)~~|b=a+1~~|")


def test_active_initial_opens_a_circle_of_start_values(write_out):
    equations = write_out("s=INTEG(1, a)~~|a=ACTIVE INITIAL(s+1, 5)~~|")
    assert names(equations.start_order) == ["a", "s"]


def test_the_clock_may_not_rest_on_a_state(write_out):
    with pytest.raises(ModelError, match="'FINAL TIME' depends on 's'"):
        write_out(
            "s=INTEG(1,1)~~|", CLOCK.replace("FINAL TIME=20", "FINAL TIME=later") + "later=s*2~~|"
        )


def test_parameters_tables_and_draws_are_counted(write_out):
    equations = write_out(
        "p=3~~|t((0,0),(1,1))~~|x=WITH LOOKUP(t(p)+RANDOM 0 1(), ((0,0),(1,2)))~~|"
        "s=INTEG(RANDOM UNIFORM(0,1,0), RANDOM 0 1())~~|"
    )
    assert equations.draws == 3
    assert set(equations.lookups) == {"t", "x table"}
    assert equations.hidden == {"x table": "x"}
    assert {s.name: v for s, v in equations.parameters.items()} == {
        "p": 3.0,
        "INITIAL TIME": 0.0,
        "FINAL TIME": 20.0,
        "TIME STEP": 0.25,
    }
    x = sp.Symbol("x", real=True)
    assert names(symbols_in(equations.auxiliaries[x])) == ["p"]


def test_errors_survive_pickling():
    error = UnsupportedError("m: not translated", (("x", "subscripts"),))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.places) == ("m: not translated", (("x", "subscripts"),))


def test_a_long_chain_needs_no_recursion():
    needs = {n: [n + 1] for n in range(20_000)} | {20_000: []}
    assert sort([0], needs) == list(range(20_000, -1, -1))


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20))
def test_an_order_exists_exactly_when_there_is_no_circle(links):
    needs = {n: [b for a, b in links if a == n] for n in range(9)}
    reach = {n: set(needs[n]) for n in needs}
    for _ in needs:
        reach = {n: s | {y for x in s for y in reach[x]} for n, s in reach.items()}
    if any(n in reach[n] for n in needs):
        with pytest.raises(CircleError) as caught:
            sort(needs, needs)
        circle = caught.value.circle
        after = (*circle[1:], circle[0])
        assert all(cause in needs[effect] for cause, effect in zip(circle, after, strict=True))
    else:
        order = sort(needs, needs)
        assert sorted(order) == sorted(needs)
        assert all(order.index(b) < order.index(a) for a, b in links)
