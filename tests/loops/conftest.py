"""Models for the tests of this room: written as text, random, or known from papers."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from loopscope.loops.graph import CausalGraph, Link, Node
from loopscope.loops.replay import Along
from loopscope.loops.signs.polarity import Polarity
from loopscope.models import source
from loopscope.models.model import TIME, symbol_of

CLOCK = (
    "\nINITIAL TIME=0~Year~|\nFINAL TIME={stop}~Year~|\n"
    "TIME STEP={dt}~Year~|\nSAVEPER={dt}~Year~|\n"
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("loops")


@pytest.fixture(scope="session")
def read(folder):
    """Load the equations of a Vensim model, each with its stop and time step."""
    count = iter(range(10**9))

    def load(equations: str, *, stop: float = 10, dt: float = 0.25, name: str = "model"):
        path = folder / str(next(count)) / f"{name}.mdl"
        path.parent.mkdir()
        rows = "".join(
            f"{row.strip()}~~|\n" for row in equations.strip().splitlines() if row.strip()
        )
        path.write_text("{UTF-8}\n" + rows + CLOCK.format(stop=stop, dt=dt), encoding="utf-8")
        return source.load(path)

    return load


LOGISTIC = """
    r=0.3
    K=100
    births=r*P
    deaths=r*P*P/K
    P=INTEG(births-deaths, 1)
"""
PREY = """
    a=1.1
    b=0.4
    c=0.1
    d=0.4
    prey births=a*prey
    prey deaths=b*prey*predators
    predator births=c*prey*predators
    predator deaths=d*predators
    prey=INTEG(prey births-prey deaths, 10)
    predators=INTEG(predator births-predator deaths, 5)
"""
SIR = """
    contact=0.5
    recovery=0.1
    N=1000
    infection=contact*S*I/N
    recovering=recovery*I
    S=INTEG(-infection, 999)
    I=INTEG(infection-recovering, 1)
    R=INTEG(recovering, 0)
"""
BASS = """
    innovation=0.01
    imitation=0.4
    market=10000
    adoption from advertising=innovation*potential
    adoption from word of mouth=imitation*potential*adopters/market
    adoption=adoption from advertising+adoption from word of mouth
    potential=INTEG(-adoption, market)
    adopters=INTEG(adoption, 0)
