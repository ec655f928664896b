"""What a link, a variable and a loop of a diagram say, in plain words.

Stage 5 of 5.  In: records of a sketch.  Out: a line each: what a pointer reads on the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.loops.diagrams.exporting import wording

if TYPE_CHECKING:
    from loopscope.loops.diagrams.records import Link, LoopShown, Node

ACTS = {"+": "raises", "-": "lowers", "?": "acts on"}
KIND = {"stock": "stock", "flow": "flow", "auxiliary": "variable", "cloud": "outside the model"}


def link_words(link: Link) -> str:
    """Return what a link says.

    Examples
    --------
    >>> from loopscope.loops.diagrams.records import Link
    >>> link_words(Link(cause="policy stringency", effect="openness", sign="-"))
    'policy stringency lowers openness'
    """
    cause, effect = wording.one_line(link.cause), wording.one_line(link.effect)
    said = f"{cause} {ACTS[link.sign]} {effect}"
    if link.delay:
        said += ", after a delay"
    if link.sign == "?":
        said += ", sign not known"
    elif not link.certain:
        said += f", {link.basis or 'not certain'}"
    if link.score is not None:
        said += f"; link score {percent(link.score)}"
    return said


def node_words(node: Node) -> str:
    """Return the name of a variable and what it is."""
    return f"{wording.one_line(node.name)}, {KIND[node.kind]}" + (
        ", for context" if node.quiet else ""
    )


def loop_words(loop: LoopShown) -> str:
    """Return the name of a loop, its polarity and its score."""
    value = score_words(loop)
    return wording.loop_words(loop) + (f"; score {value}" if value else "")


def score_words(loop: LoopShown) -> str:
    """Return the magnitude of a loop's score, with its band over a sweep; empty without one.

    Examples
    --------
    >>> from loopscope.loops.diagrams.records import LoopShown
    >>> loop = LoopShown(id="B1", path=("a", "b"), polarity="B", score=-0.34, band=(-0.48, -0.2))
    >>> score_words(loop)
    '34% (20 to 48%)'
    """
    if loop.score is None:
        return ""
    if loop.band is None:
        return percent(loop.score)
    low, high = sorted(loop.band)
    if low < 0.0 < high:
        return f"{loop.score:.0%} ({100 * low:.0f} to {high:.0%})"
    low, high = sorted((abs(low), abs(high)))
    return f"{percent(loop.score)} ({100 * low:.0f} to {high:.0%})"


def percent(score: float) -> str:
    """Return the magnitude of a score in percent."""
    size = abs(score)
    return "<1%" if 0.0 < size < 0.005 else f"{size:.0%}"
