"""Records told apart by one word, such as the ``kind`` of a distribution.

Before a run.  In: a table of a TOML file.  Out: the table with that word spelled as the records
have it, for pydantic to read.  Every mistake names the nearest that would do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from loopscope.models.errors import did_you_mean, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Mapping


def spelled(value: Any, records: Mapping[str, type[BaseModel]], tag: str, what: str) -> Any:
    """Return a table whose tag is one of some words; a record passes through.

    Parameters
    ----------
    records
        The record of each word.
    tag
        The field that holds the word.
    what
        What the records are, for messages: "distribution".

    Raises
    ------
    ValueError
        No table; no tag, or an unknown one; a field that the record does not have; a field that it
        needs.
    """
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, dict):
        msg = f"expected a table with '{tag}' (a {what}), got {shown(value)}"
        raise ValueError(msg)
    word = value.get(tag)
    if word is None:
        msg = f"a {what} needs '{tag}': {', '.join(records)}"
        raise ValueError(msg)
    known = {_bare(one): one for one in records}
    name = known.get(_bare(str(word)))
    if name is None:
        hint = did_you_mean(str(word), records) or f"; there are: {', '.join(records)}"
        msg = f"no {what} is called {shown(word)}{hint}"
        raise ValueError(msg)
    fields = {field.alias or own: field for own, field in records[name].model_fields.items()}
    strange = next((field for field in value if field not in fields), None)
    if strange is not None:
        hint = did_you_mean(strange, fields) or f"; it has {', '.join(fields)}"
        msg = f"the {what} '{name}' has no '{strange}'{hint}"
        raise ValueError(msg)
    needed = [own for own, field in fields.items() if field.is_required() and own != tag]
    lacking = [own for own in needed if own not in value]
    if lacking:
        msg = f"the {what} '{name}' needs {' and '.join(map(repr, lacking))}"
        raise ValueError(msg)
    return value | {tag: name}


def _bare(word: str) -> str:
    """Return the form in which "log-uniform" and "loguniform" are one word."""
    return key(word).replace("-", "").replace(" ", "")
