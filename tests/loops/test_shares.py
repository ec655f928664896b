"""Tests of shares of named loops, of cancellation, and of what stands behind a loop of a view."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.finding.activity import weights_of
from loopscope.loops.loop import closed
from loopscope.loops.shares import behind, cancellation, shares
from loopscope.models.errors import LoopError


def test_shares_of_a_logistic_are_those_of_the_closed_form(logistic):
    # Loop gains are r (births) and -2 r P/K (deaths); shares are their parts of the sum.
    run = models.simulate(logistic)
    found = loops.find(logistic).pin(["P", "births"], name="growth")
    told = shares(found, loops.score(found, run))
    births = 1 / (1 + 2 * run["P"].values / 100)
    np.testing.assert_allclose(told["named"].isel(partition=0), births, rtol=1e-9)
    np.testing.assert_allclose(told["held"].isel(partition=0), 1 - births, rtol=1e-9)
    np.testing.assert_allclose(told["other"].isel(partition=0), 1 - births, rtol=1e-9)
    np.testing.assert_allclose(told["named_over_run"], [np.mean(births)], rtol=1e-9)
    np.testing.assert_allclose(told["over_run"], [np.mean(births)], rtol=1e-9)
    assert told["loop"].values.tolist() == ["P1"]


def test_a_partition_at_rest_has_nothing_to_share(read):
    model = read("f=0.5*(4-y)\n g=0.25*(4-x)\n x=INTEG(f,4)\n y=INTEG(g,4)")
    found = loops.find(model).pin(["x", "g", "y", "f"])
    told = shares(found, loops.score(found, models.simulate(model)))
    assert np.isnan(told["named"]).all()
    assert np.isnan(told["other_over_run"]).all()


def test_shares_of_each_partition_stand_apart(read):
    model = read("""
        a=0.1*x
        b=0.2*x
        c=0.3*y
        x=INTEG(a-b, 1)
        y=INTEG(c-x, 5)
    """)
    found = loops.find(model).pin(["x", "a"]).pin(["y", "c"])
    told = shares(found, loops.score(found, models.simulate(model)))
    by_stock = {p.stocks: p.number for p in found.graph.partitions}
    one, other = by_stock["x",], by_stock["y",]
    np.testing.assert_allclose(told["named"].sel(partition=one), 1 / 3, rtol=1e-9)
    np.testing.assert_allclose(told["named"].sel(partition=other), 1.0, rtol=1e-9)
    assert told["named"].dims == ("time", "partition")


def test_shares_of_a_batch_have_a_run_dim(logistic):
    run = models.simulate(logistic, parameters={"K": [50, 100]})
    found = loops.find(logistic).pin(["P", "births"])
    told = shares(found, loops.score(found, run))
    assert told["named"].dims == ("run", "time", "partition")
    assert told["over_run"].dims == ("run", "loop")


def test_shares_need_names_and_scores_of_the_same_loops(logistic):
    found = loops.find(logistic)
    scores = loops.score(found, models.simulate(logistic))
    with pytest.raises(LoopError, match="no loop is named; name some in loops"):
        shares(found, scores)
    with pytest.raises(LoopError, match="the scores are of other loops"):
        shares(found.pin(["P", "births"]), scores)


def test_opposite_paths_leave_their_difference(read):
    # x acts on the net rate by 2 * 0.3 and by -0.1: 0.5 of 0.7 is left; by one path on y.
    model = read("""
        up=2*x
        down=0.1*x
        net=0.3*up-down
        x=INTEG(net-0*y, 1)
        y=INTEG(x, 0)
    """)
    view = loops.fold(loops.trace(model))
    told = cancellation(loops.along(view, models.simulate(model)))
    pairs = list(zip(told["cause"].values, told["effect"].values, strict=True))
    np.testing.assert_allclose(told["kept"].isel(link=pairs.index(("x", "x"))), 5 / 7, rtol=1e-12)
    np.testing.assert_allclose(told["kept"].isel(link=pairs.index(("x", "y"))), 1, rtol=1e-12)
    assert told["kept"].dims == ("time", "link")


def test_links_of_a_traced_graph_have_nothing_inside(prey):
    told = cancellation(loops.along(loops.trace(prey), models.simulate(prey)))
    assert (told["kept"] == 1).all()


@st.composite
def equations(draw):
    """Three stocks and four auxiliaries, each a sum of some others with weights of any sign."""
    stocks, auxiliaries = ["x", "y", "z"], ["a", "b", "c", "d"]
    weight = st.sampled_from([-0.7, -0.3, 0.2, 0.5])
    rows = []
    for number, name in enumerate(auxiliaries):
        causes = draw(st.lists(st.sampled_from(stocks + auxiliaries[:number]), min_size=1,
                               max_size=3, unique=True))  # fmt: skip
        rows.append(f"{name}=" + "+".join(f"({draw(weight)})*{c}" for c in causes))
    for name in stocks:
        causes = draw(st.lists(st.sampled_from(auxiliaries + stocks), min_size=1, max_size=3,
                               unique=True))  # fmt: skip
        rate = "+".join(f"({draw(weight)})*{c}" for c in causes)
        rows.append(f"{name}=INTEG({rate}, {draw(st.integers(1, 5))})")
    return "\n".join(rows)


@given(equations())
@settings(max_examples=12, deadline=None)
def test_every_loop_of_the_traced_graph_stands_behind_one_loop_of_a_view(read, text):
    model = read(text, stop=1)
    graph = loops.trace(model)
    run = models.simulate(model)
    found = loops.find(loops.fold(graph, ["b"]))
    cycles = list(nx.simple_cycles(graph.network))
    told = behind(found[:], run)
    assert int(told["count"].sum()) == len(cycles)
    if not cycles:
        return
    whole = loops.along(graph, run)
    weights = dict(zip(graph.pairs, weights_of(whole), strict=True))
    sizes = {part.number: np.zeros(len(whole.time)) for part in graph.partitions}
    nets = dict(sizes)
    for nodes in cycles:
        product = np.prod([weights[pair] for pair in closed(nodes)], axis=0)
        number = graph.partition_of[nodes[0]].number
        sizes[number] = sizes[number] + np.abs(product)
        nets[number] = nets[number] + product
    for number, size in sizes.items():
        inside = [graph.partition_of[loop.nodes[0]].number == number for loop in found]
        moves = size > 0
        for what, total in (("full", size), ("net", nets[number])):
            ours = told[what].isel(loop=inside).sum("loop").values
            np.testing.assert_allclose(ours[moves], (total / size)[moves], rtol=1e-9, atol=1e-12)


def test_more_than_may_be_summed_or_listed_is_said(prey):
    found, run = loops.find(loops.fold(loops.trace(prey))), models.simulate(prey)
    told = behind(found, run, most=1)
    assert np.isnan(told["full"]).all()
    assert "more than 1 products" in told.attrs["full_loops"]
    with pytest.raises(LoopError, match=r"more than 1 loops stand behind .*; raise most_behind="):
        behind(found, run, most_behind=1)


def test_totals_are_prepared_once_for_several_runs(prey):
    found, kept = loops.find(loops.fold(loops.trace(prey))), {}
    first = behind(found, models.simulate(prey), totals=kept)
    (one,) = kept.values()
    batch = models.simulate(prey, parameters={"a": [1.1, 0.9]})
    again = behind(found, batch, totals=kept)
    assert list(kept.values()) == [one]
    np.testing.assert_allclose(again["full"].isel(run=0), first["full"], rtol=1e-9)
    assert first.attrs["full_loops"] == "all 5 loops of 6 variables"
