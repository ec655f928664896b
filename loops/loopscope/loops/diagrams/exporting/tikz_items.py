"""Shapes and words of a picture as TikZ.

Stage 5 of 5.  In: items of a scene.  Out: a path or a node each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.loops.diagrams.drawing.scene import Words
from loopscope.loops.diagrams.exporting.latex import latex_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from loopscope.loops.diagrams.drawing.scene import Item, Shape
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Place

ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}


def tikz_items(items: Iterable[Item]) -> Iterator[str]:
    """Return a line of TikZ for each shape and each line of words."""
    for item in items:
        yield _words(item) if isinstance(item, Words) else _shape(item)


def at(place: Place | Numbers) -> str:
    """Return a point."""
    return f"({float(place[0]):.2f},{float(place[1]):.2f})"


def curve_path(control: Numbers) -> str:
    """Return a path of cubics from 3 k + 1 control points, dims (point, 2)."""
    steps = [
        f" .. controls {at(control[k])} and {at(control[k + 1])} .. {at(control[k + 2])}"
        for k in range(1, len(control) - 2, 3)
    ]
    return at(control[0]) + "".join(steps)


def _shape(shape: Shape) -> str:
    facts = []
    if shape.fill:
        facts.append(f"fill={_colour(shape.fill)}")
    if shape.line:
        facts += [f"draw={_colour(shape.line)}", f"line width={shape.width:.2f}bp"]
    if shape.dash:
        facts.append(f"dash pattern=on {shape.dash[0]:.2f}bp off {shape.dash[1]:.2f}bp")
    if shape.alpha < 1.0:
        facts.append(f"opacity={shape.alpha:.3f}")
    path = curve_path(shape.points) if shape.curve else " -- ".join(map(at, shape.points))
    return rf"\path[{','.join(facts)}] {path}{' -- cycle' if shape.closed else ''};"


def _words(words: Words) -> str:
    shape = (r"\bfseries" if words.bold else "") + (r"\slshape" if words.italic else "")
    return (
        rf"\node[anchor={ANCHORS[words.anchor]},inner sep=0bp,text={_colour(words.colour)},"
        rf"font=\sffamily{shape}\fontsize{{{words.size:g}bp}}{{{1.2 * words.size:.2f}bp}}"
        rf"\selectfont] at {at((words.x, words.y))} {{{latex_text(words.text)}}};"
    )


def _colour(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"
