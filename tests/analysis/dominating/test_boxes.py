"""PRIM against another program on the same data, against a planted box, and by its invariants."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import analysis
from loopscope.analysis.dominating.boxes import peel_and_paste
from loopscope.models.errors import StudyError


def data(seed, runs=400, levels=0):
    draw = np.random.default_rng(seed)
    inputs = draw.random((runs, 4))
    if levels:
        inputs[:, 3] = draw.integers(0, levels, runs)
    chance = 0.05 + 0.8 * ((inputs[:, 0] > 0.4) & (inputs[:, 1] < 0.55))
    return inputs, draw.random(runs) < chance


def other_program(inputs, hits, objective):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of optional parts that are not installed
        import pandas as pd
        from ema_workbench.analysis import prim

        kind = {
            "gain per run": prim.PRIMObjectiveFunctions.LENIENT1,
            "density": prim.PRIMObjectiveFunctions.ORIGINAL,
        }[objective]
        table = pd.DataFrame(inputs, columns=[f"p{one}" for one in range(inputs.shape[1])])
        search = prim.Prim(
            table, hits.astype(float), threshold=0.5, obj_function=kind, mass_min=0.05
        )
        return search.find_box()


@pytest.mark.parametrize("objective", ["gain per run", "density"])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_box_is_that_of_another_program(objective, seed):
    inputs, hits = data(seed, 150)
    ours = peel_and_paste(inputs, hits, list("abcd"), objective=objective)
    theirs = other_program(inputs, hits, objective)
    table = theirs.peeling_trajectory
    assert len(ours.trajectory) == len(table) == len(theirs.box_lims)
    for place, box in enumerate(ours.trajectory):
        limits = theirs.box_lims[place]
        np.testing.assert_allclose(box.low, limits.iloc[0].to_numpy(dtype=float))
        np.testing.assert_allclose(box.high, limits.iloc[1].to_numpy(dtype=float))
        row = table.iloc[place]
        got = (box.coverage, box.density, box.mass, len(box.restricted))
        names = ["coverage", "density", "mass", "res_dim"]
        np.testing.assert_allclose(got, row[names].astype(float))
    for place in (1, len(table) - 1):
        chances = theirs.qp[place]
        for limit in ours.trajectory[place].limits:
            other = chances[f"p{limit.parameter}"][0 if limit.low else 1]
            assert limit.chance == pytest.approx(other, rel=1e-6, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 2, 5]), st.sampled_from([0.05, 0.2]))
def test_boxes_shrink_while_peeled_and_count_what_they_hold(seed, levels, peel):
    inputs, hits = data(seed, 120, levels)
    if not hits.any() or hits.all():
        return
    found = peel_and_paste(inputs, hits, list("abcd"), peel=peel)
    for box in found.trajectory:
        inside = ((inputs >= box.low) & (inputs <= box.high)).all(axis=1)
        assert box.runs == inside.sum()
        assert box.hits == hits[inside].sum()
        assert box.mass == pytest.approx(inside.mean())
        assert box.coverage == pytest.approx(hits[inside].sum() / hits.sum())
        assert box.density == pytest.approx(hits[inside].mean())
        assert box.mass >= 0.05
    runs = [box.runs for box in found.trajectory]
    turn = int(np.argmin(runs))
    assert runs[: turn + 1] == sorted(runs[: turn + 1], reverse=True)
    assert runs[turn:] == sorted(runs[turn:])
    best = found.trajectory[found.proposed]
    assert best.balance == max(box.balance for box in found.trajectory)
    assert set(found.box.restricted) <= set(best.restricted)
    assert all(limit.chance <= 0.05 for limit in found.box.limits)


def test_a_planted_box_is_found():
    draw = np.random.default_rng(4)
    inputs = draw.random((2000, 5))
    hits = (inputs[:, 1] > 0.6) & (inputs[:, 3] < 0.5)
    box = peel_and_paste(inputs, hits, list("abcde")).box
    assert box.restricted == (1, 3)
    assert box.low[1] == pytest.approx(0.6, abs=0.02)
    assert box.high[3] == pytest.approx(0.5, abs=0.02)
    assert box.density > 0.95
    assert box.coverage > 0.95
    assert max(limit.chance for limit in box.limits) < 1e-6


def test_an_input_that_makes_no_difference_has_a_chance_to_match():
    inputs, hits = data(3)
    last = peel_and_paste(inputs, hits, list("abcd")).trajectory[-1]
    chances = {limit.parameter: limit.chance for limit in last.limits}
    assert chances[0] < 0.01
    assert chances[1] < 0.01
    assert all(chance > 0.01 for place, chance in chances.items() if place > 1)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"peel": 0.6}, "peel= is a share of the runs between 0 and 0.5"),
        ({"paste": 0}, "paste= is a share"),
        ({"least_mass": 1.5}, "least_mass= is a share"),
        ({"objective": "densty"}, "no objective 'densty'; did you mean 'density'"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, why):
    inputs, hits = data(0)
    with pytest.raises(StudyError, match=why):
        peel_and_paste(inputs, hits, list("abcd"), **asked)


def test_a_statement_of_a_sweep_has_its_box(logistic_sweep):
    draw = np.random.default_rng(0)
    rows = np.column_stack([draw.uniform(0.1, 0.6, 600), draw.uniform(20, 400, 600)])
    swept = logistic_sweep(rows)
    swept["failed_at"].values[:7] = 1.0
    found = analysis.discover(swept, "B1 dominates before 12")
    assert found.unknown == 7
    # ln(K - 1) / r < 12 or so: fast growth, and a small capacity, if anything.
    low = next(one for one in found.found.box.limits if one.parameter == 0)
    assert low.low
    assert 0.3 < low.value < 0.5
    assert "r >= 0." in found.sentence()
    assert found.found.runs == 593
    with pytest.raises(StudyError, match=r"'B1 dominates before 0.5': none of the 600 runs"):
        analysis.discover(swept, "B1 dominates before 0.5")
