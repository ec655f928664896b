"""A sweep with known modes, made by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

TIME = np.linspace(0.0, 40.0, 401)
KINDS = {
    "growth": lambda rate: np.exp(0.05 * rate * TIME),
    "collapse": lambda rate: np.exp(-rate * TIME),
    "damped oscillation": lambda rate: 3 + np.exp(-0.1 * TIME) * np.sin(TIME),
    "": lambda rate: np.where(TIME > 20, np.nan, 1.0),
}
COUNTS = {"growth": 50, "collapse": 30, "damped oscillation": 15, "": 5}


def made(**changes):
    """A sweep of 100 runs: 50 grow, 30 collapse, 15 swing with period 2 pi, 5 fail.

    The rate rises from run to run, so it decides the mode; the second parameter has no part in it.
    """
    rates = np.linspace(0.5, 1.0, 100)
    other = np.tile(np.linspace(1.0, 100.0, 10), 10)
    kinds = [kind for kind, count in COUNTS.items() for _ in range(count)]
    series = np.stack([KINDS[kind](rate) for kind, rate in zip(kinds, rates, strict=True)])
    attrs = {"design": json.dumps({"kind": "random"}), "study": "{}", "model": "nowhere"}
    return xr.Dataset(
        {
            "size of it": (("run", "time"), series, {"role": "series", "units": "m"}),
            "inputs": (("run", "parameter"), np.stack([rates, other], axis=1)),
        },
        coords={
            "run": np.arange(100), "time": ("time", TIME, {"units": "Year"}),
            "parameter": ["rate", "something else"], "unit": ("parameter", ["1/Year", "dmnl"]),
        },
        attrs=attrs | changes,
    )  # fmt: skip


@pytest.fixture
def swept():
    return made()


@pytest.fixture
def two_scenarios():
    """Runs 60 and on end 4 apart after a panic; the last five of them have failed."""
    calm, panic = made(), made()
    panic["size of it"][60:] = panic["size of it"][60:] + 4.0
    return xr.concat(
        [calm, panic], dim="scenario", data_vars=["size of it"], coords="minimal", compat="equals",
        join="exact",
    ).assign_coords(scenario=["calm", "panic"])  # fmt: skip
