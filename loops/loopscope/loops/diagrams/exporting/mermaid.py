"""A diagram as a Mermaid flowchart, for pages that draw them.

Stage 5 of 5.  In: a ``Diagram``.  Out: text.  Mermaid places everything itself and has no arcs, no
signs at arrowheads and no loops: signs are labels, loops are comments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.drawing.links import colour_of
from loopscope.loops.diagrams.drawing.palette import CONTEXT, STOCK_EDGE, STOCK_FILL, palette_of
from loopscope.loops.diagrams.exporting.wording import (
    loop_words,
    one_line,
    printed_names,
    strongest_first,
    subject,
)

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.records import Link, Node

UNSAFE = re.compile(r"[^0-9A-Za-z ,.:'()/\u0080-\U0010ffff-]")
BOXES = {"stock": ("[", "]"), "flow": ("{{", "}}"), "auxiliary": ("(", ")"), "cloud": ("((", "))")}


def mermaid_of(diagram: Diagram) -> str:
    """Return a diagram as a Mermaid flowchart from left to right."""
    sketch = diagram.sketch
    palette = palette_of(diagram.style)
    names = printed_names(sketch)
    ids = {node.name: f"n{number}" for number, node in enumerate(sketch.nodes, start=1)}
    lines = [
        f"%% {escaped(subject(diagram))}.",
        "%% Mermaid draws no arcs and no loops: the loops are listed here.",
        *(
            f"%% {escaped(loop_words(loop))}: "
            + ", ".join(escaped(names[name]) for name in loop.path)
            for loop in strongest_first(sketch)
        ),
        "flowchart LR",
        *(_node(node, ids[node.name], names[node.name]) for node in sketch.nodes),
        *(_link(link, ids, palette.sign_text[link.sign]) for link in sketch.links),
        *(
            f"  linkStyle {number} stroke:{colour_of(link, palette)},"
            f"color:{colour_of(link, palette)},stroke-width:{link.width:.1f}px"
            for number, link in enumerate(sketch.links)
        ),
        f"  classDef stock fill:{STOCK_FILL},stroke:{STOCK_EDGE}",
        "  classDef plain fill:#ffffff,stroke:none",
        f"  classDef quiet fill:#ffffff,stroke:none,color:{CONTEXT}",
        *(f"  class {ids[node.name]} {_class(node)}" for node in sketch.nodes),
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text in which nothing means anything to Mermaid, HTML or Markdown.

    Examples
    --------
    >>> escaped('<b> "real" %%{init}')
    '#60;b#62; #34;real#34; #37;#37;#123;init#125;'
    """
    return UNSAFE.sub(lambda found: f"#{ord(found[0])};", one_line(text))


def _node(node: Node, identity: str, name: str) -> str:
    left, right = BOXES[node.kind]
    words = "outside" if node.kind == "cloud" else escaped(name)
    return f'  {identity}{left}"{words}"{right}'


def _link(link: Link, ids: dict[str, str], sign: str) -> str:
    arrow = "-.->" if link.sign == "?" or not link.certain else "-->"
    words = f"{sign} delay" if link.delay else sign
    if link.kind == "pipe":
        ends = (ids[link.cause], ids[link.effect])
        source, target = ends if link.sign != "-" else ends[::-1]
        return f"  {source} ==> {target}"
    return f'  {ids[link.cause]} {arrow}|"{words}"| {ids[link.effect]}'


def _class(node: Node) -> str:
    return "quiet" if node.quiet else "stock" if node.kind == "stock" else "plain"
