"""Quantiles against scipy and against what a distribution is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from loopscope.models.distribution import (
    AnyDistribution,
    Beta,
    Discrete,
    Fixed,
    LogNormal,
    LogUniform,
    Normal,
    Triangular,
    Uniform,
)

READ = TypeAdapter(AnyDistribution)
P = np.array([1e-9, 0.001, 0.1, 0.25, 0.5, 0.77, 0.9, 0.999, 1 - 1e-9])

CUT = stats.truncnorm(-1.5, 0.5, loc=3.0, scale=2.0)
PAIRS = [
    (Uniform(low=-2.0, high=5.0), stats.uniform(-2.0, 7.0)),
    (LogUniform(low=0.01, high=100.0), stats.loguniform(0.01, 100.0)),
    (Triangular(low=1.0, mode=2.0, high=5.0), stats.triang(0.25, 1.0, 4.0)),
    (Triangular(low=0.0, mode=0.0, high=1.0), stats.triang(0.0)),
    (Triangular(low=0.0, mode=1.0, high=1.0), stats.triang(1.0)),
    (Beta(a=2.0, b=5.0, low=10.0, high=20.0), stats.beta(2.0, 5.0, 10.0, 10.0)),
    (Beta(a=0.5, b=0.5), stats.beta(0.5, 0.5)),
    (Normal(mean=3.0, sd=2.0), stats.norm(3.0, 2.0)),
    (Normal(mean=3.0, sd=2.0, low=0.0, high=4.0), CUT),
    (LogNormal(median=2.0, log_sd=0.7), stats.lognorm(0.7, scale=2.0)),
]
FINITE = st.floats(-1e6, 1e6)
WIDTH = st.floats(1e-3, 1e6)
SHARE = st.floats(2.0**-53, 1)  # designs give 0 or more than this


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda one: getattr(one, "kind", ""))
def test_quantiles_are_those_of_scipy(ours, theirs):
    np.testing.assert_allclose(ours.at(P), theirs.ppf(P), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("ours", [pair[0] for pair in PAIRS], ids=lambda one: one.kind)
def test_the_ends_are_the_quantiles_of_0_and_1(ours):
    np.testing.assert_allclose(ours.at(np.array([0.0, 1.0])), ours.ends, rtol=1e-12, atol=1e-12)


def test_a_lognormal_that_is_cut_off_keeps_the_shares_of_what_is_left():
    # Between exp(-1) and exp(1) of a standard lognormal, the median of what is left is exp(0).
    cut = LogNormal(median=1.0, log_sd=1.0, low=math.exp(-1), high=math.e)
    np.testing.assert_allclose(cut.at(np.array([0.5])), [1.0], rtol=1e-12)
    whole = stats.norm.cdf(1.0) - stats.norm.cdf(-1.0)
    quarter = math.exp(stats.norm.ppf(stats.norm.cdf(-1.0) + whole / 4))
    np.testing.assert_allclose(cut.at(np.array([0.25])), [quarter], rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(low=FINITE, width=WIDTH, part=st.floats(0, 1), p=st.lists(SHARE, max_size=20))
def test_quantiles_rise_with_the_probability_and_stay_between_the_ends(low, width, part, p):
    high = low + width
    kinds = [
        Uniform(low=low, high=high),
        Triangular(low=low, mode=min(low + part * width, high), high=high),
        Beta(a=0.5 + part, b=2.0, low=low, high=high),
        Normal(mean=low, sd=width, low=low - width, high=high),
        LogUniform(low=width, high=3 * width),
        LogNormal(median=width, log_sd=0.1 + part, high=5 * width),
    ]
    shares = np.sort(np.array([0.0, *p, 1.0]))
    for kind in kinds:
        values = kind.at(shares)
        least, greatest = kind.ends
        assert (np.diff(values) >= 0).all()
        assert values.min() >= least
        assert values.max() <= greatest


def test_a_discrete_value_has_the_share_of_its_weight():
    one = Discrete(values=(1.0, 2.0, 5.0), weights=(1.0, 2.0, 1.0))
    p = (np.arange(400) + 0.5) / 400
    values, counts = np.unique(one.at(p), return_counts=True)
    assert values.tolist() == [1.0, 2.0, 5.0]
    assert counts.tolist() == [100, 200, 100]
    assert one.ends == (1.0, 5.0)
    assert not one.continuous


def test_a_value_depends_on_its_own_probability_alone():
    p = np.random.default_rng(0).random(257)
    for ours, _ in PAIRS:
        alone = np.array([ours.at(np.array([one]))[0] for one in p])
        assert ours.at(p).tobytes() == alone.tobytes()


@pytest.mark.parametrize("word", ["loguniform", "Log-uniform", "log uniform", "LOG_UNIFORM"])
def test_the_word_for_a_kind_may_be_spelled_in_any_way(word):
    assert READ.validate_python({"kind": word, "low": 1, "high": 2}) == LogUniform(low=1, high=2)


def test_records_pass_through_and_survive_a_round_trip():
    for ours, _ in PAIRS:
        assert READ.validate_python(ours) is ours
        assert READ.validate_python(ours.model_dump()) == ours
    assert READ.validate_python({"kind": "fixed"}) == Fixed()


WRONG = [
    ({"kind": "unifrm"}, "no distribution is called 'unifrm'; did you mean 'uniform'"),
    ({"low": 1, "high": 2}, "a distribution needs 'kind': uniform, loguniform"),
    ({"kind": "uniform", "low": 1}, "'uniform' needs 'high'"),
    ({"kind": "triangular", "low": 1}, "'triangular' needs 'high' and 'mode'"),
    ({"kind": "normal"}, "'normal' needs 'mean' and 'sd'"),
    ({"kind": "uniform", "low": 1, "hihg": 2}, "has no 'hihg'; did you mean 'high'"),
    ({"kind": "uniform", "low": 2, "high": 1}, "must end above its start; got low = 2, high = 1"),
    ({"kind": "uniform", "low": 1, "high": 1}, "must end above its start"),
    ({"kind": "uniform", "low": math.nan, "high": 1}, "finite number"),
    ({"kind": "loguniform", "low": 0, "high": 1}, "greater than 0"),
    ({"kind": "triangular", "low": 0, "high": 1, "mode": 2}, "mode = 2 lies outside 0 to 1"),
    ({"kind": "normal", "mean": 0, "sd": 0}, "greater than 0"),
    ({"kind": "normal", "mean": 0, "sd": 1, "low": 3, "high": 2}, "got low = 3, high = 2"),
    ({"kind": "normal", "mean": 0, "sd": 1, "low": 90, "high": 91}, "next to nothing of the"),
    ({"kind": "lognormal", "median": -1, "log_sd": 1}, "greater than 0"),
    ({"kind": "discrete", "values": []}, "at least 1 item"),
    ({"kind": "discrete", "values": [1, 1]}, "values must increase; 1 does not"),
    ({"kind": "discrete", "values": [1, 2], "weights": [1]}, "2 values but 1 weights"),
    (3, r"expected a table with 'kind' \(a distribution\), got 3"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_what_cannot_be_is_refused_with_what_is_wrong(given, message):
    with pytest.raises(ValidationError, match=message):
        READ.validate_python(given)
