"""The smallest change of parameters that flips the dominating loop, or moves a shift.

In: a sweep, or a ``Bench``.  Out: ``SmallestChange``: the shortest way out of the region in which
the base dominance holds, all parameters together and each by itself, every one simulated again
before it is told.  Lengths are in parts of the ranges; no point leaves the ranges.

Together: the method of Hasofer, Lind, Rackwitz and Fiessler with a merit function (Rackwitz and
Fiessler 1978, Computers & Structures 9(5), 489-494; Zhang and Der Kiureghian 1995), each step
projected onto the ranges.  Slopes are central differences, all of them and all step lengths in one
batch of runs an iteration.  It starts from the base for each of the nearest ways to the goal, from
the best single parameter, and from the nearest runs of the sweep that reach it.  Each is a local
search: a shorter change may exist, and none shorter than these was met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.dominating.bench import Bench, bench_of
from loopscope.analysis.dominating.ensemble import NOTHING, Ensemble, ensemble_of
from loopscope.analysis.dominating.goals import Flip, Goal, Move
from loopscope.analysis.dominating.reaching import alone, together
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.dominating.bench import Scored

    Numbers = NDArray[np.float64]

NEAREST = 2
"""Runs of the sweep from which a search starts."""

TOLD = 1e-4
"""Part of its range below which the change of a parameter is not told, and not made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One parameter of a change.

    Attributes
    ----------
    part
        The change over the width of the range, with its sign.
    """

    parameter: str
    before: float
    after: float
    units: str
    part: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that reaches the goal, as simulated again.

    Attributes
    ----------
    changed
        The parameters that move, the farthest first.
    length
        Root of the sum of the squared parts.
    shows
        The dominating loop, or the time of the shift, in the run with the change.
    """

    changed: tuple[Changed, ...]
    length: float
    shows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestChange:
    """What it takes to reach a goal.

    Attributes
    ----------
    goal
        In words.
    base
        What the base run shows.
    together
        The shortest change of all parameters; None where none was found within the ranges.
    alone
        For each parameter that reaches the goal by itself its shortest change, shortest first.
    left
        The least gap that was met, where nothing was found: a share, or a time.
    runs
        How many runs were simulated.
    """

    goal: str
    base: str
    together: Change | None
    alone: tuple[Change, ...]
    left: float
    runs: int


def smallest_change(
    source: xr.Dataset | Bench,
    *,
    at: float | None = None,
    to: str | None = None,
    shift: str | None = None,
    time: float | None = None,
    scenario: str | None = None,
    model: Any = None,
) -> SmallestChange:
    """Return the smallest change that flips the dominating loop at a time, or moves a shift.

    Parameters
    ----------
    source
        A sweep, whose base values, ranges and settings are taken, or a ``Bench``.
    at, to
        Flip: a time, and the id of the loop that shall dominate then; any other by default.
    shift, time
        Move: "first" or "last", and when that shift shall be; sooner or later than it is.
    scenario, model
        Of the sweep: which scenario, and the model in place of the one its study names.

    Raises
    ------
    StudyError
        Neither or both of ``at`` and ``shift``; a time outside the run; nothing dominates in the
        base run then; ``to`` dominates already.

    Notes
    -----
    At most 25 iterations of 5 (2P + 1) runs for each of up to 6 starts, and 17 P + 36 P runs for
    single parameters, P of them.
    """
    if isinstance(source, Bench):
        return smallest_from(source, at=at, to=to, shift=shift, time=time)
    ensemble = ensemble_of(source, scenario)
    return smallest_from(bench_of(ensemble, model), ensemble, at=at, to=to, shift=shift, time=time)


def smallest_from(
    bench: Bench,
    ensemble: Ensemble | None = None,
    *,
    at: float | None = None,
    to: str | None = None,
    shift: str | None = None,
    time: float | None = None,
) -> SmallestChange:
    """Return the same on a bench, with the runs of an ensemble to start from."""
    counter = _Counted(bench)
    base = counter.score(np.zeros((1, len(bench.parameters))))
    goal, words = _goal(bench, base, at, to, shift, time)
    starts = np.empty((0, len(bench.parameters)))
    if ensemble is not None and isinstance(goal, Flip):
        starts = _near(ensemble, bench, goal)
    single = alone(counter, goal)
    points = [one for one in single if one is not None]
    points.sort(key=lambda one: float(np.linalg.norm(one)))
    starts = np.concatenate([starts, *(one[None] for one in points[:1])])
    best, left = together(counter, goal, starts)
    told = [change for one in points if (change := _verified(counter, goal, one)) is not None]
    joint = None if best is None else _verified(counter, goal, best)
    if told and (joint is None or told[0].length < joint.length):
        joint = told[0]
    return SmallestChange(
        goal=words,
        base=goal.told(base)[0],
        together=joint,
        alone=tuple(told),
        left=0.0 if joint is not None else left,
        runs=counter.runs,
    )


