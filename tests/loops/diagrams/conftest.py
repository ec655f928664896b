"""Small diagrams that several tests use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch

if TYPE_CHECKING:
    from collections.abc import Callable


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
