"""From a file's syntax trees to a ``Model`` of sympy expressions.

Stage 2 of 5.  In: a ``Draft``.  Out: a ``Model``, names as authored, every variable a stock, a
flow, an auxiliary, a parameter or a lookup.  Refuses a file that uses anything untranslated, or
names anything undefined, with the list of all such places.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models import remembering
from loopscope.models.draft import Draft, Entry, plain_name
from loopscope.models.errors import (
    ModelError,
    UndefinedError,
    UnsupportedError,
    did_you_mean,
)
from loopscope.models.expressions import NODES
from loopscope.models.model import (
    TIME,
    AnyVariable,
    Auxiliary,
    Clock,
    Flow,
    Lookup,
    Model,
    Parameter,
    Stock,
)
from loopscope.models.names import key
from loopscope.models.plain import evaluate
from loopscope.models.reading import Equation, File, make_lookup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLOCK = {
    "initial_time": "INITIAL TIME",
    "final_time": "FINAL TIME",
    "time_step": "TIME STEP",
    "saveper": "SAVEPER",
}
_CHANGING = (remembering.Remembering, sd.RandomUniform)


def translate(draft: Draft) -> Model:
    """Return the model that a draft describes.

    Raises
    ------
    UnsupportedError
        Something in it is not translated; ``places`` lists every (variable, construct).
    UndefinedError
        An equation names a variable that does not exist.
    ModelError
        A name is defined twice, a value is not a real number, a table has no points, the clock
        is incomplete, or there is nothing to simulate.
    """
    names = _names(draft)
    clock = _clock(draft, names)
    file = _file(draft, names, clock)
    flows = _flow_names(draft, names)
    variables: dict[str, AnyVariable] = {}
    for entry in draft.entries:
        reader = Equation(file, entry.name)
        variable = _variable(entry, reader, draft.name, key(entry.name) in flows)
        if variable is not None:
            variables[variable.name] = variable
    _refuse_untranslated(draft, file)
    variables.update(file.inline)
    _refuse_tables(draft, variables)
    if len(variables) <= len(_CLOCK) and set(variables) <= set(vars_of(clock)):
        msg = f"{draft.name}: has no stock and no other equation; there is nothing to simulate"
        raise ModelError(msg)
    return Model(
        name=draft.name,
        path=draft.path,
        sha256=draft.sha256,
        variables=variables,
        clock=clock,
        unit_words=draft.unit_words,
    )


def vars_of(clock: Clock) -> tuple[str, str, str, str]:
    """Return the names of the clock's four variables."""
    return clock.initial_time, clock.final_time, clock.time_step, clock.saveper


def _names(draft: Draft) -> dict[str, str]:
    """Return the authored name of each variable by key; a name that stands twice is an error."""
    first: dict[str, Entry] = {}
    for entry in draft.entries:
        word = key(entry.name)
        before = first.setdefault(word, entry)
        if before is not entry and not (before.subscripts and entry.subscripts):
            msg = (
                f"{draft.name}: '{entry.name}' is defined twice ({before.where} and "
                f"{entry.where}); rename or delete one"
            )
            raise ModelError(msg)
        if word == key(TIME.name):
            msg = (
                f"{draft.name}, {entry.where}: '{entry.name}' is the name of the simulation "
                "time; rename the variable"
            )
            raise ModelError(msg)
    return {word: entry.name for word, entry in first.items()}


def _clock(draft: Draft, names: Mapping[str, str]) -> Clock:
    found = {field: names.get(key(name)) for field, name in _CLOCK.items()}
    found["saveper"] = found["saveper"] or found["time_step"]
    missing = [_CLOCK[field] for field, name in found.items() if name is None]
    if missing:
        msg = (
            f"{draft.name}: does not define {' or '.join(missing)}; "
            f"add it to the file, as in '{missing[0]} = 1'"
        )
        raise ModelError(msg)
    units = draft.time_units or next(
        (e.units for e in draft.entries if e.units and e.name in found.values()), ""
    )
    chosen = {field: name for field, name in found.items() if name is not None}
    return Clock(**chosen, units=units, method=draft.method)


def _file(draft: Draft, names: Mapping[str, str], clock: Clock) -> File:
    step = sp.Symbol(clock.time_step, real=True)
    reserved: dict[str, sp.Expr] = {"time": TIME}
    if draft.dialect == "XMILE":
        reserved |= {
            "dt": step,
            "starttime": sp.Symbol(clock.initial_time, real=True),
            "stoptime": sp.Symbol(clock.final_time, real=True),
            "pi": sp.pi,
        }
    tables: dict[str, str] = {}
    for entry in draft.entries:
        if entry.kind == "table":
            tables[key(entry.name)] = entry.name
        elif type(entry.syntax).__name__ == "InlineLookupsStructure" and draft.dialect == "XMILE":
            tables[key(entry.name)] = f"{entry.name} table"
    return File(
        nodes=NODES,
        names=names,
        tables=tables,
        reserved=reserved,
        step=step,
        macros=draft.macros,
        dimensions=draft.dimensions,
    )


def _flow_names(draft: Draft, names: Mapping[str, str]) -> set[str]:
    """Return the keys of all variables that fill or drain a stock."""
    found = {key(entry.name) for entry in draft.entries if entry.is_flow}
    for entry in draft.entries:
        if _is_stock(entry):
            found.update(key(name) for name, _ in signed_terms(entry.syntax.flow))
    return found & set(names)


