"""States at which every rate is zero, found by Newton's method from many starts at once.

Stage 2 of 4, shared by ``equilibrium`` and ``continuation``.  In: a ``Field`` and its conserved
totals.  Out: states.  Nothing is claimed about states that no start led to.

States are in units of each stock, z = x / unit.  Steps stay on the plane of the conserved totals:
some stocks, as many as there are totals, follow from the others.  With B, what all stocks do when
one of the others moves, g = rates of the others and K = (their rows of J) B, whose eigenvalues are
those of J but for the zeros of the totals.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.rest.totals import matrix_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loopscope.loops.rest.field import Field, Numbers
    from loopscope.loops.rest.totals import Total

STEPS = 80
PATIENCE = 20
"""Steps in which rates must halve; a start that does not manage is given up."""

FAR = 1e6
"""Size of a state, in units of the run, beyond which a start is given up."""

HALVINGS = 13
"""How often a Newton step is halved before a start is given up."""

NEAR = 1e-10
"""Size of the last Newton step, relative to 1 + |z|, at which a state counts as found."""

SAME = 1e-6
"""Difference, relative to 1 + |z|, below which two states are one."""

SINGULAR = 1e-9
"""Singular values of K below this part of the largest are taken for zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The plane of states that share their conserved totals with the start.

    Attributes
    ----------
    field
        The rates.
    unit
        Unit of each stock, dims (n,).
    own
        Positions of the d stocks that move by themselves.
    basis
        B, dims (n, d); its rows of ``own`` are those of the identity.
    origin
        The start, in these units, dims (n,).
    """

    field: Field
    unit: Numbers
    own: tuple[int, ...]
    basis: Numbers
    origin: Numbers

    def onto(self, states: Numbers) -> Numbers:
        """Return the states on the plane with the same values of ``own``, dims (n, point)."""
        own = list(self.own)
        origin = self.origin[:, None]
        moved = origin + self.basis @ (states[own] - origin[own])
        moved[own] = states[own]
        return np.asarray(moved)

    def rates(self, states: Numbers, parameter: Numbers | None = None) -> Numbers:
        """Return g, dims (d, point)."""
        rates = self.field.rates(states * self.unit[:, None], parameter)
        return np.asarray((rates / self.unit[:, None])[list(self.own)])

    def rests(self, states: Numbers, parameter: Numbers | None = None) -> NDArray[np.bool_]:
        """Return which states are at rest; see ``Field.rests``."""
        return self.field.rests(states * self.unit[:, None], parameter)

    def slopes(
        self, states: Numbers, parameter: Numbers | None = None
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Return g (d, point), K (point, d, d) and slopes of g by the parameter (d, point)."""
        own, unit = list(self.own), self.unit[:, None]
        rates, matrix, by = self.field.slopes(states * unit, parameter)
        scaled = matrix * self.unit[None, None, :] / self.unit[None, :, None]
        inner = scaled[:, own] @ self.basis
        return (rates / unit)[own], inner, (by / unit)[own]


def plane_of(field: Field, found: tuple[Total, ...]) -> Plane:
    """Return the plane of the start of a run.

    Stocks that only add up follow from the others where they can, so that the rates of the others
    stay as they are written; else those with the largest part in a total.
    """
    unit = field.unit
    count = len(field.names)
    weights = matrix_of(found, field.names) * unit
    size = np.abs(weights).sum(axis=0)
    size[list(field.counters)] *= 1e9
    following: list[int] = []
    for number in np.argsort(-size, kind="stable"):
        trial = [*following, int(number)]
        if len(trial) <= len(found) and np.linalg.matrix_rank(weights[:, trial]) == len(trial):
            following = trial
    own = tuple(number for number in range(count) if number not in following)
    basis = np.zeros((count, len(own)))
    basis[list(own), range(len(own))] = 1.0
    if following:
        basis[following] = -np.linalg.solve(weights[:, following], weights[:, list(own)])
    return Plane(field=field, unit=unit, own=own, basis=basis, origin=field.start / unit)


