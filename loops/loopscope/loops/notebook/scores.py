"""Scores as a notebook shows them: who drives the model, as a picture and as a table.

Stage 4 of 4.  In: what a method of scoring made.  Out: HTML.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.dominance import NONE, mean_shares, periods
from loopscope.models.notebook.pieces import card, curve, folded, paragraph, table, thinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

LISTED = 12
"""Loops in the table, strongest first."""

PERIODS = 12


def html_of(scores: xr.Dataset) -> str | None:
    """Return shares over time, loops by mean share, and who dominates when.

    Parameters
    ----------
    scores
        Any Dataset; None is returned where it does not hold scores of one run at several times.
    """
    whole = {"relative", "partition", "name", "polarity"} <= set(scores.variables)
    if not whole or scores["relative"].dims != ("time", "loop") or scores.sizes["time"] < 2:
        return None
    if not np.nan_to_num(scores["relative"].values).any():
        return card(_title(scores), paragraph("nothing moves in this run"))
    parts = [_picture(scores), _table(scores), _periods(scores)]
    if statement := scores.attrs.get("loops"):
        parts.append(paragraph(str(statement)))
    return card(_title(scores), *parts)


def _title(scores: xr.Dataset) -> str:
    return f"Scores of {scores.attrs.get('model', 'a model')} by {scores.attrs.get('method', '-')}"


def _picture(scores: xr.Dataset) -> str:
    from loopscope.loops.pictures import areas
    from loopscope.loops.style import styled

    text = StringIO()
    figure = areas(scores)
    with styled():
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return f"<div>{drawn[drawn.index('<svg') :]}</div>"


def _table(scores: xr.Dataset) -> str:
    shares = mean_shares(scores)
    order = np.argsort(-shares, kind="stable")[:LISTED]
    kept = thinned(scores.sizes["time"])
    time = scores["time"].values[kept].astype(np.float64)
    relative = scores["relative"].values[kept]
    rows = [
        [
            str(scores["loop"].values[n]), str(scores["name"].values[n]),
            str(scores["polarity"].values[n]), f"{shares[n]:.1%}", curve(time, relative[:, n]),
        ]
        for n in order.tolist()
    ]  # fmt: skip
    head = ("id", "name", "polarity", "mean share", "relative score over time")
    return table(head, rows, numbers=(3,), raw=4)


def _periods(scores: xr.Dataset) -> str:
    found = [one for one in periods(scores) if one.polarity != NONE]
    rows = [
        [f"{one.start:.6g}", f"{one.stop:.6g}", one.polarity, _ids(one.loops), f"{one.share:.0%}"]
        for one in found[:PERIODS]
    ]
    shown = table(("from", "to", "polarity", "loops", "mean share"), rows, numbers=(0, 1, 4))
    more = f" (the first {PERIODS} of {len(found)})" if len(found) > PERIODS else ""
    return folded(f"who dominates when{more}", shown) if found else ""


def _ids(loops: Sequence[str], most: int = 6) -> str:
    more = f" and {len(loops) - most} more" if len(loops) > most else ""
    return ", ".join(loops[:most]) + more
