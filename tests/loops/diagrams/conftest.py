"""Small diagrams that several tests use: plain ones, one that says all, any with hostile names."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

from loopscope.loops.diagrams.diagram import Caption, Diagram
from loopscope.loops.diagrams.layout.laying import dress
from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node, Sketch

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = (
    'the "real" rate', "\\", "back\\slash\\", "50% of $x & y#1_^~{}", "<script>alert(1)</script>",
    "two\nlines", "tab\there", "]]>", "-->", "%%{init: {}}%%", "1. births", "- item", "`code`",
    "end", "''quoted--dashes''", "caf\u00e9 \u03b1\u0391\u03ac \u4eba\u53e3 \u00d8\u00df\u2212",
    "\x00\x1b[31m", "w" * 90, "subgraph", "a:b;c|d", " ", "#quot;", "&amp;", "\\N", "x" + " y" * 30,
)  # fmt: skip
"""Names that mean something to some format."""


def ring_of(n: int) -> Sketch:
    names = [f"variable {k}" for k in range(n)]
    links = tuple(
        Link(cause=names[k], effect=names[(k + 1) % n], sign="+" if k else "-") for k in range(n)
    )
    loop = LoopShown(id="B1", path=tuple(names), polarity="B", name="the ring")
    return Sketch(tuple(Node(name=name) for name in names), links, (loop,))


@pytest.fixture
def ring() -> Callable[[int], Sketch]:
    """Return a maker of single loops of n variables."""
    return ring_of


@pytest.fixture
def epidemic() -> Sketch:
    """Return three loops of two variables in a row."""
    stocks = ("Susceptible", "Infectious")
    names = (*stocks, "infection rate", "recovery rate")
    links = (
        ("infection rate", "Susceptible", "-"), ("Susceptible", "infection rate", "+"),
        ("infection rate", "Infectious", "+"), ("Infectious", "infection rate", "+"),
        ("Infectious", "recovery rate", "+"), ("recovery rate", "Infectious", "-"),
    )  # fmt: skip
    loops = (
        ("B1", ("Susceptible", "infection rate"), "B", "depletion"),
        ("R1", ("Infectious", "infection rate"), "R", "contagion"),
        ("B2", ("Infectious", "recovery rate"), "B", "recovery"),
    )
    return Sketch(
        tuple(Node(name=n, kind="stock" if n in stocks else "auxiliary") for n in names),
        tuple(Link(cause=a, effect=b, sign=s) for a, b, s in links),
        tuple(LoopShown(id=i, path=p, polarity=q, name=n) for i, p, q, n in loops),
    )


@pytest.fixture
def core() -> Sketch:
    """Return eight loops of a migration policy, sharing many links, with delays."""
    links = """
        irregular attempts > irregular entries +
        enforcement effort > irregular entries -
        enforcement effort > irregular residents -
        enforcement target > enforcement effort + delay
        policy stringency > enforcement target +
        policy stringency > openness -
        openness > blocked demand -
        blocked demand > irregular attempts +
        openness > legal admissions +
        legal admissions > demographic shortfall -
        legal admissions > legal migrants +
        demographic shortfall > stringency target - delay
        legal migrants > diaspora influence + delay
        diaspora influence > stringency target -
        legal migrants > migrant share +
        migrant share > stringency target +
        legal migrants > lobby target +
        irregular residents > lobby target +
        lobby target > employer lobby + delay
        employer lobby > stringency target -
        employer lobby > enforcement target -
        irregular entries > irregular residents +
        irregular residents > stringency target + delay
        stringency target > policy stringency + delay
    """
    law = ("stringency target", "policy stringency", "openness")
    force = ("stringency target", "policy stringency", "enforcement target", "enforcement effort")
    lobby = ("lobby target", "employer lobby")
    loops = {
        "R1": (*law, "blocked demand", "irregular attempts", "irregular entries",
               "irregular residents"),
        "R3": ("legal migrants", "diaspora influence", *law, "legal admissions"),
        "R4a": ("legal migrants", *lobby, *law, "legal admissions"),
        "R4b": ("irregular residents", *lobby, "enforcement target", "enforcement effort",
                "irregular entries"),
        "B1": ("irregular residents", *force, "irregular entries"),
        "B2": ("irregular residents", *force),
        "B3": ("legal migrants", "migrant share", *law, "legal admissions"),
        "B4": ("legal admissions", "demographic shortfall", *law),
    }  # fmt: skip
    stocks = (
        "diaspora influence", "employer lobby", "enforcement effort", "irregular residents",
        "legal migrants", "policy stringency",
    )  # fmt: skip
    records = []
    for line in links.strip().splitlines():
        cause, rest = line.strip().split(" > ")
        delay = rest.endswith(" delay")
        rest = rest.removesuffix(" delay")
        sign = "+" if rest.endswith("+") else "-"
        records.append(Link(cause=cause, effect=rest[:-2], sign=sign, delay=delay))
    names = sorted({name for link in records for name in link.pair})
    return Sketch(
        tuple(Node(name=n, kind="stock" if n in stocks else "auxiliary") for n in names),
        tuple(records),
        tuple(
            LoopShown(id=i, path=p, polarity="R" if i[0] == "R" else "B", name=f"loop {i}")
            for i, p in loops.items()
        ),
    )


def round_layout(sketch: Sketch) -> Layout:
    """Return places on a circle, without any search."""
    n = len(sketch.nodes)
    radius = 60.0 + 40.0 * n
    turns = [2.0 * math.pi * k / max(n, 1) for k in range(n)]
    places = {
        node.name: (radius * math.cos(turn), radius * math.sin(turn))
        for node, turn in zip(sketch.nodes, turns, strict=True)
    }
    return Layout(places, {link.pair: 0.15 for link in sketch.links})


@pytest.fixture(scope="session")
def diagram_of():
    """Return a maker of diagrams whose variables stand on a circle."""

    def make(sketch: Sketch, **caption) -> Diagram:
        return Diagram(laid=dress(sketch, round_layout(sketch)), caption=Caption(**caption))

    return make


@pytest.fixture
def told(epidemic, diagram_of) -> Diagram:
    """Return an epidemic with all that a diagram can say."""
    scores = {"B1": -0.2, "R1": 0.5, "B2": -0.3}
    loops = tuple(
        replace(
            loop, score=scores[loop.id], share=abs(scores[loop.id]), shaded=loop.id == "R1",
            band=(0.4, 0.6) if loop.id == "R1" else None, notes=("a",) if loop.id == "B2" else (),
            sentence="The ill infect others." if loop.id == "R1" else "",
        )
        for loop in epidemic.loops
    )  # fmt: skip
    links = tuple(
        replace(
            link, score=0.25, delay=link.effect == "recovery rate",
            certain=link.effect != "recovery rate", basis="observed in the run",
            notes=("b",) if link.cause == "Susceptible" else (),
            through=("contacts",) if link.cause == "Susceptible" else (),
        )
        for link in epidemic.links
    )  # fmt: skip
    extra = Node(name="policy", quiet=True)
    acts = Link(cause="policy", effect="infection rate", sign="?", quiet=True)
    sketch = Sketch((*epidemic.nodes, extra), (*links, acts), loops)
    return diagram_of(
        sketch, title="An epidemic", subtitle="Day 40: 80% explained", model="epidemic",
        scenario="base", method="Loops That Matter", at=40.0, time_units="day", explained=0.8,
        loops_left=3, left_out=("Immune", "waning"), notes=("Shown: the three strongest loops.",),
        statement="all 6 loops", footnotes=(("a", "A claim."), ("b", "Another claim.")),
    )  # fmt: skip


def hostile_names(least: int = 2, most: int = 5) -> st.SearchStrategy[list[str]]:
    name = st.sampled_from(HOSTILE) | st.text(max_size=20)
    return st.lists(name, min_size=least, max_size=most, unique=True)


@pytest.fixture(scope="session")
def hostile(diagram_of):
    """Return a strategy for diagrams of one loop, all text of which is hostile."""

    @st.composite
    def build(draw, least: int = 2, most: int = 5) -> Diagram:
        names = draw(hostile_names(least, most))
        words = st.sampled_from(HOSTILE) | st.text(max_size=12)
        links = tuple(
            Link(
                cause=name, effect=names[(k + 1) % len(names)], sign=draw(st.sampled_from("+-?")),
                delay=draw(st.booleans()), score=draw(st.none() | st.floats(-1.0, 1.0)),
                certain=draw(st.booleans()), basis=draw(words), through=(draw(words),),
                notes=draw(st.sampled_from([(), ("a",), ("a", "b")])),
            )
            for k, name in enumerate(names)
        )  # fmt: skip
        kinds = st.sampled_from(["stock", "flow", "auxiliary"])
        nodes = tuple(Node(name=name, kind=draw(kinds)) for name in names)
        loop = LoopShown(
            id="R1", path=tuple(names), polarity="R", name=draw(words), sentence=draw(words)
        )
        caption = {key: draw(words) for key in ("title", "model", "scenario", "statement")}
        footnotes = (("a", draw(words)), ("b", draw(words)))
        return diagram_of(Sketch(nodes, links, (loop,)), footnotes=footnotes, **caption)

    return build
