"""Proofs of link polarity: CPU seconds for whole models, and for the slowest link.

A made-up model of about 400 links in the manner of real ones (products, saturating responses,
tables, MIN and MAX, shares, delays), written as text and read; and the migration model, with and
without its view.  Tracing the graph is not measured.

Run alone: ``python tests/benchmarks/polarity.py [--links N] [--rounds N] [--seed N]``.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import measure

TARGET = 20.0
MIGRATION_TARGET = 3.0
CLOCK = "INITIAL TIME=0~~|\nFINAL TIME=100~~|\nTIME STEP=0.125~~|\nSAVEPER=1~~|\n"
SHAPES = (
    "{k}*{a}*{b}/({a}+{b}+1)",
    "{k}*({a}-{b})",
    "MIN({a}, {k}*{b})",
    "MAX(0, 1-{k}*{a}*{b})",
    "effect({a}/({a}+{b}+1))*{c}",
    "{k}*{a}/(1+{b})+{c}",
    "(1-share)*{a}+share*{b}*{k}",
    "IF THEN ELSE({a}>{b}, {c}, {k}*{c})",
    "{a}^0.5*EXP(-{k}*{b})",
    "ZIDZ({a}, {b}+{c})",
    "{a}-MIN({a}, {b})",
    "1/(1+EXP(-{k}*({a}-{b})))",
    "SMOOTH({a}*{b}, 4)",
    "({a}*{b}+{c})/({a}+{k})^2",
)


def written(links: int, seed: int) -> str:
    """Return the text of a model of about so many links between variables."""
    draw = random.Random(seed)
    stocks = [f"stock {n}" for n in range(max(4, links // 20))]
    rows = [
        "share=0.3~1 [0,1]~|",
        "effect((0,0),(0.3,0.4),(0.6,0.5),(1,1.2))~~|",
    ]
    names = list(stocks)
    count = 0
    while count < links - 3 * len(stocks):
        number = len(names)
        near = names[-25:]
        a, b, c = (draw.choice(near if draw.random() < 0.7 else names) for _ in range(3))
        shape = draw.choice(SHAPES)
        rows.append(f"k{number}={draw.uniform(0.1, 2):.3g}~1 [0,5]~|")
        rows.append(f"variable {number}={shape.format(a=a, b=b, c=c, k=f'k{number}')}~~|")
        count += len({x for x, mark in ((a, "{a}"), (b, "{b}"), (c, "{c}")) if mark in shape})
        names.append(f"variable {number}")
    for number, stock in enumerate(stocks):
        inflow, other = draw.choice(names), draw.choice(names)
        rows.append(f"{stock}=INTEG(MAX(0,{inflow})-{stock}*MAX(0,{other})/50, {1 + number})~~|")
    return "{UTF-8}\n" + "\n".join(rows) + "\n" + CLOCK


def proof(graph: object) -> tuple[float, float, Counter[str]]:
    """Return CPU seconds in all, of the slowest link, and how many links have which basis."""
    from loopscope.loops.signs.polarity import Prover

    begin = time.process_time()
    prover = Prover(graph)
    slowest, kinds = 0.0, Counter[str]()
    for pair in graph.pairs:
        before = time.process_time()
        kinds[prover.polarity(graph.links[pair]).basis] += 1
        slowest = max(slowest, time.process_time() - before)
    return time.process_time() - begin, slowest, kinds


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--links", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    from loopscope import loops, models

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made up.mdl"
        path.write_text(written(arguments.links, arguments.seed), encoding="utf-8")
        made_up = loops.trace(models.load(path))
    migration = loops.trace(measure.MODEL)
    graphs = {
        "made-up model": (made_up, TARGET),
        "its stocks alone": (loops.fold(made_up), None),
        "migration model": (migration, MIGRATION_TARGET),
        "its stocks alone ": (loops.fold(migration), None),
    }
    rows = []
    for label, (graph, target) in graphs.items():
        found = [proof(graph) for _ in range(arguments.rounds)]
        middle = statistics.median(one[0] for one in found)
        rows.append(
            (
                label, len(graph.pairs), f"{middle:.2f}",
                f"{max(one[1] for one in found):.2f}",
                ", ".join(f"{n} {kind}" for kind, n in found[0][2].most_common()),
                measure.verdict(middle, target, at_most=True) if target else "",
            )
        )  # fmt: skip
    measure.table(rows, ("model", "links", "CPU seconds", "slowest link", "links", "target"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
