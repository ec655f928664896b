"""A diagram: what it shows, where everything stands, and what is said beside it.

Beside every stage.  In: a ``LaidOut``, words and a style.  Out: a ``Diagram``, which every format
is made from.  Nothing here chooses, places or draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from loopscope.loops.diagrams.layout.laying import LaidOut
    from loopscope.loops.diagrams.layout.quality import Quality
    from loopscope.loops.diagrams.records import Layout, Sketch

DiagramKind = Literal["cld", "stockflow"]
Theme = Literal["colour", "mono"]
Polarity = Literal["+-", "so"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a diagram looks.

    Attributes
    ----------
    theme
        "mono" draws all links in one dark colour.
    polarity
        "so" prints s (same) and o (opposite) for + and -.
    valves
        Whether a small valve stands beside the names of flows in a causal loop diagram.
    """

    theme: Theme = "colour"
    polarity: Polarity = "+-"
    valves: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What a diagram says in words.

    Attributes
    ----------
    title, subtitle
        Above it; none where empty.
    notes
        Sentences below it: what was chosen, what is explained, what is left out.
    footnotes
        Letter and text of each.
    model, scenario, method
        What it was made from; empty where there is none.
    at
        Time of the scores, in ``time_units``; None without.
    explained
        Share of all loops' mean magnitude that the loops shown carry; None without scores.
    loops_left
        Number of loops not shown; None where not known.
    statement
        Whether all loops are known: the line of ``Loops.statement``.
    left_out
        Variables of the graph that are neither shown nor folded into a link.
    """

    title: str = ""
    subtitle: str = ""
    notes: tuple[str, ...] = ()
    footnotes: tuple[tuple[str, str], ...] = ()
    model: str = ""
    scenario: str = ""
    method: str = ""
    at: float | None = None
    time_units: str = ""
    explained: float | None = None
    loops_left: int | None = None
    statement: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """A causal loop diagram, or a stock-and-flow diagram, ready for any format."""

    laid: LaidOut
    kind: DiagramKind = "cld"
    caption: Caption = field(default_factory=Caption)
    style: Style = field(default_factory=Style)

    @property
    def sketch(self) -> Sketch:
        """What is shown."""
        return self.laid.sketch

    @property
    def layout(self) -> Layout:
        """Where it stands: what ``layout=`` of another diagram takes."""
        return self.laid.layout

    @property
    def quality(self) -> Quality:
        """Faults and merits of the picture, measured on what is drawn."""
        return self.laid.quality

    def figure(self) -> Figure:
        """Return it as a matplotlib figure in which one unit is one point."""
        from loopscope.loops.diagrams.drawing.figure import figure_of

        return figure_of(self)

    def save(self, path: str | Path) -> Path:
        """Write it to a file; the suffix says how: see ``exporting.formats``.

        Raises
        ------
        LoopError
            A suffix that is not known.
        OutputError
            The file cannot be written; nothing is left half-written.
        """
        from loopscope.loops.diagrams.exporting.formats import save

        return save(self, path)

    def text(self) -> str:
        """Return all that the picture shows in plain words, for those who do not see it."""
        from loopscope.loops.diagrams.exporting.text import text_of

        return text_of(self)

    def alt(self) -> str:
        """Return its summary in less than 250 characters."""
        from loopscope.loops.diagrams.exporting.text import alt_of

        return alt_of(self)

    def _repr_svg_(self) -> str:
        from loopscope.loops.diagrams.drawing.svg import svg_of

        return svg_of(self)
