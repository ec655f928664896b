"""Weights of links whose products around loops are continuous scores, as one list of formulas.

Stage 4 of 4.  In: a ``CausalGraph``.  Out: ``Weights``: formulas over gains, rates and values, to
be computed on arrays (``scores.ltm_continuous``) or inside a kernel (``batch``).

The score of a loop is G_L times the product of |xdot_i / xddot_i| over its stocks, so a link into a
stock carries that factor.  Three things are added, none of which changes a score:

- *scale*: every variable v is measured in H_v, the size of its rate and of the terms behind it; the
  product around a loop does not depend on it, and no product on the way can overflow.
- *rounding*: beside each rate goes a bound of its rounding error, by forward analysis: E of values
  (u * |v| + sum |gain| E), F of rates, T of accelerations.  A stock whose rate and acceleration are
  both within it is frozen, and weighs 0.  An acceleration within it counts as T: this is the
  limit at an inflection.
- *rest*: a rate of exactly 0 counts as what the acceleration makes of it within ``INSTANT``: the
  limit from the right, needed where every loop passes a stock that turns back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from loopscope.loops.graph import STOCKS, root
from loopscope.models import functions as sd
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loopscope.loops.graph import CausalGraph, Pair, Partition

    Keep = Callable[[str, sp.Expr], sp.Symbol]

ROUNDING = 8 * 2.0**-53
"""Rounding errors of one operation that are allowed for."""

INSTANT = 2.0**-400
"""Time within which a rate of 0 becomes what its acceleration makes of it, in any unit."""

LARGEST = float(np.finfo(np.float64).max)

LOST = 2.0**-200
"""Share below which a loop has only what ``INSTANT`` gave it: none."""


def gain_of(pair: Pair) -> sp.Symbol:
    """Return the symbol of the gain of a link of the graph or view."""
    return symbol_of(f"gain of ({pair[0]}) on ({pair[1]})")


def full_gain_of(pair: Pair) -> sp.Symbol:
    """Return the symbol of the gain of a link of the traced graph."""
    return symbol_of(f"full gain of ({pair[0]}) on ({pair[1]})")


def rate_of(name: str) -> sp.Symbol:
    """Return the symbol of the rate of change of a variable."""
    return symbol_of(f"rate of change of ({name})")


def acceleration_of(name: str) -> sp.Symbol:
    """Return the symbol of the acceleration of a stock."""
    return symbol_of(f"acceleration of ({name})")


def error_of(name: str) -> sp.Symbol:
    """Return the symbol of the rounding error of a rate of change, in units of ``ROUNDING``."""
    return symbol_of(f"error of rate of ({name})")


def drive_of(name: str) -> sp.Symbol:
    """Return the symbol of what the time and driven parameters add to a rate of change."""
    return symbol_of(f"drive of ({name})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Formulas of the weights of a graph, in some of its partitions.

    Attributes
    ----------
    formulas
        In evaluation order, over the symbols above and the variables themselves.
    weights
        Formula or symbol for each link within the partitions, by (cause, effect); dimensionless, in
        a partition of one stock 1/time for the link into it.
    moving, turning
        For each stock: 1 where its rate is more than rounding; 1 where its acceleration is not.
    """

    formulas: Mapping[sp.Symbol, sp.Expr]
    weights: Mapping[Pair, sp.Expr]
    moving: Mapping[str, sp.Symbol]
    turning: Mapping[str, sp.Symbol]


def weigh(
    graph: CausalGraph, partitions: Sequence[Partition], driven: Sequence[str] = ()
) -> Weights:
    """Return the formulas of the weights of links within partitions.

    Parameters
    ----------
    driven
        Nodes with a drive.

    Notes
    -----
    Linear in the number of links.
    """
    formulas: dict[sp.Symbol, sp.Expr] = {}

    def keep(name: str, value: sp.Expr) -> sp.Symbol:
        symbol = symbol_of(name)
        formulas[symbol] = value
        return symbol

    bounds = _Bounds(graph, frozenset(driven), keep)
    moving, turning, weights = {}, {}, {}
    for part in partitions:
        alone = len(part.stocks) == 1
        into: dict[str, sp.Expr] = {}
        for name in part.nodes:
            if name in part.stocks:
                into[name], moving[name], turning[name] = _stock(keep, name, bounds, alone)
            else:
                into[name] = sp.Integer(1) if alone else _inverse(keep, name, bounds.size[name])
        inside = set(part.nodes)
        for cause, effect in graph.pairs:
            if cause in inside and effect in inside:
                value = gain_of((cause, effect)) * into[effect]
                value = value if alone else value * bounds.size[cause]
                weights[cause, effect] = keep(f"weight of ({cause}) on ({effect})", value)
    return Weights(formulas=formulas, weights=weights, moving=moving, turning=turning)


