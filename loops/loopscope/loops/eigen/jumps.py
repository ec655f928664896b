"""Links that act by a jump: what methods that need derivatives cannot see.

Stage 2 of 4.  In: a ``CausalGraph`` and nodes of it.  Out: the links among them at which an
equation jumps, and a refusal that names them.

A kink is no jump: MIN, MAX, and IF THEN ELSE whose branches meet where the condition changes, have
a derivative on either side, and that of the side in force is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.graph import equations_of, root
from loopscope.models import functions as sd
from loopscope.models.equations import symbols_in
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from loopscope.loops.graph import CausalGraph, Pair
    from loopscope.models.equations import Equations

_LATE = {"memory": "a value kept until a condition holds", "pipeline": "DELAY FIXED"}


def refuse_jumps(
    graph: CausalGraph, names: Collection[str], method: str, one_sided: bool = False
) -> tuple[Pair, ...]:
    """Refuse nodes of a partition whose equations have no Jacobian.

    Parameters
    ----------
    names
        Nodes of ``graph``, a graph or a view.
    method
        What cannot go on, for the message.
    one_sided
        Whether to go on with the derivatives of the side in force where an equation jumps.

    Returns
    -------
    tuple
        Links of the traced graph that jump: the feedback through their jumps is not in any
        derivative.  Empty unless ``one_sided``.

    Raises
    ------
    LoopError
        There is a memory or DELAY FIXED among the nodes; or a jump, unless ``one_sided``.
    """
    model = graph.model.name
    for name in names:
        role = graph.nodes[name].role
        if role in _LATE:
            msg = (
                f"{model}: '{graph.label(name)}' ({_LATE[role]}) is in a loop and has no rate of "
                f"change, so {method} is not defined; use method='ltm' or 'knockout', or write it "
                "with stocks"
            )
            raise LoopError(msg)
    found = tuple(jumps(graph, names))
    if found and not one_sided:
        shown = ", ".join(f"'{cause}' -> '{effect}'" for cause, effect in found[:4])
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        msg = (
            f"{model}: {method} needs derivatives, but equations jump at {shown}{more}; use "
            "method='ltm' or 'knockout', write them without jumps, or pass one_sided=True to take "
            "the derivatives of the side in force, which leave out what acts through a jump"
        )
        raise LoopError(msg)
    return found


def jumps(graph: CausalGraph, names: Collection[str]) -> Iterator[Pair]:
    """Yield links of the traced graph, on loops through the nodes named, that act by a jump."""
    base = root(graph)
    partitions = {base.partition_of[name].number for name in names if name in base.partition_of}
    rules = equations_of(base.equations)
    for number in sorted(partitions):
        inside = set(base.partitions[number].nodes)
        for effect in base.partitions[number].nodes:
            for cause in jumping(rules[effect], base.equations):
                if cause in inside and (cause, effect) in base.links:
                    yield cause, effect


def jumping(expression: sp.Expr, equations: Equations) -> list[str]:
    """Return the names by which an expression jumps, sorted."""
    found: dict[str, None] = {}
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, sd.IfThenElse) and _meets(part):
            # The relation itself jumps, but nothing comes of it.
            waiting.extend((*part.args[0].args, *part.args[1:]))
            continue
        waiting.extend(part.args)
        for decisive in _decisive(part, equations):
            for symbol in symbols_in(decisive):
                found[str(symbol.name)] = None
    return sorted(found)


def _decisive(part: sp.Expr, equations: Equations) -> tuple[sp.Expr, ...]:
    """Return the arguments of a function at which it may jump."""
    if isinstance(part, sd.IfThenElse):
        return part.args[:1]
    if isinstance(part, sd.Step):
        return part.args[1:3]
    if isinstance(part, sd.Switch | sd.Quantum | sd.Modulo) and not isinstance(part, sd.TableSlope):
        return part.args
    if isinstance(part, sd.Table):
        table = equations.lookups[str(part.args[0])]
        steps = any(a == b for a, b in zip(table.x, table.x[1:], strict=False))
        if steps or (table.interpolation == "hold_backward" and len(table.x) > 1):
            return part.args[1:]
    return ()


def _meets(part: sd.IfThenElse) -> bool:
    """Return whether both branches have one value where the condition changes."""
    condition, first, second = part.args
    if not isinstance(condition, sd.Less | sd.LessEqual):
        return False
    gap = first - second
    for one, other in (condition.args, condition.args[::-1]):
        if isinstance(one, sp.Symbol) and one not in other.free_symbols:
            return bool(sp.simplify(gap.xreplace({one: other})) == 0)
    return False
