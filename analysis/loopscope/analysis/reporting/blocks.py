"""What a report is made of: sections of blocks, which each rendering shows in its own way.

In: words and numbers that chapters made.  Out: records, with no HTML or Markdown in them.  Text is
always plain: names in it come from model files, so a rendering shows every character as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

Style = Literal["", "bold", "italic", "code"]


@dataclass(frozen=True, slots=True)
class Text:
    """Some words in one style.

    Attributes
    ----------
    style
        "bold", "italic", "code", or "" for words as they stand.
    link
        Where the words lead: "#id" of a section or heading, a file of the report's folder (with
        "/" between its parts), or an address that starts with "https://".  "" for nowhere.

    Examples
    --------
    >>> Text("R1", "bold").text
    'R1'
    """

    text: str
    style: Style = ""
    link: str = ""


Words = str | Text | tuple[str | Text, ...]
"""What blocks hold: plain words, words in a style, or several of both one after another."""


def runs_of(words: Words) -> tuple[Text, ...]:
    """Return words as runs of one style each.

    Examples
    --------
    >>> [run.text for run in runs_of(("led by ", Text("R1", "bold")))]
    ['led by ', 'R1']
    """
    parts = words if isinstance(words, tuple) else (words,)
    return tuple(part if isinstance(part, Text) else Text(part) for part in parts)


def ticked(text: str) -> Words:
    """Return a text of an author with what stands between backticks as code.

    Examples
    --------
    >>> ticked("see `loopscope fit`")
    (Text(text='see ', style='', link=''), Text(text='loopscope fit', style='code', link=''))
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one without its partner is a character like any other
        return text
    runs = (Text(part, "code" if place % 2 else "") for place, part in enumerate(parts))
    return tuple(run for run in runs if run.text)


def shown(text: str) -> str:
    r"""Return text on one line without control characters, its outer spaces kept.

    Examples
    --------
    >>> shown("led by\n")
    'led by '
    """
    return re.sub(" +", " ", "".join(c if c.isprintable() else " " for c in text))


def address(link: str) -> str:
    """Return a link as it stands in a page: a place of the page, a file, or an address.

    Examples
    --------
    >>> address("scenarios/what if.csv")
    'scenarios/what%20if.csv'
    """
    if link.startswith(("#", "https://", "http://")):
        return quote(link, safe="#:/?&=%+,;@~()'!*$-._")
    assert ":" not in link
    assert not link.startswith("/")
    return quote(link)


def plain_words(words: Words) -> str:
    """Return words without their styles."""
    return "".join(run.text for run in runs_of(words))


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section; ``id`` is what a link leads to."""

    title: str
    id: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    words: Words


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list without an order."""

    items: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: a row of heads, and rows as long as it.

    Attributes
    ----------
    caption
        What the table shows; required, since a reader may come to it from anywhere.
    numbers
        Columns that hold numbers, counted from 0: they are aligned right.
    """

    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    caption: str
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG file of the report's folder.

    Attributes
    ----------
    file
        Relative to the folder, with "/" between its parts.
    alt
        What it shows, for those who cannot see it; never empty.
    caption
        What stands below it.
    """

    file: str
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something to keep in mind: a reservation, or what could not be told and why."""

    words: Words


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks that a reader may open: closed on a screen at first, open on paper.  No headings."""

    summary: str
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | Bullets | Table | Picture | Note | Details


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter.

    Attributes
    ----------
    id
        What links lead to ("#id"); ASCII letters, digits and hyphens, the same in every report.
    lead
        One or two sentences under the title that say what the chapter tells; may be "".
    """

    id: str
    title: str
    blocks: tuple[Block, ...]
    lead: Words = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Attributes
    ----------
    subtitle
        One line: of what model, when, what was run.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
