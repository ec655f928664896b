"""Polarities of a graph kept between processes.

Stage 2 of 4, beside ``polarity``.  In: a ``CausalGraph``.  Out: what was proved of its links
before, or nothing.  Proofs of a large model take seconds; reading them back takes none.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopscope.loops.graph import root
from loopscope.models.engine import cache as stored

if TYPE_CHECKING:
    from loopscope.loops.graph import CausalGraph

Row = list[Any]
"""Sign, basis, assumptions and condition of a link."""


def read(graph: CausalGraph) -> list[Row] | None:
    """Return a row for each of ``graph.pairs``, None if nothing is kept."""
    body = stored.read(_name(graph))
    return None if body is None else list(json.loads(body))


def write(graph: CausalGraph, rows: list[Row]) -> None:
    """Keep a row for each of ``graph.pairs``."""
    stored.write(_name(graph), json.dumps(rows).encode())


def _name(graph: CausalGraph) -> str:
    """Return a name that differs wherever a proof might: by code, equations, values and ranges."""
    facts = [
        (one.name, type(one).__name__, getattr(one, "value", None), one.limits)
        for one in graph.model
    ]
    kinds = [(pair, graph.links[pair].kind) for pair in graph.pairs]
    text = repr((kinds, root(graph).pairs, facts, graph.equations))
    return stored.key_of("polarities", stored.source_digest(), _code(), text) + ".json"


@cache
def _code() -> str:
    """Return a hash of the code that a proof rests on, beside the room of models."""
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(__file__).parents[1]):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
