"""Mechanisms that can be switched: loops with a name, joined where their switches touch.

In: a model's ``loops.toml``, or switches given by hand.  Out: ``Mechanism`` records, and the loops
that no switch takes out of a run.  Loops that share a constant cannot be switched apart, so they
are one mechanism, whichever of them was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.loops.catalogue import catalogue
from loopscope.models.engine.overrides import plain_number
from loopscope.models.errors import StudyError, did_you_mean, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """What one switch takes out of a run.

    Attributes
    ----------
    loops
        Ids of the loops that it takes out, in the order of the file.
    names
        Their names; empty where none was given.
    cut
        Values of constants, by authored name, at which the mechanism is out.
    """

    loops: tuple[str, ...]
    names: tuple[str, ...]
    cut: Mapping[str, float]

    @property
    def id(self) -> str:
        """The ids of its loops."""
        return ", ".join(self.loops)

    @property
    def name(self) -> str:
        """The names of its loops."""
        return "; ".join(one for one in self.names if one)


Switch = tuple[str, str, Mapping[str, float]]
"""Id, name and values of constants of one loop."""


def mechanisms_of(
    model: Model,
    prepared: Prepared,
    loops: Sequence[str] | Mapping[str, Mapping[str, float]] | None,
) -> tuple[tuple[Mechanism, ...], tuple[tuple[str, str], ...]]:
    """Return the mechanisms to switch, and id and name of each loop that has no switch.

    Parameters
    ----------
    loops
        Ids of named loops; None for all of them.  Or switches by hand: values of constants for
        each name.

    Raises
    ------
    StudyError
        No loop with a switch; a loop without one was asked for; two loops cut a constant at
        different values; a constant that no run can change.
    """
    if isinstance(loops, Mapping):
        switches = [_by_hand(prepared, str(name), given) for name, given in loops.items()]
        without: list[tuple[str, str]] = []
        wanted = {one for one, _, _ in switches}
    else:
        switches, without = _named(model)
        wanted = _wanted(switches, without, loops)
    joined = [one for one in _joined(switches) if wanted & set(one.loops)]
    if not joined:
        msg = "no mechanism to switch: loops is empty; leave it out for all that have a switch"
        raise StudyError(msg)
    for one in joined:
        for constant in one.cut:
            _refuse_fixed(prepared, constant, one.id)
    return tuple(joined), tuple(without)


def _named(model: Model) -> tuple[list[Switch], list[tuple[str, str]]]:
    listed = catalogue(model)
    if listed is None or not any(loop.switch for loop in listed.loops):
        what = "no loops.toml" if listed is None else f"no loop of {listed.file} has a 'switch'"
        msg = (
            f"{model.name}: {what}; name loops there with values of constants that cut them "
            "([loop.switch]), or give loops={'name': {'constant': value}}"
        )
        raise StudyError(msg)
    switches: list[Switch] = [(o.id, o.name, o.switch) for o in listed.loops if o.switch]
    return switches, [(one.id, one.name) for one in listed.loops if not one.switch]


def _wanted(
    switches: Sequence[Switch], without: Sequence[tuple[str, str]], asked: Sequence[str] | None
) -> set[str]:
    """Return ids of the loops asked for, by id or name."""
    if asked is None:
        return {one for one, _, _ in switches}
    if isinstance(asked, str):
        asked = [asked]
    known = {key(text): one for one, name, _ in reversed(switches) for text in (name, one)}
    unswitched = {key(text): one for one, name in without for text in (name, one)}
    found = set()
    for text in asked:
        spelled = key(str(text))
        if spelled in unswitched:
            msg = (
                f"loop '{unswitched[spelled]}' has no switch, so it cannot be taken out of a run; "
                "add [loop.switch] to it in loops.toml"
            )
            raise StudyError(msg)
        if spelled not in known:
            ids = [one for one, _, _ in switches]
            hint = did_you_mean(str(text), [*ids, *(name for _, name, _ in switches)])
            msg = f"no loop '{text}' with a switch{hint or '; there are: ' + ', '.join(ids)}"
            raise StudyError(msg)
        found.add(known[spelled])
    return found


def _by_hand(prepared: Prepared, name: str, given: object) -> Switch:
    if not isinstance(given, Mapping) or not given:
        msg = f"loops: '{name}' must give constants their values when cut, got {shown(given)}"
        raise StudyError(msg)
    cut = {}
    for constant, value in given.items():
        number = plain_number(value)
        facts = prepared.find(str(constant), "constant")
        if facts.kind != "parameter":
            msg = f"loops: '{facts.name}' is a {facts.kind}, no constant, so it is no switch"
            raise StudyError(msg)
        if number is None or not math.isfinite(number):
            msg = f"loops: '{facts.name}' of '{name}' must be a number, got {shown(value)}"
            raise StudyError(msg)
        cut[facts.name] = number
    return name, "", cut


def _joined(switches: Sequence[Switch]) -> list[Mechanism]:
    """Return one mechanism for each set of loops that constants hold together."""
    groups: list[list[Switch]] = []
    for one in switches:
        touching = [g for g in groups if any(set(one[2]) & set(other[2]) for other in g)]
        merged = [one for group in touching for one in group] + [one]
        groups = [g for g in groups if g not in touching] + [merged]
    order = {one[0]: place for place, one in enumerate(switches)}
    groups = [sorted(group, key=lambda one: order[one[0]]) for group in groups]
    return [_mechanism(group) for group in sorted(groups, key=lambda group: order[group[0][0]])]


def _mechanism(group: Sequence[Switch]) -> Mechanism:
    cut: dict[str, float] = {}
    by: dict[str, str] = {}
    for loop, _, switch in group:
        for constant, value in switch.items():
            if cut.setdefault(constant, value) != value:
                msg = (
                    f"loops '{by[constant]}' and '{loop}' cut '{constant}' at {cut[constant]:g} "
                    f"and {value:g}, so no one path leads to both; make them one value"
                )
                raise StudyError(msg)
            by.setdefault(constant, loop)
    return Mechanism(
        loops=tuple(one for one, _, _ in group), names=tuple(name for _, name, _ in group), cut=cut
    )


def _refuse_fixed(prepared: Prepared, constant: str, mechanism: str) -> None:
    """Refuse a switch that no run could move."""
    why = prepared.structural.get(constant)
    if why is None and constant in prepared.clock_needs:
        why = "it decides the times of a run, which all runs share"
    if why is not None:
        msg = f"'{constant}' cannot switch '{mechanism}': {why}"
        raise StudyError(msg)
