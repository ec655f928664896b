"""Layouts: good on small graphs, the same for a seed, near to what the reader knew."""

from __future__ import annotations

import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.layout.laying import dress, lay_out
from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node, Sketch
from loopscope.models.errors import LoopError


def same_places(one, other):
    return one.layout == other.layout and one.badges == other.badges


def sketch_of(graph, loops=()):
    return Sketch(
        tuple(Node(name=f"variable {v}") for v in graph),
        tuple(
            Link(cause=f"variable {a}", effect=f"variable {b}", sign="+") for a, b in graph.edges
        ),
        tuple(
            LoopShown(id=f"R{k}", path=tuple(f"variable {v}" for v in path), polarity="R")
            for k, path in enumerate(loops)
        ),
    )


@pytest.mark.parametrize("n", [2, 3, 4, 7, 12])
def test_one_loop_is_a_circle(ring, n):
    quality = lay_out(ring(n)).quality
    assert quality.roundness > 0.9
    assert quality.crossings == quality.label_on_label == quality.label_on_link == 0
    assert quality.badges_inside == 1


@pytest.mark.parametrize("seed", range(1, 4))
def test_planar_graphs_of_up_to_ten_nodes_have_no_crossing(seed):
    generator = np.random.default_rng(seed)
    n = 7 + seed
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    for a, b in generator.permutation([(a, b) for a in range(n) for b in range(n) if a != b]):
        if graph.number_of_edges() < 1.5 * n:
            graph.add_edge(int(a), int(b))
            if not nx.check_planarity(graph.to_undirected())[0]:
                graph.remove_edge(int(a), int(b))
    assert lay_out(sketch_of(graph)).quality.crossings == 0


def test_the_epidemic_meets_the_targets_of_a_toy(epidemic):
    quality = lay_out(epidemic).quality
    assert quality.crossings == quality.label_on_label == quality.label_on_link == 0
    assert quality.link_over_box == 0
    assert quality.smallest_angle >= 35
    assert quality.roundness >= 0.9
    assert quality.badges_inside == 3
    assert quality.shortest_link >= 60
    assert quality.width > quality.height


def test_the_core_view_meets_its_targets(core):
    quality = lay_out(core).quality
    assert quality.crossings <= 2
    assert quality.label_on_label == quality.label_on_link == quality.link_over_box == 0
    assert quality.smallest_angle >= 30
    assert quality.roundness >= 0.75
    assert quality.badges_inside == 8
    assert quality.shortest_link >= 38


def test_a_seed_gives_one_picture_whatever_the_order_of_input(core):
    first = lay_out(core, seed=7, level="draft")
    again = lay_out(core, seed=7, level="draft")
    shuffled = Sketch(core.nodes[::-1], core.links[::-1], core.loops[::-1])
    assert same_places(first, again)
    assert same_places(first, lay_out(shuffled, seed=7, level="draft"))
    assert not same_places(first, lay_out(core, seed=8, level="draft"))


def test_pinned_variables_stay_and_known_ones_move_little(core):
    before = lay_out(core, level="normal")
    names = [node.name for node in core.nodes]
    after = lay_out(core, layout=before.layout, pinned=names[:5], level="normal", seed=3)
    for name in names[:5]:
        assert after.layout.places[name] == before.layout.places[name]
    shifts = [
        math.dist(after.layout.places[name], before.layout.places[name]) for name in names[5:]
    ]
    assert np.median(shifts) < 30
    assert after.quality.crossings <= before.quality.crossings + 1


def test_a_new_variable_comes_beside_its_neighbours_and_the_rest_stays(core):
    before = lay_out(core, level="normal")
    more = Sketch(
        (*core.nodes, Node(name="public debate")),
        (
            *core.links,
            Link(cause="irregular residents", effect="public debate", sign="+"),
            Link(cause="public debate", effect="stringency target", sign="+"),
        ),
        core.loops,
    )
    after = lay_out(more, layout=before.layout, level="normal")
    shifts = [
        math.dist(after.layout.places[name], place) for name, place in before.layout.places.items()
    ]
    assert np.median(shifts) < 40
    place = after.layout.places["public debate"]
    assert math.dist(place, after.layout.places["stringency target"]) < 350
    assert after.quality.label_on_label == 0


def test_a_layout_is_dressed_where_it_stands(core):
    before = lay_out(core, level="draft")
    again = dress(core, before.layout)
    assert same_places(before, again)
    with pytest.raises(LoopError, match=r"no place for 'blocked demand'; lay_out"):
        dress(core, Layout({}, before.layout.bulges))


