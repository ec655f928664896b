"""Maps of modes, what decides them, their pictures and tables."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from loopscope.analysis.behaviour.classifying import LOCK_IN, MODES
from loopscope.analysis.behaviour.deciding import what_decides
from loopscope.analysis.behaviour.finding import modes
from loopscope.analysis.behaviour.mapping import mode_map
from loopscope.analysis.behaviour.mode_figures import TINTS, map_figure, modes_figure
from loopscope.analysis.behaviour.telling import as_data, print_modes
from loopscope.models.errors import StudyError

OVER = ("rate", "something else")


def grid():
    """A full grid of 3 by 4 points: growth where x is the largest, else at rest."""
    x, y = (axis.ravel() for axis in np.meshgrid([0.0, 1.0, 2.0], [1.0, 2.0, 3.0, 9.0]))
    time = np.arange(11.0)
    rises = np.where(x[:, np.newaxis] == 2.0, time, 0.0) + 1.0
    return xr.Dataset(
        {
            "y": (("run", "time"), rises, {"role": "series", "units": "people"}),
            "inputs": (("run", "parameter"), np.stack([x, y], axis=1)),
        },
        coords={"time": time, "parameter": ["x", "z"], "unit": ("parameter", ["Year", ""])},
        attrs={"design": json.dumps({"kind": "grid"}), "study": "{}", "model": "nowhere"},
    )


def test_the_cells_of_a_grid_are_its_points():
    swept = grid()
    mapped = mode_map(swept, modes(swept), ("x", "z"))
    assert mapped["x"].values.tolist() == [0.0, 1.0, 2.0]
    assert mapped["y"].values.tolist() == [1.0, 2.0, 3.0, 9.0]
    assert (mapped["runs"].values == 1).all()
    names = [[MODES[int(code)] for code in row] for row in mapped["code"].values]
    assert names == [["equilibrium", "equilibrium", "growth"]] * 4
    assert mapped["y_edges"].values.tolist() == [0.5, 1.5, 2.5, 6.0, 12.0]


def test_bins_count_their_runs_and_failed_ones_apart(swept):
    mapped = mode_map(swept, modes(swept), OVER, cells=2, fewest=1)
    assert int(mapped["runs"].sum()) == 100
    assert int(mapped["failed"].sum()) == 5
    # The slower half of the rates is all growth.
    assert [MODES[int(code)] for code in mapped["code"].values[:, 0]] == ["growth", "growth"]
    np.testing.assert_allclose(mapped["probability"].sum("mode"), 1.0)
    few = mode_map(swept, modes(swept), OVER, cells=50)
    assert np.isnan(few["code"].values).all()


def test_a_map_of_lock_in_shows_where_runs_stay_apart(two_scenarios):
    found = modes(two_scenarios, between=("panic", "calm"), gap=3.0)
    mapped = mode_map(two_scenarios, found, OVER, lock_in=True, cells=2, fewest=1)
    assert mapped["mode"].values.tolist() == ["not locked in", LOCK_IN]
    np.testing.assert_array_equal(mapped["probability"].sel(mode=LOCK_IN)[:, 0], 0.0)
    assert int(mapped["failed"].sum()) == 5


@pytest.mark.parametrize(
    ("over", "words"),
    [
        (("rate", "rate"), "needs two parameters, got 'rate' twice"),
        (("rate", "something els"), "did you mean 'something else'"),
    ],
)
def test_a_map_needs_two_parameters_that_vary(swept, over, words):
    with pytest.raises(StudyError, match=words):
        mode_map(swept, modes(swept), over)


def test_a_map_asks_which_scenario_and_lock_in_asks_for_two(swept, two_scenarios):
    with pytest.raises(StudyError, match="2 scenarios; choose one of calm, panic"):
        mode_map(two_scenarios, modes(two_scenarios), OVER)
    with pytest.raises(StudyError, match="lock-in compares two scenarios"):
        mode_map(swept, modes(swept), OVER, lock_in=True)


def test_the_parameter_that_decides_the_mode_is_found_and_the_other_is_not(swept):
    decided = what_decides(swept, modes(swept)).squeeze("outcome")
    growth = decided.sel(mode="growth")
    # All 50 growing runs have smaller rates than all others: the distance is 1.
    assert float(growth["distance"].sel(parameter="rate")) == pytest.approx(1.0)
    assert float(growth["direction"].sel(parameter="rate")) == -1
    assert float(growth["corrected"].sel(parameter="rate")) < 1e-6
    assert float(growth["corrected"].sel(parameter="something else")) > 0.05
    assert np.isnan(decided["distance"].sel(mode="overshoot")).all()


def test_every_mode_has_a_colour_of_its_own():
    assert len({TINTS[mode] for mode in MODES}) == len(MODES)


def texts(figure):
    import matplotlib.text

    return [one.get_text() for one in figure.findobj(matplotlib.text.Text)]


def test_a_picture_has_a_panel_for_each_mode_that_came_about(swept):
    said = "\n".join(texts(modes_figure(swept, modes(swept))))
    assert "size of it: modes of behaviour in 100 runs; 5.00% of the runs failed" in said
    assert "growth\n52.6 % (42.7 to 62.4)" in said
    assert "period 6.28 Year" in said
    assert "overshoot" not in said


def test_a_map_names_its_axes_its_modes_and_its_runs():
    swept = grid()
    said = "\n".join(texts(map_figure(mode_map(swept, modes(swept), ("x", "z")))))
    for words in ("x (Year)", "z (unit not given)", "equilibrium", "growth", "12 runs"):
        assert words in said


def test_codes_without_series_cannot_be_drawn(swept):
    codes = modes(swept)["code"].squeeze().values.astype(float)
    attrs = {"role": "metric", "metric": "mode", "labels": json.dumps(MODES)}
    swept["how it goes"] = (("run",), np.where(codes < 0, np.nan, codes), attrs)
    with pytest.raises(StudyError, match="keep the series"):
        modes_figure(swept, modes(swept, "how it goes"))


def test_the_table_says_mode_share_period_and_what_it_comes_with(swept, capsys):
    found = modes(swept, listed=["growth", "oscillation"])
    print_modes(found, what_decides(swept, found), mode_map(swept, found, OVER, cells=2))
    said = capsys.readouterr().out
    for words in (
        "less rate", "52.63%", "6.28 (6.28 to 6.28)", "5.00% of the runs failed",
        "not foreseen: size of it: collapse, not listed, in 30 runs (31.58%)",
        "map of size of it over rate (x) and something else (y)",
    ):  # fmt: skip
        assert words in said


def test_the_data_of_a_table_is_plain_and_complete(swept):
    found = modes(swept)
    data = json.loads(json.dumps(as_data(found, what_decides(swept, found), None)))
    assert [row["mode"] for row in data["modes"]] == ["growth", "collapse", "damped oscillation"]
    assert data["modes"][0]["comes_with"] == [{"parameter": "rate", "direction": -1}]
    assert data["modes"][2]["period"]["0.5"] == pytest.approx(2 * np.pi, rel=1e-3)
    assert data["failed"][0]["share"] == pytest.approx(0.05)


def test_shares_over_a_grid_have_no_intervals_and_the_table_says_why(capsys):
    swept = grid()
    found = modes(swept)
    assert np.isnan(found["share_low"]).all()
    print_modes(found, what_decides(swept, found), None)
    said = capsys.readouterr().out
    assert "(a full grid), whose rows are no draws: they have no intervals" in said
