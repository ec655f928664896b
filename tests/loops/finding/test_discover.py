"""Tests of finding loops: what is held, what is counted, what is said, how loops are asked for."""

from __future__ import annotations

import itertools
import tracemalloc
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.finding import discover
from loopscope.loops.finding.activity import weights_of
from loopscope.loops.signs.polarity import Polarity
from loopscope.models.errors import LoopError

THREE = {"policy adjustment time": [1.0, 2.0, 3.0]}
INVENTORY = """
    hiring=Vac/8
    production=WIP/8
    starts=10*Labor
    quits=Labor/100
    gap inventory=(40000-Inv)/12
    desired production=10000+gap inventory
    desired WIP=8*desired production
    gap WIP=(desired WIP-WIP)/6
    desired starts=gap WIP+desired production
    desired labor=desired starts/10
    gap labor=(desired labor-Labor)/19
    desired hiring=gap labor+quits
    desired vacancies=8*desired hiring
    gap vacancies=(desired vacancies-Vac)/4
    vacancies created=gap vacancies+desired hiring
    Inv=INTEG(production-10000, 40000)
    Labor=INTEG(hiring-quits, 1000)
    Vac=INTEG(vacancies created-hiring, 80)
    WIP=INTEG(starts-production, 80000)
"""


def with_signs(graph):
    """A graph whose links have signs by number: proofs are tested elsewhere."""
    graph.kept["polarities"] = {
        pair: Polarity(sign="++-?"[n % 4], basis="unknown") for n, pair in enumerate(graph.pairs)
    }
    return graph


@pytest.fixture(scope="module")
def stocks():
    """The view of the migration model that shows its stocks alone: more loops than Python lists."""
    graph = loops.without(loops.trace("migration_policy"), {"backlog switch": 0})
    return with_signs(loops.fold(graph))


@pytest.fixture(scope="module")
def run():
    return models.simulate(models.load("migration_policy"))


@pytest.fixture(scope="module")
def every(stocks):
    return loops.find(stocks)


@pytest.mark.published
def test_known_models_have_the_published_number_of_loops(read, sir, prey):
    # structuR: SIR 3, Lotka-Volterra 5, inventory and labour 14.
    assert loops.find(sir).count == 3
    assert loops.find(prey).count == 5
    assert loops.find(read(INVENTORY, name="inventory")).count == 14


def test_a_small_model_is_said_to_be_complete(logistic):
    found = loops.find(logistic)
    assert found.complete
    assert found.count == len(found) == 2
    assert found.statement == "all 2 loops"
    assert [loop.nodes for loop in found] == [("P", "births"), ("P", "deaths")]


def test_a_model_without_a_loop_has_no_loops_and_no_scores(read):
    model = read("x=INTEG(1, 0)", name="ramp")
    found = loops.find(model)
    assert found.complete
    assert found.count == len(found) == 0
    assert "no loops" in found.statement
    assert found.products(np.zeros((0, 5))).shape == (0, 5)
    with pytest.raises(LoopError, match="no feedback loop"):
        loops.score(found, models.simulate(model))


def test_large_and_small_searches_agree(stocks, every, monkeypatch):
    monkeypatch.setattr(discover, "SMALL", 10**6)
    plain = loops.find(stocks)
    assert plain.count == every.count == 70_916
    assert plain._universe is None
    assert every._universe is not None
    assert plain.ids == every.ids
    for row in (0, 17, 4_000, -1):
        assert plain[row] == every[row]
    assert "all 70,916 loops" in every.statement
    assert every.complete


def test_order_is_by_length_then_names(every):
    keys = [(len(loop), loop.nodes) for loop in itertools.islice(every, 3000)]
    assert keys == sorted(keys)
    assert all(nodes[0] == min(nodes) for _, nodes in keys)


def test_what_matters_is_held_when_all_are_too_many(stocks, every, run):
    along = loops.along(stocks, run)
    found = loops.find(stocks, run=run)
    assert found.complete
    assert found.count == 70_916
    assert len(found) < 1000
    assert f"all 70,916 loops counted, {len(found)} held" in found.statement
    weights = weights_of(along)
    up, down = every.totals(weights)
    shares = np.abs(every.products(weights)) / (up - down)[0]
    peaks = shares.max(axis=1)
    ids = every.ids
    expected = [ids[n] for n in np.flatnonzero(peaks >= 0.001)]
    assert list(found.ids) == expected  # the ids they have among all
    ours = found.totals(weights)
    np.testing.assert_allclose(ours, (up, down), rtol=1e-10)


