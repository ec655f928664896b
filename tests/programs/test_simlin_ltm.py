"""Discrete scores equal pysimlin's; where they do not, the reason is shown.

pysimlin is a test tool of this project; nothing of it is needed to use Loopscope.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from loopscope import loops, models

ROWS = "births=0.3*P\ndeaths=0.3*P*P/100\nP=INTEG(births-deaths,1)"
NAMES = (
    "logistic", "bass", "sir", "prey", "yeast", "arms race", "inventory and workforce", "table",
    "limits", "forced",
)  # fmt: skip


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).with_name("simlin_ltm.py")
    description = importlib.util.spec_from_file_location("loopscope_simlin_ltm", path)
    module = importlib.util.module_from_spec(description)
    sys.modules[description.name] = module  # dataclasses look themselves up
    description.loader.exec_module(module)
    yield module
    del sys.modules[description.name]


@pytest.fixture
def both(script, tmp_path):
    """Scores of both programs, labelled by the ends of the intervals."""

    def run(rows, *, stop=10, dt=0.25, keep=None):
        path = script.write(tmp_path, rows, stop, dt)
        model = models.load(path)
        graph = loops.trace(model)
        found = loops.find(graph if keep is None else loops.fold(graph, keep))
        ours = loops.score(found, models.simulate(model), "ltm", form="discrete", labels="end")
        return found, ours, script.theirs(path)

    return run


def series(scores, loop, what="relative"):
    return scores[what].sel(loop=loop).to_numpy()[1:]


def through(found, *names):
    wanted = {name.casefold() for name in names}
    (one,) = [loop.id for loop in found if {name.casefold() for name in loop.nodes} == wanted]
    return one


def test_every_model_of_the_script_is_compared(script):
    assert tuple(script.MODELS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_relative_scores_equal_pysimlin_away_from_rest(script, tmp_path, name):
    rows = script.compare(script.write(tmp_path, *script.MODELS[name]))
    for row in rows:
        assert row.compared > row.times / 2, row
        assert row.apart < 1e-9, row


def test_default_labels_are_pysimlin_shifted_by_one_step(script, tmp_path):
    path = script.write(tmp_path, ROWS, 20, 0.25)
    model = models.load(path)
    found = loops.find(model)
    ours = loops.score(found, models.simulate(model), "ltm", form="discrete")
    other = script.theirs(path)[script.cycle(("P", "births"))].relative
    mine = ours["relative"].sel(loop=through(found, "P", "births")).to_numpy()
    np.testing.assert_allclose(mine[1:-1], other[2:], rtol=1e-9)
    assert (mine[0], other[0]) == (0, 0)  # by convention, in both


def test_rate_that_is_written_out_is_a_net_flow_of_its_own_to_pysimlin(both):
    found, ours, theirs = both("x=INTEG(y-0.1*x,1)\ny=INTEG(-x,0)", stop=4)
    assert len(theirs) == len(found) == 2
    for path, loop in theirs.items():
        mine = series(ours, through(found, *path), "raw")
        np.testing.assert_allclose(mine, loop.raw[1:], rtol=1e-11)


@pytest.mark.parametrize(("function", "stages"), [("SMOOTH", 1), ("SMOOTH3", 3)])
def test_loop_through_a_smooth_is_equal_once_the_loops_inside_are_left_out(both, function, stages):
    # pysimlin collapses the smooth: raw scores are the same, but what is inside is no loop to it,
    # so its loop stands alone with relative score -1; ours share with the loops inside.
    rows = f"seen={function}(level,4)\ninflow=(100-seen)/5\nlevel=INTEG(inflow,10)"
    found, ours, theirs = both(rows)
    ((_, other),) = theirs.items()
    inside = [loop.id for loop in found if len(loop.nodes) == 1]
    (outer,) = [loop.id for loop in found if len(loop.nodes) > 1]
    assert len(inside) == stages
    np.testing.assert_allclose(series(ours, outer, "raw"), other.raw[1:], rtol=1e-9)
    raw = series(ours, outer, "raw")
    active = raw != 0
    np.testing.assert_array_equal(other.relative[1:][active], -1)
    assert np.min(np.abs(series(ours, outer)[active])) < 0.9
    total = sum(np.abs(series(ours, one, "raw")) for one in (*inside, outer))
    np.testing.assert_allclose(series(ours, outer) * total, raw, rtol=1e-12)


def test_delay_fixed_is_another_model_to_pysimlin(both, script, tmp_path):
    # It runs a first-order delay instead, so the values differ before any score does.
    import simlin

    rows = "seen=DELAY FIXED(2*S,1,4)\nflow=0.3*seen\nS=INTEG(flow-S/20,1)"
    path = script.write(tmp_path, rows, 10, 0.25)
    simulation = simlin.load(path).simulate()
    simulation.run_to_end()
    seen, stock = simulation.get_series("seen"), simulation.get_series("s")
    assert np.max(np.abs(seen[4:] - 2 * stock[:-4])) > 0.1
    ours = models.simulate(models.load(path))
    np.testing.assert_allclose(ours["seen"][4:], 2 * ours["S"].to_numpy()[:-4], rtol=1e-12)


def test_parameter_called_inf_is_infinity_to_pysimlin(both):
    found, ours, theirs = both("inf=0.1\nflow=inf*x\nout=x*x/50\nx=INTEG(flow-out,1)")
    for path, loop in theirs.items():
        np.testing.assert_array_equal(loop.relative, 0)  # with no message
        assert np.min(np.abs(series(ours, through(found, *path)))) > 0.1
    renamed = both("rate=0.1\nflow=rate*x\nout=x*x/50\nx=INTEG(flow-out,1)")[2]
    for path, loop in renamed.items():
        np.testing.assert_allclose(
            series(ours, through(found, *path)), loop.relative[1:], rtol=1e-9
        )


def test_inflection_is_zero_to_pysimlin_and_a_status_to_us(both):
    # Births 3.75 P, deaths 0.75 P P: net 3 at P = 1 and, a step of 1 later, at P = 4.
    found, ours, theirs = both(
        "births=3.75*P\ndeaths=0.75*P*P\nP=INTEG(births-deaths,1)", stop=2, dt=1
    )
    for path, loop in theirs.items():
        mine = through(found, *path)
        assert loop.raw[1] == loop.relative[1] == 0
        assert np.isinf(series(ours, mine, "raw")[0])
        assert ours["status"].sel(loop=mine).to_numpy()[1] == "inflection"
        # Continuous at P = 1: gains 3.75 and -1.5, so shares 5/7 and -2/7.
        share = {"births": 5 / 7, "deaths": -2 / 7}[(set(path) - {"p"}).pop()]
        np.testing.assert_allclose(series(ours, mine)[0], share, rtol=1e-12)
        np.testing.assert_allclose(series(ours, mine)[1], loop.relative[2], rtol=1e-12)
