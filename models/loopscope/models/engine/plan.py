"""From settings to the arguments of a kernel.

Stage 5 of 5.  In: ``Prepared``, ``Overrides``, times and outputs.  Out: a ``Plan``: one layout, one
array for each argument, nothing run yet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.engine import native
from loopscope.models.engine.arguments import common_of, lanes_of, series_of
from loopscope.models.engine.clock import Times, changing_times, times
from loopscope.models.engine.layout import Layout, Method
from loopscope.models.engine.overrides import plain_number
from loopscope.models.errors import RunError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import sympy as sp
    from numpy.typing import NDArray

    from loopscope.models.engine.overrides import Numbers, Overrides, Table
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.engine.request import Extension, Reductions
    from loopscope.models.equations import Equations

REGISTERS = 2
"""Registers that make a vector: their instructions overlap (measured: see ``tests/benchmarks``)."""

VECTORS = 2
"""Vectors in a tile of a batch (measured likewise); one where there are readings, which are many
values, so that those of the step can stay in registers."""

LARGEST_TIMETABLE = 2**28
"""Bytes; for longer runs, values of the time alone are computed again in each tile."""

ROLES = {"start": "initial_time", "stop": "final_time", "dt": "time_step", "saveper": "saveper"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run, or a batch of runs, ready to be computed.

    Attributes
    ----------
    outputs
        Everything asked for; what is not in ``layout.outputs`` is an input.
    runs
        Number of runs; None for a single run without the dim.
    common
        Inputs, dims (slot,).
    lanes
        Inputs that differ between runs, dims (lane, run padded to whole tiles).
    series
        Inputs that differ in time, dims (series, sample).
    origin
        Number of the first run.
    apart
        Steps at which the groups of ``layout.apart`` are saved.
    """

    prepared: Prepared
    overrides: Overrides
    layout: Layout
    outputs: tuple[str, ...]
    times: Times
    runs: int | None
    common: Numbers
    lanes: Numbers
    series: Numbers
    seed: int
    origin: int = 0
    apart: tuple[NDArray[np.int64], ...] = ()
    extension: Extension | None = None

    def kernel(self) -> native.Kernel:
        """Return the compiled kernel, made if it is not kept."""
        asked = self.extension
        other = None if asked is None else (asked.name, asked.equations)
        return kernel(
            self.prepared, self.layout, self.overrides.tables, other,
            asked.readings if asked else None, asked.reductions if asked else None,
        )  # fmt: skip


_kernels: dict[tuple[object, ...], native.Kernel] = {}


def kernel(
    prepared: Prepared,
    layout: Layout,
    tables: Mapping[str, Table],
    variant: tuple[str, Callable[[], Equations]] | None = None,
    readings: Callable[[], Mapping[sp.Symbol, sp.Expr]] | None = None,
    reductions: Callable[[], Reductions] | None = None,
) -> native.Kernel:
    """Return the kernel of a layout, with some lookups replaced.

    ``variant`` names other equations than the model's own, and gives them when needed;
    ``readings`` and ``reductions`` are those of its ``Extension``.
    """
    name, source = variant or ("", prepared.source)
    known = (prepared.content, layout, tuple(sorted(tables.items())), name)
    if known in _kernels:
        return _kernels[known]
    parts = (prepared.content, layout.text(), json.dumps(sorted(tables.items())), name)

    def make(function: str) -> str:
        from loopscope.models.engine.emit import emit

        seen = readings() if readings else {}
        reduced = reductions() if reductions else None
        return emit(with_tables(source(), tables), layout, function, seen, reduced)

    return _kernels.setdefault(known, native.kernel(parts, make))


def with_tables(equations: Equations, tables: Mapping[str, Table]) -> Equations:
    """Return equations with other points in some lookups."""
    if not tables:
        return equations
    lookups = dict(equations.lookups)
    for name, points in tables.items():
        x, y = zip(*points, strict=True)
        lookups[name] = replace(lookups[name], x=tuple(x), y=tuple(y))
    return replace(equations, lookups=lookups)