def test_parts_without_a_link_between_them_stand_apart(ring):
    one, other = ring(5), ring(3)
    renamed = Sketch(
        tuple(replace(node, name=f"other {node.name}") for node in other.nodes),
        tuple(
            replace(link, cause=f"other {link.cause}", effect=f"other {link.effect}")
            for link in other.links
        ),
        tuple(
            replace(loop, id="B2", path=tuple(f"other {v}" for v in loop.path))
            for loop in other.loops
        ),
    )
    both = Sketch(
        (*one.nodes, *renamed.nodes, Node(name="alone")),
        (*one.links, *renamed.links),
        (*one.loops, *renamed.loops),
    )
    quality = lay_out(both, level="draft").quality
    assert quality.crossings == quality.label_on_label == quality.link_over_box == 0


def test_caller_mistakes_say_what_and_where(core):
    with pytest.raises(LoopError, match="no level named 'bset'; did you mean 'best'"):
        lay_out(core, level="bset")
    with pytest.raises(LoopError, match="pinned: 'opennes' is not shown; did you mean"):
        lay_out(core, pinned=["opennes"])
    with pytest.raises(LoopError, match="pinned: 'openness' has no place"):
        lay_out(core, pinned=["openness"])


def test_nothing_and_one_variable_are_laid_out():
    assert lay_out(Sketch((), ())).quality.width == 0.0
    found = lay_out(Sketch((Node(name="alone"),), ()))
    assert found.layout.places == {"alone": (0.0, 0.0)}


@st.composite
def sketches(draw):
    n = draw(st.integers(1, 12))
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=2 * n)) if pairs else []
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(chosen)
    cycles = []
    for path in nx.simple_cycles(graph, length_bound=6):
        cycles.append(path)
        if len(cycles) == 8:
            break
    return sketch_of(graph, cycles)


@settings(
    max_examples=15, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(sketches(), st.integers(0, 5))
def test_no_label_of_any_graph_stands_on_another(sketch, seed):
    found = lay_out(sketch, seed=seed, level="draft")
    assert found.quality.label_on_label == 0
    assert all(np.isfinite(place).all() for place in found.layout.places.values())
    assert all(abs(bulge) <= 0.36 for bulge in found.layout.bulges.values())
    assert np.isfinite(found.signs).all()
    assert len(found.badges) == len(sketch.loops)


@pytest.mark.parametrize("seed", range(4))
def test_subsets_of_loops_have_no_label_on_anything_whatever_the_widths(core, seed):
    generator = np.random.default_rng(seed)
    count = int(generator.integers(2, len(core.loops)))
    loops = [core.loops[k] for k in sorted(generator.choice(len(core.loops), count, replace=False))]
    pairs = {pair for loop in loops for pair in loop.pairs}
    names = {name for pair in pairs for name in pair}
    some = Sketch(
        tuple(node for node in core.nodes if node.name in names),
        tuple(
            replace(link, score=0.3, width=float(generator.uniform(1.0, 4.0)))
            for link in core.links
            if link.pair in pairs
        ),
        tuple(loops),
    )
    quality = lay_out(some, level="draft", seed=seed).quality
    assert quality.label_on_label == quality.label_on_link == 0


def test_eighty_variables_are_laid_out_as_a_draft_without_labels_on_labels():
    generator = np.random.default_rng(0)
    pairs = sorted({(int(a), int(b)) for a, b in generator.integers(0, 80, (130, 2)) if a != b})
    graph = nx.DiGraph()
    graph.add_nodes_from(range(80))
    graph.add_edges_from(pairs)
    assert lay_out(sketch_of(graph), level="draft").quality.label_on_label == 0


def test_tries_are_told_and_an_interrupt_ends_them(core):
    told = []
    lay_out(core, level="normal", told=lambda done, of: told.append((done, of)))
    assert told == [(number, 3) for number in (1, 2, 3)]

    def interrupt(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lay_out(core, told=interrupt)


def test_one_processor_draws_the_same_as_several(core, monkeypatch):
    several = lay_out(core, level="normal", seed=2)
    monkeypatch.setattr("loopscope.loops.diagrams.layout.efforts.processors", lambda: 1)
    assert same_places(several, lay_out(core, level="normal", seed=2))


def test_a_pipe_is_straight_and_a_cloud_is_a_small_box(epidemic):
    cloud = Node(name="cloud 1", kind="cloud")
    assert (cloud.width, cloud.height, cloud.lines) == (24.0, 16.0, (" ",))
    pipe = Link(cause="recovery rate", effect="cloud 1", sign="+", kind="pipe")
    sketch = Sketch((*epidemic.nodes, cloud), (*epidemic.links, pipe), epidemic.loops)
    assert lay_out(sketch, level="normal", seed=1).layout.bulges[pipe.pair] == 0.0
