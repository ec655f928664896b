"""Lay out a causal loop diagram: several starts, the best of them, then its labels.

Stages 2 to 4 of 5.  In: a ``Sketch``, perhaps a layout to start from.  Out: a ``LaidOut``: places,
bulges, marks, signs, badges and the quality of all that.  Nothing here draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.dressing import NAMES, LaidOut, dress
from loopscope.loops.diagrams.layout.efforts import EFFORTS, Level, Steps
from loopscope.loops.diagrams.layout.parts import bounds, packed, parts
from loopscope.loops.diagrams.records import Layout, Sketch
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["NAMES", "LaidOut", "Level", "dress", "lay_out"]

WIDER = (1.05, 1.1, 1.16, 1.23, 1.32, 1.45, 1.6, 1.8, 2.1, 2.5, 3.0, 4.0)
"""By how much a layout is drawn apart, in turn, until no label is on another."""

WORTH = 4
"""Tries that a label on a link alone is worth."""


def lay_out(
    sketch: Sketch,
    *,
    seed: int = 0,
    level: Level = "best",
    layout: Layout | None = None,
    pinned: Collection[str] = (),
    widest: float | None = None,
    told: Callable[[int, int], None] | None = None,
) -> LaidOut:
    """Lay out a diagram.

    Parameters
    ----------
    sketch
        What is shown.
    seed
        The same one gives the same picture, on one machine.
    layout
        Places to start from, of some variables or all: they move little, and only to be better.
    pinned
        Variables that do not move at all; they have a place in ``layout``.  A link between two of
        them keeps the bulge that it has there.
    widest
        As of ``dress``.
    told
        Called with how many tries are done, and how many there are.

    Raises
    ------
    LoopError
        An unknown level; a variable pinned that is not shown, or has no place.

    Notes
    -----
    Budgets are sweeps, so time grows with the sketch: a sweep is O(n m d) candidates' tests for n
    variables, m links, d links a variable.  Tries share the processors; the picture is the same
    with one.  Where everything has its place, nothing is searched.
    """
    if level not in EFFORTS:
        msg = f"no level named '{level}'{did_you_mean(str(level), EFFORTS)}"
        raise LoopError(msg + "; there are: " + ", ".join(EFFORTS))
    names = {node.name for node in sketch.nodes}
    given = layout or Layout()
    for name in pinned:
        if name not in names:
            msg = f"pinned: '{name}' is not shown{did_you_mean(name, names)}"
            raise LoopError(msg)
        if name not in given.places:
            msg = f"pinned: '{name}' has no place; give it one in layout"
            raise LoopError(msg)
    if names == set(pinned) and all(link.pair in given.bulges for link in sketch.links):
        whole = Layout(
            {node.name: given.places[node.name] for node in sketch.nodes},
            {link.pair: given.bulges[link.pair] for link in sketch.links},
        )
        return dress(sketch, whole, seed=seed, level=level, widest=widest)
    known = names.intersection(given.places)
    pieces = parts(sketch, known)
    whole = packed(pieces, _tried(pieces, given, frozenset(pinned), level, seed, told))
    if not known:
        whole = _centred(sketch, whole)
    whole = _plain(whole, pinned)
    laid = dress(sketch, whole, seed=seed, level=level, widest=widest)
    return laid if pinned else _apart(laid, widest, strict=bool(known))


def _tried(
    pieces: tuple[Sketch, ...],
    given: Layout,
    pinned: frozenset[str],
    level: Level,
    seed: int,
    told: Callable[[int, int], None] | None,
) -> list[Layout]:
    """Return a layout of each part, from what is known of it."""
    from loopscope.loops.diagrams.layout.trying import afresh, again

    effort, size = EFFORTS[level], sum(len(piece.nodes) for piece in pieces)
    steps = Steps(told, sum(effort.tries(len(piece.nodes)) for piece in pieces))
    found = []
    for piece in pieces:
        if any(node.name in given.places for node in piece.nodes):
            found.append(again(piece, given, pinned, effort, seed, steps))
        else:
            found.append(afresh(piece, effort, seed, size, steps))
    return found


def _apart(laid: LaidOut, widest: float | None, *, strict: bool) -> LaidOut:
    """Draw a layout apart, about its middle, until no label is on another.

    Parameters
    ----------
    strict
        Only for labels on labels, not for labels on links.
    """
    best, least = laid, _clash(laid)
    for number, factor in enumerate(WIDER):
        if best.quality.label_on_label == 0 and (strict or number >= WORTH or least[1] == 0):
            break
        low, high = bounds(laid.picture)
        x, y = (float(one) for one in (low + high) / 2)
        wider = Layout(
            {
                name: (x + factor * (a - x), y + factor * (b - y))
                for name, (a, b) in laid.layout.places.items()
            },
            laid.layout.bulges,
        )
        wider = _plain(wider)
        found = dress(laid.sketch, wider, seed=laid.seed, level=laid.level, widest=widest)
        if _clash(found) < least:
            best, least = found, _clash(found)
    return best


def _plain(layout: Layout, pinned: Collection[str] = ()) -> Layout:
    """Round a layout to what can be seen, so that a file of it is short."""
    return Layout(
        {
            name: place if name in pinned else (round(place[0], 2) + 0.0, round(place[1], 2) + 0.0)
            for name, place in layout.places.items()
        },
        {pair: round(bulge, 4) + 0.0 for pair, bulge in layout.bulges.items()},
    )


def _clash(laid: LaidOut) -> tuple[int, int]:
    return laid.quality.label_on_label, laid.quality.label_on_link


def _centred(sketch: Sketch, layout: Layout) -> Layout:
    """Move a layout so that the middle of its bounds is at (0, 0)."""
    if not sketch.nodes:
        return layout
    low, high = bounds(drawn(sketch, layout))
    x, y = (low + high) / 2
    return Layout(
        {name: (a - float(x), b - float(y)) for name, (a, b) in layout.places.items()},
        layout.bulges,
    )