class _Counted:
    """A bench that counts its runs."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.runs = bench, 0

    @property
    def ends(self) -> tuple[Numbers, Numbers]:
        return self.bench.ends

    def score(self, parts: Numbers) -> Scored:
        self.runs += len(parts)
        return self.bench.score(parts)


def _goal(
    bench: Bench,
    base: Scored,
    at: float | None,
    to: str | None,
    shift: str | None,
    time: float | None,
) -> tuple[Goal, str]:
    if (at is None) == (shift is None):
        msg = "say either at=, to flip the dominating loop at a time, or shift=, to move a shift"
        raise StudyError(msg)
    when = at if at is not None else time
    first, last = float(base.time[0]), float(base.time[-1])
    if when is None or not first - 1e-9 <= when <= last + 1e-9:
        got = "" if when is None else f", got {when:g}"
        msg = f"a time within the run, {first:g} to {last:g}, is needed{got}"
        raise StudyError(msg)
    if shift is not None:
        if shift not in ("first", "last"):
            msg = f"shift= is 'first' or 'last', got '{shift}'"
            raise StudyError(msg)
        move = Move(which=shift, time=when, sooner=True)
        sooner = float(move.gaps(base)[0, 0]) > 0
        move = Move(which=shift, time=when, sooner=sooner)
        order = "by" if sooner else "not before"
        return move, f"the {shift} shift {order} {when:g}"
    moment = int(np.argmin(np.abs(base.time - when)))
    leader = int(base.leader[0, moment])
    shown = f"{base.time[moment]:g}"
    if leader <= NOTHING:
        msg = f"no tracked loop dominates at {shown} in the base run, so none can be flipped there"
        raise StudyError(msg)
    wanted = None
    if to is not None:
        if to not in bench.tracked:
            msg = f"no loop '{to}' is tracked; there are {', '.join(bench.tracked)}"
            raise StudyError(msg)
        wanted = bench.tracked.index(to)
        if wanted == leader:
            msg = f"{to} dominates at {shown} already"
            raise StudyError(msg)
    if len(bench.tracked) < 2:
        msg = f"only {bench.tracked[0]} is tracked, so no other loop can take over; track more"
        raise StudyError(msg)
    flip = Flip(moment=moment, leader=leader, to=wanted, loops=bench.tracked)
    whom = to or f"another loop than {bench.tracked[leader]}"
    return flip, f"{whom} dominates at {shown}"


def _near(ensemble: Ensemble, bench: Bench, goal: Flip) -> Numbers:
    """Return the runs of a sweep nearest to the base that reach a flip, in parts."""
    leader = ensemble.leader[:, goal.moment]
    reached = leader == goal.to if goal.to is not None else (leader >= 0) & (leader != goal.leader)
    parts = bench.parts(ensemble.inputs[reached])
    return parts[np.argsort(np.linalg.norm(parts, axis=1), kind="stable")[:NEAREST]]


def _verified(bench: _Counted, goal: Goal, parts: Numbers) -> Change | None:
    """Simulate a change again, without what moves too little to be told; None if it fails."""
    rounded = np.where(np.abs(parts) < TOLD, 0.0, parts)
    for point in (rounded, parts):
        scored = bench.score(point[None])
        if goal.gaps(scored).min() < 0:
            return _change(bench.bench, point, goal.told(scored)[0])
    return None


def _change(bench: Bench, parts: Numbers, shows: str) -> Change:
    values = bench.values(parts[None])[0]
    order = [place for place in np.argsort(-np.abs(parts), kind="stable") if parts[place]]
    return Change(
        changed=tuple(
            Changed(
                parameter=bench.parameters[place],
                before=float(bench.base[place]),
                after=float(values[place]),
                units=bench.units[place],
                part=float(parts[place]),
            )
            for place in order
        ),
        length=float(np.linalg.norm(parts)),
        shows=shows,
    )
