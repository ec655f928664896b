"""Tests of views: folding commutes with gains, with the Jacobian and with its eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.models.errors import LoopError


def jacobian(along):
    """J from the gains of a view that shows stocks alone, dims (time, stock, stock)."""
    names = along.graph.stocks
    found = np.zeros((len(along.time), len(names), len(names)))
    for (cause, effect), gain in along.gains.items():
        found[:, names.index(effect), names.index(cause)] = gain
    return found


@pytest.mark.parametrize("keep", [["blocked demand"], ["irregular migrants", "deportation"]])
def test_folding_in_two_steps_is_folding_in_one(keep):
    model = models.load("migration_policy")
    graph = loops.trace(model)
    keep = [name for name in keep if name in graph.nodes]
    run = models.simulate(model, scenario="tightening")
    middle = loops.fold(graph, [*keep, "migrant share", "legal admissions"])
    once, twice = loops.fold(graph, keep), loops.fold(middle, keep)
    one, two = loops.along(once, run).gains, loops.along(twice, run).gains
    assert set(one) == set(two)
    for pair in one:
        np.testing.assert_allclose(one[pair], two[pair], rtol=1e-9, atol=1e-12)


def test_symbolic_gains_of_a_view_are_its_numbers():
    model = models.load("migration_policy")
    view = loops.fold(loops.trace(model))
    along = loops.along(view, models.simulate(model))
    for pair, link in view.links.items():
        np.testing.assert_allclose(along.of(link.gain), along.gains[pair], rtol=1e-9, atol=1e-12)


def test_the_stock_view_is_the_jacobian(prey):
    view = loops.fold(loops.trace(prey))
    along = loops.along(view, models.simulate(prey))
    x, y = along.value("prey"), along.value("predators")
    expected = np.array([[1.1 - 0.4 * y, -0.4 * x], [0.1 * y, 0.1 * x - 0.4]])
    np.testing.assert_allclose(jacobian(along), np.moveaxis(expected, 2, 0), rtol=1e-12)


def test_names_that_are_folded_away_say_so(prey):
    view = loops.fold(loops.trace(prey))
    with pytest.raises(LoopError, match="'prey births' is folded away"):
        view.find("prey births")
    with pytest.raises(LoopError, match="put it into a list"):
        loops.fold(view, "prey")
