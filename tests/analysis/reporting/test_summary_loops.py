"""What the summary says of loops, from numbers made up for it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from loopscope.analysis.reporting.summary_loops import leads_told, loops_told, sureness_told
from loopscope.loops.dominance import Period


class Found(dict):
    graph = SimpleNamespace(partitions=(("x",),))


FOUND = Found(
    R1=SimpleNamespace(name="growth", polarity="R"),
    B1=SimpleNamespace(name="", polarity="B"),
    U1=SimpleNamespace(name="turning", polarity="U"),
)


def told(label="base", periods=(), faint=(), **shares):
    return SimpleNamespace(
        label=label, shares=shares, periods=periods, faint=faint, listed=sum(shares.values())
    )


def draft(*records, found=FOUND, **more):
    return SimpleNamespace(found=found, told=list(records), swept=None, **more)


def period(start, stop, *loops, polarity="R"):
    return Period(start=start, stop=stop, polarity=polarity, loops=loops, share=0.5, partition=0)


def test_the_strongest_loop_and_where_another_one_is():
    text = loops_told(draft(told(R1=0.6, B1=0.3), told("a", R1=0.1, B1=0.2), told("b", R1=1.0)))
    assert "Of the 2 loops looked at, R1 (growth, reinforcing) is the strongest in 'base'" in text
    assert "with 60 % of all change; all of them together carry 90 %" in text
    assert "B1 (balancing) is the strongest in 'a'." in text
    assert "'b'" not in text


def test_loops_that_carry_little_are_said_to():
    assert "The other 97 % are spread over loops" in loops_told(draft(told(R1=0.02, B1=0.01)))
    assert "spread" not in loops_told(draft(told(R1=0.6)))


def test_one_loop_everywhere():
    text = loops_told(draft(told(R1=0.6), told("a", R1=0.7)))
    assert "The same loop is the strongest in every other scenario." in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (draft(found=None), "no feedback loop"),
        (draft(), "No run could be scored."),
        (draft(told(R1=0.0)), "nothing moves"),
    ],
)
def test_without_loops_runs_or_movement(given, words):
    assert words in loops_told(given)


def test_stretches_of_one_leader_are_one():
    text = leads_told(
        draft(
            told(
                periods=(
                    period(0, 2, "R1", "B1"),
                    period(2, 5, "R1"),
                    period(5, 8, "B1", polarity="B"),
                    period(8, 10, "U1", polarity="B"),
                ),
                R1=1.0,
            )
        )
    )
    assert text == (
        "In 'base' the loop ahead is R1 (growth, reinforcing) from 0 to 5, B1 (balancing) from 5 "
        "to 8 and U1 (turning, balancing then) from 8 to 10."
    )


def test_stretches_in_which_they_carry_little_are_left_out():
    little = period(0, 5, "R1")
    rest = period(5, 20, "B1", polarity="B")
    text = leads_told(draft(told(periods=(little, rest), faint=(little,), R1=1.0)))
    assert "R1" not in text
    assert "for 25 % of the time these loops carry less than 10 % of the change" in text
    text = leads_told(draft(told(periods=(little,), faint=(little,), R1=1.0)))
    assert "never carry as much as 10 %" in text


def test_no_leader_at_any_time():
    assert "none of the loops" in leads_told(draft(told(periods=(period(0, 5),), R1=1.0)))


def test_how_sure_it_is():
    swept = xr.Dataset(
        {
            "people": (
                ("run", "time"), np.linspace(0, 100, 101)[:, None] * [1, 2],
                {"role": "series", "units": "people"},
            ),
        },
        coords={"run": range(101), "time": [0.0, 10.0], "parameter": ["a"]},
    )  # fmt: skip
    record = xr.Dataset(
        {"probability": (("time", "loop"), [[1.0, 0.0], [0.3, 0.7]])},
        coords={
            "time": [0.0, 10.0], "loop": ["R1", "B1"], "loop_name": ("loop", ["growth", ""]),
        },
    )  # fmt: skip
    given = SimpleNamespace(swept=swept, dominance=record, indices=None)
    assert sureness_told(given) == (
        "Over 101 runs with 1 constant drawn from their declared distributions, people in 10 lies "
        "from 10 people to 190 people in nine of ten. B1 leads at the end in 70 % of them. Which "
        "loop leads is most open in 10."
    )
