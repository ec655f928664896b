"""Metrics that the kernel keeps while it runs, against numpy on all steps of the same runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import models
from loopscope.models.engine.metrics import RIPPLE, SHARE, Metric, Reducing
from loopscope.models.engine.request import Extension
from loopscope.models.engine.simulate import run

PLAIN = ("final", "min", "max", "time of min", "time of max", "mean", "total", "period")
WINDOWS = ((None, None), (2.0, 7.0), (3.1, 3.2), (3.0, 3.0), (3.01, 3.02), (-5.0, 0.3))

MODEL = """{UTF-8}
x = INTEG(v, a) ~~|
v = INTEG(-k*x - c*v + push, 0) ~~|
push = p*SIN(3*Time) ~~|
a = 1 ~~|
k = 4 ~~|
c = 0.3 ~~|
p = 0 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 10 ~~|
TIME STEP = 0.125 ~~|
SAVEPER = 1 ~~|
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("metrics") / "spring.mdl"
    path.write_text(MODEL, encoding="utf-8")
    return models.load(path)


def reduced(model, metrics, outputs=("x",), **request):
    """Metrics, dims (metric, run), and the run they are of."""
    reducing = Reducing(tuple(metrics))
    equations = models.symbolise(model)
    extension = Extension(
        name=reducing.name, equations=lambda: equations, outputs=outputs,
        reductions=reducing.reductions, numbers=reducing.numbers, paths=reducing.paths,
        apart=(reducing.apart,),
    )  # fmt: skip
    found = run(model, extension=extension, **request)
    return reducing.of(found.apart[0], found.plan.times), found


def turns(x, time):
    """(time, value) of the turns of a series, told the slow way."""
    found, sense, best = [], 0, 0
    for k in range(len(x)):
        low, high = x[: k + 1].min(), x[: k + 1].max()
        least = max(SHARE * (high - low), RIPPLE * max(abs(high), abs(low)))
        if sense == 0:
            sense = 1 if x[k] > low + least else -1 if x[k] < high - least else 0
            best = k
        elif sense * x[k] < sense * x[best] - least:
            found.append((time[best], x[best]))
            sense, best = -sense, k
        elif sense * x[k] > sense * x[best]:
            best = k
    return found


def crossings(x, time, level, direction):
    found = []
    for k in range(1, len(x)):
        up, down = x[k - 1] < level <= x[k], x[k - 1] > level >= x[k]
        if (up and direction != "down") or (down and direction != "up"):
            part = (level - x[k - 1]) / (x[k] - x[k - 1])
            found.append(time[k - 1] + part * (time[k] - time[k - 1]))
    return found


def by_numpy(metric, x, time):
    """One metric of one run, from all its steps."""
    inside = np.ones(len(time), bool)
    inside &= time >= (-np.inf if metric.start is None else metric.start - 1e-9)
    inside &= time <= (np.inf if metric.stop is None else metric.stop + 1e-9)
    x, time = x[inside], time[inside]
    if not len(x):
        return np.nan
    turned = turns(x, time)
    moments = [t for t, _ in turned]
    came = [] if metric.level is None else crossings(x, time, metric.level, metric.direction)
    match metric.kind:
        case "final":
            return x[-1]
        case "min" | "max":
            return getattr(x, metric.kind)()
        case "time of min":
            return time[np.argmin(x)]
        case "time of max":
            return time[np.argmax(x)]
        case "total":
            return np.trapezoid(x, time)
        case "mean":
            return np.trapezoid(x, time) / (time[-1] - time[0]) if len(x) > 1 else x[0]
        case "count":
            return len(came)
        case "crossing" | "last crossing":
            return came[0 if metric.kind == "crossing" else -1] if came else np.nan
        case "amplitude":
            swings = np.abs(np.diff([value for _, value in turned]))
            return swings.mean() / 2 if len(turned) >= 2 else np.nan
        case "period":
            alike = moments if len(moments) % 2 else moments[1:]
            return np.diff(alike[::2]).mean() if len(moments) >= 3 else np.nan
    raise AssertionError


