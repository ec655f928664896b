"""Tests of knock-out: distances between runs with and without a loop."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.cuts.cut import NOT_TESTABLE
from loopscope.models.errors import LoopError


def _read(model, **options):
    graph = loops.trace(model)
    return loops.find(graph), loops.along(graph, models.simulate(model, **options))


def test_the_distance_is_that_of_the_run_made_by_hand(logistic):
    # births frozen at r P0 from the start: P' = r P0 - r P**2 / K, by Euler as the run itself.
    found, along = _read(logistic)
    scores = loops.score(found, along, "knockout")
    (births,) = (loop.id for loop in found if "births" in loop.nodes)
    other = [1.0]
    for _ in along.time[1:]:
        other.append(other[-1] + 0.25 * (0.3 * 1.0 - 0.3 * other[-1] ** 2 / 100))
    p = along.value("P")
    expected = np.abs(np.array(other) - p) / (p.max() - p.min())
    np.testing.assert_allclose(scores["raw"].sel(loop=births), expected, rtol=1e-9, atol=1e-12)
    assert float(scores["distance"].sel(loop=births)) == pytest.approx(expected.mean(), rel=1e-9)
    assert str(scores["control"].sel(loop=births).values) == "'P' frozen in 'births'"


def test_relative_scores_carry_the_sign_of_the_loop_and_sum_to_one(sir):
    found, along = _read(sir)
    scores = loops.score(found, along, "knockout", start=10)
    after = scores.sel(time=slice(11, None))
    np.testing.assert_allclose(abs(after["relative"]).sum("loop"), 1, rtol=1e-12)
    for loop in found:
        reinforcing = set(loop.nodes) == {"I", "infection"}
        values = after["relative"].sel(loop=loop.id)
        assert (values > 0).all() if reinforcing else (values < 0).all()
    assert not scores["raw"].sel(time=slice(0, 10)).any()
    assert set(scores["status"].sel(time=slice(0, 10)).values.ravel()) == {"inactive"}
    assert scores.attrs["start"] == 10


def test_a_switch_gives_the_distance_to_the_run_without_the_constant(prey):
    found, along = _read(prey)
    (births,) = (loop.id for loop in found if "prey births" in loop.nodes)
    scores = loops.score(found, along, "knockout", controls={births: "a"}, stock="prey")
    without = models.simulate(prey, parameters={"a": 0})["prey"].values
    x = along.value("prey")
    np.testing.assert_allclose(
        scores["raw"].sel(loop=births), abs(without - x) / np.ptp(x), rtol=1e-7, atol=1e-9
    )
    assert str(scores["control"].sel(loop=births).values) == "'a' = 0"


def test_the_switches_of_the_library_model_cut_as_its_parameters_do():
    model = models.load("migration_policy")
    view = loops.fold(loops.trace(model), ["migrant share"])
    along = loops.along(view, models.simulate(model))
    switches = [
        one.name
        for one in model
        if "Zero cuts" in " ".join(one.documentation.split()) and one.name in _starts_alone(model)
    ]
    assert len(switches) >= 8
    found = loops.find(view)
    ids = found.ids[: len(switches)]
    some = found[: len(switches)]
    scores = loops.score(
        some, along, "knockout", controls=dict(zip(ids, switches, strict=True)),
        stock="irregular migrants",
    )  # fmt: skip
    x = along.value("irregular migrants")
    far = 0.0
    for one, switch in zip(ids, switches, strict=True):
        without = models.simulate(model, parameters={switch: 0})["irregular migrants"].values
        expected = abs(without - x) / np.ptp(x)
        np.testing.assert_allclose(
            scores["raw"].sel(loop=one), expected, rtol=1e-6, atol=1e-9, err_msg=switch
        )
        far = max(far, expected.max())
    assert far > 0.05


def test_loops_that_nothing_cuts_alone_are_undefined(read):
    model = read("x=INTEG(y+z-x, 1)\n y=INTEG(x-z, 1)\n z=INTEG(x-y, 1)", stop=3)
    found, along = _read(model)
    scores = loops.score(found, along, "knockout")
    own = next(loop.id for loop in found if loop.nodes == ("x",))
    rest = [loop.id for loop in found if loop.id != own]
    assert len(rest) == 5
    assert set(scores["status"].sel(loop=rest).values.ravel()) == {"undefined"}
    assert np.isnan(scores["raw"].sel(loop=rest)).all()
    assert set(scores["control"].sel(loop=rest).values) == {NOT_TESTABLE}
    np.testing.assert_allclose(scores["relative"].sel(loop=own)[2:], -1)
    none = loops.score(found, along, "knockout", by="switch")
    assert set(none["status"].values.ravel()) == {"undefined"}


def test_a_run_that_leaves_the_finite_numbers_is_undefined_from_then_on(read):
    # With its check frozen, x' = x**2 - 0.9 runs away; with it, x' = x**2 / 10 has not yet.
    model = read("growth=x*x\n check=0.9*x*x\n x=INTEG(growth-check, 1)", stop=8, dt=0.0625)
    found, along = _read(model)
    scores = loops.score(found, along, "knockout")
    (check,) = (loop.id for loop in found if "check" in loop.nodes)
    words = scores["status"].sel(loop=check).values
    assert words[-1] == "undefined"
    assert words[2] == "active"
    assert np.isnan(float(scores["distance"].sel(loop=check)))


def test_a_batch_has_a_distance_for_each_run(logistic):
    found, along = _read(logistic, parameters={"r": [0.1, 0.3]})
    scores = loops.score(found, along, "knockout")
    assert scores["distance"].dims == ("run", "loop")
    _, alone = _read(logistic, parameters={"r": 0.3})
    single = loops.score(found, alone, "knockout")
    np.testing.assert_allclose(scores["raw"].isel(run=1), single["raw"], rtol=1e-8, atol=1e-12)


def test_at_equilibrium_nothing_is_told(read):
    found, along = _read(read("in=x/5\n out=x/5\n x=INTEG(in-out, 7)"))
    scores = loops.score(found, along, "knockout")
    assert not (scores["status"] == "active").any()
    assert not np.nan_to_num(scores["relative"].values).any()


def test_progress_is_told_and_ends_the_work_where_it_raises(prey):
    found, along = _read(prey, stop=5)
    seen = []
    loops.score(found, along, "knockout", progress=lambda done, all_: seen.append((done, all_)))
    assert seen == [(n, 5) for n in range(1, 6)]

    def stop(done, _):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loops.score(found, along, "knockout", progress=stop)


def test_what_does_not_exist_is_refused(prey):
    found, along = _read(prey, stop=5)
    for options, message in (
        ({"controls": {"R77": "a"}}, "no loop 'R77'"),
        ({"controls": {found.ids[0]: "aa"}}, "no constant 'aa'"),
        ({"stock": "pray"}, "no variable named 'pray'"),
        ({"start": 50}, "start must be a time of the run, 0 to 5; got 50"),
    ):
        with pytest.raises(LoopError, match=message):
            loops.score(found, along, "knockout", **options)


def _starts_alone(model):
    """Constants that no start value rests on, so that a run may be cut from its start."""
    used = set()
    # The queue of applications is off, and so empty whatever its start rests on.
    own = [one for one in model.stocks if one.name != "waiting applications"]
    waiting = [name for one in own for name in one.initial_depends]
    while waiting:
        name = waiting.pop()
        if name not in used and name in model.variables:
            used.add(name)
            waiting += [*model.variables[name].depends, *model.variables[name].initial_depends]
    return {name for name in model.variables if name not in used}
