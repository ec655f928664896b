"""Positions that are kept: as plain data, in a file, beside a model.

Beside every stage.  In: a ``Layout``, or what a file says.  Out: the other.  Whoever edits such a
file may leave things out: what is not there is found anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopscope.loops.diagrams.records import Layout, Place
from loopscope.models.errors import LoopError, did_you_mean
from loopscope.models.scenario import beside

if TYPE_CHECKING:
    from loopscope.loops.diagrams.records import Sketch
    from loopscope.loops.graph import Pair

MOST = 1e6
"""No place is further from the middle, in points: that is 350 metres of paper."""

FILE = "layout.json"


def as_data(layout: Layout) -> dict[str, Any]:
    """Return a layout as plain data, sorted by name, for a JSON file.

    Numbers are kept to the last bit: what is read again is drawn the same.

    Returns
    -------
    dict
        "places": name to [x, y], in points, y upwards; "bulges": [cause, effect, bulge] each; and
        where there are pipes, "routes": [cause, effect, [[x, y], ...]] and "names": name to [x, y].
    """
    data: dict[str, Any] = {
        "places": {name: list(place) for name, place in sorted(layout.places.items())},
        "bulges": [[*pair, bulge] for pair, bulge in sorted(layout.bulges.items())],
    }
    if layout.routes:
        data["routes"] = [
            [*pair, [list(corner) for corner in route]]
            for pair, route in sorted(layout.routes.items())
        ]
    if layout.names:
        data["names"] = {name: list(place) for name, place in sorted(layout.names.items())}
    return data


def as_text(layout: Layout) -> str:
    """Return the same as JSON text, a line for each variable and link, to be edited by hand."""
    blocks = []
    for name, entries in as_data(layout).items():
        if isinstance(entries, dict):
            lines = [f"{_json(key)}: {_json(value)}" for key, value in entries.items()]
            begin, end = "{", "}"
        else:
            lines, (begin, end) = [_json(entry) for entry in entries], ("[", "]")
        inner = ",\n  ".join(lines)
        blocks.append(f" {_json(name)}: {begin}\n  {inner}\n {end}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def of_data(data: object, where: str = "layout") -> Layout:
    """Return the layout that plain data stands for.

    Parameters
    ----------
    data
        As of ``as_data``, or a mapping that has it under "layout".
    where
        What errors begin with: the name of the file.

    Raises
    ------
    LoopError
        Data of another form; a place that is not two finite numbers; a bulge too large.
    """
    if isinstance(data, Mapping) and isinstance(data.get("layout"), Mapping):
        data = data["layout"]
    if not isinstance(data, Mapping) or not isinstance(data.get("places"), Mapping):
        msg = f'{where}: not a layout; it has "places", with [x, y] for each variable'
        raise LoopError(msg)
    try:
        return Layout(
            _places(data["places"], where),
            {
                pair: _number(bulge, f"{where}: the bulge of {_said(pair)}")
                for pair, bulge in _pairs(data.get("bulges", ()), "bulges", where)
            },
            {
                pair: _route(route, f"{where}: the route of {_said(pair)}")
                for pair, route in _pairs(data.get("routes", ()), "routes", where)
            },
            _places(data.get("names", {}), where),
        )
    except LoopError as error:
        text = str(error)
        raise LoopError(text if text.startswith(where) else f"{where}: {text}") from None


def read(path: str | Path) -> Layout:
    """Return the layout in a JSON file: one of positions, or a whole diagram.

    Raises
    ------
    LoopError
        The file cannot be read, or holds no layout.
    """
    file = Path(path)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror or error}); give a file of positions"
        raise LoopError(msg) from None
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not JSON ({error}); write one with: loopscope diagram ... --out {file.name}"
        raise LoopError(msg) from None
    return of_data(data, file.name)


def kept_beside(model_path: str | Path) -> Layout | None:
    """Return the positions kept beside a model, or None where there are none.

    They stand in ``<model>.layout.json``, or ``layout.json`` in the folder of the model.

    Raises
    ------
    LoopError
        The file holds no layout.
    """
    path = beside(model_path, FILE)
    return read(path) if path.is_file() else None


def fitting(layout: Layout, sketch: Sketch) -> tuple[Layout, tuple[str, ...]]:
    """Return what a layout says of a sketch, and notes on names that look misspelt.

    A name that is not shown is no fault: positions are kept for more than one diagram.  It is
    noted where it is nearly that of a variable that has no place.
    """
    shown = {node.name for node in sketch.nodes}
    pairs = {link.pair for link in sketch.links}
    homeless = sorted(shown.difference(layout.places))
    notes = []
    for name in sorted(set(layout.places) - shown):
        hint = did_you_mean(name, homeless)
        if hint:
            notes.append(f"positions: '{name}' is not shown{hint}")
    return (
        Layout(
            {name: place for name, place in layout.places.items() if name in shown},
            {pair: bulge for pair, bulge in layout.bulges.items() if pair in pairs},
            {pair: route for pair, route in layout.routes.items() if pair in pairs},
            {name: place for name, place in layout.names.items() if name in shown},
        ),
        tuple(notes),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _places(data: object, where: str) -> dict[str, Place]:
    if not isinstance(data, Mapping):
        msg = f"{where}: places are a table of names, each with [x, y]; got {_short(data)}"
        raise LoopError(msg)
    return {str(name): _place(one, f"{where}: '{name}'") for name, one in data.items()}


def _pairs(data: object, what: str, where: str) -> list[tuple[Pair, object]]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        msg = f"{where}: {what} are a list of [cause, effect, value]; got {_short(data)}"
        raise LoopError(msg)
    found: list[tuple[Pair, object]] = []
    for one in data:
        if not isinstance(one, Sequence) or isinstance(one, str) or len(one) != 3:
            msg = f"{where}: {what} are a list of [cause, effect, value]; got {_short(one)}"
            raise LoopError(msg)
        found.append(((str(one[0]), str(one[1])), one[2]))
    return found


def _route(data: object, where: str) -> tuple[Place, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str) or len(data) < 2:
        msg = f"{where} has at least two corners [x, y]; got {_short(data)}"
        raise LoopError(msg)
    return tuple(_place(one, where) for one in data)


def _place(data: object, where: str) -> Place:
    if not isinstance(data, Sequence) or isinstance(data, str) or len(data) != 2:
        msg = f"{where} must stand at [x, y], two numbers; got {_short(data)}"
        raise LoopError(msg)
    return _number(data[0], where), _number(data[1], where)


def _number(data: object, where: str) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float) or not abs(data) < MOST:
        msg = f"{where} must be a finite number; got {_short(data)}"
        raise LoopError(msg)
    return float(data)


def _said(pair: Pair) -> str:
    return f"'{pair[0]}' -> '{pair[1]}'"


def _short(data: object) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."
