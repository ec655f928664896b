"""Loops that a model names: its ``loops.toml``.

Stage 2 of 4.  In: a ``Model`` and the ``loops.toml`` beside its file.  Out: a ``Catalogue``: the
view in which the loops stand, and one checked record for each.  It names loops and adds none:
whether a graph has them is what ``match`` and ``contradictions`` say.

A file without ``view`` names loops of the whole graph; ``view = []`` those of the stocks alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from loopscope.loops.graph import STOCKS, CausalGraph
from loopscope.loops.loop import LoopPolarity, resolve
from loopscope.models.errors import LoopError, ReadError, UnknownNameError, shown
from loopscope.models.model import Lookup, Parameter, Stock
from loopscope.models.names import key
from loopscope.models.scenario import beside, first_fault, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.loops.finding.found import Loops
    from loopscope.models.model import Model

Text = Annotated[str, Field(min_length=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Named(BaseModel):
    """A loop that a model names.

    Attributes
    ----------
    id
        Short and unique, "R1"; one like a made-up id agrees with the polarity.
    path
        Authored names in causal order, the first not repeated; stages of delays may be left out.
    polarity
        "R" reinforcing, "B" balancing.
    condition
        "one variable < another" where the polarity holds only then; empty where it always does.
    claims
        What the loop rests on, by the ids of the model's own list.
    switch
        Values of constants that cut the loop, and so take it out of a run.
    sentence
        What the loop does, in plain words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    name: Text
    path: tuple[Text, ...] = Field(min_length=1)
    polarity: LoopPolarity
    condition: str = ""
    claims: tuple[Text, ...] = ()
    switch: dict[str, Finite] = Field(default_factory=dict)
    sentence: str = ""

    @model_validator(mode="after")
    def _agreeing(self) -> Named:
        if re.fullmatch(r"[RBU]\d.*", self.id) and self.id[0] != self.polarity:
            msg = f"id '{self.id}' reads as {self.id[0]}, but polarity is '{self.polarity}'"
            raise ValueError(msg)
        return self

    @field_validator("condition")
    @classmethod
    def _readable(cls, text: str) -> str:
        if text and not all(side.strip() for side in _sides(text)):
            msg = f"expected 'one variable < another', got {shown(text)}"
            raise ValueError(msg)
        return text

    @property
    def inequality(self) -> tuple[str, str] | None:
        """The two variables of ``condition``, the smaller first; None where it is empty."""
        return _sides(self.condition) if self.condition else None


