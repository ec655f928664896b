"""A stock-and-flow diagram of a model, or of some of its loops.

Stage 1 of 5, and the way to the others.  In: ``Loops`` and scores, as for a causal loop diagram; or
a model, of which everything is shown.  Out: a ``Diagram``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.choosing.captions import NOT_DRAWN, listed
from loopscope.loops.diagrams.choosing.picking import pick
from loopscope.loops.diagrams.choosing.reading import read
from loopscope.loops.diagrams.choosing.sizing import refuse_large
from loopscope.loops.diagrams.choosing.sketching import sketched
from loopscope.loops.diagrams.diagram import Caption, Diagram, Style
from loopscope.loops.diagrams.records import Layout, LoopShown
from loopscope.loops.diagrams.stockflow.bare import bare_pipes
from loopscope.loops.diagrams.stockflow.laying import lay_pipes
from loopscope.loops.diagrams.stockflow.plumbing import plumb
from loopscope.loops.diagrams.stockflow.sketching import sketch_of
from loopscope.loops.finding.found import Loops
from loopscope.loops.graph import CausalGraph, trace
from loopscope.loops.pictures import called
from loopscope.models.errors import LoopError, did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.loops.diagrams.choosing.asking import Level
    from loopscope.loops.diagrams.records import Link
    from loopscope.loops.diagrams.stockflow.plumbing import Plumbing
    from loopscope.loops.diagrams.stockflow.sketching import Shown
    from loopscope.loops.graph import Pair
    from loopscope.models.model import Model

GROUP = "group:"
"""Begins the name of a group of variables, or view, of the model's file."""

MOVES = (
    "show fewer loops with show='top:8', simplify=0.8 or around='VARIABLE'",
    "",
    "save all of it as .graphml or .json with level='bare'",
)


def stock_flow(
    of: Loops | CausalGraph | Model | str | Path,
    scores: xr.Dataset | None = None,
    at: float | None = None,
    *,
    show: Sequence[str] | str | None = None,
    around: str | None = None,
    simplify: float | None = None,
    constants: bool = False,
    title: str = "",
    subtitle: str = "",
    style: Style | None = None,
    seed: int = 0,
    level: Level = "best",
    layout: Layout | Diagram | str | Path | None = None,
    pinned: Collection[str] = (),
    force: bool = False,
    claims: bool = True,
) -> Diagram:
    """Return a stock-and-flow diagram.

    Parameters
    ----------
    of
        Loops, of which those that ``show`` names are shown with the stocks, flows and links they
        run through; or a graph, a model, a library name or a path, of which all is shown.
    scores, at, show, around, simplify, title, subtitle, style, seed, level, layout, pinned, claims
        As for ``diagram``.  ``show`` may name a group of the model's file as well: all variables of
        "group:Politics".
    constants
        Whether constants are shown beside what they act on, in grey.
    force
        Does nothing here: 80 variables can be shown without it.

    Raises
    ------
    LoopError
        As ``diagram``; an unknown group.

    Notes
    -----
    As ``lay_pipes``, and the proofs of the signs of the links shown.
    """
    del force
    group = show[len(GROUP) :].strip() if isinstance(show, str) and show.startswith(GROUP) else None
    graph = of.graph if isinstance(of, Loops) else of if isinstance(of, CausalGraph) else trace(of)
    model, plumbing = graph.model, plumb(graph)
    if isinstance(of, Loops) and group is None:
        found, caption = _of_loops(
            of, plumbing, scores, at, show=show, around=around, simplify=simplify, title=title,
            subtitle=subtitle, claims=claims, constants=constants,
        )  # fmt: skip
    else:
        names = _whole(plumbing) if group is None else _group(plumbing, group)
        if level != "bare":
            refuse_large(len(names), force=True, moves=(_moves(model), *MOVES[1:]))
        found = sketch_of(
            plumbing, names, constants=_constants(model) if constants else (), everything=True
        )
        caption = Caption(
            title=title or called(model.name), model=model.name, time_units=model.clock.units,
            subtitle=subtitle or (f"The variables of '{group}'" if group else "All variables"),
        )  # fmt: skip
    caption = replace(caption, notes=(*caption.notes, *_left(found)))
    style = style or Style()
    if level == "bare":
        laid = bare_pipes(found.sketch)
    else:
        size = sum(node.kind != "cloud" for node in found.sketch.nodes)
        refuse_large(size, force=True, moves=(_moves(model), *MOVES[1:]))
        laid = lay_pipes(found.sketch, seed=seed, level=level, layout=_given(layout), pinned=pinned)
    return Diagram(laid=laid, kind="stockflow", caption=caption, style=style)


