"""A file's variables before their equations are expressions.

Stage 1 of 5.  In: nothing.  Out: the records that ``vensim``, ``xmile`` and ``grammar`` fill and
``translate`` reads.  Nothing here knows PySD: an equation is an opaque tree of its classes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from loopscope.models.model import Method

Dialect = Literal["Vensim", "XMILE"]
Kind = Literal["equation", "table", "data"]


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


def plain_name(name: str) -> str:
    r"""Return a name as its author means it: one line, no quotes around it.

    Examples
    --------
    >>> plain_name('"rate (per year)"'), plain_name("Teacup\\\\nTemperature")
    ('rate (per year)', 'Teacup Temperature')
    """
    name = re.sub(r"\s+", " ", name.replace("\\n", " ")).strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"').strip()
    return name
