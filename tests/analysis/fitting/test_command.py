"""The command ``loopscope fit``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from loopscope import models
from loopscope.analysis.fitting import estimate

TIMES = np.arange(0.0, 13.0)
VALUES = 4 + 1.5 * TIMES + np.array([1, -1] * 6 + [0]) * 0.3
FREE = [{"name": "slope"}, {"name": "start"}]


@pytest.fixture
def line(written, series):
    more = series(TIMES, 0.5 * VALUES, scale="free")
    return written(series(TIMES, VALUES), more, free=FREE).path


def test_the_tables_have_estimates_errors_and_lines_to_paste(command, line):
    done = command("fit", line, "--case", "c", "--starts", 2)
    assert done.code == 0, done.err
    for words in (
        "3 unknowns fitted to 26 observations in 2 series", "standard error", "95 % interval",
        "Errors before and after the fit", "last third", "Correlation of the estimates",
        "2 of 2 starts led to this minimum", "What the record cannot tell",
        "To paste into the case", "[case.set]",
    ):  # fmt: skip
        assert words in done.out


def test_the_lines_to_paste_give_the_run_of_the_fit(command, line, tmp_path):
    out, told = tmp_path / "fit.toml", tmp_path / "fit.json"
    done = command(
        "fit", line, "--case", "c", "--free", "slope", "--free", "x=0:30", "--out", out,
        "--out", told, "--profiles", 0, "--no-hold-out",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = tomllib.loads(out.read_text(encoding="utf-8"))["case"]
    data = json.loads(told.read_text(encoding="utf-8"))
    estimates = {one["name"]: one for one in data["estimates"]}
    assert found["set"]["slope"]["value"] == pytest.approx(estimates["slope"]["value"], rel=1e-5)
    assert found["set"]["slope"]["source"].startswith(
        "Estimated by `loopscope fit line.mdl --case c`."
    )
    assert estimates["x"]["kind"] == "start value"
    run = models.simulate(
        line,
        case="c",
        parameters={"slope": found["set"]["slope"]["value"]},
        initial={"x": found["initial"]["x"]["value"]},
    )
    errors = run["x"].sel(time=TIMES).values - VALUES
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(data["series"][0]["rmse"], rel=1e-4)


def test_json_has_no_number_that_is_not_finite(command, line):
    done = command("fit", line, "--case", "c", "--free", "unused", "--free", "slope", "--json")
    assert done.code == 0, done.err
    data = json.loads(done.out, parse_constant=lambda word: pytest.fail(word))
    assert data["estimates"][0]["standard_error"] is None
    assert data["held_out"]["series"][0]["rmse_carried"] > 0
    assert data["correlation"]["names"][0] == "unused"
    assert any("'unused'" in line for line in data["cannot_identify"])


def test_a_picture_has_a_panel_for_each_variable_and_each_profile(command, line, tmp_path):
    from loopscope import analysis
    from loopscope.analysis.fitting.fit_figures import fit_figure

    picture = tmp_path / "fit.png"
    done = command("fit", line, "--case", "c", "--starts", 1, "--plot", picture)
    assert done.code == 0, done.err
    assert picture.read_bytes().startswith(b"\x89PNG")
    figure = fit_figure(analysis.fit(line, "c", starts=1, profiles=2))
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert [title.partition(":")[0] for title in titles].count("profile") == 2
    assert titles[0] == "x"
    assert titles[1].startswith("x ×")  # noqa: RUF001


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--case", "d"], "no case named 'd'"),
        (["--case", "c", "--free", "slop"], "did you mean 'slope'"),
        (["--case", "c", "--free", "slope=3"], "a range is two numbers"),
        (["--case", "c", "--free", "slope=a:b"], "a range is two numbers"),
        (["--case", "c", "--free", "slope=3:1"], "two rising numbers"),
        (["--case", "c", "--free", "slope", "--free", "Slope=1:3"], "given twice"),
        (["--case", "c", "--free", ""], "names nothing"),
        (["--case", "c", "--out", "fit.csv"], "must end in .json or .toml"),
        (["--case", "c", "--plot", "fit.txt"], ".png"),
        (["--case", "c", "--starts", "0"], "starts"),
        ([], "--case"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(command, line, words, message):
    done = command("fit", line, *words)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_an_interrupted_fit_leaves_no_file(command, line, tmp_path, monkeypatch):
    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(estimate, "descend", interrupted)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = command("fit", line, "--case", "c", "--out", tmp_path / "fit.json")
    assert done.code == 130
    assert "interrupted; no file was left half-written" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_model_that_fails_everywhere_is_one_line(command, written, series):
    text = written(series(TIMES, VALUES)).path.read_text(encoding="utf-8")
    text = text.replace("x = INTEG(slope, start)", "x = INTEG(slope/(Time-3), start)")
    path = written(series(TIMES, VALUES), free=FREE, text=text).path
    done = command("fit", path, "--case", "c")
    assert done.code == 2
    assert "no start gives a finite run" in done.err
