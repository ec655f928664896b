"""Sweeps whose dominance is known: written by hand, or of models with a closed form."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from loopscope import loops, models
from loopscope.analysis.dominating.bench import Bench

LOGISTIC = """{UTF-8}
r = 0.3 ~ 1/year [0.1, 0.6] ~ |
K = 100 ~ people [20, 400] ~ |
births = r * P ~ people/year ~ |
deaths = r * P * P / K ~ people/year ~ |
P = INTEG(births - deaths, 1) ~ people ~ |
INITIAL TIME = 0 ~ year ~ |
FINAL TIME = 40 ~ year ~ |
TIME STEP = 0.0625 ~ year ~ |
SAVEPER = 0.25 ~ year ~ |
"""


@pytest.fixture(scope="session")
def logistic(tmp_path_factory):
    """Growth to a capacity: R1 hands over to B1 at half of it, after ln(K - 1) / r years."""
    path = tmp_path_factory.mktemp("logistic") / "logistic.mdl"
    path.write_text(LOGISTIC, encoding="utf-8")
    return loops.find(models.load(path))


@pytest.fixture(scope="session")
def bench(logistic):
    return Bench(
        found=logistic,
        tracked=("R1", "B1"),
        parameters=("r", "K"),
        units=("1/year", "people"),
        low=np.array([0.1, 20.0]),
        high=np.array([0.6, 400.0]),
        base=np.array([0.3, 100.0]),
        request={"method": "RK4"},
    )


@pytest.fixture(scope="session")
def logistic_sweep(logistic):
    """Sweep the logistic model over rows of (r, K), as a sweep stores it."""

    def sweep(rows, kind="random", **design):
        scored = loops.batch_scores(
            logistic, parameters={"r": rows[:, 0], "K": rows[:, 1]}, method="RK4", outputs=["P"]
        )
        made = written(rows, scored["time"].values, scored["relative"].values, kind, **design)
        made = made.assign_coords(
            parameter=["r", "K"], loop=["R1", "B1"], polarity=("loop", ["R", "B"])
        )
        facts = {"role": "series", "units": "people"}
        return made.assign({"P": (("run", "time"), scored["P"].values, facts)})

    return sweep


@pytest.fixture(scope="session")
def write_sweep():
    """Write a sweep by its contract, of shares at hand, dims (run, time, loop)."""
    return written


def written(inputs, time, relative, kind="random", **design):
    inputs, relative = np.asarray(inputs, dtype=float), np.asarray(relative)
    runs, times, count = relative.shape
    return xr.Dataset(
        {
            "inputs": (("run", "parameter"), inputs),
            "relative": (("run", "time", "loop"), relative.astype("f4"), {"role": "share"}),
            "state": (("run", "time"), np.full((runs, times), 2, dtype="i1")),
            "coverage": (("run",), np.ones(runs)),
            "failed_at": (("run",), np.full(runs, np.nan)),
            "failed_in": (("run",), np.full(runs, -1, dtype="i4")),
        },
        coords={
            "run": np.arange(runs),
            "time": ("time", np.asarray(time, dtype=float), {"units": "year"}),
            "parameter": [f"p{one}" for one in range(inputs.shape[1])],
            "unit": ("parameter", [""] * inputs.shape[1]),
            "loop": [f"R{one + 1}" for one in range(count)],
            "loop_name": ("loop", [f"loop number {one + 1}" for one in range(count)]),
            "polarity": ("loop", ["R"] * count),
        },
        attrs={"design": json.dumps({"kind": kind, **design}), "study": "{}", "model": "toy"},
    )


@pytest.fixture
def four():
    """Four runs of three loops at five times, the last of which fails at time 3.

    Run 0: R1 throughout.  Run 1: R1, R1, R2, R2, R2.  Run 2: R1, R2, at rest, R3, R3.
    """
    leads = [[0, 0, 0, 0, 0], [0, 0, 1, 1, 1], [0, 1, 1, 2, 2], [1, 1, 1, 1, 1]]
    relative = np.full((4, 5, 3), 0.1)
    for run, row in enumerate(leads):
        for time, loop in enumerate(row):
            relative[run, time, loop] = 0.4
    swept = written(np.arange(8).reshape(4, 2), np.arange(5), relative)
    swept["state"].values[2, 2] = 1
    swept["failed_at"].values[3] = 3.0
    swept["relative"].values[3, 3:] = np.nan
    swept["state"].values[3, 3:] = 0
    peak = [1.0, 2.0, 3.0, np.nan]
    facts = {"role": "metric", "metric": "max", "units": "people"}
    labels = {"role": "metric", "labels": json.dumps(["growth", "collapse"])}
    return swept.assign(
        {
            "peak irregular": ("run", peak, facts),
            "fate": ("run", [0.0, 1.0, 1.0, np.nan], labels),
            "people": (("run", "time"), np.outer(peak, np.arange(5)), {"role": "series"}),
        }
    )
