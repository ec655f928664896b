"""How loops look in pictures of dominance, and what all of these pictures say.

In: records of ``dominance`` and ``dominance_map``.  Out: colours, hatches, headings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.analysis.style import COLOURS, QUIET

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Look = dict[str, Any]
"""How an area is drawn: colour and hatch."""

MOST = 9
"""Loops with a look of their own; the others are drawn together."""

HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "||||", "----", "++++", "oooo")
OTHER: Look = {"facecolor": "#9A9A9A", "hatch": ""}
NOTHING: Look = {"facecolor": "#F4F4F4", "hatch": ""}
UNDEFINED: Look = {"facecolor": "#DDDDDD", "hatch": "//"}
LEAST_SEEN = 0.005
"""Greatest probability below which a loop is among the others."""


def looks_of(record: xr.Dataset) -> dict[str, Look]:
    """Return how each loop worth showing is drawn, the most probable first."""
    greatest = np.nan_to_num(np.asarray(record["probability"].values)).max(axis=0)
    mean = np.nan_to_num(np.asarray(record["probability"].values)).mean(axis=0)
    order = [one for one in np.argsort(-mean, kind="stable") if greatest[one] >= LEAST_SEEN]
    ids = [str(record["loop"].values[one]) for one in order[:MOST]]
    return {one: look(place) for place, one in enumerate(ids)}


def look(place: int) -> Look:
    """Return the look at a place: colour, and a hatch once the colours are used up."""
    turn = place // len(COLOURS)
    return {"facecolor": COLOURS[place % len(COLOURS)], "hatch": HATCHES[2 * turn % len(HATCHES)]}


def heading_of(record: xr.Dataset, what: str) -> str:
    """Return model and scenario of a record, and what is seen."""
    model = str(record.attrs.get("model", "")).replace("_", " ")
    scenario = str(record.attrs.get("scenario", ""))
    place = f"{model[:1].upper()}{model[1:]}" + (f", {scenario}" if scenario else "")
    return f"{place}: {what}" if place else f"{what[:1].upper()}{what[1:]}"


def beneath(figure: Figure, text: str) -> None:
    """Write a line beneath a picture, inside its frame."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=7.5, color=QUIET)