ASKED = [
    *(
        Metric(of="x", kind=kind, start=a, stop=b)
        for kind in (*PLAIN, "amplitude")
        for a, b in WINDOWS
    ),
    *(
        Metric(of="x", kind=kind, level=level, direction=direction, start=a, stop=b)
        for kind in ("crossing", "last crossing", "count")
        for level in (0.0, 0.25)
        for direction in ("up", "down", "either")
        for a, b in WINDOWS[:2]
    ),
]  # fmt: skip


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_metrics_are_those_of_all_steps(model, method):
    rng = np.random.default_rng(5)
    swept = {"a": rng.uniform(-1, 1, 21), "k": rng.uniform(0, 9, 21), "c": rng.uniform(0, 3, 21)}
    swept["p"] = np.where(rng.random(21) < 0.5, 0.0, rng.uniform(0, 2, 21))
    found, _ = reduced(model, ASKED, parameters=swept, method=method)
    every = models.simulate(model, parameters=swept, method=method, saveper=0.125, outputs=["x"])
    x, time = every["x"].values, every["time"].values
    for metric, row in zip(ASKED, found, strict=True):
        expected = [by_numpy(metric, one, time) for one in x]
        np.testing.assert_allclose(row, expected, rtol=1e-10, atol=1e-12, err_msg=str(metric))


def test_a_spring_has_its_period_and_its_amplitude(model):
    asked = [Metric(of="x", kind=kind) for kind in ("period", "amplitude", "count")]
    asked[2] = Metric(of="x", kind="count", level=0.0, direction="down")
    found, _ = reduced(
        model, asked, parameters={"k": [4.0, np.pi**2], "c": 0.0}, method="RK4", dt=1 / 64, stop=40
    )
    np.testing.assert_allclose(found[0], [np.pi, 2.0], atol=2 / 64 / 10)
    np.testing.assert_allclose(found[1], 1.0, rtol=1e-3)
    np.testing.assert_array_equal(found[2], [13, 20])


def test_rounding_ripples_are_no_turns(model):
    asked = [Metric(of="x", kind=kind) for kind in ("period", "amplitude")]
    found, saved = reduced(model, asked, parameters={"a": [1e9, 0.0], "k": 1e-22, "p": [0.0, 0.0]})
    assert np.isnan(found).all()
    assert np.ptp(saved.values["x"][0]) < 1.0


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 3))
def test_metrics_do_not_depend_on_the_batch_the_tile_or_the_threads(model, seed, runs, threads):
    rng = np.random.default_rng(seed)
    swept = {"a": rng.uniform(-1, 1, runs), "k": rng.uniform(0, 9, runs)}
    whole, _ = reduced(model, ASKED, parameters=swept, threads=threads)
    cut = int(rng.integers(0, runs))
    first = {name: values[: cut + 1] for name, values in swept.items()}
    part, _ = reduced(model, ASKED, parameters=first)
    assert part.tobytes() == whole[:, : cut + 1].tobytes()


def test_what_is_kept_changes_no_bit_of_the_run(model):
    swept = {"a": np.linspace(-1, 1, 9)}
    _, with_metrics = reduced(model, ASKED, outputs=("x", "v", "push"), parameters=swept)
    alone = run(model, outputs=["x", "v", "push"], parameters=swept)
    for name in ("x", "v", "push"):
        assert with_metrics.values[name].tobytes() == alone.values[name].tobytes()


def test_metrics_of_a_constant_and_of_what_is_swept(model):
    asked = [Metric(of="k", kind=kind) for kind in ("final", "max", "mean")]
    found, _ = reduced(model, asked, parameters={"k": [1.0, 2.0]})
    np.testing.assert_allclose(found, [[1.0, 2.0]] * 3, rtol=1e-12)
    asked = [Metric(of="c", kind=kind) for kind in ("final", "total")]
    found, _ = reduced(model, asked, parameters={"k": [1.0, 2.0]})
    np.testing.assert_allclose(found, [[0.3, 0.3], [3.0, 3.0]], rtol=1e-12)


def test_a_metric_ends_no_run(tmp_path):
    """The integral of what grows to 1e308 is infinite; the run is not."""
    path = tmp_path / "huge.mdl"
    path.write_text(
        "{UTF-8}\nx=INTEG(0, a)~~|\na=1e308~~|\nINITIAL TIME=0~~|\nFINAL TIME=20~~|\n"
        "TIME STEP=1~~|\nSAVEPER=1~~|\n",
        encoding="utf-8",
    )
    found, saved = reduced(
        models.load(path), [Metric(of="x", kind="total")], parameters={"a": [1.0, 1e308]}
    )
    np.testing.assert_array_equal(found, [[20.0, np.inf]])
    assert not saved.failures
    assert np.isfinite(saved.values["x"]).all()
