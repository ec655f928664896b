"""Diagrams kept as JSON, and read again.

Stage 5 of 5.  In: a ``Diagram``, or the path of a file that was made from one.  Out: text, or the
same diagram: drawn, it gives the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from loopscope.loops.diagrams.diagram import Caption, Diagram, Style
from loopscope.loops.diagrams.exporting.form import (
    NUMBER,
    DiagramForm,
)
from loopscope.loops.diagrams.layout.kept import as_data, of_data
from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch
from loopscope.models.errors import LoopError, shown
from loopscope.models.statement_file import fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.loops.diagrams.diagram import DiagramKind
    from loopscope.loops.diagrams.exporting.form import LinkForm, LoopForm
    from loopscope.loops.diagrams.layout.badges import Badge
    from loopscope.loops.diagrams.layout.drawn import Drawn
    from loopscope.loops.diagrams.layout.labels import Mark
    from loopscope.loops.diagrams.records import Layout

Read = TypeVar("Read", bound=BaseModel)

LONGEST = 64_000_000
"""Bytes of a file that is read at most."""

LINE = 100
"""Characters of a line of the file, where what is in it can be broken."""


def json_of(diagram: Diagram) -> str:
    """Return a diagram as JSON, numbers with all their digits."""
    return _dumped(as_plain(diagram)) + "\n"


def as_plain(diagram: Diagram) -> dict[str, Any]:
    """Return a diagram as plain values, in the form of ``docs/diagram.schema.json``."""
    laid = diagram.laid
    given = laid.picture.given
    signs = {link.pair: laid.signs[e] for e, link in enumerate(given.links)}
    marks = {given.links[e].pair: mark for e, mark in laid.marks.items()}
    # A diagram that was not laid out may have no badges.
    badges = {loop.id: badge for loop, badge in zip(given.loops, laid.badges, strict=False)}
    sketch = laid.sketch
    return {
        "format": NUMBER,
        "versions": {name: version(name) for name in ("loopscope", "matplotlib", "numpy")},
        "kind": diagram.kind,
        "caption": _plain(asdict(diagram.caption)),
        "style": _plain(asdict(diagram.style)),
        "nodes": [_plain(asdict(node)) for node in sketch.nodes],
        "links": [
            _plain(
                {
                    **asdict(link),
                    "sign_place": signs[link.pair],
                    "mark": asdict(marks[link.pair]) if link.pair in marks else None,
                }
            )
            for link in sketch.links
        ],
        "loops": [
            _plain(
                {
                    **asdict(loop),
                    "badge": asdict(badges[loop.id]) if loop.id in badges else None,
                }
            )
            for loop in sketch.loops
        ],
        "layout": as_data(laid.layout),
        "quality": _plain(asdict(laid.quality)),
        "seed": int(laid.seed),
        "level": str(laid.level),
    }


def schema() -> dict[str, Any]:
    """Return the JSON schema of the form."""
    found = DiagramForm.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def read_diagram(source: str | Path | Mapping[str, Any]) -> Diagram:
    """Return a diagram that was saved as JSON.

    Parameters
    ----------
    source
        Path of the file, or what it holds.

    Raises
    ------
    LoopError
        No such file, no JSON, or not in the form of a diagram: says where.
    """
    name, content = _content(source)
    form = _validated(content, DiagramForm, name)
    try:
        return _diagram(form)
    except LoopError as error:
        msg = f"{name}: {error}"
        raise LoopError(msg) from None


def _dumped(value: Any, indent: int = 0, key: str = "") -> str:
    """Return JSON in which what fits on a line stands on one."""
    flat = key + json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not value or not isinstance(value, (dict, list)) or len(flat) + indent <= LINE:
        return flat
    if isinstance(value, dict):
        names = [json.dumps(name, ensure_ascii=False) + ": " for name in value]
        parts = [
            _dumped(one, indent + 1, name) for name, one in zip(names, value.values(), strict=True)
        ]
        left, right = "{}"
    else:
        parts, (left, right) = [_dumped(one, indent + 1) for one in value], "[]"
    inner = ",".join(f"\n{' ' * (indent + 1)}{one}" for one in parts)
    return f"{key}{left}{inner}\n{' ' * indent}{right}"


def _plain(value: Any) -> Any:
    """Return numbers, text, lists and tables; null for what is no finite number."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return value.item()
    return value


