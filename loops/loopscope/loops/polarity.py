"""The sign of each link: proved from the equations, observed over a run, or unknown.

Stage 2 of 4.  In: a ``CausalGraph`` and ranges of its variables.  Out: a ``Polarity`` for each
link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.graph import CausalGraph, Pair

Sign = Literal["+", "-", "0", "?"]
Basis = Literal["proved", "observed", "switch", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Polarity:
    """The sign of a link gain, and what it rests on.

    Attributes
    ----------
    sign
        "+" or "-", weak signs included; "0" where the gain is 0 everywhere; "?" not known.
    basis
        "proved" under ``assumptions``; "observed" in a run only; "switch": acts through a condition
        or a jump; "unknown".
    assumptions
        Ranges that the proof used, as text.
    condition
        Where the sign changes; empty where it does not.
    confidence
        In [0, 1], of an observed sign: |r - b| / (r + b); None otherwise.
    """

    sign: Sign
    basis: Basis
    assumptions: tuple[str, ...] = ()
    condition: str = ""
    confidence: float | None = None


def prove(graph: CausalGraph) -> Mapping[Pair, Polarity]:
    """Return the polarity of every link that acts, by (cause, effect)."""
    found = {}
    for pair in graph.pairs:
        gain = graph.links[pair].gain
        sign: Sign = "+" if gain.is_positive else "-" if gain.is_negative else "?"
        found[pair] = Polarity(sign=sign, basis="unknown" if sign == "?" else "proved")
    return found