def _of_loops(
    found: Loops,
    plumbing: Plumbing,
    scores: xr.Dataset | None,
    at: float | None,
    *,
    show: Sequence[str] | str | None,
    around: str | None,
    simplify: float | None,
    title: str,
    subtitle: str,
    claims: bool,
    constants: bool,
) -> tuple[Shown, Caption]:
    """Return what loops show: what their causal loop diagram shows, with flows and pipes."""
    sketch, caption = sketched(
        found, scores, at, show=show, around=around, simplify=simplify, fold=False, title=title,
        subtitle=subtitle, claims=claims,
    )  # fmt: skip
    reading = None if scores is None else read(found, scores, at)
    undrawn = pick(found, reading, show, around, simplify).undrawn
    stocks = {stock.name for stock in plumbing.graph.model.stocks}
    # Loops of a stock alone have a flow to run through here.
    more = [
        LoopShown(
            id=one.id, path=one.path, polarity=one.polarity, name=one.name,
            score=None if reading is None else reading.score(one.id),
        )
        for one in undrawn
        if len(one.path) == 1 and one.path[0] in stocks
    ]  # fmt: skip
    names = dict.fromkeys(node.name for node in sketch.nodes)
    names.update(dict.fromkeys(name for one in more for name in one.path))
    observed: Mapping[Pair, str] = {} if reading is None else reading.observed
    shown_ = sketch_of(
        plumbing, list(names), (*sketch.loops, *more), told=_told(sketch.links, plumbing),
        constants=_constants(plumbing.graph.model) if constants else (),
        everything=show == "all", observed=observed,
    )  # fmt: skip
    left = [name for name in caption.left_out if name not in {n.name for n in shown_.sketch.nodes}]
    every = len(more) == len(undrawn)
    notes = [note for note in caption.notes if not (every and note.startswith(NOT_DRAWN))]
    return shown_, replace(caption, left_out=tuple(left), notes=tuple(notes))


def _told(links: Sequence[Link], plumbing: Plumbing) -> tuple[Link, ...]:
    """Return the links that are no pipes: none that ends at a stock."""
    stocks = {stock.name for stock in plumbing.graph.model.stocks}
    return tuple(link for link in links if link.effect not in stocks)


def _whole(plumbing: Plumbing) -> list[str]:
    """Return all authored variables that change, and flows that are constants."""
    graph = plumbing.graph
    names = dict.fromkeys(graph.label(name) for name in graph.nodes)
    names.update(dict.fromkeys(valve.name for valve in plumbing.valves))
    return [name for name in names if name not in _of_time(graph.model)]


def _constants(model: Model) -> list[str]:
    return [one.name for one in model.parameters if one.name not in _of_time(model)]


def _of_time(model: Model) -> set[str]:
    clock = model.clock
    return {clock.initial_time, clock.final_time, clock.time_step, clock.saveper}


def _group(plumbing: Plumbing, group: str) -> list[str]:
    """Return the variables of a group that change."""
    model = plumbing.graph.model
    known = dict.fromkeys(one.group for one in model if one.group)
    if group not in known:
        hint = did_you_mean(group, known)
        there = f"; there are: {listed(list(known), 12)}" if known else "; its file has no groups"
        msg = f"{model.name}: no group of variables named {shown(group)}{hint}{there}"
        raise LoopError(msg)
    changing = set(_whole(plumbing))
    return [one.name for one in model if one.group == group and one.name in changing]


def _moves(model: Model) -> str:
    groups = list(dict.fromkeys(one.group for one in model if one.group))
    if not groups:
        return MOVES[0]
    return f"{MOVES[0]}, or one group with show='{GROUP}NAME' ({listed(groups)})"


def _left(found: Shown) -> list[str]:
    notes = []
    if found.flows_left:
        why = ", for no loop shown runs through them" if found.sketch.loops else ""
        count = len(found.flows_left)
        what = "One flow" if count == 1 else f"{count} flows"
        notes.append(f"{what} of the stocks shown left out{why}: {listed(found.flows_left)}.")
    if found.loops_left:
        notes.append(f"Loops along links that are not shown: {listed(found.loops_left)}.")
    return notes


def _given(layout: Layout | Diagram | str | Path | None) -> Layout | None:
    if layout is None or isinstance(layout, Layout):
        return layout
    if isinstance(layout, Diagram):
        return layout.layout
    from loopscope.loops.diagrams.layout.kept import read as kept

    return kept(layout)
