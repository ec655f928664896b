"""Statements about runs, such as "R6 dominates before 2050 and peak irregular > 1e6".

In: a text and ``Ensemble``.  Out: ``Judged``: for each run 1 (true), 0 (false) or NaN (unknown: it
failed before that could be said).  The text is data: words are compared with the names of the
sweep, and nothing in it is executed::

    statement  = clause, joined by "and" and "or" ("and" binds stronger), with "not" and ( )
    clause     = LOOP ["always" | "never"] "dominates" [WHEN]
               | "share of" LOOP "at" TIME SIGN NUMBER
               | ["first" | "last" | "no"] "shift" [WHEN]
               | "shifts" SIGN NUMBER
               | METRIC SIGN NUMBER | METRIC "is" LABEL | SERIES "at" TIME SIGN NUMBER
    WHEN       = "at" TIME | "before" TIME | "after" TIME | "from" TIME "to" TIME
    SIGN       = < <= > >=

A loop dominates in a window if it does at some saved time of it.  Names may be quoted; case, spaces
and underscores do not matter.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from loopscope.analysis.dominating.ensemble import FAILED, UNDEFINED
from loopscope.loops.style import shortened
from loopscope.models.errors import StudyError, did_you_mean
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from loopscope.analysis.dominating.ensemble import Ensemble

    Numbers = NDArray[np.float64]

WORDS = re.compile(r'"[^"]*"|<=|>=|==|!=|[<>=()]|[^\s<>=!()"]+|.')
SIGNS: dict[str, Callable[[Numbers, float], NDArray[np.bool_]]] = {
    "<": lambda values, level: values < level,
    "<=": lambda values, level: values <= level,
    ">": lambda values, level: values > level,
    ">=": lambda values, level: values >= level,
}
FORMS = (
    "'R1 dominates before 2050', 'share of R1 at 2030 > 0.5', 'first shift before 2030', "
    "'shifts >= 2', 'peak > 1e6', or 'people at 2030 > 100'"
)
DEEPEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A statement, and whether it holds in each run.

    Attributes
    ----------
    holds
        1, 0 or NaN, dims (run,).
    """

    text: str
    holds: Numbers

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether it can be said of each run, dims (run,)."""
        return np.isfinite(self.holds)


def judge(text: str, ensemble: Ensemble) -> Judged:
    """Return in which runs a statement holds.

    Raises
    ------
    StudyError
        The text does not follow the grammar, or names what the sweep does not have.
    """
    words = WORDS.findall(text)
    reader = _Reader(text, [word for word in words if word.strip()], ensemble)
    return Judged(text=text, holds=reader.whole())


class _Reader:
    """Reads words from left to right; each method takes what it understands."""

    def __init__(self, text: str, words: list[str], ensemble: Ensemble) -> None:
        self.text, self.words, self.ensemble = text, words, ensemble
        self.at = 0
        self.depth = 0
        swept = ensemble.swept
        roles = {str(name): one.attrs.get("role", "") for name, one in swept.data_vars.items()}
        self.metrics = {key(name): name for name, role in roles.items() if role == "metric"}
        self.series = {key(name): name for name, role in roles.items() if role == "series"}
        self.loops = {key(name): place for place, name in enumerate(ensemble.names) if name}
        self.loops |= {key(one): place for place, one in enumerate(ensemble.loops)}

    def fail(self, why: str) -> NoReturn:
        msg = f"statement '{self.text}': {why}"
        raise StudyError(msg) from None

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.words[place].casefold() if place < len(self.words) else ""

    def take(self, *wanted: str) -> bool:
        """Take the next words if they are these."""
        found = all(self.peek(place) == word for place, word in enumerate(wanted))
        if found:
            self.at += len(wanted)
        return found

    def whole(self) -> Numbers:
        if not self.words:
            self.fail(f"it is empty; write, say, {FORMS}")
        found = self.either()
        if self.at < len(self.words):
            msg = f"'{self.words[self.at]}' is left over; join clauses by 'and' or 'or'"
            self.fail(msg)
        return found

    def either(self) -> Numbers:
        found = self.both()
        while self.take("or"):
            found = _or(found, self.both())
        return found

    def both(self) -> Numbers:
        found = self.one()
        while self.take("and"):
            found = _and(found, self.one())
        return found

    def one(self) -> Numbers:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"it is nested more than {DEEPEST} deep")
        try:
            if self.take("not"):
                return 1.0 - self.one()
            if self.take("("):
                found = self.either()
                if not self.take(")"):
                    self.fail("a parenthesis is not closed")
                return found
            return self.clause()
        finally:
            self.depth -= 1

    def clause(self) -> Numbers:
        if self.take("share", "of"):
            place = self.loops[self.name(self.loops, "loop")]
            moment = self.ensemble.moment(self.time_after("at"))
            relative = self.ensemble.swept["relative"].transpose("run", ..., "loop")
            return self.compared(np.abs(np.asarray(relative[:, moment, place], dtype=np.float64)))
        if self.peek() in ("first", "last", "no", "shift"):
            found = self.shift()
            if found is not None:
                return found
        if self.peek() == "shifts" and self.peek(1) in SIGNS:
            self.at += 1
            counts = self.ensemble.shifts.count(self.ensemble.runs).astype(np.float64)
            return self.compared(np.where(self.ensemble.failed, np.nan, counts))
        names = {**dict.fromkeys(self.loops, ""), **self.metrics, **self.series}
        name = self.name(names, "loop, metric or series")
        if name in self.loops and self.peek() in ("dominates", "always", "never"):
            return self.dominates(self.loops[name])
        if name in self.metrics:
            return self.metric(self.metrics[name])
        if name in self.series:
            return self.value_of(self.series[name])
        loop = self.ensemble.loops[self.loops[name]]
        return self.fail(f"what about loop {loop}? Write 'dominates' after it")

    def dominates(self, place: int) -> Numbers:
        word = self.peek() if self.peek() in ("always", "never") else ""
        self.at += bool(word)
        if not self.take("dominates"):
            self.fail(f"'dominates' must follow '{word}'")
        window = self.window(self.ensemble.time)
        leader = self.ensemble.leader[:, window]
        holds = np.where((leader == FAILED) | (leader == UNDEFINED), np.nan, leader == place)
        if word == "always":
            return _all(holds)
        ever = 1.0 - _all(1.0 - holds)
        return 1.0 - ever if word == "never" else ever

    def shift(self) -> Numbers | None:
        which = self.peek()
        ahead = 0 if which == "shift" else 1
        if self.peek(ahead) != "shift":
            return None
        self.at += ahead + 1
        ensemble = self.ensemble
        low, high, open_low, open_high = self.bounds()
        times = ensemble.shifts.time
        inside = ((times > low) if open_low else (times >= low)) & (
            (times < high) if open_high else (times <= high)
        )
        if which == "first":
            kept = np.ones(len(times), dtype=bool)
            kept[1:] = ensemble.shifts.run[1:] != ensemble.shifts.run[:-1]
            inside &= kept
        if which == "last":
            kept = np.ones(len(times), dtype=bool)
            kept[:-1] = ensemble.shifts.run[1:] != ensemble.shifts.run[:-1]
            inside &= kept
        found = np.zeros(ensemble.runs)
        found[ensemble.shifts.run[inside]] = 1.0
        # A run that fails might have shifted after; its last shift is not known at all.
        unsure = ensemble.failed & (ensemble.failed_at <= high)
        if which == "last":
            unsure = ensemble.failed
        found[unsure & ((found == 0.0) | (which == "last"))] = np.nan
        return 1.0 - found if which == "no" else found

    def metric(self, name: str) -> Numbers:
        values = np.asarray(self.ensemble.metric(name).values, dtype=np.float64)
        labels = self.ensemble.metric(name).attrs.get("labels")
        if labels is None:
            return self.compared(values)
        known = [str(one) for one in json.loads(labels)]
        if not self.take("is"):
            self.fail(f"'{name}' has labels: write '{name} is {known[0]}'")
        code = [key(one) for one in known].index(self.name({key(one): one for one in known}, name))
        return np.where(np.isnan(values), np.nan, values == code)

    def value_of(self, name: str) -> Numbers:
        if self.peek() != "at":
            self.fail(f"'{name}' is a series: say when, as '{name} at 2030 > 100'")
        when = self.time_after("at")
        series = self.ensemble.swept[name].transpose("run", "time")
        time = np.asarray(series["time"].values, dtype=np.float64)
        if not time[0] - 1e-9 <= when <= time[-1] + 1e-9:
            self.fail(f"time {when:g} is outside the run, {time[0]:g} to {time[-1]:g}")
        nearest = int(np.argmin(np.abs(time - when)))
        return self.compared(np.asarray(series[:, nearest].values, dtype=np.float64))

    def compared(self, values: Numbers) -> Numbers:
        sign = self.peek()
        if sign not in SIGNS:
            got = f", not '{sign}'" if sign else ""
            self.fail(f"one of {' '.join(SIGNS)} must follow{got}")
        self.at += 1
        level = self.number(f"a number must follow '{sign}'")
        return np.where(np.isnan(values), np.nan, SIGNS[sign](values, level))

    def window(self, time: Numbers) -> NDArray[np.bool_]:
        low, high, open_low, open_high = self.bounds()
        # A saved time is computed, so it may miss the number written by rounding.
        near = 1e-9 * max(1.0, float(np.abs(time).max()))
        above = time > low + near if open_low else time >= low - near
        below = time < high - near if open_high else time <= high + near
        found = above & below
        if low == high:
            found = np.arange(len(time)) == self.ensemble.moment(low)
        if not found.any():
            self.fail(f"no saved time is in the window; the run has {time[0]:g} to {time[-1]:g}")
        return found

    def bounds(self) -> tuple[float, float, bool, bool]:
        """Take a window; return its ends, and whether each is left out."""
        word = self.peek()
        if word in ("at", "before", "after", "from"):
            self.at += 1
            first = self.number(f"a time must follow '{word}'")
            if word == "at":
                return first, first, False, False
            if word == "before":
                return -math.inf, first, False, True
            if word == "after":
                return first, math.inf, True, False
            last = self.time_after("to")
            if last < first:
                self.fail(f"the window from {first:g} to {last:g} ends before it begins")
            return first, last, False, False
        return -math.inf, math.inf, False, False

    def time_after(self, word: str) -> float:
        if not self.take(word):
            got = f", not '{self.peek()}'" if self.peek() else ""
            self.fail(f"'{word}' and a time must follow{got}")
        return self.number(f"a time must follow '{word}'")

    def number(self, otherwise: str) -> float:
        word = self.peek()
        try:
            value = float(word.replace("_", "x"))
        except ValueError:
            got = f", not '{word}'" if word else ""
            self.fail(otherwise + got)
        if not math.isfinite(value):
            self.fail(f"{otherwise}, not '{word}'")
        self.at += 1
        return value

    def name(self, known: dict[str, int] | dict[str, str], what: str) -> str:
        """Take the longest run of words that is a name; return its key."""
        for length in range(len(self.words) - self.at, 0, -1):
            found = key(" ".join(self.words[self.at : self.at + length]))
            if found in known:
                self.at += length
                return found
        word = self.words[self.at] if self.at < len(self.words) else ""
        if not word:
            self.fail(f"the name of a {what} is missing at the end")
        rest = " ".join(self.words[self.at :])
        head = re.split(r"\s(?:at|is|dominates|always|never|and|or)(?:\s|$)|[<>=]", rest)[0].strip()
        has = ", ".join([*self.ensemble.loops, *self.metrics.values(), *self.series.values()])
        hint = did_you_mean(head, known) or f"; it has {shortened(has, 200)}"
        return self.fail(f"the sweep has no {what} '{head}'{hint}")


def _and(one: Numbers, other: Numbers) -> Numbers:
    false = (one == 0) | (other == 0)
    return np.where(false, 0.0, np.where(np.isnan(one) | np.isnan(other), np.nan, 1.0))


def _or(one: Numbers, other: Numbers) -> Numbers:
    return 1.0 - _and(1.0 - one, 1.0 - other)


def _all(holds: Numbers) -> Numbers:
    """Return whether all hold along the last dim, in three values."""
    false = (holds == 0).any(axis=-1)
    return np.where(false, 0.0, np.where(np.isnan(holds).any(axis=-1), np.nan, 1.0))