def plan(
    prepared: Prepared,
    overrides: Overrides,
    *,
    clock: Mapping[str, float | None],
    method: Method,
    outputs: Sequence[str] | None,
    seed: int,
    origin: int = 0,
    extension: Extension | None = None,
) -> Plan:
    """Check and lay out a run.

    Parameters
    ----------
    clock
        ``start``, ``stop``, ``dt`` and ``saveper``; None where the model decides.
    outputs
        Variables to save, by name; None for all.
    origin
        Number of the first run, where this is a part of a larger batch.
    extension
        Equations to run instead, with outputs of their own in place of ``outputs``.

    Raises
    ------
    UnknownNameError, RunError
        As ``overrides.collect``, ``clock.times``; an output that is a lookup; a seed out of range.
    """
    for role, field in ROLES.items():
        if clock[role] is not None:
            overrides.set(prepared.clock[field], _time(prepared, role, clock[role]))
    when = _times(prepared, overrides, asked=any(v is not None for v in clock.values()))
    for role, value in zip(ROLES.values(), (when.start, None, when.step, None), strict=True):
        if value is not None and prepared.clock[role] in prepared.parameters:
            overrides.set(prepared.clock[role], value)
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**64:
        msg = f"seed must be a whole number from 0 to 2**64 - 1, got {shown(seed)}"
        raise RunError(msg)
    saved = extension.outputs if extension else _outputs(prepared, outputs)
    reads = extension is not None and extension.readings is not None
    given = {*overrides.numbers, *overrides.arrays, *overrides.paths}
    held = [
        name for name in prepared.variables if name in given and name not in prepared.parameters
    ]
    own = () if extension is None else (*extension.numbers, *extension.paths)
    inputs = (*prepared.parameters, *held, *own)
    outside = set(inputs)
    starts = tuple(overrides.starts)
    runs = overrides.runs
    lane_names = [
        *(name for name in inputs if name in overrides.arrays),
        *(name for name in starts if isinstance(overrides.starts[name], np.ndarray)),
    ]
    width = 1 if runs is None or runs == 1 else REGISTERS * native.widest()
    layout = Layout(
        method=method,
        outputs=tuple(name for name in saved if name not in outside),
        inputs=inputs,
        starts=starts,
        lanes=tuple(lane_names) if runs != 1 else (),
        series=tuple(
            name
            for name in inputs
            if name in overrides.paths or (extension is not None and name in extension.paths)
        ),
        width=width,
        vectors=VECTORS if width > 1 and not reads else 1,
        timetable=width > 1 and _fits(prepared, when, method),
        apart=tuple(group.outputs for group in extension.apart) if extension else (),
    )
    return Plan(
        prepared=prepared,
        overrides=overrides,
        layout=layout,
        outputs=saved,
        times=when,
        runs=runs,
        common=common_of(prepared, overrides, layout, extension.numbers if extension else {}),
        lanes=lanes_of(overrides, layout, runs or 1),
        series=series_of(prepared, overrides, layout, when, extension.paths if extension else {}),
        seed=int(seed),
        origin=int(origin),
        apart=tuple(group.steps(when) for group in extension.apart) if extension else (),
        extension=extension,
    )


def _fits(prepared: Prepared, when: Times, method: Method) -> bool:
    """Whether a table of all values of the time alone can be kept for all steps."""
    stages = 4 if method == "RK4" else 1
    return 8 * stages * (when.steps + 1) * len(prepared.computed) <= LARGEST_TIMETABLE


def _time(prepared: Prepared, role: str, value: object) -> float:
    """Return one of the four times as the caller asked for it."""
    number = plain_number(value)
    if number is None:
        msg = f"{role} must be a number, got {shown(value)}"
        raise RunError(msg)
    name = prepared.clock[ROLES[role]]
    if name in prepared.structural and number != prepared.parameters.get(name):
        msg = f"{role} ('{name}') cannot be changed: {prepared.structural[name]}"
        raise RunError(msg)
    return number


def _times(prepared: Prepared, overrides: Overrides, *, asked: bool) -> Times:
    found: dict[str, float] = {}
    for name in prepared.clock_needs:
        if name in overrides.arrays or name in overrides.paths:
            msg = f"'{name}' must be one number: all runs share their times, which rest on it"
            raise RunError(msg)
    for role, field in ROLES.items():
        name = prepared.clock[field]
        name = name if name in overrides.numbers else prepared.copies.get(name, name)
        value = overrides.numbers.get(name, prepared.parameters.get(name))
        if value is not None:
            found[role] = value
    if len(found) < len(ROLES):
        clock = _ComputedClock(prepared, overrides)

        def now(time: float) -> tuple[float, float, float]:
            stop, step, saveper = clock(time)
            return (
                found.get("stop", stop), found.get("dt", step), found.get("saveper", saveper)
            )  # fmt: skip

        if prepared.changing_clock:
            return changing_times(now, found.get("start", clock.start))
        stop, step, saveper = now(0.0)
        found = {"start": clock.start, "stop": stop, "dt": step, "saveper": saveper} | found
    changed = any(prepared.clock[field] in overrides.numbers for field in ROLES.values())
    return times(
        found["start"], found["stop"], found["dt"], found["saveper"], asked=asked or changed
    )


