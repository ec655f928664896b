"""The smallest change: of a closed form, of straight gaps, within the ranges, simulated again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import analysis, loops, models
from loopscope.analysis.dominating.bench import Scored
from loopscope.analysis.dominating.goals import Flip
from loopscope.analysis.dominating.reaching import _nearest, alone, together
from loopscope.models.errors import StudyError


def closed(time):
    """Return length, r and K of the least change with ln(K - 1) / r = time, on a fine grid."""
    k = np.linspace(20.0, 400.0, 2_000_001)
    r = np.log(k - 1) / time
    length = np.where((r >= 0.1) & (r <= 0.6), np.hypot((r - 0.3) / 0.5, (k - 100) / 380), np.inf)
    best = int(np.argmin(length))
    return length[best], r[best], k[best]


def parts(change):
    return {one.parameter: one.after for one in change.changed}


def leads(found, time, values):
    """Return the loop that dominates in one run, scored along it and not inside the kernel."""
    run = models.simulate(found.graph.model, parameters=values, method="RK4")
    share = loops.score(found, run)["relative"].sel(time=time)
    return str(share["loop"].values[int(np.argmax(np.abs(share.values)))])


@pytest.mark.parametrize("time", [10.0, 12.0])
def test_the_least_change_that_flips_logistic_growth_is_the_closed_one(bench, time):
    found = analysis.smallest_change(bench, at=time)
    length, r, k = closed(time)
    assert found.base == "R1"
    assert found.together.shows == "B1"
    assert found.together.length == pytest.approx(length, rel=2e-4)
    assert parts(found.together)["r"] == pytest.approx(r, rel=1e-2)
    assert parts(found.together)["K"] == pytest.approx(k, rel=3e-2)
    assert leads(bench.found, time, parts(found.together)) == "B1"
    almost = {
        one.parameter: one.before + 0.999 * (one.after - one.before)
        for one in found.together.changed
    }
    assert leads(bench.found, time, almost) == "R1"


def test_one_parameter_at_a_time_needs_more(bench):
    found = analysis.smallest_change(bench, at=12.0)
    alone_ = {one.changed[0].parameter: one for one in found.alone}
    assert alone_["r"].changed[0].after == pytest.approx(np.log(99) / 12, rel=1e-4)
    assert alone_["K"].changed[0].after == pytest.approx(1 + np.exp(0.3 * 12), rel=1e-3)
    lengths = [one.length for one in found.alone]
    assert lengths == sorted(lengths)
    assert found.together.length < lengths[0]
    for one in found.alone:
        assert len(one.changed) == 1
        assert leads(bench.found, 12.0, parts(one)) == "B1"


@pytest.mark.parametrize("time", [10.0, 25.0])
def test_the_least_change_that_moves_the_shift_is_the_closed_one(bench, time):
    found = analysis.smallest_change(bench, shift="first", time=time)
    assert float(found.base) == pytest.approx(np.log(99) / 0.3, abs=2e-3)
    assert found.together.length == pytest.approx(closed(time)[0], rel=1e-3)
    assert float(found.together.shows) == pytest.approx(time, abs=2e-3)
    assert ("by" if time < 15 else "not before") in found.goal


def test_it_says_so_where_no_change_within_the_ranges_does_it(bench):
    found = analysis.smallest_change(bench, at=1.0)
    assert found.together is None
    assert found.alone == ()
    assert found.left > 0.1


def test_the_loop_that_shall_dominate_can_be_named(bench):
    found = analysis.smallest_change(bench, at=12.0, to="B1")
    assert found.together.length == pytest.approx(closed(12.0)[0], rel=2e-4)
    assert found.goal == "B1 dominates at 12"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "either at="),
        ({"at": 3.0, "shift": "first"}, "either at="),
        ({"at": 99.0}, "0 to 40, is needed, got 99"),
        ({"shift": "first"}, "0 to 40, is needed"),
        ({"shift": "second", "time": 3.0}, "'first' or 'last', got 'second'"),
        ({"at": 12.0, "to": "R1"}, "R1 dominates at 12 already"),
        ({"at": 12.0, "to": "B7"}, "no loop 'B7' is tracked"),
    ],
)
def test_what_cannot_be_asked_is_refused(bench, asked, why):
    with pytest.raises(StudyError, match=why):
        analysis.smallest_change(bench, **asked)


def test_a_base_outside_its_range_is_refused(bench):
    with pytest.raises(StudyError, match="'K' stands at 500, outside its range 20 to 400"):
        replace(bench, base=np.array([0.3, 500.0]))
    with pytest.raises(StudyError, match="'r' needs a range"):
        replace(bench, low=np.array([0.6, 20.0]))


@dataclass(frozen=True)
class Straight:
    """A model whose gap between two loops is a straight function of its parameters."""

    slope: np.ndarray
    gap: float
    low: np.ndarray
    high: np.ndarray

    @property
    def ends(self):
        return self.low, self.high

    def score(self, points):
        assert (points >= self.low - 1e-12).all()
        assert (points <= self.high + 1e-12).all()
        gap = self.gap + points @ self.slope
        relative = np.stack([0.5 + gap / 2, 0.5 - gap / 2], axis=-1)[:, None]
        leader = np.where(gap >= 0, 0, 1).astype(np.int16)[:, None]
        return Scored(time=np.array([0.0]), relative=relative, leader=leader)


def straight(seed, count):
    draw = np.random.default_rng(seed)
    low, high = -draw.uniform(0.05, 1, count), draw.uniform(0.05, 1, count)
    slope = draw.uniform(-0.2, 0.2, count)
    return Straight(slope, float(draw.uniform(0.01, 0.2)), low, high)


GOAL = Flip(moment=0, leader=0, to=None, loops=("R1", "B1"))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_of_straight_gaps_it_is_the_nearest_point_of_a_plane_in_a_box(seed, count):
    from scipy.optimize import minimize

    model = straight(seed, count)
    found, left = together(model, GOAL, np.empty((0, count)))
    farthest = np.where(model.slope > 0, model.low, model.high)
    reach = model.gap + farthest @ model.slope
    if reach > 1e-6:
        assert found is None
        assert left == pytest.approx(reach, abs=1e-6)
        return
    if found is None:
        assert abs(reach) <= 1e-6
        return
    best = minimize(
        lambda z: z @ z,
        0.5 * farthest,
        jac=lambda z: 2 * z,
        bounds=list(zip(model.low, model.high, strict=True)),
        constraints={"type": "eq", "fun": lambda z: model.gap + z @ model.slope},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 300},
    )
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(best.x), rel=1e-4, abs=1e-5)
    for place, point in enumerate(alone(model, GOAL)):
        end = farthest[place]
        if model.gap + end * model.slope[place] >= -1e-9:
            continue
        assert point[place] == pytest.approx(-model.gap / model.slope[place], abs=2e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.floats(-1, 0.2))
def test_the_nearest_point_of_a_half_space_in_a_box_meets_its_conditions(seed, count, level):
    model = straight(seed, count)
    point = _nearest(model.slope, level, model.low, model.high)
    assert (point >= model.low).all()
    assert (point <= model.high).all()
    reach = np.where(model.slope > 0, model.low, model.high) @ model.slope
    if level >= 0:
        assert not point.any()
    elif reach >= level:
        assert point @ model.slope == pytest.approx(reach)
    else:
        assert point @ model.slope == pytest.approx(level)
        inner = (point > model.low) & (point < model.high)
        ratios = point[inner] / model.slope[inner]
        assert np.allclose(ratios, ratios[:1])
