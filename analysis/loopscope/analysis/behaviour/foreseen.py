"""Modes of behaviour that somebody foresaw, and those that come about all the same.

In: the ``modes`` statements of a model's ``checks.toml``, or a caller's lists.  Out: for each
variable the modes that are listed; surprises, in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loopscope.analysis.behaviour.classifying import FAMILY, LOCK_IN, MODES, is_listed
from loopscope.models.errors import LoopscopeError, StudyError, did_you_mean
from loopscope.models.names import key
from loopscope.models.statement import Modes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import xarray as xr

Lists = dict[str, frozenset[str]]
"""Listed modes, by folded name of the variable; a variable that no list speaks of is absent."""


def documented(model: str | Path) -> Lists:
    """Return the modes that a model's ``modes`` statements list.

    Empty where the model has no such statement, or is not where it was.
    """
    from loopscope.models.source import locate
    from loopscope.models.statement_file import statements

    try:
        _, path = locate(model)
        stated = statements(path)
    except LoopscopeError:
        return {}
    found: Lists = {}
    for statement in stated.values():
        if isinstance(statement, Modes):
            for name in statement.of:
                found[key(name)] = found.get(key(name), frozenset()) | frozenset(statement.listed)
    return found


def given(listed: Sequence[str] | Mapping[str, Sequence[str]], outcomes: Iterable[str]) -> Lists:
    """Return a caller's lists: one for all outcomes, or one for each variable.

    Raises
    ------
    StudyError
        There is no such mode.
    """
    by_name = (
        dict(listed) if isinstance(listed, Mapping) else dict.fromkeys(outcomes, tuple(listed))
    )
    allowed = (*MODES, *dict.fromkeys(FAMILY.values()), LOCK_IN)
    for names in by_name.values():
        for mode in names:
            if mode not in allowed:
                hint = did_you_mean(mode, allowed) or f"; there are {', '.join(allowed)}"
                msg = f"there is no mode of behaviour '{mode}'{hint}"
                raise StudyError(msg)
    return {key(name): frozenset(names) for name, names in by_name.items()}


def covers(lists: Lists, name: str, mode: str) -> bool:
    """Return whether a mode of a variable is listed, or no list speaks of the variable."""
    return key(name) not in lists or is_listed(mode, lists[key(name)])


def surprises(found: xr.Dataset, lists: Lists) -> list[str]:
    """Return what came about although a list that speaks of the variable has it not, in words."""
    told = []
    for name in map(str, found["outcome"].values):
        for scenario in map(str, found["scenario"].values):
            part = found.sel(outcome=name, scenario=scenario)
            where = f" ({scenario})" if scenario else ""
            for mode in MODES:
                count = int(part["count"].sel(mode=mode))
                if count and not covers(lists, name, mode):
                    share = float(part["share"].sel(mode=mode))
                    told.append(
                        f"{name}{where}: {mode}, not listed, in {count:,} runs ({share:.2%})"
                    )
        if "lock_in" in found and not covers(lists, name, LOCK_IN):
            share = float(found["lock_in"].sel(outcome=name))
            if share > 0:
                told.append(f"{name}: {LOCK_IN}, not listed, in {share:.2%} of the runs")
    return told
