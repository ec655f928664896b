"""Boxes and curved arrows on a sheet measured in inches, in the house style."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from loopscope.loops.style import BASE, QUIET, styled, wrapped

BLUE, RED, PALE = "#0072B2", "#D55E00", "#A9A9A9"
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
Place = tuple[float, float]


class Sheet:
    """A drawing: boxes by name, arrows between them."""

    def __init__(self, width: float, height: float) -> None:
        with styled():
            self.figure = Figure(figsize=(width, height))
            FigureCanvasAgg(self.figure)
            self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
        self.axes.axis("off")
        self.boxes: dict[Any, tuple[float, float, float, float]] = {}

    def box(
        self, name: str, place: Place, letters: int = 17, *, stock: bool = True, pale: bool = False
    ) -> None:
        """Draw a variable: a stock in a frame, anything else rounded and thin."""
        lines = wrapped(name, letters)
        rows, longest = lines.count("\n") + 1, max(map(len, lines.splitlines()))
        width, height = 0.075 * longest + 0.24, 0.15 * rows + 0.17
        x, y = place
        self.boxes[name] = (x, y, width / 2, height / 2)
        style = "square,pad=0" if stock else "round,pad=0,rounding_size=0.12"
        self.axes.add_patch(FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, boxstyle=style, zorder=3,
            facecolor="white", edgecolor=PALE if pale else BASE if stock else QUIET,
            linewidth=1.6 if stock else 0.8,
        ))  # fmt: skip
        self._text(x, y, lines, QUIET if pale else BASE, zorder=4, ha="center")

    def outside(self, key: Any, place: Place, words: str, *, pale: bool) -> None:
        """Write flows that come from or go to where no account is kept."""
        rows, longest = words.count("\n") + 1, max(map(len, words.splitlines()))
        self.boxes[key] = (*place, 0.0375 * longest, 0.07 * rows)
        self._text(*place, words, QUIET if pale else BASE, ha="center")

    def arrow(
        self, start: Any, end: Any, bend: float, colour: str = BASE, *,
        pale: bool = False, width: float = 1.1,
    ) -> Any:  # fmt: skip
        """Draw an arrow and return its curve: points of the part between the two boxes."""
        a, b = np.array(self.boxes[start][:2]), np.array(self.boxes[end][:2])
        middle = (a + b) / 2 + bend * np.array([b[1] - a[1], a[0] - b[0]])
        t = np.linspace(0, 1, 400)[:, None]
        curve = (1 - t) ** 2 * a + 2 * t * (1 - t) * middle + t**2 * b
        seen = ~(self._inside(curve, start, 0.03) | self._inside(curve, end, 0.05))
        curve = curve[seen]
        control = 2 * curve[len(curve) // 2] - (curve[0] + curve[-1]) / 2
        chord = curve[-1] - curve[0]
        normal = np.array([chord[1], -chord[0]])
        turn = float((control - (curve[0] + curve[-1]) / 2) @ normal / (normal @ normal))
        self.axes.add_patch(FancyArrowPatch(
            curve[0], curve[-1], connectionstyle=f"arc3,rad={turn}", shrinkA=0, shrinkB=0,
            arrowstyle="-|>", mutation_scale=9, linewidth=width, zorder=1,
            color=PALE if pale else colour,
        ))  # fmt: skip
        return curve

    def label(self, curve: Any, text: str, at: float, side: float, colour: str = BASE,
              *, pale: bool = False) -> None:  # fmt: skip
        """Write along a curve: ``at`` a part of its length, ``side`` inches to the left of it."""
        row = min(len(curve) - 2, int(at * len(curve)))
        along = curve[row + 1] - curve[row]
        left = np.array([-along[1], along[0]]) / np.hypot(*along)
        x, y = curve[row] + side * left
        self._text(x, y, text, QUIET if pale else colour, zorder=2, ha="center", bbox=WHITE)

    def sign(self, curve: Any, text: str, colour: str, *, left: bool) -> None:
        """Write a sign beside the head of an arrow."""
        back = np.hypot(*(curve - curve[-1]).T)
        at = float(np.argmax(back < 0.24)) / len(curve)
        shown = text.replace("-", "\N{MINUS SIGN}")
        away = 0.1 if len(text) == 1 else 0.15
        self.label(curve, shown, at, away if left else -away, colour)

    def note(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write a line that belongs to no box."""
        self._text(x, y, text, QUIET, ha="left", **look)

    def _text(self, x: float, y: float, text: str, colour: str, **look: Any) -> None:
        with styled():
            self.axes.text(x, y, text, **{
                "color": colour, "fontsize": 8.5, "va": "center", "linespacing": 1.15, **look,
            })  # fmt: skip

    def _inside(self, points: Any, name: Any, room: float) -> Any:
        x, y, width, height = self.boxes[name]
        return (abs(points[:, 0] - x) < width + room) & (abs(points[:, 1] - y) < height + room)
