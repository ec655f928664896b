"""Read the statements that come with a model: its ``checks.toml``.

Stage 5 of 5, before a run.  In: ``<model>.checks.toml`` or ``checks.toml`` beside a model file.
Out: checked records by id, in file order.  Every mistake names the file and the statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from loopscope.models.errors import ReadError, RunError, did_you_mean, shown
from loopscope.models.scenario import beside, read_toml
from loopscope.models.statement import AnyStatement, Statement

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "check"
_CLASSES: tuple[type[Statement], ...] = get_args(get_args(AnyStatement)[0])


def _kinds(record: type[Statement]) -> tuple[str, ...]:
    return get_args(record.model_fields["kind"].annotation)


KINDS = {kind: record for record in _CLASSES for kind in _kinds(record)}
"""The record of each kind of statement."""

_ADAPTER: TypeAdapter[Statement] = TypeAdapter(AnyStatement)


def statements(model_path: str | Path) -> dict[str, Statement]:
    """Return the statements that come with a model, by id, in file order.

    They stand in ``<model>.checks.toml`` or ``checks.toml`` beside the model file.  No file, no
    statements.

    Raises
    ------
    ReadError
        The file cannot be read, holds no statement, or one that is not as it should be.
    """
    path = beside(model_path, "checks.toml")
    if not path.exists():
        return {}
    content = read_toml(path)
    other = next((name for name in content if name != TABLE), None)
    if other is not None:
        hint = did_you_mean(other, [TABLE]) or f"; statements stand under [[{TABLE}]]"
        msg = f"{path.name}: '{other}' is not a known table{hint}"
        raise ReadError(msg)
    entries = content.get(TABLE, [])
    if not isinstance(entries, list) or not entries:
        msg = f"{path.name}: holds no statement; write one under [[{TABLE}]], or delete the file"
        raise ReadError(msg)
    found: dict[str, Statement] = {}
    for number, entry in enumerate(entries, start=1):
        statement = _statement(entry, number, path.name)
        if statement.id.casefold() in (known.casefold() for known in found):
            msg = f"{path.name}: two statements have the id '{statement.id}'"
            raise ReadError(msg)
        found[statement.id] = statement
    return found


def _statement(entry: Any, number: int, file: str) -> Statement:
    given = entry if isinstance(entry, dict) else {}
    place = f"{file}, check '{given.get('id', f'number {number}')}'"
    kind = given.get("kind")
    if kind not in KINDS:
        hint = did_you_mean(str(kind), KINDS) or f"; there are: {', '.join(KINDS)}"
        told = "no 'kind'" if kind is None else f"no kind of statement is called {shown(kind)}"
        msg = f"{place}: {told}{hint}"
        raise ReadError(msg)
    try:
        return _ADAPTER.validate_python(entry)
    except ValidationError as error:
        msg = f"{place}: {fault(error, KINDS[kind])}"
        raise ReadError(msg) from None
    except RunError as error:
        msg = f"{place}: {error}"
        raise ReadError(msg) from None


def fault(error: ValidationError, record: type[BaseModel]) -> str:
    """Return the first thing wrong in one line, with the nearest known field where one is near."""
    found = error.errors()[0]
    # In a union of statements the first part is the kind, which the file says itself.
    parts = [str(part) for n, part in enumerate(found["loc"]) if n or part not in KINDS]
    place, name = ".".join(parts), parts[-1] if parts else ""
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        message = f"not a known field{did_you_mean(name, _fields(record))}"
    return f"{place}: {message}" if place else message


def _fields(record: type[BaseModel]) -> list[str]:
    """Return the names of the fields of a record and of the records in it, as TOML has them."""
    names: dict[str, None] = {}
    seen: list[type[BaseModel]] = [record]
    for one in seen:
        for name, field in one.model_fields.items():
            names[field.alias or name] = None
            seen += [part for part in _records(field.annotation) if part not in seen]
    return list(names)


def _records(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [record for part in get_args(annotation) for record in _records(part)]
