"""Tracked loops of a study: what the kernel reads of them, and arrays of what it read.

Stage 3 of 5.  In: a ``Settled`` study that tracks loops.  Out: for each scenario a part of an
``Extension``, and for each chunk relative scores, states, coverage and metrics of loops.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.sweeping.shifting import loop_metrics
from loopscope.loops import modules
from loopscope.loops.batch.readings import UNDEFINED
from loopscope.loops.batch.settings import settings_of
from loopscope.loops.batch.tracking import MOST, track
from loopscope.loops.finding.discover import find
from loopscope.loops.finding.named import named_loops
from loopscope.loops.replay import along
from loopscope.loops.scores.ltm_continuous import jumping
from loopscope.models.engine.overrides import plain_number
from loopscope.models.engine.request import Apart
from loopscope.models.scenario import Constant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sympy as sp
    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.study.settled import Settled
    from loopscope.loops.batch.settings import Settings
    from loopscope.loops.batch.tracking import Tracked
    from loopscope.loops.loop import Loop
    from loopscope.models.engine.clock import Times
    from loopscope.models.engine.overrides import Numbers

TYPICAL = 16
"""Runs of a study, over all scenarios, by which is chosen what stands below the line."""

LOOKED_AT = 11
"""Times of each of them."""

CHECKED = 4
"""Times of every run at which its coverage is computed, evenly spread, the end included."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What runs are given, as a Dataset says it."""

    attrs: Mapping[str, str]