def signed_terms(node: Any, sign: int = 1) -> Iterator[tuple[str, int]]:
    """Give each plain name that is added to or taken from a sum, with its sign."""
    kind = type(node).__name__
    if kind == "ReferenceStructure" and node.subscripts is None:
        yield plain_name(node.reference), sign
    elif kind == "ArithmeticStructure" and set(node.operators) <= {"+", "-", "negative"}:
        if list(node.operators) == ["negative"]:
            yield from signed_terms(node.arguments[0], -sign)
            return
        signs = [sign, *(sign if operator == "+" else -sign for operator in node.operators)]
        for argument, own in zip(node.arguments, signs, strict=True):
            yield from signed_terms(argument, own)


def _is_stock(entry: Entry) -> bool:
    return type(entry.syntax).__name__ == "IntegStructure"


def _variable(entry: Entry, reader: Equation, model: str, is_flow: bool) -> AnyVariable | None:
    """Return the record of one variable; None when an obstacle was noted instead."""
    common: dict[str, Any] = {
        "name": entry.name,
        "units": entry.units,
        "documentation": entry.documentation,
        "limits": entry.limits,
        "group": entry.group,
    }
    if entry.subscripts:
        reader.refuse("subscripts")
        if entry.syntax is not None and entry.kind == "equation":
            reader.read(entry.syntax)
        return None
    if entry.construct:
        reader.refuse(entry.construct)
        return None
    if entry.kind == "table":
        if type(entry.syntax).__name__ != "LookupsStructure":
            reader.read(entry.syntax)
            return None
        return make_lookup(syntax=entry.syntax, **common)
    if _is_stock(entry):
        return _stock(entry, reader, common, model)
    expression = _real(reader.read(entry.syntax), entry, model)
    common["depends"] = tuple(reader.depends)
    common["initial_depends"] = _only_initial(reader)
    names_nothing = not (expression.free_symbols or reader.depends or reader.initial_depends)
    if names_nothing and not expression.has(*_CHANGING):
        return Parameter(value=_value(expression, entry, model), **common)
    return (Flow if is_flow else Auxiliary)(equation=expression, **common)


def _stock(entry: Entry, reader: Equation, common: dict[str, Any], model: str) -> Stock:
    integral = entry.syntax
    rate = _real(reader.read(integral.flow), entry, model)
    initial = _real(reader.at_start(integral.initial), entry, model)
    names = reader.file.names
    terms = [(names.get(key(name), name), sign) for name, sign in signed_terms(integral.flow)]
    return Stock(
        rate=rate,
        initial=initial,
        inflows=tuple(name for name, sign in terms if sign > 0),
        outflows=tuple(name for name, sign in terms if sign < 0),
        non_negative=bool(integral.non_negative),
        depends=tuple(reader.depends),
        initial_depends=_only_initial(reader),
        **common,
    )


def _only_initial(reader: Equation) -> tuple[str, ...]:
    return tuple(name for name in reader.initial_depends if name not in reader.depends)


def _real(expression: sp.Expr, entry: Entry, model: str) -> sp.Expr:
    """Refuse an expression that is no real number whatever the variables are."""
    if expression.has(sp.nan, sp.zoo, sp.I):
        msg = (
            f"{model}, {entry.where}: the equation of '{entry.name}' divides by zero, or takes "
            "the root or logarithm of a negative number, whatever the values; correct it"
        )
        raise ModelError(msg)
    return expression


def _value(expression: sp.Expr, entry: Entry, model: str) -> float:
    value = evaluate(expression, {})
    if not math.isfinite(value):
        _real(sp.nan, entry, model)
    return value


def _refuse_untranslated(draft: Draft, file: File) -> None:
    if file.obstacles:
        places = tuple(file.obstacles)
        shown = ", ".join(f"'{name}' ({construct})" for name, construct in places)
        count = f"{len(places)} place{'s' if len(places) > 1 else ''}"
        msg = (
            f"{draft.name}: not translated, in {count}: {shown}; rewrite these equations, or "
            'simulate with engine="pysd"'
        )
        raise UnsupportedError(msg, places)
    if file.undefined:
        known = list(file.names.values())
        named = [(owner, name.replace("_", " ")) for owner, name in file.undefined]
        lost = tuple((owner, name, did_you_mean(name, known)) for owner, name in named)
        shown = ", ".join(f"'{name}' in '{owner}'" for owner, name in named)
        hint = lost[0][2] or "; define them or correct the spelling"
        msg = f"{draft.name}: names that no equation defines: {shown}{hint}"
        raise UndefinedError(msg, lost)


def _refuse_tables(draft: Draft, variables: Mapping[str, AnyVariable]) -> None:
    for table in variables.values():
        if not isinstance(table, Lookup):
            continue
        if not table.x:
            msg = f"{draft.name}: the table '{table.name}' has no points; add at least one"
            raise ModelError(msg)
        if not all(map(math.isfinite, (*table.x, *table.y))):
            msg = (
                f"{draft.name}: the table '{table.name}' has a point that is no number; correct it"
            )
            raise ModelError(msg)
