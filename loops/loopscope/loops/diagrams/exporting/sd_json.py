"""A diagram as SD-JSON, the form in which sd-ai takes and gives models.

Stage 5 of 5.  In: a ``Diagram``.  Out: JSON: variables with their kind, and relationships with
polarity and reasons.  Equations are not the diagram's: ``loopscope convert`` writes a model.

References
----------
sd-ai, README, section SD-JSON (variables: name, type stock, flow or variable; relationships: from,
to, polarity, reasoning, polarityReasoning).  simlin, sdai-model.schema.json (polarity "?" where
unknown; inflows and outflows of a stock).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loopscope.loops.diagrams.exporting.wording import (
    link_words,
    one_line,
    printed_names,
)

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.records import Link

TYPES = {"stock": "stock", "flow": "flow", "auxiliary": "variable"}


def sd_json_of(diagram: Diagram) -> str:
    """Return a diagram as SD-JSON; clouds are no variables and are left out."""
    sketch = diagram.sketch
    names = printed_names(sketch)
    variables: list[dict[str, Any]] = []
    for node in sketch.nodes:
        if node.kind == "cloud":
            continue
        facts: dict[str, Any] = {"name": names[node.name], "type": TYPES[node.kind]}
        pipes = [x for x in sketch.links if x.kind == "pipe" and x.effect == node.name]
        if pipes:
            facts["inflows"] = [names[x.cause] for x in pipes if x.sign != "-"]
            facts["outflows"] = [names[x.cause] for x in pipes if x.sign == "-"]
        variables.append(facts)
    clouds = {node.name for node in sketch.nodes if node.kind == "cloud"}
    relationships = [
        {
            "from": names[link.cause], "to": names[link.effect], "polarity": link.sign,
            "reasoning": _reasoning(link), "polarityReasoning": link.basis and one_line(link.basis),
        }
        for link in sketch.links
        if clouds.isdisjoint(link.pair)
    ]  # fmt: skip
    made = {"variables": variables, "relationships": relationships}
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _reasoning(link: Link) -> str:
    through = f" (through {', '.join(map(one_line, link.through))})" if link.through else ""
    return link_words(link) + through
