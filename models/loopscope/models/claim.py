"""What the sources of a model claim, and what in the model carries it: its ``claims.toml``.

Stage 1 of 5, beside a model.  In: ``claims.toml`` beside a model file.  Out: ``Claims``: one
checked record for each claim, for each number that a source gives, and for each purpose that
variables without a claim serve.  Whether links are there and have the sign stated is what
``loopscope.analysis.tracing`` finds out; nothing here reads an equation.

A *claim* is a sentence of a source in plain words.  A *purpose* is why a variable is in the model
although no claim names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from loopscope.models.errors import ReadError, UnknownNameError, did_you_mean, shown
from loopscope.models.names import key
from loopscope.models.scenario import Finite, Record, beside, first_fault, read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from loopscope.models.model import Model

Text = Annotated[str, Field(min_length=1)]
Names = tuple[Text, ...]

Sign = Literal["+", "-", "mixed", "weak", "none"]
"""What a claim says of its effect: up, down, both, hardly any, or nothing."""

Delay = Literal["none", "short", "medium", "long", "generational", "mixed", ""]
"""At once; below a year; one to five years; five to twenty; above twenty; not said."""

Status = Literal["modelled", "partly", "outside the boundary"]


class ClaimedLink(Record):
    """One variable acting on another, as a claim has it.

    Attributes
    ----------
    path
        Names in causal order: cause, what it runs through as far as that matters, effect.
    sign
        "+" or "-" where the claim says which way it goes; empty where it does not.
    """

    path: Names = Field(min_length=2)
    sign: Literal["+", "-", ""] = ""

    @model_validator(mode="before")
    @classmethod
    def _table(cls, given: Any) -> Any:
        if not isinstance(given, dict | ClaimedLink):
            msg = f'a link is {{ path = ["cause", "effect"], sign = "+" }}, got {shown(given)}'
            raise ValueError(msg)
        return given

    @model_validator(mode="after")
    def _once(self) -> ClaimedLink:
        keys = [key(name) for name in self.path]
        twice = next((name for name in self.path if keys.count(key(name)) > 1), None)
        if twice is not None:
            msg = f"'{twice}' stands twice in a path"
            raise ValueError(msg)
        return self


class Claim(Record):
    """A sentence of a source, and what carries it.

    Attributes
    ----------
    says
        The claim in our words.
    sign, delay
        As the source has them.
    inferred
        What of this is our reading of a source that is not explicit.
    variables
        Variables that carry it besides those in ``links``.
    loops, scenarios, checks
        By the names that ``loops.toml``, ``scenarios.toml`` and ``checks.toml`` give them.
    status
        "modelled": equations carry it, with its sign.  "partly": they carry some of it.
    reason
        Why not all of it; empty only where all is modelled.
    """

    id: Text
    section: str = ""
    says: Text
    sign: Sign = "none"
    delay: Delay = ""
    inferred: tuple[Literal["says", "delay"], ...] = ()
    variables: Names = ()
    links: tuple[ClaimedLink, ...] = ()
    loops: Names = ()
    scenarios: Names = ()
    checks: Names = ()
    status: Status
    reason: str = ""

    @model_validator(mode="after")
    def _supported(self) -> Claim:
        if self.status != "modelled" and not self.reason.strip():
            msg = f"status '{self.status}' needs a reason"
            raise ValueError(msg)
        if self.status != "outside the boundary" and not (self.named or self.loops):
            msg = f"status '{self.status}' needs a variable, a link or a loop that carries it"
            raise ValueError(msg)
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """All variables it names, each once: those of its links first, then its own."""
        names = (*(name for link in self.links for name in link.path), *self.variables)
        first: dict[str, str] = {}
        for name in names:
            first.setdefault(key(name), name)
        return tuple(first.values())


class Purpose(Record):
    """Why some variables are in the model although no claim names them."""

    name: Text
    sentence: Text
    variables: Names = Field(min_length=1)


class Figure(Record):
    """A number that a source gives, and what became of it.

    Attributes
    ----------
    value, unit
        As the source has them.
    claim
        The claim it belongs to.
    variable
        The constant that has this value by default; empty where there is none.
    found
        What data say of it.
    """

    item: Text
    value: Finite
    unit: str = ""
    claim: Text
    variable: str = ""
    found: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the sources of a model claim; empty for a model without ``claims.toml``.

    Attributes
    ----------
    file
        Name of the file.
    claims, purposes, figures
        In file order.
    """

    file: str
    claims: tuple[Claim, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    figures: tuple[Figure, ...] = ()
    _by_key: dict[str, Claim] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {key(claim.id): claim for claim in self.claims})

    def __bool__(self) -> bool:
        """Return whether there is anything in it."""
        return bool(self.claims or self.purposes or self.figures)

    def __contains__(self, which: object) -> bool:
        return isinstance(which, str) and key(which) in self._by_key

    def __getitem__(self, which: str) -> Claim:
        """Return a claim by its id.

        Raises
        ------
        UnknownNameError
            No such claim; the message names the nearest.
        """
        if which not in self:
            hint = did_you_mean(which, [claim.id for claim in self.claims])
            msg = f"{self.file}: no claim '{which}'{hint}"
            raise UnknownNameError(msg)
        return self._by_key[key(which)]

    def resolved(self, model: Model) -> Claims:
        """Return the same with names of variables as the model has them.

        Raises
        ------
        ReadError
            A name that the model does not have; the message says where, and names the nearest.
        """

        def known(names: Names, where: str) -> Names:
            return tuple(_known(model, name, f"{self.file}, {where}") for name in names)

        claims = []
        for claim in self.claims:
            where = f"claim '{claim.id}'"
            links = tuple(
                one.model_copy(update={"path": known(one.path, where)}) for one in claim.links
            )
            update = {"variables": known(claim.variables, where), "links": links}
            claims.append(claim.model_copy(update=update))
        purposes = tuple(
            one.model_copy(update={"variables": known(one.variables, f"purpose '{one.name}'")})
            for one in self.purposes
        )
        figures = tuple(
            one.model_copy(update={"variable": known((one.variable,), f"number '{one.item}'")[0]})
            if one.variable
            else one
            for one in self.figures
        )
        return replace(self, claims=tuple(claims), purposes=purposes, figures=figures)

    def uncovered(self, model: Model) -> tuple[str, ...]:
        """Return variables of a model that neither a claim nor a purpose names, in file order.

        A curve that stands inside an equation counts with that equation's variable.
        """
        named = {key(name) for claim in self.claims for name in claim.named}
        named |= {key(name) for purpose in self.purposes for name in purpose.variables}
        owned = {one.name for one in model.lookups if one.owner}
        return tuple(v.name for v in model if key(v.name) not in named and v.name not in owned)


