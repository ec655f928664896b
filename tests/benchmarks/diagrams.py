"""Causal loop diagrams: faults of their layouts, and the time they take, against their targets.

The epidemic of docs/examples, the migration model (its story of eight loops, all named loops, and
random subsets of these), random and planar graphs, and with ``--models FOLDER`` every model in
there that has loops.  CPU seconds of all threads beside elapsed ones; compiling is measured apart,
in a process with an empty cache.

Run alone: ``python tests/benchmarks/diagrams.py [--subsets N] [--level best] [--models FOLDER]``.
``--keep FILE`` lays out all named loops of the migration model from several seeds and writes the
positions of the best: this is how its ``layout.json`` is made.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import measure
import networkx as nx
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loopscope.loops.diagrams.layout.dressing import LaidOut
    from loopscope.loops.diagrams.records import Sketch

EPIDEMIC = Path(__file__).parents[2] / "docs" / "examples" / "epidemic.mdl"
CORE = ("R1", "R3", "R4a", "R4b", "B1", "B2", "B3", "B4")
SUFFIXES = (".mdl", ".xmile", ".stmx", ".xml")
LARGEST = 40
KEPT_SEEDS = 8

HEAD = (
    "what", "level", "variables", "links", "loops", "crossings", "labels on labels", "on links",
    "links over boxes", "angle", "roundness", "badges inside", "shortest", "leaders", "size",
    "CPU s", "wall s", "targets",
)  # fmt: skip

FIRST = """
import time
wall, cpu = time.perf_counter(), time.process_time()
from loopscope.loops.diagrams.layout.laying import dress, lay_out
from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node, Sketch
nodes = tuple(Node(name=name) for name in "abc")
links = tuple(Link(cause=a, effect=b, sign="+") for a, b in ("ab", "bc", "ca"))
sketch = Sketch(nodes, links, (LoopShown(id="R1", path=tuple("abc"), polarity="R"),))
known = Layout({"a": (0, 0), "b": (200, 0), "c": (100, 170)}, {link.pair: 0.2 for link in links})
dress(sketch, known)
print(time.process_time() - cpu, time.perf_counter() - wall)
wall, cpu = time.perf_counter(), time.process_time()
lay_out(sketch, level="draft")
print(time.process_time() - cpu, time.perf_counter() - wall)
"""


@dataclass(frozen=True)
class Targets:
    """What a picture must reach; seconds are those of all processors together."""

    crossings: float = np.inf
    angle: float = 0.0
    roundness: float = 0.0
    inside: float = 0.0
    shortest: float = 0.0
    over: int = 0
    seconds: float = np.inf


TOY = Targets(0, 35, 0.9, 1.0, 60, seconds=3)
STORY = Targets(2, 30, 0.75, 1.0, 38, seconds=20)
NAMED = Targets(8, 18, 0.5, 0.7, 30, seconds=120)
LARGE = Targets(22, 15, 0.45, 0.85, 25, seconds=150)
DRAFT = Targets(over=LARGEST, seconds=2)
ANY = Targets(over=LARGEST)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", default="best", choices=("draft", "normal", "best"))
    parser.add_argument("--subsets", type=int, default=12, help="of named loops, as drafts")
    parser.add_argument("--random", type=int, default=6, help="random graphs, as drafts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", type=Path, help="folder of models to draw as well")
    parser.add_argument("--keep", type=Path, help="write positions of all named loops, and stop")
    parser.add_argument("--no-cold", action="store_true", help="leave the cold start out")
    given = parser.parse_args()
    if given.keep:
        keep(given.keep)
        return
    if not given.no_cold:
        cold_start()
    print("\nLaid out (faults must be 0; - where there is nothing to measure)\n")
    rows = []
    for name, sketch, level, targets in cases(given):
        rows.append(row_of(name, sketch, level, targets, given.seed))
        print(f"  {name}: {rows[-1][-1]}", file=sys.stderr, flush=True)
    measure.table(rows, HEAD)


def cases(given: argparse.Namespace) -> Iterator[tuple[str, Sketch, str, Targets]]:
    """Yield what is laid out: name, sketch, level, targets."""
    yield "susceptible, infectious, recovered", infection(), given.level, TOY
    level = given.level
    epidemic = of_model(EPIDEMIC, show="all")
    yield "epidemic", epidemic, level, STORY
    story, named = migration(CORE), migration("named")
    yield "migration, eight loops", story, level, STORY
    yield "migration, named loops", named, level, NAMED
    for name, sketch in (("epidemic", epidemic), ("migration, named loops", named)):
        yield name, sketch, "draft", DRAFT
    generator = np.random.default_rng(given.seed)
    for number in range(given.subsets):
        count = int(generator.integers(1, len(named.loops)))
        chosen = sorted(generator.choice(len(named.loops), count, replace=False))
        some = spanned(named, [named.loops[k] for k in chosen])
        yield f"{count} named loops, {number + 1}", some, "draft", DRAFT
    for number in range(given.random):
        n = (8, 15, 25, 40)[number % 4]
        yield f"random, {n} variables", random_graph(generator, n), "draft", DRAFT
    yield "random, 80 variables", random_graph(generator, 80), "draft", ANY
    for n in (6, 8, 10):
        sketch = planar_graph(generator, n)
        yield f"planar, {n} variables", sketch, level, Targets(0, over=0)
    if given.models:
        for path in sorted(given.models.rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                yield from of_corpus(path, level)


def row_of(name: str, sketch: Sketch, level: str, targets: Targets, seed: int) -> list[object]:
    """Lay out one sketch, and return its figures."""
    from loopscope.loops.diagrams.layout.laying import lay_out

    kept: list[LaidOut] = []
    timing = measure.timed(lambda: kept.append(lay_out(sketch, seed=seed, level=level)))
    quality = kept[0].quality
    missed = [
        what
        for what, bad in {
            "crossings": quality.crossings > targets.crossings,
            "labels on labels": quality.label_on_label > 0,
            "labels on links": quality.label_on_link > 0,
            "links over boxes": quality.link_over_box > targets.over,
            "angle": quality.smallest_angle < targets.angle,
            "roundness": quality.roundness < targets.roundness,
            "badges": quality.badges_inside < targets.inside * quality.badges,
            "shortest": quality.shortest_link < targets.shortest,
            "time": timing.cpu > targets.seconds,
        }.items()
        if bad
    ]

    def shown(value: float, form: str) -> str:
        return format(value, form) if np.isfinite(value) else "-"

    return [
        name, level, len(sketch.nodes), len(sketch.links), len(sketch.loops), quality.crossings,
        quality.label_on_label, quality.label_on_link, quality.link_over_box,
        shown(quality.smallest_angle, ".0f"), shown(quality.roundness, ".2f"),
        f"{quality.badges_inside}/{quality.badges}", shown(quality.shortest_link, ".0f"),
        f"{quality.leaders_touching}+{quality.leaders_crossing}",
        f"{quality.width:.0f}x{quality.height:.0f}", f"{timing.cpu:.1f}", f"{timing.wall:.1f}",
        "MISSED " + ", ".join(missed) if missed else "met",
    ]  # fmt: skip


def infection() -> Sketch:
    """Return three loops of two variables, in a row."""
    from loopscope.loops.diagrams.records import Link, LoopShown, Node
    from loopscope.loops.diagrams.records import Sketch as Record

    links = {
        ("infection", "Susceptible"): "-", ("Susceptible", "infection"): "+",
        ("infection", "Infectious"): "+", ("Infectious", "infection"): "+",
        ("Infectious", "recovery"): "+", ("recovery", "Infectious"): "-",
    }  # fmt: skip
    loops = {
        "B1": ("Susceptible", "infection"), "R1": ("Infectious", "infection"),
        "B2": ("Infectious", "recovery"),
    }  # fmt: skip
    return Record(
        tuple(
            Node(name=name, kind="stock" if name[0].isupper() else "flow")
            for name in sorted({name for pair in links for name in pair})
        ),
        tuple(Link(cause=a, effect=b, sign=sign) for (a, b), sign in links.items()),
        tuple(LoopShown(id=one, path=path, polarity=one[0]) for one, path in loops.items()),
    )


def migration(show: str | tuple[str, ...]) -> Sketch:
    """Return named loops of the migration model, nothing folded."""
    return of_model("migration_policy", show=show)


def of_model(model: str | Path, show: str | tuple[str, ...] | None) -> Sketch:
    """Return loops of a model, without scores."""
    from loopscope import models
    from loopscope.analysis.shown_loops import without_scores
    from loopscope.loops.diagrams.choosing.asking import sketched

    source = without_scores(models.load(model), view=None)
    return sketched(source.found, show=show, fold=False)[0]


def of_corpus(path: Path, level: str) -> Iterator[tuple[str, Sketch, str, Targets]]:
    """Yield the loops that a model's diagram shows, where it has some that can be shown."""
    from loopscope.models.errors import LoopscopeError

    try:
        sketch = of_model(path, None)
    except LoopscopeError as error:
        print(f"  {path.name}: {error}", file=sys.stderr)
        return
    if sketch.loops:
        yield path.stem, sketch, level, LARGE if len(sketch.nodes) > LARGEST // 2 else STORY