class _Bounds:
    """Bounds of rounding errors, and the sizes that variables are measured in.

    Values are followed through the traced graph, since equations subtract what is alike; rates
    through the links of the view.

    Attributes
    ----------
    rate
        Of the rate of each node, in units of ``ROUNDING``.
    size
        H, by node.
    """

    def __init__(self, graph: CausalGraph, driven: frozenset[str], keep: Keep) -> None:
        base = root(graph)
        self.driven = driven
        self._values = _causes(base)
        self._rates = _causes(graph)
        error: dict[str, sp.Expr] = {}
        for name, node in base.nodes.items():
            behind = [] if node.role in STOCKS else self._through(name, error, full_gain_of)
            error[name] = keep(f"error of ({name})", sp.Add(sp.Abs(symbol_of(name)), *behind))
        self.rate: dict[str, sp.Expr] = {}
        self.size: dict[str, sp.Expr] = {}
        for name, node in graph.nodes.items():
            speed: sp.Expr = sp.Abs(rate_of(name))
            total: sp.Expr = sp.Integer(0)
            if node.role == "stock":
                total = sp.Add(speed, *self._through(name, error, full_gain_of))
            elif node.role in ("flow", "auxiliary"):
                total = self.change(name)
            self.rate[name] = keep(str(error_of(name).name), total)
            soon = INSTANT * sp.Abs(acceleration_of(name)) if node.role == "stock" else 0
            self.size[name] = keep(f"size of rate of ({name})", speed + self.rate[name] + soon)

    def change(self, name: str) -> sp.Expr:
        """Return a bound of how fast a node changes, of its acceleration where it is a stock."""
        drive = [sp.Abs(drive_of(name))] if name in self.driven else []
        return sp.Add(*drive, *self._through(name, self.size, gain_of))

    def _through(
        self, name: str, values: Mapping[str, sp.Expr], gain: Callable[[Pair], sp.Symbol]
    ) -> list[sp.Expr]:
        causes = (self._rates if gain is gain_of else self._values).get(name, ())
        return [sp.Abs(gain((cause, name))) * values[cause] for cause in causes if cause in values]


def _causes(graph: CausalGraph) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for cause, effect in graph.pairs:
        found.setdefault(effect, []).append(cause)
    return found


def _inverse(keep: Keep, name: str, size: sp.Expr) -> sp.Symbol:
    nothing = sd.Equal(size, sp.Integer(0))
    return keep(f"scale of ({name})", sd.IfThenElse(nothing, sp.Integer(0), 1 / size))


def _stock(
    keep: Keep, name: str, bounds: _Bounds, alone: bool
) -> tuple[sp.Symbol, sp.Symbol, sp.Symbol]:
    """Return what a link into a stock is multiplied by, and whether the stock moves and turns."""
    one, zero = sp.Integer(1), sp.Integer(0)
    # Behind an infinite gain nothing is known of rounding, but a rate that is not 0 is one.
    known = sd.Less(bounds.rate[name], sp.Float(LARGEST))
    bound = sd.IfThenElse(known, ROUNDING * bounds.rate[name], zero)
    slow = keep(f"bound of rate of ({name})", bound)
    blunt = keep(f"bound of acceleration of ({name})", ROUNDING * bounds.change(name))
    a = keep(f"speed of ({name})", sp.Abs(rate_of(name)))
    b = keep(f"push on ({name})", sp.Abs(acceleration_of(name)))
    moving = keep(f"({name}) moves", sd.Less(slow, a))
    turning = keep(f"({name}) turns", sd.LessEqual(b, blunt))
    if alone:  # every loop of the partition has the same factor
        value = sd.IfThenElse(sd.Equal(a + b, zero), zero, one)
        return keep(f"scale of ({name})", value), moving, turning
    frozen = sd.And(sd.LessEqual(a, slow), turning)
    pace = keep(f"pace of ({name})", sd.Maximum(a, INSTANT * b))
    # Not in one product, which may be too large or too small to be a number.
    part = keep(f"scaled pace of ({name})", pace / bounds.size[name])
    below = keep(f"divisor of ({name})", sd.Maximum(b, blunt))
    nothing = sd.Or(sd.Equal(below, zero), sd.Equal(bounds.size[name], zero))
    value = sd.IfThenElse(sd.Or(frozen, nothing), zero, part / below)
    return keep(f"scale of ({name})", value), moving, turning
