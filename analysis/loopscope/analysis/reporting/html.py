"""A report as one page of HTML: static, self-contained, printable.

In: a ``Document`` and the folder of its pictures.  Out: the text of ``index.html``, with its style
sheet and every picture within; it needs no script, and asks no network for anything.  The page
forbids both by itself, so that nothing from a model file could.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from loopscope.analysis.reporting.blocks import (
    Bullets,
    Details,
    Heading,
    Note,
    Paragraph,
    Picture,
    Table,
    Text,
    address,
    plain_words,
    runs_of,
    shown,
)
from loopscope.analysis.reporting.inline import inlined

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from loopscope.analysis.reporting.blocks import Block, Document, Section, Words

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may do for the page: apply its styles and show what is within it."""

LONG = 16
"""Letters of a row's name from which on its column is kept wide."""

TAGS = {"": "", "bold": "strong", "italic": "em", "code": "code"}


def html_of(document: Document, folder: Path) -> str:
    """Return a report as one page.

    Parameters
    ----------
    folder
        Where the pictures are.

    Raises
    ------
    OSError
        A picture cannot be read.
    """
    page = _Page(folder)
    body = "".join(page.section(section) for section in document.sections)
    style = files("loopscope.analysis.reporting").joinpath("page.css").read_text("utf-8")
    contents = "".join(
        f'<li><a href="#{section.id}">{_text(section.title)}</a></li>\n'
        for section in document.sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="generator" content="loopscope">\n'
        f"<title>{_text(document.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#report">Skip to the report</a>\n'
        f"<header>\n<h1>{_text(document.title)}</h1>\n"
        f'<p class="subtitle">{_text(document.subtitle)}</p>\n</header>\n'
        f'<div class="columns">\n<nav aria-label="Contents">\n<p>Contents</p>\n<ol>\n{contents}'
        f'</ol>\n</nav>\n<main id="report">\n{body}</main>\n</div>\n</body>\n</html>\n'
    )


class _Page:
    """A page while it is written: counts pictures and tables, whose ids must differ."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = 0
        self.tables = 0

    def section(self, section: Section) -> str:
        lead = f'<p class="lead">{_words(section.lead)}</p>\n' if section.lead else ""
        return (
            f'<section id="{section.id}" aria-labelledby="{section.id}-title">\n'
            f'<h2 id="{section.id}-title">{_text(section.title)}</h2>\n{lead}'
            f"{self.blocks(section.blocks)}</section>\n"
        )

    def blocks(self, blocks: Iterable[Block]) -> str:
        return "".join(self.block(block) for block in blocks)

    def block(self, block: Block) -> str:
        match block:
            case Heading():
                return f'<h3 id="{block.id}">{_text(block.title)}</h3>\n'
            case Paragraph():
                return f"<p>{_words(block.words)}</p>\n"
            case Note():
                return f'<p class="note"><strong>Note.</strong> {_words(block.words)}</p>\n'
            case Bullets():
                items = "".join(f"<li>{_words(item)}</li>\n" for item in block.items)
                return f"<ul>\n{items}</ul>\n" if items else ""
            case Table():
                return self.table(block)
            case Picture():
                return self.picture(block)
            case Details():
                return (
                    f"<details>\n<summary>{_text(block.summary)}</summary>\n"
                    f'<div class="within">\n{self.blocks(block.blocks)}</div>\n</details>\n'
                )

    def picture(self, picture: Picture) -> str:
        self.pictures += 1
        drawn = (self.folder / picture.file).read_text(encoding="utf-8")
        drawn = inlined(drawn, f"picture-{self.pictures}", shown(picture.alt))
        return (
            f'<figure class="picture">\n<div class="scroll">{drawn}</div>\n'
            f"<figcaption>{_text(picture.caption)}</figcaption>\n</figure>\n"
        )

    def table(self, table: Table) -> str:
        """Return a table whose first column names its rows; a wide one scrolls by itself."""
        self.tables += 1
        name = f"table-{self.tables}"
        looks = [' class="number"' if n in table.numbers else "" for n in range(len(table.head))]
        head = "".join(
            f'<th scope="col"{look}>{_words(cell)}</th>'
            for look, cell in zip(looks, table.head, strict=True)
        )
        rows = "".join(_row(row, looks) for row in table.rows)
        longest = max((len(plain_words(row[0])) for row in table.rows), default=0)
        named = ' class="named"' if longest > LONG else ""
        return (
            f'<div class="table">\n<p class="caption" id="{name}">{_text(table.caption)}</p>\n'
            f'<div class="scroll" role="region" aria-labelledby="{name}" tabindex="0">\n'
            f'<table aria-labelledby="{name}"{named}>\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{rows}</tbody>\n</table>\n</div>\n</div>\n"
        )


def _row(row: tuple[Words, ...], looks: list[str]) -> str:
    cells = zip(looks, row, strict=True)
    look, first = next(cells)
    rest = "".join(f"<td{look}>{_words(cell)}</td>" for look, cell in cells)
    return f'<tr><th scope="row"{look}>{_words(first)}</th>{rest}</tr>\n'


def _words(words: Words) -> str:
    return "".join(_run(run) for run in runs_of(words))


def _run(run: Text) -> str:
    text = _text(run.text)
    tag = TAGS[run.style]
    text = f"<{tag}>{text}</{tag}>" if tag else text
    return f'<a href="{escape(address(run.link))}">{text}</a>' if run.link else text


def _text(text: str) -> str:
    return escape(shown(text))
