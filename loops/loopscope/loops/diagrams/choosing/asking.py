"""A diagram of a model's loops, from what was found and scored.

Stage 1 of 5, and the way to the others.  In: ``Loops``, perhaps scores, and what to show.  Out: a
``Diagram``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

from loopscope.loops.diagrams.choosing.large import summed_up
from loopscope.loops.diagrams.choosing.placing import bare, placed
from loopscope.loops.diagrams.choosing.sizing import FORCED, MOST, refuse_large
from loopscope.loops.diagrams.choosing.sketching import sketched
from loopscope.loops.diagrams.diagram import Diagram, DiagramKind, Style
from loopscope.loops.diagrams.records import Layout
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.loops.diagrams.diagram import Caption
    from loopscope.loops.diagrams.layout.efforts import Level as Effort
    from loopscope.loops.diagrams.records import Node, Sketch
    from loopscope.loops.finding.found import Loops
    from loopscope.models.model import Model

VALVE = 20.0
"""Room for a valve beside a name, in points."""

Level = Literal["draft", "normal", "best", "bare"]
Kind = DiagramKind | Literal["overview"]
KINDS = (*get_args(DiagramKind), "overview")


def diagram(
    found: Loops,
    scores: xr.Dataset | None = None,
    at: float | None = None,
    *,
    show: Sequence[str] | str | None = None,
    around: str | None = None,
    simplify: float | None = None,
    context: int = 0,
    kind: Kind = "cld",
    fold: bool = True,
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
    """Return a causal loop diagram of some loops, or a stock-and-flow diagram.

    Parameters
    ----------
    found
        From ``find``.
    scores
        From ``score``, of these loops: widths of links, and what loops carry, come from them.
        Those of several runs, dims (run, time, loop), as a sweep with tracked loops has them: what
        is shown is the median, and links whose strength is not settled are dashed.
    at
        Time of the scores, in the model's unit; the nearest saved time is read.  Without it, scores
        are means over the run.
    show
        Ids of loops; "top:8", the strongest; "named"; "loops", all that are held; "all": every
        variable of the graph, with the loops that are shown without ``show``; "central:20", the
        most central of these.  Without it: all
        loops where they are few, else the named ones, else the fewest strongest loops that carry
        80 %, else short loops that each add a link.
    around
        Variable: only loops through it, the strongest first.
    simplify
        Show the fewest strongest loops that carry this share of the change, in (0, 1].
    context
        1: direct causes of the stocks shown as well, in grey.
    kind
        "cld"; "stockflow": stocks, flows with their pipes, and information links; "overview": a box
        for each group of variables, for graphs too large for one picture.
    fold
        Whether variables that only pass something on become one link.
    title, subtitle
        In place of those that are made up.
    seed, level
        Of the layout, see ``lay_out``; "bare": any number of variables, placed without a search,
        for formats that are no pictures.
    layout
        Where things stand: a ``Layout``, a diagram, or a JSON file that ``save`` wrote.  Without it
        the ``layout.json`` beside the model is used if it has nearly the same variables.
    pinned
        Variables of ``layout`` that do not move at all.
    force
        Draw up to 80 variables, as a draft; else up to 40.
    claims
        Whether footnotes name the claims that named loops rest on.

    Raises
    ------
    LoopError
        Unknown loops, variables, kinds or levels; a time outside the run; no scores where they are
        needed; nothing to show; too many variables, with what can be done.

    Notes
    -----
    Relative link scores are those of Loops That Matter; by a method without them a link is as wide
    as the loops shown through it are strong.  Line width: 1 + 3 sqrt(|score|) points.  A link is
    *not settled* over a sweep where its width differs by more than a factor of 2, or its sign,
    between the 5 % and the 95 % quantile of the runs.

    Examples
    --------
    >>> from loopscope import loops
    >>> found = loops.find("migration_policy", view="full", max_length=3)
    >>> drawn = loops.diagram(found, around="deportation", level="bare")
    >>> [node.name for node in drawn.sketch.nodes]
    ['deportation', 'irregular migrants']
    """
    if kind not in KINDS:
        msg = f"no kind of diagram named '{kind}'{did_you_mean(str(kind), KINDS)}; there are: "
        raise LoopError(msg + ", ".join(KINDS))
    style = style or Style()
    if kind == "stockflow":
        from loopscope.loops.diagrams.stockflow.asking import stock_flow

        return stock_flow(
            found, scores, at, show=show, around=around, simplify=simplify, title=title,
            subtitle=subtitle, style=style, seed=seed, level=level, layout=layout, pinned=pinned,
            force=force, claims=claims,
        )  # fmt: skip
    large = level == "bare" or kind == "overview"
    room = None if large else FORCED if force else MOST
    sketch, caption = sketched(
        found, scores, at, show=show, around=around, simplify=simplify, context=context, fold=fold,
        title=title, subtitle=subtitle, claims=claims, room=room,
    )  # fmt: skip
    if kind == "overview":
        sketch, caption = summed_up(sketch, caption, found.graph.model)
        layout = layout or Layout()
    return finished(
        sketch, caption, found.graph.model, style=style, seed=seed, level=level, layout=layout,
        pinned=pinned, force=force,
    )  # fmt: skip


def finished(
    sketch: Sketch,
    caption: Caption,
    model: Model,
    *,
    style: Style,
    seed: int = 0,
    level: Level = "best",
    layout: Layout | Diagram | str | Path | None = None,
    pinned: Collection[str] = (),
    force: bool = False,
    told: Callable[[int, int], None] | None = None,
) -> Diagram:
    """Return the diagram of a sketch: see ``diagram``.

    Raises
    ------
    LoopError
        As ``diagram``.
    """
    if style.valves:
        sketch = replace(sketch, nodes=tuple(_with_room(node) for node in sketch.nodes))
    if level == "bare":
        return Diagram(laid=bare(sketch), caption=caption, style=style)
    refuse_large(len(sketch.nodes), force=force)
    effort: Effort = "draft" if len(sketch.nodes) > MOST else level
    laid, notes = placed(
        sketch, model, seed=seed, level=effort, layout=layout, pinned=pinned, told=told
    )
    caption = replace(caption, notes=(*caption.notes, *notes))
    return Diagram(laid=laid, caption=caption, style=style)


def _with_room(node: Node) -> Node:
    """Return a flow with room for the valve beside its name."""
    return replace(node, width=node.width + VALVE) if node.kind == "flow" else node
