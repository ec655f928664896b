"""What a causal loop diagram shows and says, from loops and scores.

Stage 1 of 5.  In: ``Loops``, perhaps scores, and what to show.  Out: a ``Sketch`` and a
``Caption``.  The loops are chosen first, then comes the graph that they span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.loops.catalogue import catalogue
from loopscope.loops.diagrams.choosing.authored import names_of
from loopscope.loops.diagrams.choosing.captions import caption_of
from loopscope.loops.diagrams.choosing.folding import fold_through
from loopscope.loops.diagrams.choosing.footnotes import footnoted
from loopscope.loops.diagrams.choosing.large import how_many_central, most_central
from loopscope.loops.diagrams.choosing.naming import with_names
from loopscope.loops.diagrams.choosing.picking import pick
from loopscope.loops.diagrams.choosing.reading import read
from loopscope.loops.diagrams.choosing.routing import route_of
from loopscope.loops.diagrams.choosing.sizing import MOVES, Moves, refuse_hopeless
from loopscope.loops.diagrams.choosing.spanning import span
from loopscope.loops.diagrams.choosing.weighing import weigh
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

    from loopscope.loops.diagrams.diagram import Caption
    from loopscope.loops.diagrams.records import Sketch
    from loopscope.loops.finding.found import Loops

BADGES = 60
"""Most loops of a picture that the user did not ask for."""


def sketched(
    found: Loops,
    scores: xr.Dataset | None = None,
    at: float | None = None,
    *,
    show: Sequence[str] | str | None = None,
    around: str | None = None,
    simplify: float | None = None,
    context: int = 0,
    fold: bool = True,
    title: str = "",
    subtitle: str = "",
    claims: bool = True,
    room: int | None = None,
    moves: Moves = MOVES,
) -> tuple[Sketch, Caption]:
    """Return what a diagram shows and says, without places.

    Parameters
    ----------
    room
        Most variables: where the user did not say which loops, as many of them are shown as fit.

    moves
        Of a refusal: see ``sizing``.

    Raises
    ------
    LoopError
        As ``diagram``, but for the size of loops that the user asked for.
    """
    if at is not None and scores is None:
        msg = "at= needs scores: give scores=loops.score(found, run)"
        raise LoopError(msg)
    if context not in (0, 1):
        msg = f"context= is 0 or 1 (direct causes of the stocks shown), got {shown(context)}"
        raise LoopError(msg)
    count_central = how_many_central(show)
    if count_central is not None:
        whole = sketched(
            found, scores, at, show="all", around=around, simplify=simplify, context=context,
            fold=fold, title=title, claims=False,
        )  # fmt: skip
        return most_central(*whole, count_central)
    graph, everything = found.graph, show == "all"
    if everything and room is not None:
        refuse_hopeless(len(names_of(graph)), moves)
    reading = None if scores is None else read(found, scores, at)
    picked = pick(found, reading, show, around, simplify)
    known = catalogue(graph.model)
    stated = {one.id: one.polarity for one in known.loops} if known else {}
    observed = {} if reading is None else reading.observed

    routes = [(loop, route) for loop in picked.loops if (route := route_of(loop)) is not None]

    def made(count: int) -> Sketch:
        spanned = span(
            graph, dict(routes[:count]), observed=observed, everything=everything,
            context=context, stated=stated,
        )  # fmt: skip
        return fold_through(spanned) if fold else spanned

    count = len(picked.loops)
    if room is not None and picked.fixed:
        refuse_hopeless(len({name for loop in picked.loops for name in loop.path}), moves)
    elif room is not None and not everything:
        count = min(count, BADGES)
        count = _fitting(lambda first: len(made(first).nodes), room, count)
    sketch = made(count)
    if reading is not None:
        sketch = weigh(sketch, graph, reading)
    noted = footnoted(with_names(sketch), graph.model, known if claims else None)
    caption = caption_of(
        found, picked, noted.sketch, reading, cut=len(picked.loops) - count,
        footnotes=noted.footnotes, more=tuple(filter(None, (noted.note,))), title=title,
        subtitle=subtitle,
    )  # fmt: skip
    return noted.sketch, caption


def _fitting(size: Callable[[int], int], room: int, count: int) -> int:
    """Return how many of the first loops fit, at least one: size grows with their number."""
    if count < 2 or size(count) <= room:
        return count
    fits, too_many = 1, count
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if size(middle) <= room:
            fits = middle
        else:
            too_many = middle
    return fits
