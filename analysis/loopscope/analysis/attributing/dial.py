"""Runs of a model at chosen strengths of its mechanisms.

In: a dialled model and everything else that a run is asked for.  Out: outcomes, and their
derivatives by every strength, as plain arrays; many strengths and many runs in one batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.engine.simulate import run
from loopscope.models.sensitivity import slopes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.models.engine.overrides import Overrides
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.engine.request import Request

    Numbers = NDArray[np.float64]
    Rows = NDArray[np.int64]

BATCH = 2**26
"""Bytes of results of one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """What all runs share.

    Attributes
    ----------
    prepared
        The dialled model; see ``dialling``.
    strengths
        Names of the strengths, one for each mechanism.
    outputs
        Authored names of the outcomes.
    overrides
        Settings of the case, the scenario and the caller; their arrays have one value a run.
    request
        Times, method and threads, as for ``simulate``.
    time
        Saved times, dims (time,).
    """

    prepared: Prepared
    strengths: tuple[str, ...]
    outputs: tuple[str, ...]
    overrides: Overrides
    request: Request
    time: Numbers

    @property
    def runs(self) -> int:
        """Runs of the ensemble; 1 without one."""
        return self.overrides.runs or 1

    def values(self, rows: Rows, strengths: Numbers) -> tuple[Numbers, dict[int, str]]:
        """Return outcomes, dims (outcome, point, time), and what failed by point.

        Parameters
        ----------
        rows
            Run of the ensemble of each point, dims (point,).
        strengths
            Dims (point, mechanism).
        """
        most = max(2, BATCH // (8 * len(self.outputs) * len(self.time)))
        found = np.empty((len(self.outputs), len(rows), len(self.time)))
        failed: dict[int, str] = {}
        for first in range(0, len(rows), most):
            part = slice(first, first + most)
            # A single run has a kernel of its own; a pair shares that of all batches.
            least = slice(None) if len(rows[part]) > 1 else [0, 0]
            asked = self._asked(rows[part][least], strengths[part][least])
            asked["outputs"] = self.outputs
            result = run(self.prepared, None, **asked)
            for place, name in enumerate(self.outputs):
                found[place, part] = result.values[name][: len(rows[part])]
            failed |= {
                first + number: str(one)
                for number, one in result.failures.items()
                if number < len(rows[part])
            }
        return found, failed

    def slopes(self, rows: Rows, along: Numbers) -> tuple[Numbers, dict[int, str]]:
        """Return derivatives on the diagonal, and what failed by point.

        Parameters
        ----------
        rows
            Run of the ensemble of each point, dims (point,).
        along
            The strength that all mechanisms have, dims (point,).

        Returns
        -------
        array
            Dims (outcome, point, mechanism, time), in the unit of the outcome.

        Notes
        -----
        With m mechanisms a point costs about as much as 1 + m runs of a model twice the size.
        """
        strengths = np.repeat(along[:, None], len(self.strengths), axis=1)
        asked = self._asked(rows, strengths)
        found = slopes_of(self.prepared, self.outputs, self.strengths, None, **asked)
        failed = {place: words for place, words in enumerate(found.status) if words != "ok"}
        return found.slopes, failed

    @property
    def points_at_once(self) -> int:
        """Points whose derivatives fit into one batch."""
        lanes = 1 + len(self.strengths)
        return max(1, BATCH // (16 * len(self.outputs) * lanes * len(self.time)))

    def _asked(self, rows: Rows, strengths: Numbers) -> Request:
        given = self.overrides
        parameters: dict[str, Any] = {**given.numbers, **given.paths}
        parameters |= {name: values[rows] for name, values in given.arrays.items()}
        parameters |= dict(zip(self.strengths, strengths.T.copy(), strict=True))
        starts = {
            name: start[rows] if isinstance(start, np.ndarray) else start
            for name, start in given.starts.items()
        }
        return {
            **self.request,
            "parameters": parameters,
            "initial": starts,
            "lookups": dict(given.tables),
        }


def blocks(count: int, size: int) -> list[Rows]:
    """Return the numbers below ``count`` in blocks of at most ``size``."""
    return [np.arange(first, min(first + size, count)) for first in range(0, count, size)]
