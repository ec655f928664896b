"""Views as the diagrams of an XMILE file.

Stage 1 of 5, the other way.  In: ``View`` records and the node of a model.  Out: its ``<views>``.
Clouds are not written: an XMILE pipe just ends where no stock is.

References
----------
XML Interchange Language for System Dynamics (XMILE) Version 1.0, OASIS Standard, 14 December 2015.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree.ElementTree import SubElement

from loopscope.models.writing.xmile_words import xmile_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from loopscope.models.writing.view import Connector, Pipe, Place, View

TAGS = {"stock": "stock", "flow": "flow", "auxiliary": "aux", "alias": "alias"}


def add_views(model: Element, views: Sequence[View]) -> None:
    """Add views to the node of a model."""
    if not views:
        return
    parent = SubElement(model, "views")
    for view in views:
        node = SubElement(parent, "view", type="stock_flow", name=view.name)
        numbers = {
            place.name: str(number)
            for number, place in enumerate(view.places, start=1)
            if place.kind == "alias"
        }
        pipes = {pipe.flow: pipe for pipe in reversed(view.pipes)}
        places = {place.name: place for place in view.places}
        for place in view.places:
            if place.kind in TAGS:
                _element(node, place, pipes.get(place.name), numbers)
        for number, connector in enumerate(view.connectors, start=len(view.places) + 1):
            _connector(node, connector, number, numbers, places)


def _element(parent: Element, place: Place, pipe: Pipe | None, numbers: dict[str, str]) -> None:
    node = SubElement(parent, TAGS[place.kind], x=_number(place.x), y=_number(place.y))
    if place.kind == "alias":
        node.set("uid", numbers[place.name])
        SubElement(node, "of").text = xmile_name(place.of)
        return
    node.set("name", place.name)
    if place.kind == "stock" and place.width > 0 and place.height > 0:
        # A stock with a size is placed by its upper left corner.
        node.set("x", _number(place.x - place.width / 2))
        node.set("y", _number(place.y - place.height / 2))
        node.set("width", _number(place.width))
        node.set("height", _number(place.height))
        node.set("label_side", "center")
    if pipe is not None:
        points = SubElement(node, "pts")
        for x, y in pipe.points:
            SubElement(points, "pt", x=_number(x), y=_number(y))


def _connector(
    parent: Element,
    connector: Connector,
    number: int,
    numbers: dict[str, str],
    places: dict[str, Place],
) -> None:
    angle = connector.angle
    if angle is None:
        cause, effect = places[connector.cause], places[connector.effect]
        angle = math.degrees(math.atan2(cause.y - effect.y, effect.x - cause.x))
    node = SubElement(parent, "connector", uid=str(number), angle=_number(angle % 360))
    for tag, name in (("from", connector.cause), ("to", connector.effect)):
        child = SubElement(node, tag)
        if name in numbers:
            SubElement(child, "alias", uid=numbers[name])
        else:
            child.text = xmile_name(name)


def _number(value: float) -> str:
    """Return a length with two decimals at most."""
    return f"{round(value, 2):g}"
