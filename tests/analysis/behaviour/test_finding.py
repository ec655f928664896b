"""Modes of a sweep: shares, periods, lock-in and surprises, on sweeps with known answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from loopscope.analysis.behaviour.classifying import MODES
from loopscope.analysis.behaviour.finding import modes
from loopscope.analysis.behaviour.foreseen import documented
from loopscope.models.errors import StudyError

COUNTS = {"growth": 50, "collapse": 30, "damped oscillation": 15, "": 5}


def test_shares_are_of_runs_that_did_not_fail_and_those_are_told(swept):
    found = modes(swept)
    assert float(found["failed"].squeeze()) == pytest.approx(0.05)
    share = found["share"].sel(outcome="size of it")
    for kind, count in COUNTS.items():
        if kind:
            assert float(share.sel(mode=kind)) == pytest.approx(count / 95)
    assert float(share.sum()) == pytest.approx(1)
    # Wilson (1927) for 50 of 95: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
    low, high = (
        float(found[name].sel(mode="growth").squeeze()) for name in ("share_low", "share_high")
    )
    assert (low, high) == (pytest.approx(0.4268, abs=2e-4), pytest.approx(0.6238, abs=2e-4))


def test_codes_name_the_mode_of_each_run(swept):
    codes = modes(swept)["code"].sel(outcome="size of it").values
    names = ["" if code < 0 else MODES[code] for code in codes]
    assert names == [kind for kind, count in COUNTS.items() for _ in range(count)]


def test_an_oscillation_has_its_period_and_its_damping_ratio(swept):
    # exp(-0.1 t) sin(t): zeta = 0.1 / sqrt(1 + 0.01).
    found = modes(swept).sel(outcome="size of it", mode="damped oscillation", quantile=0.5)
    assert float(found["period"]) == pytest.approx(2 * np.pi, rel=1e-3)
    assert float(found["damping"]) == pytest.approx(0.1 / np.sqrt(1.01), abs=2e-3)
    assert modes(swept)["period"].attrs["units"] == "Year"


def test_runs_that_share_values_widen_the_intervals(swept):
    design = json.dumps({"kind": "saltelli", "second_order": False})
    blocks = modes(swept.assign_attrs(design=design)).sel(mode="growth")
    alone = modes(swept).sel(mode="growth")
    width = [float((one["share_high"] - one["share_low"]).squeeze()) for one in (alone, blocks)]
    assert width[1] > 1.2 * width[0]


def test_a_mode_that_no_list_has_is_a_surprise_and_one_of_a_listed_family_is_not(swept):
    found = modes(swept, listed=["growth", "oscillation"])
    (surprise,) = json.loads(found.attrs["surprises"])
    assert surprise == "size of it: collapse, not listed, in 30 runs (31.58%)"
    assert not bool(found["foreseen"].sel(mode="collapse").squeeze())
    assert json.loads(modes(swept).attrs["surprises"]) == []


def test_what_a_model_lists_of_its_modes_is_read_from_its_checks():
    lists = documented("migration_policy")
    assert "oscillation" in lists["policy stringency"]
    assert "collapse" not in lists["policy stringency"]
    assert documented("no model of this name") == {}


def test_runs_that_stay_apart_after_a_shock_are_locked_in(two_scenarios):
    found = modes(two_scenarios, between=("panic", "calm"), gap=3.0)
    # Runs 60 to 94 end 4 apart; the last five have failed.
    assert float(found["lock_in"].squeeze()) == pytest.approx(35 / 95)
    assert found["locked"].squeeze().values.nonzero()[0].tolist() == list(range(60, 95))
    assert found["share"].dims == ("scenario", "outcome", "mode")


def test_a_metric_of_modes_gives_the_same_shares_as_its_series(swept):
    codes = modes(swept)["code"].squeeze().values.astype(float)
    swept["how it goes"] = (
        ("run",), np.where(codes < 0, np.nan, codes),
        {"role": "metric", "metric": "mode", "labels": json.dumps(MODES)},
    )  # fmt: skip
    both = modes(swept, ["how it goes", "size of it"])
    np.testing.assert_array_equal(*both["share"].values)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"of": "size of itt"}, "did you mean 'size of it'"),
        ({"listed": ["groth"]}, "no mode of behaviour 'groth'; did you mean 'growth'"),
        ({"between": ("panic", "calm")}, "no scenario 'panic'; it has none"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(swept, arguments, words):
    with pytest.raises(StudyError, match=words):
        modes(swept, **arguments)


def test_a_sweep_without_series_says_how_to_get_some(swept):
    with pytest.raises(StudyError, match=r"name series in its study \(series = \[...\]\)"):
        modes(swept.drop_vars("size of it"))