def test_runs_and_budgets_do_not_change_ids(stocks, every, run):
    found = loops.find(stocks, run=[run, run.isel(time=slice(0, 20))], max_loops=50)
    assert len(found) == 50
    assert all(every[loop.id] == loop for loop in found)
    assert loops.find(stocks, max_length=4)[-1] in every


def test_the_shortest_are_held_without_a_run(stocks, every):
    found = loops.find(stocks, max_loops=3000)
    assert len(found) == 3000
    assert found.complete
    assert found.ids == every.ids[:3000]
    lengths = sorted({len(loop) for loop in found})
    assert f"all of up to {lengths[-2]} links" in found.statement
    tiny = loops.find(stocks, max_loops=3)
    assert [loop.id for loop in tiny] == list(every.ids[:3])


def test_few_loops_may_be_held_of_a_small_model(prey):
    found = loops.find(prey, max_loops=2)
    assert len(found) == 2
    assert found.count == 5
    assert found.complete
    assert "all 5 loops counted, the 2 shortest held" in found.statement
    weights = np.ones((len(found.graph.pairs), 1))
    assert found.totals(weights)[0].sum() == 5


def test_a_length_limit_is_said(stocks, every):
    found = loops.find(stocks, max_length=5)
    assert not found.complete
    assert found.count is None
    assert list(found) == list(every.of_length(1, 5))
    assert f"all {len(found):,} loops of up to 5 links" in found.statement
    long_enough = loops.find(stocks, max_length=19)
    assert long_enough.complete


def test_no_time_without_a_run_gives_the_shortest_and_says_so(graph_of):
    names = [f"n{number:02}" for number in range(40)]
    found = loops.find(graph_of(list(itertools.permutations(names, 2))), seconds=0.3, max_loops=900)
    assert not found.complete
    assert found.count is None
    assert len(found) == 900
    assert "incomplete: more than" in found.statement
    assert "the 900 shortest held (all of up to 2 links)" in found.statement
    assert "give run=" in found.statement


@pytest.fixture(scope="module")
def tangle(read):
    """A model of 16 stocks that all act on one another, half of them only when a switch is on."""
    names = [f"s{number:02}" for number in range(16)]
    rows = ["on=0"]
    for one in names:
        terms = [
            f"{'on*' if (i % 2 or names.index(one) % 2) and abs(i - names.index(one)) > 1 else ''}"
            f"0.01*({other}-{one})"
            for i, other in enumerate(names)
            if other != one
        ]
        rows.append(f"{one}=INTEG({'+'.join(terms)}, {1 + names.index(one)})")
    return read("\n".join(rows), name="tangle", stop=2)


