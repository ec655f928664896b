"""A diagram on the command line: a table of its loops, or plain values.

In: a ``Diagram``.  Out: lines on standard output, or what ``--json`` prints.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from loopscope.analysis.commands.loops import shown_path
from loopscope.analysis.tables import MISSING, moment, out, percent, plain, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.layout.quality import Quality
    from loopscope.loops.diagrams.records import LoopShown


def as_data(drawn: Diagram, files: Sequence[Path]) -> dict[str, Any]:
    """Return what a diagram shows and says as plain values."""
    caption, sketch = drawn.caption, drawn.sketch
    return {
        "model": caption.model,
        "scenario": caption.scenario,
        "method": caption.method,
        "time_units": caption.time_units,
        "at": caption.at,
        "kind": drawn.kind,
        "variables": len(sketch.nodes),
        "links": len(sketch.links),
        "loops": [
            {
                "id": one.id, "name": one.name, "polarity": one.polarity, "path": list(one.path),
                "score": one.score, "share": one.share, "band": one.band, "shaded": one.shaded,
            }
            for one in sketch.loops
        ],
        "explained": caption.explained,
        "loops_left": caption.loops_left,
        "statement": caption.statement,
        "notes": list(caption.notes),
        "left_out": list(caption.left_out),
        "quality": None if drawn.laid.level == "bare" else asdict(drawn.quality),
        "files": [str(file) for file in files],
    }  # fmt: skip


def print_diagram(drawn: Diagram) -> None:
    """Print the loops shown, the quality of the picture and the notes."""
    caption, sketch = drawn.caption, drawn.sketch
    scored = any(one.score is not None for one in sketch.loops)
    banded = any(one.band is not None for one in sketch.loops)
    head = ["id", "loop", "polarity"]
    head += [f"score at {moment(caption.at)}" if caption.at is not None else "mean score"] * scored
    head += ["5 % to 95 % of runs"] * banded
    out(f"{plain(caption.title)}. {plain(caption.subtitle)}\n")
    print_table(
        "Loops",
        tuple(head),
        [
            (
                one.id, one.name or shown_path(one.path), one.polarity,
                *([percent(one.score)] if scored else []),
                *([_band(one)] if banded else []),
            )
            for one in sketch.loops
        ],
        left=3,
    )  # fmt: skip
    counts = f"{len(sketch.nodes)} variables, {len(sketch.links)} links"
    quality = f"; {_told(drawn.quality)}" if drawn.laid.level != "bare" else ""
    out(f"{counts}{quality}\n")
    for note in caption.notes:
        out(f"note: {plain(note)}\n")


def _band(loop: LoopShown) -> str:
    return MISSING if loop.band is None else " to ".join(percent(one) for one in loop.band)


def _told(quality: Quality) -> str:
    """Return the faults of a picture in words."""
    faults = (
        (quality.crossings, "crossing"),
        (quality.label_on_label, "label on a label"),
        (quality.label_on_link, "label on a link"),
        (quality.link_over_box, "link over a box"),
    )
    told = [f"{count} x {what}" for count, what in faults if count]
    badges = f"{quality.badges_inside} of {quality.badges} badges inside their loops"
    return ", ".join([*(told or ["nothing crosses or overlaps"]), badges])
