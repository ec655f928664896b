"""How good a picture is, measured on what is drawn.

Stage 4 of 5.  In: curves, boxes, signs and badges.  Out: ``Quality``.  It judges nothing: what is
good enough is for the reader, and the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.loops.diagrams.layout.labels import SIGN
from loopscope.loops.diagrams.layout.lines import area_of, holds, lengths_in, meeting_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.loops.diagrams.layout.badges import Badge
    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.kernels.state import Numbers
    from loopscope.loops.diagrams.layout.labels import Mark

LEAST_OVERLAP = 0.5
"""Labels that share less than this are not counted, in square points."""

SLACK = 1.5
"""A label is this much smaller for links, in points."""

PLAIN = 1.4
"""Width of a link without a score; what a link is wider makes labels larger for it, in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Faults and merits of a picture.

    Attributes
    ----------
    crossings
        Pairs of drawn curves that meet.
    label_on_label
        Pairs among names, signs, delay marks and badges (with their names) that share more than
        0.5 pt^2.
    label_on_link
        Pairs of a sign, delay mark or badge, less 1.5 pt, and a link in it that is not its own.
    link_over_box
        Pairs of a link and a box that is not its end.
    smallest_angle
        Between tangents at a node, in degrees; NaN where no node has two links.
    roundness
        Mean of 4 pi area / perimeter^2 over the loops; NaN without loops.
    badges, badges_inside
        All of them; those whose centre is in their loop, without a leader.
    shortest_link
        Length of the shortest link between its boxes, in points; NaN without links.
    leaders_touching
        Pairs of a leader and a name, sign, delay mark or badge that is not its own.
    width, height
        Of everything drawn, in points.
    leaders_crossing
        Pairs of a leader and a link, or of two leaders.
    """

    crossings: int
    label_on_label: int
    label_on_link: int
    link_over_box: int
    smallest_angle: float
    roundness: float
    badges: int
    badges_inside: int
    shortest_link: float
    leaders_touching: int
    width: float
    height: float
    leaders_crossing: int = 0


def measure(
    picture: Drawn,
    signs: Numbers,
    badges: Sequence[Badge],
    delayed: Mapping[int, Mark] | None = None,
) -> Quality:
    """Measure a picture.

    Parameters
    ----------
    signs
        Their centres, dims (link, 2).
    badges
        In the order of the loops of ``picture``.
    delayed
        Delay marks by number of the link.

    Notes
    -----
    O(m**2 s**2) for m links of s segments, less what bounding boxes spare.
    """
    given = picture.given
    delayed = delayed or {}
    discs = np.array([badge.rectangle for badge in badges], np.float64).reshape(-1, 4)
    bars = np.array([delayed[e].rectangle for e in delayed], np.float64).reshape(-1, 4)
    beside = np.column_stack([signs.reshape(-1, 2), np.full((len(signs), 2), SIGN)])
    labels = np.concatenate([picture.boxes, beside, bars, discs])
    over = lengths_in(picture.paths, picture.low, picture.high, picture.boxes) > 0
    every = np.arange(len(given.links))
    over[every, given.shape.tail] = over[every, given.shape.head] = False
    inside = [
        badge.leader is None and holds(picture.polygon(which), *badge.place)
        for which, badge in enumerate(badges)
    ]
    width, height = _extent(picture, labels)
    return Quality(
        crossings=int(meeting_pairs(picture.paths, picture.low, picture.high).sum()),
        label_on_label=_overlaps(labels),
        label_on_link=_on_links(picture, beside, bars, list(delayed), discs),
        link_over_box=int(over.sum()),
        smallest_angle=_smallest_angle(picture),
        roundness=_roundness(picture),
        badges=len(badges),
        badges_inside=sum(inside),
        shortest_link=float(picture.lengths.min()) if len(every) else float("nan"),
        leaders_touching=_touching(badges, labels, len(labels) - len(discs)),
        leaders_crossing=_leaders_crossing(picture, badges),
        width=width,
        height=height,
    )


def _on_links(
    picture: Drawn, signs: Numbers, bars: Numbers, delayed: Sequence[int], discs: Numbers
) -> int:
    small = np.concatenate([signs, bars, discs]) - np.array([0.0, 0.0, SLACK, SLACK])
    total = 0
    widths = np.array([max(link.width, PLAIN) for link in picture.given.links])
    for width in np.unique(widths):
        which = np.flatnonzero(widths == width)
        more = small + np.array([0.0, 0.0, 0.5, 0.5]) * (width - PLAIN)
        on_link = (
            lengths_in(picture.paths[which], picture.low[which], picture.high[which], more) > 0
        )
        for k, e in enumerate(delayed):  # a delay mark stands on its own link
            on_link[which == e, len(signs) + k] = False
        total += int(on_link.sum())
    return total


def _overlaps(labels: Numbers) -> int:
    apart = np.abs(labels[:, None, :2] - labels[None, :, :2])
    shared = np.minimum(
        labels[:, None, 2:] + labels[None, :, 2:] - apart,
        2.0 * np.minimum(labels[:, None, 2:], labels[None, :, 2:]),
    )
    common = np.where((shared > 0).all(axis=2), shared.prod(axis=2), 0.0)
    return int((np.triu(common, 1) > LEAST_OVERLAP).sum())


def _smallest_angle(picture: Drawn) -> float:
    shape = picture.given.shape
    smallest = np.inf
    for v in range(len(picture.place)):
        links = shape.links_at[shape.first_at[v] : shape.first_at[v + 1]]
        if len(links) < 2:
            continue
        angles = np.sort([picture.angles[e, 0 if shape.tail[e] == v else 1] for e in links])
        gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
        smallest = min(smallest, float(gaps.min()))
    return float(np.degrees(smallest)) if np.isfinite(smallest) else float("nan")


def _roundness(picture: Drawn) -> float:
    found = []
    for which in range(len(picture.given.loops)):
        polygon = picture.polygon(which)
        around = float(np.hypot(*(np.roll(polygon, -1, axis=0) - polygon).T).sum())
        found.append(4.0 * np.pi * abs(area_of(polygon)) / around**2 if around > 0 else 0.0)
    return float(np.mean(found)) if found else float("nan")


def _touching(badges: Sequence[Badge], labels: Numbers, first: int) -> int:
    """Return how many labels leaders run across; badges start at number ``first``."""
    total = 0
    for which, badge in enumerate(badges):
        if badge.leader is not None:
            line = np.array([[badge.place, badge.leader]], np.float64)
            touched = lengths_in(line, line.min(axis=1), line.max(axis=1), labels)[0] > 0
            touched[first + which] = False
            total += int(touched.sum())
    return total


def _leaders_crossing(picture: Drawn, badges: Sequence[Badge]) -> int:
    lines = [(badge.place, badge.leader) for badge in badges if badge.leader is not None]
    if not lines:
        return 0
    # A leader ends on the link it leads to, which is no crossing.
    led = np.array(lines, np.float64)
    led[:, 1] += 0.02 * (led[:, 0] - led[:, 1])
    among = meeting_pairs(led, led.min(axis=1), led.max(axis=1)).sum()
    return int(among + meeting_pairs(picture.paths, picture.low, picture.high, led).sum())


def _extent(picture: Drawn, labels: Numbers) -> tuple[float, float]:
    if not len(labels):
        return 0.0, 0.0
    points = np.concatenate(
        [labels[:, :2] - labels[:, 2:], labels[:, :2] + labels[:, 2:], picture.low, picture.high]
    )
    size = points.max(axis=0) - points.min(axis=0)
    return float(size[0]), float(size[1])
