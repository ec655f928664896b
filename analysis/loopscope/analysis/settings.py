"""What ``--set`` and ``--initial`` mean.

In: texts such as ``name=value``.  Out: a mapping that ``simulate`` accepts.  A value is a number or
a TOML inline table; anything else is passed on as text, which the engine refuses by name and unit.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import RunError
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterable

FORM = "write 'name=number' or, for a path over time, 'name={value=1.5, from=2010}'"


def read_settings(texts: Iterable[str], option: str = "--set") -> dict[str, Any]:
    """Return the settings that a command line gives.

    Raises
    ------
    RunError
        Not of the form name=value, a list where one value belongs, or a name given twice.

    Examples
    --------
    >>> read_settings(["life expectancy=80", "lever border={value=0.6, from=2010}"])
    {'life expectancy': 80.0, 'lever border': {'value': 0.6, 'from': 2010}}
    """
    settings: dict[str, Any] = {}
    seen: set[str] = set()
    for text in texts:
        name, value = _split(text, option)
        if key(name) in seen:
            msg = f"{option}: '{name}' is given twice"
            raise RunError(msg)
        seen.add(key(name))
        settings[name] = _value(value, f"{option} '{text}'")
    return settings


def read_ranges(texts: Iterable[str], option: str = "--free") -> dict[str, Any]:
    """Return the ranges that a command line gives by name; None where it gives a name alone.

    Raises
    ------
    RunError
        Not of the form NAME or NAME=LOW:HIGH, or a name given twice.

    Examples
    --------
    >>> read_ranges(["family multiplier", "legal return rate=0.01:0.05"])
    {'family multiplier': None, 'legal return rate': (0.01, 0.05)}
    """
    ranges: dict[str, Any] = {}
    seen: set[str] = set()
    for text in texts:
        name, given = text.strip(), None
        if "=" in text:
            name, value = _split(text, option)
            try:
                low, high = map(float, value.split(":"))
            except ValueError:
                msg = f"{option} '{text}': a range is two numbers, 'NAME=LOW:HIGH'"
                raise RunError(msg) from None
            given = (low, high)
        if not name or key(name) in seen:
            what = f"'{name}' is given twice" if name else "names nothing; write 'NAME=LOW:HIGH'"
            msg = f"{option}: {what}"
            raise RunError(msg)
        seen.add(key(name))
        ranges[name] = given
    return ranges


def _split(text: str, option: str) -> tuple[str, str]:
    """Return name and value; a quoted name may hold an equals sign."""
    text = text.strip()
    end = text.find('"', 1) if text.startswith('"') else -1
    if end > 0:
        name, rest = text[1:end], text[end + 1 :].lstrip()
        sign, value = rest[:1], rest[1:]
    else:
        name, sign, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if sign != "=" or not name or not value:
        msg = f"{option} '{text}' does not say what to set to what; {FORM}"
        raise RunError(msg)
    return name, value


def _value(text: str, what: str) -> Any:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if text.startswith("{"):
            msg = f"{what}: not readable as a TOML table: {error}; {FORM}"
            raise RunError(msg) from None
        return text
    value = found["value"]
    if isinstance(value, list) or len(found) > 1:
        msg = f"{what}: one run takes one value; {FORM}"
        raise RunError(msg)
    return value
