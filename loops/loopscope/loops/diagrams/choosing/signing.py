"""Signs of authored links, and what they rest on.

Stage 1 of 5.  In: a graph, the ways along which a link acts, signs that a run showed.  Out: a
``Signed`` for the link.  A sign is certain where it is proved from the equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.loops.signs.polarity import prover_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loopscope.loops.diagrams.choosing.authored import Way
    from loopscope.loops.diagrams.records import Sign
    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.signs.polarity import Polarity

PROVED = "proved"
OBSERVED = "observed in the run, not proved"
CHANGES = "changes its sign in the run"
BOTH = "+ or - as the state is"
UNKNOWN = "not known"
DIFFERS = "acts in both directions, along several ways"

RANK = (PROVED, OBSERVED, CHANGES, BOTH, DIFFERS, UNKNOWN)
"""What a sign rests on, the surest first."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A sign, and what it rests on in words."""

    sign: Sign
    basis: str

    @property
    def certain(self) -> bool:
        """Whether it is proved."""
        return self.basis == PROVED


def signed(
    graph: CausalGraph, ways: Iterable[Way], observed: Mapping[Pair, str] | None = None
) -> Signed:
    """Return the sign of an authored link.

    Parameters
    ----------
    ways
        Along which it acts, at least one.
    observed
        Signs of links of the graph that a run showed: "+", "-", "0", "?" where it changed.
    """
    each = [_along(graph, way, observed or {}) for way in ways]
    signs = {one.sign for one in each}
    if len(signs) > 1:
        return Signed("?", DIFFERS if "?" not in signs else weakest(one.basis for one in each))
    return Signed(each[0].sign, weakest(one.basis for one in each))


def weakest(bases: Iterable[str]) -> str:
    """Return the least sure of some bases.

    Examples
    --------
    >>> weakest([PROVED, UNKNOWN, OBSERVED])
    'not known'
    """
    return max(bases, key=lambda one: RANK.index(one) if one in RANK else len(RANK))


def _along(graph: CausalGraph, way: Way, observed: Mapping[Pair, str]) -> Signed:
    negative, bases = False, [PROVED]
    for pair in way.pairs:
        told = _proved(graph, pair)
        sign = str(told.sign)
        if sign not in ("+", "-"):
            sign = observed.get(pair, "")
            open_ = BOTH if told.basis == "conditional" else UNKNOWN
            bases.append(OBSERVED if sign in ("+", "-") else CHANGES if sign == "?" else open_)
        negative ^= sign == "-"
    basis = weakest(bases)
    if basis not in (PROVED, OBSERVED):
        return Signed("?", basis)
    return Signed("-" if negative else "+", basis)


def _proved(graph: CausalGraph, pair: Pair) -> Polarity:
    """Return what is known of one link, without proving all others."""
    known: Mapping[Pair, Polarity] | None = graph.kept.get("polarities")
    if known is not None:
        return known[pair]
    return prover_of(graph).polarity(graph.links[pair])