def settle(
    plane: Plane,
    states: Numbers,
    *,
    relax: bool = False,
    parameter: Numbers | None = None,
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the states that Newton's method leads to.

    Parameters
    ----------
    states
        Starts on the plane, dims (n, point).
    parameter
        Values of the free parameter, dims (point,), if not its own.
    relax
        Take implicit Euler steps that grow, so that each start runs down to where the model
        itself would come to rest, if it does.

    Returns
    -------
    tuple
        States, dims (n, point), and which of them are at rest, dims (point,).

    Notes
    -----
    At most ``STEPS`` Jacobians and singular value decompositions, O(d**3) a point each.  Newton
    steps are halved until the rates get smaller.  Where K is singular the smallest step is taken.

    References
    ----------
    Kelley & Keyes (1998), "Convergence analysis of pseudo-transient continuation", SIAM J. Numer.
    Anal. 35(2), 508-523: growth of the steps.
    """
    z = np.array(states)
    done = np.zeros(z.shape[1], dtype=bool)
    if not len(plane.basis.T):
        return z, _finite(z)
    alive = _finite(plane.rates(z, parameter))
    pace = np.zeros(z.shape[1])
    marked = np.full(z.shape[1], np.inf)
    for number in range(STEPS):
        at = np.flatnonzero(alive & ~done)
        if not len(at):
            break
        g, matrix, _ = plane.slopes(z[:, at], _of(parameter, at))
        usable = np.isfinite(g).all(axis=0) & np.isfinite(matrix).all(axis=(1, 2))
        alive[at[~usable]] = False
        at, g, matrix = at[usable], g[:, usable], matrix[usable]
        here, size = _of(parameter, at), np.linalg.norm(matrix, axis=(1, 2))
        if relax:
            fastest = np.max(np.abs(g), axis=0)
            first = 0.1 * (1.0 + np.max(np.abs(z[:, at]), axis=0)) / np.maximum(fastest, 1e-12)
            pace[at] = np.where(pace[at] > 0, pace[at], first)
            step = solved(np.eye(len(g)) / pace[at][:, None, None] - matrix, g)
            following = plane.rates(z[:, at] + plane.basis @ step, here)
            share = np.isfinite(following).all(axis=0).astype(np.float64)
            newton = pace[at] * size > 1e8
            pace[at] *= np.where(share > 0, 4.0, 0.1)
            alive[at[pace[at] < 1e-9 * first]] = False
        else:
            step = solved(-matrix, g)
            share = _share(plane, z[:, at], step, g, here)
            newton = share == 1.0
            alive[at[share == 0.0]] = False
        moved = np.max(np.abs(plane.basis @ step), axis=0)
        reach = 1.0 + np.max(np.abs(z[:, at]), axis=0)
        z[:, at] += plane.basis @ (share * step)
        done[at[newton & (moved <= NEAR * reach)]] = True
        alive[at[reach > FAR]] = False
        if number % PATIENCE == PATIENCE - 1 and not (relax and number < STEPS // 2):
            left = np.linalg.norm(g, axis=0)
            alive[at[left > 0.5 * marked[at]]] = False
            marked[at] = left
    found = np.asarray(done & alive)
    found[found] = plane.rests(z[:, found], _of(parameter, np.flatnonzero(found)))
    # Where nobody is left a step of rounding size makes people of nothing, and they do not rest.
    lost = np.flatnonzero(~found & _finite(np.asarray(states)))
    back = lost[plane.rests(np.asarray(states)[:, lost], _of(parameter, lost))]
    z[:, back], found[back] = np.asarray(states)[:, back], True
    return z, found


def _finite(rates: Numbers) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(rates).all(axis=0))


def _of(parameter: Numbers | None, points: NDArray[np.int64]) -> Numbers | None:
    return None if parameter is None else parameter[points]


def solved(matrix: Numbers, right: Numbers) -> Numbers:
    """Return solutions of many systems, dims (d, point); the smallest where they are singular.

    Rows and columns are scaled first: near a state without people, say, shares change by far more
    than people do, and a stock whose rate is zero there must not move by their rounding.
    """
    rows = np.abs(matrix).max(axis=2, keepdims=True)
    rows = np.where(rows > 0, rows, 1.0)
    columns = np.abs(matrix / rows).max(axis=1, keepdims=True)
    columns = np.where(columns > 0, columns, 1.0)
    scaled, sides = matrix / rows / columns, right.T / rows[:, :, 0]
    found = np.full(sides.shape, np.inf)
    for number, (one, side) in enumerate(zip(scaled, sides, strict=True)):
        with contextlib.suppress(np.linalg.LinAlgError):
            found[number] = np.linalg.solve(one, side)
        if not np.max(np.abs(found[number]), initial=0.0) < 1e9:
            found[number] = np.linalg.pinv(one, rcond=1e-12) @ side
    return np.asarray((found / columns[:, 0]).T)


def _share(
    plane: Plane, z: Numbers, step: Numbers, g: Numbers, parameter: Numbers | None
) -> Numbers:
    """Return the part of each Newton step to take: halved until the rates get smaller; 0 if never.

    At rest already, where rounding decides, the whole step is taken.
    """
    before = np.linalg.norm(g, axis=0)
    share = np.zeros(z.shape[1])
    share[np.max(np.abs(step), axis=0) <= NEAR * (1.0 + np.max(np.abs(z), axis=0))] = 1.0
    for trials in (np.ones(1), 0.5 ** np.arange(1, HALVINGS + 1)):
        at = np.flatnonzero(share == 0.0)
        if not len(at):
            break
        moved = (plane.basis @ step[:, at])[:, None, :] * trials[:, None]
        several = (z[:, None, at] + moved).reshape(len(z), -1)
        after = plane.rates(several, _of(parameter, np.tile(at, len(trials))))
        sizes = np.linalg.norm(after, axis=0).reshape(len(trials), -1)
        better = sizes <= (1.0 - 0.1 * trials[:, None]) * before[at]
        share[at] = np.where(better.any(axis=0), trials[np.argmax(better, axis=0)], 0.0)
    return share


def distinct(states: Numbers) -> list[int]:
    """Return the positions of states that differ from all before, dims (n, point)."""
    kept: list[int] = []
    for number in range(states.shape[1]):
        one = states[:, [number]]
        bound = SAME * (1.0 + np.max(np.abs(one)))
        if not kept or np.min(np.max(np.abs(states[:, kept] - one), axis=0)) > bound:
            kept.append(number)
    return kept


def dimensions(plane: Plane, states: Numbers) -> list[int]:
    """Return how many dimensions of equilibria there are at each state, 0 where it stands alone.

    Along each direction in which K does nothing a step is taken and brought back to rest: if it
    comes back to where it went, not to where it was, equilibria go on there.
    """
    found = []
    for number in range(states.shape[1]):
        z = states[:, [number]]
        _, matrix, _slope = plane.slopes(z)
        count = 0
        if np.isfinite(matrix).all() and matrix.size:
            _, sizes, directions = np.linalg.svd(matrix[0])
            flat = directions[sizes <= SINGULAR * max(sizes[0], 1e-300)]
            step = 0.02 * (1.0 + np.max(np.abs(z)))
            for direction in flat:
                there = z + plane.basis @ (step * direction[:, None])
                back, fine = settle(plane, there)
                count += bool(fine[0]) and float(np.linalg.norm(back - z)) > 0.5 * step
        found.append(count)
    return found


def connected(plane: Plane, first: Numbers, others: Numbers) -> NDArray[np.bool_]:
    """Return which states lie on one line, or surface, of equilibria with a first one.

    Points on the straight way between two are brought to rest; they must stay near it.
    """
    shares = np.linspace(0.0, 1.0, 9)[1:-1]
    count = others.shape[1]
    way = first[:, None, None] + (others - first[:, None])[:, :, None] * shares
    flat = way.reshape(len(first), -1)
    back, fine = settle(plane, flat)
    away = np.linalg.norm(back - flat, axis=0).reshape(count, -1)
    length = np.linalg.norm(others - first[:, None], axis=0)
    return np.asarray(
        fine.reshape(count, -1).all(axis=1) & (away <= 0.3 * length[:, None] + SAME).all(axis=1)
    )
