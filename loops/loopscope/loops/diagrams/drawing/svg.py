"""A diagram as SVG: real text, words for those who do not see it, the same bytes every time.

Stage 5 of 5.  In: a ``Diagram``.  Out: the text of a file, written from the same shapes as the
figure, without matplotlib.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from loopscope.loops.diagrams.drawing.page import scene_of
from loopscope.loops.diagrams.drawing.palette import WHITE
from loopscope.loops.diagrams.drawing.scene import Shape, clean
from loopscope.loops.diagrams.exporting.wording import subject

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.scene import Group, Scene, Words

FAMILY = "DejaVu Sans, Verdana, sans-serif"
MARK = "\uffff"
"""Stands before ids until their first digits are known: a character that no text holds."""


def svg_of(diagram: Diagram) -> str:
    """Return a diagram as SVG, with its title and all that it shows in words.

    Notes
    -----
    Ids begin with a few digits that depend on what is drawn, so that several diagrams can stand in
    one page.
    """
    return svg_from(scene_of(diagram), title_of(diagram), diagram.text())


def title_of(diagram: Diagram) -> str:
    """Return the title of a diagram, or what it is where it has none."""
    return diagram.caption.title.strip() or subject(diagram)


def svg_from(scene: Scene, title: str, description: str) -> str:
    """Return a scene as SVG.

    Parameters
    ----------
    title, description
        What a screen reader says; they are not seen.
    """
    body = "".join(_group(group, scene) for layer in scene.layers for group in layer)
    wide, tall = (_number(value) for value in scene.size)
    words = f'<title id="{MARK}title">{_said(title)}</title>\n'
    words += f'<desc id="{MARK}desc">{_said(description)}</desc>\n'
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}pt" height="{tall}pt" '
        f'viewBox="0 0 {wide} {tall}" role="img" aria-labelledby="{MARK}title {MARK}desc" '
        f'font-family="{FAMILY}">\n{words}'
        f'<rect width="{wide}" height="{tall}" fill="{WHITE}"/>\n{body}</svg>\n'
    )
    digest = hashlib.sha256(whole.encode("utf-8")).hexdigest()[:8]
    return whole.replace(MARK, f"d{digest}-")


def _group(group: Group, scene: Scene) -> str:
    items = "".join(
        _shape(item, scene) if isinstance(item, Shape) else _words(item, scene)
        for item in group.items
    )
    name = f' id="{MARK}{group.id}"' if group.id else ""
    title = f"<title>{_said(group.title)}</title>" if group.title else ""
    return f"<g{name}>{title}{items}</g>\n"


def _shape(shape: Shape, scene: Scene) -> str:
    look = f' fill="{shape.fill}"' if shape.fill else ' fill="none"'
    if shape.line:
        look += f' stroke="{shape.line}" stroke-width="{_number(shape.width)}"'
        if shape.dash:
            look += f' stroke-dasharray="{" ".join(_number(value) for value in shape.dash)}"'
    if shape.alpha < 1.0:
        look += f' opacity="{_number(shape.alpha)}"'
    return f'<path d="{_outline(shape, scene)}"{look}/>'


def _outline(shape: Shape, scene: Scene) -> str:
    points = (shape.points - (scene.low[0], scene.high[1])) * (1.0, -1.0)
    numbers = [_number(value) for value in np.round(points, 2).ravel().tolist()]
    pairs = [f"{x} {y}" for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    step = "C" if shape.curve else "L"
    return f"M{pairs[0]}{step}{' '.join(pairs[1:])}{'Z' if shape.closed else ''}"


def _words(words: Words, scene: Scene) -> str:
    x, y = _number(words.x - scene.low[0]), _number(scene.high[1] - words.y)
    look = f' font-size="{_number(words.size)}" fill="{words.colour}"'
    if words.anchor != "start":
        look += f' text-anchor="{words.anchor}"'
    if words.bold:
        look += ' font-weight="bold"'
    if words.italic:
        look += ' font-style="italic"'
    return f'<text x="{x}" y="{y}"{look}>{escape(words.text)}</text>'


def _said(text: str) -> str:
    """Return text as the content of an element, line by line."""
    return escape("\n".join(clean(line) for line in text.splitlines()))


def _number(value: float) -> str:
    """Return a number with at most two digits after the point, and none too many."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
