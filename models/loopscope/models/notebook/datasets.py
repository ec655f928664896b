"""How an ``xarray.Dataset`` of ours shows itself in a notebook.

Beside every stage.  In: names of modules with a function ``html_of``.  Out: a formatter in the
running notebook.  A result stays a plain Dataset, which compares, pickles and saves as any other:
the notebook is told how to show it.  Outside a notebook nothing happens.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from loopscope.models.notebook.pieces import folded

if TYPE_CHECKING:
    import xarray as xr

OFFERED: list[str] = []
"""Modules whose ``html_of`` is asked, the latest first."""


def offer(module: str) -> None:
    """Have a module asked whenever the running notebook shows a Dataset.

    Parameters
    ----------
    module
        Its ``html_of(dataset)`` returns HTML, or None where the Dataset is not of its kind.
    """
    if module not in OFFERED:
        OFFERED.insert(0, module)
    shell: Any = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    formatter = getattr(running, "display_formatter", None)
    if formatter is not None:
        known = formatter.formatters["text/html"]
        known.for_type_by_name("xarray.core.dataset", "Dataset", html_of)


def html_of(dataset: xr.Dataset) -> str:
    """Return what a notebook shows: our picture above what xarray shows, or that alone."""
    own: str = dataset._repr_html_()
    for module in OFFERED:
        found = import_module(module).html_of(dataset)
        if found is not None:
            return f"{found}{folded('as xarray shows it', own)}"
    return own
