"""What a run is given from outside, as far as its loops feel it.

Stage 4 of 4.  In: the arguments of a simulation.  Out: ``Settings``: what is held at given values,
so that nothing acts on it, and what follows a path, so that the path drives the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.engine.arguments import default_of
from loopscope.models.engine.overrides import collect
from loopscope.models.engine.request import named
from loopscope.models.scenario import Change, Points, reached

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from loopscope.loops.batch.readings import Slopes
    from loopscope.models.engine.overrides import Overrides
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.engine.request import Request
    from loopscope.models.scenario import Scenario, TimePath

NEAR = 1e-9
"""Relative width within which a saved time is the time at which a path bends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one simulation.

    Attributes
    ----------
    held
        Variables, other than constants, that are held at given values.
    slopes
        By name of a parameter or held variable: where its path rises or falls.
    """

    prepared: Prepared
    scenario: str | Scenario | None
    request: Request
    overrides: Overrides
    held: frozenset[str]
    slopes: Mapping[str, Slopes]

    def shared(self) -> xr.Dataset:
        """Simulate once with what all runs share, and the model's own values elsewhere."""
        from loopscope.models.engine.simulate import run, to_dataset

        return to_dataset(run(self.prepared, self.scenario, **self._shared()))

    def reached(self) -> dict[str, Any]:
        """Return the values that what is given takes, by authored name; defaults left out."""
        paths = {name: reached(path) for name, path in self.overrides.paths.items()}
        return {**self.overrides.numbers, **self.overrides.arrays, **paths}

    def text(self) -> str:
        """Return a text that differs between any two such runs."""
        return repr((self.scenario, sorted(self._shared().items())))

    def _shared(self) -> Request:
        request: Request = {**self.request}
        request["parameters"] = _single(self.request.get("parameters"))
        request["initial"] = _single(self.request.get("initial"))
        return request


def settings_of(prepared: Prepared, scenario: str | Scenario | None, request: Request) -> Settings:
    """Return what a simulation with these arguments is given.

    Raises
    ------
    RunError
        As ``models.simulate``.
    """
    case, chosen = named(prepared.path, request.get("case"), scenario)
    overrides = collect(
        prepared, case=case, scenario=chosen, parameters=request.get("parameters"),
        initial=request.get("initial"), lookups=request.get("lookups"),
    )  # fmt: skip
    given = {*overrides.numbers, *overrides.arrays, *overrides.paths}
    slopes = {
        name: _slopes(path, default_of(prepared, overrides, name))
        for name, path in overrides.paths.items()
    }
    return Settings(
        prepared=prepared,
        scenario=scenario,
        request=request,
        overrides=overrides,
        held=frozenset(given - set(prepared.parameters)),
        slopes={name: found for name, found in slopes.items() if found},
    )


def _slopes(path: TimePath, default: float) -> Slopes:
    if isinstance(path, Change) and path.ramp and path.value != default:
        last = min(path.start + path.ramp, path.to)
        bends = [(path.start, last, (path.value - default) / path.ramp)]
    elif isinstance(path, Points) and path.between == "linear":
        steps = zip(pairwise(path.times), pairwise(path.values), strict=True)
        bends = [(a, b, (y - x) / (b - a)) for (a, b), (x, y) in steps if x != y]
    else:
        bends = []
    return tuple((_before(first), _before(last), slope) for first, last, slope in bends)


def _before(time: float) -> float:
    return time - NEAR * max(1.0, abs(time))


def _single(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: value
        for name, value in (given or {}).items()
        if isinstance(value, dict) or np.ndim(value) == 0
    }