def _sides(text: str) -> tuple[str, str]:
    """Return both sides of an inequality, the smaller first; empty ones where there is none."""
    for sign in "<>":
        left, found, right = text.partition(sign)
        if found:
            sides = left.strip(), right.strip()
            return sides if sign == "<" else sides[::-1]
    return "", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Named loops of a model.

    Attributes
    ----------
    file
        Name of the file they stand in.
    view
        Variables that the view shows besides stocks, by authored name; None: every variable.
    loops
        In file order.
    off
        Constants that switch a part of the model off, with the values at which they do.
    """

    file: str
    view: tuple[str, ...] | None
    loops: tuple[Named, ...]
    off: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, which: str) -> Named:
        found = next((one for one in self.loops if one.id == which), None)
        if found is None:
            msg = (
                f"{self.file}: no loop '{which}'; there are: {', '.join(o.id for o in self.loops)}"
            )
            raise LoopError(msg)
        return found

    def declared(self, graph: CausalGraph) -> bool:
        """Return whether a graph is the view that the file declares."""
        if self.view is None:
            return graph.base is None
        shown_there = {name for name, node in graph.nodes.items() if node.role not in STOCKS}
        return shown_there == set(self.view)

    def match(self, graph: CausalGraph) -> dict[tuple[str, ...], tuple[str, str]]:
        """Return id and name of each named loop that a graph has, by its canonical nodes.

        Parameters
        ----------
        graph
            Of the same model: the declared view, any other, or the traced graph.

        Returns
        -------
        dict
            All named loops, where the graph is the declared view; elsewhere those whose path is a
            closed chain of links there too.

        Raises
        ------
        LoopError
            In the declared view: a path that is not closed, or two records of one loop.
        """
        declared = self.declared(graph)
        found: dict[tuple[str, ...], tuple[str, str]] = {}
        for loop in self.loops:
            try:
                nodes = resolve(graph, loop.path)
            except LoopError as error:
                if declared:
                    msg = f"{self.file}, loop '{loop.id}': {error}"
                    raise LoopError(msg) from None
                continue
            if nodes in found:
                msg = f"{self.file}: '{found[nodes][0]}' and '{loop.id}' name the same loop"
                raise LoopError(msg)
            found[nodes] = (loop.id, loop.name)
        return found

    def contradictions(self, found: Loops) -> tuple[str, ...]:
        """Return what the records say and the loops found deny, one line each.

        Parameters
        ----------
        found
            Loops of the declared view.
        """
        polarities = self._polarities(found)
        return tuple(
            f"{loop.id}: stated {loop.polarity}, found {polarities.get(loop.id, 'no such loop')}"
            for loop in self.loops
            if polarities.get(loop.id) not in (loop.polarity, "U")
        )

    def unproved(self, found: Loops) -> tuple[str, ...]:
        """Return ids of named loops whose polarity is stated, but not proved from the equations."""
        polarities = self._polarities(found)
        return tuple(
            loop.id for loop in self.loops if polarities.get(loop.id) == "U" != loop.polarity
        )

    def _polarities(self, found: Loops) -> dict[str, LoopPolarity]:
        ours = {nodes: identity for nodes, (identity, _) in self.match(found.graph).items()}
        return {ours[loop.nodes]: loop.polarity for loop in found.named if loop.nodes in ours}


def catalogue(model: Model) -> Catalogue | None:
    """Return the loops that a model names, or None where it names none.

    Parameters
    ----------
    model
        They stand in ``<model>.loops.toml`` or ``loops.toml`` beside its file.

    Raises
    ------
    ReadError
        The file is not readable as TOML, or a record is not as it should be; the message names
        file and record.
    """
    path = beside(Path(model.path), "loops.toml")
    content = read_toml(path)
    if not content:
        return None
    file = path.name
    unknown = set(content) - {"view", "off", "loop"}
    if unknown:
        msg = f"{file}: '{min(unknown)}' is not a known field; there are 'view', 'off' and 'loop'"
        raise ReadError(msg)
    view = _view(model, content.get("view"), file)
    entries = content.get("loop", [])
    if not isinstance(entries, list):
        msg = f"{file}: 'loop' must be a list of records; write [[loop]] before each"
        raise ReadError(msg)
    loops: list[Named] = []
    for number, entry in enumerate(entries, start=1):
        loop = _record(model, entry, number, view, file)
        if any(key(loop.id) == key(other.id) for other in loops):
            msg = f"{file}: two loops have the id '{loop.id}'"
            raise ReadError(msg)
        loops.append(loop)
    off = _off(model, content.get("off", {}), file)
    return Catalogue(file=file, view=view, loops=tuple(loops), off=off)


def _view(model: Model, given: Any, file: str) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        msg = f"{file}: view must be a list of names of variables, got {shown(given)}"
        raise ReadError(msg)
    names = [_changing(model, name, f"{file}, view") for name in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"{file}, view: '{twice}' is named twice"
        raise ReadError(msg)
    return tuple(name for name in names if not isinstance(model.find(name), Stock))


def _record(
    model: Model, entry: Any, number: int, view: tuple[str, ...] | None, file: str
) -> Named:
    label = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
    where = f"{file}, loop '{label}'"
    try:
        loop = Named.model_validate(entry)
    except ValidationError as error:
        msg = f"{where}: {first_fault(error)}"
        raise ReadError(msg) from None
    path = [_changing(model, name, where) for name in loop.path]
    for name in path:
        if view is not None and name not in view and not isinstance(model.find(name), Stock):
            msg = f"{where}: '{name}' is folded away in the view; add it to view"
            raise ReadError(msg)
    twice = next((name for name in path if path.count(name) > 1), None)
    if twice is not None:
        msg = f"{where}: a loop visits no variable twice; '{twice}' stands twice in path"
        raise ReadError(msg)
    switch = _constants(model, loop.switch, where)
    condition = loop.condition
    if loop.inequality:
        condition = " < ".join(_known(model, name, where).name for name in loop.inequality)
    return loop.model_copy(update={"path": tuple(path), "switch": switch, "condition": condition})


def _constants(model: Model, given: Mapping[str, float], where: str) -> dict[str, float]:
    """Return values of constants by authored name."""
    found = {}
    for name, value in given.items():
        variable = _known(model, name, where)
        if not isinstance(variable, Parameter):
            msg = f"{where}: '{variable.name}' is no constant, so it cannot be a switch"
            raise ReadError(msg)
        found[variable.name] = value
    return found


def _off(model: Model, given: Any, file: str) -> dict[str, float]:
    numbers = isinstance(given, dict) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in given.values()
    )
    if not numbers:
        msg = f"{file}: off must give constants their values, got {shown(given)}"
        raise ReadError(msg)
    return _constants(model, given, f"{file}, off")


def _known(model: Model, name: str, where: str) -> Any:
    try:
        return model.find(name)
    except UnknownNameError as error:
        msg = f"{where}: {error}"
        raise ReadError(msg) from None


def _changing(model: Model, name: str, where: str) -> str:
    """Return the authored name of a variable that a loop may hold."""
    variable = _known(model, name, where)
    if isinstance(variable, Parameter | Lookup):
        msg = f"{where}: '{variable.name}' does not change during a run, so no loop holds it"
        raise ReadError(msg)
    return str(variable.name)
