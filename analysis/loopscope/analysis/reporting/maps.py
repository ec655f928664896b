"""Causal loop diagrams of a report: one map, and for each scenario the same with its own weights.

In: a ``Draft`` with loops and what they do.  Out: SVG files.  Variables stand in the same places in
all of them, so that two scenarios can be compared at a glance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loopscope.analysis.draft import slug
from loopscope.analysis.tables import moment, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.draft import Draft
    from loopscope.analysis.reporting.leading import Told
    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.layout.efforts import Level

EACH, MOST = 3, 8
"""Loops that the map takes from each scenario, its strongest, and altogether."""

ROOM = 40
"""Most variables of the map."""

SMALL = 20
"""Up to so many variables, a map costs a second or two at a higher level than a draft."""


def chosen(told: Sequence[Told]) -> list[str]:
    """Return ids of the loops of the map: the strongest of each scenario at its own moment.

    All loops told of where they are few.  Where these are more than ``MOST``, those that are among
    the strongest in most scenarios stay.
    """
    if told and len(told[0].shares) <= MOST:
        return [one for one in told[0].shares if any(other.shares[one] > 0 for other in told)]
    met: dict[str, tuple[int, float]] = {}
    for one in told:
        for identity in one.strongest(one.moment, EACH):
            count, share = met.get(identity, (0, 0.0))
            met[identity] = count + 1, share + one.shares[identity]
    ranked = sorted(met, key=lambda one: (-met[one][0], -met[one][1], one))
    return ranked[:MOST]


def base_map(draft: Draft, ids: Sequence[str]) -> Diagram:
    """Return the map of some loops, with the mean weights of the base run.

    Raises
    ------
    LoopError
        As ``loops.diagram``.
    """
    from loopscope.loops.diagrams.choosing.asking import finished
    from loopscope.loops.diagrams.choosing.sketching import sketched
    from loopscope.loops.diagrams.diagram import Style

    assert draft.found is not None
    sketch, caption = sketched(
        draft.found, draft.told[0].scores, show=list(ids), claims=False, room=ROOM
    )
    level: Level = "normal" if len(sketch.nodes) <= SMALL else "draft"
    return finished(sketch, caption, draft.found.graph.model, style=Style(), level=level)


def scenario_map(draft: Draft, drawn: Diagram, told: Told) -> tuple[str, str]:
    """Draw the map with the weights of a scenario at the moment that tells most.

    Returns
    -------
    tuple
        The file, and what it shows in words.
    """
    from loopscope.loops.diagrams.drawing.moments import Story
    from loopscope.loops.diagrams.drawing.page import scene_of
    from loopscope.loops.diagrams.drawing.svg import svg_from

    assert draft.found is not None
    at = told.moment
    laid = Story(drawn, draft.found, told.scores, told.scores["time"].values).at(at)
    title = f"{plain(told.label)}, {moment(at)}"
    caption = replace(
        drawn.caption, title=title, subtitle="The wider a link, the more of the change of its "
        "effect comes through it.", scenario=told.label, at=at, notes=(), footnotes=(),
        explained=None,
    )  # fmt: skip
    now = replace(drawn, laid=laid, caption=caption)
    text = svg_from(scene_of(now), title, now.alt())
    what = f"causal loop diagram of '{told.label}' in {moment(at)}"
    return draft.svg(text, f"map-{slug(told.label)}", what), now.alt()
