"""A diagram as GraphML, for graph programs.

Stage 5 of 5.  In: a ``Diagram``.  Out: XML.  Attributes are numbers and text; what is not known is
left out.  What a graph has no place for, loops and words, is JSON text on the graph.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import networkx as nx

from loopscope.loops.diagrams.exporting.wording import one_line, printed_names, strongest_first

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.records import LoopShown


def graphml_of(diagram: Diagram) -> bytes:
    """Return a diagram as GraphML."""
    file = BytesIO()
    nx.write_graphml(graph_of(diagram), file, named_key_ids=True)
    return file.getvalue() + b"\n"


def graph_of(diagram: Diagram) -> nx.DiGraph[str]:
    """Return a diagram as a graph whose nodes are the names of variables.

    Attributes of nodes: label, kind, quiet, x, y, width, height; of edges: polarity, delay, kind,
    certain, quiet, bulge, width, and score, basis, through, notes where there are any; of the
    graph: kind, loops, and title, model, scenario, method, at where there are any.  Lengths are
    points, y upwards; delay, certain and quiet are 0 or 1.
    """
    sketch, layout = diagram.sketch, diagram.layout
    names = printed_names(sketch)
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in sketch.nodes:
        x, y = layout.places[node.name]
        graph.add_node(
            names[node.name], label=names[node.name], kind=node.kind, quiet=int(node.quiet),
            x=float(x), y=float(y), width=float(node.width), height=float(node.height),
        )  # fmt: skip
    for link in sketch.links:
        facts: dict[str, Any] = {
            "polarity": link.sign, "delay": int(link.delay), "kind": link.kind,
            "certain": int(link.certain), "quiet": int(link.quiet), "width": float(link.width),
            "bulge": float(layout.bulges[link.pair]),
        }  # fmt: skip
        if link.score is not None:
            facts["score"] = float(link.score)
        if link.basis.strip():
            facts["basis"] = one_line(link.basis)
        for key, words in (("through", link.through), ("notes", link.notes)):
            if words:
                facts[key] = _text([one_line(word) for word in words])
        graph.add_edge(names[link.cause], names[link.effect], **facts)
    caption = diagram.caption
    graph.graph["kind"] = diagram.kind
    graph.graph["loops"] = _text([_loop(loop, names) for loop in strongest_first(sketch)])
    for key in ("title", "model", "scenario", "method"):
        if getattr(caption, key).strip():
            graph.graph[key] = one_line(getattr(caption, key))
    if caption.at is not None:
        graph.graph["at"] = float(caption.at)
    return graph


def _loop(loop: LoopShown, names: dict[str, str]) -> dict[str, Any]:
    facts = {
        "id": one_line(loop.id), "name": loop.name and one_line(loop.name),
        "polarity": loop.polarity, "path": [names[name] for name in loop.path],
        "score": loop.score, "share": loop.share,
    }  # fmt: skip
    return {key: value for key, value in facts.items() if value not in (None, "")}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
