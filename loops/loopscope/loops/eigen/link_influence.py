"""Eigenvalue influence of every link and of every parameter.

Stage 4 of 4.  In: ``Along``.  Out: a Dataset with a dim ``mode`` and a dim ``link`` or
``parameter``.

With vectors l and r of an eigenvalue lam, l.r = 1, extended to all nodes through the links, a link
u -> v of gain a has the influence a dlam/da = a l_v r_u, and a parameter p has
p dlam/dp = p l (dJ/dp) r, with dJ/dp exact at fixed stocks.  Damping ratio -Re(lam)/|lam| and
period 2 pi/|Im(lam)| follow by the chain rule.  Influences of links balance at every node, and
those into a stock i sum to lam l_i r_i.

References
----------
Forrester (1982), PhD thesis, MIT; Saleh, Oliva, Kampmann & Davidsen (2010), European Journal of
Operational Research 203(3), 673-683.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.eigen.jumps import refuse_jumps
from loopscope.loops.eigen.linear import at_times, blocks
from loopscope.loops.eigen.modes import CLOSENESS, Modes, modes, projector
from loopscope.loops.eigen.slopes import slopes
from loopscope.loops.graph import STOCKS, root
from loopscope.loops.replay import Along
from loopscope.loops.scores.influence import mode_coordinates, per_time
from loopscope.loops.scores.record import STATUSES
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from loopscope.loops.graph import CausalGraph

Numbers = NDArray[np.float64]
Complex = NDArray[np.complex128]
Column = tuple[Modes, int]

NOT_FOR = (
    "what drives the run: it says what would change an eigenvalue, not which modes are excited; "
    "large changes, of which it is the first order only; modes in a cluster"
)


def link_influences(
    along: Along,
    *,
    times: Sequence[float] | float | None = None,
    closeness: float = CLOSENESS,
    one_sided: bool = False,
) -> xr.Dataset:
    """Return the influence of every link of a graph, or view, on every mode.

    Parameters
    ----------
    times, closeness, one_sided
        As for the influence of loops.

    Returns
    -------
    xarray.Dataset
        Dims ``([run,] time, mode, link)``, links in the order of ``graph.pairs``: ``raw`` and
        ``imag``, real and imaginary part of a dlam/da in 1/time; ``elasticity``, the real part of
        (a/lam) dlam/da; ``damping`` and ``period``, a d(damping ratio)/da and a d(period)/da,
        NaN for a real mode.  ``status`` ([run,] time, mode): numbers of an "undefined" mode are
        NaN; where it is in a cluster, ``cluster_raw`` has the influence on the cluster's sum.
        Coordinates of modes as for loops.

    Raises
    ------
    LoopError
        As for the influence of loops; the graph has no loop.

    Notes
    -----
    O(N**3 + n**3) a point, all links together.
    """
    part, several, columns = prepared(along, times, closeness, one_sided)
    graph = part.graph
    points = int(np.prod(part.shape))
    iota = np.zeros((points, len(columns), len(graph.pairs)), dtype=complex)
    grouped = np.zeros_like(iota)
    for m in several:
        mine = [number for number, (other, _) in enumerate(columns) if other is m]
        row = {name: number for number, name in enumerate(m.blocks.nodes)}
        inside = [n for n, (a, b) in enumerate(graph.pairs) if a in row and b in row]
        cause = np.array([row[graph.pairs[n][0]] for n in inside])
        effect = np.array([row[graph.pairs[n][1]] for n in inside])
        gains = m.blocks.gains[:, effect, cause]
        for number in mine:
            one = columns[number][1]
            right = np.einsum("pvi,pi->pv", m.blocks.response, m.right[:, one])
            left = np.einsum("pi,piv->pv", m.left[:, one], m.blocks.reach)
            iota[:, number, inside] = gains * left[:, effect] * right[:, cause]
        for point, which, members in _clustered(m):
            sums = m.blocks.response[point] @ which @ m.blocks.reach[point]
            for number in mine:
                if columns[number][1] in members:
                    grouped[point, number, inside] = gains[point] * sums[cause, effect]
    return _table(part, columns, iota, grouped, "link", link_coordinates(graph))


def parameter_influences(
    along: Along,
    *,
    parameters: Sequence[str] | None = None,
    times: Sequence[float] | float | None = None,
    closeness: float = CLOSENESS,
    one_sided: bool = False,
) -> xr.Dataset:
    """Return the influence of parameters on every mode, the stocks staying as they are.

    Parameters
    ----------
    parameters
        Names; by default all that act during a run.
    times, closeness, one_sided
        As for the influence of loops.

    Returns
    -------
    xarray.Dataset
        As ``link_influences``, with the dim ``parameter`` for ``link``, and ``slope`` and
        ``slope_imag``, dlam/dp itself, which say something where p = 0.  Coordinate ``jumps`` tells
        which parameters also act by a jump, which no derivative shows.

    Raises
    ------
    LoopError
        As ``link_influences``; a name that is no parameter.

    Notes
    -----
    The state is held: what a parameter does to the state that a run has reached, a rest state
    for one, is not in it.  One second derivative for each symbol in each gain.
    """
    part, several, columns = prepared(along, times, closeness, one_sided)
    by = slopes(part, parameters)
    points = int(np.prod(part.shape))
    slope = np.zeros((points, len(columns), len(by.parameters)), dtype=complex)
    grouped = np.zeros_like(slope)
    for m in several:
        mine = [number for number, (other, _) in enumerate(columns) if other is m]
        response, reach, rows = _spread(part, m)
        kept = [n for n, (a, b) in enumerate(by.links) if a in rows and b in rows]
        cause = np.array([rows[by.links[n][0]] for n in kept], dtype=np.int64)
        effect = np.array([rows[by.links[n][1]] for n in kept], dtype=np.int64)
        for number in mine:
            one = columns[number][1]
            right = np.einsum("pvi,pi->pv", response, m.right[:, one])
            left = np.einsum("pi,piv->pv", m.left[:, one], reach)
            both = left[:, effect] * right[:, cause]
            slope[:, number] = np.einsum("pe,pek->pk", both, by.gains[:, kept])
        for point, which, members in _clustered(m):
            sums = response[point] @ which @ reach[point]
            total = sums[cause, effect] @ by.gains[point, kept]
            for number in mine:
                if columns[number][1] in members:
                    grouped[point, number] = total
    size = np.stack([part.value(name).reshape(-1) for name in by.parameters], axis=-1)[:, None]
    names = np.array(by.parameters, dtype=np.str_)
    jumps = np.array([name in by.jumps for name in by.parameters])
    coords = {"parameter": ("parameter", names), "jumps": ("parameter", jumps)}
    found = _table(
        part, columns, np.asarray(slope * size), np.asarray(grouped * size), "parameter", coords
    )
    order = found["raw"].dims
    shape = found["raw"].shape
    found["slope"] = (order, slope.real.reshape(shape))
    found["slope_imag"] = (order, slope.imag.reshape(shape))
    return found


def link_coordinates(graph: CausalGraph) -> dict[str, Any]:
    """Return the coordinates of a dim ``link``, in the order of ``graph.pairs``."""
    return {
        "link": ("link", np.array([f"{a} -> {b}" for a, b in graph.pairs], dtype=np.str_)),
        "cause": ("link", np.array([a for a, _ in graph.pairs], dtype=np.str_)),
        "effect": ("link", np.array([b for _, b in graph.pairs], dtype=np.str_)),
    }


def prepared(
    along: Along, times: Sequence[float] | float | None, closeness: float, one_sided: bool
) -> tuple[Along, list[Modes], list[Column]]:
    """Return the part of a run that is asked for, and the modes of all partitions there.

    Raises
    ------
    LoopError
        The graph has no loop, equations jump, no mode can be told, or a time was not saved.
    """
    graph = along.graph
    if not graph.partitions:
        msg = f"{graph.model.name}: the model has no feedback loop, so it has no modes"
        raise LoopError(msg)
    if not 0 < closeness < 1:
        msg = f"closeness must be between 0 and 1, got {closeness!r}; 0.001 is usual"
        raise LoopError(msg)
    refuse_jumps(graph, list(graph.partition_of), "eigenvalue influence", one_sided)
    part = at_times(along, times)
    several = [modes(part, partition, closeness) for partition in graph.partitions]
    columns = [(m, one) for m in several for one in m.reported]
    if not columns:
        msg = (
            f"{graph.model.name}: no mode can be told at the times asked for: gains are infinite "
            "or no numbers, or all eigenvalues are 0 for good (conserved totals); try other times"
        )
        raise LoopError(msg)
    return part, several, columns


def _clustered(m: Modes) -> list[tuple[int, Complex, tuple[int, ...]]]:
    """Return point, spectral projector and members of each cluster."""
    return [
        (point, projector(m.blocks.jacobian[point], one.centre, one.radius), one.modes)
        for point, clusters in m.clusters.items()
        for one in clusters
    ]


def _spread(part: Along, m: Modes) -> tuple[Numbers, Numbers, dict[str, int]]:
    """Return response and reach of all nodes of the traced graph to the stocks of a partition.

    In units of the model for nodes, in those of the modes for the stocks of the vectors.
    """
    base = root(part.graph)
    whole = part if base is part.graph else traced(part)
    stocks = set(m.blocks.nodes[: m.blocks.count])
    names = [n for n, node in base.nodes.items() if n in stocks or node.role not in STOCKS]
    linear = blocks(whole, names)
    order = [linear.nodes.index(name) for name in m.blocks.nodes[: m.blocks.count]]
    unit = linear.unit
    response = linear.response * unit[:, :, None] / linear.stock_unit[:, None, :]
    reach = linear.reach / unit[:, None, :] * linear.stock_unit[:, :, None]
    mine = m.blocks.stock_unit
    rows = {name: number for number, name in enumerate(linear.nodes)}
    return (
        response[:, :, order] * mine[:, None, :],
        reach[:, order, :] / mine[:, :, None],
        rows,
    )


def traced(part: Along) -> Along:
    """Return the traced graph below a view along the same run."""
    return Along(
        root(part.graph), part.values, time=part.time, step=part.step, runs=part.runs,
        held=part.held, driven=part.driven, result=part.result,
    )  # fmt: skip


def _table(
    part: Along,
    columns: Sequence[Column],
    iota: Complex,
    grouped: Complex,
    dim: str,
    coords: dict[str, Any],
) -> xr.Dataset:
    import xarray as xr

    lead = (*(("run",) if part.runs is not None else ()), "time")
    values = np.stack([m.values[:, one] for m, one in columns], axis=-1)
    kind = np.stack([m.kind[:, one] for m, one in columns], axis=-1)
    iota[~np.isin(kind, ("real", "complex"))] = np.nan
    grouped[kind != "cluster"] = np.nan
    order, shape = (*lead, "mode", dim), (*part.shape, *iota.shape[1:])
    rate, time = per_time(part), part.graph.model.clock.units
    parts = {"raw": (iota.real, rate), "imag": (iota.imag, rate)}
    with np.errstate(all="ignore"):
        size, pair = np.abs(values)[..., None], (values.imag > 0)[..., None]
        s, w = values.real[..., None], values.imag[..., None]
        ratio = np.where(size > 0, (iota / values[..., None]).real, np.nan)
        damping = np.where(pair, -w * (w * iota.real - s * iota.imag) / size**3, np.nan)
        period = np.where(pair, -2 * np.pi * iota.imag / w**2, np.nan)
    parts |= {"elasticity": (ratio, "1"), "damping": (damping, "1"), "period": (period, time)}
    if (kind == "cluster").any():
        parts |= {"cluster_raw": (grouped.real, rate), "cluster_imag": (grouped.imag, rate)}
    word = np.where(np.isin(kind, ("real", "complex")), "active", "undefined")
    meaning = {"meanings": "; ".join(f"{k}: {STATUSES[k]}" for k in ("active", "undefined"))}
    known: dict[str, Any] = {"time": ("time", part.time, {"units": time}), **coords}
    for name, (array, attrs) in mode_coordinates(part, columns).items():
        known[name] = (("mode",) if array.ndim == 1 else (*lead, "mode"), array, attrs)
    return xr.Dataset(
        {
            **{n: (order, a.reshape(shape), {"units": unit}) for n, (a, unit) in parts.items()},
            "status": ((*lead, "mode"), word.reshape(shape[:-1]), meaning),
        },
        coords=known,
        attrs={
            "method": f"eigenvalue influence of {dim}s",
            "model": part.graph.model.name,
            "not_for": NOT_FOR,
            "source": "Saleh, Oliva, Kampmann & Davidsen (2010), EJOR 203(3), 673-683",
        },
    )
