"""Which parameters a study sweeps, and how.

In: a study, its model, and the scenarios and the case that its runs are of.  Out: ``Sweep``: names
and distributions.  A constant that a run takes from elsewhere, or that decides the structure, is
refused; with ``parameters = "all"`` it is left out, and the result says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.analysis.study.designs.design import interval
from loopscope.analysis.study.records import AsDeclared
from loopscope.models.distribution import Fixed, Uniform
from loopscope.models.errors import StudyError, did_you_mean
from loopscope.models.names import key
from loopscope.models.parameters import declared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loopscope.analysis.study.records import Study
    from loopscope.models.case import Case
    from loopscope.models.distribution import Distribution
    from loopscope.models.engine.prepared import Facts, Prepared
    from loopscope.models.parameters import Declared
    from loopscope.models.scenario import Scenario


Limits = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What is swept.

    Attributes
    ----------
    names, distributions, base
        See ``Settled``; "fixed" where the design gives the values.
    limits
        Declared range of each; None where open.
    ranks
        Rank correlations by the places of two parameters.
    notes
        What was left out, in words.
    """

    names: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    base: tuple[float, ...]
    limits: tuple[Limits, ...]
    ranks: Mapping[tuple[int, int], float]
    notes: tuple[str, ...]


def swept_of(
    prepared: Prepared,
    study: Study,
    case: Case | None,
    scenarios: Sequence[Scenario | None],
    listed: tuple[str, ...] | None = None,
) -> Sweep:
    """Return what a study sweeps.

    Parameters
    ----------
    listed
        Names that a file of values has, for a design that takes them from there.

    Raises
    ------
    UnknownNameError
        No such parameter.
    StudyError
        One that cannot be swept, or not like that; nothing to sweep; correlations that cannot be.
    """
    known = {key(one.name): one for one in declared(prepared.path).values()}
    found: dict[str, Distribution] = {}
    notes: list[str] = []
    if listed is not None:
        _only_names(study, listed)
        for name in listed:
            found[_sweepable(prepared, study, case, scenarios, name).name] = Fixed()
    elif study.parameters == "all":
        found, notes = _all(prepared, known, study, case, scenarios)
    else:
        assert isinstance(study.parameters, dict)
        for name, wanted in study.parameters.items():
            facts = _sweepable(prepared, study, case, scenarios, name)
            if facts.name in found:
                msg = f"parameters: '{facts.name}' stands there twice; keep one"
                raise StudyError(msg)
            row = known.get(key(facts.name))
            if isinstance(wanted, AsDeclared) and study.design.gives(facts.name):
                found[facts.name] = Fixed()
                continue
            given = _declared(facts, row) if isinstance(wanted, AsDeclared) else wanted
            _check(facts, given, row, study)
            found[facts.name] = given
    if not found:
        msg = 'no parameter is swept; write parameters = "all", or name some under [parameters]'
        raise StudyError(msg)
    names = tuple(found)
    measured = {} if case is None else {key(k): v for k, v in case.settings.items()}
    base = tuple(
        float(getattr(value, "value", value))
        for value in (measured.get(key(name), prepared.parameters[name]) for name in names)
    )
    return Sweep(
        names=names,
        distributions=tuple(found.values()),
        base=base,
        limits=tuple(_limits(prepared.variables[n], known.get(key(n))) for n in names),
        ranks=_ranks(study, found),
        notes=tuple(notes),
    )


def _all(
    prepared: Prepared,
    known: Mapping[str, Declared],
    study: Study,
    case: Case | None,
    scenarios: Sequence[Scenario | None],
) -> tuple[dict[str, Distribution], list[str]]:
    """Return every parameter with a declared distribution, or else range, and what is left out."""
    rows: dict[str, Distribution] = {
        prepared.find(one.name).name: one.distribution for one in known.values()
    }
    if not known:
        rows = {
            name: Uniform(low=facts.low, high=facts.high)
            for name, facts in prepared.variables.items()
            if facts.kind == "parameter"
            and facts.low is not None and facts.high is not None and facts.low < facts.high
        }  # fmt: skip
    found: dict[str, Distribution] = {}
    left: list[str] = []
    for name, distribution in rows.items():
        if isinstance(distribution, Fixed) or _structural(prepared, name):
            continue
        if _setter(prepared, study, case, scenarios, name):
            left.append(name)
            continue
        found[name] = distribution
        _check(prepared.variables[name], distribution, known.get(key(name)), study)
    if not found:
        msg = (
            f'parameters = "all": {prepared.name} declares no distribution (parameters.toml) and '
            "no range for any constant; give distributions under [parameters]"
        )
        raise StudyError(msg)
    told = f"not swept, because a scenario, the case or 'set' gives a value: {', '.join(left)}"
    return found, [told] if left else []


def _sweepable(
    prepared: Prepared,
    study: Study,
    case: Case | None,
    scenarios: Sequence[Scenario | None],
    name: str,
) -> Facts:
    """Return the facts of a parameter that may be swept."""
    facts = prepared.find(name, "parameter")
    if facts.kind != "parameter":
        msg = f"parameters: '{facts.name}' is a {facts.kind}; only constants are swept"
        raise StudyError(msg)
    why = _structural(prepared, facts.name)
    if why:
        msg = f"parameters: '{facts.name}' cannot be swept: {why}"
        raise StudyError(msg)
    who = _setter(prepared, study, None, scenarios, facts.name)
    if who:
        msg = (
            f"parameters: '{facts.name}' is swept, but {who} sets it too; take it out of one of "
            "them"
        )
        raise StudyError(msg)
    if case is not None and _setter(prepared, study, case, (), facts.name):
        value = next(v for k, v in case.settings.items() if key(k) == key(facts.name))
        if not hasattr(value, "value") and not isinstance(value, float):
            msg = (
                f"parameters: '{facts.name}' is swept, but follows a path in case '{case.name}'; "
                "take it out of [parameters]"
            )
            raise StudyError(msg)
    return facts


