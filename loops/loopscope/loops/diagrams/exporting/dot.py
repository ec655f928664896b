r"""A diagram as DOT, for Graphviz: to be edited, not for looks.

Stage 5 of 5.  In: a ``Diagram``.  Out: text.  ``dot -Tsvg`` keeps the places and bends the links
its own way; ``neato -n2 -Tsvg`` keeps the arcs as well.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.links import colour_of, curves_of, part
from loopscope.loops.diagrams.drawing.palette import (
    CONTEXT,
    CONTEXT_LINE,
    INK,
    STOCK_EDGE,
    STOCK_FILL,
    palette_of,
)
from loopscope.loops.diagrams.exporting.wording import (
    loop_words,
    one_line,
    printed_names,
    strongest_first,
    subject,
)
from loopscope.loops.diagrams.layout.labels import head_length
from loopscope.loops.diagrams.lettering import FAMILY, SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Layout, Link, Node, Place

ARROW = 10.0
"""Length of an arrowhead of Graphviz at arrowsize 1, in points."""


def dot_of(diagram: Diagram) -> str:
    """Return a diagram as DOT, places in points."""
    caption = diagram.caption
    title = one_line(caption.title) if caption.title.strip() else subject(diagram)
    names = printed_names(diagram.sketch)
    return "\n".join(
        [
            f"digraph {quoted(title)} {{",
            *(f"  // {line}" for line in _comments(diagram, names)),
            "  graph [layout=neato, inputscale=72, splines=curved, overlap=true, "
            "outputorder=edgesfirst, forcelabels=true]",
            f"  node [fontname={quoted(FAMILY)}, fontsize={SIZE:g}, fontcolor={quoted(INK)}, "
            "shape=plaintext, margin=0, fixedsize=shape]",
            f"  edge [fontname={quoted(FAMILY)}, fontsize=11.5, arrowhead=normal]",
            *(_node(node, diagram.layout, names) for node in diagram.sketch.nodes),
            *_edges(diagram, names),
            "}",
            "",
        ]
    )


def quoted(text: str) -> str:
    r"""Return an id of DOT.

    A backslash stands for itself in an id, except before a quote or another one, so that every one
    is doubled: two names stay two ids.

    Examples
    --------
    >>> print(quoted('the "real" rate'))
    "the \"real\" rate"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def label(lines: tuple[str, ...]) -> str:
    """Return a label of DOT: a string in which escapes and XML entities have a meaning."""
    return "\\n".join(
        line.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"') for line in lines
    )


def _comments(diagram: Diagram, names: dict[str, str]) -> Iterator[str]:
    yield f"{subject(diagram)}. Units are points. neato -n2 keeps the arcs of the links."
    for loop in strongest_first(diagram.sketch):
        yield f"{loop_words(loop)}: {', '.join(names[name] for name in loop.path)}"


def _node(node: Node, layout: Layout, names: dict[str, str]) -> str:
    printed = label(tuple(one_line(line) for line in node.lines if line.strip()) or ("?",))
    words = f'label="{printed}"'
    if node.kind == "cloud":
        words = f'label="", shape=ellipse, color={quoted(CONTEXT_LINE)}'
    elif node.name in layout.names:
        words = f'label="", shape=diamond, xlabel="{printed}", xlp={_at(layout.names[node.name])}'
    elif node.kind == "stock":
        words += (
            f", shape=box, style=filled, fillcolor={quoted(STOCK_FILL)}, color={quoted(STOCK_EDGE)}"
        )
    if node.quiet:
        words += f", fontcolor={quoted(CONTEXT)}"
    place = quoted(_pair(layout.places[node.name]) + "!")
    size = f"width={node.width / 72:.4f}, height={node.height / 72:.4f}"
    return f"  {quoted(names[node.name])} [{words}, pos={place}, {size}, kind={node.kind}]"


def _edges(diagram: Diagram, names: dict[str, str]) -> Iterator[str]:
    laid = diagram.laid
    given = laid.picture.given
    palette = palette_of(diagram.style)
    for e, (link, curve) in enumerate(zip(given.links, curves_of(laid.picture), strict=True)):
        ends = f"{quoted(names[link.cause])} -> {quoted(names[link.effect])}"
        if link.kind == "pipe":
            yield f"  {ends} [{_pipe(link, laid.layout)}]"
            continue
        length = head_length(link.width)
        line = part(curve.control, curve.begin, curve.back(length))
        tip = part(curve.control, curve.begin, curve.end)[3]
        colour = quoted(colour_of(link, palette))
        facts = [
            f"headlabel={quoted(palette.sign_text[link.sign])}, head_lp={_at(laid.signs[e])}",
            f"color={colour}, fontcolor={colour}, penwidth={link.width:.2f}",
            f"arrowsize={length / ARROW:.2f}",
            f"pos={quoted(' '.join([f'e,{_pair(tip)}', *map(_pair, line)]))}",
        ]
        if link.delay:
            place = f", lp={_at(laid.marks[e].place)}" if e in laid.marks else ""
            facts.append(f'label="||"{place}, delay=true')
        if link.sign == "?" or not link.certain:
            facts.append("style=dashed")
        if link.score is not None:
            facts.append(f"score={link.score:.4f}")
        yield f"  {ends} [{', '.join(facts)}]"


def _pipe(link: Link, layout: Layout) -> str:
    """Return what is said of a pipe: its corners as cubics that are straight."""
    ends = (layout.places[link.cause], layout.places[link.effect])
    corners = np.array(layout.routes.get(link.pair, ends), np.float64)
    tip = corners[-1].copy()
    if link.sign != "-":
        back = corners[-2] - tip
        corners[-1] += back * min(1.0, ARROW / max(float(np.hypot(*back)), 1e-9))
    line = [_pair(corners[0])]
    for before, after in pairwise(corners):
        line += [_pair(before), _pair(after), _pair(after)]
    words = f"kind=pipe, color={quoted(STOCK_EDGE)}, penwidth=3, "
    if link.sign == "-":
        return words + f"dir=none, pos={quoted(' '.join(line))}"
    return words + f"pos={quoted(' '.join([f'e,{_pair(tip)}', *line]))}"


def _pair(place: Place | Numbers) -> str:
    return f"{float(place[0]):.2f},{float(place[1]):.2f}"


def _at(place: Place | Numbers) -> str:
    return quoted(_pair(place))
