"""What stands below the line in many runs: sums over loops, compiled and cut; coverage."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.batch.pruning import pruned
from loopscope.loops.batch.readings import relative_of, size_of, total_of
from loopscope.loops.batch.settings import settings_of
from loopscope.loops.batch.tracking import track
from loopscope.loops.finding.evaluating import LANES, program
from loopscope.loops.finding.loopsum import over_all
from loopscope.loops.scores import ltm_continuous
from loopscope.models.engine import cache
from loopscope.models.engine.request import Apart, Extension
from loopscope.models.engine.simulate import prepared_of, run

NAMES = "ABCDE"


@pytest.fixture(scope="module")
def dense(read):
    """Five stocks, each of which acts on each: 89 loops, 84 of them through more than one."""
    rows = [f"g{a}{b}={0.02 + 0.01 * (i + 2 * j)}" for i, a in enumerate(NAMES)
            for j, b in enumerate(NAMES)]  # fmt: skip
    for j, b in enumerate(NAMES):
        terms = "+".join(f"g{a}{b}*{a}" for a in NAMES)
        rows.append(f"{b}=INTEG({terms}-0.05*{b}*{b}, {1 + j})")
    return read("\n".join(rows), stop=8)


@pytest.fixture(scope="module")
def graph(dense):
    return loops.trace(dense)


@pytest.fixture(scope="module")
def every(graph):
    (part,) = graph.partitions
    return over_all(graph, part)


def slowly(sizes, pairs):
    """The sum over all loops of five stocks, each loop listed."""
    row = {pair: number for number, pair in enumerate(pairs)}
    total = 0.0
    for count in range(1, len(NAMES) + 1):
        for chosen in combinations(NAMES, count):
            for rest in permutations(chosen[1:]):
                nodes = (chosen[0], *rest)
                links = zip(nodes, (*nodes[1:], nodes[0]), strict=True)
                total = total + np.prod([sizes[row[link]] for link in links], axis=0)
    return total


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3 * LANES + 1))
def test_the_compiled_sum_is_that_over_all_loops_at_any_number_of_moments(every, seed, moments):
    found = program(every)
    sizes = np.random.default_rng(seed).lognormal(0, 2, (len(found.pairs), moments))
    np.testing.assert_allclose(found.of(sizes), slowly(sizes, found.pairs), rtol=1e-12)
    alone = [found.of(sizes[:, n : n + 1].copy())[0] for n in range(moments)]
    assert np.array(alone).tobytes() == found.of(sizes).tobytes()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 80), st.integers(0, 88))
def test_a_cut_sum_keeps_the_tracked_loops_and_never_counts_too_much(
    graph, every, seed, most, which
):
    pairs = graph.pairs
    sizes = np.random.default_rng(seed).lognormal(0, 3, (len(pairs), 4))
    loop = loops.find(graph)[which]
    part = pruned(every, sizes, pairs, [loop], most)
    assert part.products <= most + len(loop)
    assert 1 <= part.count <= every.count
    below, whole = part.of(sizes, pairs), every.of(sizes, pairs)
    assert (below <= whole * (1 + 1e-12)).all()
    # With every other link at 0, what is left is the tracked loop alone.
    only = np.array([[1.0] if pair in loop.links else [0.0] for pair in pairs])
    assert part.of(only, pairs) == every.of(only, pairs)


def test_a_sum_that_fits_is_not_cut(every, graph):
    assert pruned(every, np.ones((len(graph.pairs), 1)), graph.pairs, [], 10**6) is every


def test_what_matters_is_kept_first(every, graph):
    """Two stocks that act strongly on each other, and all else weak: one loop is nearly all."""
    strong = {("A", "B"), ("B", "A")}
    sizes = np.array([[1.0 if pair in strong else 0.01] for pair in graph.pairs])
    part = pruned(every, sizes, graph.pairs, [], 2)
    assert part.count == 1
    assert part.of(sizes, graph.pairs)[0] / every.of(sizes, graph.pairs)[0] > 0.95


def read_inside(graph, tracked, swept, moments):
    """What a kernel reads of tracked loops: scores at all saved times, checks at some."""
    prepared = prepared_of(graph.model)
    asked = settings_of(prepared, None, {"parameters": swept})
    extension = Extension(
        name=tracked.name(asked), equations=lambda: graph.equations, outputs=(),
        readings=lambda: tracked.readings(asked),
        apart=(
            Apart(outputs=tracked.outputs, steps=lambda when: when.save_steps),
            Apart(outputs=tracked.checked, steps=lambda when: when.save_steps[moments]),
        ),
    )  # fmt: skip
    return run(graph.model, extension=extension, parameters=swept).apart


@pytest.mark.parametrize("most", [6, 20, 10**6])
def test_each_run_has_its_own_coverage(dense, graph, most):
    swept = {"gAB": np.linspace(0.01, 2.0, 7), "gBA": np.linspace(2.0, 0.01, 7)}
    outcome = models.simulate(dense, parameters=swept)
    along = loops.along(graph, outcome)
    found = loops.find(graph)
    followed = [found[3], found[40]]
    tracked = track(graph, followed, lambda: [along], most)
    moments = np.array([5, 20, 32])
    scores, checks = read_inside(graph, tracked, swept, moments)
    coverage = tracked.coverage(checks)
    (part,) = graph.partitions
    links = np.abs(ltm_continuous.link_weights(along, [part]))
    below = tracked.followed[0].total.of(links, graph.pairs)
    whole = over_all(graph, part).of(links, graph.pairs)
    share = (below / whole)[:, moments].min(axis=1)
    if most == 10**6:
        assert tracked.checked == ()
        np.testing.assert_array_equal(coverage, 1.0)
    else:
        assert (coverage < 0.999).any()
        np.testing.assert_allclose(coverage, share, rtol=1e-9)
    # Relative scores are the exact ones, over the share that stands below the line.
    exact = ltm_continuous.score(found, along)["relative"]
    for place, loop in enumerate(followed):
        expected = exact.sel(loop=loop.id).values * (whole / below)
        np.testing.assert_allclose(scores[place], expected, rtol=1e-8, atol=1e-12)
    assert tracked.outputs[0] == relative_of(followed[0])


def test_a_run_in_which_nothing_moves_has_no_coverage(graph):
    tracked = track(graph, [loops.find(graph)[3]], list, 6)
    still = np.zeros((len(tracked.checked), 2, 3))
    assert np.isnan(tracked.coverage(still)).all()
    moving = still.copy()
    whole = tracked.whole[0]
    part = tracked.followed[0].partition
    assert tracked.checked == (total_of(part), *(size_of(pair, part) for pair in whole.pairs))
    moving[1:, 1] = 1.0
    moving[0, 1] = [44.5, 89.0, 22.25]
    np.testing.assert_array_equal(tracked.coverage(moving), [np.nan, 0.25])


@pytest.mark.parametrize("most", [6, 10**6])
def test_what_stands_below_the_line_is_kept_between_processes(dense, most, monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    swept = {"gAB": np.linspace(0.01, 2.0, 7)}
    outcome = models.simulate(dense, parameters=swept)

    def tracked(chosen_by):
        graph = loops.trace(dense)  # another process has another graph
        runs = [loops.along(graph, outcome)]
        asked = []
        found = track(
            graph,
            [loops.find(graph)[3]],
            lambda: asked.append(1) or runs,
            most,
            chosen_by=chosen_by,
        )
        return found, bool(asked)

    first, looked = tracked("a")
    assert looked == (most == 6)
    again, looked = tracked("a")
    assert not looked
    assert again.followed[0].total == first.followed[0].total
    assert again.followed[0].digest == first.followed[0].digest
    assert [one is None for one in again.whole] == [one is None for one in first.whole]
    assert again.checked == first.checked
    _, looked = tracked("b")
    assert looked == (most == 6)
    for file in tmp_path.glob("*.json*"):
        file.write_bytes(file.read_bytes()[:-1])
    _, looked = tracked("a")
    assert looked == (most == 6)
