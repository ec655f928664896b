"""How the runs of a sweep were drawn, without reading the inputs of all of them.

In: the Dataset of a sweep.  Out: a ``Sample`` of some of its runs.  The inputs of a million runs
may be a gigabyte, and modes need few of them or none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices.sample import Sample

if TYPE_CHECKING:
    import xarray as xr


def drawn(swept: xr.Dataset, rows: slice = slice(0)) -> Sample:
    """Return the design of a sweep with the inputs of some runs; of none by default.

    Its ``step`` says how many runs of the sweep share values.  Indices cannot be estimated from
    it: they need all runs in their places, see ``sample_of``.
    """
    design = json.loads(swept.attrs.get("design", "{}"))
    names = tuple(str(name) for name in swept["parameter"].values)
    of = {name: " + ".join(group) for group in design.get("groups") or () for name in group}
    inputs = swept["inputs"].transpose("run", "parameter").isel(run=rows)
    return Sample(
        kind=str(design.get("kind", "file")),
        parameters=names,
        groups=tuple(of.get(name, name) for name in names),
        inputs=np.asarray(inputs.values, dtype=np.float64),
        second_order=bool(design.get("second_order", False)),
    )
