"""Many runs with the continuous scores of some loops, computed inside the kernel.

Stage 4 of 4.  In: ``Loops`` and what to simulate.  Out: a Dataset of relative scores.  Scores are
those of ``scores.ltm_continuous``; the kernel computes them at saved times from the state at hand,
so neither gains nor states are stored.

A relative score compares a loop with every loop of its partition.  ``loopsum`` adds up their sizes
without listing them, so all loops stand below the line as long as that takes no more than ``most``
products; beyond that the loops that weigh most along a reference run stand for them, and the result
states the share they had there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops import modules
from loopscope.loops.batch.keeping import identity, kept_of
from loopscope.loops.batch.readings import UNDEFINED, Followed, readings, relative_of, state_of
from loopscope.loops.batch.settings import settings_of
from loopscope.loops.batch.standing import stand_in
from loopscope.loops.scores.ltm_continuous import NOT_FOR, SOURCE, smooth_partitions
from loopscope.models.engine.request import Extension
from loopscope.models.engine.simulate import method_of, prepared_of, provenance, run
from loopscope.models.errors import LoopError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Along, Numbers
    from loopscope.models.case import Case
    from loopscope.models.engine.execute import Result
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.engine.request import Request
    from loopscope.models.scenario import Scenario

MOST = 12_000
"""Products of one total up to which all loops stand below the line (measured: with 101 saved times,
the migration model takes up to four times what it takes alone)."""

FOLLOWED = 100
"""Most loops that are followed where none were asked for and none has a name."""

WORDS = np.array(["undefined", "equilibrium", "active", "inflection"])
"""By ``readings.UNDEFINED`` and what follows it."""


def batch_scores(
    found: Loops,
    *,
    tracked: Iterable[str | Loop] | None = None,
    scenario: str | Scenario | None = None,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    lookups: Mapping[str, Any] | None = None,
    start: float | None = None,
    stop: float | None = None,
    dt: float | None = None,
    saveper: float | None = None,
    method: str | None = None,
    outputs: Sequence[str] = (),
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    most: int = MOST,
    reference: xr.Dataset | Along | None = None,
) -> xr.Dataset:
    """Simulate, once or many times, with continuous LTM scores of some loops.

    Parameters
    ----------
    tracked
        Loops to follow, by id or as records; by default those that have a name.
    scenario, case, parameters, initial, lookups, start, stop, dt, saveper, seed, threads, progress
        As in ``models.simulate``.  An array of values makes a batch.
    method
        "Euler" or "RK4".
    outputs
        Variables to keep beside the scores.
    most
        Products that the sum over the loops of one partition may take.
    reference
        Run by which loops are chosen where all are too many; by default that of the scenario,
        with what all runs of the batch share.

    Returns
    -------
    xarray.Dataset
        ``relative``, float64, dims ``([run,] time, loop)``, in [-1, 1]; ``status``, text, dims
        ``([run,] time)``: "active", "equilibrium", "inflection" (a stock of the partition turns) or
        "undefined" (NaN), with one more dim ``partition`` where loops of several are tracked;
        ``outcome``, text, dims ``([run])``: "ok", or where the run left the finite numbers, with
        "undefined" from then on; each output.  ``attrs``: those of ``models.simulate``;
        ``coverage``, the share of all loops, by size, that stands below the line: 1, or the least
        along the reference run; ``compared`` says it in words; ``jumps`` names what jumps.

    Raises
    ------
    LoopError
        No loop to track, an unknown one, or one through a memory or DELAY FIXED.
    ModelError, RunError
        As ``models.simulate``; a method that is not of the compiled kernel.

    Notes
    -----
    Per run and saved time some products per link, per product of folding and per product of the
    sums; nothing at other times.  Results do not depend on threads or on the size of the batch.
    """
    graph, loops = found.graph, _tracked(found, tracked)
    prepared = prepared_of(graph.model)
    if method_of(prepared, method) not in ("Euler", "RK4"):
        msg = f"scores are computed inside the compiled kernel, which has no '{method}'; use 'RK4'"
        raise RunError(msg)
    request: Request = {
        "case": case, "parameters": parameters, "initial": initial, "lookups": lookups,
        "start": start, "stop": stop, "dt": dt, "saveper": saveper, "method": method,
    }  # fmt: skip
    settings = settings_of(prepared, scenario, request)
    modules.check(graph, settings.reached())
    kept = tuple(dict.fromkeys(_output(prepared, name) for name in outputs))

    def along() -> Along:
        from loopscope.loops.replay import Along, along

        if isinstance(reference, Along):
            return reference
        return along(graph, settings.shared() if reference is None else reference)

    run_key = settings.text() if reference is None else _Same(reference)
    followed, coverage = _followed(found, loops, most, along, run_key)
    names = [*map(relative_of, loops), *(state_of(one.partition) for one in followed)]
    extension = Extension(
        name=identity(graph, followed, settings),
        equations=lambda: graph.equations,
        outputs=tuple(dict.fromkeys([*kept, *names])),
        readings=lambda: readings(graph, followed, settings.held, settings.slopes),
    )
    request |= {"seed": seed, "threads": threads, "progress": progress, "extension": extension}
    result = run(graph.model, scenario, **request)
    found_scores = _dataset(graph, loops, followed, kept, result)
    count = sum(one.total.count for one in followed)
    found_scores.attrs |= {
        "method": "ltm", "form": "continuous", "not_for": NOT_FOR, "source": SOURCE,
        "integration": result.method, "coverage": coverage, "loops": found.statement,
        "jumps": ", ".join(
            kept_of(graph).jumping(graph, [one.partition for one in followed])
        ),
        "compared": f"{len(loops)} loops, each with all {count:,} of its partition"
        if coverage == 1.0
        else f"{len(loops)} loops, each with the {count:,} that weigh most along a reference run, "
        f"at least {coverage:.1%} of all there",
    }  # fmt: skip
    return found_scores


def _tracked(found: Loops, tracked: Iterable[str | Loop] | None) -> tuple[Loop, ...]:
    """Return the loops to follow, each once."""
    if isinstance(tracked, str):
        tracked = [tracked]
    if tracked is None:
        tracked = tuple(found.named) or (tuple(found) if len(found) <= FOLLOWED else ())
    loops = dict.fromkeys(found[one] if isinstance(one, str) else one for one in tracked)
    if not loops:
        name, many = found.graph.model.name, f"{len(found):,} loops and none has a name"
        why = many if len(found) else "the model has no feedback loop"
        msg = f"{name}: no loop to follow: {why}; name some in tracked="
        raise LoopError(msg if len(found) else f"{name}: {why}, so there is nothing to score")
    strange = [loop for loop in loops if loop.graph is not found.graph]
    if strange:
        msg = f"loop '{strange[0].id}' is of another graph or view than the loops found"
        raise LoopError(msg)
    return tuple(loops)


def _output(prepared: Prepared, name: str) -> str:
    facts = prepared.find(name, "output")
    if facts.kind == "lookup":
        msg = f"'{facts.name}' is a lookup: it has no value over time"
        raise RunError(msg)
    return facts.name


def _followed(
    found: Loops, loops: Sequence[Loop], most: int, along: Callable[[], Along], run_key: object
) -> tuple[tuple[Followed, ...], float]:
    """Return what to read of each partition, and the least share of all loops behind it."""
    graph = found.graph
    homes = [graph.partition_of[loop.nodes[0]] for loop in loops]
    smooth = smooth_partitions(graph, homes)
    refused = [one for one in homes if one not in smooth]
    if refused:
        smooth_partitions(graph, refused)  # raises, and names what stands in the way
    least, followed = 1.0, []
    kept = kept_of(graph)
    for part in smooth:
        inside = tuple(loop for loop, home in zip(loops, homes, strict=True) if home == part)
        total, digest = kept.total(graph, part, most)
        if total is None:
            key = (found.statement, part.number, most, *(loop.nodes for loop in inside), run_key)
            if key not in kept.chosen:
                kept.chosen[key] = stand_in(found, part, inside, most, along())
            total, share = kept.chosen[key]
            least, digest = min(least, share), repr(total)
        followed.append(Followed(partition=part, loops=inside, total=total, digest=digest))
    return tuple(followed), least


class _Same:
    """A key that is equal to another one of the very same object."""

    def __init__(self, what: object) -> None:
        self.what = what

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.what is self.what

    def __hash__(self) -> int:
        return id(self.what)


def _dataset(
    graph: CausalGraph,
    loops: Sequence[Loop],
    followed: Sequence[Followed],
    kept: Sequence[str],
    result: Result,
) -> xr.Dataset:
    import xarray as xr

    runs = ("run",) if result.plan.runs is not None else ()
    values = result.values
    relative = np.stack([values[relative_of(loop)] for loop in loops])
    states = [np.nan_to_num(values[state_of(one.partition)]).astype(np.intp) for one in followed]
    row = {loop.id: number for number, loop in enumerate(loops)}
    for one, state in zip(followed, states, strict=True):
        wrong = state == UNDEFINED
        if wrong.any():
            for loop in one.loops:
                relative[row[loop.id]][wrong] = np.nan
    outcome = np.full(result.plan.runs or 1, "ok", dtype=object)
    for number, failure in result.failures.items():
        outcome[number] = str(failure)
    several = len(followed) > 1
    words: Numbers = WORDS[np.stack(states, axis=-1) if several else states[0]]
    moment = (*runs, "time")
    variables: dict[str, Any] = {
        "relative": (
            (*moment, "loop"), np.moveaxis(relative, 0, -1),
            {"units": "1", "long_name": "relative score, ltm"},
        ),
        "status": ((*moment, "partition") if several else moment, words),
        "outcome": (runs, outcome.astype(str) if runs else str(outcome[0])),
    }  # fmt: skip
    units = {name: result.plan.prepared.variables[name].units for name in kept}
    variables |= {
        f"{name}_" if name in (*variables, "run", "time", "loop") else name: (
            moment, values[name], {"units": units[name]},
        )
        for name in kept
    }  # fmt: skip
    home = [graph.partition_of[loop.nodes[0]].number for loop in loops]
    coords: dict[str, Any] = {
        "time": ("time", result.time, {"units": graph.model.clock.units}),
        "loop": np.array([loop.id for loop in loops], dtype=np.str_),
        "name": ("loop", np.array([loop.name for loop in loops], dtype=np.str_)),
        "polarity": ("loop", np.array([loop.polarity for loop in loops], dtype=np.str_)),
    }
    if several:
        coords["partition"] = [one.partition.number for one in followed]
    else:
        coords["partition"] = ("loop", np.array(home, dtype=int))
    return xr.Dataset(variables, coords=coords, attrs=provenance(result))
