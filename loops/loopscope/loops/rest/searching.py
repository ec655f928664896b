"""The search for states of rest: where it starts, and what it makes of what it finds.

Stage 2 of 4.  In: a ``Plane`` and what a user says about where to look.  Out: states of rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.rest.resting import connected, dimensions, distinct, settle
from loopscope.models.engine.overrides import plain_number
from loopscope.models.errors import LoopError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.rest.field import Field, Numbers
    from loopscope.loops.rest.resting import Plane


def search(
    plane: Plane, given: list[Numbers], limits: Numbers, count: int, seed: int
) -> tuple[list[tuple[Numbers, int]], str]:
    """Return what Newton's method finds from guesses, the run and random starts.

    Parameters
    ----------
    given
        Guesses, dims (n,) each.
    limits
        Where random starts lie, dims (low and high, n).
    count, seed
        Number of random starts, and their seed.

    Returns
    -------
    tuple
        States, in stock units, each with the number of dimensions of equilibria there; and a
        clause that says where they come from.
    """
    course = plane.field.course
    rows = np.unique(np.linspace(0, course.shape[1] - 1, 6).astype(int))
    draw = np.random.default_rng(seed).random((len(course), count))
    low, high = limits
    random = low[:, None] + draw * (high - low)[:, None]
    known = [*given, *course[:, rows].T, np.zeros(len(course))]
    states = np.concatenate([np.array(known).T, random], axis=1) / plane.unit[:, None]
    states = plane.onto(states)
    with np.errstate(all="ignore"):
        results = [settle(plane, states, relax=relax) for relax in (True, False)]
    rest = np.concatenate([z[:, fine] for z, fine in results], axis=1)
    rest = _tidied(plane, rest)
    rest = rest[:, distinct(rest)]
    sizes = dimensions(plane, rest)
    alone = [n for n, size in enumerate(sizes) if size == 0]
    joined = [n for n, size in enumerate(sizes) if size > 0]
    while joined:
        first, *others = joined
        alone.append(first)
        if others:
            same = connected(plane, rest[:, first], rest[:, others])
            joined = [n for n, one in zip(others, same, strict=True) if not one]
        else:
            joined = []
    found = [(rest[:, n] * plane.unit, sizes[n]) for n in alone]
    how = f"from {states.shape[1]} starts"
    if not found:
        z, _ = results[0]
        with np.errstate(all="ignore"):
            left = np.abs(plane.field.rates(z * plane.unit[:, None])) / plane.unit[:, None]
        worst = np.where(np.isfinite(left).all(axis=0), left.max(axis=0), np.inf)
        best = int(np.argmin(worst))
        if np.isfinite(worst[best]):
            name = plane.field.names[int(np.argmax(left[:, best]))]
            how += f" (at the stillest state reached '{name}' still changes by {worst[best]:.3g}"
            how += " of its size per time unit)"
    return found, how


def _tidied(plane: Plane, states: Numbers) -> Numbers:
    """Return states with what is zero but for rounding set to zero, where they stay at rest."""
    clean = np.where(np.abs(states) < 1e-9, 0.0, states)
    kept = np.abs(plane.onto(clean) - clean).max(axis=0, initial=0.0) < 1e-9
    return np.where(kept & plane.rests(clean), clean, states)


def stock_of(own: Field, name: object) -> int:
    """Return the position of a stock by the name a user writes."""
    node = own.graph.find(str(name))
    if node not in own.names:
        hint = did_you_mean(str(name), own.names)
        msg = f"{own.graph.model.name}: '{node}' is no stock{hint}; stocks alone have start values"
        raise LoopError(msg)
    return own.names.index(node)


def guesses(own: Field, guess: Any) -> list[Numbers]:
    """Return guessed states, dims (n,) each, other stocks at their start values."""
    if guess is None:
        return []
    several = [guess] if hasattr(guess, "items") else list(guess)
    found = []
    for one in several:
        if not hasattr(one, "items"):
            msg = f"a guess must be values of stocks by name, got {shown(one)}"
            raise LoopError(msg)
        rows = {}
        for name, value in one.items():
            number = plain_number(value)
            if number is None or not np.isfinite(number):
                msg = f"the guess of '{name}' must be a finite number, got {shown(value)}"
                raise LoopError(msg)
            rows[stock_of(own, name)] = number
        state = np.array(own.start)
        state[list(rows)] = list(rows.values())
        found.append(state)
    return found


def limits_of(own: Field, ranges: Mapping[str, tuple[float, float]] | None) -> Numbers:
    """Return where random starts lie, dims (low and high, n)."""
    course = own.course
    least, most = course.min(axis=1), course.max(axis=1)
    reach = np.maximum(np.abs(least), np.abs(most))
    reach = np.where(reach > 0, reach, 1.0)
    limits = np.array([np.where(least >= 0, 0.0, -3 * reach), 3 * reach])
    for number, name in enumerate(own.names):
        variable = own.graph.model.variables.get(name)
        for row, limit in enumerate(variable.limits if variable is not None else ()):
            if limit is not None:
                limits[row, number] = limit
    limits[1] = np.where(limits[1] > limits[0], limits[1], limits[0] + reach)
    for name, pair in (ranges or {}).items():
        number = stock_of(own, name)
        ends = [plain_number(one) for one in pair] if isinstance(pair, tuple | list) else []
        if len(ends) != 2 or any(one is None or not np.isfinite(one) for one in ends):
            msg = f"the range of '{name}' must be two finite numbers (low, high), got {shown(pair)}"
            raise LoopError(msg)
        low, high = float(ends[0] or 0.0), float(ends[1] or 0.0)
        if low >= high:
            msg = f"the range of '{name}' is empty: {low:g} is not below {high:g}; swap or widen it"
            raise LoopError(msg)
        limits[:, number] = low, high
    return limits
