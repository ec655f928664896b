"""What every method of scoring returns: numbers, a status beside each, and what they mean.

Stage 4 of 4.  In: arrays of a method.  Out: an ``xarray.Dataset``.

A *raw* score has the method's own unit; a *relative* score is a raw score over the sum of the
magnitudes of all loops of its partition, so it lies in [-1, 1] and carries the loop's sign.
Scores of different partitions never compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.signs.observed import observe
from loopscope.models.notebook.datasets import offer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.loop import Loop
    from loopscope.loops.replay import Along

STATUSES = {
    "active": "a number that can be read",
    "inactive": "the loop carries nothing: a link gain of 0, or nothing in it moves",
    "inflection": "a rate turns, so the raw score is infinite; the relative one is its limit",
    "equilibrium": "nothing in the partition moves, so this method has nothing to say",
    "undefined": "the method is not defined here",
}


def record(
    found: Loops,
    run: Along,
    *,
    method: str,
    relative: NDArray[np.float64],
    raw: NDArray[np.float64],
    status: NDArray[np.str_],
    units: str,
    not_for: str,
    source: str,
    sides: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    links: NDArray[np.float64] | None = None,
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Any] | None = None,
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Return the scores of one method as a Dataset.

    Parameters
    ----------
    relative, raw, status
        Dims ``([run,] time, *dims, loop)``; ``status`` may be anything that broadcasts to them.
    units
        Of ``raw``; relative scores are dimensionless.
    not_for
        What the numbers must not be used for.
    source
        Paper that defines the method.
    sides
        Sums of positive and of negative scores over all loops, dims (partition, [run,] time).
    links
        Relative link scores, dims (link, [run,] time), links in the order of ``graph.pairs``.
    dims, coords
        Further dims, as ``("mode",)``, and their coordinates.

    Returns
    -------
    xarray.Dataset
        ``relative``, ``raw`` (float64) and ``status`` (text), coordinates ``time``, ``loop`` (ids),
        ``name``, ``polarity`` and ``partition`` (number) along ``loop``.  With ``sides`` also
        ``reinforcing``: the share of positive scores among all loops of the loop's partition, NaN
        where nothing moves.
    """
    import xarray as xr

    offer("loopscope.loops.notebook.scores")
    order = (*(("run",) if run.runs is not None else ()), "time", *dims, "loop")
    time_units = found.graph.model.clock.units
    known: dict[str, Any] = {
        "time": ("time", run.time, {"units": time_units}),
        "loop": ("loop", np.array(found.ids, dtype=np.str_)),
        "name": ("loop", np.array(found.names, dtype=np.str_)),
        "polarity": ("loop", np.array(found.polarities, dtype=np.str_)),
        "partition": ("loop", found.partitions),
        **(coords or {}),
    }
    words = np.broadcast_to(status, relative.shape)
    made = xr.Dataset(
        {
            "relative": (order, relative, {"units": "1", "long_name": f"relative score, {method}"}),
            "raw": (order, raw, {"units": units, "long_name": f"raw score, {method}"}),
            "status": (
                order,
                words,
                {"meanings": "; ".join(f"{k}: {v}" for k, v in STATUSES.items())},
            ),
        },
        coords=known,
        attrs={
            "method": method,
            "model": found.graph.model.name,
            "loops": found.statement,
            "not_for": not_for,
            "source": source,
            **({"scenario": run.label} if run.label else {}),
            **(attrs or {}),
        },
    )
    if sides is not None:
        up, down = sides
        with np.errstate(all="ignore"):
            share = up / (up - down)
        rows = np.asarray(known["partition"][1])
        made["reinforcing"] = (order, np.moveaxis(share, 0, -1)[..., rows], {"units": "1"})
    if links is not None:
        ends = np.array(found.graph.pairs, dtype=np.str_).reshape(-1, 2)
        made = made.assign_coords(link_cause=("link", ends[:, 0]), link_effect=("link", ends[:, 1]))
        lead = tuple(dim for dim in order if dim in ("run", "time"))
        made["link_relative"] = (
            (*lead, "link"), np.moveaxis(links, 0, -1),
            {"units": "1", "long_name": f"relative link score, {method}"},
        )  # fmt: skip
        shown = observe(run)
        signs = np.array([shown[pair].sign for pair in found.graph.pairs], dtype=np.str_)
        made["link_sign"] = ("link", signs)
    return made


def partition_of(found: Loops, loop: Loop) -> int:
    """Return the number of the partition that a loop is in."""
    return found.graph.partition_of[loop.nodes[0]].number
