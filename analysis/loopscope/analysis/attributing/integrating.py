"""The Aumann-Shapley value of each mechanism: its derivative, integrated from "none" to "all".

In: a ``Dial``.  Out: ``Split``: what each mechanism adds to each outcome at each time, and what the
integration left over.

All strengths go from 0 to 1 together, on the diagonal.  The integral is that of Gauss and Kronrod
with 7 and 15 points, on intervals that are halved where it is not good enough.  Two things say
whether it is.  The derivatives of all mechanisms must add up to the change between the ends of the
interval, which are runs themselves; so the sum is checked against what it must be, at every time.
And the rule with 7 points must be near that with 15, for each mechanism.

A run may jump along the path: a switch of the model flips at another step.  No derivative sees a
jump, however short the interval, so it stays in what is left over.

References
----------
R. J. Aumann and L. S. Shapley (1974), Values of Non-Atomic Games, Princeton University Press.
M. Sundararajan, A. Taly and Q. Yan (2017), "Axiomatic attribution for deep networks", Proceedings
of the 34th International Conference on Machine Learning, 3319-3328 (integrated gradients).
R. Piessens, E. de Doncker-Kapenga, C. W. Überhuber and D. K. Kahaner (1983), QUADPACK, Springer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.attributing.dial import BATCH, blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from loopscope.analysis.attributing.dial import Dial

    Numbers = NDArray[np.float64]

_OUTER = (
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
    0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
    0.586087235467691130294144691838259, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
)  # fmt: skip
_KRONROD = (
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
    0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
    0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
)  # fmt: skip
_GAUSS = (
    0.0, 0.129484966168869693270611432679082, 0.0, 0.279705391489276667901467771423780,
    0.0, 0.381830050505118944950369775488975, 0.0, 0.417959183673469387755102040816327,
)  # fmt: skip

POINTS = (1 + np.array([*(-x for x in _OUTER), 0.0, *_OUTER[::-1]])) / 2
"""Points of the rule on (0, 1), ascending."""
KRONROD = np.array([*_KRONROD, *_KRONROD[-2::-1]]) / 2
GAUSS = np.array([*_GAUSS, *_GAUSS[-2::-1]]) / 2

NARROWEST = 2.0**-30
"""Width of an interval that is not halved again: only a jump is left in it."""

TOLD = 0.1
"""Part of the distance between the two rules that counts as an error: the better one is nearer."""

FIGHT = 0.25
"""Intervals with at least this part of the worst error at a time are halved with the worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What each mechanism adds, for every run of an ensemble.

    Attributes
    ----------
    value
        Dims (outcome, run, mechanism, time), in the unit of the outcome; NaN where a run on the
        path left the finite numbers.
    rules
        How far the two rules are apart, dims as ``value``: more than the error of ``value`` where
        nothing bends.
    none, every
        Outcomes without all mechanisms, and with all; dims (outcome, run, time).
    nodes
        Points of the path whose derivatives were computed, dims (run,).
    failed
        What left the finite numbers, and where on the path, by run.
    """

    value: Numbers
    rules: Numbers
    none: Numbers
    every: Numbers
    nodes: NDArray[np.int64]
    failed: dict[int, str]

    @property
    def left_over(self) -> Numbers:
        """With all minus with none minus the sum of all values, dims (outcome, run, time)."""
        return np.asarray(self.every - self.none - self.value.sum(axis=2))


def integrate(
    dial: Dial,
    *,
    tolerance: float,
    most: int,
    progress: Callable[[int], None] | None = None,
) -> Split:
    """Split outcomes among mechanisms along the diagonal.

    Parameters
    ----------
    tolerance
        Largest sum that may be left over, or distance of a value, at any time, as a part of the
        largest value or difference of that outcome and run.
    most
        Points of the path for each run; what is reached with them is returned.
    progress
        Called with the number of runs done.

    Notes
    -----
    A run costs ``nodes`` derivatives; see ``Dial.slopes``.  Memory is that of the result and a few
    times ``BATCH``.
    """
    outcomes, times = len(dial.outputs), len(dial.time)
    shape = (outcomes, dial.runs, len(dial.strengths), times)
    split = Split(
        value=np.empty(shape),
        rules=np.empty(shape),
        none=np.empty((outcomes, dial.runs, times)),
        every=np.empty((outcomes, dial.runs, times)),
        nodes=np.zeros(dial.runs, dtype=np.int64),
        failed={},
    )
    kept = 16 * outcomes * len(dial.strengths) * times * max(1, most // len(POINTS))
    for rows in blocks(dial.runs, max(1, 4 * BATCH // kept)):
        paths = {int(row): _Path() for row in rows}
        fresh = [(int(row), 0.0, 1.0) for row in rows]
        while fresh:
            _measure(dial, paths, fresh)
            fresh = [
                (row, *half) for row, path in paths.items() for half in path.halved(tolerance, most)
            ]
        for row, path in paths.items():
            path.tell(split, row)
        if progress is not None:
            progress(int(rows[-1]) + 1)
    return split


@dataclass(frozen=True, slots=True)
class _Cell:
    """One interval of the path: its ends, its integrals, and its error (outcome, time)."""

    low: float
    high: float
    value: Numbers
    rules: Numbers
    error: Numbers


class _Path:
    """The path of one run, in intervals."""

    def __init__(self) -> None:
        self.ends: dict[float, Numbers] = {}
        self.cells: list[_Cell] = []
        self.failed: dict[float, str] = {}
        self.nodes = 0

    def add(self, low: float, high: float, slopes: Numbers) -> None:
        """Add an interval from derivatives, dims (outcome, point, mechanism, time)."""
        width = high - low
        value = width * np.einsum("p,opmt->omt", KRONROD, slopes)
        rules = np.abs(value - width * np.einsum("p,opmt->omt", GAUSS, slopes))
        gap = np.abs(self.ends[high] - self.ends[low] - value.sum(axis=1))
        error = np.nan_to_num(np.maximum(gap, TOLD * rules.max(axis=1)), posinf=0.0)
        self.cells.append(_Cell(low, high, value, rules, error))
        self.nodes += len(POINTS)

    def halved(self, tolerance: float, most: int) -> list[tuple[float, float]]:
        """Take out intervals that are not good enough, and return their halves."""
        errors = np.stack([cell.error for cell in self.cells])
        over = errors.sum(axis=0) > tolerance * self._scale()[:, None]
        over &= ~self._lost()
        if not over.any():
            return []
        at = errors[:, over]
        wide = np.array([cell.high - cell.low > NARROWEST for cell in self.cells])
        worst = (at >= FIGHT * at.max(axis=0)) & (at > 0)
        chosen = np.flatnonzero(worst.any(axis=1) & wide)
        chosen = chosen[np.argsort(-at[chosen].max(axis=1), kind="stable")]
        chosen = chosen[: max(0, (most - self.nodes) // (2 * len(POINTS)))]
        taken = [self.cells[place] for place in chosen]
        self.cells = [cell for place, cell in enumerate(self.cells) if place not in set(chosen)]
        middles = [(cell.low + cell.high) / 2 for cell in taken]
        return [
            half
            for cell, middle in zip(taken, middles, strict=True)
            for half in ((cell.low, middle), (middle, cell.high))
        ]

    def _scale(self) -> Numbers:
        """Return the largest value or difference, dims (outcome,)."""
        whole = np.abs(self.ends[1.0] - self.ends[0.0])
        values = np.abs(np.sum([cell.value for cell in self.cells], axis=0))
        largest = np.nan_to_num(values, posinf=0.0).max(axis=(1, 2))
        return np.asarray(np.maximum(np.nan_to_num(whole, posinf=0.0).max(axis=1), largest))

    def _lost(self) -> NDArray[np.bool_]:
        """Return where the run at an end of an interval is not finite, dims (outcome, time)."""
        return np.asarray(~np.isfinite(np.stack(list(self.ends.values()))).all(axis=0))

    def tell(self, split: Split, row: int) -> None:
        """Write what was found into the place of a run."""
        lost = self._lost()[:, None]
        for found, name in ((split.value, "value"), (split.rules, "rules")):
            whole = np.sum([getattr(cell, name) for cell in self.cells], axis=0)
            found[:, row] = np.where(lost, np.nan, whole)
        split.none[:, row], split.every[:, row] = self.ends[0.0], self.ends[1.0]
        split.nodes[row] = self.nodes
        if self.failed:
            first = min(self.failed)
            split.failed[row] = f"at strength {first:.4g}: {self.failed[first]}"


def _measure(dial: Dial, paths: dict[int, _Path], fresh: list[tuple[int, float, float]]) -> None:
    """Run the ends and the points of some intervals."""
    ends = dict.fromkeys(
        (row, end) for row, *both in fresh for end in both if end not in paths[row].ends
    )
    if ends:
        rows = np.array([row for row, _ in ends])
        strengths = np.repeat(np.array([end for _, end in ends])[:, None], len(dial.strengths), 1)
        values, failed = dial.values(rows, strengths)
        for place, (row, end) in enumerate(ends):
            paths[row].ends[end] = values[:, place]
            if place in failed:
                paths[row].failed[end] = failed[place]
    count = len(POINTS)
    for part in blocks(len(fresh), max(1, dial.points_at_once // count)):
        cells = [fresh[place] for place in part]
        along = np.concatenate([low + (high - low) * POINTS for _, low, high in cells])
        rows = np.repeat([row for row, _, _ in cells], count)
        slopes, failed = dial.slopes(rows, along)
        for place, words in failed.items():
            paths[int(rows[place])].failed[float(along[place])] = words
        for place, (row, low, high) in enumerate(cells):
            paths[row].add(low, high, slopes[:, place * count : (place + 1) * count])