class Following:
    """The tracked loops of one study.

    Attributes
    ----------
    loops
        In the order of the study.
    partitions
        Number of the partition of each.
    """

    def __init__(self, settled: Settled) -> None:
        self.settled = settled
        self.loops = _loops(settled)
        graph = self.loops[0].graph
        homes = [graph.partition_of[loop.nodes[0]].number for loop in self.loops]
        self.partitions = np.array(homes, dtype=np.int64)
        self.time = np.asarray(settled.share_times, dtype=np.float64)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the partitions that have states, ascending."""
        return tuple(sorted(set(self.partitions.tolist())))

    @property
    def compared(self) -> NDArray[np.int64]:
        """Places of the loops of the partition that has most of them, the first at a tie."""
        counts = [int((self.partitions == number).sum()) for number in self.numbers]
        chosen = self.numbers[int(np.argmax(counts))]
        return np.flatnonzero(self.partitions == chosen)

    @property
    def jumps(self) -> tuple[str, ...]:
        """What jumps in or before the partitions of the loops: scores are right-sided there."""
        graph = self.loops[0].graph
        parts = [part for part in graph.partitions if part.number in self.numbers]
        return jumping(graph, parts)

    @property
    def numbers_per_run(self) -> int:
        """Numbers that the kernel reads of each run."""
        read = (len(self.loops) + len(self.numbers)) * len(self.time)
        return read + CHECKED * len(self.loops[0].graph.pairs)

    @cached_property
    def tracked(self) -> Tracked:
        """What is read; found once, by typical runs of all scenarios."""
        settled = self.settled
        chosen_by = f"{settled.model_sha256} {settled.text} {TYPICAL} {LOOKED_AT}"
        return track(self.loops[0].graph, self.loops, self._typical, MOST, chosen_by=chosen_by)

    def settings(self, scenario: int) -> Settings:
        """Return what the runs of a scenario are given, as far as loops feel it.

        Raises
        ------
        LoopError
            Runs that have a part of the model on that is off in the loops.
        """
        settled = self.settled
        rows = settled.rows(0, min(2, settled.runs))
        request = settled.request
        request.pop("seed")
        request["parameters"] |= dict(zip(settled.parameters, rows.T.copy(), strict=True))
        found = settings_of(settled.prepared, settled.scenarios[scenario], request)  # type: ignore[arg-type]
        modules.check(self.loops[0].graph, found.reached())
        return found

    @property
    def apart(self) -> tuple[Apart, ...]:
        """Groups of outputs: scores and states at the times of shares, checks at fewer."""
        found = [Apart(outputs=self.tracked.outputs, steps=self._steps)]
        if self.tracked.checked:
            found.append(Apart(outputs=self.tracked.checked, steps=self._checks))
        return tuple(found)

    def readings(self, settings: Settings) -> Mapping[sp.Symbol, sp.Expr]:
        """Return the formulas of what is read."""
        return self.tracked.readings(settings)

    def arrays(self, blocks: Sequence[Numbers]) -> dict[str, NDArray[Any]]:
        """Return relative scores, states, coverage and metrics of loops.

        Parameters
        ----------
        blocks
            What was read of ``apart``, NaN from where a run failed; dims (output, run, time).
        """
        count = len(self.loops)
        read = blocks[0]
        states = np.nan_to_num(read[count:], nan=UNDEFINED).astype(np.int8)
        shares = read[:count].astype(np.float32)
        for number, state in zip(self.numbers, states, strict=True):
            wrong = state == UNDEFINED
            if wrong.any():
                for place in np.flatnonzero(self.partitions == number):
                    shares[place][wrong] = np.nan
        moving = states[self.numbers.index(int(self.partitions[self.compared[0]]))]
        found: dict[str, NDArray[Any]] = {}
        found |= loop_metrics(
            [one for one in self.settled.metrics if one.of_loops],
            self.settled.loops, shares, moving, self.compared, self.time,
        )  # fmt: skip
        found |= {
            "relative": np.ascontiguousarray(np.moveaxis(shares, 0, -1)),
            "state": states[0] if len(states) == 1 else np.moveaxis(states, 0, -1).copy(),
            "coverage": self.tracked.coverage(blocks[1] if len(blocks) > 1 else read[:0]),
        }
        return found

    def _steps(self, when: Times) -> NDArray[np.int64]:
        return np.searchsorted(when.moments, self.time - 1e-6 * when.step)

    def _checks(self, when: Times) -> NDArray[np.int64]:
        return self._steps(when)[checked(len(self.time))]

    def _typical(self) -> list[Any]:
        settled = self.settled
        graph = self.loops[0].graph
        each = max(2, TYPICAL // len(settled.scenarios))
        places = sorted({n * settled.runs // each for n in range(each)})
        rows = np.concatenate([settled.rows(n, n + 1) for n in places])
        times = np.unique(np.linspace(0, len(self.time) - 1, LOOKED_AT).round().astype(int))
        return [
            along(graph, run.isel(time=times))
            for scenario in settled.scenarios
            if (run := _sound(settled, scenario, rows)) is not None
        ]


def checked(times: int) -> NDArray[np.int64]:
    """Return the places of the stored times at which coverage is computed."""
    spread = np.linspace(0, times - 1, CHECKED + 1)[1:] if times > 1 else np.zeros(1)
    return np.unique(spread.round().astype(np.int64))


def _sound(settled: Settled, scenario: Any, rows: Numbers) -> xr.Dataset | None:
    """Return runs with all variables, without those that fail; None where all do."""
    from loopscope.models.engine.simulate import simulate

    request = {**settled.request, "saveper": settled.every}
    shared = request.pop("parameters")
    while len(rows):
        swept = dict(zip(settled.parameters, rows.T.copy(), strict=True))
        run = simulate(settled.source, scenario, parameters=shared | swept, **request, threads=1)
        good = run["status"].values == "ok"
        if good.all():
            return run
        rows = rows[good]
    return None


def _loops(settled: Settled) -> tuple[Loop, ...]:
    """Return the records of the tracked loops; without a search where all have names."""
    per_run = json.dumps(settled.parameters)
    case = dict(settled.case.settings) if settled.case is not None else {}
    runs = []
    for scenario in settled.scenarios:
        given = {**case, **(scenario.settings if scenario is not None else {}), **settled.settings}
        fixed = {name: _plain(value) for name, value in given.items()}
        runs.append(_Given({"settings": json.dumps(fixed), "settings_per_run": per_run}))
    graph, named = named_loops(settled.model, run=runs)
    if all(one in named for one in settled.loops):
        return tuple(named[one] for one in settled.loops)
    found = find(graph)
    return tuple(found[one] for one in settled.loops)


def _plain(value: Any) -> float | str:
    """Return a setting as a number, or as some text where it is a path of the time."""
    number = plain_number(value.value if isinstance(value, Constant) else value)
    return str(value) if number is None else number
