"""What is said beside a diagram: title, subtitle, notes.

Stage 1 of 5.  In: what was chosen and read.  Out: a ``Caption``.  It says what part of the change
the loops shown carry, in what period or at what time, and what is not shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.loops.diagrams.choosing.authored import names_of
from loopscope.loops.diagrams.choosing.picking import main_partition, partition_number
from loopscope.loops.diagrams.choosing.signing import PROVED
from loopscope.loops.diagrams.choosing.weighing import SPREAD
from loopscope.loops.diagrams.diagram import Caption
from loopscope.loops.methods import METHODS
from loopscope.loops.pictures import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.diagrams.choosing.picking import Picked
    from loopscope.loops.diagrams.choosing.reading import Reading
    from loopscope.loops.diagrams.records import Sketch
    from loopscope.loops.finding.found import Loops
    from loopscope.loops.loop import Loop

NOT_DRAWN = "Not drawn, for no two variables are in it"
"""Begins the note on loops that a causal loop diagram cannot show."""

LISTED = 6
"""Names that a note lists."""


def caption_of(
    found: Loops,
    picked: Picked,
    sketch: Sketch,
    reading: Reading | None,
    *,
    cut: int = 0,
    footnotes: tuple[tuple[str, str], ...] = (),
    more: Sequence[str] = (),
    title: str = "",
    subtitle: str = "",
) -> Caption:
    """Return what is said beside a diagram.

    Parameters
    ----------
    cut
        Loops that were chosen and found no room.
    more
        Further notes.
    title, subtitle
        In place of those that are made up.
    """
    model = found.graph.model
    shown = [found[loop.id] for loop in sketch.loops]
    part = explained(shown, reading)
    notes = [
        *_chosen(found, picked, shown, part, reading, cut),
        *_scores(shown, reading, model.clock.units),
        *_shading(sketch),
        *_signs(sketch),
        *_open(sketch),
        *_names(sketch, shown),
        *_undrawn(picked, reading),
        *more,
    ]
    method = "" if reading is None else reading.method
    names = {name for link in sketch.links for name in (*link.pair, *link.through)}
    names.update(node.name for node in sketch.nodes)
    units = model.clock.units
    return Caption(
        title=title or called(model.name),
        subtitle=subtitle or _subtitle(picked, part, reading, units),
        notes=tuple(notes), footnotes=footnotes, model=model.name,
        scenario="" if reading is None else reading.scenario,
        method=_title(method),
        at=None if reading is None else reading.at, time_units=units,
        explained=part, loops_left=None if found.count is None else found.count - len(shown),
        statement=found.statement,
        left_out=tuple(name for name in names_of(found.graph) if name not in names),
    )  # fmt: skip


def explained(shown: Sequence[Loop], reading: Reading | None) -> float | None:
    """Return the share of the change that loops of the largest partition carry."""
    if reading is None or not reading.speaks or not shown:
        return None
    number = main_partition(shown)
    inside = [loop.id for loop in shown if partition_number(loop) == number]
    return min(1.0, reading.together(inside))


def when(reading: Reading, units: str) -> str:
    """Return the time of a reading in words: "at 24 Day", "on average from 0 to 200 Day".

    Notes
    -----
    A unit of years is left out: "at 2015".
    """
    unit = "" if units.casefold().rstrip("s") == "year" else f" {units}".rstrip()
    if reading.at is not None:
        return f"at {reading.at:g}{unit}"
    return f"on average from {reading.start:g} to {reading.stop:g}{unit}"


def _subtitle(picked: Picked, part: float | None, reading: Reading | None, units: str) -> str:
    if reading is None or part is None:
        return _big(picked.why)
    over = f", median of {reading.runs:,} runs" if reading.runs is not None else ""
    under = f"scenario '{reading.scenario}', " if reading.scenario else ""
    begin = _big(f"{under}{when(reading, units)}{over}")
    return f"{begin}: {picked.why}, {percent(part)} of {_whole(reading)}"


def _whole(reading: Reading) -> str:
    """Return what shares are shares of, by the method."""
    if reading.method == "ltm":
        return "the change"
    return f"all scores by {_title(reading.method)}"


def _title(method: str) -> str:
    return METHODS[method].title if method in METHODS else method


def _chosen(
    found: Loops,
    picked: Picked,
    shown: Sequence[Loop],
    part: float | None,
    reading: Reading | None,
    cut: int,
) -> list[str]:
    if not shown:
        return [f"Loops of the model: {found.statement}."] if found.count != 0 else []
    units = found.graph.model.clock.units
    told = len(shown) + len(picked.undrawn)
    left = None if found.count is None else found.count - told
    others = f"; {left:,} other {'loop is' if left == 1 else 'loops are'} not shown" if left else ""
    what = _big(picked.why)
    if part is not None and reading is not None:
        carry = "carry" if "loops" in picked.why else "carries"
        of = _whole(reading) + (" in the largest partition" if _several(shown) else "")
        what += f" {carry} {percent(part)} of {of} {when(reading, units)}"
    notes = [f"{what}{others}."]
    if left != 0:
        notes.append(f"Loops of the model: {found.statement}.")
    if cut:
        notes.append(f"{cut} more of these found no room in one picture.")
    if _several(shown):
        notes.append("The loops are of several partitions, whose scores never compare.")
    return notes


def percent(share: float) -> str:
    """Return a share as a reader sees it.

    Examples
    --------
    >>> percent(0.127), percent(0.0), percent(0.002)
    ('13%', '0%', 'under 1%')
    """
    return "under 1%" if 0.0 < share < 0.01 else f"{share:.0%}"


def _several(shown: Sequence[Loop]) -> bool:
    return len({partition_number(loop) for loop in shown}) > 1


def _big(text: str) -> str:
    return text[:1].upper() + text[1:]


def _scores(shown: Sequence[Loop], reading: Reading | None, units: str) -> list[str]:
    if reading is None:
        return []
    notes = []
    if reading.asked is not None and reading.at != reading.asked:
        notes.append(
            f"Scores are those at {reading.at:g}, the saved time nearest to {reading.asked:g}."
        )
    if not reading.speaks:
        notes.append(f"No loop has a score {when(reading, units)}: {_why(reading)}.")
        return notes
    if reading.links is None:
        notes.append(
            "Width of a link: sum of the scores of the loops shown through it, for there are no "
            "link scores."
        )
    rows = [reading.rows[loop.id] for loop in shown if loop.id in reading.rows]
    states = {reading.statuses[row] for row in rows} if reading.statuses else set()
    if "inflection" in states:
        notes.append(
            "A rate turns at this time: raw scores have no bound, the shares shown are their limit."
        )
    silent = [loop.id for loop in shown if reading.score(loop.id) is None]
    if silent:
        notes.append(f"Without a score: {listed(silent)}.")
    return notes


def _why(reading: Reading) -> str:
    states = set(reading.statuses)
    if states == {"equilibrium"}:
        return "nothing moves, so the method has nothing to say"
    if "undefined" in states:
        return "the method is not defined there"
    return "nothing that moves is in a loop"


def _shading(sketch: Sketch) -> list[str]:
    ids = [loop.id for loop in sketch.loops if loop.shaded]
    if not ids:
        return []
    return [f"Shaded: {listed(ids)}, half or more of the total at this time."]


def _open(sketch: Sketch) -> list[str]:
    ids = [loop.id for loop in sketch.loops if loop.id.startswith("U") and loop.polarity != "U"]
    if not ids:
        return []
    return [f"Reinforcing or balancing as the links shown are, not proved: {listed(ids)}."]


def _names(sketch: Sketch, shown: Sequence[Loop]) -> list[str]:
    authored = {loop.id: loop.name for loop in shown}
    if any(loop.name and not authored[loop.id] for loop in sketch.loops):
        return ["A name with 'via' is made up: what no other loop shown passes."]
    return []


def _signs(sketch: Sketch) -> list[str]:
    by_basis: dict[str, int] = {}
    unsettled = 0
    for link in sketch.links:
        basis, _, spread = link.basis.partition("; ")
        unsettled += spread.startswith(SPREAD)
        if basis not in ("", PROVED):
            by_basis[basis] = by_basis.get(basis, 0) + 1
    notes = []
    if by_basis:
        told = ", ".join(f"{count} {basis}" for basis, count in sorted(by_basis.items()))
        notes.append(f"Signs of links that are not proved from the equations: {told}.")
    if unsettled:
        notes.append(
            f"{unsettled} links are dashed because their width differs by more than a factor of 2, "
            "or their sign, within 90 % of the runs."
        )
    return notes


def _undrawn(picked: Picked, reading: Reading | None) -> list[str]:
    if not picked.undrawn:
        return []
    told = listed([f"{loop.id} ({loop.name or loop.path[0]})" for loop in picked.undrawn])
    part = reading.together([loop.id for loop in picked.undrawn]) if reading else 0.0
    carry = f"; they carry {percent(part)} more" if part > 0 else ""
    return [f"{NOT_DRAWN}: {told}{carry}."]


def listed(names: Sequence[str], most: int = LISTED) -> str:
    """Return names in a row, the first ones where there are many.

    Examples
    --------
    >>> listed(["R1", "B2", "B3"], most=2)
    'R1, B2 and 1 more'
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
