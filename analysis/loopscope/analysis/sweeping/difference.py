"""In what a store differs from what would be written to it.

Beside stage 4.  In: the attributes of two results.  Out: words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CALLED = {"format": "another format", "versions": "another version", "model": "another model"}
"""What is said of attributes; of all others, "another study".  The order is that of the telling."""


def difference(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return what the first difference is, and of what; empty if there is none.

    Examples
    --------
    >>> difference({"study": '{"runs": 10, "seed": 1}'}, {"study": '{"runs": 20, "seed": 1}'})
    'another study (runs: 10 there, 20 here)'
    >>> difference({"versions": "a 1, b 2"}, {"versions": "a 1, b 3"})
    'another version (b 2 there, b 3 here)'
    >>> difference({"model_sha256": "12", "model": "pond"}, {"model_sha256": "34", "model": "pond"})
    "another version of model 'pond' (its file or what lies beside it has changed)"
    """
    order = [*CALLED, "model_sha256", "study", "seed", "runs"]
    keys = [key for key in order if key in there or key in wanted]
    for key in dict.fromkeys([*keys, *sorted({*there, *wanted})]):
        old, new = there.get(key), wanted.get(key)
        if old == new:
            continue
        if key == "model_sha256":
            name = wanted.get("model")
            return (
                f"another version of model '{name}' (its file or what lies beside it has changed)"
            )
        if key == "versions":
            return f"{CALLED[key]} ({_parts(str(old), str(new))})"
        where, old, new = next(_unlike(key, _read(old), _read(new)))
        what = CALLED.get(key, "another study")
        prefix = "" if key in CALLED else f"{where}: "
        return f"{what} ({prefix}{_words(old)} there, {_words(new)} here)"
    return ""


def _parts(old: str, new: str) -> str:
    """Return what differs in two lists of libraries."""
    pairs = zip(old.split(", "), new.split(", "), strict=False)
    return next((f"{a} there, {b} here" for a, b in pairs if a != b), f"{old} there, {new} here")


def _read(value: Any) -> Any:
    """Return what stands in a text of JSON, or the value itself."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _unlike(where: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Give the places where two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                yield from _unlike(str(key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            if one != other:
                yield from _unlike(where, one, other)
    else:
        yield where, old, new


def _words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return shown(value)
