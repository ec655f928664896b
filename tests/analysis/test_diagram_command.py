"""The command line: loops drawn, what is said of them, and what is refused."""

from __future__ import annotations

import json
from itertools import pairwise

import networkx as nx
import pytest

from loopscope.analysis.sweeping.sweep import sweep

LOGISTIC = """{UTF-8}
births = growth * population ~ people/year ~ |
deaths = growth * population * population / capacity ~ people/year ~ |
population = INTEG(births - deaths, 10) ~ people ~ |
growth = 0.8 ~ 1/year [0,2] ~ |
capacity = 100 ~ people [1,1000] ~ |
"""

NO_LOOP = """{UTF-8}
store = INTEG(inflow, 0) ~ widgets ~ |
inflow = 3 + Time ~ widgets/year ~ |
"""

STUDY = """
title = "growth"
model = "{model}"
runs = 8
series = ["population"]

[design]
kind = "latin hypercube"

[parameters]
growth = {{ kind = "uniform", low = 0.2, high = 1.6 }}

[loops]
track = ["R1", "B1"]
"""


@pytest.fixture
def logistic(model):
    return model(LOGISTIC, "logistic.mdl")


def data(done):
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def test_loops_are_listed_with_their_scores_and_notes(command, logistic):
    done = command("diagram", logistic, "--at", "2.6")
    assert (done.code, done.err) == (0, "")
    assert "score at 3" in done.out
    assert "All loops carry 100% of the change at 3" in done.out
    assert "the saved time nearest to 2.6" in done.out
    assert "3 variables, 4 links\n" in done.out  # nothing is laid out, so nothing is measured


def test_what_is_shown_as_json(command, logistic):
    told = data(command("diagram", logistic, "--loops", "B1", "--at", "3", "--json"))
    (loop,) = told["loops"]
    assert (loop["id"], loop["polarity"], sorted(loop["path"])) == (
        "B1",
        "B",
        ["deaths", "population"],
    )
    assert loop["score"] < 0
    assert told["explained"] == pytest.approx(-loop["score"])
    assert (told["at"], told["loops_left"], told["quality"], told["files"]) == (3.0, 1, None, [])


def test_without_scores_nothing_is_run(command, logistic):
    told = data(command("diagram", logistic, "--no-scores", "--json"))
    assert [loop["score"] for loop in told["loops"]] == [None, None]
    assert (told["method"], told["explained"]) == ("", None)


def test_pictures_and_data_of_one_diagram(command, logistic, tmp_path):
    files = [tmp_path / f"d.{ending}" for ending in ("svg", "graphml", "json", "txt")]
    outs = [word for file in files for word in ("--out", file)]
    done = command("diagram", logistic, "--level", "draft", "--theme", "mono", *outs)
    assert (done.code, done.err) == (0, "")
    assert "nothing crosses or overlaps, 2 of 2 badges inside their loops" in done.out
    assert all(f"wrote {file}" in done.out for file in files)
    graph = nx.read_graphml(files[1])
    assert (len(graph.nodes), len(graph.edges)) == (3, 4)
    kept = json.loads(files[2].read_text())["layout"]["places"]
    again = tmp_path / "again.json"
    words = ("--layout", files[2], "--out", again, "--at", "9")
    done = command("diagram", logistic, *words, *(w for n in kept for w in ("--pin", n)))
    assert done.code == 0
    assert json.loads(again.read_text())["layout"]["places"] == kept


def test_a_sweep_gives_medians_and_bands(command, logistic, tmp_path):
    study = tmp_path / "growth.toml"
    study.write_text(STUDY.format(model=logistic), encoding="utf-8")
    store = tmp_path / "growth.zarr"
    sweep(study, out=store)
    told = data(command("diagram", logistic, "--sweep", store, "--at", "4", "--json"))
    for loop in told["loops"]:
        low, high = loop["band"]
        assert low <= loop["score"] <= high
    done = command("diagram", logistic, "--sweep", store, "--at", "4")
    assert "median of 8 runs" in done.out
    assert "5 % to 95 % of runs" in done.out


def chain(stocks):
    """A row of stocks, each drawn to its neighbours: as many loops, and twice the variables."""
    rows = [f"s{n} = INTEG(f{n}, {n}) ~ ~ |" for n in range(stocks)]
    rows += [f"f{n} = s{m} - s{n} ~ ~ |" for n, m in enumerate([*range(1, stocks), 0])]
    return "{UTF-8}\n" + "\n".join(rows) + "\n"


def test_a_large_model_is_refused_as_a_picture_and_written_as_data(command, model, tmp_path):
    large = model(chain(100), "large.mdl")
    picture, graph = tmp_path / "all.svg", tmp_path / "all.graphml"
    done = command("diagram", large, "--no-scores", "--loops", "all", "--out", picture)
    assert done.code == 2
    assert "more than one picture can show (40)" in done.err
    assert "--loops all --out FILE.graphml" in done.err
    assert not picture.exists()
    done = command("diagram", large, "--no-scores", "--loops", "all", "--no-fold", "--out", graph)
    assert (done.code, done.err) == (0, "")
    assert len(nx.read_graphml(graph).nodes) == 200
    done = command("diagram", large, "--no-scores", "--json")
    assert len(data(done)["loops"]) > 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--loops", "B9"], "no loop 'B9'"),
        (["--loops", "b1"], "did you mean 'B1'"),
        (["--loops", ","], "--loops needs ids with commas"),
        (["--around", "poplation"], "did you mean 'population'"),
        (["--at", "11"], "time 11 lies outside the run, which goes from 0 to 10"),
        (["--no-scores", "--at", "3"], "--at is for a run, and --no-scores makes none"),
        (["--no-scores", "--loops", "top:2"], "--loops top:N is for a run"),
        (["--no-scores", "--simplify", "0.5"], "--simplify is for a run"),
        (["--simplify", "1.5"], "above 0 and up to 1"),
        (["--out", "loops.bmp"], "'loops.bmp' ends in '.bmp'; a diagram is saved as"),
        (["--out", "loops"], "'loops' has no ending"),
        (["--out", "no/such/folder/a.svg"], "no/such/folder"),
        (["--theme", "gray"], "--theme must be one of colour, mono"),
        (["--polarity", "os"], "--polarity must be one of +-, so, got 'os'"),
        (["--kind", "cdl"], "no kind of diagram named 'cdl'; did you mean 'cld'"),
        (["--method", "ltn"], "no method named 'ltn'; did you mean 'ltm'"),
        (["--level", "bets", "--out", "a.svg"], "did you mean 'best'"),
        (["--scenario", "war"], "war"),
        (["--keep", "births", "--full"], "give one of them"),
        (["--sweep", "no.zarr"], "no.zarr"),
        (["--sweep", "no.zarr", "--set", "growth=1"], "--set is for a run, and --sweep makes none"),
        (["--layout", "no.json", "--out", "a.svg"], "no.json"),
    ],
)
def test_mistakes_are_told_in_one_line(command, logistic, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    done = command("diagram", logistic, *words)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.glob("a.*"))


def test_a_model_without_loops(command, model):
    still = model(NO_LOOP, "still.mdl")
    done = command("diagram", still)
    assert done.code == 2
    assert "no feedback loop, so there is no loop to draw" in done.err
    told = data(command("diagram", still, "--loops", "all", "--json"))
    assert (told["variables"], told["loops"]) == (2, [])


def test_the_same_call_gives_the_same_file(command, logistic, tmp_path):
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for file in files:
        assert command("diagram", logistic, "--level", "draft", "--out", file).code == 0
    texts = [file.read_text() for file in files]
    assert all(a == b for a, b in pairwise(texts))
