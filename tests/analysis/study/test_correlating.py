"""Rank correlations by a Gaussian copula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, multivariate_normal, spearmanr

from loopscope.analysis.study.correlating import copula
from loopscope.analysis.study.designs.counting import uniform
from loopscope.models.errors import StudyError

NAMES = ("a", "b", "c", "d")
P = uniform(1, 0, 0, 20_000, 4)


def ranks(p):
    return spearmanr(p).statistic


def test_rank_correlations_are_reached_within_sampling_error():
    # The standard error of a rank correlation of 20,000 runs is at most 1 / sqrt(19,999).
    asked = {(0, 1): 0.6, (1, 3): -0.5, (0, 3): 0.2}
    joined = copula(asked, NAMES).join(P)
    wanted = np.eye(4)
    for (a, b), rank in asked.items():
        wanted[a, b] = wanted[b, a] = rank
    np.testing.assert_allclose(ranks(joined), wanted, atol=5 / np.sqrt(19_999))


def test_each_parameter_keeps_its_own_distribution_and_others_keep_their_values():
    joined = copula({(0, 1): 0.7, (1, 3): 0.6}, NAMES).join(P)
    for column in joined.T:
        assert kstest(column, "uniform").pvalue > 1e-6
    assert joined[:, 2].tobytes() == P[:, 2].tobytes()


def test_the_share_below_both_medians_is_that_of_the_normal_distribution():
    # Closed form: 1/4 + asin(r) / (2 pi) with r = 2 sin(pi rank / 6).
    joined = copula({(0, 1): 0.6}, NAMES).join(P)
    r = 2 * np.sin(np.pi * 0.6 / 6)
    share = 0.25 + np.arcsin(r) / (2 * np.pi)
    found = (joined[:, :2] < 0.5).all(axis=1).mean()
    assert abs(found - share) < 5 * np.sqrt(share * (1 - share) / len(P))
    both = multivariate_normal.cdf([0.0, 0.0], cov=[[1, r], [r, 1]])
    assert share == pytest.approx(both, abs=1e-6)


def test_a_run_does_not_depend_on_those_beside_it():
    one = copula({(0, 1): 0.6, (1, 2): 0.3, (0, 3): -0.4}, NAMES)
    whole = one.join(P[:200])
    parts = np.concatenate([one.join(P[:1]), one.join(P[1:78]), one.join(P[78:200])])
    assert parts.tobytes() == whole.tobytes()


def test_probabilities_of_0_and_1_stay_finite():
    edge = np.array([[0.0, 1.0, 0.5, 0.5], [1.0, 0.0, 0.5, 0.5]])
    joined = copula({(0, 1): 0.9}, NAMES).join(edge)
    assert ((joined >= 0) & (joined <= 1)).all()


def test_no_correlation_is_no_copula():
    assert copula({}, NAMES) is None


def test_correlations_that_contradict_each_other_are_refused_by_name():
    asked = {(0, 1): 0.9, (1, 2): 0.9, (0, 2): -0.9}
    with pytest.raises(StudyError, match=r"among 'a', 'b', 'c' contradict .*not positive definite"):
        copula(asked, NAMES)
