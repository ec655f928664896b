"""From the outcomes of a sweep to tables of indices, part by part.

Stage 4 of 5.  In: a sweep, its sample, methods and outcomes.  Out: a Dataset of indices, and what
must be said of it.  Failed runs are taken out here, before a method sees them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices import regional
from loopscope.analysis.indices.complete import TOO_FEW, Computed, compute, unsure
from loopscope.analysis.indices.layout import Table, constants, dataset
from loopscope.analysis.indices.local import compute_local
from loopscope.analysis.indices.methods import METHODS, independent, rows_of
from loopscope.analysis.indices.outcomes import Outcome, parts, precision_of, read, times_of
from loopscope.analysis.indices.times import same_times, times_of_all
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.indices.condition import Condition
    from loopscope.analysis.indices.methods import Method
    from loopscope.analysis.indices.sample import Sample, Settings
    from loopscope.analysis.study.settled import Settled

    Numbers = NDArray[np.float64]

LOADED = 1 << 28
"""Bytes of one variable that are read at once; more are read a few times of the run at a time."""


class Work:
    """One call of ``sensitivity``.

    Attributes
    ----------
    caveats
        What must be said of the result.
    constant
        Outcomes that never vary.
    failed
        Failed runs by scenario, "" where the sweep has one.
    """

    def __init__(
        self,
        swept: xr.Dataset,
        sample: Sample,
        settings: Settings,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.sample, self.settings, self.progress = sample, settings, progress
        self.caveats: list[str] = []
        self.constant: list[str] = []
        several = "scenario" in swept.dims
        self.scenarios = [str(one) for one in swept["scenario"].values] if several else None
        self.sweeps = (
            [swept.isel(scenario=place) for place in range(swept.sizes["scenario"])]
            if several
            else [swept]
        )
        self.lost = [self._lost(one) for one in self.sweeps]
        self.failed = {
            name: int(lost.sum())
            for name, lost in zip(self.scenarios or [""], self.lost, strict=True)
        }

    def of_outcomes(
        self,
        methods: Sequence[Method],
        wanted: Sequence[Outcome],
        at: float | Sequence[float] | None,
        settled: Settled | None = None,
    ) -> xr.Dataset:
        """Return indices of outcomes by methods.

        Parameters
        ----------
        settled
            The study, for the method ``local``.

        Raises
        ------
        StudyError
            A time outside of the run; too few runs are left without those that failed.
        """
        timed = [one for one in wanted if one.timed]
        single = [one for one in wanted if not one.timed]
        own = {one: times_of(self.sweeps[0], one) for one in timed}
        times = times_of_all(list(own.values()), at)
        if settled is None:
            self._say_failed(methods)
        tables = []
        for place in range(len(self.sweeps)):
            pair = (Table((len(timed), len(times))), Table((len(single),)))
            if settled is not None:
                name = None if self.scenarios is None else self.scenarios[place]
                computed = compute_local(self.sample, timed, times, name, settled)
                pair[0].fill((slice(None), slice(None)), computed)
            else:
                self._fill_timed(pair[0], methods, place, own, times)
                self._fill_single(pair[1], methods, place, single)
            tables.append(pair)
        if settled is None:
            self._say_missing(tables, timed, single, methods)
            self._say_wide(tables, timed, single)
        self.constant = constants(tables, timed, single)
        count = len(self.sample.grouped if methods[0].grouped else self.sample.parameters)
        paired = self.sample.second_order
        found = dataset(
            tables,
            [n for one in methods for n in one.gives if paired or not n.startswith("second")],
            timed=timed,
            single=single,
            sizes={"parameter": count, "parameter_2": count},
            scenarios=self.scenarios,
        )
        if timed:
            found = found.assign_coords(time=("time", times, dict(self.sweeps[0]["time"].attrs)))
        return found

    def of_condition(self, asked: Condition) -> xr.Dataset:
        """Return how runs that meet a condition differ from the others.

        Raises
        ------
        StudyError
            It holds in too few runs, or in too many.
        """
        method = METHODS["regional"]
        self._say_failed((method,))
        outcome = Outcome(name=asked.text, kind="indicator", variable="", units="dmnl")
        tables, counts = [], []
        for swept, lost in zip(self.sweeps, self.lost, strict=True):
            holds, known = asked.holds(swept)
            rows = self._rows(method)
            used = (known[: self.sample.runs] & ~lost)[rows]
            sample = self.sample.kept(rows).kept(used)
            held = holds[: self.sample.runs][rows][used]
            missing = int((~lost[rows]).sum() - used.sum())
            if missing:
                self.caveats.append(
                    f"{missing} runs have no value of '{asked.outcome.name}' and are left out"
                )
            counts.append((int(held.sum()), len(held)))
            indices = regional.filtered(sample, held[:, None])
            indices["conditional"] = regional.conditional(sample, held)[None]
            few = min(held.sum(), (~held).sum()) < regional.LEAST
            status = np.array([TOO_FEW if few else 0], dtype=np.int8)
            table = Table((1,))
            table.fill((slice(None),), Computed(indices, status, np.array([len(held)])))
            tables.append((Table((0, 0)), table))
        if all(min(one, whole - one) < regional.LEAST for one, whole in counts):
            one, whole = counts[0]
            msg = (
                f"condition '{asked.text}' holds in {one} of {whole} runs; to compare, at least "
                f"{regional.LEAST} must meet it and {regional.LEAST} not"
            )
            raise StudyError(msg)
        sizes = {
            "parameter": len(self.sample.parameters),
            "side": len(regional.SIDES),
            "quantile": len(regional.QUANTILES),
        }
        names = (*method.gives, "conditional")
        found = dataset(
            tables, names, timed=(), single=(outcome,), sizes=sizes, scenarios=self.scenarios
        )
        self.caveats += [
            f"'{asked.text}' holds in {one} of {whole} runs{self._of(place)}"
            for place, (one, whole) in enumerate(counts)
        ]
        found["metric_conditional"].attrs["units"] = "unit of the parameter"
        return found.assign_coords(
            side=np.array(regional.SIDES), quantile=np.array(regional.QUANTILES)
        )

    def _fill_timed(
        self,
        table: Table,
        methods: Sequence[Method],
        scenario: int,
        own: dict[Outcome, Numbers],
        times: Numbers,
    ) -> None:
        swept, variable = self.sweeps[scenario], ""
        for row, (outcome, stored) in enumerate(own.items()):
            if outcome.variable != variable:  # loops share one variable
                swept, variable = self._near(scenario, outcome), outcome.variable
            places, columns = same_times(stored, times)
            for part in parts(np.arange(len(places)), self.sample.runs):
                values = read(swept, outcome, places[part])
                for computed in self._each(methods, scenario, values, precision_of(swept, outcome)):
                    table.fill((row, columns[part]), computed)
            if self.progress is not None:
                self.progress(scenario * len(own) + row + 1, len(self.sweeps) * len(own))

    def _near(self, scenario: int, outcome: Outcome) -> xr.Dataset:
        """Return the sweep with the values of an outcome in memory, where they have room."""
        swept = self.sweeps[scenario]
        values = swept[outcome.variable]
        if values.nbytes > LOADED:
            return swept
        return swept.assign({outcome.variable: values.compute()})

    def _fill_single(
        self, table: Table, methods: Sequence[Method], scenario: int, single: Sequence[Outcome]
    ) -> None:
        for part in parts(np.arange(len(single)), self.sample.runs):
            swept = self.sweeps[scenario]
            values = np.concatenate([read(swept, single[place]) for place in part], axis=1)
            precision = max(precision_of(swept, single[place]) for place in part)
            for computed in self._each(methods, scenario, values, precision):
                table.fill((part,), computed)

    def _each(
        self, methods: Sequence[Method], scenario: int, values: Numbers, precision: float
    ) -> list[Computed]:
        """Return the indices of some columns by each method."""
        values = values[: self.sample.runs]
        values[self.lost[scenario]] = np.nan
        found = []
        for method in methods:
            rows = rows_of(method, self.sample)
            sample = independent(method, self.sample)
            given = values if rows is None else values[rows]
            found.append(compute(method, sample, given, self.settings, precision))
        return found

    def _rows(self, method: Method) -> NDArray[np.int64]:
        rows = rows_of(method, self.sample)
        return np.arange(self.sample.runs) if rows is None else rows

    def _lost(self, swept: xr.Dataset) -> NDArray[np.bool_]:
        if "failed_at" not in swept:
            return np.zeros(self.sample.runs, dtype=bool)
        times = np.asarray(swept["failed_at"].values, dtype=np.float64)
        return np.asarray(~np.isnan(times[: self.sample.runs]))

    def _of(self, scenario: int) -> str:
        return "" if self.scenarios is None else f" of scenario '{self.scenarios[scenario]}'"

    def _say_failed(self, methods: Sequence[Method]) -> None:
        """Count failed runs and what goes with them; refuse if too little is left."""
        for method in methods:
            sample = independent(method, self.sample)
            step = 1 if method.whole else sample.step
            for place, lost in enumerate(self.lost):
                used = lost[self._rows(method)]
                if not used.any():
                    continue
                hit = int(used.reshape(-1, step).any(axis=1).sum())
                count = f"{int(lost.sum())} of {len(lost)} runs{self._of(place)} failed"
                if method.whole:
                    self.caveats.append(f"{count}; parameters on whose curves they lie have none")
                    continue
                units = f"; {hit} of {len(used) // step} {method.unit} are left out"
                self.caveats.append(count + units)
                left = len(used) - hit * step
                if left < method.least(sample):
                    msg = (
                        f"{count}, and {left // step} {method.unit} are left of which "
                        f"{method.title} need {method.least(sample) // step}; see failed_at and "
                        "failed_in of the sweep, and narrow the ranges that make runs fail"
                    )
                    raise StudyError(msg)

    def _say_missing(
        self,
        tables: Sequence[tuple[Table, Table]],
        timed: Sequence[Outcome],
        single: Sequence[Outcome],
        methods: Sequence[Method],
    ) -> None:
        """Name outcomes that have no value in some runs that did not fail."""
        method = methods[-1]
        step = 1 if method.whole else independent(method, self.sample).step
        names: dict[str, None] = {}
        for pair, lost in zip(tables, self.lost, strict=True):
            whole = int((~lost[self._rows(method)].reshape(-1, step).any(axis=1)).sum())
            for table, outcomes in zip(pair, (timed, single), strict=True):
                short = (table.used < whole) & (table.status < 3)
                for place, one in enumerate(outcomes):
                    if np.any(short[place]):
                        names[one.name] = None
        if names:
            self.caveats.append(
                "no value in some runs, so that indices are of the other runs alone (see 'used'), "
                f"in which inputs need not be independent any more: {_listed(names)}"
            )

    def _say_wide(
        self,
        tables: Sequence[tuple[Table, Table]],
        timed: Sequence[Outcome],
        single: Sequence[Outcome],
    ) -> None:
        """Name outcomes whose Sobol indices are hardly known at half of their times or more."""
        names: dict[str, None] = {}
        for pair in tables:
            for table, outcomes in zip(pair, (timed, single), strict=True):
                if "total_high" not in table.indices:
                    continue
                low, high = table.indices["total_low"], table.indices["total_high"]
                for place, one in enumerate(outcomes):
                    if unsure(low[place], high[place], table.status[place]):
                        names[one.name] = None
        if names:
            self.caveats.append(
                "total indices are not known to within a quarter, so sweep with more runs before "
                f"they are used: {_listed(names)}"
            )


def _listed(names: Collection[str], most: int = 8) -> str:
    shown = ", ".join(f"'{name}'" for name in list(names)[:most])
    return f"{shown} and {len(names) - most} others" if len(names) > most else shown
