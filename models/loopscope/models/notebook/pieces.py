"""Pieces of HTML that every result shows itself with in a notebook.

Beside every stage.  In: plain values.  Out: HTML text in which all that comes from a file is
escaped.  Colours follow the notebook's own, so that light and dark themes both work.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

WIDTH, HEIGHT = 150.0, 28.0
"""Of a small curve, in pixels."""

CELL = "text-align:left;vertical-align:top;padding:2px 8px"
NUMBER = "text-align:right;vertical-align:top;padding:2px 8px;white-space:nowrap"


def card(title: str, *parts: str) -> str:
    """Return a result: a heading, and parts that are HTML already."""
    body = "".join(parts)
    return f'<div style="font-size:90%"><strong>{escape(title)}</strong>{body}</div>'


def paragraph(text: str) -> str:
    """Return a line of text."""
    return f'<p style="margin:4px 0">{escape(text)}</p>'


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = (), raw: int = -1
) -> str:
    """Return a table.

    Parameters
    ----------
    numbers
        Columns that are set to the right.
    raw
        A column whose cells are HTML already: small curves.
    """

    def cell(column: int, text: str, tag: str) -> str:
        style = NUMBER if column in numbers else CELL
        inner = text if column == raw and tag == "td" else escape(text)
        return f'<{tag} style="{style}">{inner}</{tag}>'

    lines = ["".join(cell(n, text, "th") for n, text in enumerate(head))]
    lines += ["".join(cell(n, text, "td") for n, text in enumerate(row)) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def folded(summary: str, html: str) -> str:
    """Return a part that a click opens."""
    return f"<details><summary>{escape(summary)}</summary>{html}</details>"


def curve(
    time: NDArray[np.float64],
    middle: NDArray[np.float64],
    low: NDArray[np.float64] | None = None,
    high: NDArray[np.float64] | None = None,
) -> str:
    """Return a small curve as SVG, with a band around it where there is one.

    Parameters
    ----------
    time, middle, low, high
        Dims (time,).  What is not finite is a gap.
    """
    given = [values for values in (middle, low, high) if values is not None]
    finite = np.concatenate([values[np.isfinite(values)] for values in given])
    if not len(finite) or len(time) < 2:
        return ""
    # Scaled first: the range of values near the largest double is no double.
    scale = float(np.abs(finite).max()) or 1.0
    bottom, top = float(finite.min()) / scale, float(finite.max()) / scale
    span = (top - bottom) or 1.0
    x = (time - time[0]) / ((time[-1] - time[0]) or 1.0) * (WIDTH - 4) + 2

    def points(values: NDArray[np.float64], order: slice = slice(None)) -> list[str]:
        y = HEIGHT - 3 - (values / scale - bottom) / span * (HEIGHT - 6)
        pairs = zip(x[order].tolist(), y[order].tolist(), strict=True)
        return [f"{a:.1f},{b:.1f}" if np.isfinite(b) else "" for a, b in pairs]

    shapes = []
    if low is not None and high is not None and np.isfinite(low).all() and np.isfinite(high).all():
        around = " ".join([*points(high), *points(low, slice(None, None, -1))])
        shapes.append(f'<polygon points="{around}" fill="currentColor" fill-opacity="0.2"/>')
    pieces = [part.strip() for part in " ".join(one or "|" for one in points(middle)).split("|")]
    shapes += [
        f'<polyline points="{part}" fill="none" stroke="currentColor" stroke-width="1.3"/>'
        for part in pieces
        if part
    ]
    return (
        f'<svg width="{WIDTH:g}" height="{HEIGHT:g}" role="img" aria-label="over time">'
        f"{''.join(shapes)}</svg>"
    )


def number(value: float) -> str:
    """Return a number as a table shows it.

    Examples
    --------
    >>> number(1234567.0), number(0.125), number(float("nan"))
    ('1.235e+06', '0.125', '-')
    """
    return f"{value:.4g}" if np.isfinite(value) else "-"


def thinned(count: int, most: int = 200) -> NDArray[np.int64]:
    """Return at most so many numbers below ``count`` at equal distances, first and last among them.

    Examples
    --------
    >>> thinned(5, most=3).tolist()
    [0, 2, 4]
    """
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
