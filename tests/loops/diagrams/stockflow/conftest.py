"""Small models and networks of pipes that several tests use."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from loopscope.loops.diagrams.records import Link, Node, Sketch
from loopscope.loops.diagrams.stockflow.sketching import roomy
from loopscope.models import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from loopscope.models.model import Model

CLOCK = """
INITIAL TIME = 0 ~~|
FINAL TIME = 10 ~~|
TIME STEP = 0.25 ~~|
SAVEPER = 1 ~~|
"""

Flow = tuple[int | None, int | None]


def piped(stocks: int, flows: Sequence[Flow]) -> Sketch:
    """Return a sketch of stocks by number and flows between them; None is outside."""
    met = Counter(end for flow in flows for end in flow)
    nodes = [roomy(Node(name=f"stock {n}", kind="stock"), met[n]) for n in range(stocks)]
    links: list[Link] = []
    for n, (source, target) in enumerate(flows):
        name = f"flow number {n}"
        nodes.append(Node(name=name, kind="flow", width=17.0, height=17.0))
        for end, sign in ((source, "-"), (target, "+")):
            there = f"stock {end}" if end is not None else f"cloud {sign}{n}"
            if end is None:
                nodes.append(Node(name=there, kind="cloud", width=30.0, height=20.0))
            links.append(
                Link(cause=name, effect=there, sign="+" if sign == "+" else "-", kind="pipe")
            )
    return Sketch(tuple(nodes), tuple(links))


@pytest.fixture
def mdl(tmp_path: Path) -> Callable[[str], Model]:
    """Return a maker of models from equations in the form of Vensim."""

    def made(equations: str) -> Model:
        path = tmp_path / "made.mdl"
        path.write_text("{UTF-8}\n" + equations + CLOCK)
        return load(path)

    return made
