"""Which loops a diagram shows.

Stage 1 of 5.  In: ``Loops``, perhaps a ``Reading`` of their scores, and what was asked for.  Out:
``Picked``: loops in order, and why these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.choosing.routing import route_of
from loopscope.models.errors import LoopError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.loops.diagrams.choosing.reading import Reading
    from loopscope.loops.finding.found import Loops
    from loopscope.loops.graph import Pair
    from loopscope.loops.loop import Loop

    Split = tuple[list[Loop], list[Loop]]

FEW = 12
"""Up to this many loops, all of them are shown unless others are asked for."""

ENOUGH = 0.8
"""Share of the change that the strongest loops reach where nothing was asked for."""

LOOKED_AT = 20_000
"""Loops that are looked at for short ones."""

WORDS = ("named", "loops", "all", "top:N", "central:N")


@dataclass(frozen=True, slots=True)
class Picked:
    """Loops to be shown.

    Attributes
    ----------
    loops
        In order: as asked for by id, else strongest first, else as found.
    why
        How they were chosen, as the middle of a sentence: "the 8 strongest loops".
    fixed
        Whether the user said which: then none may be left out for want of room.
    asked
        Ids that the user gave.
    undrawn
        Loops that would be among them but stay within one variable, or come to one twice.
    """

    loops: tuple[Loop, ...]
    why: str
    fixed: bool
    asked: tuple[str, ...] = ()
    undrawn: tuple[Loop, ...] = ()


def pick(
    found: Loops,
    reading: Reading | None,
    show: Sequence[str] | str | None = None,
    around: str | None = None,
    simplify: float | None = None,
) -> Picked:
    """Return the loops that a diagram shows.

    Parameters
    ----------
    show
        Ids; "named"; "loops", all that are held; "all", as if nothing was asked; "top:8", the
        strongest.
    around
        Variable that they hold.
    simplify
        Fewest strongest loops that reach this share of what all loops of their partition carry, of
        the loops ``around`` where it is given.

    Raises
    ------
    LoopError
        Unknown loops or variables; what needs scores without them; nothing to show.
    """
    if simplify is not None and not (0.0 < simplify <= 1.0):
        msg = f"simplify is a share above 0 and up to 1, got {shown(simplify)}"
        raise LoopError(msg)
    if not len(found):
        return _nothing(found, show)
    some = found if around is None else found.through(around)
    where = "" if around is None else f" through '{found.graph.find(around)}'"
    if around is not None and not len(some):
        msg = f"no loop that is held runs{where}; {found.statement}"
        raise LoopError(msg)
    if show is not None and show != "all":
        return _asked(some, reading, show, simplify, where)
    if simplify is not None:
        return _strongest(some, _needed(reading, f"simplify={simplify:g}"), where, share=simplify)
    if around is not None and reading is not None and reading.speaks:
        picked = _first(_by_strength(some, reading), FEW)
        what = (
            "all loops" if len(picked[0]) == len(some) else f"the {len(picked[0])} strongest loops"
        )
        return _picked(picked, what + where, fixed=False)
    if len(some) <= FEW:
        return _picked(_split(_ordered(some, reading)), f"all loops{where}", fixed=False)
    named = some.named
    if len(named):
        return _picked(_split(_ordered(named, reading)), f"the named loops{where}", fixed=False)
    if reading is not None and reading.speaks:
        return _strongest(some, reading, where, share=ENOUGH, fixed=False)
    return _picked(_split(_short(some)), f"short loops{where} that each add a link", fixed=False)


def _split(loops: Iterable[Loop]) -> Split:
    """Return the loops that can be drawn, and those that cannot."""
    return _first(loops, None)


def _first(loops: Iterable[Loop], most: int | None) -> Split:
    """Return the first loops that can be drawn, and those before the last that cannot."""
    drawn: list[Loop] = []
    undrawn: list[Loop] = []
    for loop in loops:
        if most is not None and len(drawn) == most:
            break
        (undrawn if route_of(loop) is None else drawn).append(loop)
    return drawn, undrawn


def _picked(split: Split, why: str, *, fixed: bool, asked: tuple[str, ...] = ()) -> Picked:
    drawn, undrawn = split
    if not drawn:
        ids = ", ".join(loop.id for loop in undrawn[:3]) + (" ..." if len(undrawn) > 3 else "")
        name = undrawn[0].graph.model.name
        msg = (
            f"{name}: {ids} cannot be drawn, for no two variables of the author's are in it; "
            "choose other loops, or another view"
        )
        raise LoopError(msg)
    if undrawn and why.startswith("all loops"):
        why = why.replace("all loops", f"all loops that can be drawn ({len(drawn)})", 1)
    return Picked(tuple(drawn), why, fixed=fixed, asked=asked, undrawn=tuple(undrawn))


def _nothing(found: Loops, show: Sequence[str] | str | None) -> Picked:
    """Return no loops, where that is what was asked for."""
    if show == "all":
        return Picked((), "all variables, without loops", fixed=False)
    name = found.graph.model.name
    why = "none of its loops is among those given" if found.graph.partitions else ""
    msg = (
        f"{name}: {why or 'the model has no feedback loop'}, so there is no loop to draw; "
        "'all' shows its variables without loops"
    )
    raise LoopError(msg)


def main_partition(loops: Sequence[Loop]) -> int:
    """Return the number of the largest partition that some loops are in."""
    return min(partition_number(loop) for loop in loops)


def partition_number(loop: Loop) -> int:
    """Return the number of the partition that a loop is in."""
    return loop.graph.partition_of[loop.nodes[0]].number


def _asked(
    some: Loops,
    reading: Reading | None,
    show: Sequence[str] | str,
    simplify: float | None,
    where: str,
) -> Picked:
    if simplify is not None and show not in ("named", "loops"):
        msg = f"simplify chooses among loops, and {shown(show)} names them already: leave one out"
        raise LoopError(msg)
    if isinstance(show, str) and show in ("named", "loops"):
        chosen = some.named if show == "named" else some
        if not len(chosen):
            msg = (
                f"{some.graph.model.name}: no loop{where} is named; name some in loops.toml beside "
                "the model, or leave show= out"
            )
            raise LoopError(msg)
        if simplify is not None:
            needed = _needed(reading, f"simplify={simplify:g}")
            return _strongest(chosen, needed, where, share=simplify)
        what = "the named loops" if show == "named" else "all loops"
        return _picked(_split(_ordered(chosen, reading)), what + where, fixed=True)
    if isinstance(show, str):
        top = re.fullmatch(r"top:(\d+)", show.strip())
        if top is None:
            hint = did_you_mean(show, [*WORDS, *some.ids[:2000]])
            msg = (
                f"show={shown(show)} is not known{hint}; it is a list of ids, or one of "
                + ", ".join(WORDS)
            )
            raise LoopError(msg)
        count = int(top[1])
        if not count:
            msg = "show='top:0' shows no loop; ask for one or more"
            raise LoopError(msg)
        split = _first(_by_strength(some, _needed(reading, f"show='{show}'")), count)
        shown_now = len(split[0])
        word = "strongest loop" if shown_now == 1 else f"{shown_now} strongest loops"
        return _picked(split, f"the {word}{where}", fixed=True)
    ids = list(dict.fromkeys(str(one) for one in show))
    if not ids:
        msg = "show= names no loop; give ids, or leave it out"
        raise LoopError(msg)
    split = _split(some[one] for one in ids)
    why = f"the {'loop' if len(ids) == 1 else 'loops'} asked for{where}"
    return _picked(split, why, fixed=True, asked=tuple(ids))


def _needed(reading: Reading | None, what: str) -> Reading:
    if reading is None:
        msg = f"{what} needs scores: give scores=loops.score(found, run)"
        raise LoopError(msg)
    if not reading.speaks:
        when = f"at {reading.at:g}" if reading.at is not None else "at any time"
        msg = f"{what} needs scores, and no loop has one {when}; choose loops by id"
        raise LoopError(msg)
    return reading


def _strongest(
    some: Loops, reading: Reading, where: str, share: float, *, fixed: bool = True
) -> Picked:
    """Return the fewest strongest loops of the largest partition that reach a share."""
    order = _by_strength(some, reading)
    number = main_partition(order)
    inside = [loop for loop in order if partition_number(loop) == number]
    sizes = {loop.id: reading.size(loop.id) or 0.0 for loop in inside}
    whole = sum(sizes.values()) if where else 1.0
    drawn, undrawn = _split(inside)
    sums = np.cumsum([sizes[loop.id] for loop in drawn])
    enough = np.flatnonzero(sums >= share * whole - 1e-12)
    if not len(enough):
        drawn = [loop for loop in drawn if sizes[loop.id] > 0]
        why = f"all {len(drawn)} loops{where} that carry something, not enough for {share:.0%},"
        return _picked((drawn, undrawn), why, fixed=fixed)
    drawn = drawn[: int(enough[0]) + 1]
    weakest = sizes[drawn[-1].id]
    undrawn = [loop for loop in undrawn if sizes[loop.id] > weakest]
    word = "the strongest loop" if len(drawn) == 1 else f"the {len(drawn)} strongest loops"
    return _picked((drawn, undrawn), word + where, fixed=fixed)


def _by_strength(some: Loops, reading: Reading) -> list[Loop]:
    """Return the loops of the largest partition first, strongest first."""
    scored = [(one, reading.size(one) or 0.0) for one in some.ids if one in reading.rows]
    homes = {one: int(reading.partitions[reading.rows[one]]) for one, _ in scored}
    scored.sort(key=lambda item: (homes[item[0]], -item[1]))
    return [some[one] for one, _ in scored]


def _ordered(some: Loops, reading: Reading | None) -> tuple[Loop, ...]:
    if reading is None or not reading.speaks:
        return tuple(some)
    found = _by_strength(some, reading)
    there = {loop.id for loop in found}
    return (*found, *(loop for loop in some if loop.id not in there))


def _short(some: Loops) -> tuple[Loop, ...]:
    """Return loops, the shortest first, that each have a link which those before have not."""
    seen: set[Pair] = set()
    chosen = []
    for loop in islice(some, LOOKED_AT):
        if not seen.issuperset(loop.links):
            seen.update(loop.links)
            chosen.append(loop)
    return tuple(chosen)
