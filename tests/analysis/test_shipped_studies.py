"""The studies that come with the migration policy model: they run, and show what they say."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import analysis
from loopscope.analysis.study.files import read, studies
from loopscope.analysis.study.settling import settle
from loopscope.models.source import LIBRARY

MODEL = LIBRARY / "migration_policy" / "model.mdl"
NAMES = (
    "amnesty_period", "diaspora_and_lobby", "enforcement_backfire", "fertility_gap", "global",
    "policy_resistance", "stringency_oscillation",
)  # fmt: skip


def smaller(name, **changes):
    """A shipped study without loops and their metrics, and with fewer runs."""
    study = read(studies(MODEL)[name]).study
    of_variables = tuple(one for one in study.metrics if getattr(one, "loop", None) is None)
    words = ("share", "first shift", "last shift", "shifts", "dominant loop")
    kept = tuple(one for one in of_variables if one.metric not in words)
    return study.model_copy(update={"loops": None, "metrics": kept} | changes)


def grid(name, levels):
    study = read(studies(MODEL)[name]).study
    return smaller(name, design=study.design.model_copy(update={"levels": levels}))


def test_all_are_found_by_name():
    assert tuple(sorted(studies(MODEL))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_fits_the_model_and_says_what_it_asks(name):
    study = read(studies(MODEL)[name]).study
    settled = settle("migration_policy", name)
    assert study.title
    assert study.about.strip()
    assert settled.metrics
    assert settled.series
    assert len(settled.rows(0, 4)) == 4
    assert settled.runs <= 20_000


def test_enforcement_backfires_with_its_effect_on_return_and_less_with_removals():
    swept = analysis.sweep("migration_policy", grid("enforcement_backfire", 4))
    stock = swept["irregular migrants in 2050"]
    ratio = (stock.sel(scenario="border build-up") / stock.sel(scenario="base")).values
    ratio = ratio.reshape(4, 4)
    assert (np.diff(ratio, axis=0) > 0).all()
    assert (np.diff(ratio, axis=1) < 0).all()
    assert ratio[0].max() < 0.8
    assert ratio[-1].min() > 1.1
    entries = swept["irregular entries in 2050"]
    fall = entries.sel(scenario="border build-up") / entries.sel(scenario="base")
    assert 0.7 < float(fall.min()) <= float(fall.max()) < 0.8


def test_a_shock_locks_in_only_near_the_threshold_of_displacement_and_with_a_strong_response():
    # Levels of displacement 0, 0.12, 0.24, 0.36, 0.48, 0.6 and of the response 0, 3, 6, ... 15.
    swept = analysis.sweep("migration_policy", grid("policy_resistance", 6))
    found = analysis.modes(swept, "policy stringency", between=("security panic", "base"), gap=0.1)
    locked = found["locked"].squeeze().values.reshape(6, 6)
    assert locked[3].tolist() == [False, False, True, True, True, True]
    assert not np.delete(locked, 3, axis=0).any()


def test_stringency_swings_only_where_politics_answers_strongly():
    swept = analysis.sweep("migration_policy", smaller("stringency_oscillation"), runs=256)
    swings = (swept["amplitude, late"] > 0.1).values
    response = swept["inputs"].sel(parameter="response to irregular migration").values
    assert not swings[response < 8].any()
    assert swings[response > 20].mean() > 0.5


def test_fewer_births_age_the_population_and_an_open_channel_hardly_helps():
    swept = analysis.sweep("migration_policy", grid("fertility_gap", 3))
    ratio = swept["support ratio in 2050"].values.reshape(3, 3)
    by_births, by_channel = ratio[-1] - ratio[0], ratio[:, 0] - ratio[:, -1]
    assert (by_births > 4 * by_channel.max()).all()
    assert (by_channel > 0).all()


def test_amnesties_come_back_every_seven_to_sixteen_years_where_they_do():
    swept = analysis.sweep("migration_policy", smaller("amnesty_period"), runs=256)
    often = swept["amnesties from 2020 on"].values >= 3
    assert 0.2 < often.mean() < 0.45
    low, high = np.quantile(swept["period of amnesties"].values[often], [0.1, 0.9])
    assert 6 < low < high < 18