def spanned(sketch: Sketch, loops: Sequence[object]) -> Sketch:
    """Return some loops and what they run through."""
    from loopscope.loops.diagrams.records import Sketch as Record

    pairs = {pair for loop in loops for pair in loop.pairs}
    names = {name for pair in pairs for name in pair}
    return Record(
        tuple(node for node in sketch.nodes if node.name in names),
        tuple(link for link in sketch.links if link.pair in pairs),
        tuple(loops),
    )


def random_graph(generator: np.random.Generator, n: int) -> Sketch:
    """Return n variables with 1.6 n links, some delayed, and up to eight loops."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    while graph.number_of_edges() < 1.6 * n:
        a, b = (int(v) for v in generator.integers(0, n, 2))
        if a != b:
            graph.add_edge(a, b)
    return sketch_of(generator, graph)


def planar_graph(generator: np.random.Generator, n: int) -> Sketch:
    """Return n variables with up to 1.5 n links that can be drawn without a crossing."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    for a, b in generator.permutation([(a, b) for a in range(n) for b in range(n) if a != b]):
        if graph.number_of_edges() < 1.5 * n:
            graph.add_edge(int(a), int(b))
            if not nx.check_planarity(graph.to_undirected())[0]:
                graph.remove_edge(int(a), int(b))
    return sketch_of(generator, graph)


