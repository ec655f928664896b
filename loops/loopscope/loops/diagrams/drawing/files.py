"""A diagram as PDF and as PNG.

Stage 5 of 5.  In: a ``Diagram``.  Out: the bytes of a file, the same every time.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.drawing.colours import few_colours
from loopscope.loops.diagrams.drawing.figure import dots_of, figure_of
from loopscope.loops.diagrams.drawing.svg import title_of
from loopscope.loops.style import styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from loopscope.loops.diagrams.diagram import Diagram

DPI = 150
COLOURS = (160, 96)
"""Of a picture in dots: enough for smooth edges; fewer where the file would be large."""

LARGE = 200_000
"""Bytes of a file with many colours, beyond which it gets few."""


def pdf_of(diagram: Diagram) -> bytes:
    """Return a diagram as PDF: text stays text, its title and its summary are in the file."""
    return pdf_from(figure_of(diagram), title_of(diagram), diagram.alt())


def png_of(diagram: Diagram) -> bytes:
    """Return a diagram as PNG at 150 dots an inch, with its title and its summary.

    Raises
    ------
    OutputError
        A picture of more than 60 million dots.
    """
    return png_from(figure_of(diagram), title_of(diagram), diagram.alt())


def pdf_from(figure: Figure, title: str, subject: str) -> bytes:
    """Return a figure as PDF, without the date."""
    file = BytesIO()
    with styled():
        figure.savefig(
            file, format="pdf",
            metadata={"Title": title, "Subject": subject, "Creator": None, "CreationDate": None},
        )  # fmt: skip
    return file.getvalue()


def png_from(figure: Figure, title: str, description: str) -> bytes:
    """Return a figure as PNG with few colours."""
    from PIL.PngImagePlugin import PngInfo

    picture = dots_of(figure, DPI)
    words = PngInfo()
    words.add_itxt("Title", title)
    words.add_itxt("Description", description)
    found = b""
    for colours in COLOURS:
        file = BytesIO()
        few = few_colours(picture, colours).apply(picture)
        few.save(file, format="PNG", optimize=True, pnginfo=words, dpi=(DPI, DPI))
        found = file.getvalue()
        if len(found) <= LARGE:
            break
    return found
