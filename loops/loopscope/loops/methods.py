"""Every method of scoring by its name.

Stage 4 of 4.  In: loops, a run and the name of a method.  Out: what its file in ``scores`` returns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of scoring.

    Attributes
    ----------
    name, title
        As asked for, and as shown.
    home
        Module in ``scores`` whose ``score(found, along, **options)`` computes it.
    """

    name: str
    title: str
    home: str


METHODS = {
    method.name: method
    for method in (
        Method(name="ltm", title="Loops That Matter", home="ltm"),
        Method(name="influence", title="Eigenvalue influence", home="influence"),
        Method(name="pathway", title="Pathway participation", home="pathway"),
        Method(name="impact", title="Loop impact", home="impact"),
        Method(name="knockout", title="Knock-out", home="knockout"),
        Method(name="behaviour", title="Ford's behavioural test", home="behaviour"),
    )
}


MOST_SCORES = 20_000_000
"""Loops times saved times that one record may hold: about 1.2 GB."""


def score(found: Loops, run: xr.Dataset | Along, method: str = "ltm", **options: Any) -> xr.Dataset:
    """Return the scores of loops along a run.

    Parameters
    ----------
    found
        From ``find``.
    run
        From ``models.simulate``, of the same model; or ``along(found.graph, run)``, which saves
        time where several methods score one run.
    method
        One of ``METHODS``; ``options`` are those of the method's own ``score``.

    Notes
    -----
    Where ``found`` holds all loops of a graph and these are more than can be scored at once, the
    loops that ever carry a thousandth of the total in this run are scored, and those with a name;
    shares stay those among all, and ``attrs["loops"]`` says so.

    Raises
    ------
    LoopError
        An unknown method, a run of another model, no loop to score, or a run that the method
        cannot read; the message says which.
    """
    from loopscope.loops.replay import Along, along

    known = METHODS.get(str(method).casefold())
    if known is None:
        hint = did_you_mean(str(method), METHODS)
        msg = f"no method named '{method}'{hint}; there are: {', '.join(METHODS)}"
        raise LoopError(msg)
    refuse_none(found)
    home = import_module(f"loopscope.loops.scores.{known.home}")
    _refuse_unknown(known, home.score, options)
    values = run if isinstance(run, Along) else along(found.graph, run)
    if values.graph is not found.graph and values.graph.links != found.graph.links:
        msg = (
            "the values along the run are of another graph than the loops (a view is a graph of "
            "its own); make them with loops.along(found.graph, run)"
        )
        raise LoopError(msg)
    if len(found) * math.prod(values.shape) > MOST_SCORES:
        found = _that_matter(found, values)
    scores: xr.Dataset = home.score(found, values, **options)
    return scores


def score_each(
    found: Loops, runs: Sequence[xr.Dataset], method: str = "ltm", **options: Any
) -> list[xr.Dataset]:
    """Return the scores of loops along each of several runs: what ``score`` gives, sooner.

    Parameters
    ----------
    runs
        Single runs of any settings, dims (time,).
    method
        As in ``score``: one that scores a batch.

    Returns
    -------
    list of xarray.Dataset
        In the order of the runs.  The signs of links that were observed are those of all runs that
        were scored together.

    Raises
    ------
    LoopError
        As ``score``.
    """
    from loopscope.loops.replay import along_each

    scores: dict[int, xr.Dataset] = {}
    for places, along in along_each(found.graph, runs):
        together = score(found, along, method, **options)
        scores |= {place: together.isel(run=row) for row, place in enumerate(places)}
    return [scores[place] for place in range(len(runs))]


def refuse_none(found: Loops) -> None:
    """Refuse to go on without a loop.

    Raises
    ------
    LoopError
        The graph has none, or none of its loops was chosen.
    """
    if not len(found):
        name = found.graph.model.name
        why = "none of its loops is among those given" if found.graph.partitions else ""
        msg = f"{name}: {why or 'the model has no feedback loop'}, so there is nothing to score"
        raise LoopError(msg)


def _refuse_unknown(
    method: Method, compute: Callable[..., Any], options: Mapping[str, Any]
) -> None:
    """Refuse an option that the function of a method does not have."""
    known = signature(compute).parameters
    if any(one.kind is Parameter.VAR_KEYWORD for one in known.values()):
        return  # it tells itself
    names = [one.name for one in known.values() if one.kind is Parameter.KEYWORD_ONLY]
    for option in options:
        if option not in names:
            hint = did_you_mean(option, names)
            msg = f"{method.title} has no option '{option}'{hint}; there are: {', '.join(names)}"
            raise LoopError(msg)


def _that_matter(found: Loops, values: Along) -> Loops:
    """Return the loops that matter in a run, of loops that are too many to be scored.

    Raises
    ------
    LoopError
        They are a part of a graph's loops that somebody chose.
    """
    from loopscope.loops.finding.discover import find

    if len(found) != found.count:
        times = math.prod(values.shape)
        msg = (
            f"{found.graph.model.name}: {len(found):,} loops at {times:,} times are "
            f"{len(found) * times:,} scores, more than fit; give find() the run, so that only "
            "loops that matter are held, or score fewer, as found.through(...) or found.named"
        )
        raise LoopError(msg)
    fewer = find(found.graph, run=values)
    for loop in found.named:
        if loop.id not in fewer.ids:
            fewer = fewer.pin(loop.nodes, loop.name, loop.id)
    return fewer
