"""Weights of modes in stocks, and how they change with links and parameters.

Stage 4 of 4.  In: ``Along``.  Out: a Dataset with dims ``mode`` and ``stock``.

With the Jacobian J frozen at t0, and nothing driving from outside, the state at t0 + tau is

    x + sum_k w_k (exp(lam_k tau) - 1) + sum_j d_j tau**j / j!,    w_k = P_k xdot / lam_k,

P_k = r_k l_k the projector of mode k.  The *drift* d_j = J**(j-1) P_0 xdot belongs to the zero
eigenvalues: conserved totals, and stocks that only add up.  A pair of modes gives
2 |w| exp(Re(lam) tau) sin(Im(lam) tau + theta), theta = arg(w) + pi/2, less its value at tau = 0.

Derivatives come from projectors, which no normalisation of vectors touches:
dP_k = P_k dJ S_k + S_k dJ P_k, S_k the reduced resolvent at lam_k.

References
----------
Saleh, Oliva, Kampmann & Davidsen (2010), European Journal of Operational Research 203(3), 673-683.
Kato (1966), Perturbation Theory for Linear Operators, chapter II.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from loopscope.loops.eigen.link_influence import link_coordinates, prepared, traced
from loopscope.loops.eigen.modes import CLOSENESS
from loopscope.loops.eigen.slopes import slopes
from loopscope.loops.eigen.whole import Whole, drift, whole
from loopscope.loops.scores.influence import mode_coordinates
from loopscope.loops.scores.record import STATUSES
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.replay import Along

    Numbers = NDArray[np.float64]
    Complex = NDArray[np.complex128]

NOT_FOR = (
    "times by which the Jacobian has changed, or which an outside drive has reached: both are "
    "frozen; comparing stocks of different units; shares of modes that cancel, which grow without "
    "bound; modes in a cluster"
)
SOURCE = "Saleh, Oliva, Kampmann & Davidsen (2010), EJOR 203(3), 673-683"


def mode_weights(
    along: Along,
    *,
    times: Sequence[float] | float | None = None,
    closeness: float = CLOSENESS,
    one_sided: bool = False,
) -> xr.Dataset:
    """Return the weight of every mode in every stock.

    Parameters
    ----------
    times, closeness, one_sided
        As for the influence of loops.

    Returns
    -------
    xarray.Dataset
        Dims ``([run,] time, mode, stock)``, in the unit of each stock: ``raw`` and ``imag``, the
        real and the imaginary part of w; ``size``, its magnitude, twice that for a pair;
        ``phase``, theta in radians, NaN for a real mode.  ``drift`` ([run,] time, power, stock),
        d_j in the stock's unit per time**j.

        ``status`` ([run,] time, mode) is "undefined", and numbers are NaN, for
        modes in a cluster, the lower of a pair, an eigenvalue of 0, and one that a partition up- or
        downstream has too.  Coordinates of modes as for the influence of loops.

    Raises
    ------
    LoopError
        As for the influence of links.

    Notes
    -----
    O(n**3) a point and a mode, for n stocks.
    """
    part, several, columns = prepared(along, times, closeness, one_sided)
    parts = whole(part, several, columns, closeness)
    w = parts.weights
    pair = (parts.values.imag > 0)[..., None]
    with np.errstate(all="ignore"):
        size = np.abs(w) * np.where(pair, 2.0, 1.0)
        phase = np.where(pair, np.angle(w) + np.pi / 2, np.nan)
    drifts = drift(parts, part)
    given = {"raw": w.real, "imag": w.imag, "size": size, "phase": phase}
    found = _dataset(part, parts, columns, given, ("stock",), {}, "weights of modes")
    lead = found["status"].dims[:-1]
    shape = (*part.shape, *drifts.shape[1:])
    found["drift"] = ((*lead, "power", "stock"), drifts.reshape(shape))
    return found.assign_coords(power=np.arange(1, drifts.shape[1] + 1))


def weight_sensitivities(
    along: Along,
    by: Literal["link", "parameter"] = "parameter",
    *,
    parameters: Sequence[str] | None = None,
    times: Sequence[float] | float | None = None,
    closeness: float = CLOSENESS,
    one_sided: bool = False,
) -> xr.Dataset:
    """Return how much the weight of every mode in every stock changes with gains or parameters.

    Parameters
    ----------
    by
        "parameter": the rates change with it too, the stocks stay as they are; "link": its gain
        changes alone and rates stay as they are, a formal derivative.
    parameters
        Names, for ``by="parameter"``; by default all that act during a run.
    times, closeness, one_sided
        As for the influence of loops.

    Returns
    -------
    xarray.Dataset
        Dims ``([run,] time, mode, stock, by)``: ``raw`` and ``imag``, p dw/dp in the unit of the
        stock; ``elasticity``, that of the magnitude of w, and ``phase``, p d(theta)/dp in radians,
        NaN where w = 0.  ``status`` as for the weights.

    Raises
    ------
    LoopError
        As for the influence of links and parameters; another ``by``.

    Notes
    -----
    O(n * links) for each point, mode and parameter; 16 bytes each for modes * stocks * links.
    """
    if by not in ("link", "parameter"):
        msg = f"by must be 'link' or 'parameter', got {by!r}"
        raise LoopError(msg)
    if by == "link" and parameters is not None:
        msg = "parameters= goes with by='parameter'; leave it out for links"
        raise LoopError(msg)
    part, several, columns = prepared(along, times, closeness, one_sided)
    if by == "link":
        parts = whole(part, several, columns, closeness)
        pairs = part.graph.pairs
        coords: dict[str, Any] = link_coordinates(part.graph)
        change = None
        moved = np.zeros((parts.points, parts.linear.count, len(pairs)))
    else:
        parts = whole(traced(part), several, columns, closeness)
        slope = slopes(part, parameters)
        pairs = slope.links
        coords = {"parameter": ("parameter", np.array(slope.parameters, dtype=np.str_))}
        sizes = [part.value(name).reshape(-1) for name in slope.parameters]
        amount = np.stack(sizes, axis=-1)[:, None, :]
        moved = slope.rates * amount / parts.linear.stock_unit[:, :, None]
        change = slope.gains * amount
    dw = _changes(parts, pairs, change, moved)
    with np.errstate(all="ignore"):
        weights = parts.weights[..., None]
        ratio = np.where(weights != 0, dw / weights, np.nan)
    given = {"raw": dw.real, "imag": dw.imag, "elasticity": ratio.real}
    given["phase"] = np.where((parts.values.imag > 0)[..., None, None], ratio.imag, np.nan)
    return _dataset(part, parts, columns, given, ("stock", by), coords, f"weights by {by}")


def local_state(weights: xr.Dataset, tau: float) -> xr.DataArray:
    """Return how far each stock moves in ``tau`` with the Jacobian frozen at each time.

    Parameters
    ----------
    weights
        From ``mode_weights``.
    tau
        Time from each saved time on; may be negative.

    Returns
    -------
    xarray.DataArray
        Dims ``([run,] time, stock)``, in the unit of each stock; NaN where a mode that counts has
        no weight.
    """
    lam = weights["growth"] + 1j * weights["frequency"]
    w = weights["raw"] + 1j * weights["imag"]
    parts = (w * np.expm1(lam * tau)).real * (1 + (weights["frequency"] > 0))
    # The lower of a pair is in its upper one, and has no weight of its own.
    moved = parts.where(weights["kind"] != "conjugate", 0.0).sum("mode", skipna=False)
    total: xr.DataArray = moved
    factor = 1.0
    for power in weights["power"].values:
        factor *= tau / power
        total = total + weights["drift"].sel(power=power, drop=True) * factor
    return total.transpose(*weights["status"].dims[:-1], "stock")


def _changes(
    parts: Whole, pairs: Sequence[tuple[str, str]], change: Numbers | None, moved: Numbers
) -> Complex:
    """Return p dw/dp, dims (point, mode, stock, p), in the model's units.

    Parameters
    ----------
    change
        p d gain / dp of the links, dims (point, link, p), in the model's units; None if p are the
        links themselves.
    moved
        p d rate / dp, dims (point, stock, p).
    """
    linear = parts.linear
    row = {name: number for number, name in enumerate(linear.nodes)}
    known = [n for n, (a, b) in enumerate(pairs) if a in row and b in row]
    cause = np.array([row[pairs[n][0]] for n in known], dtype=np.int64)
    effect = np.array([row[pairs[n][1]] for n in known], dtype=np.int64)
    count = moved.shape[2]
    found = np.full((*parts.weights.shape, count), complex(np.nan, np.nan))
    if change is not None:
        unit = linear.unit
        scaled = change[:, known] * (unit[:, cause] / unit[:, effect])[:, :, None]
    gains = linear.gains[:, effect, cause]
    for mode in range(parts.values.shape[1]):
        at = np.flatnonzero(parts.defined[:, mode])
        if not len(at):
            continue
        lam = parts.values[at, mode][:, None, None]
        left, right = parts.left[at, mode], parts.right[at, mode]
        rate = parts.rates[at]
        inner = parts.resolvent(at, mode)
        # l dJ (S f) r + (l f) S dJ r, with dJ = sum over links of reach, d gain, response.
        felt = np.einsum("pvi,pij,pj->pv", linear.response[at], inner, rate)
        there = np.einsum("pvi,pi->pv", linear.response[at], right)
        back = np.einsum("pi,piv->pv", left, linear.reach[at])
        amount = np.einsum("pi,pi->p", left, rate)[:, None, None]
        spread = (inner @ linear.reach[at])[:, :, effect] * there[:, None, cause]
        along_first = back[:, effect] * felt[:, cause]
        along_value = back[:, effect] * there[:, cause]
        if change is None:
            first = np.zeros((len(at), count), dtype=complex)
            value, second = np.zeros_like(first), np.zeros((*spread.shape[:2], count), complex)
            first[:, known] = along_first * gains[at]
            value[:, known] = along_value * gains[at]
            second[:, :, known] = spread * gains[at][:, None]
        else:
            first = np.einsum("pe,pek->pk", along_first, scaled[at])
            value = np.einsum("pe,pek->pk", along_value, scaled[at])
            second = np.einsum("pie,pek->pik", spread, scaled[at])
        pushed = np.einsum("pi,pik->pk", left, moved[at])
        total = right[:, :, None] * (first + pushed)[:, None, :] + amount * second
        total = total / lam - right[:, :, None] * amount * value[:, None, :] / lam**2
        found[at, mode] = total * linear.stock_unit[at][:, :, None]
    return found


def _dataset(
    part: Along,
    parts: Whole,
    columns: Sequence[tuple[Any, int]],
    given: dict[str, Numbers],
    dims: tuple[str, ...],
    coords: dict[str, Any],
    method: str,
) -> xr.Dataset:
    import xarray as xr

    lead = (*(("run",) if part.runs is not None else ()), "time")
    stocks = parts.linear.nodes[: parts.linear.count]
    clock = part.graph.model.clock
    known: dict[str, Any] = {
        "time": ("time", part.time, {"units": clock.units}),
        "stock": ("stock", np.array(stocks, dtype=np.str_)),
        "units": ("stock", np.array([part.graph.nodes[n].units for n in stocks], dtype=np.str_)),
        **coords,
    }
    for name, (array, attrs) in mode_coordinates(part, columns).items():
        known[name] = (("mode",) if array.ndim == 1 else (*lead, "mode"), array, attrs)
    word = np.where(parts.defined, "active", "undefined").reshape(*part.shape, len(columns))
    meaning = {"meanings": "; ".join(f"{k}: {STATUSES[k]}" for k in ("active", "undefined"))}
    order = (*lead, "mode", *dims)
    return xr.Dataset(
        {
            **{
                name: (order, np.ascontiguousarray(array).reshape(*part.shape, *array.shape[1:]))
                for name, array in given.items()
            },
            "status": ((*lead, "mode"), word, meaning),
        },
        coords=known,
        attrs={
            "method": method,
            "model": part.graph.model.name,
            "not_for": NOT_FOR,
            "source": SOURCE,
        },
    )
