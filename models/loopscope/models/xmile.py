"""The tree of an XMILE file, checked and cut into definitions.

Stage 1 of 5.  In: the bytes of an ``.xmile``, ``.stmx`` or ``.xml`` file.  Out: its definitions as
XML nodes with equations in the form ``grammar`` reads, the method, the clock.  Refuses document
type definitions, entities, includes and everything else that reaches beyond the file.

References
----------
XML Interchange Language for System Dynamics (XMILE) Version 1.0, OASIS Standard, 14 December 2015.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loopscope.models.draft import clean_equation, separate
from loopscope.models.errors import ReadError
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from loopscope.models.model import Method

NAMESPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
CLOCK = {"INITIAL TIME": "start", "FINAL TIME": "stop", "TIME STEP": "dt"}
VARIABLES = ("aux", "flow", "stock", "gf", "module")
"""Tags that define a variable, or stand where one would."""
_TAG_MISMATCH = 7  # of expat
_INCLUDES = {"include", "import"}
_DISCRETE = ("conveyor", "queue", "oven", "leak", "overflow")
_CAPITALS = re.compile(r"\b(?:if|then|else)\b", re.IGNORECASE)
_MODULO = re.compile(r"\bmod\b", re.IGNORECASE)
_LOOKUP = re.compile(r"\bLOOKUP\s*\(", re.IGNORECASE)
_CALL = re.compile(r"([\w ]+?)\s*\(")
_ELSE_IF = re.compile(r"\bELSE\s+(?=IF\b)")


@dataclass(frozen=True, slots=True)
class Tree:
    """A checked XMILE file.

    Attributes
    ----------
    root
        lxml element; no entity, include or DTD is left in it.
    namespace
        Of every XMILE tag in it.
    """

    root: _Element
    namespace: str
    ns: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ns", {"ns": self.namespace})

    def find(self, path: str) -> list[_Element]:
        """Return all nodes at a path such as ``model/variables/aux``."""
        return self.root.findall("/".join(f"ns:{step}" for step in path.split("/")), self.ns)

    def text(self, node: _Element, tag: str) -> str | None:
        """Return the text of the first child with that tag; None without the child."""
        child = node.find(f"ns:{tag}", self.ns)
        return None if child is None else (child.text or "").strip()

    def has(self, node: _Element, tag: str) -> bool:
        """Tell whether a node has a child with that tag."""
        return node.find(f"ns:{tag}", self.ns) is not None


def read_tree(data: bytes, file: str) -> Tree:
    """Check the bytes for everything that is more than data, then parse them.

    Raises
    ------
    ReadError
        Not well-formed, not XMILE, or with a DTD, an entity or an include.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError
    from defusedxml.ElementTree import fromstring as check
    from lxml import etree

    data = _declare_prefixes(data)
    mended = False
    try:
        check(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        what = type(error).__name__.removesuffix("Forbidden").removesuffix("s").lower()
        what = {"dtd": "document type definition", "externalreference": "external reference"}.get(
            what, what
        )
        msg = (
            f"{file}: holds an XML {what}, which could reach beyond the file; "
            "models need none: delete it"
        )
        raise ReadError(msg) from None
    except (ParseError, ValueError, LookupError) as error:
        # Some writers forget a closing tag in the middle.  Whole files of theirs are read, with
        # a warning; where the end itself is missing, so is part of the model.
        mismatch = isinstance(error, ParseError) and error.code == _TAG_MISMATCH
        mended = mismatch and data.rstrip().endswith(b"</xmile>")
        if not mended:
            msg = f"{file}: not well-formed XML ({error}); the file is damaged or cut off"
            raise ReadError(msg) from None
        warnings.warn(
            f"{file}: not well-formed XML ({error}); read as if the tag were closed, so check "
            "that every variable is there",
            stacklevel=2,
        )
    parser = etree.XMLParser(
        recover=mended,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        msg = f"{file}: not well-formed XML ({error.msg}); the file is damaged or cut off"
        raise ReadError(msg) from None
    if root is None:
        msg = f"{file}: not well-formed XML; the file is damaged or cut off"
        raise ReadError(msg)
    name = etree.QName(root)
    if name.localname != "xmile":
        msg = f"{file}: XML, but its root is <{name.localname}>, not <xmile>; pass an XMILE file"
        raise ReadError(msg)
    for node in root.iter("*"):
        tag = etree.QName(node)
        outside = tag.localname in _INCLUDES and (
            tag.namespace in (None, name.namespace) or "XInclude" in (tag.namespace or "")
        )
        if outside:
            msg = (
                f"{file}, line {node.sourceline}: <{tag.localname}> reads another file, which "
                "is not followed; paste what it names into this file"
            )
            raise ReadError(msg)
        if name.namespace is None and tag.namespace is None:
            node.tag = f"{{{NAMESPACE}}}{tag.localname}"
    return Tree(root, name.namespace or NAMESPACE)


def find_method(tree: Tree) -> Method:
    """Return the integration method: Euler where the file asks for it or for none, else RK4."""
    wanted = [node.get("method", "Euler") for node in tree.find("sim_specs")]
    first = wanted[0].split(",")[0].strip().casefold() if wanted else "euler"
    return "Euler" if first in {"euler", ""} else "RK4"


def clock_equations(tree: Tree, file: str) -> dict[str, str]:
    """Return the equations of INITIAL TIME, FINAL TIME and TIME STEP.

    Raises
    ------
    ReadError
        The file does not say when the simulation starts or stops.
    """
    specs = tree.find("sim_specs")
    found: dict[str, str] = {}
    for name, tag in CLOCK.items():
        text = tree.text(specs[0], tag) if specs else None
        if not text and tag != "dt":
            msg = f"{file}: <sim_specs> has no <{tag}>; add one, as in <{tag}>100</{tag}>"
            raise ReadError(msg)
        found[name] = clean_xmile(text or "1")
    step = specs[0].find("ns:dt", tree.ns)
    if step is not None and step.get("reciprocal", "false").casefold() == "true":
        found["TIME STEP"] = f"1/({found['TIME STEP']})"
    return found


def definitions(tree: Tree) -> Iterator[tuple[str, _Element]]:
    """Give (tag, node) of each variable of the root model, in file order, equations cleaned."""
    from lxml import etree

    # Before version 1.0 variables stood directly in the model.
    for variables in (tree.find("model/variables") or tree.find("model"))[:1]:
        for node in variables:
            tag = etree.QName(node)
            if tag.namespace != tree.namespace or tag.localname not in VARIABLES:
                continue
            for name in ("eqn", "inflow", "outflow"):
                for child in node.findall(f"ns:{name}", tree.ns):
                    child.text = clean_xmile(child.text or "")
            for points in node.iter(f"{{{tree.namespace}}}xpts"):
                points.text = _separate_points(points.text or "", points.get("sep", ","))
            yield tag.localname, node


def _separate_points(text: str, mark: str) -> str:
    """Return points at one x moved apart; a text that is no ascending row of numbers as it is."""
    try:
        numbers = [float(word) for word in text.split(mark if mark.strip() else None)]
    except ValueError:
        return text
    if sorted(numbers) != numbers or len(set(numbers)) == len(numbers):
        return text
    return mark.join(map(repr, separate(numbers)))


def obstacle(tree: Tree, tag: str, node: _Element) -> str:
    """Return what in a definition is not translated, known from its tags alone, or ''."""
    if tag == "module":
        return "module"
    for name in _DISCRETE:
        if tree.has(node, name):
            return name
    if tree.has(node, "element") or tree.has(node, "dimensions"):
        return "subscripts"
    if tag == "gf" or (tag == "aux" and tree.has(node, "gf") and not tree.text(node, "eqn")):
        return ""
    equation = tree.text(node, "eqn") or ""
    called = (key(found.group(1)) for found in _CALL.finditer(equation))
    macros = macro_names(tree)
    named = next((name for word in called for name in macros if _ends_with(word, name)), "")
    return f"macro {named.upper()}" if named else "" if equation else "no equation"


def _ends_with(words: str, name: str) -> bool:
    return words == name or words.endswith(f" {name}")


def groups(tree: Tree) -> dict[str, str]:
    """Return the group of each variable that has one, by the variable's key."""
    found: dict[str, str] = {}
    for node in tree.root.iter(f"{{{tree.namespace}}}group"):
        for member in node:
            name = member.get("name", "") or (member.text or "").strip()
            if name and not member.tag.endswith("}doc"):
                found.setdefault(key(name), node.get("name", "").replace("\\n", " "))
    return found


def unit_words(tree: Tree) -> tuple[tuple[str, str], ...]:
    """Return what ``<model_units>`` says of units: (alias, name), and (name, its equation)."""
    found: list[tuple[str, str]] = []
    for node in tree.find("model_units/unit"):
        name, equation = node.get("name", "").strip(), tree.text(node, "eqn")
        others = [(child.text or "").strip() for child in node if child.tag.endswith("}alias")]
        found += [(other, name) for other in others if other and name]
        if equation and name:
            found.append((name, equation))
    return tuple(found)


def non_negative(tree: Tree) -> dict[str, bool]:
    """Return what the file declares non-negative for all stocks and for all flows."""
    found = {"non_negative_stock": False, "non_negative_flow": False}
    for behavior in tree.find("behavior") + tree.find("model/behavior"):
        whole = tree.has(behavior, "non_negative")
        for kind in ("stock", "flow"):
            node = behavior.find(f"ns:{kind}", tree.ns)
            if whole or (node is not None and tree.has(node, "non_negative")):
                found[f"non_negative_{kind}"] = True
    return found


def macro_names(tree: Tree) -> frozenset[str]:
    """Return the keys of all macros the file defines."""
    return frozenset(key(node.get("name", "")) for node in tree.find("macro"))


def dimension_names(tree: Tree) -> frozenset[str]:
    """Return the keys of all dimensions and of their elements."""
    nodes = tree.find("dimensions/dim") + tree.find("dimensions/dim/elem")
    return frozenset(key(node.get("name", "")) for node in nodes)


def clean_xmile(text: str) -> str:
    """Return an equation in the form that PySD's grammar reads without a mistake.

    Beside what ``clean_equation`` does: IF, THEN and ELSE in capitals and ``mod`` not; a chain of
    ELSE IF in parentheses; LOOKUP under a name that PySD has no structure of its own for.

    Examples
    --------
    >>> clean_xmile("if a > b then 1 else if a = b then 2 else c")
    'IF a > b THEN 1 ELSE (IF a = b THEN 2 ELSE c)'
    """
    return _close_else_if(clean_equation(text, _edit))


def _edit(text: str) -> str:
    text = _CAPITALS.sub(lambda found: found.group(0).upper(), text)
    return _LOOKUP.sub("GF_LOOKUP(", _MODULO.sub("mod", text))


def _close_else_if(text: str) -> str:
    """Put each ``ELSE IF ...`` in parentheses, from the last to the first."""
    for found in reversed(list(_ELSE_IF.finditer(text))):
        depth, at, quoted = 0, found.end(), False
        while at < len(text):
            letter = text[at]
            quoted ^= letter == '"'
            if not quoted:
                depth += (letter == "(") - (letter == ")")
                if depth < 0 or (letter == "," and depth == 0):
                    break
            at += 1
        text = f"{text[: found.end()]}({text[found.end() : at].rstrip()}){text[at:]}"
    return text


def _declare_prefixes(data: bytes) -> bytes:
    """Declare prefixes that are used but not declared, as xmutil writes ``isee:``."""
    used = set(re.findall(rb"[<\s/]([A-Za-z_][\w.-]*):[A-Za-z_]", data))
    declared = set(re.findall(rb"xmlns:([\w.-]+)\s*=", data)) | {b"xml", b"xmlns"}
    root = re.search(rb"<[A-Za-z_][\w.:-]*", data)
    if root is None or not used - declared:
        return data
    extra = b"".join(b' xmlns:%b="urn:undeclared:%b"' % (p, p) for p in sorted(used - declared))
    return data[: root.end()] + extra + data[root.end() :]
