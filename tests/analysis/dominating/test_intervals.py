"""Intervals of proportions against published ones, and what a block of runs is worth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from loopscope.analysis.dominating.intervals import interval, worth
from loopscope.models.errors import StudyError


@pytest.mark.published
@pytest.mark.parametrize(
    ("hits", "runs", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_score_intervals_are_those_of_newcombe_1998(hits, runs, low, high):
    found = interval(hits / runs, runs)
    np.testing.assert_allclose(found, (low, high), atol=5e-5)


@pytest.mark.parametrize("hits", [0, 1, 7, 49, 50])
def test_score_intervals_are_those_of_another_program(hits):
    other = binomtest(hits, 50).proportion_ci(0.9, method="wilson")
    np.testing.assert_allclose(interval(hits / 50, 50, 0.9), (other.low, other.high), atol=1e-12)


def test_jeffreys_leaves_the_same_probability_on_both_sides():
    import mpmath

    low, high = (float(one) for one in interval(0.3, 10, 0.9, "jeffreys"))

    def below(x):
        return float(mpmath.betainc(3.5, 7.5, 0, x, regularized=True))

    assert below(low) == pytest.approx(0.05, abs=1e-9)
    assert below(high) == pytest.approx(0.95, abs=1e-9)
    assert float(interval(0.0, 10, kind="jeffreys")[0]) == 0.0
    assert float(interval(1.0, 10, kind="jeffreys")[1]) == 1.0


def test_no_run_has_no_interval():
    assert np.isnan(interval(0.5, 0)).all()


def test_an_unknown_kind_or_level_is_refused():
    with pytest.raises(StudyError, match="no interval named 'wald'"):
        interval(0.5, 10, kind="wald")
    with pytest.raises(StudyError, match="between 0 and 1, got 95"):
        interval(0.5, 10, 95)


def test_runs_of_a_block_that_always_agree_are_worth_one():
    hits = np.repeat(np.arange(40) % 4 == 0, 6)[:, None]
    counted = np.ones_like(hits)
    assert worth(hits, counted, 6)[0] == 40
    assert worth(hits, counted, 1)[0] == 240


def test_independent_runs_in_blocks_are_worth_about_their_number():
    draw = np.random.default_rng(5)
    hits = draw.random((6000, 20)) < 0.3
    found = worth(hits, np.ones_like(hits), 6)
    assert found.max() <= 6000
    assert found.mean() > 5000


def test_the_interval_of_blocks_covers_as_often_as_it_says():
    # Blocks of five runs that agree nine times in ten: plain Wilson intervals cover far too rarely.
    draw = np.random.default_rng(1)
    covered = {"blocks": 0, "plain": 0}
    for _ in range(400):
        block = draw.random(60) < 0.4
        alone = draw.random((60, 5)) < 0.4
        hits = np.where(draw.random((60, 5)) < 0.9, block[:, None], alone).reshape(-1, 1)
        counted, share = np.ones_like(hits), hits.mean()
        for name, runs in (("blocks", worth(hits, counted, 5)[0]), ("plain", 300)):
            low, high = interval(share, runs)
            covered[name] += bool(low <= 0.4 <= high)
    assert covered["blocks"] / 400 == pytest.approx(0.95, abs=0.03)
    assert covered["plain"] / 400 < 0.8
