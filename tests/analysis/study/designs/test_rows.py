"""What holds for the rows of every design, and what each design promises of its own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, qmc

from loopscope.analysis.study.designs.counting import uniform
from loopscope.analysis.study.designs.design import Space
from loopscope.analysis.study.designs.every import RECORDS
from loopscope.analysis.study.designs.sequence import sequence
from loopscope.analysis.study.designs.shuffling import shuffle
from loopscope.models.distribution import Discrete, LogUniform, Triangular, Uniform

NAMES = ("birth rate", "death rate", "room")
SPACE = Space(
    names=NAMES,
    distributions=(
        Uniform(low=0.5, high=2.0),
        Triangular(low=0.1, mode=0.2, high=0.6),
        LogUniform(low=300.0, high=3000.0),
    ),
    base=(1.0, 0.4, 1000.0),
    limits=((0.2, 2.0), (0.05, 1.0), (200.0, 3000.0)),
)
SAMPLED = ("sobol sequence", "latin hypercube", "halton", "random")
MADE = tuple(kind for kind in RECORDS if kind != "file")
MANY = {"saltelli": 64 * 8, "fast": 3 * 65, "morris": 40}


def plan(kind, runs=100, seed=5, space=SPACE, **fields):
    return RECORDS[kind](**fields).plan(space, MANY.get(kind, runs) if runs else runs, seed)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), kind=st.sampled_from(MADE))
def test_rows_are_the_same_bytes_however_they_are_cut(data, kind):
    points = plan(kind)
    whole = points.rows(0, points.runs)
    assert whole.shape == (points.runs, 3)
    cuts = data.draw(st.lists(st.integers(0, points.runs), max_size=6))
    ends = sorted([0, *cuts, points.runs])
    parts = [points.rows(a, b) for a, b in pairwise(ends)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("kind", MADE)
def test_a_seed_decides_the_rows(kind):
    first, again, other = plan(kind, seed=1), plan(kind, seed=1), plan(kind, seed=2)
    rows = first.rows(0, first.runs)
    assert rows.tobytes() == again.rows(0, again.runs).tobytes()
    if not first.direct:
        assert rows.tobytes() != other.rows(0, other.runs).tobytes()


@pytest.mark.parametrize("kind", [kind for kind in MADE if kind not in ("grid", "one at a time")])
def test_probabilities_lie_in_0_to_1(kind):
    points = plan(kind)
    rows = points.rows(0, points.runs)
    assert not points.direct
    assert rows.min() >= 0
    assert rows.max() <= 1


@pytest.mark.parametrize("kind", SAMPLED)
def test_a_sample_is_uniform_in_each_parameter_and_uncorrelated(kind):
    # 2,000 independent numbers leave the 1e-6 band of Kolmogorov and Smirnov once in a million;
    # the other samples are more even than that.  Correlations: 5 standard errors.
    points = plan(kind, runs=2000)
    rows = points.rows(0, 2000)
    for column in rows.T:
        assert kstest(column, "uniform").pvalue > 1e-6
    correlation = np.corrcoef(rows.T)[np.triu_indices(3, 1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)


@pytest.mark.parametrize("runs", [1, 2, 3, 7, 64, 100, 1000])
def test_a_latin_hypercube_has_one_value_in_each_part_of_each_parameter(runs):
    rows = plan("latin hypercube", runs=runs).rows(0, runs)
    parts = np.floor(rows * runs).astype(int)
    for column in parts.T:
        assert sorted(column.tolist()) == list(range(runs))


@settings(deadline=None, max_examples=80)
@given(size=st.integers(1, 700), seed=st.integers(0, 2**32))
def test_a_shuffle_is_a_permutation(size, seed):
    found = shuffle(size, 3, seed, 0).of(np.arange(size, dtype=np.uint32))
    assert (np.sort(found, axis=0) == np.arange(size)[:, None]).all()


def test_a_shuffle_moves_every_place_as_often_to_one_place_as_to_another():
    # 6,000 orders of 5 places: each of the 25 moves is expected 1,200 times, with a standard
    # deviation of 31; all lie within 5 of them.
    found = shuffle(5, 6000, 1, 0).of(np.arange(5, dtype=np.uint32))
    counts = np.array([np.bincount(row, minlength=5) for row in found])
    assert np.abs(counts - 1200).max() < 5 * 31


def test_points_of_the_sobol_sequence_are_those_of_scipy():
    for dimensions, seed in ((1, 0), (3, 7), (40, 1)):
        theirs = qmc.Sobol(dimensions, seed=np.random.default_rng(seed)).random(1024)
        ours = sequence(dimensions, 1000, seed)
        assert (ours.points(0, 1000) == theirs[:1000]).all()
        assert (ours.points(333, 777) == theirs[333:777]).all()


def test_points_of_the_halton_sequence_are_those_of_scipy():
    theirs = qmc.Halton(3, seed=np.random.default_rng(5)).random(200)
    assert plan("halton", runs=200).rows(60, 150).tobytes() == theirs[60:150].tobytes()


@settings(deadline=None, max_examples=60)
@given(first=st.integers(0, 50), count=st.integers(0, 30), width=st.integers(1, 7))
def test_random_numbers_are_found_from_their_place(first, count, width):
    whole = uniform(9, 2, 0, 80, width)
    assert uniform(9, 2, first, first + count, width).tobytes() == (
        whole[first : first + count].tobytes()
    )
    assert whole.min() > 0
    assert whole.max() < 1


def test_numbers_of_another_stream_or_seed_are_others():
    one = uniform(0, 0, 0, 4, 4)
    assert not (one == uniform(0, 1, 0, 4, 4)).any()
    assert not (one == uniform(1, 0, 0, 4, 4)).any()


def test_a_random_run_keeps_its_values_when_there_are_more_runs():
    few, more = plan("random", runs=10), plan("random", runs=1000)
    assert few.rows(0, 10).tobytes() == more.rows(0, 10).tobytes()


def test_a_grid_has_every_combination_once_the_last_parameter_fastest():
    points = plan("grid", levels={"birth rate": 2, "room": 3}, values={"Death_Rate": [0.3, 0.1]})
    assert points.runs == 12
    assert points.info["levels"][:2] == [[0.5, 2.0], [0.1, 0.3]]
    np.testing.assert_allclose(points.info["levels"][2], [300.0, 948.683298, 3000.0])
    rows = points.rows(0, 12)
    assert len(np.unique(rows, axis=0)) == 12
    assert rows[:4, 0].tolist() == [0.5] * 4
    np.testing.assert_allclose(rows[:4, 2], [300.0, 948.683298, 3000.0, 300.0])


def test_a_grid_without_levels_has_as_many_as_the_runs_allow():
    assert plan("grid", runs=130).runs == 125
    assert plan("grid", runs=124).runs == 64
    space = Space(
        names=("a", "b"),
        distributions=(Discrete(values=(1.0, 2.0, 3.0)), Uniform(low=0.0, high=1.0)),
        base=(1.0, 0.5),
        limits=((None, None), (None, None)),
    )
    points = plan("grid", runs=10, space=space)
    assert points.info["levels"] == [[1.0, 2.0, 3.0], [0.0, 0.5, 1.0]]


def test_one_at_a_time_moves_one_parameter_from_the_base():
    points = plan("one at a time", quantiles=[0.0, 0.5, 1.0], values={"room": [500.0]})
    rows = points.rows(0, points.runs)
    assert points.runs == 1 + 3 + 3 + 1
    assert rows[0].tolist() == list(SPACE.base)
    moved = rows[1:] != rows[0]
    assert moved.sum(axis=1).tolist() == [1] * 7
    assert rows[1:4, 0].tolist() == [0.5, 1.25, 2.0]
    assert rows[7, 2] == 500.0
