"""The graph that loops span: paths, signs, delays, context, and what cannot be drawn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops
from loopscope.loops.diagrams.choosing.authored import names_of, ways_around, ways_of
from loopscope.loops.diagrams.choosing.folding import fold_through
from loopscope.loops.diagrams.choosing.routing import route_of
from loopscope.loops.diagrams.choosing.signing import BOTH, CHANGES, OBSERVED, PROVED
from loopscope.loops.diagrams.choosing.spanning import span


def spanned(found, **options):
    routes = {loop: route for loop in found if (route := route_of(loop)) is not None}
    return span(found.graph, routes, **options)


def product(sketch, loop):
    """The sign around a loop: "R", "B", or None where a link is not known."""
    signs = {link.pair: link.sign for link in sketch.links}
    around = [signs[pair] for pair in loop.pairs]
    return None if "?" in around else "B" if around.count("-") % 2 else "R"


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), fold=st.booleans())
def test_signs_around_a_loop_make_its_polarity(parametric_model, seed, fold):
    found = loops.find(parametric_model(seed), view="full", max_loops=60)
    sketch = spanned(found)  # a sketch checks that loops run along its links
    sketch = fold_through(sketch) if fold else sketch
    proved = {loop.id: loop.polarity for loop in found}
    for loop in sketch.loops:
        assert product(sketch, loop) in (None, loop.polarity)
        if proved[loop.id] != "U":
            assert loop.polarity == proved[loop.id]


def test_stages_of_a_delay_are_one_variable_and_mark_the_link_into_it(plant):
    sketch = spanned(plant.found)
    delayed = {link.pair for link in sketch.links if link.delay}
    assert delayed == {("orders", "seen")}
    assert {node.name for node in sketch.nodes} == {
        "seen", "orders", "goal", "making", "stock", "waste", "selling", "sold", "forgetting",
    }  # fmt: skip
    kinds = {node.name: node.kind for node in sketch.nodes}
    assert (kinds["stock"], kinds["making"], kinds["seen"]) == ("stock", "flow", "auxiliary")


def test_the_memory_of_a_stage_is_no_loop_of_the_author(plant):
    undrawn = [loop for loop in plant.found if route_of(loop) is None]
    assert [loop.path for loop in undrawn] == [("seen",)] * 3


def test_a_loop_that_comes_to_a_variable_twice_is_not_drawn(graph_of):
    graph = graph_of([("a", "b"), ("b", "a")])
    assert ways_around(graph, ("a", "b")) is not None
    assert ways_around(graph, ("a",)) is None


def test_a_sign_that_is_not_proved_is_the_observed_one(read):
    model = read(
        """
        x=INTEG(0.5*y-x, 1)
        y=INTEG(COS(Time)*x, 1)
        """
    )
    found = loops.find(model, view="full")
    sign = {link.pair: link for link in spanned(found).links}
    assert (sign["x", "y"].sign, sign["x", "y"].basis) == ("?", BOTH)
    assert (sign["y", "x"].sign, sign["y", "x"].basis) == ("+", PROVED)
    for seen, expected, basis in (("+", "+", OBSERVED), ("-", "-", OBSERVED), ("?", "?", CHANGES)):
        links = {link.pair: link for link in spanned(found, observed={("x", "y"): seen}).links}
        told = links["x", "y"]
        assert (told.sign, told.basis, told.certain) == (expected, basis, False)


def test_context_adds_the_causes_of_stocks_in_grey(parts):
    some = parts.found.through("a").containing(["a", "b"])
    plain, wide = spanned(some), spanned(some, context=1)
    assert {node.name for node in plain.nodes} == {"a", "b"}
    assert all(not node.quiet for node in wide.nodes)
    tank = parts.found.through("leak")
    wide = spanned(tank, context=1)
    quiet = {link.pair for link in wide.links if link.quiet}
    assert quiet == {("drip", "c")}
    assert {node.name: node.quiet for node in wide.nodes} == {
        "c": False, "leak": False, "drip": True,
    }  # fmt: skip


def test_everything_is_every_variable_and_link(plant):
    graph = plant.found.graph
    sketch = spanned(plant.found[:1], everything=True)
    assert {node.name for node in sketch.nodes} == set(names_of(graph))
    assert {link.pair for link in sketch.links} == set(ways_of(graph))
    assert not any(link.quiet for link in sketch.links)
    assert {graph.label(name) for name in graph.nodes} - set(names_of(graph)) <= {"SAVEPER"}


def test_a_loop_of_one_stock_in_a_view_is_drawn_with_its_flow(parts):
    graph = loops.fold(parts.found.graph, keep=["drip"])
    found = loops.find(graph)
    (own,) = [loop for loop in found if loop.nodes == ("c",)]
    route = route_of(own)
    assert route is not None
    assert set(route.path) == {"c", "leak"}
    assert span(graph, {own: route}).loops[0].polarity == "B"


def test_a_stock_with_several_flows_folded_away_is_not_drawn_alone(parts):
    found = loops.find(loops.fold(parts.found.graph))
    own = [loop for loop in found if loop.nodes == ("c",)]
    assert [route_of(loop) for loop in own] == [None]


@pytest.mark.parametrize(("stated", "drawn"), [({}, "U"), ({"U1": "R"}, "R")])
def test_a_polarity_that_the_author_states_is_drawn(read, stated, drawn):
    model = read(
        """
        x=INTEG(y, 1)
        y=INTEG(COS(Time)*x, 1)
        """
    )
    found = loops.find(model, view="full")
    some = found.containing(["x", "y"])
    (loop,) = spanned(some, stated=stated).loops
    assert (loop.id, loop.polarity) == ("U1", drawn)
