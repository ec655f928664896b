"""The mode of behaviour of many series at once.

In: series along evenly spaced times, dims (run, time).  Out: a code for each run: the place of its
mode in ``MODES``.  A mode is a shape: it does not change with the unit of the series or of time.

The modes are those of the field (Sterman 2000, Business Dynamics, chapter 4), and are looked for in
this order, each among what is left:

=====================  ===========================================================================
equilibrium            moves by no more than ``STILL`` of its size
oscillation            ``TURNS`` or more peaks and troughs: growing or damped where its amplitude
                       changes by more than ``SUSTAINED`` over a period, sustained otherwise
collapse               ends below ``GONE`` of its largest size, which is not at its end; overshoot
                       and collapse where it turned down from a peak first
overshoot              turns down first (and may turn again)
dip and recovery       turns up first
decline                never turns, ends below its start
growth                 never turns, its last rise is more than ``SLOWED`` of its steepest
saturating growth      has slowed down; steepest within the first ``EARLY`` of the time
S-shaped growth        has slowed down; steepest later
=====================  ===========================================================================

*Lock-in* is a relation between two runs, not a shape: see ``locked_in``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loopscope.analysis.behaviour.turning import TURNS, Turns, damping, find_turns

Numbers = NDArray[np.float64]
Codes = NDArray[np.int8]

MODES = (
    "equilibrium", "growth", "saturating growth", "S-shaped growth", "overshoot",
    "overshoot and collapse", "dip and recovery", "decline", "collapse", "growing oscillation",
    "sustained oscillation", "damped oscillation",
)  # fmt: skip
"""The modes; the code of a mode is its place here."""

UNKNOWN = -1
"""The code of a series that has a value that is not finite."""

FAMILY = {
    "growing oscillation": "oscillation",
    "sustained oscillation": "oscillation",
    "damped oscillation": "oscillation",
    "overshoot and collapse": "collapse",
}
"""What a mode is a kind of: a list that names the family lists all its kinds."""

LOCK_IN = "lock-in"
"""The name of the mode that two runs show together."""

STILL = 0.01
"""A series that moves by no more than this share of its size is at rest."""

GONE = 0.05
"""A series that ends below this share of its largest value has collapsed."""

SLOWED = 0.5
"""Growth has slowed down where its last rise is no more than this share of its steepest."""

EARLY = 0.05
"""Growth that is steepest within this share of the time has no first, quickening part."""

SUSTAINED = 0.05
"""An oscillation is sustained where a period changes its amplitude by no more than this share."""

_CODE = {mode: code for code, mode in enumerate(MODES)}


def classify_all(values: Numbers) -> Codes:
    """Return the code of the mode of each series, dims (run,); ``UNKNOWN`` where not finite.

    Parameters
    ----------
    values
        Dims (run, time), evenly spaced in time.

    Notes
    -----
    O(run * time), a few passes over the values; more than 50,000 series of 101 points a second.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.linspace(0, 10, 101)
    >>> several = np.stack([np.exp(time), 1 / (1 + np.exp(5 - time)), np.sin(9 * time)])
    >>> [MODES[code] for code in classify_all(several)]
    ['growth', 'S-shaped growth', 'sustained oscillation']
    """
    return classify_turns(values, find_turns(values))


def classify_turns(values: Numbers, turns: Turns) -> Codes:
    """Return the code of the mode of each series whose turns are known, dims (run,)."""
    codes = np.full(len(values), UNKNOWN, dtype=np.int8)
    if not values.size:
        return codes
    left = np.asarray(np.isfinite(values).all(axis=1))
    whole = np.where(left[:, np.newaxis], values, 0.0)
    highest, lowest = whole.max(axis=1), whole.min(axis=1)
    size = np.maximum(np.abs(highest), np.abs(lowest))
    first, last = whole[:, 0], whole[:, -1]

    def settle(where: NDArray[np.bool_], mode: str) -> None:
        chosen = left & where
        codes[chosen] = _CODE[mode]
        left[chosen] = False

    with np.errstate(over="ignore"):
        settle(highest - lowest <= STILL * size, "equilibrium")
    count = turns.count
    swings = left & (count >= TURNS)
    if swings.any():
        change = _change_in_a_period(damping(values, turns))
        settle(swings & (change > SUSTAINED), "growing oscillation")
        settle(swings & (change < -SUSTAINED), "damped oscillation")
        settle(swings, "sustained oscillation")
    turned = count > 0
    top_first = np.zeros(len(values), dtype=bool)
    top_first[turned] = turns.top[turns.first[turned]]
    gone = (np.abs(last) < GONE * size) & (np.abs(whole).argmax(axis=1) < values.shape[1] - 1)
    settle(gone & top_first, "overshoot and collapse")
    settle(gone, "collapse")
    settle(top_first, "overshoot")
    settle(turned, "dip and recovery")
    settle(last < first, "decline")
    places = np.flatnonzero(left)
    rises = np.diff(whole[places], axis=1)
    codes[places] = _growths(rises)
    return codes


def _growths(rises: Numbers) -> Codes:
    """Return the codes of series that only rise, from their rises, dims (run, time)."""
    if not rises.size:
        return np.full(len(rises), _CODE["equilibrium"], dtype=np.int8)
    slowed = rises[:, -1] <= SLOWED * rises.max(axis=1)
    early = rises.argmax(axis=1) < EARLY * rises.shape[1]
    return np.select(
        [~slowed, early],
        [np.int8(_CODE["growth"]), np.int8(_CODE["saturating growth"])],
        np.int8(_CODE["S-shaped growth"]),
    )


def _change_in_a_period(ratio: Numbers) -> Numbers:
    """Return by which share a whole period changes the amplitude, from the damping ratio."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.expm1(-2 * np.pi * ratio / np.sqrt(1 - ratio**2)))


def name_mode(row: Numbers) -> str:
    """Return the mode of one series; empty where it is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> name_mode(np.array([0.0, 3.0, 2.0, 2.0]))
    'overshoot'
    """
    code = int(classify_all(np.atleast_2d(np.asarray(row, dtype=np.float64)))[0])
    return "" if code == UNKNOWN else MODES[code]


def is_listed(mode: str, listed: tuple[str, ...] | frozenset[str]) -> bool:
    """Return whether a list of modes names a mode, or the family that it is a kind of."""
    return mode in listed or FAMILY.get(mode) in listed


def locked_in(up: Numbers, down: Numbers, gap: float) -> NDArray[np.bool_]:
    """Return where two runs that differ by a shock that has passed are still apart, dims (run,).

    Parameters
    ----------
    up, down
        The same variable after a shock up and after a shock down, dims (run, time) or (run,): the
        last value counts.
    gap
        In the unit of the variable: they are apart by more than this.  NaN is not apart.
    """
    above, below = (each[:, -1] if each.ndim > 1 else each for each in (up, down))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(above - below) > gap)
