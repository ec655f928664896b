"""Influences of the loops of an independent set, to compare with the literature.

Stage 4 of 4.  In: a ``LoopSet`` and ``Along``.  Out: a Dataset with dims ``mode`` and ``loop``.

Influences of links circulate, so they are sums of influences of loops; on an independent set of
full rank the sums can be solved.  The answer depends on the set: one loop may get opposite signs in
two sets.  ``scores.influence`` depends on none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.eigen.link_influence import link_influences
from loopscope.loops.eigen.modes import CLOSENESS
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from loopscope.loops.finding.independent import LoopSet
    from loopscope.loops.replay import Along

NOT_FOR = (
    "saying what a loop does: the numbers belong to the set as much as to the loop, and on a set "
    "that falls short of its rank they are wrong"
)


def set_influences(
    chosen: LoopSet,
    along: Along,
    *,
    times: Sequence[float] | float | None = None,
    closeness: float = CLOSENESS,
    one_sided: bool = False,
) -> xr.Dataset:
    """Return influences of the loops of a set, solved from those of links.

    Parameters
    ----------
    chosen
        From ``independent_set``, of the graph of ``along``.
    times, closeness, one_sided
        As for the influence of loops.

    Returns
    -------
    xarray.Dataset
        Dims ``([run,] time, mode, loop)``: ``raw`` and ``imag`` in 1/time, ``elasticity``.
        ``residual`` ([run,] time, mode): the largest influence of a link that the set leaves over,
        beside the largest influence of a link; rounding where the rank is full.  ``status`` is
        "undefined" where the mode is, or where the set falls short of its rank: the numbers are
        kept there, to be compared with print.  Attributes ``rank`` and ``needed``.

    Raises
    ------
    LoopError
        As for the influence of links; loops of another graph.

    References
    ----------
    Kampmann (2012), System Dynamics Review 28(4), 370-395; Oliva (2004), SDR 20(4), 313-336.
    """
    import xarray as xr

    if chosen.loops.graph is not along.graph:
        msg = "the values along the run are of another graph than the loops; use along(found.graph)"
        raise LoopError(msg)
    links = link_influences(along, times=times, closeness=closeness, one_sided=one_sided)
    influences = (links["raw"] + 1j * links["imag"]).values
    shape = influences.shape[:-1]
    matrix = chosen.incidence.T.astype(np.float64)
    columns = influences.reshape(-1, matrix.shape[0]).T
    known = ~np.isnan(columns).any(axis=0)
    solved = np.full((matrix.shape[1], columns.shape[1]), complex(np.nan, np.nan))
    solved[:, known] = np.linalg.lstsq(matrix, columns[:, known], rcond=None)[0]
    left = np.abs(matrix @ solved - columns).max(axis=0)
    with np.errstate(all="ignore"):
        residual = np.where(left == 0, 0.0, left / np.abs(columns).max(axis=0))
        values = (links["growth"] + 1j * links["frequency"]).values[..., None]
        iota = solved.T.reshape(*shape, -1)
        elasticity = np.where(values != 0, (iota / values).real, np.nan)
    word = links["status"].values if chosen.complete else np.full(shape, "undefined")
    lead = links["status"].dims
    units = links["raw"].attrs
    return xr.Dataset(
        {
            "raw": ((*lead, "loop"), np.ascontiguousarray(iota.real), units),
            "imag": ((*lead, "loop"), np.ascontiguousarray(iota.imag), units),
            "elasticity": ((*lead, "loop"), elasticity, {"units": "1"}),
            "residual": (lead, residual.reshape(shape), {"units": "1"}),
            "status": (lead, word, links["status"].attrs),
        },
        coords={
            "loop": ("loop", np.array(chosen.loops.ids, dtype=np.str_)),
            **{
                name: one
                for name, one in links.coords.items()
                if name not in ("link", "cause", "effect")
            },
        },
        attrs={
            "method": f"eigenvalue influence on an independent set ({chosen.method})",
            "model": along.graph.model.name,
            "loops": chosen.statement,
            "rank": chosen.rank,
            "needed": chosen.needed,
            "not_for": NOT_FOR,
            "source": "Kampmann (2012), System Dynamics Review 28(4), 370-395",
        },
    )
