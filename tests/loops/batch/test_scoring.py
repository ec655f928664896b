"""Tests of scores inside the kernel: the same as along a run, for any batch and any threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.batch.scoring import batch_scores
from loopscope.loops.scores import ltm_continuous
from loopscope.loops.signs.polarity import Polarity
from loopscope.models.errors import LoopError, RunError, UnknownNameError


def along_a_run(found, **asked):
    run = models.simulate(found.graph.model, **asked)
    return ltm_continuous.score(found, loops.along(found.graph, run))


def agree(inside, outside):
    assert inside["relative"].dims == outside["relative"].dims
    ours, theirs = (one["relative"].to_numpy() for one in (inside, outside))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("model", ["logistic", "prey", "sir", "bass"])
@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_scores_are_those_along_the_run(model, method, request):
    found = loops.find(request.getfixturevalue(model), view="full")
    inside = batch_scores(found, tracked=found.ids, method=method, saveper=1.0)
    agree(inside, along_a_run(found, method=method, saveper=1.0))
    assert inside.attrs["coverage"] == 1.0


@pytest.mark.parametrize(
    "setting",
    [
        {"a": {"times": [0, 7, 20, 40], "values": [1.1, 2.0, 2.0, 0.5]}},
        {"a": {"value": 0.4, "from": 10, "ramp": 6, "to": 30}},
        {"a": {"pulse": 3.0, "start": 5, "lasts": 2, "every": 9}},
        {"a": {"times": [0, 15], "values": [1.1, 0.9], "between": "step"}},
        {"prey births": 3.0},
        {"predator births": {"times": [0, 40], "values": [0.5, 3.0]}},
        {"prey births": 4.0, "a": {"value": 2.0, "from": 5}},
    ],
)
def test_paths_drive_and_held_variables_are_not_acted_on(prey, setting):
    found = loops.find(prey, view="full")
    inside = batch_scores(found, tracked=found.ids, parameters=setting, saveper=0.5)
    agree(inside, along_a_run(found, parameters=setting, saveper=0.5))


@pytest.fixture(scope="module")
def migration():
    graph = loops.fold(loops.without(loops.trace("migration_policy"), {"backlog switch": 0}))
    # Scores do not rest on signs, and proving them takes longer than all of this file.
    unknown = Polarity(sign="?", basis="unknown")
    graph.kept["polarities"] = dict.fromkeys(graph.pairs, unknown)
    return loops.find(graph)


@pytest.fixture(scope="module")
def some(migration):
    step = len(migration) // 20
    return [migration[number] for number in range(0, len(migration), step)]


VARIED = {"network strength": np.linspace(1.0, 4.0, 11), "policy adjustment time": np.arange(1, 12)}
NAMES = ["irregular migrants", "policy stringency", "network strength"]


@pytest.fixture(scope="module")
def inside(migration, some):
    return batch_scores(
        migration, tracked=some, scenario="tightening", parameters=VARIED, outputs=NAMES
    )


def test_all_loops_of_the_migration_model_stand_below_the_line(migration, some, inside):
    chosen = migration.holding([loop.nodes for loop in some])
    agree(inside, along_a_run(chosen, scenario="tightening", parameters=VARIED))
    assert "all 70,904 of its partition" in inside.attrs["compared"]
    assert inside["status"].dims == ("run", "time")
    assert set(np.unique(inside["status"])) <= {"active", "inflection"}


def test_results_do_not_depend_on_threads_or_on_the_batch(migration, some, inside):
    asked = {"tracked": some, "scenario": "tightening", "outputs": NAMES}
    for threads in (1, 2, 3):
        again = batch_scores(migration, parameters=VARIED, threads=threads, **asked)
        np.testing.assert_array_equal(inside["relative"], again["relative"])
    part = {name: values[3:5] for name, values in VARIED.items()}
    again = batch_scores(migration, parameters=part, **asked)
    np.testing.assert_array_equal(inside["relative"][3:5], again["relative"])


def test_outputs_are_those_of_a_simulation_to_the_bit(migration, inside):
    plain = models.simulate(migration.graph.model, "tightening", parameters=VARIED, outputs=NAMES)
    for name in NAMES:
        np.testing.assert_array_equal(inside[name], plain[name])
        assert inside[name].attrs["units"] == plain[name].attrs["units"]
    assert inside.attrs["settings_per_run"] == plain.attrs["settings_per_run"]


@pytest.mark.parametrize("method", ["Euler", "RK4"])
def test_a_batch_is_its_runs_one_by_one(prey, method):
    found = loops.find(prey, view="full")
    values = {"a": np.linspace(0.8, 1.4, 9)}
    asked = {"tracked": found.ids, "initial": {"prey": 7.0}, "method": method}
    whole = batch_scores(found, parameters=values, **asked)
    for number, value in enumerate(values["a"].tolist()):
        one = batch_scores(found, parameters={"a": value}, **asked)
        np.testing.assert_allclose(
            one["relative"], whole["relative"][number], rtol=1e-12, atol=1e-300
        )


def test_where_all_are_too_many_the_share_of_those_that_stand_for_them_is_stated(read):
    names, generator = "abcde", np.random.default_rng(4)
    rows = []
    for name in names:
        pairs = zip(names, generator.normal(size=5), strict=True)
        terms = "".join(f"{value:+.3f}*{x}" for x, value in pairs)
        rows.append(f"{name}=INTEG({terms}, {generator.normal():.3f})")
    found = loops.find(read("\n".join(rows), stop=2), view="full")
    assert len(found) == 84 + 5
    tracked = found.ids[:4]
    inside = batch_scores(found, tracked=tracked, most=60)
    whole = batch_scores(found, tracked=tracked)
    covered = inside.attrs["coverage"]
    assert 0.3 < covered < 1
    assert f"at least {covered:.1%}" in inside.attrs["compared"]
    # This run is the reference: a share is too large by what is missing, at most 1 / coverage.
    a, b = inside["relative"].to_numpy(), whole["relative"].to_numpy()
    here = np.abs(b) > 1e-12
    factor = a[here] / b[here]
    assert factor.min() >= 1 - 1e-9
    assert factor.max() == pytest.approx(1 / covered, rel=1e-6)
    run = models.simulate(found.graph.model)
    given = batch_scores(found, tracked=tracked, most=60, reference=run)
    np.testing.assert_array_equal(given["relative"], inside["relative"])


def test_a_run_that_fails_is_undefined_from_then_on_and_others_are_not(read):
    found = loops.find(read("x=INTEG(a*x*x, 1)\n a=0.01", stop=40), view="full")
    inside = batch_scores(found, tracked=found.ids, parameters={"a": [0.001, 1.0]})
    assert list(inside["outcome"].values == "ok") == [True, False]
    assert "not finite: 'x'" in str(inside["outcome"].values[1])
    gone = inside["status"].to_numpy() == "undefined"
    assert not gone[0].any()
    assert gone[1].any()
    np.testing.assert_array_equal(np.isnan(inside["relative"].to_numpy()[..., 0]), gone)


def test_statuses_at_rest_at_an_inflection_and_where_a_gain_is_no_number(read):
    model = read("births=0.5*x\n deaths=0.005*x*x\n x=INTEG(births-deaths, 50)")
    found = loops.find(model, view="full")
    assert batch_scores(found, tracked=found.ids)["status"][0] == "inflection"
    resting = batch_scores(found, tracked=found.ids, initial={"x": 100.0})
    assert set(np.unique(resting["status"])) == {"equilibrium"}
    assert not resting["relative"].any()
    root = loops.find(read("x=INTEG(SQRT(MAX(x,0)), 0)"), view="full")
    undefined = batch_scores(root, tracked=root.ids)
    assert set(np.unique(undefined["status"])) == {"undefined"}
    assert np.isnan(undefined["relative"]).all()
    assert undefined["outcome"] == "ok"


def test_loops_of_two_partitions_each_have_a_status(read):
    model = read("x=INTEG(-x/4, 1)\n y=INTEG(-y/5, 0)\n z=INTEG(x-y, 0)")
    found = loops.find(model, view="full")
    inside = batch_scores(found, tracked=found.ids)
    assert inside["status"].dims == ("time", "partition")
    assert sorted(np.unique(inside["status"])) == ["active", "equilibrium"]
    agree(inside, along_a_run(found))


def test_random_numbers_jump_and_scores_go_on(read):
    model = read("noise=RANDOM UNIFORM(0,1,0)\n x=INTEG(noise*x-x*x/4+y, 1)\n y=INTEG(x-y, 2)")
    found = loops.find(model, view="full")
    inside = batch_scores(found, tracked=found.ids, seed=5, initial={"x": [1.0, 2.0]})
    agree(inside, along_a_run(found, seed=5, initial={"x": [1.0, 2.0]}))
    assert "noise" in inside.attrs["jumps"]


coefficients = st.lists(st.integers(-9, 9).map(lambda n: n / 7), min_size=9, max_size=9)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(coefficients)
def test_random_models_score_alike_inside_and_along(read, c):
    model = read(f"""
        f={c[0]!r}*x+{c[1]!r}*y*Time
        g=MAX({c[2]!r}*z, {c[3]!r}*x)
        h=f*{c[4]!r}+SIN(z)
        x=INTEG(f+{c[5]!r}*h, 1)
        y=INTEG(g-{c[6]!r}*y, -1)
        z=INTEG({c[7]!r}*h*y+{c[8]!r}*f, 0.5)
    """, stop=3)  # fmt: skip
    for keep in (None, [], ["h"]):
        graph = loops.trace(model)
        found = loops.find(graph if keep is None else loops.fold(graph, keep))
        if len(found):
            inside = batch_scores(found, tracked=found.ids)
            outside = along_a_run(found)
            clear = outside["status"].to_numpy() != "inflection"
            ours, theirs = (one["relative"].to_numpy() for one in (inside, outside))
            np.testing.assert_allclose(ours[clear], theirs[clear], rtol=1e-8, atol=1e-9)


def test_mistakes_are_told(prey, read):
    found = loops.find(prey, view="full")
    with pytest.raises(LoopError, match="no loop 'R99'"):
        batch_scores(found, tracked=["R99"])
    with pytest.raises(LoopError, match="of another graph"):
        batch_scores(found, tracked=[loops.find(loops.fold(found.graph))[0]])
    with pytest.raises(LoopError, match="no loop to follow"):
        batch_scores(found, tracked=[])
    with pytest.raises(UnknownNameError, match="no output named 'pray'; did you mean 'prey'"):
        batch_scores(found, tracked=found.ids, outputs=["pray"])
    with pytest.raises(RunError, match="which has no 'LSODA'; use 'RK4'"):
        batch_scores(found, tracked=found.ids, method="LSODA")
    with pytest.raises(LoopError, match="no feedback loop, so there is nothing to score"):
        batch_scores(loops.find(read("x=INTEG(1, 0)")))
    late = loops.find(read("late=DELAY FIXED(x, 1, 0)\n x=INTEG(late, 1)\n y=INTEG(-y, 1)"))
    with pytest.raises(LoopError, match=r"'late' in the loops .* form='discrete'"):
        batch_scores(late, tracked=late.ids)
