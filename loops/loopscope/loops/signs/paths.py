"""The sign of a link of a view, from the signs and ranges of the paths behind it.

Stage 2 of 4.  In: a view, and a ``Prover`` of the graph below.  Out: for each link of the view the
range of its gain, the direction of its jumps, and which paths stand against each other.  Gains of
the view itself, which grow with the number of paths, are not looked at.
"""

from __future__ import annotations

import operator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from loopscope.loops.graph import root
from loopscope.loops.signs import intervals as iv
from loopscope.loops.signs.samples import signs_of
from loopscope.loops.views import gains_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.signs.intervals import Range
    from loopscope.loops.signs.polarity import Prover
    from loopscope.loops.signs.samples import Numbers

Way = tuple[str, int]
"""A direction, or a sign, and the reasons for it."""


class Paths:
    """What the links of a view are made of."""

    def __init__(self, graph: CausalGraph, prover: Prover) -> None:
        self.graph = graph
        self._prover = prover
        self._links = [one for one in root(graph).links.values() if one.kind != "cancelled"]

    @cached_property
    def ranges(self) -> dict[Pair, Range]:
        """Ranges of gains: sums over paths of products along them."""
        return gains_in(self.graph, self._below, iv.add, iv.multiply)

    @cached_property
    def sizes(self) -> dict[Pair, int]:
        """Sizes of gains as expressions, in operations, at most."""
        counts = {link.pair: 1 + int(sp.count_ops(link.gain)) for link in self._links}
        return gains_in(self.graph, counts, operator.add, operator.add)

    @cached_property
    def ways(self) -> dict[Pair, Way]:
        """Directions, jumps included: what all paths have in common."""
        values = {}
        for link in self._links:
            if link.kind == "switch":
                values[link.pair] = self._prover.direction(link)
            else:
                decision = self._prover.decision(link)
                values[link.pair] = (decision.sign, decision.reasons)
        return gains_in(self.graph, values, _either, _through)

    def changes(self, pair: Pair) -> bool:
        """Return whether a gain has both signs at random states within the ranges."""
        return signs_of(self._values[pair]) == "+-"

    def against(self, pair: Pair) -> str:
        """Return which paths raise the effect and which lower it, by where they begin."""
        cause, effect = pair
        beyond = self._beyond(effect)
        sides: dict[str, list[str]] = {"+": [], "-": []}
        for (start, step), link in self._below.items():
            if start == cause and (step == effect or step in beyond):
                total = link if step == effect else iv.multiply(link, beyond[step])
                if total.sign == "?":
                    return "changes within the ranges: paths of both signs begin alike"
                if total.sign != "0":
                    label = "the direct link" if step == effect else f"'{step}'"
                    sides[total.sign].append(label)
        up, down = (_listed(sides[sign]) for sign in "+-")
        if not up or not down:
            return "changes within the ranges"
        return f"+ while paths by {up} outweigh those by {down}"

    @cached_property
    def _below(self) -> dict[Pair, Range]:
        """Ranges of the gains of the traced graph, as narrow as their proved signs make them."""
        prover, found = self._prover, {}
        for link in self._links:
            plain = prover.ranges.bounds.of(prover.ranges.ready(link.gain))
            found[link.pair] = plain.within(prover.decision(link).half)
        return found

    @cached_property
    def samples(self) -> dict[Pair, Numbers]:
        """Gains of the traced graph at random states, dims (state,)."""
        prover = self._prover
        return {
            link.pair: prover.signs.samples.at(prover.ranges.ready(link.gain))
            for link in self._links
        }

    @cached_property
    def _values(self) -> Mapping[Pair, Numbers]:
        with np.errstate(all="ignore"):
            return gains_in(self.graph, self.samples, operator.add, operator.mul)

    def _beyond(self, effect: str) -> dict[str, Range]:
        """Return the range of the total gain from each folded variable to an effect."""
        found: dict[str, Range] = {}
        for name in reversed(list(root(self.graph).nodes)):
            if name not in self.graph.nodes:
                for step, gain in self._out_of.get(name, ()):
                    onward = iv.ONE if step == effect else found.get(step)
                    if onward is not None:
                        path = iv.multiply(gain, onward)
                        found[name] = iv.add(found[name], path) if name in found else path
        return found

    @cached_property
    def _out_of(self) -> dict[str, list[tuple[str, Range]]]:
        found: dict[str, list[tuple[str, Range]]] = {}
        for (cause, effect), gain in self._below.items():
            found.setdefault(cause, []).append((effect, gain))
        return found


def _listed(names: list[str], most: int = 4) -> str:
    shown = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} others"]
    return ", ".join(shown)


def _either(a: Way, b: Way) -> Way:
    """Return the direction of two paths together."""
    if "0" in (a[0], b[0]):
        return b if a[0] == "0" else a
    return (a[0] if a[0] == b[0] else "?"), a[1] | b[1]


def _through(a: Way, b: Way) -> Way:
    """Return the direction of one link after another."""
    reasons = a[1] | b[1]
    if "0" in (a[0], b[0]):
        return "0", reasons
    if "?" in (a[0], b[0]):
        return "?", reasons
    return ("+" if a[0] == b[0] else "-"), reasons
