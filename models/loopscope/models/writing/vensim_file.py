r"""A model as the text of a Vensim file.

Stage 1 of 5, the other way.  In: a ``Model``, and views of it.  Out: ``Written``: the text of a
``.mdl`` file in UTF-8, and what became different in it.

A definition is ``equation ~ units [low,high] ~ documentation |``; what the three parts may not hold
is replaced, and told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loopscope.models.draft import one_line
from loopscope.models.model import AnyVariable, Lookup, Parameter, Stock
from loopscope.models.translate import vars_of
from loopscope.models.vensim import SETTINGS
from loopscope.models.writing.adapting import Adapting, is_sum_of_flows, whole_tables
from loopscope.models.writing.arithmetic import plain_number
from loopscope.models.writing.sketch import sketch_of
from loopscope.models.writing.vensim_form import vensim_form
from loopscope.models.writing.vensim_words import VensimPrinter, vensim_name
from loopscope.models.writing.view import fitting
from loopscope.models.writing.written import Written, finite, refuse_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.models.model import Model
    from loopscope.models.writing.view import View

CONTROL = "Control"
"""The group in which Vensim looks for the clock."""

METHODS = {"Euler": 0, "RK4": 5}
_WIDTH = 80
_STARS = "*" * 56
_BREAK = re.compile(r"(?<=,) | (?=[-+] )")
_QUOTED = re.compile(r'("(?:\\"|[^"])*")')


def vensim_file(model: Model, views: Sequence[View] = ()) -> Written:
    """Return the text of a Vensim file.

    Raises
    ------
    UnsupportedError
        Vensim cannot say something; ``places`` lists every (variable, construct).
    """
    adapted = vensim_form(model)
    whole = adapted.finished()
    printer = VensimPrinter(whole)
    inline = whole_tables(whole)
    parts = ["{UTF-8}\n"]
    group = ""
    for variable in _in_groups(whole):
        if variable.name in inline:
            continue
        own = _group_of(variable, whole)
        if own != group:
            group = own
            parts.append(f"{_STARS}\n\t.{group}\n{_STARS}~\n\t|\n\n")
        parts.append(_definition(variable, printer, adapted))
    adapted.obstacles.update(printer.obstacles)
    refuse_all(model, "Vensim", adapted.obstacles)
    parts.append(sketch_of([fitting(view, whole) for view in views]))
    parts.append(_settings(whole))
    return Written("".join(parts), adapted.told(printer.draws))


def _group_of(variable: AnyVariable, model: Model) -> str:
    group = one_line(re.sub(r"[~|]", " ", variable.group)).strip("*. ")
    return CONTROL if not group and variable.name in vars_of(model.clock) else group


def _in_groups(model: Model) -> Iterable[AnyVariable]:
    """Return variables in file order, those of no group first: a file cannot leave a group."""
    return sorted(model, key=lambda one: bool(_group_of(one, model)))


def _definition(variable: AnyVariable, printer: VensimPrinter, out: Adapting) -> str:
    name = vensim_name(variable.name)
    printer.owner = out.owner = variable.name
    if variable.name.endswith("\\") or '\\"' in variable.name:
        out.refuse("a backslash before a quote in a name")
    if isinstance(variable, Lookup):
        head = f"{name}(\n\t{_wrapped(_bounds(variable) + printer.points(variable))})"
    else:
        head = f"{name}=\n\t{_wrapped(_equation(variable, printer))}"
    units = _safe(variable.units, '~|"[]', "units", variable.name, out)
    low, high = finite(variable.limits)
    if (low, high) != (None, None):
        units += f" [{_bound(low)},{_bound(high)}]"
    words = _safe(variable.documentation, "~|", "documentation", variable.name, out)
    return f"{head}\n\t~\t{units.strip()}\n\t~\t{words}\n\t|\n\n"


def _equation(variable: AnyVariable, printer: VensimPrinter) -> str:
    if isinstance(variable, Parameter):
        return plain_number(variable.value)
    if isinstance(variable, Stock):
        rate = printer.text(variable.rate)
        if is_sum_of_flows(variable) and (variable.inflows or variable.outflows):
            rate = " + ".join(map(vensim_name, variable.inflows))
            rate += "".join(f" - {vensim_name(name)}" for name in variable.outflows)
        return f"INTEG({rate.strip()}, {printer.text(variable.initial)})"
    assert not isinstance(variable, Lookup)
    return printer.text(variable.equation)


def _bounds(table: Lookup) -> str:
    """Return the range of the axes, which Vensim draws a table in."""
    low, high = (f"({min(table.x)!r},{min(table.y)!r})", f"({max(table.x)!r},{max(table.y)!r})")
    return f"[{low}-{high}], "


def _bound(value: float | None) -> str:
    return "?" if value is None else plain_number(value)


def _wrapped(text: str) -> str:
    """Return an equation on several lines, broken after commas and before signs."""
    lines = [""]
    for at, piece in enumerate(_QUOTED.split(text)):
        for number, word in enumerate([piece] if at % 2 else _BREAK.split(piece)):
            if number and len(lines[-1]) + len(word) > _WIDTH:
                lines.append(word)
            else:
                lines[-1] += (" " if number else "") + word
    return "\\\n\t\t".join(lines)


def _safe(text: str, forbidden: str, what: str, name: str, out: Adapting) -> str:
    """Return a text on one line without signs that would end it; note what was replaced."""
    found = one_line(text)
    safe = re.sub(f"[{re.escape(forbidden)}]", "/", found).replace("---///", "---")
    if safe != found:
        out.note(f"'{name}': signs in its {what} that have a meaning in the file, now '/'")
    return safe


def _settings(model: Model) -> str:
    """Return the settings: equal names of units, and the integration method."""
    same: dict[str, list[str]] = {}
    for name, meaning in model.unit_words:
        same.setdefault(meaning, []).append(name)
    lines = [f"22:{','.join([meaning, *names])}" for meaning, names in same.items()]
    code = METHODS[model.clock.method]
    return "\n".join([SETTINGS, ":L\x7f<%^E!@", *lines, f"15:0,0,0,{code},0,0", ""])
