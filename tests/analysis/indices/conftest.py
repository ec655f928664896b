"""Sweeps made from functions whose indices are known, in the form that a sweep has."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr


def problem(parameters, groups=None, bounds=None):
    """What SALib calls its problem, on unit ranges."""
    asked = {
        "num_vars": len(parameters),
        "names": list(parameters),
        "bounds": bounds or [[0.0, 1.0]] * len(parameters),
    }
    return asked | ({"groups": list(groups)} if groups else {})


def sweep_of(
    inputs,
    parameters,
    kind,
    *,
    series=None,
    metrics=None,
    shares=None,
    labels=None,
    time=None,
    loop_time=None,
    failed=None,
    correlations=(),
    scenarios=None,
    **design,
):
    """A Dataset as analysis.sweep gives it; series have dims (run, time), metrics (run,)."""
    lead = ("scenario",) if scenarios else ()
    variables = {"inputs": (("run", "parameter"), inputs)}
    for name, values in (series or {}).items():
        variables[name] = ((*lead, "run", "time"), values, {"role": "series", "units": "people"})
    for name, values in (metrics or {}).items():
        attrs = {"role": "metric", "units": "people"}
        if labels and name in labels:
            attrs["labels"] = json.dumps(labels[name])
        variables[name] = ((*lead, "run"), values, attrs)
    coords = {"run": np.arange(len(inputs)), "parameter": list(parameters)}
    coords["unit"] = ("parameter", ["1/year"] * len(parameters))
    if time is not None:
        coords["time"] = ("time", np.asarray(time, float), {"units": "year"})
    if shares is not None:
        own = "time" if loop_time is None else "loop_time"
        variables["relative"] = ((*lead, "run", own, "loop"), shares, {"role": "share"})
        coords["loop"] = [f"R{n + 1}" for n in range(shares.shape[-1])]
        coords["loop_name"] = ("loop", [f"loop {n + 1}" for n in range(shares.shape[-1])])
        if loop_time is not None:
            coords["loop_time"] = np.asarray(loop_time, float)
    if scenarios:
        coords["scenario"] = scenarios
    if failed is not None:
        variables["failed_at"] = ((*lead, "run"), failed)
    if correlations:
        design["correlated"] = [list(one) for one in correlations]
    attrs = {"design": json.dumps({"kind": kind, **design}), "title": "a sweep"}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


@pytest.fixture(name="sweep_of")
def _sweep_of():
    return sweep_of


@pytest.fixture(name="problem")
def _problem():
    return problem


@pytest.fixture
def saltelli():
    """Saltelli rows on the unit cube, from SALib."""
    from SALib.sample import sobol

    def rows(parameters, base, *, second_order=True, groups=None, seed=1):
        return sobol.sample(
            problem(parameters, groups), base, calc_second_order=second_order, seed=seed
        )

    return rows


def ishigami(u, a=7.0, b=0.1):
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices(a=7.0, b=0.1):
    """First, total and (0, 2) second-order index: Ishigami & Homma (1990), Sobol' decomposition."""
    v1 = (1 + b * np.pi**4 / 5) ** 2 / 2
    v2 = a**2 / 8
    v13 = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    v = v1 + v2 + v13
    return np.array([v1, v2, 0]) / v, np.array([v1 + v13, v2, v13]) / v, v13 / v


@pytest.fixture(name="ishigami")
def _ishigami():
    return ishigami


@pytest.fixture(name="ishigami_indices")
def _ishigami_indices():
    return ishigami_indices


@pytest.fixture
def uniform():
    """Independent rows on the unit cube."""

    def rows(parameters, runs, seed=1):
        return np.random.default_rng(seed).random((runs, len(parameters)))

    return rows
