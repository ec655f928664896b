r"""The text of a Vensim file, cut into definitions.

Stage 1 of 5.  In: the text of a ``.mdl`` file.  Out: ``Statement`` records with line numbers and
groups, the integration method, and the names of macros.  Sketches are never read, so a file
without one, or with an odd one, is as good as any other.  Nothing here understands equations:
that is ``grammar``.

A file is a list of definitions ``equation ~ units ~ comment |``.  A line of stars with a name
opens a group.  After the definitions come the sketch (``\\\---///``) and the settings
(``///---\\\``).

References
----------
The settings lines ``22:`` hold equal names of units.
The settings line ``15:`` holds the integration method as its fourth number: 0 Euler, 1 RK4
(variable step), 2 difference equations, 3 and 4 RK2, 5 RK4.  Read off the readers of xmutil
(github.com/bobeberlein/xmutil) and simlin (github.com/bpowers/simlin), which agree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loopscope.models.draft import Statement, clean_equation, one_line
from loopscope.models.errors import ReadError
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopscope.models.model import Method

SETTINGS = "///---\\\\\\"
_SKETCH = re.compile(r"\\{2,}---///")
_MACRO = re.compile(r":MACRO:(.*?):END OF MACRO:", re.DOTALL | re.IGNORECASE)
_MARK = re.compile(r'"(?:\\"|[^"])*"|[~|]')
_COMMENT_END = re.compile(r"[~|]")
_LOGIC = re.compile(r":(and|or|not|na):", re.IGNORECASE)
_TABLE_RANGE = re.compile(r"(\(\s*)\[[^\]]*\]\s*,?")
_UNITS = re.compile(r"(.*?)\[([^\[\]]*)\]", re.DOTALL)


def split_file(text: str) -> tuple[str, str]:
    r"""Return the definitions and the settings of a file; the sketch is dropped.

    Examples
    --------
    >>> split_file("{UTF-8}\nx = 1 ~~|\n///---\\\\\\\n15:0,0,0,5,0,0")
    ('       \nx = 1 ~~|\n', '\n15:0,0,0,5,0,0')
    """
    header = re.match(r"\s*\{[^}]*\}", text)
    if header:
        text = " " * header.end() + text[header.end() :]
    rest, _, settings = text.partition(SETTINGS)
    sketch = _SKETCH.search(rest)
    return rest[: sketch.start()] if sketch else rest, settings


def find_method(settings: str) -> Method:
    r"""Return the integration method of the settings; RK2 is run as RK4, its more exact sibling.

    Examples
    --------
    >>> find_method("\n15:0,0,0,1,0,0\n"), find_method("")
    ('RK4', 'Euler')
    """
    found = re.search(r"^15:(.*)$", settings, re.MULTILINE)
    fields = found.group(1).split(",") if found else []
    code = fields[3].strip() if len(fields) > 3 else "0"
    return "RK4" if code in {"1", "3", "4", "5"} else "Euler"


def unit_words(settings: str) -> tuple[tuple[str, str], ...]:
    r"""Return which names of units the settings make equal: (name, the first of its line).

    Examples
    --------
    >>> unit_words("22:$,Dollar,Dollars\n22:Year,Years")
    (('Dollar', '$'), ('Dollars', '$'), ('Years', 'Year'))
    """
    found: list[tuple[str, str]] = []
    for line in re.findall(r"^22:(.*)$", settings, re.MULTILINE):
        first, *others = [word.strip() for word in line.split(",") if word.strip()] or [""]
        found += [(other, first) for other in others]
    return tuple(found)


def take_macros(definitions: str) -> tuple[str, frozenset[str]]:
    """Return the text with macro definitions blanked (lines kept) and the macros' names."""
    names = frozenset(
        key(found.group(1).partition("(")[0]) for found in _MACRO.finditer(definitions)
    )
    blank = _MACRO.sub(lambda found: "\n" * found.group(0).count("\n"), definitions)
    return blank, names


def split_definitions(definitions: str, file: str) -> Iterator[Statement]:
    """Cut the text into definitions, in file order.

    Quotes are respected in the equation and in the units, not in the comment, as in Vensim.

    Raises
    ------
    ReadError
        The last definition has no end: the file is cut off.
    """
    group = ""
    start = 0
    while True:
        parts, end = _one_definition(definitions, start)
        body = parts[0].strip()
        at = start + len(parts[0]) - len(parts[0].lstrip())
        line = definitions.count("\n", 0, at) + 1
        if end < 0:
            if "".join(parts).strip():
                near = one_line(body)[:40]
                msg = (
                    f"{file}, line {line}, '{near}': the definition has no end ('|'), "
                    "so the file is cut off here; get a whole copy of it"
                )
                raise ReadError(msg)
            return
        start = end
        if body.startswith("***"):
            group = one_line(body).strip("* ").lstrip(".").strip()
            continue
        if not body and not any(part.strip() for part in parts):
            continue
        units, limits = _units(one_line(parts[1])) if len(parts) > 1 else ("", (None, None))
        yield Statement(
            line=line,
            text=clean_vensim(body),
            units=units,
            limits=limits,
            documentation=one_line(parts[2]) if len(parts) > 2 else "",
            group=group,
        )


def clean_vensim(text: str) -> str:
    r"""Return an equation in the form that PySD's grammar reads without a mistake.

    Beside what ``clean_equation`` does: line continuations joined, logical words in capitals, the
    axis range of a table dropped.

    Examples
    --------
    >>> clean_vensim("y = IF THEN ELSE(a :and: b,\\\n c, t([(0,0)-(1,1)],(0,1)))")
    'y = IF THEN ELSE(a :AND: b, c, t((0,1)))'
    """
    return clean_equation(re.sub(r"\\\s*\n", " ", text), _edit)


def _edit(text: str) -> str:
    text = _LOGIC.sub(lambda found: found.group(0).upper(), text)
    return _TABLE_RANGE.sub(r"\1", text)


def _one_definition(text: str, start: int) -> tuple[list[str], int]:
    """Return the parts of the definition that begins at ``start``, and where the next begins.

    The place is -1 when the text ends before the definition does.
    """
    parts: list[str] = []
    at = start
    while True:
        marks = _COMMENT_END if len(parts) == 2 else _MARK
        scan = at
        while True:
            found = marks.search(text, scan)
            if found is None:
                parts.append(text[at:])
                return parts, -1
            if found.group(0) in "~|":
                break
            scan = found.end()
        parts.append(text[at : found.start()])
        at = found.end()
        if found.group(0) == "|":
            return parts, at


def _units(text: str) -> tuple[str, tuple[float | None, float | None]]:
    found = _UNITS.fullmatch(text)
    if not found:
        return text, (None, None)
    bounds: list[float | None] = []
    for word in found.group(2).split(","):
        try:
            bounds.append(float(word))
        except ValueError:
            bounds.append(None)
    bounds += [None, None]
    return found.group(1).strip(), (bounds[0], bounds[1])
