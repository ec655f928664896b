"""Views: a causal graph with some variables folded away.

Stage 2 of 4.  In: a ``CausalGraph`` and the variables to keep.  Out: a smaller one whose links
carry the sums of the gains of all paths between them, exactly (the chain rule).

A loop of a view carries the net of all full loops behind it.  Two full loops that share a folded
variable are joined into a product there, walks that revisit a folded variable included, so the
gains of folded loops sum to the same characteristic polynomial, not to the same list of loops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import sympy as sp

from loopscope.loops.graph import STOCKS, CausalGraph, Kind, Link, Pair
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Value = TypeVar("Value")


def fold(graph: CausalGraph, keep: Iterable[str] = ()) -> CausalGraph:
    """Return the view of a graph that shows its stocks and some other variables.

    Parameters
    ----------
    keep
        Flows and auxiliaries to keep, by name.  Stocks, and stages of delays, always stay: what is
        folded away must act at once.

    Raises
    ------
    LoopError
        A name that is not in the graph.

    Notes
    -----
    With v folded variables of d links each, about v * d**2 products.  Gains stay nested: sums of
    products of the links' own gains, not expanded.
    """
    if isinstance(keep, str):
        msg = f"keep must be names of variables, got the text {shown(keep)}; put it into a list"
        raise LoopError(msg)
    kept = {graph.find(name) for name in keep}
    kept |= {name for name, node in graph.nodes.items() if node.role in STOCKS}
    away = tuple(name for name in graph.nodes if name not in kept)
    acting = {pair: link for pair, link in graph.links.items() if link.kind != "cancelled"}
    gains = eliminate({pair: link.gain for pair, link in acting.items()}, away, sp.Add, sp.Mul)
    direct = eliminate(
        {pair: link.kind == "direct" for pair, link in acting.items()}, away,
        lambda a, b: a or b, lambda a, b: a and b,
    )  # fmt: skip
    links = {}
    for pair, gain in gains.items():
        kind: Kind = "cancelled" if gain == 0 and direct[pair] else "direct"
        if not direct[pair]:
            kind = "switch"
        links[pair] = Link(cause=pair[0], effect=pair[1], gain=gain, kind=kind)
    nodes = {name: node for name, node in graph.nodes.items() if name in kept}
    initial = tuple(p for p in graph.initial_links if p[0] in nodes and p[1] in nodes)
    return CausalGraph(graph.model, graph.equations, nodes, links, initial, base=graph)


def eliminate(
    values: Mapping[Pair, Value],
    away: Sequence[str],
    add: Callable[[Value, Value], Value],
    multiply: Callable[[Value, Value], Value],
) -> dict[Pair, Value]:
    """Return the values of links between what remains: sums over paths of products along them.

    Parameters
    ----------
    values
        By (cause, effect): sympy expressions, arrays, anything that can be added and multiplied.
    away
        Nodes to eliminate; no closed chain runs through them alone.
    add, multiply
        Of two values.
    """
    found = dict(values)
    into: dict[str, dict[str, None]] = {}
    out_of: dict[str, dict[str, None]] = {}
    for cause, effect in found:
        out_of.setdefault(cause, {})[effect] = None
        into.setdefault(effect, {})[cause] = None
    for node in away:
        causes, effects = into.pop(node, {}), out_of.pop(node, {})
        for cause in causes:
            first = found.pop((cause, node))
            del out_of[cause][node]
            for effect in effects:
                product = multiply(first, found[node, effect])
                pair = (cause, effect)
                found[pair] = add(found[pair], product) if pair in found else product
                out_of[cause][effect] = None
                into[effect][cause] = None
        for effect in effects:
            del found[node, effect]
            del into[effect][node]
    return found


def folded(graph: CausalGraph) -> tuple[str, ...]:
    """Return the variables of its base that a view does not show, in the order of folding."""
    return tuple(n for n in graph.base.nodes if n not in graph.nodes) if graph.base else ()


def gains_in(
    graph: CausalGraph,
    values: Mapping[Pair, Value],
    add: Callable[[Value, Value], Value],
    multiply: Callable[[Value, Value], Value],
) -> dict[Pair, Value]:
    """Return values of the links of a view from those of the graph it was traced from."""
    if graph.base is None:
        return dict(values)
    below = gains_in(graph.base, values, add, multiply)
    return eliminate(below, folded(graph), add, multiply)