def test_loops_that_act_are_listed_when_all_are_too_many(tangle, monkeypatch):
    run = models.simulate(tangle)
    graph = with_signs(loops.trace(tangle))
    monkeypatch.setattr(discover, "SMALL", 10)
    found = loops.find(graph, run=run, seconds=0.5, max_loops=10**7)
    assert not found.complete
    assert found.count is None
    assert "that act at a saved time of the runs" in found.statement
    along = loops.along(graph, run)
    off = {pair for pair, gain in along.gains.items() if not gain.any()}
    assert off
    acting = graph.network.copy()
    acting.remove_edges_from(off)
    assert len(found) == sum(1 for _ in nx.simple_cycles(acting))
    weights = weights_of(along)
    up, down = found.totals(weights)
    products = found.products(weights)
    np.testing.assert_allclose(up[0], np.maximum(products, 0).sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(down[0], np.minimum(products, 0).sum(axis=0), rtol=1e-9)


def test_strong_loops_are_sampled_when_nothing_else_ends(tangle):
    run = models.simulate(tangle, parameters={"on": 1})
    graph = with_signs(loops.trace(tangle))
    found = loops.find(graph, run=run, seconds=0.2, max_loops=400)
    assert not found.complete
    assert "a strongest-first sample" in found.statement
    assert 0 < len(found) <= 400
    # Totals of a sample are over the sample, so no share is above 1.
    weights = weights_of(loops.along(found.graph, run))
    up, down = found.totals(weights)
    assert (np.abs(found.products(weights)).sum(axis=0) <= (up - down)[0] * (1 + 1e-9)).all()


def test_loops_are_asked_for_by_id_number_variable_path_length_and_polarity(prey):
    found = loops.find(prey)
    assert found["R1"] == found[0]
    assert found[-1] == list(found)[-1]
    assert [loop.id for loop in found[1:3]] == list(found.ids[1:3])
    assert len(found.through("predators")) == 3
    assert len(found.through("Prey Births")) == 1
    long = found.containing(["prey deaths", "prey", "predator births"])
    assert [len(loop) for loop in long] == [4]
    assert len(found.of_length(2)) == 4
    assert len(found.of_length(3, 9)) == 1
    letters = [loop.polarity for loop in found]
    for letter in "RBU":
        assert len(found.of_polarity(letter)) == letters.count(letter)
    assert found[0] in found
    assert found[0] not in found[1:]
    assert found.ids[0] in found
    assert "R99" not in found
    assert found.through("predators").count == 5
    assert list(found.polarities) == letters
    assert found.names == ("",) * 5
    assert found.partitions.tolist() == [0] * 5


def test_parts_keep_the_universe(prey):
    found = loops.find(prey)
    weights = np.random.default_rng(0).normal(size=(len(found.graph.pairs), 3))
    part = found.through("predators")
    np.testing.assert_array_equal(part.totals(weights), found.totals(weights))
    assert part.products(weights).shape == (3, 3)


def test_products_keep_trailing_dims(prey):
    found = loops.find(prey)
    weights = np.random.default_rng(0).normal(size=(len(found.graph.pairs), 2, 3))
    products = found.products(weights)
    number = {pair: n for n, pair in enumerate(found.graph.pairs)}
    for row, loop in enumerate(found):
        expected = np.prod([weights[number[pair]] for pair in loop.links], axis=0)
        np.testing.assert_allclose(products[row], expected, rtol=1e-13)
    up, down = found.totals(weights)
    np.testing.assert_allclose(up[0], np.maximum(products, 0).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(down[0], np.minimum(products, 0).sum(axis=0), rtol=1e-12)


def test_a_pinned_loop_is_held_under_the_name_given(stocks, every):
    some = loops.find(stocks, max_loops=10)
    far = every[-1]
    assert far not in some
    pinned = some.pin(far.nodes, name="the long way")
    assert pinned["P1"].nodes == far.nodes
    assert pinned["P1"].name == "the long way"
    assert len(pinned) == 11
    assert pinned.named.ids == ("P1",)
    again = pinned.pin(some[2].nodes, id="mine")
    assert again[2].id == "mine"
    assert again[some[2].id].id == "mine"
    assert len(again) == 11
    weights = np.random.default_rng(0).normal(size=(len(stocks.pairs), 2))
    np.testing.assert_allclose(again.totals(weights), every.totals(weights), rtol=1e-10)
    with pytest.raises(LoopError, match="another loop has the id 'mine'"):
        again.pin(far.nodes, id="mine")


def test_a_pin_beyond_what_is_searched_counts_in_totals(stocks, every):
    far = every.of_length(9)[0]
    short = loops.find(stocks, max_length=5)
    found = loops.find(stocks, max_length=5, pins=[far.nodes])
    assert found["P1"].nodes == far.nodes
    weights = np.abs(np.random.default_rng(0).normal(size=(len(stocks.pairs), 2)))
    added = found.totals(weights)[0] - short.totals(weights)[0]
    np.testing.assert_allclose(added[0], found[-1:].products(weights)[0], rtol=1e-6)


def test_many_loops_take_little_memory(stocks):
    tracemalloc.start()
    found = loops.find(stocks)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / len(found) < 200


def test_the_view_and_the_names_of_a_catalogue_are_used(read):
    model = read(
        """
        births=0.1*P
        crowding=P/100
        deaths=0.1*P*crowding
        P=INTEG(births-deaths, 1)
        """,
        name="named",
    )
    Path(model.path).with_name("loops.toml").write_text(
        'view = ["births", "deaths"]\n'
        '[[loop]]\nid = "B4"\nname = "crowding out"\npath = ["P", "deaths"]\npolarity = "B"\n'
    )
    found = loops.find(model)
    assert "crowding" not in found.graph.nodes
    assert found["B4"].nodes == ("P", "deaths")
    assert found["B4"].name == "crowding out"
    assert found.named.ids == ("B4",)
    others = [loop.id for loop in found if not loop.name]
    assert others == ["R1"]
    full = loops.find(model, view="full")
    assert "crowding" in full.graph.nodes
    assert len(full) == 3
    assert all(loop.id != "B4" or loop.name for loop in full)
    assert set(loops.find(model, view=["crowding"]).graph.nodes) == {"P", "crowding"}
    assert loops.find(full.graph).graph is full.graph


def test_numbers_start_after_those_the_catalogue_uses(read):
    model = read("x=INTEG(0.1*x+0.2*y, 1)\n y=INTEG(0.1*y+0.1*x, 1)", name="numbered")
    Path(model.path).with_name("loops.toml").write_text(
        '[[loop]]\nid = "R7"\nname = "own growth"\npath = ["y"]\npolarity = "R"\n'
    )
    found = loops.find(model)
    assert found.ids == ("R8", "R7", "R9")


def test_a_table_and_a_repr_show_paths(prey, every):
    found = loops.find(prey)
    rows = found.table()
    assert rows[0][3] == "predator births -> predators"
    assert "all 5 loops" in repr(found)
    assert "more" in repr(every)
    assert len(every.table(3)) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_loops": 0}, "max_loops must be a whole number of at least 1, got 0"),
        ({"max_loops": 2.5}, "max_loops must be a whole number"),
        ({"max_length": -1}, "max_length must be a whole number of at least 1, got -1"),
        ({"seconds": 0}, "seconds must be more than 0, got 0"),
        ({"seconds": "long"}, "seconds must be more than 0, got 'long'"),
        ({"share": 1.5}, "share must be more than 0 and at most 1, got 1.5"),
        ({"view": "stocks"}, "view must be 'full' or a list of variables"),
        ({"view": ["prey birth"]}, "did you mean 'prey births'"),
        ({"pins": [["prey", "predator births"]]}, "no link 'predator births' -> 'prey'"),
        ({"pins": [["prey", "predator birth"]]}, "did you mean 'predator births'"),
        ({"pins": ["prey"]}, "names of its variables in causal order"),
    ],
)
def test_bad_input_is_named(prey, options, words):
    with pytest.raises(LoopError, match=words):
        loops.find(prey, **options)


