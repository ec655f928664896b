"""Words for what a diagram shows.

Stage 5 of 5.  In: records of a ``Diagram``.  Out: words without symbols, for text, alternative
text, titles of parts of a picture and labels in other formats.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.records import Link, LoopShown, Sketch

KINDS = {"cld": "Causal loop diagram", "stockflow": "Stock-and-flow diagram"}
POLARITY = {"R": "reinforcing", "B": "balancing", "U": "of unknown polarity"}
SIGNS = {"+": "same direction", "-": "opposite direction", "?": "direction not known"}
UNPRINTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What XML and terminals refuse, and what turns the order of the letters after it."""


def one_line(text: str) -> str:
    r"""Return text on one line, with a mark for what cannot be printed.

    Examples
    --------
    >>> one_line("births\n per  year")
    'births per year'
    """
    return " ".join(UNPRINTED.sub("\ufffd", text).split()) or "(no name)"


def printed_names(sketch: Sketch) -> dict[str, str]:
    """Return each variable's name on one line, no two alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for node in sketch.nodes:
        base = chosen = one_line(node.name)
        number = 2
        while chosen in taken:
            chosen, number = f"{base} ({number})", number + 1
        taken.add(chosen)
        found[node.name] = chosen
    return found


def spelled(text: str) -> str:
    """Return text with shares in words.

    Examples
    --------
    >>> spelled("carry 80% of it")
    'carry 80 percent of it'
    """
    return re.sub(r"(?<=\d)\s?%", " percent", text)


def percent(share: float) -> str:
    """Return a share in words.

    Examples
    --------
    >>> percent(0.361), percent(-0.094), percent(0.0004)
    ('36 percent', 'minus 9.4 percent', 'under 0.1 percent')
    """
    size = abs(share) * 100.0
    if 0.0 < size < 0.1:
        return "under 0.1 percent"
    digits = f"{size:.0f}" if size >= 9.95 or size == 0.0 else f"{size:.1f}"
    return f"{'minus ' if share < 0 else ''}{digits} percent"


def count(number: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> count(1, "loop"), count(0, "link"), count(12345, "loop")
    ('1 loop', 'no links', '12,345 loops')
    """
    return f"{f'{number:,}' if number else 'no'} {noun}{'' if number == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """Return words as they are listed in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def strongest_first(sketch: Sketch) -> list[LoopShown]:
    """Return the loops by their mean share, else by their score, else by their weight."""

    def rank(loop: LoopShown) -> tuple[float, int, int, str]:
        size = loop.score if loop.share is None else loop.share
        digits = re.sub(r"\D", "", loop.id)[:9]
        size = loop.weight if size is None else size
        return -abs(size), "RBU".index(loop.polarity), int(digits or 0), loop.id

    return sorted(sketch.loops, key=rank)


def loop_words(loop: LoopShown) -> str:
    """Return id, name and polarity of a loop."""
    name = f", {one_line(loop.name)}" if loop.name.strip() else ""
    return f"{one_line(loop.id)}{name}, {POLARITY[loop.polarity]}"


def link_words(link: Link) -> str:
    """Return what a link does.

    Examples
    --------
    >>> from loopscope.loops.diagrams.records import Link
    >>> link_words(Link(cause="stringency", effect="openness", sign="-", delay=True))
    'more stringency, after a delay, means less openness'
    """
    return _step(link, "more")[0]


def walk_words(loop: LoopShown, links: dict[tuple[str, str], Link]) -> str:
    """Return what happens around a loop, link by link, from more of its first variable."""
    state, steps = "more", []
    for pair in loop.pairs:
        words, state = _step(links[pair], state)
        steps.append(words)
    return "; ".join(steps)


def _step(link: Link, state: str) -> tuple[str, str]:
    """Return a link in words, and whether its effect is "more", "less" or "a change in"."""
    cause, effect = one_line(link.cause), one_line(link.effect)
    after = ", after a delay," if link.delay else ""
    if link.sign == "?":
        return f"{state} {cause}{after} changes {effect}, more or less is not known", "a change in"
    if state == "a change in":
        how = "the same way" if link.sign == "+" else "the opposite way"
        return f"a change in {cause}{after} changes {effect} {how}", state
    then = state if link.sign == "+" else {"more": "less", "less": "more"}[state]
    return f"{state} {cause}{after} means {then} {effect}", then


def subject(diagram: Diagram) -> str:
    """Return what kind of diagram it is, and of what."""
    model = diagram.caption.model
    return KINDS[diagram.kind] + (f" of the model {one_line(model)}" if model.strip() else "")
