r"""A diagram as TikZ, for a paper in LaTeX.

Stage 5 of 5.  In: a ``Diagram``.  Out: a document that pdfLaTeX sets with what LaTeX and TikZ bring
along; its picture and its styles may be copied into another one.  One unit is one point.

The arcs are the cubics that the layout was measured on, cut where the boxes begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.drawing.key import key_items, key_of
from loopscope.loops.diagrams.drawing.labels import shading_item
from loopscope.loops.diagrams.drawing.links import BARS, CASING, curves_of, part
from loopscope.loops.diagrams.drawing.palette import (
    CONTEXT,
    CONTEXT_LINE,
    EDGE,
    INK,
    SIGN_SIZE,
    STOCK_EDGE,
    STOCK_FILL,
    palette_of,
)
from loopscope.loops.diagrams.drawing.pipes import pipe_groups, special_items
from loopscope.loops.diagrams.exporting.latex import is_set_whole, latex_text
from loopscope.loops.diagrams.exporting.tikz_items import at, curve_path, tikz_items
from loopscope.loops.diagrams.exporting.wording import (
    loop_words,
    one_line,
    printed_names,
    strongest_first,
    subject,
)
from loopscope.loops.diagrams.layout.badges import NAME_GAP, NAME_LEADING, NAME_SIZE, RADIUS
from loopscope.loops.diagrams.layout.labels import MARK, head_length
from loopscope.loops.diagrams.layout.parts import bounds
from loopscope.loops.diagrams.lettering import LEADING, SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.drawing.scene import Item
    from loopscope.loops.diagrams.layout.badges import Badge
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.records import Link, LoopShown, Node, Place

WORDS = {"+": "same", "-": "opposite", "?": "unknown"}
LOOPS = {"R": "reinforcing", "B": "balancing", "U": "unclear"}
NAME_STEP = NAME_LEADING * NAME_SIZE
STYLES = rf"""\tikzset{{
  named/.style={{inner sep=0bp,align=center,text=ink,
    font=\sffamily\fontsize{{{SIZE:g}bp}}{{{LEADING * SIZE:.2f}bp}}\selectfont}},
  stock/.style={{named,draw=stockedge,fill=stockfill,line width=1.2bp}},
  quiet/.style={{text=context}},
  link/.style 2 args={{draw=#1,line width=#2,
    preaction={{draw=white,-,solid,line width=#2+{CASING:g}bp}}}},
  head/.style 2 args={{-{{Stealth[length=#1,width=#2,inset=0.18*#1]}}}},
  uncertain/.style={{dash pattern=on 4bp off 2.5bp}},
  bar/.style={{draw=ink,line width=1.6bp}},
  sign/.style={{inner sep=0bp,
    font=\sffamily\bfseries\fontsize{{{SIGN_SIZE:g}bp}}{{12bp}}\selectfont}},
  badge/.style={{circle,inner sep=0bp,minimum size=19.2bp,
    font=\sffamily\bfseries\fontsize{{8bp}}{{9bp}}\selectfont}},
  filled badge/.style={{badge,fill=#1,text=white}},
  open badge/.style={{badge,text=#1}},
  loop name/.style={{anchor=north,inner sep=0bp,align=center,
    font=\sffamily\slshape\fontsize{{{NAME_SIZE:g}bp}}{{{NAME_STEP:.2f}bp}}\selectfont}},
  leader/.style={{line width=0.7bp,dash pattern=on 1bp off 1.5bp}},
}}"""


def tikz_of(diagram: Diagram) -> str:
    """Return a diagram as a LaTeX document with one TikZ picture."""
    low, high = _extent(diagram)
    key: list[Item] = []
    columns = key_of(diagram, float(high[1] - low[1]))
    if columns:
        wide, tall = columns.size
        key = key_items(columns, diagram, float(high[0]), float(high[1]) - EDGE)
        high = high + np.array([wide + EDGE, 0.0])
        low = np.array([low[0], min(low[1], high[1] - tall - 2 * EDGE)])
    wide, tall = high - low
    picture = [
        *_areas(diagram), *_pipes(diagram), *_links(diagram), *_nodes(diagram), *_signs(diagram),
        *_badges(diagram), *tikz_items(key),
    ]  # fmt: skip
    return "\n".join(
        [
            *(f"% {line}" for line in _comments(diagram)),
            r"\RequirePackage{fix-cm}",
            r"\documentclass{article}",
            rf"\usepackage[paperwidth={wide:.2f}bp,paperheight={tall + 1:.2f}bp,"
            r"margin=0bp]{geometry}",
            r"\usepackage{tikz}",
            r"\usetikzlibrary{arrows.meta}",
            r"\ifdefined\pdfgentounicode\input{glyphtounicode}\pdfgentounicode=1 \fi",
            r"\pagestyle{empty}\setlength{\parindent}{0bp}",
            *_styles(diagram),
            r"\begin{document}",
            r"\begin{tikzpicture}[x=1bp,y=1bp]",
            rf"\useasboundingbox {at(low)} rectangle {at(high)};",
            *picture,
            r"\end{tikzpicture}%",
            r"\end{document}",
            "",
        ]
    )


def _comments(diagram: Diagram) -> Iterator[str]:
    names = printed_names(diagram.sketch)
    yield f"{subject(diagram)}. Needs TikZ; set it with pdflatex."
    for loop in strongest_first(diagram.sketch):
        yield f"{loop_words(loop)}: {', '.join(names[name] for name in loop.path)}"
    for name in names.values():
        if not is_set_whole(name):
            yield f"plain LaTeX has not all letters of: {name}"


def _extent(diagram: Diagram) -> tuple[Numbers, Numbers]:
    """Return the corners of all that is drawn, with a margin."""
    laid = diagram.laid
    if not laid.sketch.nodes:
        return np.zeros(2), np.full(2, 2 * EDGE)
    corners = [*bounds(laid.picture), *laid.signs]
    for badge in laid.badges:
        x, y, across, up = badge.rectangle
        corners += [np.array([x - across, y - up]), np.array([x + across, y + up])]
    for route in laid.layout.routes.values():
        corners += [np.array(corner) for corner in route]
    corners += [np.array(place) for place in laid.layout.names.values()]
    points = np.array(corners)
    margin = EDGE + (3 * SIZE if laid.layout.names else 0.0)
    return points.min(axis=0) - margin, points.max(axis=0) + margin


def _styles(diagram: Diagram) -> Iterator[str]:
    palette = palette_of(diagram.style)
    colours = {
        "ink": INK, "stockfill": STOCK_FILL, "stockedge": STOCK_EDGE, "context": CONTEXT,
        "contextline": CONTEXT_LINE,
        **{WORDS[sign]: colour for sign, colour in palette.sign_colour.items()},
        **{LOOPS[one]: colour for one, colour in palette.loop_colour.items()},
    }  # fmt: skip
    for name, colour in colours.items():
        yield rf"\definecolor{{{name}}}{{HTML}}{{{colour.lstrip('#').upper()}}}"
    yield STYLES


def _nodes(diagram: Diagram) -> Iterator[str]:
    laid = diagram.laid
    numbers = {node.name: number for number, node in enumerate(laid.picture.given.nodes, start=1)}
    for node in laid.picture.given.nodes:
        x, y = laid.layout.places[node.name]
        size = f"minimum width={node.width:.2f}bp,minimum height={node.height:.2f}bp"
        name = f"(n{numbers[node.name]})"
        special = special_items(diagram, node) if diagram.kind == "stockflow" else None
        if special is not None:
            yield from tikz_items(special)
            continue
        yield rf"\node[{_kind(node)},{size}] {name} at {at((x, y))} {{{_lines(node.lines)}}};"


def _kind(node: Node) -> str:
    return ("stock" if node.kind == "stock" else "named") + (",quiet" if node.quiet else "")


def _links(diagram: Diagram) -> Iterator[str]:
    laid = diagram.laid
    given = laid.picture.given
    for e, (link, curve) in enumerate(zip(given.links, curves_of(laid.picture), strict=True)):
        if link.kind == "pipe":
            continue
        colour = "contextline" if link.quiet else WORDS[link.sign]
        length = head_length(link.width)
        styles = [
            f"link={{{colour}}}{{{link.width:.2f}bp}}",
            f"head={{{length:.2f}bp}}{{{0.84 * length:.2f}bp}}",
        ]
        if link.sign == "?" or not link.certain:
            styles.append("uncertain")
        path = curve_path(part(curve.control, curve.begin, curve.end))
        yield rf"\draw[{','.join(styles)}] {path};"
        if e in laid.marks:
            mark = laid.marks[e]
            yield from _mark(mark.place, mark.angle, link)


def _mark(place: Place, angle: float, link: Link) -> Iterator[str]:
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]]) * MARK
    middle = np.array(place)
    gap = f"{link.width + CASING:.2f}bp"
    ends = (middle - 3.0 * along, middle + 3.0 * along)
    yield rf"\draw[white,line width={gap}] {at(ends[0])} -- {at(ends[1])};"
    for side in (-BARS, BARS):
        ends = (middle + side * along - across, middle + side * along + across)
        yield rf"\draw[bar] {at(ends[0])} -- {at(ends[1])};"


def _areas(diagram: Diagram) -> Iterator[str]:
    picture = diagram.laid.picture
    if not any(loop.shaded for loop in picture.given.loops):
        return
    curves = dict(zip((link.pair for link in picture.given.links), curves_of(picture), strict=True))
    palette = palette_of(diagram.style)
    for loop in picture.given.loops:
        if loop.shaded:
            around = [curves[pair] for pair in loop.pairs]
            yield from tikz_items([shading_item(loop, around, palette)])


def _pipes(diagram: Diagram) -> Iterator[str]:
    if diagram.kind == "stockflow":
        for group in pipe_groups(diagram):
            yield from tikz_items(group.items)


def _signs(diagram: Diagram) -> Iterator[str]:
    laid = diagram.laid
    texts = palette_of(diagram.style).sign_text
    for link, place in zip(laid.picture.given.links, laid.signs, strict=True):
        if link.kind == "pipe":
            continue
        colour = "context" if link.quiet else WORDS[link.sign]
        notes = rf"\textsuperscript{{{latex_text(','.join(link.notes))}}}" if link.notes else ""
        sign = "--" if link.sign == "-" and texts["-"] != "o" else latex_text(texts[link.sign])
        yield rf"\node[sign,text={colour}] at {at(place)} {{{sign}{notes}}};"


def _badges(diagram: Diagram) -> Iterator[str]:
    laid = diagram.laid
    for loop, badge in zip(laid.picture.given.loops, laid.badges, strict=True):
        colour = LOOPS[loop.polarity]
        if badge.leader is not None:
            yield rf"\draw[leader,{colour}] {at(badge.place)} -- {at(badge.leader)};"
        yield from _badge(loop, badge, colour)


def _badge(loop: LoopShown, badge: Badge, colour: str) -> Iterator[str]:
    x, y = badge.place
    yield rf"\fill[white] {at(badge.place)} circle[radius={RADIUS:g}bp];"
    start, end = (45, -225) if badge.sense == "clockwise" else (135, 405)
    radius = RADIUS - 2.0
    begin = badge.place + radius * np.array([np.cos(np.radians(start)), np.sin(np.radians(start))])
    yield (
        rf"\draw[{colour},line width=1.3bp,-{{Stealth[length=5bp,width=6.4bp]}}] {at(begin)} "
        f"arc[start angle={start},end angle={end},radius={radius:g}bp];"
    )
    style = "filled" if loop.polarity == "R" else "open"
    text = latex_text(one_line(loop.id))
    yield rf"\node[{style} badge={colour}] at {at(badge.place)} {{{text}}};"
    if badge.lines:
        below = (x, y - RADIUS - NAME_GAP)
        yield rf"\node[loop name,text={colour}] at {at(below)} {{{_lines(badge.lines)}}};"


def _lines(lines: tuple[str, ...]) -> str:
    r"""Return lines of a name; an empty group keeps \\ from taking a bracket for its argument."""
    return r"\\{}".join(latex_text(one_line(line)) for line in lines if line.strip())
