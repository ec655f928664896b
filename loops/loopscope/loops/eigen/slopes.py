"""How link gains and rates change with parameters while the stocks stay as they are.

Stage 4 of 4, for sensitivities of eigenvalues and of weights.  In: ``Along``.  Out: ``Slopes``.

The derivatives are exact: second partial derivatives of the equations along links, and the chain
rule through the auxiliaries.  What a parameter does to start values, to the state that the run has
reached, and to values fixed at the start is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopscope.loops.eigen.jumps import jumping
from loopscope.loops.graph import STOCKS, equations_of, root
from loopscope.models.derivatives import partial
from loopscope.models.equations import symbols_in
from loopscope.models.errors import LoopError, did_you_mean, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.loops.replay import Along

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """Derivatives by parameters at fixed stocks, at all points of a run.

    Attributes
    ----------
    parameters
        Names.
    stocks
        Names, in the order of the traced graph.
    links
        (cause, effect) of the links of the traced graph whose gain some parameter changes.
    gains
        d gain / d parameter, dims (point, link, parameter).
    rates
        d rate / d parameter, dims (point, stock, parameter), of all stocks of the traced graph.
    jumps
        Parameters that some equation also jumps by: that part is in no derivative.
    """

    parameters: tuple[str, ...]
    stocks: tuple[str, ...]
    links: tuple[Pair, ...]
    gains: Numbers
    rates: Numbers
    jumps: frozenset[str]


def slopes(along: Along, parameters: Sequence[str] | None = None) -> Slopes:
    """Return the derivatives of gains and rates by parameters.

    Parameters
    ----------
    parameters
        Names; all that act on some variable by default.

    Raises
    ------
    LoopError
        A name that is no parameter, or one that acts on nothing during a run; no parameter at all.

    Notes
    -----
    One second partial derivative for each symbol in each gain; then O(points * parameters) for
    each of them.
    """
    graph = root(along.graph)
    names = acting_parameters(graph) if parameters is None else _named(graph, parameters)
    if not names:
        msg = (
            f"{graph.model.name}: no parameter acts on anything during a run: its numbers are "
            "written into equations; give them names of their own"
        )
        raise LoopError(msg)
    column = {name: number for number, name in enumerate(names)}
    points = int(np.prod(along.shape))
    moves = _moves(along, graph, column, points)
    links: list[Pair] = []
    found: list[Numbers] = []
    for pair, link in graph.links.items():
        if link.kind == "cancelled" or pair[1] in along.held:
            continue
        slope = np.zeros((points, len(names)))
        acts = False
        for symbol in symbols_in(link.gain):
            name = str(symbol.name)
            if name in column or (name in moves and graph.nodes[name].role not in STOCKS):
                second = partial(link.gain, symbol)
                if second != 0:
                    acts = True
                    value = along.of(second).reshape(-1)
                    if name in column:
                        slope[:, column[name]] += value
                    else:
                        slope += value[:, None] * moves[name]
        if acts:
            links.append(pair)
            found.append(slope)
    stocks = tuple(name for name in graph.stocks if graph.nodes[name].role == "stock")
    still = np.zeros((points, len(names)))
    return Slopes(
        parameters=names,
        stocks=stocks,
        links=tuple(links),
        gains=np.stack(found, axis=1) if found else np.zeros((points, 0, len(names))),
        rates=np.stack([moves.get(name, still) for name in stocks], axis=1),
        jumps=frozenset(
            name
            for expression in equations_of(graph.equations).values()
            for name in jumping(expression, graph.equations)
            if name in column
        ),
    )


def _moves(
    along: Along, graph: CausalGraph, column: dict[str, int], points: int
) -> dict[str, Numbers]:
    """Return d variable (rate of a stock) / d parameter at fixed stocks, where it is not 0."""
    into: dict[str, list[Pair]] = {}
    for pair, link in graph.links.items():
        if link.kind != "cancelled" and graph.nodes[pair[0]].role not in STOCKS:
            into.setdefault(pair[1], []).append(pair)
    for pair in graph.inputs:
        if pair[0] in column:
            into.setdefault(pair[1], []).append(pair)
    found: dict[str, Numbers] = {}
    ordered = [name for name in graph.nodes if graph.nodes[name].role not in STOCKS]
    for name in [*ordered, *graph.stocks]:
        if name in along.held:
            continue
        total = np.zeros((points, len(column)))
        for cause, effect in into.get(name, ()):
            if cause in column:
                gain = graph.inputs[cause, effect].gain
                total[:, column[cause]] += along.of(gain).reshape(-1)
            elif cause in found:
                total += along.full_gains[cause, effect].reshape(-1)[:, None] * found[cause]
        if total.any():
            found[name] = total
    return found


def acting_parameters(graph: CausalGraph) -> tuple[str, ...]:
    """Return the parameters that act on some variable during a run, in the model's order."""
    acting = {cause for cause, _ in root(graph).inputs}
    return tuple(
        str(symbol.name) for symbol in graph.equations.parameters if str(symbol.name) in acting
    )


def _named(graph: CausalGraph, parameters: Sequence[str]) -> tuple[str, ...]:
    if isinstance(parameters, str):
        msg = f"parameters must be a list of names, got the text {shown(parameters)}"
        raise LoopError(msg)
    acting = {key(name): name for name in acting_parameters(graph)}
    found: dict[str, None] = {}
    for name in parameters:
        known = acting.get(key(str(name)))
        if known is None:
            constants = {key(str(s.name)) for s in graph.equations.parameters}
            if key(str(name)) in constants:
                why = f"'{name}' acts on no variable during a run"
            else:
                why = f"no parameter named '{name}'{did_you_mean(str(name), acting.values())}"
            msg = f"{graph.model.name}: {why}"
            raise LoopError(msg)
        found[known] = None
    return tuple(found)