"""


@pytest.fixture(scope="session")
def logistic(read):
    return read(LOGISTIC, name="logistic", stop=60)


@pytest.fixture(scope="session")
def prey(read):
    return read(PREY, name="prey", stop=40, dt=0.0625)


@pytest.fixture(scope="session")
def sir(read):
    return read(SIR, name="sir", stop=100)


@pytest.fixture(scope="session")
def bass(read):
    return read(BASS, name="bass", stop=40)


@pytest.fixture(scope="session")
def driven_model(read):
    """Make a random model: two or three stocks, products, shared causes, some with the time."""

    def make(seed: int):
        draw = np.random.default_rng(seed)
        stocks = ["x", "y", "z"][: draw.integers(2, 4)]
        known = [*stocks]
        rows = []

        def pick():
            return known[draw.integers(len(known))], f"{draw.uniform(-2, 2):.3f}"

        for name in ("a", "b", "c"):
            (one, first), (two, second) = pick(), pick()
            driven = ("", "", "*SIN(Time)", "+Time")[draw.integers(4)]
            rows.append(f"{name}={first}*{one}*{two}+{second}*{one}{driven}")
            known.append(name)
        for stock in stocks:
            (one, first), (two, second) = pick(), pick()
            rows.append(f"{stock}=INTEG({first}*{one}+{second}*{two}, 1)")
        return read("\n".join(rows), name="driven")

    return make


@pytest.fixture(scope="session")
def placed():
    """Put a graph at random states and times, as if a run had passed through them."""

    def place(graph, seed: int, count: int = 5):
        draw = np.random.default_rng(seed)
        values = {symbol_of(name): draw.uniform(0.2, 2, count) for name in graph.stocks}
        values |= graph.equations.parameters
        values[TIME] = time = np.cumsum(draw.uniform(0.1, 1, count))
        return Along(graph, values, time=time, step=0.25)

    return place


@pytest.fixture(scope="session")
def graph_of(read):
    """A causal graph from its links alone: every node a stock, signs "+" or as given."""
    model = read("x=INTEG(1, 0)", name="links alone")

    def make(pairs, signs=()):
        known = {pair: dict(signs).get(pair, "+") for pair in pairs}
        names = dict.fromkeys(name for pair in pairs for name in pair)
        nodes = {name: Node(name=name, role="stock", owner=name) for name in names}
        gains = {"+": sp.Integer(1), "-": sp.Integer(-1), "?": sp.Symbol("g", real=True)}
        links = {p: Link(cause=p[0], effect=p[1], gain=gains[known[p]]) for p in pairs}
        graph = CausalGraph(model, None, nodes, links)
        graph.kept["polarities"] = {p: Polarity(sign=known[p], basis="proved") for p in pairs}
        return graph

    return make


@pytest.fixture(scope="session")
def parametric_model(read):
    """Make a random model of one to four stocks whose every coefficient is a parameter."""

    def make(seed: int):
        draw = np.random.default_rng(seed)
        stocks = ["w", "x", "y", "z"][: draw.integers(1, 5)]
        known = [*stocks]
        rows = []

        def term():
            name = f"p{len(rows)}"
            rows.append(f"{name}={draw.choice([-1, 1]) * draw.uniform(0.2, 1.5):.4f}")
            one, other = (known[draw.integers(len(known))] for _ in range(2))
            kinds = (one, f"{one}*{other}", f"{one}/(1+{other}^2)", f"MIN({one},2*{other})")
            return f"{name}*{kinds[draw.integers(len(kinds))]}"

        for name in ["a", "b", "c", "d", "e"][: draw.integers(0, 6)]:
            rows.append(f"{name}={'+'.join(term() for _ in range(draw.integers(1, 4)))}")
            known.append(name)
        shared = known[-1]
        rates = [f"{one}=INTEG({term()}+{term()}-{shared}-0.1*{one}, 1)" for one in stocks]
        return read("\n".join([*rows, *rates]), name="parametric")

    return make


@pytest.fixture(scope="session")
def arms_race(read):
    """Three parties; the target of each is a sum over the others', approached in ten years."""
    rows = ["tau=10"]
    shares = {("A", "B"): 0.9, ("A", "C"): 1.0, ("B", "A"): 1.1}
    shares |= {("B", "C"): 0.9, ("C", "A"): 1.0, ("C", "B"): 1.1}
    for one in "ABC":
        others = [f"share {one}{two}*arms {two}" for two in "ABC" if two != one]
        rows += [f"share {one}{two}={shares[one, two]}" for two in "ABC" if two != one]
        rows.append(f"target {one}={'+'.join(others)}")
        rows.append(f"change {one}=(target {one}-arms {one})/tau")
        rows.append(f"arms {one}=INTEG(change {one}, 100)")
    return read("\n".join(rows), name="arms race", stop=5)


@pytest.fixture(scope="session")
def inventory_labour(read):
    """Sterman (2000), chapter 19, with constant times and coverages: a linear model at rest."""
    return read(
        """
        HR=Vac/8
        PR=WIP/8
        PS=10*Labor
        QR=Labor/100
        SR=10000
        DI=40000
        PA=(DI-Inv)/12
        DP=10000+PA
        DW=8*DP
        AW=(DW-WIP)/6
        DPS=AW+DP
        DL=DPS/10
        AL=(DL-Labor)/19
        DH=AL+QR
        DV=8*DH
        AV=(DV-Vac)/4
        VCR=AV+DH
        Inv=INTEG(PR-SR,40000)
        Labor=INTEG(HR-QR,1000)
        Vac=INTEG(VCR-HR,80)
        WIP=INTEG(PS-PR,80000)
        """,
        name="inventory labour",
        stop=5,
    )
