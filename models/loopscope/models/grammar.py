"""From the text of one definition to its abstract syntax tree.

Stage 1 of 5.  In: a ``Statement`` of a Vensim file or a node of an XMILE file.  Out: an ``Entry``
with PySD's abstract syntax.  The only module that calls PySD: its translators know both
dialects.  Nothing is generated and nothing in a file is executed: only the parsers are used, with
their ``eval`` replaced, one definition at a time, so that what cannot be read has a name and line.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from loopscope.models.draft import Entry, Statement, plain_name, separate
from loopscope.models.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lxml.etree import _Element

    from loopscope.models.xmile import Tree

_Parsed = TypeVar("_Parsed")


def read_vensim(statement: Statement, file: str) -> Entry | frozenset[str]:
    """Return the variable that a definition defines, or the names that a subscript range defines.

    An empty set stands for a definition that plays no part in a run (a reality check).

    Raises
    ------
    ReadError
        Not in the grammar of Vensim.
    """
    pysd = _pysd("vensim")
    head = re.split(r"[=\[(]|:(?!\w+:)", statement.text, maxsplit=1)[0]
    where = f"line {statement.line}"
    place = f"{file}, {where}, '{plain_name(head)[:60]}'"
    component = _parse(lambda: pysd.Element(statement.text, "", "").parse(), place)
    if isinstance(component, pysd.SubscriptRange):
        elements = component.definition
        return frozenset([component.name, *(elements if isinstance(elements, list) else [])])
    if isinstance(component, pysd.Constraint | pysd.TestInput):
        return frozenset()
    is_data = isinstance(component, pysd.Data)
    construct = "external data" if is_data else ""
    if not is_data and not (component.expression or "").strip():
        construct = "no equation"
    if not construct:
        _parse(component.parse, place)
    return Entry(
        name=plain_name(component.name),
        kind="data" if is_data else "table" if isinstance(component, pysd.Lookup) else "equation",
        syntax=None if construct else component.ast,
        where=where,
        units=statement.units,
        limits=statement.limits,
        documentation=statement.documentation,
        group=statement.group,
        subscripts=tuple(component.subscripts[0]),
        construct=construct,
    )


def read_xmile(
    tag: str,
    node: _Element,
    tree: Tree,
    behaviors: Mapping[str, bool],
    construct: str,
    file: str,
) -> Entry:
    """Return the variable that a node defines.

    Parameters
    ----------
    behaviors
        What holds for all stocks and flows; see ``xmile.non_negative``.
    construct
        What stands in the way, known from the tags; its equation is then not read.

    Raises
    ------
    ReadError
        Not in the grammar of XMILE.
    """
    pysd = _pysd("xmile")
    name = plain_name(node.get("name", ""))
    where = f"line {node.sourceline}"
    place = f"{file}, {where}, '{name}'"
    if not name:
        msg = f"{file}, {where}: <{tag}> has no name; add one, as in <{tag} name='births'>"
        raise ReadError(msg)
    limits = _limits(node, tree)
    entry: Any = None
    if not construct:
        bare_table = tag == "gf" or (tag == "aux" and not tree.text(node, "eqn"))
        if bare_table and tag == "aux":
            inner = node.find("ns:gf", tree.ns)
            entry = _parse(lambda: pysd.Gf(node, tree.ns, {})._parse_lookup_xml_node(inner), place)
        else:
            make = {"aux": pysd.Aux, "flow": pysd.Flow, "stock": pysd.Stock, "gf": pysd.Gf}[tag]
            element = _parse(lambda: make(node, tree.ns, {}), place)
            _parse(lambda: element.parse(behaviors), place)
            entry = element.components[0][1]
    return Entry(
        name=name,
        kind="table" if type(entry).__name__ == "LookupsStructure" else "equation",
        syntax=entry,
        where=where,
        units=tree.text(node, "units") or "",
        limits=limits,
        documentation=tree.text(node, "doc") or "",
        is_flow=tag == "flow",
        construct=construct,
    )


def read_clock(name: str, equation: str, units: str, file: str) -> Entry:
    """Return a variable of the XMILE clock, whose equation stands in ``<sim_specs>``."""
    pysd = _pysd("xmile")
    element = pysd.ControlElement(name, units, "", equation)
    _parse(lambda: element.parse({}), f"{file}, <sim_specs>, '{name}'")
    return Entry(name=name, kind="equation", syntax=element.ast, where="<sim_specs>", units=units)


def read_texts(node: _Element, tree: Tree) -> dict[str, Any]:
    """Return the unit, documentation and range that a node gives, beside its equation."""
    found = {"units": tree.text(node, "units"), "documentation": tree.text(node, "doc")}
    return {**{name: text for name, text in found.items() if text}, "limits": _limits(node, tree)}


def _limits(node: _Element, tree: Tree) -> tuple[float | None, float | None]:
    """Return the declared range; PySD asks for both sides, so an open one is made infinite."""
    child = node.find("ns:range", tree.ns)
    bounds: list[float | None] = []
    for side, open_end in (("min", "-inf"), ("max", "inf")):
        if child is not None and not child.get(side, "").strip():
            child.set(side, open_end)
        try:
            found = float(child.get(side, "")) if child is not None else math.inf
        except ValueError:
            found = math.inf
        bounds.append(found if math.isfinite(found) else None)
    return bounds[0], bounds[1]


def _pysd(dialect: str) -> Any:
    """Return PySD's parser of a dialect, made to read numbers and points as data.

    It passes pieces of the file to ``eval``, the axis range of a table among them, which may hold
    any Python.  A name of the module comes before the built-in, so its ``eval`` is replaced.
    """
    with _quietly():
        module: Any = import_module(f"pysd.translators.{dialect}.{dialect}_element")
    module.eval = _data
    return module


def _data(text: str) -> Any:
    """Return what a literal stands for; of the points of a table, no two at the same x."""
    value = _literal(ast.parse(text.strip(), mode="eval").body)
    if isinstance(value, tuple) and value:
        given = value if isinstance(value[0], tuple) else (value,)
        points = sorted(given, key=lambda point: float(point[0]))
        return tuple(zip(separate([x for x, _ in points]), [y for _, y in points], strict=True))
    return value


def _literal(node: ast.expr) -> Any:
    """Return what a literal stands for, or a sum of numbers, which PySD takes for an array."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = _literal(node.left), _literal(node.right)
        return left + right if isinstance(node.op, ast.Add) else left - right
    return ast.literal_eval(node)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep remarks of PySD and its imports away, but for numbers it could not read to the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*could not be read to its end.*")
        yield


def _parse(step: Callable[[], _Parsed], place: str) -> _Parsed:
    """Run one step of PySD's parser; whatever it raises becomes a ``ReadError``."""
    from parsimonious.exceptions import ParseError

    try:
        with _quietly():
            return step()
    except ParseError as error:
        near = error.text[error.pos : error.pos + 40].strip()
        at = f"near '{near}'" if near else "at its end"
        msg = f"{place}: cannot be read as an equation, {at}; check its spelling and parentheses"
        raise ReadError(msg) from None
    # PySD's visitors raise whatever Python does: TypeError, KeyError, SyntaxError, RecursionError.
    except Exception as error:
        reason = str(error).split("\n")[0][:80]
        msg = f"{place}: cannot be read as an equation ({reason}); check arguments and numbers"
        raise ReadError(msg) from None
