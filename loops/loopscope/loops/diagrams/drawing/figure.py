"""A diagram as a matplotlib figure.

Stage 5 of 5.  In: a ``Diagram``, or a ``Scene``.  Out: a ``Figure`` as large as
the page, without axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from loopscope.loops.diagrams.drawing.page import scene_of
from loopscope.loops.diagrams.drawing.scene import Shape, Words
from loopscope.loops.style import styled
from loopscope.models.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.transforms import Transform
    from PIL.Image import Image

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.scene import Layer, Scene

    Colour = tuple[float, float, float, float]

MOST, LONGEST = 60_000_000, 32_000
"""Dots of a picture, and dots along one side; more is refused."""

CLEAR = (0.0, 0.0, 0.0, 0.0)
SIDE = {"start": "left", "middle": "center", "end": "right"}


class _Measured(Figure):
    """A figure whose letters are as wide as they were measured, wherever it is drawn.

    Hinted letters are up to a tenth wider, more so in few dots: text would run into what follows.
    """

    def draw(self, renderer: Any) -> None:
        """Draw it without hinting."""
        with styled(), mpl.rc_context({"text.hinting": "no_hinting"}):
            super().draw(renderer)


def figure_of(diagram: Diagram) -> Figure:
    """Return a diagram with its title, key, legend and notes as a figure.

    Notes
    -----
    Shapes that follow each other are one collection, so that a diagram of n variables, m links and
    k loops has O(n + m + k) pieces of text and few other artists.
    """
    return figure_from(scene_of(diagram))


def figure_from(scene: Scene) -> Figure:
    """Return a scene as a figure of its size."""
    with styled():
        return built(scene)


def dots_of(figure: Figure, dpi: float) -> Image:
    """Return a figure as a picture in dots, in red, green and blue.

    Raises
    ------
    OutputError
        A picture of more than 60 million dots.
    """
    wide, tall = (float(size) * dpi for size in figure.get_size_inches())
    if wide * tall > MOST or max(wide, tall) > LONGEST:
        msg = (
            f"a picture of {wide:.0f} x {tall:.0f} dots is too large; "
            "show fewer loops, or write it as .svg or .pdf"
        )
        raise OutputError(msg)
    return rendered(figure, dpi).convert("RGB")


def built(scene: Scene, *, clear: bool = False) -> Figure:
    """Return a scene as a figure, inside ``styled``; its ground is white, or clear.

    There are no axes: what is drawn stands on the figure itself.
    """
    wide, tall = scene.size
    with mpl.rc_context({"lines.scale_dashes": False}):
        figure = _Measured(figsize=(wide / 72, tall / 72))
        FigureCanvasAgg(figure)
        figure.patch.set_visible(not clear)
        points = Affine2D().translate(-scene.low[0], -scene.low[1]).scale(1 / 72)
        paint(figure, points + figure.dpi_scale_trans, scene.layers)
    return figure


def rendered(figure: Figure, dpi: float) -> Image:
    """Return a figure in dots, in red, green, blue and how far they cover."""
    from PIL import Image as images

    figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return images.fromarray(np.asarray(canvas.buffer_rgba()))


def paint(figure: Figure, place: Transform, layers: Iterable[Layer]) -> None:
    """Draw layers on a figure, in order; within a layer, shapes before words.

    Parameters
    ----------
    place
        From points to dots.
    """
    for order, layer in enumerate(layers, start=2):
        items = [item for group in layer for item in group.items]
        shapes = [item for item in items if isinstance(item, Shape)]
        if shapes:
            figure.add_artist(collection_of(shapes, place, order))
        for item in items:
            if isinstance(item, Words):
                figure.text(
                    item.x, item.y, item.text, fontsize=item.size, color=item.colour,
                    fontweight="bold" if item.bold else "normal",
                    fontstyle="italic" if item.italic else "normal",
                    ha=SIDE[item.anchor], va="baseline", zorder=order + 0.5, transform=place,
                )  # fmt: skip


def collection_of(shapes: Sequence[Shape], place: Transform, order: float) -> PathCollection:
    """Return shapes as one collection, in order."""
    return PathCollection(
        [path_of(shape) for shape in shapes],
        facecolors=[_colour(shape.fill, shape.alpha) for shape in shapes],
        edgecolors=[_colour(shape.line, shape.alpha) for shape in shapes],
        linewidths=[shape.width if shape.line else 0.0 for shape in shapes],
        linestyles=[(0.0, shape.dash) for shape in shapes],
        capstyle="butt", joinstyle="miter", transform=place, zorder=order,
    )  # fmt: skip


def path_of(shape: Shape) -> Path:
    """Return the outline of a shape."""
    codes = np.full(len(shape.points), Path.CURVE4 if shape.curve else Path.LINETO, np.uint8)
    codes[0] = Path.MOVETO
    points = shape.points
    if shape.closed:
        points = np.vstack([points, points[:1]])
        codes = np.append(codes, Path.CLOSEPOLY)
    return Path(points, codes)


def _colour(name: str | None, alpha: float) -> Colour:
    return to_rgba(name, alpha) if name else CLEAR
