"""A job's chunks against single runs, and whatever the chunks are."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.analysis.study.settling import settle
from loopscope.analysis.sweeping.job import Job
from loopscope.models.errors import LoopError

EPIDEMIC = Path(__file__).parents[3] / "docs" / "examples" / "epidemic.mdl"

STUDY = {
    "title": "How an epidemic goes",
    "runs": 48,
    "seed": 4,
    "saveper": 4.0,
    "parameters": {
        "infectivity": {"kind": "uniform", "low": 0.01, "high": 0.08},
        "normal contacts": {"kind": "uniform", "low": 2.0, "high": 12.0},
        "alarming number": {"kind": "loguniform", "low": 200.0, "high": 5000.0},
    },
    "design": {"kind": "latin hypercube"},
    "series": ["Infected", "infections", "infectivity"],
    "loops": {"track": ["R1", "B1", "B2", "B4"]},
    "metrics": [
        {"name": "peak", "of": "Infected", "metric": "max"},
        {"name": "when", "of": "Infected", "metric": "time of max"},
        {"name": "cases", "of": "infections", "metric": "total"},
        {"name": "shape", "of": "Infected", "metric": "mode"},
        {"name": "R1 late", "metric": "share", "loop": "R1", "from": 100, "to": 200},
        {"name": "R1 then", "metric": "share", "loop": "R1", "at": 40},
        {"name": "leader", "metric": "dominant loop", "at": 40},
        {"name": "first", "metric": "first shift"},
        {"name": "shifts", "metric": "shifts"},
    ],
}


@pytest.fixture(scope="module")
def settled():
    return settle(EPIDEMIC, STUDY)


@pytest.fixture(scope="module")
def job(settled):
    return Job(settled)


@pytest.fixture(scope="module")
def whole(job):
    return job.compute(0, 48)


@pytest.fixture(scope="module")
def plain(settled):
    """The same runs by ``simulate``, step by step."""
    swept = dict(zip(settled.parameters, settled.rows().T.copy(), strict=True))
    request = {**settled.request, "saveper": 0.0625}
    request["parameters"] = swept
    return models.simulate(EPIDEMIC, outputs=["Infected", "infections"], **request)


def test_a_chunk_is_what_the_template_says(job, whole):
    template = job.template
    assert list(whole) == list(template.variables)
    sizes = {"run": 48}
    for coord in template.coords.values():
        sizes |= dict(zip(coord.dims, coord.values.shape, strict=True))
    for name, variable in template.variables.items():
        assert whole[name].shape == tuple(sizes[dim] for dim in variable.dims)
        assert whole[name].dtype == variable.dtype
        assert whole[name].flags["C_CONTIGUOUS"]
        json.dumps(variable.attrs)
    assert template.coords["loop"].values.tolist() == ["R1", "B1", "B2", "B4"]
    assert job.bytes_per_run > sum(one[:1].nbytes for one in whole.values())


def test_series_and_metrics_are_those_of_the_runs(settled, whole, plain):
    stored = plain.sel(time=settled.times)
    np.testing.assert_array_equal(whole["Infected"], stored["Infected"])
    np.testing.assert_array_equal(whole["infections"], stored["infections"])
    place = settled.parameters.index("infectivity")
    swept = whole["inputs"][:, [place]]
    np.testing.assert_array_equal(whole["infectivity"], np.repeat(swept, len(settled.times), 1))
    ill, time = plain["Infected"].values, plain["time"].values
    np.testing.assert_array_equal(whole["peak"], ill.max(axis=1))
    np.testing.assert_array_equal(whole["when"], time[ill.argmax(axis=1)])
    total = np.trapezoid(plain["infections"].values, time, axis=1)
    np.testing.assert_allclose(whole["cases"], total, rtol=1e-12)
    assert len(np.unique(whole["shape"])) > 1


def test_shares_are_those_of_scores_of_the_runs(settled, whole):
    found = loops.find(settled.model)
    swept = dict(zip(settled.parameters, settled.rows().T.copy(), strict=True))
    scores = loops.batch_scores(found, tracked=settled.loops, parameters=swept, saveper=4.0)
    expected = scores["relative"].values.astype(np.float32)
    np.testing.assert_array_equal(whole["relative"], expected)
    words = np.array(["undefined", "equilibrium", "active", "inflection"])
    np.testing.assert_array_equal(words[whole["state"]], scores["status"])
    np.testing.assert_array_equal(whole["coverage"], 1.0)
    late = (settled.times >= 100) & (settled.times <= 200)
    size = np.abs(scores["relative"].sel(loop="R1").values)
    np.testing.assert_allclose(whole["R1 late"], size[:, late].mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(whole["R1 then"], size[:, settled.times == 40][:, 0], rtol=1e-6)


def test_leaders_and_shifts_follow_from_the_shares(settled, whole):
    sizes = np.abs(whole["relative"])
    at = int(np.flatnonzero(settled.times == 40)[0])
    np.testing.assert_array_equal(whole["leader"], sizes[:, at].argmax(axis=1))
    assert (np.isnan(whole["first"]) == (whole["shifts"] == 0)).all()
    assert 0 < whole["shifts"].max() < len(settled.times)


def test_chunks_change_no_byte(job, whole):
    cuts = [0, 1, 17, 18, 48]
    parts = [job.compute(a, b) for a, b in pairwise(cuts)]
    for name, values in whole.items():
        assert np.concatenate([part[name] for part in parts]).tobytes() == values.tobytes(), name


def test_another_process_computes_the_same(settled, whole):
    again = Job(pickle.loads(pickle.dumps(settled)))
    for name, values in again.compute(30, 40).items():
        assert values.tobytes() == whole[name][30:40].tobytes(), name


def test_shares_at_times_of_their_own_and_single_precision(settled):
    study = STUDY | {"precision": "single", "loops": {"track": ["R1", "B2"], "every": 20.0}}
    coarse = Job(settle(EPIDEMIC, study | {"metrics": STUDY["metrics"][:1]}))
    found = coarse.compute(0, 5)
    assert coarse.template.variables["relative"].dims == ("run", "loop_time", "loop")
    assert coarse.template.coords["loop_time"].values.tolist() == np.arange(0, 201, 20).tolist()
    assert found["Infected"].dtype == np.float32
    fine = Job(settled).compute(0, 5)
    np.testing.assert_array_equal(found["relative"], fine["relative"][:, ::5, [0, 2]])
    np.testing.assert_array_equal(found["peak"], fine["peak"])


FAILING = """{UTF-8}
x = INTEG(a*x*x, 1) ~~|
y = INTEG(SQRT(b - Time) + 0*x, 0) ~~|
a = 0 ~~|
b = 100 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 20 ~~|
TIME STEP = 0.125 ~~|
SAVEPER = 1 ~~|
"""


def test_runs_that_fail_say_where_and_have_no_numbers_from_then_on(tmp_path):
    path = tmp_path / "failing.mdl"
    path.write_text(FAILING, encoding="utf-8")
    study = {
        "runs": 32, "seed": 1, "series": ["x", "y"], "design": {"kind": "latin hypercube"},
        "parameters": {
            "a": {"kind": "uniform", "low": -0.1, "high": 0.1},
            "b": {"kind": "uniform", "low": 5, "high": 40},
        },
        "metrics": [{"name": "least", "of": "y", "metric": "min"}],
    }  # fmt: skip
    job = Job(settle(path, study))
    found = job.compute(0, 32)
    one_by_one = models.simulate(
        path, parameters={"a": found["inputs"][:, 0], "b": found["inputs"][:, 1]}
    )
    words = json.loads(job.template.attrs["variables"])
    failed = np.isfinite(found["failed_at"])
    assert 5 < failed.sum() < 30
    for run in range(32):
        status = "ok"
        if failed[run]:
            name = words[found["failed_in"][run]]
            status = f"not finite: '{name}' at time {found['failed_at'][run]:g}"
        assert status == one_by_one["status"].values[run]
    np.testing.assert_array_equal(found["x"], one_by_one["x"])
    np.testing.assert_array_equal(found["y"], one_by_one["y"])
    assert (found["failed_in"][~failed] == -1).all()
    assert (np.isnan(found["least"]) == failed).all()


def test_loops_that_pass_things_on_in_jumps_are_refused(tmp_path):
    path = tmp_path / "jumping.mdl"
    text = FAILING.replace("y = INTEG(SQRT(b - Time) + 0*x, 0)", "y = DELAY FIXED(x, 1, 0)")
    path.write_text(text.replace("a*x*x", "b - a*y"), encoding="utf-8")
    study = {"runs": 8, "parameters": {"a": {"kind": "uniform", "low": 0, "high": 1}},
             "loops": {"track": "all"}}  # fmt: skip
    job = Job(settle(path, study))
    with pytest.raises(LoopError, match="jumps"):
        job.compute(0, 8)
