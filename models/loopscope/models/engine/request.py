"""What may be asked of a run, whichever engine answers.

Stage 5 of 5, before a run.  In: the arguments of ``simulate``.  Out: the case, the scenario and the
times they name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypedDict

from loopscope.models.errors import RunError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import sympy as sp
    from numpy.typing import NDArray

    from loopscope.models.case import Case
    from loopscope.models.engine.clock import Times
    from loopscope.models.equations import Equations
    from loopscope.models.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """A number that a run is reduced to while it runs.

    Attributes
    ----------
    update
        Its value once a step of the solver is seen, over the values at the start of that step
        and, by its own symbol and those of other reductions, over what they were before.
    initial
        What it is before the first step.
    """

    update: sp.Expr
    initial: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reductions:
    """What a kernel reduces runs to.

    Attributes
    ----------
    carried
        By symbol; saved as it is once the step at hand is seen.
    helpers
        Values that they share, in evaluation order.
    """

    carried: Mapping[sp.Symbol, Reduction]
    helpers: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Outputs that are saved at steps of their own.

    Attributes
    ----------
    outputs
        Names of symbols to save; inputs, readings and reductions included.
    steps
        Gives the steps at whose beginning they are saved, ascending.
    """

    outputs: tuple[str, ...]
    steps: Callable[[Times], NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Other equations to run, made from the model's own, with what to save of them.

    Attributes
    ----------
    name
        Differs between any two extensions of one model; empty for the model's own equations.
    equations
        Gives them when a kernel must be made: the same states and inputs, any auxiliaries.
    outputs
        Names of symbols to save, written-out ones included.
    readings
        Gives further values by symbol, in evaluation order, that only outputs need: computed
        at saved times alone, and not watched, so one that is not finite ends no run.
    reductions
        Gives what is reduced at every step; not watched either, and what it reads is computed
        to the same bits as without it.
    numbers, paths
        Inputs of readings and reductions: one number each; one number for each step.
    apart
        Further groups of outputs, each at steps of its own.
    """

    name: str
    equations: Callable[[], Equations]
    outputs: tuple[str, ...]
    readings: Callable[[], Mapping[sp.Symbol, sp.Expr]] | None = None
    reductions: Callable[[], Reductions] | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    paths: Mapping[str, Callable[[Times], NDArray[np.float64]]] = field(default_factory=dict)
    apart: tuple[Apart, ...] = ()


class Request(TypedDict, total=False):
    """What may be asked of a run; see ``simulate``.

    ``origin`` is the number of the first run, where a batch is a part of a larger one: random
    numbers and failures are those of that run there.
    """

    case: str | Case | None
    parameters: Mapping[str, Any] | None
    initial: Mapping[str, Any] | None
    lookups: Mapping[str, Any] | None
    start: float | None
    stop: float | None
    dt: float | None
    saveper: float | None
    method: str | None
    outputs: Sequence[str] | None
    seed: int
    origin: int
    threads: int | None
    progress: Callable[[int, int], None] | None
    extension: Extension | None


def named(
    path: str | Path, case: str | Case | None, scenario: str | Scenario | None
) -> tuple[Case | None, Scenario | None]:
    """Return a case and a scenario by name, from beside the model; records pass through."""
    if isinstance(case, str):
        from loopscope.models.case import cases
        from loopscope.models.scenario import choose

        case = choose(case, cases(path), "case")
    if isinstance(scenario, str):
        from loopscope.models.scenario import choose, scenarios

        scenario = choose(scenario, scenarios(path), "scenario")
    for what, record, facts in (("case", case, "start"), ("scenario", scenario, "settings")):
        if record is not None and not hasattr(record, facts):
            msg = f"{what} must be a name or a {what.capitalize()}, got {shown(record)}"
            raise RunError(msg)
    return case, scenario


def threads_of(request: Request) -> int | None:
    """Return the number of threads asked for; None where the engine decides."""
    threads = request.get("threads")
    whole = isinstance(threads, Integral) and not isinstance(threads, bool)
    if threads is not None and not (whole and threads >= 1):
        msg = f"threads must be a whole number from 1 on, got {shown(threads)}"
        raise RunError(msg)
    return threads


def clock_of(request: Request, case: Case | None) -> dict[str, float | None]:
    """Return start, stop, dt and saveper as asked for; a case gives the first two."""
    clock = {
        "start": request.get("start"),
        "stop": request.get("stop"),
        "dt": request.get("dt"),
        "saveper": request.get("saveper"),
    }
    if case is not None:
        clock["start"] = case.start if clock["start"] is None else clock["start"]
        clock["stop"] = case.stop if clock["stop"] is None else clock["stop"]
    return clock
