"""Some runs of a study -> arrays.

Stage 3 of 5.  In: a ``Settled`` study and numbers of runs.  Out: the arrays of one chunk, named as
the result has them.  A run's numbers do not depend on the chunk it is computed in.  Nothing is
stored here, and no thread is started: a call keeps to the thread of its caller, and the
interpreter lock is free while the kernel runs.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.study.keeping import label_of
from loopscope.analysis.sweeping.describing import template_of
from loopscope.analysis.sweeping.following import Following
from loopscope.models.engine.execute import compute, values_of
from loopscope.models.engine.locating import locate
from loopscope.models.engine.metrics import Metric, Reducing
from loopscope.models.engine.overrides import collect
from loopscope.models.engine.plan import plan
from loopscope.models.engine.request import Extension

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.analysis.study.metrics import SettledMetric
    from loopscope.analysis.study.settled import Settled
    from loopscope.models.engine.execute import Computed
    from loopscope.models.engine.locating import Located
    from loopscope.models.engine.overrides import Numbers
    from loopscope.models.engine.plan import Plan

Arrays = dict[str, "NDArray[Any]"]


class Job:
    """All runs of a study, any of which can be computed in any order, in any process.

    Attributes
    ----------
    settled
        The study.
    template
        What ``compute`` gives: dims, types and attributes.
    """

    def __init__(self, settled: Settled) -> None:
        self.settled = settled
        self._following = Following(settled) if settled.loops else None
        self.template = template_of(settled, self._following)
        self._variables = {name: place for place, name in enumerate(settled.prepared.all_computed)}
        self._taken = tuple(
            one for one in settled.metrics if not one.of_loops and one.metric != "mode"
        )
        self._modes = tuple(one for one in settled.metrics if one.metric == "mode")
        self._reducing = Reducing(tuple(_metric(settled, one) for one in self._taken))
        self._lock = Lock()
        self._extensions: dict[int, Extension] = {}

    @property
    def bytes_per_run(self) -> int:
        """What one run takes: its results, and what is computed on the way."""
        settled = self.settled
        sizes = {
            dim: size
            for coord in self.template.coords.values()
            for dim, size in zip(coord.dims, coord.values.shape, strict=True)
        }
        results = sum(
            variable.dtype.itemsize * int(np.prod([sizes[dim] for dim in variable.dims[1:]]))
            for variable in self.template.variables.values()
        )
        series = len(settled.series) + len(self._modes)
        numbers = series * len(settled.times) + 2 * len(settled.parameters)
        if self._following is not None:
            numbers += self._following.numbers_per_run
        return results + 8 * numbers

    def warm(self, scenario: int = 0) -> None:
        """Compile what is needed, so that no thread waits for another later."""
        self._plan(self.settled.rows(0, 1), 0, scenario).kernel()

    def compute(self, first: int, last: int, scenario: int = 0) -> Arrays:
        """Return the arrays of runs ``first`` to ``last - 1``, leading dim ``run``.

        Raises
        ------
        RunError
            A value that the model cannot take.
        """
        settled = self.settled
        inputs = settled.rows(first, last)
        laid_out = self._plan(inputs, first, scenario)
        done = compute(laid_out, threads=1)
        failures = locate(laid_out, done.failed)
        _forget(laid_out, done, failures)
        found: Arrays = {"inputs": inputs}
        found |= self._series(laid_out, done)
        found |= self._numbers(laid_out, done, failures)
        if self._following is not None:
            found |= self._following.arrays(done.blocks[2:])
            for one in settled.metrics:
                if one.of_loops:
                    found[one.name][failures.runs] = np.nan
        found |= self._failures(failures, len(done.failed))
        return {
            name: np.ascontiguousarray(found[name][: last - first])
            for name in self.template.variables
        }

    def _plan(self, inputs: Numbers, first: int, scenario: int) -> Plan:
        settled, prepared = self.settled, self.settled.prepared
        # One run alone would have a kernel of its own.
        rows = inputs if len(inputs) > 1 else np.repeat(inputs, 2, axis=0)
        columns = np.ascontiguousarray(rows.T)
        overrides = collect(
            prepared,
            case=settled.case,
            scenario=settled.scenarios[scenario],
            parameters={**settled.settings, **dict(zip(settled.parameters, columns, strict=True))},
            initial=settled.initial,
        )
        return plan(
            prepared,
            overrides,
            clock={
                "start": settled.start, "stop": settled.stop, "dt": settled.dt,
                "saveper": settled.saveper,
            },
            method="RK4" if settled.method == "RK4" else "Euler",
            outputs=None,
            seed=settled.seed,
            origin=first,
            extension=self._extension(scenario),
        )  # fmt: skip

    def _extension(self, scenario: int) -> Extension:
        """Return what the kernel of a scenario computes beside the model, made once."""
        with self._lock:
            if scenario not in self._extensions:
                self._extensions[scenario] = self._extended(scenario)
            return self._extensions[scenario]

    def _extended(self, scenario: int) -> Extension:
        reducing, following = self._reducing, self._following
        shapes = (one.of for one in self._modes)
        name, equations = reducing.name, self.settled.prepared.source
        read = None
        if following is not None:
            settings = following.settings(scenario)
            name = f"{name} {following.tracked.name(settings)}"
            equations = partial(getattr, following.tracked.graph, "equations")
            read = partial(following.readings, settings)
        return Extension(
            name=name,
            equations=equations,
            outputs=tuple(dict.fromkeys((*self.settled.series, *shapes))),
            readings=read,
            reductions=reducing.reductions,
            numbers=reducing.numbers,
            paths=reducing.paths,
            apart=(reducing.apart, *(following.apart if following is not None else ())),
        )

    def _series(self, laid_out: Plan, done: Computed) -> Arrays:
        """Return series, and the modes of behaviour that are read off some."""
        settled = self.settled
        kind = np.float32 if settled.precision == "single" else np.float64
        series = values_of(laid_out, done.blocks[0])
        found: Arrays = {
            label_of(name): np.ascontiguousarray(series[name], dtype=kind)
            for name in settled.series
        }
        for one in self._modes:
            near = 1e-6 * settled.dt
            inside = (settled.times >= one.start - near) & (settled.times <= one.stop + near)
            found[one.name] = _mode(series[one.of][:, inside])
        return found

    def _numbers(self, laid_out: Plan, done: Computed, failures: Located) -> Arrays:
        """Return the metrics of variables; NaN in runs that failed."""
        numbers = self._reducing.of(done.blocks[1], laid_out.times)
        numbers[:, failures.runs] = np.nan
        return {one.name: row for one, row in zip(self._taken, numbers, strict=True)}

    def _failures(self, failures: Located, runs: int) -> Arrays:
        at, where = np.full(runs, np.nan), np.full(runs, -1, dtype=np.int32)
        at[failures.runs] = failures.time
        names = np.array([self._variables[name] for name in failures.names], dtype=np.int32)
        where[failures.runs] = names[failures.variable]
        return {"failed_at": at, "failed_in": where}


def _metric(settled: Settled, one: SettledMetric) -> Metric:
    """Return a metric as the engine has it: without a window where that is the whole run."""
    whole = one.start <= settled.start and one.stop >= settled.stop
    return Metric(
        of=one.of,
        kind=one.metric,  # type: ignore[arg-type]
        level=one.level,
        direction=one.direction,
        start=None if whole else one.start,
        stop=None if whole else one.stop,
    )


def _forget(laid_out: Plan, done: Computed, failures: Located) -> None:
    """Put NaN where a run had left the finite numbers."""
    when = laid_out.times
    for block, steps in zip(done.blocks, (when.save_steps, *laid_out.apart), strict=True):
        late = when.moments[steps] >= failures.time[:, None] - 1e-9 * when.step
        for output in block:
            output[failures.runs] = np.where(late, np.nan, output[failures.runs])


def _mode(values: Numbers) -> Numbers:
    from loopscope.analysis.behaviour.classifying import UNKNOWN, classify_all

    codes = classify_all(values)
    return np.where(codes == UNKNOWN, np.nan, codes.astype(np.float64))
