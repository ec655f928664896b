"""Maps over two parameters: exact on grids, bins elsewhere, silent where runs are few."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import analysis
from loopscope.models.errors import StudyError


def lead_by(swept, loops):
    """Let the loop of each run dominate at all times."""
    swept["relative"].values[:] = 0.1
    np.put_along_axis(
        swept["relative"].values, np.asarray(loops, dtype=int)[:, None, None], 0.4, axis=2
    )
    return swept


@pytest.fixture
def grid(write_sweep):
    x, y, z = np.meshgrid([1.0, 2.0, 4.0], [10.0, 20.0], [0.0, 1.0], indexing="ij")
    rows = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    swept = write_sweep(rows, [0.0, 1.0], np.zeros((12, 2, 3)), "grid")
    return lead_by(swept, (rows[:, 0] > 1.5).astype(int) + (rows[:, 1] > 15))


def test_on_a_grid_the_cells_are_its_points(grid):
    found = analysis.dominance_map(grid, ("p0", "P1"), 1.0)
    assert found["x"].values.tolist() == [1.0, 2.0, 4.0]
    assert found["leader"].values.tolist() == [[0, 1, 1], [1, 2, 2]]
    assert (found["share"] == 1).all()
    assert (found["runs"] == 2).all()
    assert found["x_edges"].values.tolist() == [0.5, 1.5, 3.0, 5.0]
    assert found.attrs["cells"] == "points of the grid"


def test_a_parameter_that_decides_nothing_leaves_the_share_of_the_others(grid):
    found = analysis.dominance_map(grid, ("p0", "p2"), 0.0)
    assert found["share"].values.tolist() == [[0.5] * 3] * 2
    np.testing.assert_allclose(found["probability"].sum("loop"), 1.0)


def test_bins_hold_every_run_and_say_nothing_of_few(write_sweep):
    draw = np.random.default_rng(2)
    rows = draw.random((500, 2)) ** 2
    swept = lead_by(write_sweep(rows, [0.0, 1.0], np.zeros((500, 2, 3))), rows[:, 0] > 0.4)
    swept["failed_at"].values[:40] = 0.5
    found = analysis.dominance_map(swept, ("p0", "p1"), 1.0, cells=6)
    assert int(found["runs"].sum()) == 500
    assert int(found["failed"].sum()) == 40
    few = (found["runs"] - found["failed"]) < 10
    assert few.any()
    assert found["leader"].isnull().equals(few)
    assert found["share"].isnull().equals(few)
    ends = found["x_edges"].values
    low = found.isel(x=np.flatnonzero(ends[1:] < 0.4))["leader"].values
    assert set(low[np.isfinite(low)]) == {0.0}


def test_where_nothing_dominates_the_map_says_so(grid):
    grid["state"].values[:] = 1
    found = analysis.dominance_map(grid, ("p0", "p1"), 1.0)
    assert (found["leader"] == -1).all()
    assert (found["share"] == 1).all()


def test_bins_of_widely_spread_values_are_even_in_the_logarithm(write_sweep):
    rows = np.column_stack([np.geomspace(1e-3, 10, 400), np.linspace(1, 2, 400)])
    swept = write_sweep(rows, [0.0, 1.0], np.full((400, 2, 2), 0.3))
    found = analysis.dominance_map(swept, ("p0", "p1"), 1.0, cells=4)
    np.testing.assert_allclose(found["x_edges"], [1e-3, 1e-2, 1e-1, 1, 10])
    np.testing.assert_allclose(found["y_edges"], [1, 1.25, 1.5, 1.75, 2])
    assert found["runs"].sum("y").values.tolist() == [100] * 4


@pytest.mark.parametrize(
    ("over", "at", "why"),
    [
        (("p0", "pee1"), 1.0, "varies no parameter 'pee1'; did you mean 'p1'"),
        (("p0", "P0"), 1.0, "two parameters, got 'p0' twice"),
        (("p0", "p1"), 7.0, "time 7 is outside the run, 0 to 1"),
    ],
)
def test_what_is_no_map_is_refused(grid, over, at, why):
    with pytest.raises(StudyError, match=why):
        analysis.dominance_map(grid, over, at)
