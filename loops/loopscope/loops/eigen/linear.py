"""The equations of a graph, made linear at each point of a run: the block form and the Jacobian.

Stage 4 of 4, shared by the eigenvalue methods.  In: ``Along`` and the nodes to look at.  Out:
``Blocks``.  A *point* is one saved time of one run; points are runs after each other.

With stocks x and other variables v, dx' = A dx + B dv and dv = C dx + D dv, so that with
U = (I - D)**-1 the Jacobian is J = A + B U C.  Every node is measured in a unit of its own (a power
of two), which balances J: loop gains, eigenvalues and influences do not depend on units, and
determinants do not suffer from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.graph import STOCKS
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Linearised equations of some nodes at some points, stocks first.

    Attributes
    ----------
    nodes
        Names; the first ``count`` are stocks.
    count
        Number of stocks n among the N nodes.
    finite
        Points at which every gain is a number and no non-negative stock is being held at 0, where
        the equations are not those of the run, dims (point,); elsewhere arrays hold NaN.
    unit
        The unit of each node, dims (point, N): what follows is measured in these.
    gains
        Gains, dims (point, effect, cause).
    jacobian
        J, dims (point, n, n), 1/time.
    response
        Rows I and U C: what each node does when a stock moves, dims (point, N, n).
    reach
        Columns I and B U: what each node does to the rates, dims (point, n, N).
    direct
        U among the nodes that are no stocks, else 0, dims (point, N, N).
    size
        Sums of magnitudes behind the entries of J, as one norm, dims (point,): eigenvalues below
        about 1e-15 of it are rounding.
    """

    nodes: tuple[str, ...]
    count: int
    finite: NDArray[np.bool_]
    unit: Numbers
    gains: Numbers
    jacobian: Numbers
    response: Numbers
    reach: Numbers
    direct: Numbers
    size: Numbers

    @property
    def stock_unit(self) -> Numbers:
        """The unit of each stock, dims (point, n)."""
        return self.unit[:, : self.count]


def blocks(along: Along, names: Sequence[str], points: slice = slice(None)) -> Blocks:
    """Return the linearised equations of the nodes named.

    Parameters
    ----------
    names
        Nodes of ``along.graph``; links to and from others are left out.
    points
        Which points; all by default.

    Notes
    -----
    O(links * N) for each point, and O(n**3) to balance.
    """
    graph = along.graph
    stocks = [name for name in names if graph.nodes[name].role in STOCKS]
    nodes = (*stocks, *(name for name in names if graph.nodes[name].role not in STOCKS))
    n, total = len(stocks), len(nodes)
    row = {name: number for number, name in enumerate(nodes)}
    inside = [pair for pair in along.gains if pair[0] in row and pair[1] in row]
    count = len(range(int(np.prod(along.shape)))[points])
    gains = np.zeros((count, total, total))
    links = [(row[effect], row[cause]) for cause, effect in inside]
    for cause, effect in inside:
        gains[:, row[effect], row[cause]] = along.gains[cause, effect].reshape(-1)[points]
    finite = np.asarray(np.isfinite(gains).all(axis=(1, 2)))
    finite &= ~_clamped(along, stocks)[points]
    gains[~finite] = 0.0
    unit = np.ones((count, total))
    whole = _solved(gains, n, links)
    for number in np.flatnonzero(finite):
        unit[number, :n] = balance(whole[0][number])
    sizes = np.linalg.norm(whole[1][:, n:] * unit[:, None, :n], axis=2)
    unit[:, n:] = np.exp2(np.round(np.log2(np.where(sizes > 0, sizes, 1.0))))
    gains = gains * unit[:, None, :] / unit[:, :, None]
    jacobian, response, reach, direct = _solved(gains, n, links)
    absolute = _solved(np.abs(gains), n, links)[0]
    size = np.linalg.norm(absolute, axis=(1, 2))
    for array in (gains, jacobian, response, reach, direct, size):
        array[~finite] = np.nan
    return Blocks(
        nodes=nodes, count=n, finite=finite, unit=unit, gains=gains, jacobian=jacobian,
        response=response, reach=reach, direct=direct, size=size,
    )  # fmt: skip


def _clamped(along: Along, stocks: Sequence[str]) -> NDArray[np.bool_]:
    """Return whether a run holds a non-negative stock at 0 that would fall, dims (point,)."""
    found = np.zeros(int(np.prod(along.shape)), dtype=np.bool_)
    for symbol, state in along.graph.equations.states.items():
        name = str(symbol.name)
        if state.non_negative and name in stocks:
            empty = (along.value(name) <= 0) & (along.rates[name] < 0)
            found |= empty.reshape(-1)
    return found


def _solved(
    gains: Numbers, n: int, links: Sequence[tuple[int, int]]
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return J, response, reach and direct, by the chain rule along links (effect, cause).

    Auxiliaries come in evaluation order, so each is ready when it is needed, and no matrix of their
    size is inverted.
    """
    points, total = gains.shape[0], gains.shape[1]
    response = np.zeros((points, total, n))
    response[:, :n] = np.eye(n)
    direct = np.zeros_like(gains)
    direct[:, n:, n:] = np.eye(total - n)
    jacobian = np.zeros((points, n, n))
    reach = np.zeros((points, n, total))
    reach[:, :, :n] = np.eye(n)
    for effect, cause in sorted(links):
        if effect >= n:
            gain = gains[:, effect, cause, None]
            response[:, effect] += gain * response[:, cause]
            direct[:, effect] += gain * direct[:, cause]
    for effect, cause in sorted(links, key=lambda pair: (pair[0] >= n, -pair[0])):
        gain = gains[:, effect, cause, None]
        if cause >= n:
            reach[:, :, cause] += reach[:, :, effect] * gain
        if effect < n:
            jacobian[:, effect] += gain * response[:, cause]
    return jacobian, response, reach, direct


def balance(matrix: Numbers) -> Numbers:
    """Return units (powers of two) in which rows and columns of a matrix are about as large."""
    from scipy.linalg import matrix_balance

    return np.asarray(matrix_balance(matrix, permute=False, separate=True)[1][0], dtype=np.float64)


def at_times(along: Along, times: Sequence[float] | float | None) -> Along:
    """Return the same graph along some of the saved times of its run.

    Parameters
    ----------
    times
        Saved times, increasing; None for all of them.

    Raises
    ------
    LoopError
        A time that the run does not hold.
    """
    from loopscope.loops.replay import Along as Part

    if times is None:
        return along
    try:
        wanted = np.unique(np.atleast_1d(np.asarray(times, dtype=np.float64)))
    except (TypeError, ValueError):
        wanted = np.zeros(0)
    if len(wanted) == 0 or not np.all(np.isfinite(wanted)):
        msg = f"times must be saved times of the run, got {shown(times)}"
        raise LoopError(msg)
    rows = np.argmin(np.abs(along.time[:, None] - wanted), axis=0)
    far = np.abs(along.time[rows] - wanted) > 1e-6 * along.step
    if far.any():
        near = along.time[rows][far][0]
        msg = f"time {wanted[far][0]:g} was not saved in this run; the nearest saved is {near:g}"
        raise LoopError(msg)
    return Part(
        along.graph,
        {s: np.broadcast_to(v, along.shape)[..., rows] for s, v in along.values.items()},
        time=along.time[rows],
        step=along.step,
        runs=along.runs,
        held=along.held,
        driven={n: np.broadcast_to(v, along.shape)[..., rows] for n, v in along.driven.items()},
        result=along.result,
    )
