"""What a causal loop diagram shows, and where it stands.

Stage 1 of 5.  In: names, signs, delays and loops.  Out: a ``Sketch``, which has no places yet, and
a ``Layout``, which has nothing else.  Nothing here chooses a place.

Lengths are points (1/72 inch), y upwards.  The *bulge* of a link is the sagitta of its arc by the
length of its chord, positive to the left of travel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from loopscope.loops.diagrams.lettering import box_of, folded_lines
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loopscope.loops.graph import Pair
    from loopscope.loops.loop import LoopPolarity

Kind = Literal["stock", "flow", "auxiliary", "cloud"]
LinkKind = Literal["cause", "pipe"]
Sign = Literal["+", "-", "?"]
Key = TypeVar("Key")
Place = tuple[float, float]

CLOUD = (24.0, 16.0)
"""Width and height of a cloud, in points."""

STEEPEST = 0.36
"""Largest bulge: beyond it, the links of a loop of two cross their neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A variable that is shown.

    Attributes
    ----------
    lines
        Its name as it is printed, wrapped; a cloud has none.
    width, height
        Of its box, in points; measured from the text where not given, ``CLOUD`` for a cloud.
    quiet
        Shown for context only, in grey.
    """

    name: str
    kind: Kind = "auxiliary"
    quiet: bool = False
    lines: tuple[str, ...] = ()
    width: float = 0.0
    height: float = 0.0

    def __post_init__(self) -> None:
        cloud = self.kind == "cloud"
        if not self.lines:
            object.__setattr__(self, "lines", (" ",) if cloud else folded_lines(self.name))
        if not (self.width > 0 and self.height > 0):
            width, height = CLOUD if cloud else box_of(self.lines, stock=self.kind == "stock")
            object.__setattr__(self, "width", width)
            object.__setattr__(self, "height", height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One variable acting on another.

    Attributes
    ----------
    sign
        "?" where it is not known, or changes.
    delay
        Whether it acts through a smooth or a delay.
    width
        Of the line, in points.
    through
        Variables folded into it, in causal order.
    kind
        "pipe" where a flow fills (sign "+") or drains ("-") a stock or a cloud in a stock-and-flow
        diagram: always from the flow, which acts on the stock, whichever way its material runs.
    score
        Relative link score at the time of the diagram, in [-1, 1]; None without scores.
    certain
        Whether its sign is proved, and its score the same over a sweep; dashed where not.
    basis
        What its sign rests on, in words: "proved", "observed", ...
    notes
        Letters of footnotes.
    quiet
        Shown for context only, in grey.
    """

    cause: str
    effect: str
    sign: Sign
    delay: bool = False
    width: float = 1.4
    through: tuple[str, ...] = ()
    kind: LinkKind = "cause"
    score: float | None = None
    certain: bool = True
    basis: str = ""
    notes: tuple[str, ...] = ()
    quiet: bool = False

    @property
    def pair(self) -> Pair:
        """Cause and effect."""
        return self.cause, self.effect


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopShown:
    """A loop that has a badge.

    Attributes
    ----------
    path
        Names of shown variables in causal order, the first not repeated.
    weight
        How much the layout cares for it: mean |relative score|, or 1; 2 to 3 for the story.
    score
        Relative loop score at the time of the diagram; None without scores.
    share
        Mean magnitude of the relative score over the run; None without scores.
    band
        5 % and 95 % quantile of the score over a sweep; None without one.
    shaded
        Whether the area inside it is filled.
    sentence
        What it does, in plain words; empty where nobody said.
    notes
        Letters of footnotes.
    """

    id: str
    path: tuple[str, ...]
    polarity: LoopPolarity
    name: str = ""
    weight: float = 1.0
    score: float | None = None
    share: float | None = None
    band: tuple[float, float] | None = None
    shaded: bool = False
    sentence: str = ""
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """(cause, effect) around the loop, closing pair last."""
        return tuple(zip(self.path, (*self.path[1:], self.path[0]), strict=True))


@dataclass(frozen=True, slots=True)
class Sketch:
    """Variables, links and loops to be drawn.

    Raises
    ------
    LoopError
        Two variables, links or loops alike; a link that starts or ends nowhere, or where it
        started; a loop along a link that is not there; a weight that is not positive.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    loops: tuple[LoopShown, ...] = ()

    def __post_init__(self) -> None:
        names = _distinct("variable", (node.name for node in self.nodes))
        for link in self.links:
            for name in link.pair:
                if name not in names:
                    hint = did_you_mean(name, names)
                    msg = f"link '{link.cause}' -> '{link.effect}': '{name}' is not shown{hint}"
                    raise LoopError(msg)
            if link.cause == link.effect:
                msg = f"a link from '{link.cause}' to itself cannot be drawn; leave it out"
                raise LoopError(msg)
        pairs = _distinct("link", (link.pair for link in self.links))
        _distinct("loop", (loop.id for loop in self.loops))
        for loop in self.loops:
            if not loop.path or len(set(loop.path)) < len(loop.path):
                msg = f"loop {loop.id}: visits each variable once and at least two; {loop.path!r}"
                raise LoopError(msg)
            missing = next((pair for pair in loop.pairs if pair not in pairs), None)
            if missing is not None:
                msg = f"loop {loop.id}: there is no link '{missing[0]}' -> '{missing[1]}'"
                raise LoopError(msg)
            if not (math.isfinite(loop.weight) and loop.weight > 0):
                msg = f"loop {loop.id}: weight must be a positive number, got {loop.weight!r}"
                raise LoopError(msg)


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of variables and bulges of links, by name: what can be kept, edited and reused.

    Attributes
    ----------
    routes
        Corners of each pipe of a stock-and-flow diagram, from the centre of the valve to where it
        meets the stock or cloud, both included.
    names
        Centres of the names of flows, which stand beside their valves there.
    """

    places: Mapping[str, Place] = field(default_factory=dict)
    bulges: Mapping[Pair, float] = field(default_factory=dict)
    routes: Mapping[Pair, tuple[Place, ...]] = field(default_factory=dict)
    names: Mapping[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, place in self.places.items():
            if len(place) != 2 or not all(math.isfinite(value) for value in place):
                msg = f"layout: '{name}' must stand at two finite numbers, got {place!r}"
                raise LoopError(msg)
        for pair, bulge in self.bulges.items():
            if not abs(bulge) <= STEEPEST:
                msg = (
                    f"layout: the bulge of '{pair[0]}' -> '{pair[1]}' must be within "
                    f"{STEEPEST} of 0, got {bulge!r}"
                )
                raise LoopError(msg)


def _distinct(what: str, keys: Iterable[Key]) -> frozenset[Key]:
    found: set[Key] = set()
    for one in keys:
        if one in found:
            msg = f"two {what}s of a diagram are the same: {one!r}"
            raise LoopError(msg)
        found.add(one)
    return frozenset(found)