def _content(source: str | Path | Mapping[str, Any]) -> tuple[str, Any]:
    if isinstance(source, Mapping):
        return "the diagram", source
    path = Path(source).expanduser()
    name = f"'{path}'"
    try:
        if path.stat().st_size > LONGEST:
            msg = f"{name} is larger than {LONGEST // 1_000_000} MB; no diagram is"
            raise LoopError(msg)
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"cannot read {name}: {error.strerror}; name a file that was saved as .json"
        raise LoopError(msg) from None
    except ValueError:
        msg = f"{name} is no text in UTF-8; name a file that was saved as .json"
        raise LoopError(msg) from None
    try:
        return name, json.loads(text)
    except json.JSONDecodeError as error:
        msg = f"{name} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise LoopError(msg) from None
    except (RecursionError, ValueError) as error:
        why = "a number is too long" if isinstance(error, ValueError) else "brackets go too deep"
        msg = f"{name} is no diagram: {why}"
        raise LoopError(msg) from None


def _validated(content: Any, form: type[Read], name: str) -> Read:
    number = content.get("format") if isinstance(content, Mapping) else None
    if number is None:
        msg = f"{name} is no diagram of Loopscope: it has no 'format'; save one as .json"
        raise LoopError(msg)
    if isinstance(number, bool) or number != NUMBER:
        msg = f"{name}: format is {shown(number)}, and {NUMBER} can be read; save the diagram again"
        raise LoopError(msg)
    try:
        # JSON has no tuples: a strict form takes lists for them in this mode alone.
        return form.model_validate_json(json.dumps(content))
    except ValidationError as error:
        msg = f"{name}: {' '.join(fault(error, form).split())}"
        raise LoopError(msg) from None


def _diagram(form: DiagramForm) -> Diagram:
    from loopscope.loops.diagrams.layout.arrays import indexed
    from loopscope.loops.diagrams.layout.laying import LaidOut
    from loopscope.loops.diagrams.layout.quality import Quality

    sketch = Sketch(
        tuple(Node(**_fields(node, Node)) for node in form.nodes),
        tuple(Link(**_fields(link, Link)) for link in form.links),
        tuple(LoopShown(**_fields(loop, LoopShown)) for loop in form.loops),
    )
    layout = of_data(form.layout.model_dump())
    for what, wanted, there in (
        ("place", [node.name for node in sketch.nodes], layout.places),
        ("bulge", [link.pair for link in sketch.links], layout.bulges),
    ):
        missing = next((one for one in wanted if one not in there), None)
        if missing is not None:
            msg = (
                f"layout: there is no {what} for {shown(missing)}; give the file as layout= instead"
            )
            raise LoopError(msg)
    given = indexed(sketch)
    links = {(link.cause, link.effect): link for link in form.links}
    loops = {loop.id: loop for loop in form.loops}
    placed = [links[link.pair] for link in given.links]
    measured: dict[str, Any] = {
        key: math.nan if value is None else value
        for key, value in form.quality.model_dump().items()
    }
    laid = LaidOut(
        sketch=sketch,
        layout=layout,
        picture=_picture(form.kind, sketch, layout),
        marks={e: _mark(link) for e, link in enumerate(placed) if link.mark is not None},
        signs=np.array([link.sign_place for link in placed], np.float64).reshape(-1, 2),
        badges=_badges([loops[loop.id] for loop in given.loops]),
        quality=Quality(**measured),
        seed=form.seed,
        level=form.level,
    )
    return Diagram(
        laid=laid,
        kind=form.kind,
        caption=Caption(**_fields(form.caption, Caption)),
        style=Style(**_fields(form.style, Style)),
    )


def _picture(kind: DiagramKind, sketch: Sketch, layout: Layout) -> Drawn:
    """Return the curves of a layout, which are not kept: they follow from it."""
    from loopscope.loops.diagrams.layout.drawn import drawn
    from loopscope.loops.diagrams.stockflow.laying import dress_pipes

    return dress_pipes(sketch, layout).picture if kind == "stockflow" else drawn(sketch, layout)


def _mark(link: LinkForm) -> Mark:
    from loopscope.loops.diagrams.layout.labels import Mark

    assert link.mark is not None
    return Mark(link.mark.place, link.mark.angle)


def _badges(loops: Sequence[LoopForm]) -> tuple[Badge, ...]:
    """Return the badges of loops; none where one of them has none."""
    from loopscope.loops.diagrams.layout.badges import Badge

    forms = [loop.badge for loop in loops if loop.badge is not None]
    if len(forms) < len(loops):
        return ()
    return tuple(Badge(**_fields(form, Badge)) for form in forms)


def _fields(form: BaseModel, record: type[Any]) -> dict[str, Any]:
    """Return the values of a form that are fields of a record."""
    return {field.name: getattr(form, field.name) for field in fields(record)}
