"""Relative link scores: closed forms, sums, signs, rest, jumps, and the discrete form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models


def scored(model, **options):
    """Scores of all loops of a model along its run, and the values of its stocks."""
    found = loops.find(model, view="full")
    run = models.simulate(model)
    return loops.score(found, run, **options), run


def share(scores, cause, effect):
    rows = (scores["link_cause"] == cause) & (scores["link_effect"] == effect)
    return scores["link_relative"].values[:, np.flatnonzero(rows.values)[0]]


def test_shares_in_an_epidemic_are_those_of_the_closed_form(sir):
    scores, run = scored(sir)
    s, i = run["S"].values, run["I"].values
    infection, recovering = 0.5 * s * i / 1000, 0.1 * i
    ds, di = -infection, infection - recovering
    by_s, by_i = 0.5 * i / 1000 * ds, 0.5 * s / 1000 * di
    d_infection, d_recovering = by_s + by_i, 0.1 * di
    whole = np.abs(by_s) + np.abs(by_i)
    np.testing.assert_allclose(share(scores, "S", "infection"), np.abs(by_s) / whole, rtol=1e-9)
    np.testing.assert_allclose(share(scores, "I", "infection"), np.abs(by_i) / whole, rtol=1e-9)
    into = np.abs(d_infection) + np.abs(d_recovering)
    expected = np.abs(d_infection) / into
    np.testing.assert_allclose(share(scores, "infection", "I"), expected, rtol=1e-9)
    np.testing.assert_allclose(share(scores, "recovering", "I"), expected - 1, atol=1e-9)
    np.testing.assert_allclose(share(scores, "infection", "S"), -1.0)


def test_the_time_has_its_part(read):
    model = read(
        """
        v=x+3*Time
        x=INTEG(0.5*v, 2)
        """
    )
    scores, run = scored(model)
    rate = 0.5 * (run["x"].values + 3 * run["time"].values)
    np.testing.assert_allclose(share(scores, "x", "v"), rate / (rate + 3), rtol=1e-9)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_shares_into_an_effect_sum_to_one_at_most_with_the_sign_of_the_gain(driven_model, seed):
    model = driven_model(seed)
    found = loops.find(model, view="full")
    if not len(found):
        return
    run = loops.along(found.graph, models.simulate(model, stop=1.0))
    scores = loops.score(found, run)
    relative = scores["link_relative"].values
    effects = scores["link_effect"].values
    for effect in set(effects.tolist()):
        total = np.abs(relative[:, effects == effect]).sum(axis=1)
        known = total[np.isfinite(total)]
        assert (known <= 1 + 1e-9).all()
    for place, pair in enumerate(found.graph.pairs):
        values, gain = relative[:, place], run.gains[pair]
        known = np.isfinite(values) & (values != 0)
        assert (np.sign(values[known]) == np.sign(gain[known])).all()


@pytest.mark.parametrize("name", ["logistic", "prey", "bass"])
def test_small_steps_give_the_shares_without_a_step(name, request):
    model = request.getfixturevalue(name)
    found = loops.find(model, view="full")
    step = 1 / 1024
    run = models.simulate(model, dt=step, saveper=step, stop=4.0)
    along = loops.along(found.graph, run)
    fine = loops.score(found, along)["link_relative"].values[1:-1]
    steps = loops.score(found, along, form="discrete")["link_relative"].values[1:-1]
    known = np.isfinite(steps)
    assert known.mean() > 0.9
    # Where a rate turns, one step holds both sides.
    assert np.quantile(np.abs(fine[known] - steps[known]), 0.99) < 0.01


def test_nothing_changes_at_rest(read):
    resting = read(
        """
        births=0.1*people
        deaths=0.1*people
        people=INTEG(births-deaths, 100)
        """
    )
    scores, _ = scored(resting)
    assert (scores["link_relative"].values == 0).all()
    assert scores["link_sign"].values.tolist() == ["+" if v > 0 else "-" for v in _gains(resting)]


def _gains(model):
    found = loops.find(model, view="full")
    run = loops.along(found.graph, models.simulate(model))
    return [run.gains[pair][0] for pair in found.graph.pairs]


def test_behind_a_fixed_delay_there_is_no_share(read):
    model = read(
        """
        late=DELAY FIXED(x, 1, 0)
        y=INTEG(x-y*late, 1)
        z=INTEG(y-z, 1)
        x=INTEG(z-0.1*x, 1)
        back=0.1*a
        a=INTEG(1-back, 3)
        """
    )
    found = loops.find(model, view="full")
    scores = loops.score(found, models.simulate(model))
    assert np.isnan(share(scores, "late", "y")).all()
    assert np.isfinite(share(scores, "a", "back")).all()


def test_shares_of_a_view_are_those_of_its_links(sir):
    found = loops.find(sir, view=[])
    run = models.simulate(sir)
    scores = loops.score(found, run)
    relative = scores["link_relative"].values
    into = scores["link_effect"].values == "I"
    np.testing.assert_allclose(np.abs(relative[:, into]).sum(axis=1), 1.0)
