"""Overall influence of loops on a stock: influences on modes, weighted by the modes' shares in it.

Stage 4 of 4.  In: records of ``influence`` and ``weights``.  Out: a Dataset with dims ``stock`` and
``loop``.

The idea is Güneralp's (2006); his exact formula was not at hand, so this one is ours: the share of
mode k in stock i is |w_ik| (twice that for a pair) over its sum over modes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    import xarray as xr

NOT_FOR = (
    "comparing with published overall influences: the formula is not verified against them; times "
    "at which large modes cancel, where shares say little about the motion"
)


def overall_influence(influence: xr.Dataset, weights: xr.Dataset) -> xr.Dataset:
    """Return the influence of each loop on the modes of each stock, weighted by their shares.

    Parameters
    ----------
    influence
        From ``score(..., method="influence")``.
    weights
        From ``mode_weights`` of the same graph, at the same times, with the same ``closeness``.

    Returns
    -------
    xarray.Dataset
        Dims ``([run,] time, stock, loop)``, in 1/time: ``raw``, the mean over modes of the real
        part of iota, and ``size``, that of its magnitude; NaN where a mode with a share has no
        number.  Loops of one partition count 0 for modes of others.

    Raises
    ------
    LoopError
        The two are not of the same modes.

    References
    ----------
    Güneralp (2006), System Dynamics Review 22(3), 263-289; the formula is not verified.
    """
    import xarray as xr

    for name in ("raw", "imag", "growth", "kind"):
        if name not in influence or name not in weights:
            msg = f"overall influence needs a record of influence and one of weights; no '{name}'"
            raise LoopError(msg)
    rows = _rows(influence, weights)
    part = weights.isel(mode=rows)
    same = part["growth"].shape == influence["growth"].shape and np.allclose(
        part["growth"], influence["growth"], rtol=1e-9, atol=0, equal_nan=True
    )
    if not same:
        msg = "influence and weights are of other times or modes; make both from one run"
        raise LoopError(msg)
    apart = weights["kind"] == "conjugate"
    share = weights["size"].where(~apart, 0.0)
    # A stock in which no mode shows has no shares, and its influences are not defined.
    total = share.sum("mode", skipna=False)
    share = share / total.where(total != 0)
    share = share.isel(mode=rows).assign_coords(mode=influence["mode"])
    lower = influence["kind"] == "conjugate"
    real = influence["raw"].where(~lower, 0.0)
    size = (influence["raw"] ** 2 + influence["imag"] ** 2) ** 0.5
    size = size.where(~lower, 0.0)
    order = (*(d for d in influence["raw"].dims if d not in ("mode", "loop")), "stock", "loop")
    keep = ["time", "loop", "name", "polarity", "stock"]
    found = xr.Dataset(
        {
            "raw": (share * real).sum("mode", skipna=False).transpose(*order),
            "size": (share * size).sum("mode", skipna=False).transpose(*order),
        },
        attrs={
            "method": "overall influence (formula not verified)",
            "model": influence.attrs["model"],
            "loops": influence.attrs["loops"],
            "not_for": NOT_FOR,
            "source": "after Güneralp (2006), System Dynamics Review 22(3), 263-289",
        },
    )
    for name in ("raw", "size"):
        found[name].attrs.update(influence["raw"].attrs)
    return found.drop_vars([name for name in found.coords if name not in keep])


def _rows(influence: xr.Dataset, weights: xr.Dataset) -> list[int]:
    """Return the modes of ``weights`` whose partitions hold loops of ``influence``, in order."""
    wanted = set(influence["mode_partition"].values.tolist())
    return [n for n, one in enumerate(weights["mode_partition"].values.tolist()) if one in wanted]
