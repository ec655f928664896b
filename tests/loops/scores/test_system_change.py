"""Tests of system change: closed forms, its integral, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.scores.system_change import system_change
from loopscope.models.errors import LoopError


def changed(model, **asked):
    graph = loops.trace(model)
    return system_change(loops.along(graph, models.simulate(model, **asked)))


def test_exponential_decay_changes_as_its_closed_form(read):
    # x = exp(-t/2): |x'| over its integral is exp(-t/2) / 2 / (1 - exp(-5)).
    found = changed(read("x=INTEG(-x/2, 1)", stop=10, dt=1 / 512), method="RK4")
    t = found["time"].to_numpy()
    expected = np.exp(-t / 2) / 2 / (1 - np.exp(-5))
    np.testing.assert_allclose(found["change"], expected, rtol=1e-5)


def test_it_integrates_to_one_and_each_moving_stock_counts_alike(sir):
    found = changed(sir)
    assert np.trapezoid(found["change"], found["time"]) == pytest.approx(1.0, rel=1e-12)
    each = np.trapezoid(found["part"].to_numpy(), found["time"].to_numpy(), axis=0)
    np.testing.assert_allclose(each, 1 / 3, rtol=1e-12)


def test_a_still_stock_is_left_out_and_units_do_not_matter(read):
    text = "x=INTEG(-x/2, {})\n y=INTEG(Time, 0)\n z=INTEG(0*y, 7)"
    small, large = changed(read(text.format(1))), changed(read(text.format(1e9)))
    assert int(small["moving"]) == 2
    assert not small["part"].sel(stock="z").any()
    np.testing.assert_allclose(small["change"], large["change"], rtol=1e-12)


def test_a_batch_is_each_run_and_nothing_moving_is_no_number(read):
    model = read("x=INTEG(-x/life, 1)\n life=4\n seen=SMOOTH(x, 3)")
    both = changed(model, initial={"x": [1.0, 0.0]})
    one = changed(model)
    np.testing.assert_allclose(both["change"][0], one["change"], rtol=1e-12)
    assert list(both["moving"].values) == [1, 0]
    assert np.isnan(both["change"][1]).all()
    assert list(one["stock"].values) == ["x"]


def test_one_saved_time_is_refused(logistic):
    run = models.simulate(logistic).isel(time=[3])
    with pytest.raises(LoopError, match="needs two saved times"):
        system_change(loops.along(loops.trace(logistic), run))
