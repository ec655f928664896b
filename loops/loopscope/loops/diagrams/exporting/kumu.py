"""A diagram as a JSON blueprint for Kumu.

Stage 5 of 5.  In: a ``Diagram``.  Out: JSON.  Kumu documents elements and connections with their
fields, but not how a loop stands in a blueprint: loops are tags of their connections, by which
Kumu filters and decorates.

References
----------
Kumu documentation, "JSON / Blueprints" (elements, connections, ids, direction, type, tags, custom
fields) and "Systems mapping" (connection types "same" and "opposite", field "Postlabel").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loopscope.loops.diagrams.drawing.palette import palette_of
from loopscope.loops.diagrams.exporting.wording import loop_words, one_line, printed_names

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram

KINDS = {"stock": "Stock", "flow": "Flow", "auxiliary": "Variable", "cloud": "Cloud"}
TYPES = {"+": "same", "-": "opposite", "?": "unknown"}


def kumu_of(diagram: Diagram) -> str:
    """Return a diagram as a blueprint: elements and connections."""
    sketch = diagram.sketch
    names = printed_names(sketch)
    signs = palette_of(diagram.style).sign_text
    ids = {node.name: f"e{number}" for number, node in enumerate(sketch.nodes, start=1)}
    connections = []
    for number, link in enumerate(sketch.links, start=1):
        tags = [loop_words(loop) for loop in sketch.loops if link.pair in loop.pairs]
        facts: dict[str, Any] = {
            "id": f"c{number}", "from": ids[link.cause], "to": ids[link.effect],
            "direction": "directed", "type": TYPES[link.sign], "Postlabel": signs[link.sign],
            "tags": [*tags, *(["delay"] if link.delay else [])],
        }  # fmt: skip
        if link.score is not None:
            facts["Score"] = round(link.score, 4)
        if link.through:
            facts["Through"] = ", ".join(map(one_line, link.through))
        connections.append(facts)
    elements = [
        {"id": ids[node.name], "label": names[node.name], "type": KINDS[node.kind]}
        for node in sketch.nodes
    ]
    made = {"elements": elements, "connections": connections}
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"
