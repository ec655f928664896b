"""Modes of behaviour: of textbook shapes, and many at once as one by one."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loopscope.analysis.behaviour.classifying import (
    FAMILY,
    LOCK_IN,
    MODES,
    UNKNOWN,
    classify_all,
    is_listed,
    locked_in,
    name_mode,
)
from loopscope.analysis.behaviour.turning import damping, find_turns
from loopscope.models.statement import Mode

T = np.linspace(0, 10, 201)


@pytest.mark.parametrize(
    ("row", "mode"),
    [
        (np.full(201, 3.0), "equilibrium"),
        (np.exp(0.3 * T), "growth"),
        (T, "growth"),
        (1 - np.exp(-T), "saturating growth"),
        (1 / (1 + np.exp(5 - 1.5 * T)), "S-shaped growth"),
        (1 + np.exp(-T), "decline"),
        (np.exp(-T), "collapse"),
        (T * np.exp(-T / 2) + 1 - np.exp(-T), "overshoot"),
        (T * np.exp(-T), "overshoot and collapse"),
        (3 - T * np.exp(-T / 2), "dip and recovery"),
        (2 + np.sin(3 * T), "sustained oscillation"),
        (2 + np.exp(0.2 * T) * np.sin(3 * T), "growing oscillation"),
        (2 + np.exp(-0.2 * T) * np.sin(3 * T), "damped oscillation"),
        (np.where(T > 5, np.nan, T), ""),
    ],
)
def test_each_mode_of_behaviour_is_told_from_the_others(row, mode):
    assert name_mode(row) == mode


def by_definition(row):
    """Return the mode of one series, rule by rule as the module states them."""
    size, span = np.abs(row).max(), row.max() - row.min()
    turns = find_turns(row[np.newaxis])
    if span <= 0.01 * size:
        return "equilibrium"
    if len(turns.place) >= 4:
        ratio = damping(row[np.newaxis])[0]
        change = np.exp(-2 * np.pi * ratio / np.sqrt(1 - ratio**2)) - 1
        return ("growing" if change > 0.05 else "damped" if change < -0.05 else "sustained") + (
            " oscillation"
        )
    first = "" if not len(turns.place) else "top" if turns.top[0] else "low"
    if abs(row[-1]) < 0.05 * size and abs(row[-1]) < size and np.abs(row).argmax() < len(row) - 1:
        return "overshoot and collapse" if first == "top" else "collapse"
    if first:
        return "overshoot" if first == "top" else "dip and recovery"
    if row[-1] < row[0]:
        return "decline"
    rises = np.diff(row)
    if rises[-1] > 0.5 * rises.max():
        return "growth"
    return "saturating growth" if rises.argmax() < 0.05 * len(rises) else "S-shaped growth"


SHAPES = st.tuples(
    st.floats(-1.5, 1.5), st.floats(0.1, 5), st.floats(-0.4, 0.4), st.floats(-2, 2), st.floats(0, 2)
)
NOISE = arrays(np.float64, (5, 24), elements=st.floats(-9, 9, width=16))


@given(st.lists(SHAPES, min_size=1, max_size=6), NOISE)
def test_many_series_are_classified_as_each_of_them_is_by_the_rules(shapes, noise):
    time = np.linspace(0, 10, 24)
    drawn = [
        swing * np.exp(rate * time) * np.sin(speed * time) + drift * time + level
        for drift, speed, rate, swing, level in shapes
    ]
    values = np.concatenate([drawn, noise, noise.cumsum(axis=1), np.sort(noise, axis=1)])
    codes = classify_all(values)
    assert [MODES[code] for code in codes] == [by_definition(row) for row in values]


@given(NOISE, st.sampled_from([2.0**-20, 0.5, 1024.0]))
def test_a_mode_does_not_depend_on_the_unit_of_the_series(noise, factor):
    # Powers of two keep every bit, so equality may be asked for, even at a threshold.
    np.testing.assert_array_equal(classify_all(noise), classify_all(factor * noise))


def test_a_run_that_fails_is_unknown_and_leaves_the_others_alone():
    values = np.stack([T, np.where(T > 3, np.inf, 1.0), 1 + np.exp(-T)])
    codes = classify_all(values)
    assert codes[1] == UNKNOWN
    assert [MODES[code] for code in codes[[0, 2]]] == ["growth", "decline"]


@pytest.mark.parametrize("points", [0, 1, 2])
def test_series_too_short_for_a_shape_are_told_by_their_ends(points):
    codes = classify_all(np.array([[1.0, 2.0], [2.0, 1.0]])[:, :points])
    expected = {0: ["", ""], 1: ["equilibrium"] * 2, 2: ["growth", "decline"]}[points]
    assert ["" if code == UNKNOWN else MODES[code] for code in codes] == expected


def test_a_statement_may_list_every_mode_and_family_and_nothing_else():
    assert set(get_args(Mode)) == {*MODES, *FAMILY.values(), LOCK_IN}


def test_a_list_that_names_a_family_lists_its_kinds():
    assert is_listed("damped oscillation", ("oscillation",))
    assert is_listed("growth", ("growth",))
    assert not is_listed("oscillation", ("damped oscillation",))
    assert not is_listed("overshoot and collapse", ("overshoot",))


def test_runs_are_locked_in_where_their_ends_stay_apart():
    up = np.array([[0, 5, 1.0], [0, 5, 4.0], [0, 1, np.nan]])
    down = np.array([[0, -5, 0.9], [0, -5, 0.0], [0, 1, 1]])
    np.testing.assert_array_equal(locked_in(up, down, 0.3), [False, True, False])
