"""What the structure pictures of the migration-policy model show, worked out from its equations.

In: the model.  Out: stocks, moves between them, signed links.  Nothing here is drawn, and no arrow
is typed: ``structure.py`` gives positions only.
"""

from __future__ import annotations

import json
from typing import Any

from loopscope import loops, models
from loopscope.loops.signs.polarity import prover_of

# Only what each picture is about; what runs between these follows from the equations.
PEOPLE = ("natives", "legal migrants", "second generation", "irregular migrants", "origin pool",
          "transit migrants", "coethnics abroad")  # fmt: skip
BESIDE = ("waiting applications", *(f"{who} {age}" for who in ("born here", "migrants")
          for age in ("under 20", "20 to 64", "65 to 74", "75 and over")))  # fmt: skip
BOOKS = ("ethnic returns so far", "net additions so far")
WATCHED = ("irregular migrants", "legal migrants")
ACTED_ON = ("verification", "success per attempt", "irregular attempts", "irregular entries",
            "apprehensions", "legal admissions", "deportation", "amnestied migrants",
            "return of irregular migrants", "return of legal migrants")  # fmt: skip

Move = tuple[str, str, str]
"""Flow, the stock it leaves, the stock it enters; empty where it crosses the boundary."""


def moves(model: Any, stocks: tuple[str, ...]) -> list[Move]:
    """Return every flow of some stocks; one that leaves one and enters another is one move."""
    found: dict[str, list[str]] = {}
    for side, way in enumerate(("outflows", "inflows")):
        for name in stocks:
            for flow in getattr(model.find(name), way):
                found.setdefault(flow, ["", ""])[side] = name
    return sorted((flow, *ends) for flow, ends in found.items())


def optional(model: Any) -> set[str]:
    """Return the stocks of those parts of the model that a switch has off by default."""
    off = {p.group for p in model.parameters if p.name.endswith(" switch") and p.value == 0}
    return {stock.name for stock in model.stocks if stock.group in off}


def indices(graph: Any) -> list[str]:
    """Return what counts no people: indices, and perceptions by the variable they belong to."""
    stocks = [node for node in graph.nodes.values() if node.role == "stock"]
    return list(dict.fromkeys(node.owner for node in stocks if node.units == "dmnl"))


class Signed:
    """Links of the view that keeps the flows of people, with their signs.

    A sign in brackets is not proved: the run of the model as it stands showed it.
    """

    def __init__(self, model: Any) -> None:
        people = [stock for stock in model.stocks if stock.units == "people"]
        keep = {flow for stock in people for flow in (*stock.inflows, *stock.outflows)}
        self.graph = loops.fold(loops.trace(model), keep=sorted(keep | set(ACTED_ON)))
        self.prover = prover_of(self.graph)
        self.seen = loops.observe(loops.along(self.graph, models.simulate(model)))

    def links(self, causes: tuple[str, ...], effects: tuple[str, ...]) -> list[Move]:
        """Return (cause, effect, sign) between variables; stages of a delay are its variable."""
        owner = {name: node.owner for name, node in self.graph.nodes.items()}
        found = {}
        for (cause, effect), link in self.graph.links.items():
            ends = owner[cause], owner[effect]
            if ends[0] != ends[1] and ends[0] in causes and ends[1] in effects:
                proved = self.prover.polarity(link).sign
                shown = proved if proved in "+-" else f"({self.seen[cause, effect].sign})"
                found[ends] = shown
        return sorted((*ends, sign) for ends, sign in found.items())


def content(model: Any) -> dict[str, dict[str, list[Any]]]:
    """Return what each picture shows: boxes, the pale ones among them, arrows."""
    signed = Signed(model)
    political = tuple(indices(signed.graph))
    pale = optional(model)
    pictures = {
        "people": (PEOPLE, moves(model, PEOPLE)),
        "beside": (BESIDE, moves(model, BESIDE)),
        "politics": ((*political, *WATCHED), signed.links((*political, *WATCHED), political)),
        "effects": (
            (*political, *ACTED_ON, *WATCHED),
            signed.links((*political, *ACTED_ON), (*ACTED_ON, *WATCHED)),
        ),
    }  # fmt: skip
    shown = {}
    for name, (boxes, arrows) in pictures.items():
        ends = {end for arrow in arrows for end in arrow}
        boxes = tuple(box for box in boxes if box in ends)
        shown[name] = {
            "boxes": list(boxes),
            "pale": [box for box in boxes if box in pale],
            "arrows": [list(arrow) for arrow in arrows],
        }
    return shown


def as_text(picture: dict[str, list[Any]]) -> str:
    """Return the content of a picture as it is written into the file of the picture."""
    return json.dumps(picture, sort_keys=True)
