"""A report as Markdown, ready to become a PDF.

In: a ``Document``.  Out: the text of ``report.md``, in the Markdown that pandoc reads: a title
block, tables with widths that follow what is in them, pictures as the files that lie beside it.
Every character of a name stands for itself.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from loopscope.analysis.reporting.blocks import (
    Bullets,
    Details,
    Heading,
    Note,
    Paragraph,
    Picture,
    Table,
    address,
    plain_words,
    runs_of,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loopscope.analysis.reporting.blocks import Block, Document, Section, Text, Words

SPECIAL = re.compile(r"([\\`*_\[\]<>|{}$~^@#&])|(?<=-)(-)|(?<=\.\.)(\.)")
"""Characters that mean something anywhere, and the rest of what becomes a dash or an ellipsis."""

AT_START = re.compile(r"^([+\-:%])|^(\(?\w{1,9})([.)])(?=\s|$)")
"""What makes a paragraph a list, a definition or a title."""

MARKS = {"": "", "bold": "**", "italic": "*"}

IN_PLACE = (
    "header-includes:",
    "- |",
    "  ```{=latex}",
    r"  \usepackage{float}",
    r"  \floatplacement{figure}{H}",
    "  ```",
)
"""Keeps pictures where they are spoken of: LaTeX would collect them pages later."""

NARROW, WIDE = 6, 46
"""Letters of a column at least, and at most, when widths are shared out."""


def markdown_of(document: Document) -> str:
    """Return a report as Markdown.

    Notes
    -----
    The pictures are files of the report's folder; pandoc finds them when it is called in it.
    """
    head: dict[str, str | bool] = {
        "title": document.title,
        "subtitle": document.subtitle,
        "lang": "en",
        "toc": True,
        "papersize": "a4",
        "geometry": "margin=2cm",
        "colorlinks": True,
    }
    # JSON is YAML, and its strings hold anything.
    lines = [
        "---",
        *(f"{name}: {_yaml(value)}" for name, value in head.items()),
        *IN_PLACE,
        "---",
        "",
    ]
    for section in document.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip("\n") + "\n"


def _yaml(value: str | bool) -> str:
    # The title block is read as Markdown, too.
    return json.dumps(escaped(value) if isinstance(value, str) else value, ensure_ascii=False)


def _section(section: Section) -> list[str]:
    lines = [f"# {escaped(section.title)} {{#{section.id}}}", ""]
    if section.lead:
        lines += [_paragraph(section.lead), ""]
    return [*lines, *_blocks(section.blocks)]


def _blocks(blocks: Iterable[Block]) -> list[str]:
    return [line for block in blocks for line in (*_block(block), "")]


def _block(block: Block) -> list[str]:
    match block:
        case Heading():
            return [f"## {escaped(block.title)} {{#{block.id}}}"]
        case Paragraph():
            return [_paragraph(block.words)]
        case Note():
            return [f"> **Note.** {_words(block.words)}"]
        case Bullets():
            return [f"- {_paragraph(item)}" for item in block.items]
        case Table():
            return _table(block)
        case Picture():
            alt = shown(block.alt).replace("\\", "\\\\").replace('"', '\\"')
            return [f'![{escaped(block.caption)}]({address(block.file)}){{alt="{alt}"}}']
        case Details():
            return [f"**{escaped(block.summary.strip())}**", "", *_blocks(block.blocks)][:-1]


def _table(table: Table) -> list[str]:
    """Return a table; where it is too wide for a page, columns are as wide as their dashes."""
    columns = list(zip(table.head, *table.rows, strict=True))
    widths = [max(len(plain_words(cell)) for cell in column) for column in columns]
    rules = []
    for place, width in enumerate(widths):
        dashes = "-" * min(max(width, NARROW), WIDE)
        rules.append(dashes + ":" if place in table.numbers else dashes)
    rows = [_cells(table.head), f"|{'|'.join(rules)}|", *map(_cells, table.rows)]
    return [*rows, "", f"Table: {escaped(table.caption)}"]


def _cells(row: tuple[Words, ...]) -> str:
    return "| " + " | ".join(_words(cell, bar=False).strip() for cell in row) + " |"


def _paragraph(words: Words) -> str:
    return AT_START.sub(_at_start, _words(words).strip())


def _at_start(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"


def _words(words: Words, *, bar: bool = True) -> str:
    return "".join(_run(run, bar) for run in runs_of(words))


def _run(run: Text, bar: bool) -> str:
    text = shown(run.text)
    inner = text.strip()
    if not inner:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if run.style == "code" and (bar or "|" not in inner):
        inner = _code(inner)
    else:
        mark = MARKS.get(run.style, "")
        inner = f"{mark}{escaped(inner)}{mark}"
    if run.link:
        target = address(run.link).replace("(", "%28").replace(")", "%29")
        inner = f"[{inner}]({target})"
    return f"{before}{inner}{after}"


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def escaped(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    Examples
    --------
    >>> print(escaped("a_b | <c>"))
    a\_b \| \<c\>
    """
    return SPECIAL.sub(r"\\\g<0>", shown(text))