def _structural(prepared: Prepared, name: str) -> str:
    """Return why a constant cannot differ between runs; empty where it can."""
    if name in prepared.structural:
        return prepared.structural[name]
    if name in prepared.clock_needs or name in prepared.clock.values():
        return "all runs share their times, which rest on it"
    return ""


def _setter(
    prepared: Prepared,
    study: Study,
    case: Case | None,
    scenarios: Sequence[Scenario | None],
    name: str,
) -> str:
    """Return what gives a constant its value besides the model; empty where nothing does."""
    wanted = key(name)
    if wanted in map(key, study.settings):
        return "'set'"
    for one in scenarios:
        if one is not None and wanted in map(key, one.settings):
            return f"scenario '{one.name}'"
    if case is not None and wanted in map(key, case.settings):
        return f"case '{case.name}'"
    return ""


def _declared(facts: Facts, row: Declared | None) -> Distribution:
    """Return the declared distribution of a parameter; its range where none is declared."""
    if row is not None and not isinstance(row.distribution, Fixed):
        return row.distribution
    if row is not None:
        msg = (
            f"parameters: '{facts.name}' is fixed in parameters.toml; give it a distribution in "
            'the study, such as { kind = "uniform", low = ..., high = ... }'
        )
        raise StudyError(msg)
    if facts.low is not None and facts.high is not None and facts.low < facts.high:
        return Uniform(low=facts.low, high=facts.high)
    msg = (
        f"parameters: the model declares neither distribution nor range for '{facts.name}'; give "
        'one in the study, such as { kind = "uniform", low = ..., high = ... }'
    )
    raise StudyError(msg)


def _limits(facts: Facts, row: Declared | None) -> Limits:
    return row.range if row is not None else (facts.low, facts.high)


def _check(facts: Facts, given: Distribution, row: Declared | None, study: Study) -> None:
    """Refuse a distribution that leaves the limits of its parameter, or does not suit the design.

    Raises
    ------
    StudyError
        The message says what would do.
    """
    if isinstance(given, Fixed):
        msg = f"parameters: '{facts.name}' is 'fixed', so it is not swept; leave it out"
        raise StudyError(msg)
    least, greatest = given.ends
    low, high = _limits(facts, row)
    outside = (low is not None and least < low) or (high is not None and greatest > high)
    if outside:
        ends = [
            f"{word} = {end:g}" for word, end in (("low", low), ("high", high)) if end is not None
        ]
        msg = (
            f"parameters: '{facts.name}' would reach from {least:g} to {greatest:g}, but the model "
            f"declares {interval(low, high)}; end it there ({', '.join(ends)})"
        )
        raise StudyError(msg)
    if study.design.reaches_ends(facts.name) and not math.isfinite(greatest - least):
        msg = (
            f"parameters: '{facts.name}' has no end, but a design of kind '{study.design.kind}' "
            f"goes to the ends of each distribution; cut it off with 'low' and 'high'"
        )
        raise StudyError(msg)


def _only_names(study: Study, listed: tuple[str, ...]) -> None:
    """Refuse parameters of a study that do not agree with the columns of its file."""
    if study.parameters in ("all", {}):
        return
    assert isinstance(study.parameters, dict)
    for name, wanted in study.parameters.items():
        if not isinstance(wanted, AsDeclared):
            msg = (
                f"parameters: the file gives the values of '{name}', so it can have no "
                "distribution; list its name, or leave parameters out"
            )
            raise StudyError(msg)
        if key(name) not in map(key, listed):
            msg = f"parameters: the file has no column '{name}'{did_you_mean(name, listed)}"
            raise StudyError(msg)
    lacking = next((one for one in listed if key(one) not in map(key, study.parameters)), None)
    if lacking is not None:
        msg = f"parameters: the file has a column '{lacking}', which is not listed; add or drop it"
        raise StudyError(msg)


def _ranks(study: Study, found: Mapping[str, Distribution]) -> dict[tuple[int, int], float]:
    """Return rank correlations by the places of two parameters."""
    places = {key(name): place for place, name in enumerate(found)}
    names = tuple(found)
    ranks: dict[tuple[int, int], float] = {}
    for one in study.correlations:
        for name in one.between:
            if key(name) not in places:
                hint = did_you_mean(name, names) or f"; swept are: {', '.join(names)}"
                msg = f"correlations: '{name}' is not swept{hint}"
                raise StudyError(msg)
            if not found[names[places[key(name)]]].continuous:
                msg = (
                    f"correlations: '{name}' is discrete; rank correlations need distributions "
                    "without steps"
                )
                raise StudyError(msg)
        first, second = (places[key(name)] for name in one.between)
        if first == second:
            msg = f"correlations: between '{one.between[0]}' and itself; name two parameters"
            raise StudyError(msg)
        ranks[first, second] = one.rank
    why = study.design.refuses([(names[a], names[b]) for a, b in ranks]) if ranks else ""
    if why:
        msg = f"correlations: a design of kind '{study.design.kind}' cannot have them: {why}"
        raise StudyError(msg)
    return ranks
