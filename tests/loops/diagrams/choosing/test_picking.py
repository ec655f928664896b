"""Which loops are shown: by id, by word, by strength, around a variable; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops
from loopscope.loops.diagrams.choosing import picking
from loopscope.loops.diagrams.choosing.picking import pick
from loopscope.loops.diagrams.choosing.reading import read as reading_of
from loopscope.models.errors import LoopError


def ids(picked):
    return [loop.id for loop in picked.loops]


@pytest.fixture(scope="module")
def told(plant):
    return reading_of(plant.found, plant.scores)


def test_few_loops_are_all_shown_the_strongest_first(plant, told):
    picked = pick(plant.found, told)
    sizes = [told.size(one) for one in ids(picked)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(picked.loops) + len(picked.undrawn) == len(plant.found)
    assert set(ids(pick(plant.found, None))) == set(ids(picked))


@settings(max_examples=30, deadline=None)
@given(shares=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=2))
def test_a_larger_share_takes_more_loops(plant, told, shares):
    low, high = (ids(pick(plant.found, told, simplify=one)) for one in sorted(shares))
    assert high[: len(low)] == low


def test_the_fewest_loops_that_reach_a_share(plant, told):
    order = ids(pick(plant.found, told))
    sums = np.cumsum([told.size(one) for one in order])
    for count in range(1, len(order)):
        assert ids(pick(plant.found, told, simplify=float(sums[count - 1]))) == order[:count]


def test_a_share_that_is_not_reached_takes_all_that_carry_something(plant, told):
    picked = pick(plant.found, told, simplify=1.0)
    assert "not enough for 100%" in picked.why
    assert ids(picked) == [one for one in ids(pick(plant.found, told)) if told.size(one) > 0]


def test_the_strongest_and_those_asked_for(plant, told):
    order = ids(pick(plant.found, told))
    assert ids(pick(plant.found, told, show="top:2")) == order[:2]
    asked = pick(plant.found, told, show=[order[2], order[0], order[2]])
    assert (ids(asked), asked.asked) == ([order[2], order[0]], (order[2], order[0]))
    assert set(ids(pick(plant.found, None, show="loops"))) == set(order)


def test_around_a_variable(plant, told):
    picked = pick(plant.found, told, around="sold")
    assert ids(picked)
    assert all("sold" in loop.path for loop in picked.loops)
    half = pick(plant.found, told, around="sold", simplify=0.5)
    assert ids(half) == ids(picked)[: len(half.loops)]
    whole = pick(plant.found, told, around="sold", simplify=1.0)
    assert len(whole.loops) == sum(told.size(one) > 0 for one in ids(picked))


def test_without_scores_many_loops_are_the_short_ones_that_add_a_link(plant, monkeypatch):
    monkeypatch.setattr(picking, "FEW", 1)
    picked = pick(plant.found, None)
    assert "short loops" in picked.why
    links = [pair for loop in (*picked.loops, *picked.undrawn) for pair in loop.links]
    assert set(links) == {pair for loop in plant.found for pair in loop.links}


def test_many_loops_with_scores_are_the_strongest(plant, told, monkeypatch):
    monkeypatch.setattr(picking, "FEW", 1)
    assert ids(pick(plant.found, told)) == ids(pick(plant.found, told, simplify=0.8))


def test_named_loops_before_others(plant, told, monkeypatch):
    monkeypatch.setattr(picking, "FEW", 1)
    named = plant.found.pin(["stock", "waste"], "spoiling", "S1")
    assert ids(pick(named, None)) == ["S1"]
    assert ids(pick(named, None, show="named")) == ["S1"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"show": ["B1", "X9"]}, "no loop 'X9'"),
        ({"show": ["b1"]}, "did you mean 'B1'"),
        ({"show": "nmaed"}, "did you mean 'named'"),
        ({"show": "top:many"}, "is not known"),
        ({"show": "top:0"}, "shows no loop"),
        ({"show": []}, "names no loop"),
        ({"show": "named"}, "is named; name some"),
        ({"show": "top:3"}, "needs scores: give scores="),
        ({"simplify": 0.9}, "needs scores: give scores="),
        ({"simplify": 0.0}, "above 0 and up to 1"),
        ({"simplify": float("nan")}, "above 0 and up to 1"),
        ({"simplify": 0.5, "show": "top:3"}, "leave one out"),
        ({"around": "solid"}, "did you mean 'sold'"),
    ],
)
def test_what_cannot_be_shown_is_refused(plant, asked, words):
    with pytest.raises(LoopError, match=words):
        pick(plant.found, None, **asked)


def test_loops_of_one_variable_alone_cannot_be_drawn(plant):
    own = next(loop.id for loop in plant.found if loop.path == ("seen",))
    with pytest.raises(LoopError, match=f"{own} cannot be drawn"):
        pick(plant.found, None, show=[own])


def test_a_model_without_loops_shows_its_variables_only_when_asked(read):
    none = loops.find(read("x=INTEG(1, 0)", name="still"), view="full")
    with pytest.raises(LoopError, match="still: the model has no feedback loop"):
        pick(none, None)
    assert pick(none, None, "all").loops == ()


def test_no_loops_given(plant):
    with pytest.raises(LoopError, match="none of its loops is among those given"):
        pick(plant.found[:0], None)


def test_scores_that_say_nothing(plant):
    silent = plant.scores.copy(deep=True)
    silent["relative"].values[:] = np.nan
    reading = reading_of(plant.found, silent)
    assert not reading.speaks
    with pytest.raises(LoopError, match="no loop has one at any time"):
        pick(plant.found, reading, show="top:2")
    assert ids(pick(plant.found, reading)) == ids(pick(plant.found, None))
