"""Failed runs of a batch, looked into together; and batches that are parts of larger ones."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import models
from loopscope.models.engine.execute import compute, execute
from loopscope.models.engine.locating import locate
from loopscope.models.engine.overrides import collect
from loopscope.models.engine.plan import plan
from loopscope.models.engine.simulate import prepared_of, run

MODEL = """{UTF-8}
x = INTEG(a*x*x - shock, 1) ~~|
y = INTEG(LN(b - x), 0) ~~|
root = SQRT(c - Time) ~~|
z = INTEG(root, 0) ~~|
shock = %s ~~|
a = 0.1 ~~|
b = 100 ~~|
c = 100 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 20 ~~|
TIME STEP = 0.03125 ~~|
SAVEPER = 1 ~~|
"""


@pytest.fixture(scope="module", params=["0", "RANDOM UNIFORM(-0.5, 0.1, 1)"])
def model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("failing") / "failing.mdl"
    path.write_text(MODEL % request.param, encoding="utf-8")
    return models.load(path)


def swept(runs):
    rng = np.random.default_rng(2)
    return {
        "a": rng.uniform(-0.05, 0.09, runs), "b": rng.uniform(1.5, 100, runs),
        "c": rng.uniform(-1, 60, runs),
    }  # fmt: skip


def laid_out(model, parameters, method="Euler", origin=0):
    prepared = prepared_of(model)
    return plan(
        prepared, collect(prepared, parameters=parameters),
        clock={"start": None, "stop": None, "dt": None, "saveper": None}, method=method,
        outputs=["x", "y", "z"], seed=3, origin=origin,
    )  # fmt: skip


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_runs_fail_together_where_they_fail_one_by_one(model, method):
    asked = laid_out(model, swept(45), method)
    one_by_one = execute(asked).failures
    assert 10 < len(one_by_one) < 45
    assert len({failure.variable for failure in one_by_one.values()}) > 1
    found = locate(asked, compute(asked, threads=1).failed)
    assert found.runs.tolist() == sorted(one_by_one)
    for place, variable, time in zip(found.runs, found.variable, found.time, strict=True):
        failure = one_by_one[int(place)]
        assert (found.names[variable], float(time)) == (failure.variable, failure.time)


def test_parts_of_a_batch_are_the_batch(model, same_bits):
    parameters = swept(45)
    whole = run(model, parameters=parameters, outputs=["x", "y", "root"], seed=3)
    for first, last in ((0, 20), (20, 21), (21, 45)):
        part = run(
            model, parameters={name: row[first:last] for name, row in parameters.items()},
            outputs=["x", "y", "root"], seed=3, origin=first,
        )  # fmt: skip
        for name in ("x", "y", "root"):
            assert same_bits(part.values[name], whole.values[name][first:last])
        for place, failure in part.failures.items():
            assert failure == whole.failures[first + place]
        assert len(part.failures) == sum(first <= n < last for n in whole.failures)


def test_a_run_that_fails_only_beyond_its_end_has_not_failed(model):
    asked = laid_out(model, {"c": [19.999, 20.5]})
    done = compute(asked, threads=1)
    found = locate(asked, done.failed)
    assert found.runs.tolist() == [*execute(asked).failures]
