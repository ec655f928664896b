"""Statements of the kinds ``units`` and ``documented parameters``: what the files alone show.

In: a model file and the ``parameters.toml`` beside it.  Out: how many equations do not fit their
units; how many constants lack a row, or have one that does not agree with the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopscope.analysis.reality.bench import LackingError
from loopscope.analysis.reality.measuring import Figure
from loopscope.models.names import key
from loopscope.models.scenario import beside, read_toml

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.model import Parameter
    from loopscope.models.statement import Plain


def units(bench: Bench, statement: Plain) -> list[Figure]:
    """Return how many equations do not fit the units of their variables."""
    from loopscope.models.units import check_units

    wrong = [finding for finding in check_units(bench.model) if finding.level == "wrong"]
    return [count("equations that do not fit their units", [one.what for one in wrong])]


def documented(bench: Bench, statement: Plain) -> list[Figure]:
    """Return how many constants lack a unit, default, range or source, or disagree with them.

    Raises
    ------
    LackingError
        There is no ``parameters.toml``, or an empty one.
    """
    path = beside(Path(bench.prepared.path), "parameters.toml")
    rows = read_toml(path).get("parameter", [])
    if not rows:
        msg = "needs parameters.toml beside the model, which says where each constant comes from"
        raise LackingError(msg)
    table = {key(str(row.get("name", ""))): row for row in rows}
    clock = set(bench.prepared.clock.values())
    constants = [one for one in bench.model.parameters if one.name not in clock]
    faults = [
        f"'{one.name}' {fault}"
        for one in constants
        if (fault := _fault(one, table.get(key(one.name))))
    ]
    extra = set(table) - {key(one.name) for one in bench.model.parameters}
    faults += [f"'{name}' is no constant of the model" for name in sorted(extra)]
    return [count(f"of {len(constants)} constants, those without a sound row", faults)]


def _fault(constant: Parameter, row: dict[str, Any] | None) -> str:
    """Return what is wrong with the row of a constant; empty where nothing is."""
    if row is None:
        return "has no row"
    missing = next(
        (field for field in ("unit", "default", "range", "source") if field not in row), ""
    )
    if missing or not str(row["source"]).strip():
        return f"has no {missing or 'source'}"
    low, high = row["range"]
    if not low <= row["default"] <= high:
        return f"has a default outside its range: {row['default']:g}"
    if row["default"] != constant.value:
        return f"is {constant.value:g} in the model and {row['default']:g} in its row"
    if row["unit"] != constant.units:
        return f"is in '{constant.units}' in the model and in '{row['unit']}' in its row"
    if (low, high) != constant.limits:
        return "has another range in the model than in its row"
    return ""


def count(says: str, wrong: list[str], most: int = 3) -> Figure:
    """Return a figure that is met where a list is empty; it names the first of the list."""
    where = "; ".join(wrong[:most]) + (
        f" and {len(wrong) - most} more" if len(wrong) > most else ""
    )
    number = float(len(wrong))
    return Figure(says=says, asked="0", low=number, high=number, met=not wrong, where=where)
