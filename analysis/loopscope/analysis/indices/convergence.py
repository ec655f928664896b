"""Whether a sweep was large enough: indices from more and more of its runs.

Stage 5 of 5, beside the entry.  In: a Saltelli or Morris sweep.  Out: the same indices from its
first base rows, twice as many each time.  Where they still move at the end, more runs are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices.analysing import sensitivity
from loopscope.analysis.indices.methods import METHODS
from loopscope.analysis.indices.sample import sample_of
from loopscope.models.errors import StudyError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr


def converge(
    swept: xr.Dataset,
    of: str | Sequence[str] | None = None,
    *,
    at: float | Sequence[float] | None = None,
    resamples: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Compute indices from the first base rows or trajectories of a sweep, and from more of them.

    Parameters
    ----------
    swept, of, at, resamples, level, seed
        As in ``sensitivity``.

    Returns
    -------
    xarray.Dataset
        As ``sensitivity`` gives it, with a first dim ``base_rows``: their number, doubled from one
        to the next, up to all.

    Raises
    ------
    StudyError
        The design has no base rows: it is neither "saltelli" nor "morris".

    Notes
    -----
    Costs about twice as much as the indices from all runs.  The first points of a Sobol sequence
    are a smaller Sobol sequence, so each step is a sweep in its own right.
    """
    import xarray as xr

    sample = sample_of(swept)
    if sample.kind not in ("saltelli", "morris"):
        msg = (
            "convergence is shown for designs of base rows, 'saltelli' and 'morris'; this sweep "
            f"has a design of kind '{sample.kind}'"
        )
        raise StudyError(msg)
    method = METHODS["sobol" if sample.kind == "saltelli" else "morris"]
    count = sample.runs // sample.step
    sizes: list[int] = []
    parts: list[xr.Dataset] = []
    while count >= method.runs or not sizes:
        part = swept.isel(run=slice(0, count * sample.step))
        try:
            parts.append(
                sensitivity(
                    part, of, method=method.name, at=at, resamples=resamples, level=level, seed=seed
                )
            )
        except (StudyError, UnknownNameError):  # too many failed among the first, or a rare label
            if not sizes:
                raise
            break
        sizes.append(count)
        count //= 2
    joined = xr.concat(parts[::-1], dim="base_rows", combine_attrs="override", join="override")
    joined.attrs = parts[0].attrs
    return joined.assign_coords(base_rows=np.array(sizes[::-1]))
