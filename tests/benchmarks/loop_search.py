"""Finding loops: counted, scored while they are counted, and held; networkx in turn.

Made-up partitions: a ring with further links that prefer a few hubs, as stocks and indices do, or
none ("even", the hardest); and the migration model, every variable and its stocks alone.  CPU
seconds of one core.  networkx lists loops in Python and is stopped after its first 200,000.

Run alone: ``python tests/benchmarks/loop_search.py [--rounds N]``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import measure
import networkx as nx
import numpy as np

if TYPE_CHECKING:
    from loopscope.loops.graph import CausalGraph

TIMES = 101
SHARE = 0.001
PEER_LOOPS = 200_000
RATE_TARGET = 1e6
SCORE_TARGET = 20.0
MEMORY_TARGET = 1000.0
HOLD_TARGET = 10.0
EVEN_LOOPS = 2e7

TRIVIAL = """{UTF-8}
x=INTEG(1,0)~~|
INITIAL TIME=0~~|
FINAL TIME=1~~|
TIME STEP=1~~|
SAVEPER=1~~|
"""


@dataclass(frozen=True)
class Case:
    """A graph, and the loops after which its count is stopped."""

    name: str
    graph: CausalGraph
    most: float = np.inf


def made_up(nodes: int, links: int, power: float, seed: int) -> CausalGraph:
    """Return a ring with further links; ends are drawn with weight 1 / rank ** power."""
    import sympy as sp

    from loopscope import models
    from loopscope.loops.graph import CausalGraph, Link, Node
    from loopscope.loops.signs.polarity import Polarity

    drawn = np.random.default_rng(seed)
    weight = 1 / (1 + np.arange(nodes)) ** power
    order = drawn.permutation(nodes)
    pairs = {(n, (n + 1) % nodes) for n in range(nodes)}
    while len(pairs) < links:
        cause, effect = order[drawn.choice(nodes, 2, p=weight / weight.sum())].tolist()
        if cause != effect:
            pairs.add((cause, effect))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made up.mdl"
        path.write_text(TRIVIAL, encoding="utf-8")
        model = models.load(path)
    names = [f"v{number:03}" for number in range(nodes)]
    one = sp.Integer(1)
    between = [(names[a], names[b]) for a, b in sorted(pairs)]
    graph = CausalGraph(
        model,
        models.symbolise(model),
        {name: Node(name=name, role="stock", owner=name) for name in names},
        {pair: Link(cause=pair[0], effect=pair[1], gain=one) for pair in between},
    )
    signs = dict(zip(between, drawn.choice(["+", "-"], len(between)), strict=True))
    graph.kept["polarities"] = {p: Polarity(sign=s, basis="proved") for p, s in signs.items()}
    return graph


def cases() -> list[Case]:
    """Return the graphs to search."""
    from loopscope import loops

    traced = loops.without(loops.trace(measure.MODEL), measure.OFF)
    stocks = loops.fold(traced)
    for graph in (traced, stocks):
        loops.prove(graph)
    return [
        Case("75 variables, 170 links, hubs", made_up(75, 170, 1.2, 5)),
        Case("75 variables, 170 links, hubs, another", made_up(75, 170, 1.2, 1)),
        Case("75 variables, 170 links, even", made_up(75, 170, 0.0, 6), EVEN_LOOPS),
        Case("180 variables, 250 links, hubs", made_up(180, 250, 1.0, 4)),
        Case(f"migration model, {len(traced.partitions[0].nodes)} variables", traced),
        Case(f"migration model, {len(stocks.partitions[0].nodes)} stocks", stocks),
    ]


def counted(found: list[Case], rounds: int) -> None:
    """Print how fast loops are counted."""
    from loopscope.loops.finding import tally
    from loopscope.loops.finding.universe import Budget, Universe

    rows = []
    for case in found:
        sizes: dict[str, float] = {}

        def ours(case: Case = case, sizes: dict[str, float] = sizes) -> None:
            sizes["ours"] = tally.count(Universe(case.graph), Budget(), case.most).loops

        def peer(case: Case = case, sizes: dict[str, float] = sizes) -> None:
            cycles = islice(enumerate(nx.simple_cycles(case.graph.network), 1), PEER_LOOPS)
            sizes["peer"] = deque(cycles, maxlen=1)[0][0]

        timings = measure.alternate({"ours": ours, "peer": peer}, rounds)
        rate = sizes["ours"] / measure.cpu(timings["ours"])
        slow = sizes["peer"] / measure.cpu(timings["peer"])
        stopped = "more than " if sizes["ours"] > case.most else ""
        rows.append(
            (
                case.name, f"{stopped}{sizes['ours']:,}", f"{measure.cpu(timings['ours']):.3f}",
                f"{rate / 1e6:.1f}", f"{slow / 1e6:.2f}", f"{rate / slow:.0f}",
                measure.verdict(rate / 1e6, RATE_TARGET / 1e6) if "75" in case.name else "",
            )
        )  # fmt: skip
    head = ("graph", "loops", "CPU s", "million/s", "networkx", "times", "target, million/s")
    measure.table(rows, head)


def scored(found: list[Case]) -> None:
    """Print what it takes to total all loops at 101 times and to hold those that matter."""
    from loopscope.loops.finding import tally
    from loopscope.loops.finding.store import canonical_order
    from loopscope.loops.finding.universe import Budget, Universe

    rows = []
    for case in found:
        if np.isfinite(case.most):
            continue
        drawn = np.random.default_rng(0)
        pairs = len(case.graph.pairs)
        weights = np.exp(drawn.normal(size=(pairs, 1)) + 0.3 * drawn.normal(size=(pairs, TIMES)))
        weights *= drawn.choice([-1, 1], size=(pairs, 1))
        spent: dict[str, float] = {}

        def whole(
            case: Case = case, weights: np.ndarray = weights, spent: dict[str, float] = spent
        ) -> int:
            universe = Universe(case.graph)
            begin = time.process_time()
            up, down = tally.totals(universe, weights)
            spent["totals"] = time.process_time() - begin
            held, _ = tally.largest(universe, weights, up - down, SHARE, Budget())
            spent["held"] = time.process_time() - begin
            held = canonical_order(held, universe.order)
            tally.before(universe, held, Budget())
            spent["ids"] = time.process_time() - begin
            return len(held)

        count = tally.count(Universe(case.graph), Budget()).loops
        whole()
        before, after = measure.memory_of(whole)
        judged = ""
        if "75" in case.name:
            judged = measure.verdict(spent["ids"], SCORE_TARGET, at_most=True)
            judged += "; " + measure.verdict(after - before, MEMORY_TARGET, at_most=True)
        rows.append(
            (
                case.name, f"{count:,}", f"{whole():,}", f"{spent['totals']:.2f}",
                f"{spent['held']:.2f}", f"{spent['ids']:.2f}", f"{after - before:.0f}", judged,
            )
        )  # fmt: skip
    head = ("graph", "loops", "held", "totals, CPU s", "and held", "and ids", "MB", "target: s; MB")
    measure.table(rows, head)


def held(found: list[Case]) -> None:
    """Print what it takes to hold every loop."""
    from loopscope import loops

    rows = []
    for case in found:
        if np.isfinite(case.most) or (case.graph.base is None and "migration" in case.name):
            continue

        def whole(case: Case = case) -> loops.Loops:
            return loops.find(case.graph, max_loops=10**7)

        size = len(whole())
        before, after = measure.memory_of(whole)
        timing = measure.timed(whole)
        judged = ""
        if "180" in case.name:
            judged = measure.verdict(timing.cpu, HOLD_TARGET, at_most=True)
        rows.append((case.name, f"{size:,}", f"{timing.cpu:.2f}", f"{after - before:.0f}", judged))
    measure.table(rows, ("graph", "loops held", "CPU s", "peak MB", "target: s"))


def compiled() -> None:
    """Print what a first search in a process takes, with and without compiled kernels."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for label in ("compiled anew", "from the cache"):
            done = subprocess.run(
                [sys.executable, __file__, "--once"],
                env={**os.environ, "LOOPSCOPE_CACHE": folder},
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            rows.append((label, *done.stdout.split()))
    measure.table(rows, ("kernels", "import numba, CPU s", "first search", "second search"))


def once() -> None:
    """Print the CPU seconds of a first and a second search in this process."""
    from loopscope.loops.finding import discover

    graph = made_up(75, 170, 1.2, 5)
    begin = time.process_time()
    import numba  # noqa: F401

    loaded = time.process_time()
    spent = [loaded - begin]
    for _ in range(2):
        start = time.process_time()
        discover.find(graph, max_length=14)
        spent.append(time.process_time() - start)
    print(*(f"{seconds:.2f}" for seconds in spent))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        once()
        return 0
    found = cases()
    counted(found, arguments.rounds)
    print()
    scored(found)
    print()
    held(found)
    print()
    compiled()
    return 0


if __name__ == "__main__":
    sys.exit(main())
