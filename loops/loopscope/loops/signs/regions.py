"""Loop gains as closed formulas, and where a loop reinforces and where it balances.

Stage 2 of 4.  In: a ``Loop``, or a link.  Out: its gain as text and LaTeX; the region of states in
which the gain is positive, as inequalities in words of the model.  Nothing here runs a model.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.graph import Link
from loopscope.loops.signs.deciding import LARGEST
from loopscope.loops.signs.inequality import Inequality, alternatives
from loopscope.loops.signs.notation import LinkGain, latex_of, text_of
from loopscope.loops.signs.polarity import MOST_CONDITIONS, Prover, prover_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.loop import Loop, LoopPolarity

SHORT = 40
"""Largest link gain, in operations, that is written out in the formula of a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where a loop reinforces and where it balances.

    Attributes
    ----------
    polarity
        "R" or "B" where that holds everywhere within the assumptions; "U" where it changes, or is
        not known.
    text
        "R", or "R while A < 11, B while A > 11", or "U: ..." with the link that leaves it open.
    reinforcing, balancing
        The two conditions alone; empty where there are none.
    conditions
        Where each factor that may have either sign is positive; texts, no symbols.
    assumptions
        Ranges that were used.
    """

    polarity: LoopPolarity
    text: str
    reinforcing: str = ""
    balancing: str = ""
    conditions: tuple[Inequality, ...] = ()
    assumptions: tuple[str, ...] = ()


def formula(of: Loop | Link) -> str:
    """Return the gain of a loop or a link as text, common factors taken out.

    Parameters
    ----------
    of
        A loop; a link of it whose own gain is long stands as d(effect)/d(cause).  Or a link, whose
        gain is always written out.

    Examples
    --------
    >>> from loopscope import loops
    >>> graph = loops.trace("migration_policy")
    >>> formula(graph.links["second generation", "assimilation"])
    '1 / time in second generation'
    """
    return text_of(_gain(of))


def latex(of: Loop | Link) -> str:
    """Return the gain of a loop or a link as LaTeX; see ``formula``."""
    return latex_of(_gain(of))


def region(
    loop: Loop, assume: Mapping[str, tuple[float | None, float | None]] | None = None
) -> Region:
    """Return where a loop reinforces and where it balances.

    Parameters
    ----------
    assume
        Further ranges by name, as for ``prove``.

    Raises
    ------
    LoopError
        ``assume`` names what is not in the model, or gives no range.

    Notes
    -----
    The loop gain has the sign of the product of the factors of its link gains; factors that two
    links share cancel.  A link that acts by a jump counts with the direction of its jump.

    References
    ----------
    Richardson (1995), System Dynamics Review 11(1), 67-88.
    """
    graph = loop.graph
    prover = prover_of(graph) if assume is None else Prover(graph, assume)
    rest, reasons, left = 1, 0, Counter[sp.Expr]()
    for pair in loop.links:
        link = graph.links[pair]
        signed = prover.factors(link)
        if signed is None:
            told = prover.polarity(link)
            why = f": {told.condition}" if told.condition else ""
            text = f"U: the sign of '{pair[0]}' -> '{pair[1]}' is not decided{why}"
            return Region(polarity="U", text=text)
        if signed.sign == "0" or signed.rest == "-":
            rest = 0 if signed.sign == "0" else -rest
        reasons |= signed.reasons
        left.update(signed.open)
    assumptions = prover.ranges.reasons.texts(reasons)
    if rest == 0:
        return Region(polarity="U", text="U: the gain is 0 everywhere", assumptions=assumptions)
    open_ones = [factor for factor, count in left.items() if count % 2]
    if not open_ones:
        polarity: LoopPolarity = "R" if rest > 0 else "B"
        return Region(polarity=polarity, text=polarity, assumptions=assumptions)
    conditions = [prover.condition(factor) for factor in open_ones]
    told_ones = tuple(one for one in conditions if one is not None)
    if len(told_ones) < len(conditions) or len(conditions) > MOST_CONDITIONS:
        text = f"U: it has the sign of {text_of(rest * sp.Mul(*open_ones))}"
        return Region(polarity="U", text=text, assumptions=assumptions)
    up, down = alternatives(list(told_ones), "+" if rest > 0 else "-")
    return Region(
        polarity="U", text=f"R while {up}, B while {down}", reinforcing=up, balancing=down,
        conditions=told_ones, assumptions=assumptions,
    )  # fmt: skip


def _gain(of: Loop | Link) -> sp.Expr:
    if isinstance(of, Link):
        return _tidy(of.gain)
    links = [of.graph.links[pair] for pair in of.links]
    parts = [
        link.gain
        if sp.count_ops(link.gain) <= SHORT
        else LinkGain(sp.Symbol(link.effect), sp.Symbol(link.cause))
        for link in links
    ]
    return _tidy(sp.Mul(*parts))


def _tidy(gain: sp.Expr) -> sp.Expr:
    if sp.count_ops(gain) > LARGEST:
        return gain
    tidy: sp.Expr = sp.factor_terms(sp.together(gain))
    return tidy
