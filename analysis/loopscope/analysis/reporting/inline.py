"""An SVG picture as a part of an HTML page.

In: the text of an SVG file, as matplotlib or a diagram writes it.  Out: one ``<svg>`` element whose
ids no other picture of the page has, with text that can be selected, and without what a page does
not need: metadata, ids that nothing refers to, groups that hold nothing but others, digits that
nobody sees.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SVG = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"

FONTS = "'DejaVu Sans',Verdana,sans-serif"
"""The font that widths were measured in; Verdana is as wide, where there is no DejaVu."""

DIGITS = 2
"""Decimals of a coordinate: a hundredth of a point is below what a printer shows."""

UNWANTED = ("metadata", "script", "foreignObject", "iframe", "animate", "set")
"""Elements that are left out: pictures of a report do nothing, and load nothing."""

ROUNDED = {"d", "points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry"}
"""Attributes that are coordinates."""

DECIMALS = re.compile(r"-?\d*\.\d+(?:e-?\d+)?")
REFERENCE = re.compile(r"url\(#([^)]+)\)")
STEPS = re.compile(r" ?([MLHVCSQTAZmlhvcsqtaz]) ?")
NO_TURN = re.compile(r"rotate\(-?0(?:\.0*)? [^)]*\)")


def inlined(text: str, mark: str, alt: str) -> str:
    """Return a picture as an element of a page.

    Parameters
    ----------
    text
        The SVG file.
    mark
        Letters, digits and hyphens that begin its ids, and those of no other picture.
    alt
        What the picture shows, for those who cannot see it.

    Notes
    -----
    Linear in the length of the text.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True,
        huge_tree=True,
    )  # fmt: skip
    root = etree.fromstring(text.encode("utf-8"), parser)
    rules = _without_clutter(root)
    _marked(root, mark)
    for element in root.iter(f"{{{SVG}}}*"):
        _shortened(element)
    _flattened(root)
    _dressed(root, mark, alt, rules)
    return etree.tostring(root, encoding="unicode", with_tail=False)


def _without_clutter(root: Any) -> list[tuple[str, str]]:
    """Take out what a page does not need; return the rules of its style sheets."""
    rules: list[tuple[str, str]] = []
    for element in list(root.iter("*")):
        name = _name(element)
        foreign = not element.tag.startswith(f"{{{SVG}}}")
        alone = name == "title" and element.getparent() is root
        if name == "style":
            rules += re.findall(r"([^{}]+)\{([^{}]*)\}", element.text or "")
        if element is not root and (foreign or alone or name in ("style", *UNWANTED)):
            element.getparent().remove(element)
    return [(chosen.strip(), look.strip()) for chosen, look in rules]


def _marked(root: Any, mark: str) -> None:
    """Give every id that something refers to a name of its own, and drop the others."""
    wanted: set[str] = set()
    for element in root.iter(f"{{{SVG}}}*"):
        if XLINK in element.attrib:
            element.set("href", element.attrib.pop(XLINK))
        wanted.update(_referred(element))
    names = {old: f"{mark}-{place}" for place, old in enumerate(sorted(wanted))}
    for element in root.iter(f"{{{SVG}}}*"):
        for attribute, value in list(element.attrib.items()):
            if attribute == "id":
                if value in names:
                    element.set("id", names[value])
                else:
                    del element.attrib["id"]
            elif attribute == "href":
                if value.startswith("#"):
                    element.set("href", f"#{names[value[1:]]}")
                elif not value.startswith("data:image/"):
                    del element.attrib["href"]
            elif attribute.startswith(("on", "aria-")):
                del element.attrib[attribute]
            elif "url(#" in value:
                replaced = REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", value)
                element.set(attribute, replaced)


def _referred(element: Any) -> Iterator[str]:
    for attribute, value in element.attrib.items():
        if attribute == "href" and value.startswith("#"):
            yield value[1:]
        yield from REFERENCE.findall(value)


def _shortened(element: Any) -> None:
    """Round coordinates, and write attributes without spaces that mean nothing."""
    name = _name(element)
    for attribute, value in list(element.attrib.items()):
        if attribute in ROUNDED:
            tight = DECIMALS.sub(_rounded, " ".join(value.split()))
            element.set(attribute, STEPS.sub(r"\1", tight) if attribute == "d" else tight)
        elif attribute == "style":
            parts = (part.split(":", 1) for part in value.split(";") if ":" in part)
            kept = [
                f"{what.strip()}:{how.strip()}"
                for what, how in parts
                if not (what.strip() == "font-family" and "DejaVu Sans'" in how)
            ]
            element.set("style", ";".join(kept))
        elif attribute == "transform" and name == "text":
            left = NO_TURN.sub("", value).strip()
            if left:
                element.set("transform", DECIMALS.sub(_rounded, left))
            else:
                del element.attrib["transform"]
    if name not in ("text", "tspan", "title", "desc"):
        element.text = None
    element.tail = element.tail if name == "tspan" else None


def _rounded(found: re.Match[str]) -> str:
    return f"{round(float(found[0]), DIGITS) + 0.0:.{DIGITS}f}".rstrip("0").rstrip(".")


def _flattened(root: Any) -> None:
    """Put what stands in a group without a look of its own in place of the group."""
    for group in list(root.iter(f"{{{SVG}}}g")):
        if not group.attrib and group.getparent() is not None:
            parent = group.getparent()
            place = parent.index(group)
            parent[place : place + 1] = list(group)


def _dressed(root: Any, mark: str, alt: str, rules: list[tuple[str, str]]) -> None:
    """Let the whole picture say what it is, and keep its style sheet to itself."""
    from lxml import etree

    look = [f"font-family:{FONTS}"]
    scoped = []
    for chosen, how in rules:
        if chosen == "*":  # what every element has is what the whole hands on
            look.append(how.replace(": ", ":").replace("; ", ";").rstrip(";"))
        else:
            within = ",".join(f"#{mark} {one.strip()}" for one in chosen.split(","))
            scoped.append(f"{within}{{{how}}}")
    root.attrib.pop("font-family", None)
    root.attrib.pop("version", None)
    described = root.find(f"{{{SVG}}}desc")
    root.set("id", mark)
    root.set("style", ";".join(look))
    root.set("role", "img")
    root.set("aria-label", alt)
    if described is not None:
        described.set("id", f"{mark}-words")
        root.set("aria-describedby", f"{mark}-words")
    if scoped:
        sheet = etree.Element(f"{{{SVG}}}style")
        sheet.text = "".join(scoped)
        root.insert(0, sheet)
    etree.cleanup_namespaces(root)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