def test_unknown_ids_names_and_paths_are_named(prey, every):
    found = loops.find(prey)
    with pytest.raises(LoopError, match="no loop 'R11'; did you mean 'R1'"):
        found["R11"]
    with pytest.raises(LoopError, match=r"no loop 'X1'; the 70,916 loops held are"):
        every["X1"]
    with pytest.raises(LoopError, match="did you mean 'predators'"):
        found.through("predator")
    with pytest.raises(LoopError, match="'a' does not change during a run"):
        found.through("a")
    with pytest.raises(LoopError, match="no link 'prey' -> 'predators'"):
        found.containing(["prey", "predators"])
    with pytest.raises(LoopError, match="a polarity is 'R', 'B' or 'U', got 'X'"):
        found.of_polarity("X")
    with pytest.raises(LoopError, match="weights are of 3 links"):
        found.products(np.ones((3, 2)))


def test_a_loop_without_a_stock_is_refused(graph_of):
    graph = graph_of([("a", "b"), ("b", "a"), ("b", "c")])
    for name in "ab":
        graph.nodes[name] = replace(graph.nodes[name], role="auxiliary")
    with pytest.raises(LoopError, match="a, b act on one another without a stock"):
        loops.find(graph)


def test_values_along_another_graph_are_refused(prey, logistic):
    run = models.simulate(logistic)
    with pytest.raises(LoopError, match="run is of model 'logistic'"):
        loops.find(prey, run=run)
    with pytest.raises(LoopError, match="made along another graph"):
        loops.find(prey, run=loops.along(loops.trace(logistic), run))


def test_of_more_loops_than_fit_those_that_matter_are_scored(every, run):
    along = loops.along(every.graph, models.simulate(every.graph.model, parameters=THREE))
    scores = loops.score(every, along)
    assert 0 < scores.sizes["loop"] < 5000
    assert "totals run over all" in scores.attrs["loops"]
    # Each score is the same as it is among all loops.
    few = every.holding([every[identity].nodes for identity in scores["loop"].values[:50]])
    alone = loops.score(few, along)
    np.testing.assert_allclose(
        scores["relative"].isel(loop=slice(50)), alone["relative"], rtol=1e-9, atol=1e-12
    )


def test_more_scores_than_fit_of_a_chosen_part_are_refused(every, run):
    along = loops.along(every.graph, models.simulate(every.graph.model, parameters=THREE))
    with pytest.raises(LoopError, match=r"70,915 loops at 303 times .* give find\(\) the run"):
        loops.score(every[1:], along)
    assert loops.score(every.of_length(1), run)["relative"].size > 0


def test_ids_of_the_catalogue_are_left_alone_in_other_views():
    path = Path(__file__).parents[3] / "docs" / "examples" / "epidemic.mdl"
    model = models.load(path)
    named = {loop.id: loop.path for loop in loops.find(model).named}
    other = loops.find(model, view=["infections"])
    assert all(loop.id not in named or loop.path == named[loop.id] for loop in other)
