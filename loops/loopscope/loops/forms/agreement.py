"""What equivalent forms of a model's equations agree on, and what they do not.

Stage 4 of 4.  In: what ``formulation`` compared.  Out: ``Audit``, its tables and its sentences.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from loopscope.loops.graph import CausalGraph, Partition
    from loopscope.loops.replay import Numbers

AUTHORED = "authored"
TIE = 1e-9
"""Distance from a half below which neither polarity is ahead."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one form changes in one partition.

    Attributes
    ----------
    form, title
        Its name, and what it does; ``AUTHORED`` for the equations as they are.
    stocks
        Stocks of the partition.
    loops
        Number of loops; 0 where they were not summed.
    change, when
        Largest change of the reinforcing share (of the sum of magnitudes over all loops, by
        continuous scores) from the authored form, dimensionless, and its time; NaN where there is
        nothing to compare.
    differs
        Stretches of time in which another polarity is ahead than in the authored form, as (first,
        last) saved times.
    shifts
        Times at which the polarity ahead changes in this form, between saved times by
        interpolation.
    discrete
        Largest change of the reinforcing share by discrete scores; NaN where every step is not
        saved, or it was not asked for.
    jacobian
        Largest difference of an entry of the Jacobian, over its norm, in units of the stocks'
        own: rounding, or the form is not equivalent.
    reason
        Why there is nothing to compare; empty where there is.
    """

    form: str
    title: str
    stocks: tuple[str, ...]
    loops: int
    change: float = float("nan")
    when: float = float("nan")
    differs: tuple[Span, ...] = ()
    shifts: tuple[float, ...] = ()
    discrete: float = float("nan")
    jacobian: float = float("nan")
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the formulation of a model decides, and what it does not.

    Attributes
    ----------
    graph
        The traced graph.
    verdicts
        For each partition, the authored form first.
    time
        Saved times that were looked at, dims (time,).
    shares
        Reinforcing share by (form, number of the authored partition), dims (time,); NaN at rest.
    """

    graph: CausalGraph
    verdicts: tuple[Verdict, ...]
    time: Numbers
    shares: Mapping[tuple[str, int], Numbers]

    @property
    def statement(self) -> str:
        """One line for each partition: what changes, and what does not."""
        return "\n".join(self._of(part) for part in self.graph.partitions)

    def agreed(self, partition: int = 0) -> tuple[tuple[float, float, str], ...]:
        """Return stretches of time in which the same polarity is ahead in every form.

        Returns
        -------
        tuple
            (first saved time, last one, "R" or "B").
        """
        own = [share for (_, number), share in self.shares.items() if number == partition]
        signs = np.array([ahead(share) for share in own]).reshape(len(own), len(self.time))
        found: list[tuple[float, float, str]] = []
        for sign, letter in ((1, "R"), (-1, "B")):
            found += [
                (first, last, letter)
                for first, last in spans(self.time, (signs == sign).all(axis=0))
            ]
        return tuple(sorted(found))

    def _of(self, part: Partition) -> str:
        own = [one for one in self.verdicts if one.stocks == part.stocks and one.form != AUTHORED]
        compared = [one for one in own if not one.reason]
        label = ", ".join(part.stocks[:3]) + (" ..." if len(part.stocks) > 3 else "")
        if not compared:
            why = "; ".join(dict.fromkeys(f"{one.form}: {one.reason}" for one in own))
            return f"{label}: no other form to compare with ({why})"
        worst = max(compared, key=lambda one: np.nan_to_num(one.change))
        counts = sorted(one.loops for one in self.verdicts if one.stocks == part.stocks)
        text = f"{label}: in {len(compared)} other forms the Jacobian is the same"
        text += f"; there are {_from_to([n for n in counts if n])} loops"
        if not worst.change > TIE:
            return f"{text}; shares of polarities do not change"
        text += f", and the reinforcing share changes by up to {worst.change:.3g}"
        text += f" ({worst.form}, at {worst.when:g})"
        differing = [one for one in compared if one.differs]
        if not differing:
            return f"{text}; the polarity ahead is the same at all saved times"
        names = ", ".join(f"'{one.form}'" for one in differing)
        first = min(span[0] for one in differing for span in one.differs)
        last = max(span[1] for one in differing for span in one.differs)
        return f"{text}; another polarity is ahead with {names}, between {first:g} and {last:g}"

    def __str__(self) -> str:
        lines = [self.statement]
        for one in self.verdicts:
            what = one.reason or (
                f"{one.loops} loops, change {one.change:.3g} at {one.when:g}"
                if one.form != AUTHORED
                else f"{one.loops} loops"
            )
            spans = ", ".join(f"{a:g}-{b:g}" for a, b in one.differs)
            shifts = ", ".join(f"{moment:g}" for moment in one.shifts)
            more = f"; another polarity ahead: {spans}" if spans else ""
            more += f"; shifts at {shifts}" if shifts else ""
            lines.append(f"{one.form}: {what}{more}")
        return "\n".join(lines)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each form and partition, as plain values."""
        return [
            {
                "form": one.form,
                "title": one.title,
                "stocks": list(one.stocks),
                "loops": one.loops,
                "change": one.change,
                "when": one.when,
                "differs": [list(span) for span in one.differs],
                "shifts": list(one.shifts),
                "discrete": one.discrete,
                "jacobian": one.jacobian,
                "reason": one.reason,
            }
            for one in self.verdicts
        ]

    def to_dataset(self) -> xr.Dataset:
        """Return ``reinforcing``: dims (form, partition, time), dimensionless, NaN at rest."""
        import xarray as xr

        names = list(dict.fromkeys(name for name, _ in self.shares))
        count = len(self.graph.partitions)
        values = np.full((len(names), count, len(self.time)), np.nan)
        for (name, number), share in self.shares.items():
            values[names.index(name), number] = share
        text = {"units": "1", "long_name": "reinforcing share of the magnitudes of all loops"}
        return xr.Dataset(
            {"reinforcing": (("form", "partition", "time"), values, text)},
            coords={
                "form": ("form", np.array(names, dtype=np.str_)),
                "stocks": (
                    "partition",
                    np.array([", ".join(p.stocks) for p in self.graph.partitions], dtype=np.str_),
                ),
                "time": ("time", self.time, {"units": self.graph.model.clock.units}),
            },
            attrs={"model": self.graph.model.name, "statement": self.statement},
        )


def ahead(share: Numbers) -> Numbers:
    """Return 1 where reinforcing loops are ahead, -1 where balancing ones are, else 0."""
    known = np.where(np.isfinite(share), share, 0.5)
    return np.where(np.abs(known - 0.5) <= TIE, 0.0, np.sign(known - 0.5))


def spans(time: Numbers, where: Any) -> tuple[Span, ...]:
    """Return stretches of saved times that are marked, as (first, last)."""
    found: list[Span] = []
    first: float | None = None
    for number, inside in enumerate(where):
        if inside and first is None:
            first = float(time[number])
        if first is not None and (not inside or number == len(time) - 1):
            found.append((first, float(time[number if inside else number - 1])))
            first = None
    return tuple(found)


def shifts(time: Numbers, share: Numbers) -> tuple[float, ...]:
    """Return the times at which the share passes a half."""
    found = []
    rows = np.flatnonzero(ahead(share))
    for before, after in itertools.pairwise(rows):
        a, b = share[before] - 0.5, share[after] - 0.5
        if a * b < 0:
            found.append(float(time[before] + (time[after] - time[before]) * a / (a - b)))
    return tuple(found)


def _from_to(counts: Sequence[int]) -> str:
    if not counts:
        return "no"
    return f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