class _ComputedClock:
    """The four times of a model that computes them, with a kernel of their own."""

    def __init__(self, prepared: Prepared, overrides: Overrides) -> None:
        names = tuple(prepared.clock[field] for field in ROLES.values())
        held = tuple(
            name
            for name in prepared.clock_needs
            if name in overrides.numbers and name not in prepared.parameters
        )
        self.layout = Layout(
            method="Euler",
            outputs=tuple(dict.fromkeys(names)),
            inputs=(*prepared.parameters, *held),
        )

        def alone() -> Equations:
            return replace(
                prepared.source(), states={}, memories={}, pipelines={}, fixed={}, start_order=()
            )

        self.names = names
        self.code = kernel(prepared, self.layout, overrides.tables, ("clock", alone))
        self.common = common_of(prepared, overrides, self.layout, {})
        self.start = self._read(0.0)[0]

    def _read(self, time: float) -> list[float]:
        out, empty = np.empty((len(self.layout.outputs), 1, 1)), np.zeros((1, 1))
        launch(self.code, self.layout, Times.at(time, 1.0), self.common, empty, empty, out, runs=1)
        values = dict(zip(self.layout.outputs, out[:, 0, 0].tolist(), strict=True))
        return [values[name] for name in self.names]

    def __call__(self, time: float) -> tuple[float, float, float]:
        """Return (stop, step, saveper) at a time."""
        _, stop, step, saveper = self._read(time)
        return stop, step, saveper


def _outputs(prepared: Prepared, outputs: Sequence[str] | None) -> tuple[str, ...]:
    if outputs is None:
        return tuple(prepared.of_kind("stock", "flow", "auxiliary", "parameter"))
    if isinstance(outputs, str):
        outputs = [outputs]
    if not isinstance(outputs, Iterable):
        msg = f"outputs must be names of variables, got {shown(outputs)}"
        raise RunError(msg)
    found = dict.fromkeys(prepared.find(name, "output") for name in outputs)
    for facts in found:
        if facts.kind == "lookup":
            msg = f"'{facts.name}' is a lookup: it has no value over time"
            raise RunError(msg)
    if not found:
        msg = "no outputs asked for; name at least one variable, or leave outputs out for all"
        raise RunError(msg)
    return tuple(facts.name for facts in found)


def launch(
    code: native.Kernel,
    layout: Layout,
    when: Times,
    common: Numbers,
    lanes: Numbers,
    series: Numbers,
    out: Numbers,
    *,
    runs: int,
    span: tuple[int, int] | None = None,
    seed: int = 0,
    origin: int = 0,
    pipelines: int = 0,
    failed: NDArray[np.int64] | None = None,
    apart: Sequence[tuple[NDArray[np.int64], Numbers]] = (),
) -> None:
    """Call a kernel for the runs of ``span`` (all by default).

    Parameters
    ----------
    out
        Filled; dims (output, run, save), C order.
    failed
        Filled with the step at which a run left the finite numbers; dims (run,).
    apart
        Steps at which each further group of outputs is saved, and what is filled then.
    """
    first, last = span or (0, runs)
    groups = [(when.save_steps, out), *apart]
    records = np.array(
        [(len(steps), steps.ctypes.data, room.ctypes.data) for steps, room in groups],
        dtype=np.int64,
    )
    noted = np.full(runs, -1, dtype=np.int64) if failed is None else failed
    scratch = np.empty(pipelines * (when.steps + 1) * layout.tile)
    code.call(
        first, last, runs, origin, when.moments.ctypes.data, when.lengths.ctypes.data, when.steps,
        records.ctypes.data, seed if seed < 2**63 else seed - 2**64,
        common.ctypes.data, lanes.ctypes.data, lanes.shape[-1], series.ctypes.data,
        series.shape[-1], noted.ctypes.data, scratch.ctypes.data,
    )  # fmt: skip


def processors() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
