"""Indices of sweeps of a model: exact derivatives, a stock with known indices, the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from loopscope import analysis, models
from loopscope.analysis.indices.convergence import converge
from loopscope.models.errors import StudyError

DECAY = """{UTF-8}
people = INTEG(-leaving, first people) ~ people ~ |
leaving = people * rate ~ people/year ~ |
first people = 100 ~ people [50,150] ~ |
rate = 0.1 ~ 1/year [0,1] ~ |
idle = 3 ~ dmnl [0,10] ~ |
noted = idle * 2 ~ dmnl ~ |
"""

STUDY = {
    "title": "People who leave",
    "runs": 2048,
    "seed": 3,
    "series": ["people"],
    "parameters": {
        "first people": {"kind": "uniform", "low": 80, "high": 120},
        "rate": {"kind": "uniform", "low": 0.05, "high": 0.25},
        "idle": {"kind": "uniform", "low": 1, "high": 5},
    },
    "design": {"kind": "saltelli", "second_order": False},
    "metrics": [
        {"name": "last", "of": "people", "metric": "final"},
        {"name": "quarter gone", "of": "people", "metric": "crossing", "level": 75},
    ],
}


@pytest.fixture
def decay(model, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return model(DECAY, "decay.mdl")


@pytest.fixture
def swept(decay):
    return analysis.sweep(decay, STUDY)


def test_a_stock_that_empties_has_its_indices_at_every_time(swept):
    # Euler with a step of 1: people(n) = first (1 - rate)^n, a product of independent factors; with
    # m, v of the first and e_k = E (1 - rate)^(k n): total of the first is v e_2 / Var, of the rate
    # (m^2 + v)(e_2 - e_1^2) / Var.
    found = analysis.sensitivity(swept, "people", resamples=0).sel(outcome="people")
    m, v = 100.0, 40.0**2 / 12
    for n in (1, 4, 10):
        one, two = (
            (0.95 ** (k * n + 1) - 0.75 ** (k * n + 1)) / (0.2 * (k * n + 1)) for k in (1, 2)
        )
        whole = (m**2 + v) * two - m**2 * one**2
        want = np.array([v * two, (m**2 + v) * (two - one**2), 0.0]) / whole
        np.testing.assert_allclose(found["total"].sel(time=n), want, atol=0.02)
        want = np.array([v * one**2, m**2 * (two - one**2), 0.0]) / whole
        np.testing.assert_allclose(found["first"].sel(time=n), want, atol=0.02)
    np.testing.assert_allclose(found["total"].sel(time=0), [1, 0, 0], atol=0.02)


def test_local_sensitivities_are_the_derivatives_of_the_run(swept, decay):
    found = analysis.sensitivity(swept, method="local", model=decay).sel(outcome="people")
    n = np.arange(11)
    first, rate = 100.0, 0.1
    slopes = np.column_stack(
        [(1 - rate) ** n, -first * n * (1 - rate) ** np.clip(n - 1, 0, None), 0 * n]
    )
    np.testing.assert_allclose(found["derivative"], slopes, rtol=1e-12, atol=1e-12)
    elastic = slopes * [first, rate, 3] / (first * (1 - rate) ** n)[:, None]
    np.testing.assert_allclose(found["elasticity"], elastic, rtol=1e-12, atol=1e-12)
    low, high = np.quantile(swept["inputs"], [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found["effect"], slopes * (high - low), rtol=1e-12, atol=1e-12)


def test_local_sensitivities_are_what_central_differences_come_near_to(tank):
    study = {
        "runs": 64,
        "series": ["heeded"],
        "parameters": {
            name: {"kind": "uniform", "low": low, "high": high}
            for name, low, high in (("residence", 2, 8), ("patience", 1, 4), ("delay", 2, 5))
        },
    }
    swept = analysis.sweep(tank, study)
    found = analysis.sensitivity(swept, method="local", model=tank).sel(outcome="heeded")
    for name, value in (("residence", 4.0), ("patience", 2.0), ("delay", 3.0)):
        h = 1e-5 * value
        up, down = (
            models.simulate(tank, parameters={name: value + sign * h})["heeded"].values
            for sign in (1, -1)
        )
        want = (up - down) / (2 * h)
        np.testing.assert_allclose(
            found["derivative"].sel(parameter=name), want, rtol=1e-5, atol=1e-7
        )


def test_local_sensitivities_are_of_series_of_the_model_that_was_swept(swept, decay):
    with pytest.raises(StudyError, match="'last' is a metric; name a series"):
        analysis.sensitivity(swept, "last", method="local", model=decay)
    with pytest.raises(StudyError, match=r"no library model named 'decay'.*name the file"):
        analysis.sensitivity(swept, method="local")
    decay.write_text(decay.read_text().replace("idle * 2", "idle * 3"))
    with pytest.raises(StudyError, match="has changed since it was swept"):
        analysis.sensitivity(swept, method="local", model=decay)


def test_each_scenario_is_differentiated_where_it_stands(decay):
    decay.with_suffix(".scenarios.toml").write_text(
        '[[scenario]]\nname = "early"\nset = { "first people" = 50 }\n', encoding="utf-8"
    )
    study = {**STUDY, "runs": 64, "scenarios": ["early"], "design": {"kind": "random"}}
    study["parameters"] = {"rate": STUDY["parameters"]["rate"]}
    found = analysis.sensitivity(analysis.sweep(decay, study), method="local", model=decay)
    slopes = found["derivative"].squeeze()
    np.testing.assert_allclose(slopes.sel(time=2), -50 * 2 * 0.9, rtol=1e-12)


def test_convergence_ends_in_the_indices_of_all_runs(swept):
    found = converge(swept, "last", resamples=10)
    assert found["base_rows"].values.tolist() == [16, 32, 64, 128, 256]
    assert found["metric_total"].dims == ("base_rows", "metric", "parameter")
    whole = analysis.sensitivity(swept, "last", resamples=10)
    np.testing.assert_array_equal(found["metric_total"].isel(base_rows=-1), whole["metric_total"])
    part = swept.isel(run=slice(0, 64 * 5))
    half = analysis.sensitivity(part, "last", resamples=10)
    np.testing.assert_array_equal(found["metric_total"].sel(base_rows=64), half["metric_total"])


def test_convergence_is_of_designs_with_base_rows(decay):
    swept = analysis.sweep(decay, {**STUDY, "runs": 100, "design": {"kind": "random"}})
    with pytest.raises(StudyError, match=r"'saltelli' and 'morris'; this sweep has .* 'random'"):
        converge(swept)


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        ("sobol sequence", ["prcc", "pawn"]),
        ("latin hypercube", ["prcc", "pawn"]),
        ("halton", ["prcc", "pawn"]),
        ("random", ["prcc", "pawn"]),
        ("grid", ["prcc", "pawn"]),
        ("saltelli", ["sobol"]),
        ("morris", ["morris"]),
        ("fast", ["fast"]),
        ("one at a time", ["local"]),
    ],
)
def test_each_design_has_methods_that_suit_it(decay, kind, methods):
    swept = analysis.sweep(decay, {**STUDY, "runs": 256, "design": {"kind": kind}})
    found = analysis.sensitivity(swept, resamples=0, model=decay)
    assert json.loads(found.attrs["method"]) == methods
    main = json.loads(found.attrs["main"])[methods[0]]
    at_the_end = np.abs(found[main].sel(outcome="people", time=10).fillna(0).values)
    assert np.argmin(at_the_end) == 2  # nothing hangs on the idle one


def test_correlated_parameters_of_one_group_have_one_index(decay):
    study = {
        **STUDY,
        "correlations": [{"between": ["first people", "rate"], "rank": 0.5}],
        "design": {"kind": "saltelli", "groups": [["first people", "rate"]]},
    }
    found = analysis.sensitivity(analysis.sweep(decay, study), "last", resamples=0)
    assert found["parameter"].values.tolist() == ["first people + rate", "idle"]
    np.testing.assert_allclose(found["metric_total"][0], [1, 0], atol=0.05)


@pytest.fixture
def store(decay):
    path = decay.with_name("decay.zarr")
    analysis.sweep(decay, {**STUDY, "runs": 640}, out=path)
    return path


def test_the_command_prints_the_strongest_parameters(command, store):
    done = command("sensitivity", store, "--of", "people", "--at", 8, "--top", 1)
    assert done.code == 0, done.err
    assert "People who leave" in done.out
    row = next(line for line in done.out.splitlines() if line.lstrip().startswith("people  "))
    assert row.split()[1:3] == ["8", "rate"]
    assert "first people" not in done.out
    done = command("sensitivity", store, "--of", "people", "--at", 2, "--at", 8, "--top", 1)
    rows = [line.split() for line in done.out.splitlines() if "rate" in line or "first" in line]
    assert [row[1] for row in rows[1:]] == ["2", "8"]


def test_the_command_writes_all_indices(command, store, tmp_path):
    done = command(
        "sensitivity", store, "--out", "found.csv", "--out", "found.nc", "--resamples", 10
    )
    assert done.code == 0, done.err
    found = analysis.sensitivity(analysis.open_sweep(store), resamples=10)
    with xr.open_dataset(tmp_path / "found.nc") as written:
        np.testing.assert_array_equal(written["total"], found["total"])
        assert json.loads(written.attrs["method"]) == ["sobol"]
    lines = (tmp_path / "found.csv").read_text().splitlines()
    assert lines[0].startswith("outcome,time,parameter,first,first_low,first_high,total,")
    assert len(lines) == 1 + 11 * 3 + 2 * 3
    want = found["metric_total"].sel(metric="last", parameter="rate").item()
    row = next(line for line in lines if line.startswith("last,,rate,"))
    assert float(row.split(",")[6]) == want


def test_the_command_gives_json(command, store):
    done = command("sensitivity", store, "--json", "--condition", "last > 20")
    data = json.loads(done.out)
    assert data["method"] == ["regional"]
    rate = next(one for one in data["indices"] if one["parameter"] == "rate")
    assert rate["outcome"] == "last > 20"
    assert rate["distance"] > 0.9
    assert rate["direction"] == -1


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--figure", "bars"),
        ("--figure", "convergence", "--of", "last"),
        ("--method", "pawn", "--method", "prcc"),
        ("--condition", "last > 20"),
        ("--method", "local", "--model", "decay.mdl", "--figure", "bars"),
    ],
)
def test_the_command_draws(command, store, tmp_path, words):
    done = command("sensitivity", store, *words, "--resamples", 10, "--plot", "found.png")
    assert done.code == 0, done.err
    assert (tmp_path / "found.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--figure", "plan"), "did you mean 'plane'"),
        (("--figure", "plane"), "the plane is of Morris measures"),
        (("--method", "morris"), "need design kind 'morris'"),
        (("--of", "peeple"), "did you mean 'people'"),
        (("--plot", "found.bmp"), "must end in .png"),
        (("--out", "found.xyz"), "must end in .csv"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_line(command, store, words, message):
    words = (*words, "--plot", "found.png") if "plane" in words else words
    done = command("sensitivity", store, *words)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_a_picture_shows_the_strongest_parameters_and_says_what_it_is(swept):
    from loopscope.analysis.indices.index_figures import series_figure

    found = analysis.sensitivity(swept, resamples=10)
    figure = series_figure(found)
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()][:2] == ["first people", "rate"]
    assert "Sobol indices over time" in legend.get_title().get_text()
    panel = figure.axes[0]
    line = next(one for one in panel.lines if one.get_color() == "#0072B2")
    np.testing.assert_array_equal(line.get_ydata(), found["total"].sel(parameter="rate")[0])


def test_a_line_of_a_share_goes_through_its_own_times(sweep_of, uniform):
    from loopscope.analysis.indices.index_figures import series_figure

    rows = uniform(("x", "y"), 200)
    swept = sweep_of(
        rows,
        ("x", "y"),
        "random",
        series={"people": rows[:, :1] * np.arange(1, 6)},
        time=[0, 1, 2, 3, 4],
        shares=(rows[:, 1:] * [1.0, 2.0, 3.0])[:, :, None],
        loop_time=[0, 2, 4],
    )
    panel = series_figure(analysis.sensitivity(swept, "R1", method="prcc")).axes[0]
    assert panel.lines[1].get_xdata().tolist() == [0, 2, 4]
    both = series_figure(analysis.sensitivity(swept, method="pawn")).axes[1]
    assert both.lines[0].get_xdata().tolist() == [0, 2, 4]
    assert np.isfinite(both.lines[0].get_ydata()).all()


def test_the_plane_of_morris_has_a_point_for_each_parameter(decay):
    from loopscope.analysis.indices.index_figures import figure_of

    swept = analysis.sweep(decay, {**STUDY, "runs": 80, "design": {"kind": "morris"}})
    found = analysis.sensitivity(swept, "last")
    panel = figure_of(found, swept).axes[0]
    points = {(float(one.get_xdata()[0]), float(one.get_ydata()[0])) for one in panel.lines[:3]}
    want = zip(found["metric_mu_star"][0].values, found["metric_sigma"][0].values, strict=True)
    assert points == {(float(x), float(y)) for x, y in want}
