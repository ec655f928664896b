"""Graphs too large for one picture: groups, one picture a loop, the most central variables."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from loopscope.loops.diagrams.central import central
from loopscope.loops.diagrams.diagram import Diagram
from loopscope.loops.diagrams.layout.laying import lay_out
from loopscope.loops.diagrams.multiples import around, multiples
from loopscope.loops.diagrams.overview import overview
from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch
from loopscope.models.errors import LoopError


def sketch_of(text, loops=()):
    links = []
    for part in text.split():
        cause, sign, effect = part[0], part[1], part[2]
        links.append(Link(cause=cause, effect=effect, sign=sign, delay=part.endswith("|")))
    names = sorted({name for link in links for name in link.pair})
    return Sketch(
        tuple(Node(name=name) for name in names),
        tuple(links),
        tuple(
            LoopShown(id=f"{polarity}{k}", path=tuple(path), polarity=polarity, weight=weight)
            for k, (path, polarity, weight) in enumerate(loops)
        ),
    )


GROUPS = {"a": "one", "b": "one", "c": "two", "d": "two", "e": "three"}


def test_links_between_groups_are_summed_and_those_within_are_left_out():
    sketch = sketch_of("a+b b+c a+d| c-d d+e e-c c-e")
    found = overview(sketch, GROUPS)
    links = {link.pair: link for link in found.sketch.links}
    assert {pair: found.counts[pair] for pair in links} == {
        ("one", "two"): 2, ("two", "three"): 2, ("three", "two"): 1
    }  # fmt: skip
    assert links["one", "two"].sign == "+"
    assert not links["one", "two"].delay
    assert links["two", "three"].sign == "?"
    assert links["two", "three"].basis == "1 of sign +, 1 of sign -"
    assert sum(found.counts.values()) + 2 == len(sketch.links)


def test_every_loop_is_shown_within_alike_or_tangled():
    loops = [("ab", "R", 1.0), ("cde", "B", 3.0), ("ce", "B", 2.0), ("abced", "R", 1.0)]
    found = overview(sketch_of("a+b b+a b+c c+d d-e e-c d+a c-e e+d", loops), GROUPS)
    assert found.within == {"one": ("R0",)}
    assert [loop.id for loop in found.sketch.loops] == ["B1"]
    assert found.alike == {"B1": ("B2",)}
    assert found.tangled == ("R3",)


def test_communities_stand_for_groups_that_nobody_gave():
    one, other = nx.complete_graph(5), nx.complete_graph(4)
    graph = nx.disjoint_union(one, other)
    graph.add_edge(0, 5)
    sketch = Sketch(
        tuple(Node(name=f"v{v}") for v in graph),
        tuple(Link(cause=f"v{a}", effect=f"v{b}", sign="+") for a, b in graph.edges),
    )
    found = overview(sketch)
    assert set(found.members) == {"v0 and 4 more", "v5 and 3 more"}
    assert sorted(sum(found.members.values(), ())) == sorted(f"v{v}" for v in graph)
    with pytest.raises(LoopError, match="groups: 'v8' has none"):
        overview(sketch, {f"v{v}": "all" for v in range(8)})


def test_multiples_stand_at_the_same_places_with_neighbours_in_grey(core):
    heavy = replace(core, loops=(replace(core.loops[3], weight=5.0), *core.loops[:3]))
    whole = Diagram(laid=lay_out(heavy, level="draft"))
    pictures = multiples(whole, most=2)
    assert pictures[0].sketch.loops[0].id == core.loops[3].id
    for picture in pictures:
        (loop,) = picture.sketch.loops
        quiet = {node.name: node.quiet for node in picture.sketch.nodes}
        assert {name for name in quiet if not quiet[name]} == set(loop.path)
        for link in picture.sketch.links:
            assert link.quiet == (link.pair not in loop.pairs)
        for name in quiet:
            assert picture.layout.places[name] == whole.layout.places[name]
        assert picture.quality.label_on_label == 0
    with pytest.raises(LoopError, match="no loop 'R9' is shown"):
        around(core, "R9")
    with pytest.raises(LoopError, match="at least one picture; got 0"):
        multiples(whole, most=0)
    with pytest.raises(LoopError, match="no loop is shown"):
        multiples(replace(whole, laid=replace(whole.laid, sketch=Sketch(core.nodes, core.links))))


def test_hidden_variables_become_links_with_the_product_of_signs():
    # a and d are on every path; b, c, x are hidden in links from a to d.
    sketch = sketch_of("a-b b-c| c+d d+a a+x x+d", [("abcd", "R", 1.0), ("axd", "R", 1.0)])
    found = central(sketch, 2)
    links = {link.pair: link for link in found.links}
    assert set(links) == {("a", "d"), ("d", "a")}
    assert links["a", "d"].sign == "+"
    assert links["a", "d"].delay
    assert links["a", "d"].through == ("x",)
    assert [loop.path for loop in found.loops] == [("a", "d"), ("a", "d")]


def test_paths_that_differ_in_sign_make_a_link_of_unknown_sign():
    found = central(sketch_of("a-b b+d d+a a+x x+d"), 2)
    assert {link.pair: link.sign for link in found.links} == {("a", "d"): "?", ("d", "a"): "+"}
    assert not next(link for link in found.links if link.sign == "?").certain


def test_central_variables_link_as_all_simple_paths_say():
    generator = np.random.default_rng(2)
    for _ in range(20):
        n = 9
        pairs = {(int(a), int(b)) for a, b in generator.integers(0, n, (18, 2)) if a != b}
        graph = nx.DiGraph(sorted(pairs))
        if max(map(len, nx.strongly_connected_components(graph)), default=1) < 5:
            continue
        sign = {pair: ("+", "-")[generator.integers(2)] for pair in sorted(pairs)}
        sketch = Sketch(
            tuple(Node(name=str(v)) for v in sorted(graph)),
            tuple(Link(cause=str(a), effect=str(b), sign=sign[a, b]) for a, b in sorted(pairs)),
        )
        found = central(sketch, 4)
        shown = {int(node.name) for node in found.nodes}
        part = max(nx.strongly_connected_components(graph), key=lambda one: (len(one), -min(one)))
        for link in found.links:
            a, b = int(link.cause), int(link.effect)
            hidden = graph.subgraph((part - shown) | {a, b})
            signs = set()
            for path in nx.all_simple_edge_paths(hidden, a, b):
                negative = sum(sign[step] == "-" for step in path) % 2
                signs.add("-" if negative else "+")
            assert link.sign == (signs.pop() if len(signs) == 1 else "?")


def test_nothing_is_central_without_feedback():
    with pytest.raises(LoopError, match="nothing shown feeds back"):
        central(sketch_of("a+b b+c"), 2)
    with pytest.raises(LoopError, match="at least 2 variables are shown; got 1"):
        central(sketch_of("a+b b+a"), 1)
