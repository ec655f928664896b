"""A file's variables before their equations are expressions.

Stage 1 of 5.  In: nothing.  Out: the records that ``vensim``, ``xmile`` and ``grammar`` fill and
``translate`` reads.  Nothing here knows PySD: an equation is an opaque tree of its classes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from loopscope.models.model import Method

Dialect = Literal["Vensim", "XMILE"]
Kind = Literal["equation", "table", "data"]

_QUOTED_OR_COMMENT = re.compile(r'("(?:\\"|[^"])*")|\{[^}]*\}')
_QUOTED = re.compile(r'("(?:\\"|[^"])*")')
_NUMBER = r"(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
_NEGATIVE_BASE = re.compile(rf"\(\s*-\s*({_NUMBER})\s*\)(?=\s*\^)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One definition as text.

    Attributes
    ----------
    line
        Line of the file it begins on, from 1.
    text
        The definition on one line, comments removed.
    """

    line: int
    text: str
    units: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    documentation: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One variable with its equation as an abstract syntax tree.

    Attributes
    ----------
    name
        As authored, without surrounding quotes.
    kind
        "data" is a series that comes from outside the file.
    syntax
        Tree of PySD's structures, or None where the file gives none.
    where
        Place in the file, for messages: "line 14".
    subscripts
        Dimensions or elements it is defined over; empty for a plain variable.
    is_flow
        The file itself says that it is a flow.
    construct
        What stands in the way of translating it, when that is known before its equation is read.
    """

    name: str
    kind: Kind
    syntax: Any
    where: str
    units: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    documentation: str = ""
    group: str = ""
    subscripts: tuple[str, ...] = ()
    is_flow: bool = False
    construct: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A whole file, read but not yet translated.

    Attributes
    ----------
    name, path, sha256
        As in ``Model``.
    entries
        In file order.
    macros
        Names that a call may have because the file defines them as macros.
    dimensions
        Names of dimensions and of their elements.
    unit_words
        As in ``Model``.
    """

    name: str
    path: str
    sha256: str
    dialect: Dialect
    entries: tuple[Entry, ...]
    method: Method = "Euler"
    time_units: str = ""
    macros: frozenset[str] = frozenset()
    dimensions: frozenset[str] = frozenset()
    unit_words: tuple[tuple[str, str], ...] = ()


def one_line(text: str) -> str:
    """Return a text with every run of white space as one space, none at the ends."""
    return re.sub(r"\s+", " ", text).strip()


def clean_equation(text: str, edit: Callable[[str], str]) -> str:
    r"""Return an equation as PySD's grammars read it without a mistake.

    One line, comments in braces dropped, ``edit`` applied to all that is outside quotes.  A
    negative number in parentheses before ``^`` becomes a difference: PySD forgets parentheses,
    and would take the minus sign of ``(-2)^2`` for that of ``-2^2``.

    Examples
    --------
    >>> clean_equation('"a B" * {old}\n(-2)^2', str.upper)
    '"a B" * (0-2)^2'
    """
    pieces = _QUOTED.split(one_line(_QUOTED_OR_COMMENT.sub(_keep_quoted, text)))
    for at in range(0, len(pieces), 2):
        pieces[at] = _NEGATIVE_BASE.sub(r"(0-\1)", edit(pieces[at]))
    return "".join(pieces)


def _keep_quoted(found: re.Match[str]) -> str:
    return found.group(1) or " "


def plain_name(name: str) -> str:
    r"""Return a name as its author means it: one line, no quotes around it.

    Examples
    --------
    >>> plain_name('"rate (per year)"'), plain_name("Teacup\\nTemperature")
    ('rate (per year)', 'Teacup Temperature')
    """
    name = one_line(name.replace("\\n", " "))
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"').strip()
    return name


def separate(ascending: Iterable[float]) -> list[float]:
    """Return numbers with equal ones moved apart by the least a float can.

    PySD sorts the points of a table in a way that may swap points at one x, the two ends of a
    jump.  ``join`` undoes it.

    Examples
    --------
    >>> separate([0, 1, 1])
    [0.0, 1.0, 1.0000000000000002]
    """
    apart: list[float] = []
    for x in map(float, ascending):
        apart.append(x if not apart or x > apart[-1] else math.nextafter(apart[-1], math.inf))
    return apart


def join(apart: Iterable[float]) -> list[float]:
    """Return the numbers that ``separate`` moved apart.

    Examples
    --------
    >>> join([0.0, 1.0, 1.0000000000000002])
    [0.0, 1.0, 1.0]
    """
    joined: list[float] = []
    last = math.nan
    for x in apart:
        joined.append(joined[-1] if x == math.nextafter(last, math.inf) else x)
        last = x
    return joined
