"""A model as an XMILE file.

Stage 1 of 5, the other way.  In: a ``Model``, and views of it.  Out: ``Written``: the text of an
``.xmile`` file in UTF-8, and what became different in it.

References
----------
XML Interchange Language for System Dynamics (XMILE) Version 1.0, OASIS Standard, 14 December 2015.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models.delays import constant
from loopscope.models.model import AnyVariable, Auxiliary, Flow, Lookup, Parameter, Stock, symbol_of
from loopscope.models.writing.arithmetic import plain_number
from loopscope.models.writing.view import fitting
from loopscope.models.writing.written import Written, finite, refuse_all
from loopscope.models.writing.xmile_form import xmile_form
from loopscope.models.writing.xmile_view import add_views
from loopscope.models.writing.xmile_words import XmilePrinter, xmile_name
from loopscope.models.xmile import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.model import Model
    from loopscope.models.writing.adapting import Adapting
    from loopscope.models.writing.view import View

ISEE = "http://iseesystems.com/XMILE"
METHODS = {"Euler": "euler", "RK4": "rk4"}
KINDS = {"interpolate": "continuous", "extrapolate": "extrapolate", "hold_backward": "discrete"}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xmile_file(model: Model, views: Sequence[View] = ()) -> Written:
    """Return the text of an XMILE file.

    Raises
    ------
    UnsupportedError
        XMILE cannot say something; ``places`` lists every (variable, construct).
    """
    adapted = xmile_form(model)
    whole = adapted.finished()
    printer = XmilePrinter(whole)
    root = Element("xmile", {"version": "1.0", "xmlns": NAMESPACE, "xmlns:isee": ISEE})
    _header(root, whole)
    _clock(root, whole, adapted)
    _units(root, whole)
    body = _add(root, "model")
    _variables(_add(body, "variables"), whole, printer, adapted)
    add_views(body, [fitting(view, whole) for view in views])
    adapted.obstacles.update(printer.obstacles)
    refuse_all(model, "XMILE", adapted.obstacles)
    indent(root)
    text = tostring(root, encoding="unicode")
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return Written(f"{head}\n{text}\n", adapted.told(printer.draws))


def _add(parent: Element, tag: str, text: str = "", /, **attributes: str) -> Element:
    """Add a node to another and return it; what XML cannot hold is left out of texts."""
    clean = {name: _UNPRINTABLE.sub("", value) for name, value in attributes.items()}
    node = SubElement(parent, tag, clean)
    if text:
        node.text = _UNPRINTABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return node


def _header(root: Element, model: Model) -> None:
    from importlib.metadata import version

    header = _add(root, "header")
    _add(header, "name", model.name)
    _add(header, "vendor", "Loopscope")
    _add(header, "product", "Loopscope", version=version("loopscope"), lang="en")


def _clock(root: Element, model: Model, out: Adapting) -> None:
    """Write when a run starts and stops, and its step, as numbers."""
    clock = model.clock
    specs = _add(root, "sim_specs", method=METHODS[clock.method])
    if clock.units:
        specs.set("time_units", _UNPRINTABLE.sub("", clock.units))
    for tag, name in (
        ("start", clock.initial_time), ("stop", clock.final_time), ("dt", clock.time_step)
    ):  # fmt: skip
        variable = model.variables[name]
        value = constant(model, symbol_of(name), set(), at_start=True)
        out.owner = name
        fixed = not isinstance(variable, Auxiliary) or not _changes(model, variable)
        if value is None or not fixed:
            out.refuse("a clock that is no number")
            continue
        if not isinstance(variable, Parameter):
            out.note(f"'{name}' is written as the number it has, {plain_number(value)}")
        _add(specs, tag, plain_number(value))
    saved = constant(model, symbol_of(clock.saveper), set(), at_start=True)
    if saved is not None and not _saves_each_step(model):
        # Of a vendor, but the only word there is for it.
        specs.set("isee:save_interval", plain_number(saved))


def _changes(model: Model, variable: Auxiliary) -> bool:
    """Tell whether a variable of the clock changes with the time."""
    names = [variable.name]
    seen: set[str] = set()
    while names:
        one = model.variables.get(names.pop())
        if isinstance(one, Auxiliary) and one.name not in seen:
            seen.add(one.name)
            names += [symbol.name for symbol in one.equation.free_symbols]
            if sp.Symbol("Time", real=True) in one.equation.free_symbols:
                return True
    return False


def _saves_each_step(model: Model) -> bool:
    clock = model.clock
    variable = model.variables[clock.saveper]
    follows = isinstance(variable, Auxiliary) and variable.equation == symbol_of(clock.time_step)
    return clock.saveper == clock.time_step or follows


def _units(root: Element, model: Model) -> None:
    """Write other names of units: an alias of a name, or the equation of one."""
    if not model.unit_words:
        return
    units = _add(root, "model_units")
    nodes: dict[str, Element] = {}
    for name, meaning in model.unit_words:
        if re.search(r"[*/^()]", meaning):
            _add(_add(units, "unit", name=name), "eqn", meaning)
            continue
        if meaning not in nodes:
            nodes[meaning] = _add(units, "unit", name=meaning)
        _add(nodes[meaning], "alias", name)


def _variables(parent: Element, model: Model, printer: XmilePrinter, out: Adapting) -> None:
    clock = model.clock
    words = {
        clock.saveper: "",
        clock.initial_time: "STARTTIME",
        clock.final_time: "STOPTIME",
        clock.time_step: "DT",
    }
    # The clock's come last, in the order in which their reader gives them.
    place = {name: number for number, name in enumerate(words, start=1)}
    flowing = {name for stock in model.stocks for name in (*stock.inflows, *stock.outflows)}
    groups: dict[str, list[str]] = {}
    for variable in sorted(model, key=lambda one: place.get(one.name, 0)):
        if isinstance(variable, Lookup) and variable.owner:
            continue
        out.owner = printer.owner = variable.name
        if '"' in variable.name or variable.name.endswith("\\"):
            out.refuse("a quote in a name")
        tag = "aux"
        if isinstance(variable, Stock):
            tag = "stock"
        elif isinstance(variable, Lookup):
            tag = "gf"
        elif isinstance(variable, Flow) or variable.name in flowing:
            tag = "flow"
        _variable(parent, tag, variable, printer, words.get(variable.name, ""))
        if variable.group:
            groups.setdefault(variable.group, []).append(variable.name)
    for group, names in groups.items():
        node = _add(parent, "group", name=group)
        for name in names:
            _add(node, "var", name)


def _variable(
    parent: Element, tag: str, variable: AnyVariable, printer: XmilePrinter, word: str
) -> None:
    """Write one variable; ``word`` is what the standard calls it, where the clock says it."""
    node = _add(parent, tag, name=variable.name)
    if variable.documentation:
        _add(node, "doc", variable.documentation)
    if word:
        _add(node, "eqn", word)
    elif isinstance(variable, Lookup):
        _points(node, variable)
    elif isinstance(variable, Stock):
        _add(node, "eqn", printer.text(variable.initial))
        for name in variable.inflows:
            _add(node, "inflow", xmile_name(name))
        for name in variable.outflows:
            _add(node, "outflow", xmile_name(name))
        if variable.non_negative:
            _add(node, "non_negative")
    elif isinstance(variable, Parameter):
        _add(node, "eqn", plain_number(variable.value))
    else:
        _add(node, "eqn", printer.text(variable.equation))
        if isinstance(variable.equation, sd.Table):
            table = printer.model.variables[str(variable.equation.args[0])]
            assert isinstance(table, Lookup)
            _points(_add(node, "gf"), table)
    if variable.units:
        _add(node, "units", variable.units)
    low, high = finite(variable.limits)
    if (low, high) != (None, None):
        # Some readers ask for both sides.
        lowest = "-inf" if low is None else plain_number(low)
        _add(node, "range", min=lowest, max="inf" if high is None else plain_number(high))


def _points(node: Element, table: Lookup) -> None:
    """Write the points of a graphical function."""
    node.set("type", KINDS[table.interpolation])
    _add(node, "yscale", min=repr(min(table.y)), max=repr(max(table.y)))
    _add(node, "xpts", ",".join(map(repr, table.x)))
    _add(node, "ypts", ",".join(map(repr, table.y)))
