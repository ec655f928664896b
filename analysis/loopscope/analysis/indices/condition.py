"""Conditions on runs, as a user writes them: "peak irregular > 1e6".

Stage 2 of 5.  In: a text and the Dataset of a sweep.  Out: for each run whether it holds, and
whether that is known.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.indices.outcomes import IS, known_outcomes, labels_of, read, times_of
from loopscope.analysis.indices.times import nearest
from loopscope.models.errors import StudyError, UnknownNameError, did_you_mean, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.analysis.indices.outcomes import Outcome

FORM = re.compile(
    r"^\s*(?P<name>.+?)(?:\s+at\s+(?P<at>[-+\d.eE]+))?\s*"
    r"(?P<sign>>=|<=|!=|==|>|<|=|\bis\s+not\b|\bis\b)\s*(?P<value>.+?)\s*$"
)
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "=": operator.eq, "==": operator.eq, "is": operator.eq,
    "!=": operator.ne, "is not": operator.ne,
}  # fmt: skip
EXAMPLE = "as in 'peak irregular > 1e6', 'irregular migrants at 2050 < 2e5' or 'mode is collapse'"


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one outcome with one value.

    Attributes
    ----------
    text
        As written, on one line.
    outcome
        What is compared.
    place
        Of the time along its dim; None for what has no time.
    sign
        A key of ``SIGNS``.
    value
        In the unit of the outcome; 1 for a label.
    """

    text: str
    outcome: Outcome
    place: int | None
    sign: str
    value: float

    def holds(self, swept: xr.Dataset) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whether it holds, and whether that is known, dims (run,)."""
        places = None if self.place is None else np.array([self.place])
        values = read(swept, self.outcome, places)[:, 0]
        known = np.isfinite(values)
        return SIGNS[self.sign](values, self.value) & known, known


def condition_of(text: str, swept: xr.Dataset) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text
        "NAME SIGN VALUE", or "NAME at TIME SIGN VALUE" for what has a time; signs are >, >=, <,
        <=, =, !=, "is" and "is not".  A metric of labels is compared with a label.

    Raises
    ------
    StudyError
        Not of that form; a time that is missing or outside of the run.
    UnknownNameError
        A name or a label that the sweep does not have.
    """
    found = FORM.match(text) if isinstance(text, str) else None
    if found is None:
        msg = f"condition {shown(text)} is not a comparison {EXAMPLE}"
        raise StudyError(msg)
    sign = " ".join(found["sign"].split())
    known = known_outcomes(swept)
    clean = " ".join(text.split())
    labelled = [n for n, v in swept.data_vars.items() if "labels" in v.attrs]
    metric = next((n for n in labelled if key(str(n)) == key(found["name"])), None)
    if metric is not None:
        return _of_label(clean, str(metric), sign, found["value"], known, labels_of(swept[metric]))
    names = {key(one.name): one for one in known if one.kind != "indicator"}
    if key(found["name"]) not in names:
        hint = did_you_mean(found["name"], [one.name for one in known])
        msg = f"condition {shown(text)}: the sweep keeps nothing called '{found['name']}'{hint}"
        raise UnknownNameError(msg)
    outcome = names[key(found["name"])]
    try:
        value = float(found["value"].replace("_", ""))
    except ValueError:
        msg = f"condition {shown(text)}: '{found['value']}' is not a number"
        raise StudyError(msg) from None
    place = None
    if outcome.timed:
        if found["at"] is None:
            msg = (
                f"condition {shown(text)}: '{outcome.name}' has a value at each time; say which, "
                f"{EXAMPLE}"
            )
            raise StudyError(msg)
        times = times_of(swept, outcome)
        place = int(nearest(times, [float(found["at"])])[0])
    elif found["at"] is not None:
        msg = (
            f"condition {shown(text)}: metric '{outcome.name}' has one value a run, leave 'at' out"
        )
        raise StudyError(msg)
    return Condition(clean, outcome, place, sign, value)


def _of_label(
    text: str,
    metric: str,
    sign: str,
    label: str,
    known: Sequence[Outcome],
    labels: Sequence[str],
) -> Condition:
    if SIGNS[sign] not in (operator.eq, operator.ne):
        msg = f"condition {shown(text)}: '{metric}' holds labels; compare with 'is' or 'is not'"
        raise StudyError(msg)
    bare = label.strip("'\"")
    name = key(f"{metric}{IS}{bare}")
    outcome = next((one for one in known if key(one.name) == name), None)
    if outcome is None:
        hint = did_you_mean(bare, labels) or f"; there are {', '.join(labels)}"
        if key(bare) in map(key, labels):
            hint = "; no run has it"
        msg = f"condition {shown(text)}: '{bare}' is no label of '{metric}' that occurs{hint}"
        raise UnknownNameError(msg)
    return Condition(text, outcome, None, sign, 1.0)
