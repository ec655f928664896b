"""engine="pysd" beside the native engine: the same Dataset, arrays, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loopscope.models import Scenario, simulate
from loopscope.models.errors import ReadError, RunError, UnknownNameError, UnsupportedError

CLOCK = "\nINITIAL TIME=0~Year~|\nFINAL TIME=6~Year~|\nTIME STEP=0.25~Year~|\nSAVEPER=1~Year~|\n"
MODEL = (
    "{UTF-8}\nhead count=INTEG(growth-loss,100)~people~|\ngrowth=rate*head count~people/Year~|\n"
    "rate=0.1~1/Year~|\nloss=table(Time)*SMOOTH(growth,2)~people/Year~|\n"
    "table((0,0),(3,0.5),(6,0.2))~~|\n"
)
ARRAYS = (
    "{UTF-8}\nplace: north, south~~|\npeople[place]=INTEG(-people[place]/life[place],start[place])"
    "~people~|\nstart[place]=100,50~~|\nlife[place]=10,5~~|\ntotal=SUM(people[place!])~people~|\n"
)
ASKED = {"outputs": ["head count", "growth", "loss", "rate"]}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("pysd") / "growth.mdl"
    file.write_text(MODEL + CLOCK, encoding="utf-8")
    file.with_name("growth.scenarios.toml").write_text(
        '[[scenario]]\nname = "fast"\nset = { "rate" = 0.3 }\ninitial = { "head count" = 40 }\n'
    )
    file.with_name("growth.cases.toml").write_text(
        '[[case]]\nname = "short"\nstart = 1\nstop = 4\nset = { "rate" = 0.2 }\n'
    )
    return file


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    file = tmp_path_factory.mktemp("arrays") / "places.mdl"
    file.write_text(ARRAYS + CLOCK, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"parameters": {"RATE": 0.3}},
        {"parameters": {"rate": {"value": 0.5, "from": 2, "to": 4}}},
        {"parameters": {"rate": {"times": [0, 6], "values": [0.1, 0.4]}}},
        {"parameters": {"loss": 3}},
        {"initial": {"head count": 7}},
        {"lookups": {"table": [(0, 1), (6, 0)]}},
        {"scenario": "fast"},
        {"scenario": Scenario(name="own", set={"rate": {"pulse": 1, "start": 2, "lasts": 1}})},
        {"case": "short"},
        {"case": "short", "scenario": "fast", "parameters": {"rate": 0.05}},
        {"stop": 3, "dt": 0.5, "saveper": 0.5},
        {"start": 2},
        {"start": 2, "initial": {"head count": 9}, "parameters": {"rate": np.int64(0)}},
        {"parameters": {"final time": 3, "TIME STEP": 0.5}},
    ],
)
def test_both_engines_give_the_same_dataset(path, asked):
    theirs = simulate(path, engine="pysd", **ASKED, **asked)
    ours = simulate(path, **ASKED, **asked)
    assert list(theirs.data_vars) == list(ours.data_vars)
    np.testing.assert_allclose(theirs["time"], ours["time"], rtol=1e-12)
    assert theirs["status"].item() == ours["status"].item() == "ok"
    for name in ASKED["outputs"]:
        assert theirs[name].dims == ours[name].dims == ("time",)
        assert theirs[name].attrs["units"] == ours[name].attrs["units"]
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-9, atol=1e-12, err_msg=name)
    assert theirs.attrs["engine"].startswith("PySD 3.")


def test_arrays_have_their_subscripts_as_dims(arrays):
    with pytest.raises(UnsupportedError):
        simulate(arrays)
    run = simulate(arrays, engine="pysd")
    assert run["people"].dims == ("time", "place")
    assert run["place"].values.tolist() == ["north", "south"]
    # Euler: each step multiplies by 1 - dt / life.
    steps = 4 * run["time"].values[:, None]
    expected = np.array([100, 50]) * (1 - 0.25 / np.array([10, 5])) ** steps
    np.testing.assert_allclose(run["people"], expected, rtol=1e-12)
    np.testing.assert_allclose(run["total"], expected.sum(axis=1), rtol=1e-12)
    assert run["people"].attrs["units"] == "people"
    assert run["status"].item() == "ok"


def test_series_over_time_is_a_path(path):
    series = pd.Series([0.1, 0.4], index=[0.0, 6.0])
    theirs = simulate(path, engine="pysd", parameters={"rate": series}, outputs=["head count"])
    ours = simulate(path, parameters={"rate": series}, outputs=["head count"])
    np.testing.assert_allclose(theirs["head count"], ours["head count"], rtol=1e-9)


def test_value_that_is_not_finite_is_in_the_status(path):
    run = simulate(path, engine="pysd", parameters={"rate": 1e200}, outputs=["head count"])
    assert run["status"].item().startswith("not finite: 'head count' at time ")


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"method": "RK4"}, RunError, "engine 'pysd' integrates by Euler only, got method 'RK4'"),
        ({"parameters": {"rate": [1, 2]}}, RunError, "'rate': engine 'pysd' computes one run at"),
        ({"parameters": {"rate": "5 %"}}, RunError, "'rate'.*5 %"),
        ({"parameters": {"rate": float("nan")}}, RunError, "'rate'.*nan"),
        ({"parameters": {"rats": 1}}, UnknownNameError, "no variable named 'rats'; did you mean"),
        ({"outputs": ["losses"]}, UnknownNameError, "named 'losses'; did you mean 'loss'"),
        ({"initial": {"head": 1}}, UnknownNameError, "named 'head'"),
        ({"initial": {"head count": "many"}}, RunError, "'head count'.*many"),
        ({"lookups": {"table": 3}}, RunError, "'table'"),
        ({"dt": 0}, RunError, "dt must be greater than 0"),
        ({"stop": -1}, RunError, "stop .* lies before start"),
        ({"dt": 0.4}, RunError, "dt = 0.4 does not divide"),
        ({"start": "1990"}, RunError, "start must be a number, got '1990'"),
        ({"scenario": "quick"}, UnknownNameError, "no scenario named 'quick'"),
    ],
)
def test_request_that_cannot_be_met_is_refused_in_one_line(path, asked, error, message):
    with pytest.raises(error, match=message) as caught:
        simulate(path, engine="pysd", **asked)
    assert "\n" not in str(caught.value)


def test_file_that_pysd_cannot_translate_is_named(tmp_path):
    broken = tmp_path / "broken.mdl"
    broken.write_text("{UTF-8}\nx=(((~~|\n" + CLOCK)
    with pytest.raises(ReadError, match=r"^broken.mdl: PySD cannot translate it: "):
        simulate(broken, engine="pysd")
    with pytest.raises(ReadError, match="there is no such file"):
        simulate(tmp_path / "none.mdl", engine="pysd")


def test_nothing_is_left_beside_the_model(path):
    before = sorted(path.parent.iterdir())
    simulate(path, engine="pysd", outputs=["rate"])
    assert sorted(path.parent.iterdir()) == before
