"""What a diagram can be saved as, by the ending of the file.

Stage 5 of 5.  In: a ``Diagram`` and a path.  Out: one file, written whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from loopscope.models.errors import LoopError, did_you_mean
from loopscope.models.files import ending_of, target, write_bytes

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram

ROOM = "loopscope.loops.diagrams"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a diagram.

    Attributes
    ----------
    words
        What it is, and what for.
    module, maker
        Where the function is that makes it, text or bytes, of a diagram: below the package of
        diagrams.  It is imported when it is needed.
    placed
        Whether it says where things stand; one that does not is as good from a draft.
    """

    words: str
    module: str
    maker: str
    placed: bool = True

    def make(self, diagram: Diagram) -> bytes:
        """Return what stands in the file; text is UTF-8."""
        made = getattr(import_module(f"{ROOM}.{self.module}"), self.maker)(diagram)
        return made if isinstance(made, bytes) else made.encode("utf-8", "backslashreplace")


FORMATS = {
    ".svg": Format("picture with real text", "drawing.svg", "svg_of"),
    ".pdf": Format("picture to print", "drawing.files", "pdf_of"),
    ".png": Format("picture of points", "drawing.files", "png_of"),
    ".tex": Format("TikZ, for a paper in LaTeX", "exporting.tikz", "tikz_of"),
    ".json": Format("all of the diagram, to read again", "exporting.kept", "json_of"),
    ".graphml": Format("graph for yEd, Gephi, Cytoscape", "exporting.graphml", "graphml_of"),
    ".dot": Format("graph for Graphviz", "exporting.dot", "dot_of"),
    ".mmd": Format("Mermaid flowchart", "exporting.mermaid", "mermaid_of", placed=False),
    ".kumu.json": Format("map for Kumu", "exporting.kumu", "kumu_of", placed=False),
    ".sd.json": Format("SD-JSON of sd-ai", "exporting.sd_json", "sd_json_of", placed=False),
    ".txt": Format("the diagram in words", "exporting.text", "text_of", placed=False),
}
"""By ending; the longest that a file name has counts."""


def format_of(path: str | Path) -> Format:
    """Return what the ending of a file name asks for.

    Raises
    ------
    LoopError
        No ending, or one that is not known.

    Examples
    --------
    >>> format_of("loops.kumu.json").words
    'map for Kumu'
    """
    asked = Path(path)
    ending = ending_of(asked, FORMATS)
    if ending is None:
        given = asked.suffix
        told = f"ends in '{given}'" if given else "has no ending"
        hint = did_you_mean(given, FORMATS) if given else ""
        msg = f"'{asked.name}' {told}; a diagram is saved as {', '.join(FORMATS)}{hint}"
        raise LoopError(msg)
    return FORMATS[ending]


def save(diagram: Diagram, path: str | Path) -> Path:
    """Write a diagram to a file, whole or not at all; its ending says how.

    Returns
    -------
    Path
        Of the file; a link is followed.

    Raises
    ------
    LoopError
        An ending that is not known.
    OutputError
        The file cannot be written; an older one stays as it was.
    """
    chosen = format_of(path)
    file = target(path, tuple(FORMATS))
    write_bytes(file, chosen.make(diagram))
    return file
