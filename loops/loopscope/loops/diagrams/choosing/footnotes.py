"""Footnotes: what loops rest on, by the claims of the model's sources.

Stage 1 of 5.  In: a ``Sketch``, the model's ``loops.toml`` and ``claims.toml``.  Out: the sketch
with letters on loops and links, and the text of each letter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from string import ascii_lowercase
from typing import TYPE_CHECKING

from loopscope.models.claim import claims as claims_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loopscope.loops.catalogue import Catalogue
    from loopscope.loops.diagrams.records import Link, Sketch
    from loopscope.loops.graph import Pair
    from loopscope.models.model import Model

MOST = 8
"""Claims up to which each has a footnote; more of them are named by their ids, in one note."""


@dataclass(frozen=True, slots=True)
class Footnoted:
    """A sketch with letters, and what they stand for.

    Attributes
    ----------
    footnotes
        Letter and text of each.
    note
        In place of them where there are too many: the ids of the claims of each loop.
    """

    sketch: Sketch
    footnotes: tuple[tuple[str, str], ...] = ()
    note: str = ""


def footnoted(sketch: Sketch, model: Model, catalogue: Catalogue | None) -> Footnoted:
    """Return a sketch with the claims that its loops rest on.

    Raises
    ------
    ReadError
        ``claims.toml`` cannot be read.
    """
    rests = {one.id: one.claims for one in (catalogue.loops if catalogue else ()) if one.claims}
    resting = [loop.id for loop in sketch.loops if loop.id in rests]
    ids = list(dict.fromkeys(claim for one in resting for claim in rests[one]))
    if not ids:
        return Footnoted(sketch)
    if len(ids) > MOST:
        told = "; ".join(f"{one}: {', '.join(rests[one])}" for one in resting)
        return Footnoted(sketch, note=f"Claims that loops rest on: {told}.")
    claims = claims_of(model.path)
    letters = dict(zip(ids, letters_for(len(ids)), strict=True))
    named: dict[Pair, list[str]] = {}
    for one in ids:
        for link in claims[one].links if one in claims else ():
            for pair in pairwise(link.path):
                named.setdefault(pair, []).append(letters[one])
    loops = tuple(
        replace(loop, notes=tuple(letters[one] for one in rests.get(loop.id, ())))
        for loop in sketch.loops
    )
    links = tuple(replace(link, notes=_of_link(link, named)) for link in sketch.links)
    texts = tuple(
        (letter, f"{one}: {claims[one].says}" if one in claims else one)
        for one, letter in letters.items()
    )
    return Footnoted(replace(sketch, links=links, loops=loops), texts)


def letters_for(count: int) -> list[str]:
    """Return letters for footnotes: a to z, then aa, ab, ...

    Examples
    --------
    >>> letters_for(28)[-3:]
    ['z', 'aa', 'ab']
    """
    found = []
    for number in range(count):
        text, left = "", number
        while left >= 0:
            text = ascii_lowercase[left % 26] + text
            left = left // 26 - 1
        found.append(text)
    return found


def _of_link(link: Link, named: Mapping[Pair, Iterable[str]]) -> tuple[str, ...]:
    parts = pairwise((link.cause, *link.through, link.effect))
    return tuple(dict.fromkeys(letter for pair in parts for letter in named.get(pair, ())))