def sketch_of(generator: np.random.Generator, graph: nx.DiGraph) -> Sketch:
    """Return a graph with words for names, signs and some delays."""
    from loopscope.loops.diagrams.records import Link, LoopShown, Node
    from loopscope.loops.diagrams.records import Sketch as Record

    words = ("rate of", "perceived", "stock of", "share of", "", "effect of")
    names = {v: f"{words[v % len(words)]} variable {v}".strip() for v in graph}
    cycles = []
    for path in nx.simple_cycles(graph, length_bound=6):
        cycles.append(path)
        if len(cycles) == 8:
            break
    return Record(
        tuple(Node(name=name, kind="stock" if v % 4 == 0 else "auxiliary")
              for v, name in names.items()),
        tuple(
            Link(cause=names[a], effect=names[b], sign="+-"[int(generator.integers(2))],
                 delay=bool(generator.random() < 0.15))
            for a, b in graph.edges
        ),
        tuple(
            LoopShown(id=f"R{k}", path=tuple(names[v] for v in path), polarity="R", name=f"no {k}")
            for k, path in enumerate(cycles)
        ),
    )  # fmt: skip


def cold_start() -> None:
    """Print what a first diagram costs where nothing is compiled yet, and where it is."""
    print("First picture of a process, three variables: seconds\n")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for cache in ("empty", "filled"):
            done = subprocess.run(
                [sys.executable, "-c", FIRST],
                env={**os.environ, "LOOPSCOPE_CACHE": folder}, check=True, capture_output=True,
                text=True,
            )  # fmt: skip
            for what, line in zip(
                ("known places", "laid out"), done.stdout.split("\n"), strict=False
            ):
                rows.append((cache, what, *(f"{float(one):.1f}" for one in line.split())))
    measure.table(rows, ("cache", "what", "CPU", "wall"))


def keep(path: Path) -> None:
    """Write the positions of all named loops of the migration model, from the best of some seeds.

    Bulges of links with pass-through variables folded away are there as well, so that both
    pictures are drawn without a search.
    """
    from loopscope import models
    from loopscope.analysis.shown_loops import without_scores
    from loopscope.loops.diagrams.choosing.asking import sketched
    from loopscope.loops.diagrams.layout.kept import as_text
    from loopscope.loops.diagrams.layout.laying import lay_out
    from loopscope.loops.diagrams.layout.trying import faults
    from loopscope.loops.diagrams.records import Layout

    source = without_scores(models.load("migration_policy"), view=None)
    whole, folded = (sketched(source.found, show="named", fold=fold)[0] for fold in (False, True))
    best, chosen = np.inf, None
    for seed in range(KEPT_SEEDS):
        begun = time.perf_counter()
        laid = lay_out(whole, seed=seed)
        rating = faults(laid)
        print(f"seed {seed}: {rating:.2f}, {time.perf_counter() - begun:.0f} s, {laid.quality}")
        if rating < best:
            best, chosen = rating, laid.layout
    assert chosen is not None
    stay = [node.name for node in folded.nodes]
    short = lay_out(folded, layout=chosen, pinned=stay).layout
    layout = Layout(chosen.places, {**short.bulges, **chosen.bulges})
    path.write_text(as_text(layout), encoding="utf-8")


if __name__ == "__main__":
    main()