def claims(model_path: str | Path) -> Claims:
    """Return what a model's sources claim, as ``claims.toml`` has it.

    Parameters
    ----------
    model_path
        Path of the model file.  The claims stand in ``<model>.claims.toml`` or ``claims.toml``
        beside it; without such a file there are none.

    Raises
    ------
    ReadError
        The file is not readable as TOML, or a record is not as it should be; the message names
        file and record.

    Examples
    --------
    >>> from loopscope import models
    >>> model = models.load("migration_policy")
    >>> models.claims(model.path)["C09"].named[0]
    'lever quota'
    """
    path = beside(model_path, "claims.toml")
    content = read_toml(path)
    unknown = set(content) - {"claim", "purpose", "number"}
    if unknown:
        msg = (
            f"{path.name}: '{min(unknown)}' is not a known field; "
            "there are 'claim', 'purpose' and 'number'"
        )
        raise ReadError(msg)
    found = Claims(
        file=path.name,
        claims=_read(content, "claim", Claim, "id", path.name),
        purposes=_read(content, "purpose", Purpose, "name", path.name),
        figures=_read(content, "number", Figure, "item", path.name),
    )
    for figure in found.figures:
        if figure.claim not in found:
            hint = did_you_mean(figure.claim, [claim.id for claim in found.claims])
            msg = f"{path.name}, number '{figure.item}': no claim '{figure.claim}'{hint}"
            raise ReadError(msg)
    return found


Kind = TypeVar("Kind", Claim, Purpose, Figure)


def _read(
    content: dict[str, Any], table: str, kind: type[Kind], label: str, file: str
) -> tuple[Kind, ...]:
    """Return the checked records of a table, no two with the same label."""
    entries = content.get(table, [])
    if not isinstance(entries, list):
        msg = f"{file}: '{table}' must be a list of records; write [[{table}]] before each"
        raise ReadError(msg)
    records: dict[str, Kind] = {}
    for number, entry in enumerate(entries, start=1):
        name = entry.get(label, f"number {number}") if isinstance(entry, dict) else shown(entry)
        try:
            record = kind.model_validate(entry)
        except ValidationError as error:
            msg = f"{file}, {table} '{name}': {first_fault(error)}"
            raise ReadError(msg) from None
        if key(name) in records:
            msg = f"{file}: two records of '{table}' have the {label} '{name}'"
            raise ReadError(msg)
        records[key(name)] = record
    return tuple(records.values())


def _known(model: Model, name: str, where: str) -> str:
    try:
        return model.find(name).name
    except UnknownNameError as error:
        msg = f"{where}: {error}"
        raise ReadError(msg) from None
