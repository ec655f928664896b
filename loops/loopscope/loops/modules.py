"""Parts of a model that a constant switches off, and loops that are there only when they are on.

Stage 2 of 4.  In: a traced ``CausalGraph`` and constants with the values at which a part is off.
Out: the graph without the links whose gain is then 0, which change no score, and a refusal of runs
that have the part on.  A model says in its ``loops.toml`` which constants these are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.graph import CausalGraph, root
from loopscope.models.errors import LoopError
from loopscope.models.model import Parameter, symbol_of
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from loopscope.models.model import Model


def switched_off(
    model: Model, off: Mapping[str, float], runs: Sequence[Any] = ()
) -> dict[str, float]:
    """Return those of some constants that have the given values in the model and in all runs.

    Parameters
    ----------
    off
        By authored name.
    runs
        Datasets of ``models.simulate``, or graphs along them (``Along``).
    """
    found = {}
    for name, value in off.items():
        variable = model.find(name)
        as_it_stands = isinstance(variable, Parameter) and variable.value == value
        if as_it_stands and not any(_differs(run, name, value) for run in runs):
            found[name] = value
    return found


def _differs(run: Any, name: str, value: float) -> bool:
    """Return whether a run gives a constant any other value, at any time or in any run of it."""
    values = getattr(run, "values", None)
    if isinstance(values, dict):
        return bool(np.any(np.asarray(values.get(symbol_of(name), value)) != value))
    attrs = getattr(run, "attrs", {})
    for kind in ("settings", "settings_per_run"):
        try:
            given = json.loads(attrs.get(kind, "{}"))
        except ValueError:
            return False  # whoever reads the run refuses it, with the reason
        for other in given:
            if key(other) == key(name):
                return kind == "settings_per_run" or given[other] != value
    return False


def without(graph: CausalGraph, off: Mapping[str, float]) -> CausalGraph:
    """Return a traced graph without the links that some constants hold at a gain of 0.

    Parameters
    ----------
    off
        Values of constants by authored name.  Kept as ``off`` of the graph; a run in which one of
        them differs is refused by ``check``.

    Notes
    -----
    Links whose gain names none of the constants are not touched; one substitution each of the rest.
    """
    if not off:
        return graph
    assert graph.base is None
    values = {symbol_of(name): value for name, value in off.items()}
    links = {
        pair: link
        for pair, link in graph.links.items()
        if link.gain.free_symbols.isdisjoint(values) or not link.gain.subs(values).is_zero
    }
    return CausalGraph(
        graph.model, graph.equations, graph.nodes, links, graph.initial_links, off=dict(off)
    )


def check(graph: CausalGraph, values: Mapping[str, Iterable[Any]]) -> None:
    """Refuse values of constants under which links act that a graph was made without.

    Parameters
    ----------
    values
        What each constant in ``off`` has, by name; names that are absent are as in the graph.

    Raises
    ------
    LoopError
        One differs; the message says how to find the loops that are there then.
    """
    for name, value in root(graph).off.items():
        given = np.asarray(values.get(name, value), dtype=np.float64)
        if np.any(given != value):
            other = given[given != value].flat[0] if given.ndim else float(given)
            msg = (
                f"these loops were found with '{name}' at {value:g}, where it switches a part of "
                f"'{graph.model.name}' off, but the run has it at {other:g}; find them with the "
                "run: loops.find(model, run=run)"
            )
            raise LoopError(msg)
