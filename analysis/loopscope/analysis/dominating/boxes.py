"""Scenario discovery: boxes of inputs in which what is asked for mostly happens (PRIM).

In: inputs of runs, and whether each run is of interest.  Out: ``Discovered``: the trajectory of
boxes from all runs to the densest, each with coverage (share of the runs of interest that it
holds), density (share of its runs that are of interest) and mass (share of all runs).

Peeling cuts a share ``peel`` of the runs off one end of one input at a time, whichever is best;
pasting gives slices back as long as density rises.  Friedman and Fisher (1999), Statistics and
Computing 9(2), 123-143; coverage, density and quasi-p-values as in Bryant and Lempert (2010),
Technological Forecasting and Social Change 77(1), 34-49.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.errors import StudyError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Mask = NDArray[np.bool_]

OBJECTIVES = ("gain per run", "density")
"""What a cut is chosen by: the density gained per run that is cut off, which keeps inputs of few
values from being cut first; or the density left, as in the paper of 1999."""

BY_CHANCE = 0.05
"""Quasi-p-value above which a limit is dropped from the proposed box."""

FEWEST = 20
"""Runs below which no box is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One end of one input of a box.

    Attributes
    ----------
    low
        Whether it is the lower end.
    chance
        Quasi-p-value: how probable at least so many runs of interest were in the box, if the limit
        made no difference.  It is computed from the runs that chose the box, so it is a guide.
    """

    parameter: int
    low: bool
    value: float
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box of a trajectory.

    Attributes
    ----------
    low, high
        Ends, dims (parameter,); those of all runs where an input is not restricted.
    runs, hits
        Runs in the box, and those of interest among them.
    coverage, density, mass
        Each in [0, 1].
    limits
        The ends that restrict, in the order of parameters.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    runs: int
    hits: int
    coverage: float
    density: float
    mass: float
    limits: tuple[Limit, ...]

    @property
    def restricted(self) -> tuple[int, ...]:
        """Positions of the parameters that are restricted."""
        return tuple(dict.fromkeys(limit.parameter for limit in self.limits))

    @property
    def balance(self) -> float:
        """Harmonic mean of coverage and density."""
        both = self.coverage + self.density
        return 2 * self.coverage * self.density / both if both else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """A trajectory of boxes.

    Attributes
    ----------
    trajectory
        From all runs, by peeling and then pasting.
    proposed
        Position of the box of largest ``balance``, the larger one of equals: a start, not an
        answer, for how much coverage a point of density is worth is for the reader to say.
    box
        That box without the limits that may well be chance (quasi-p-value above 0.05), dropped one
        by one, the likeliest first.
    runs, hits
        Runs looked at, and those of interest.
    """

    parameters: tuple[str, ...]
    units: tuple[str, ...]
    trajectory: tuple[Box, ...]
    proposed: int
    box: Box
    runs: int
    hits: int


def peel_and_paste(
    inputs: Numbers,
    hits: Mask,
    parameters: Sequence[str],
    units: Sequence[str] = (),
    *,
    peel: float = 0.05,
    paste: float = 0.05,
    least_mass: float = 0.05,
    objective: str = "gain per run",
) -> Discovered:
    """Return the trajectory of boxes of inputs in which hits are dense.

    Parameters
    ----------
    inputs
        Dims (run, parameter).
    hits
        Whether each run is of interest, dims (run,).
    peel, paste
        Shares of the runs cut off and given back at a time, in (0, 0.5).
    least_mass
        Smallest box, as a share of all runs.
    objective
        One of ``OBJECTIVES``.

    Raises
    ------
    StudyError
        Too few runs; none or all of interest; a share or objective that is none.

    Notes
    -----
    Per box: sorting of each input in the box, 2 parameters x runs x log runs.
    """
    _check(hits, {"peel": peel, "paste": paste}, least_mass, objective)
    whole = (inputs.min(axis=0), inputs.max(axis=0))
    search = _Search(inputs, np.asarray(hits, dtype=bool), whole, objective)
    low, high = whole[0].copy(), whole[1].copy()
    boxes = [(low, high)]
    inside: Mask = np.ones(len(inputs), dtype=bool)
    for step, share in ((search.peels, peel), (search.pastes, paste)):
        pasting = step == search.pastes
        while True:
            candidates = list(step(low, high, inside, share))
            if not candidates:
                break
            gain, _, _, best = max(candidates, key=lambda one: one[:3])
            chosen = search.inside(*best)
            enough = chosen.sum() >= least_mass * len(inputs)
            changed = chosen.sum() > inside.sum() if pasting else chosen.sum() < inside.sum()
            if not (enough and changed and gain > 0):
                break
            if pasting and search.density(chosen) <= search.density(inside):
                break
            (low, high), inside = best, chosen
            boxes.append(best)
    trajectory = tuple(search.box(*ends) for ends in boxes)
    order = [(box.balance, box.coverage, -place) for place, box in enumerate(trajectory)]
    proposed = max(range(len(order)), key=order.__getitem__)
    return Discovered(
        parameters=tuple(parameters),
        units=tuple(units) or ("",) * len(parameters),
        trajectory=trajectory,
        proposed=proposed,
        box=search.simpler(trajectory[proposed]),
        runs=len(inputs),
        hits=int(hits.sum()),
    )


def _check(hits: Mask, shares: dict[str, float], least_mass: float, objective: str) -> None:
    if objective not in OBJECTIVES:
        hint = did_you_mean(objective, OBJECTIVES)
        msg = f"no objective '{objective}'{hint}; there are: {', '.join(OBJECTIVES)}"
        raise StudyError(msg)
    for name, share in shares.items():
        if not 0 < share < 0.5:
            msg = f"{name}= is a share of the runs between 0 and 0.5, got {shown(share)}"
            raise StudyError(msg)
    if not 0 < least_mass < 1:
        msg = f"least_mass= is a share of the runs between 0 and 1, got {shown(least_mass)}"
        raise StudyError(msg)
    if len(hits) < FEWEST:
        msg = f"{len(hits)} runs are too few to look for a box; sweep at least {FEWEST}"
        raise StudyError(msg)
    if not hits.any() or hits.all():
        which = "all" if hits.all() else "none"
        msg = f"{which} of the {len(hits):,} runs are of interest, so no box can tell them apart"
        raise StudyError(msg)


Ends = tuple["Numbers", "Numbers"]
Candidate = tuple[float, int, int, Ends]
"""Gain, how many inputs stay free, order (the earlier the larger), ends."""


class _Search:
    """The runs that a trajectory is looked for in."""

    def __init__(self, inputs: Numbers, hits: Mask, whole: Ends, objective: str) -> None:
        self.inputs, self.hits, self.whole, self.objective = inputs, hits, whole, objective

    def inside(self, low: Numbers, high: Numbers) -> Mask:
        """Return which runs are in a box, dims (run,)."""
        found = np.all((self.inputs >= low) & (self.inputs <= high), axis=1)
        return np.asarray(found, dtype=bool)

    def density(self, inside: Mask) -> float:
        return float(self.hits[inside].mean()) if inside.any() else 0.0

    def peels(self, low: Numbers, high: Numbers, inside: Mask, share: float) -> Iterator[Candidate]:
        """Give the boxes with one end of one input cut off."""
        for place in range(self.inputs.shape[1]):
            values = self.inputs[inside, place]
            order = np.sort(values)
            for number, upper in enumerate((True, False)):
                ends = low.copy(), high.copy()
                cut = _between(order, 1 - share if upper else share)
                ends[1 if upper else 0][place] = cut
                kept = values <= cut if upper else values >= cut
                gain = self._gain(inside, self.hits[inside][kept])
                yield gain, self._free(*ends), -2 * place - number, ends

    def pastes(
        self, low: Numbers, high: Numbers, inside: Mask, share: float
    ) -> Iterator[Candidate]:
        """Give the boxes with a slice of one restricted input given back."""
        first, last = self.whole
        for place in np.flatnonzero((low != first) | (high != last)).tolist():
            for number, upper in enumerate((False, True)):
                beyond_low, beyond_high = low.copy(), high.copy()
                if upper:
                    beyond_low[place], beyond_high[place] = high[place], last[place]
                else:
                    beyond_low[place], beyond_high[place] = first[place], low[place]
                values = np.sort(self.inputs[self.inside(beyond_low, beyond_high), place])
                ends = low.copy(), high.copy()
                if len(values):
                    ends[int(upper)][place] = _between(values, share if upper else 1 - share)
                else:
                    ends[int(upper)][place] = self.whole[int(upper)][place]
                gain = self._gain(inside, self.hits[self.inside(*ends)])
                yield gain, self._free(*ends), -2 * place - number, ends

    def _gain(self, before: Mask, hits: Mask) -> float:
        density = float(hits.mean()) if len(hits) else 0.0
        if self.objective == "density":
            return density if len(hits) else -1.0
        change = abs(int(before.sum()) - len(hits))
        return (density - self.density(before)) / change if change else 0.0

    def _free(self, low: Numbers, high: Numbers) -> int:
        return int(((low == self.whole[0]) & (high == self.whole[1])).sum())

    def box(self, low: Numbers, high: Numbers) -> Box:
        """Return the record of a box."""
        inside = self.inside(low, high)
        runs, hits = int(inside.sum()), int(self.hits[inside].sum())
        limits = []
        for place in range(len(low)):
            for end, whole, is_low in (
                (low, self.whole[0], True),
                (high, self.whole[1], False),
            ):
                if end[place] != whole[place]:
                    without = low.copy(), high.copy()
                    without[0 if is_low else 1][place] = whole[place]
                    limits.append(
                        Limit(
                            parameter=place,
                            low=is_low,
                            value=float(end[place]),
                            chance=self._chance(self.inside(*without), runs, hits),
                        )
                    )
        return Box(
            low=tuple(low.tolist()),
            high=tuple(high.tolist()),
            runs=runs,
            hits=hits,
            coverage=hits / int(self.hits.sum()),
            density=hits / runs,
            mass=runs / len(self.inputs),
            limits=tuple(limits),
        )

    def simpler(self, box: Box) -> Box:
        """Return a box without the limits that may well be chance."""
        while box.limits:
            worst = max(box.limits, key=lambda one: one.chance)
            if worst.chance <= BY_CHANCE:
                break
            low, high = np.array(box.low), np.array(box.high)
            end, whole = (low, self.whole[0]) if worst.low else (high, self.whole[1])
            end[worst.parameter] = whole[worst.parameter]
            box = self.box(low, high)
        return box

    def _chance(self, without: Mask, runs: int, hits: int) -> float:
        from scipy.special import betainc

        # The upper tail of a binomial, which SciPy's own loses for no hit at all.
        return float(betainc(hits, runs - hits + 1, self.density(without))) if hits else 1.0


def _between(order: Numbers, part: float) -> float:
    """Return a value between two neighbours of sorted values at a quantile, past any tie."""
    place = (len(order) - 1) * part
    low, high = math.floor(place), math.ceil(place)
    if part > 0.5:
        while order[low] == order[high] and low > 0:
            low -= 1
    else:
        while order[low] == order[high] and high < len(order) - 1:
            high += 1
    return float(order[low] + order[high]) / 2
