"""Net gains through folded variables, bounded one variable at a time.

Stage 2 of 4.  In: a view, and a ``Prover`` of the graph below.  Out: the range of the gain of a
link of the view.

Ranges of single paths, summed, forget that two paths share a variable: refused = wanted - let in,
let in = wanted * openness.  Here the total derivative by a cause is carried from variable to
variable; where its sign is open, the variable's equation is taken with the equations of those
folded variables put in that hide what it has in common, and differentiated anew.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from loopscope.loops.graph import equations_of, root
from loopscope.loops.signs import intervals as iv
from loopscope.loops.signs.deciding import OPENINGS
from loopscope.loops.signs.intervals import ANYTHING, ONE, ZERO, Range
from loopscope.loops.signs.ranges import OPENED
from loopscope.loops.signs.samples import signs_of
from loopscope.models.derivatives import partial
from loopscope.models.equations import symbols_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.signs.polarity import Prover
    from loopscope.loops.signs.samples import Numbers

Slopes = dict[str, Range]


class Chains:
    """Total derivatives through what a view folds away."""

    def __init__(self, graph: CausalGraph, prover: Prover, samples: Mapping[Pair, Numbers]) -> None:
        self._prover = prover
        self._equations = equations_of(graph.equations)
        self._folded = [name for name in root(graph).nodes if name not in graph.nodes]
        self._hidden = {s for s in graph.equations.auxiliaries if str(s.name) in set(self._folded)}
        self._forms: dict[str, list[sp.Expr]] = {}
        self._slopes: dict[tuple[str, int], Slopes] = {}
        self._from: dict[str, Slopes] = {}
        self._causes: dict[str, list[str]] = {}
        for cause, effect in samples:
            self._causes.setdefault(effect, []).append(cause)
        self._samples = samples
        self._deadline = math.inf

    def range(self, pair: Pair) -> Range:
        """Return the range of the gain of a link of the view."""
        cause, effect = pair
        self._deadline = time.thread_time() + self._prover.signs.seconds
        known = self._from.get(cause)
        if known is None:
            known = self._from[cause] = {cause: ONE}
            met: dict[str, Numbers] = {cause: np.ones(1)}
            for name in self._folded:
                value = self._met(name, met)
                if value is not None:
                    met[name] = value
                    known[name] = self._net(name, known, changes=signs_of(value) == "+-")
        return self._net(effect, known, changes=False)

    def _met(self, name: str, met: dict[str, Numbers]) -> Numbers | None:
        """Return derivatives of a variable at random states; None where the cause has none."""
        causes = [one for one in self._causes.get(name, ()) if one in met]
        if not causes:
            return None
        with np.errstate(all="ignore"):
            total: Numbers = sum(
                (met[one] * self._samples[one, name] for one in causes), np.zeros(1)
            )
        return total

    def _net(self, name: str, known: Slopes, *, changes: bool) -> Range:
        """Return the range of the derivative of a variable, given those of what acts on it."""
        found = ANYTHING
        for level in range(1 + (0 if changes else OPENINGS)):
            if level and time.thread_time() > self._deadline:
                break
            slopes = self._at(name, level)
            if slopes is None:
                break
            total, count = ZERO, 0
            for cause, slope in slopes.items():
                inner = known.get(cause)
                if inner is not None:
                    total = iv.add(total, iv.multiply(slope, inner))
                    count += 1
            found = found.within(total)
            if found.sign != "?" or count < 2:
                break
        return found

    def _at(self, name: str, level: int) -> Slopes | None:
        """Return ranges of slopes of a variable after some openings; None where it has no more."""
        slopes = self._slopes.get((name, level))
        if slopes is None:
            form = self._form(name, level)
            if form is None:
                return None
            slopes = self._slopes[name, level] = {
                str(symbol.name): self._slope(partial(form, symbol)) for symbol in symbols_in(form)
            }
        return slopes

    def _slope(self, gain: sp.Expr) -> Range:
        prover = self._prover
        plain = prover.ranges.bounds.of(prover.ranges.ready(gain))
        if plain.sign != "?":
            return plain
        return plain.within(prover.signs.quick(gain).half)

    def _form(self, name: str, level: int) -> sp.Expr | None:
        """Return the equation of a variable after some openings."""
        forms = self._forms.setdefault(name, [self._prover.ranges.ready(self._equations[name])])
        while len(forms) <= level:
            opened = self._prover.ranges.opened(forms[-1], self._hidden)
            if opened == forms[-1] or sp.count_ops(opened) > OPENED:
                return None
            forms.append(opened)
        return forms[level]
