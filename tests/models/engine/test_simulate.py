"""The contract of ``simulate``: what comes back, in which shape, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest
import xarray as xr

from loopscope import models
from loopscope.models import simulate
from loopscope.models.engine.simulate import run as run_plain
from loopscope.models.errors import ReadError, RunError, UnknownNameError

CLOCK = "\nINITIAL TIME=0~Year~|\nFINAL TIME=10~~|\nTIME STEP=0.5~~|\nSAVEPER=TIME STEP~~|\n"
MODEL = (
    "s=INTEG(f,100)~people~|\nf=rate*s~people/Year~|\nrate=0.1~1/Year~|\ny=table(Time)~~|\n"
    "table((0,0),(10,20))~~|\nz=RANDOM UNIFORM(0,1,1)~~|\n"
)


@pytest.fixture(scope="module")
def model(load):
    return load(MODEL, CLOCK)


def test_one_run_is_a_dataset_over_time(model):
    run = simulate(model)
    assert isinstance(run, xr.Dataset)
    assert list(run.data_vars)[:5] == ["s", "f", "rate", "y", "z"]
    assert "table" not in run
    for name in ("s", "f", "rate", "TIME STEP"):
        assert run[name].dims == ("time",)
        assert run[name].dtype == np.float64
    assert run["s"].attrs == {"units": "people"}
    assert run["time"].attrs == {"units": "Year"}
    assert run["status"].dims == ()
    assert run["status"].item() == "ok"
    # Euler: each step multiplies by 1 + rate dt.
    np.testing.assert_allclose(run["s"], 100 * 1.05 ** np.arange(21), rtol=1e-13)


def test_batch_has_runs_before_times(model):
    runs = simulate(model, parameters={"rate": [0.0, 0.1, 0.2]})
    assert runs["s"].dims == ("run", "time")
    assert dict(runs.sizes) == {"run": 3, "time": 21}
    assert runs["rate"].values[:, 5].tolist() == [0.0, 0.1, 0.2]
    assert runs["status"].values.tolist() == ["ok"] * 3
    assert runs["y"].dims == ("run", "time")


def test_outputs_are_those_asked_for_once_and_in_order(model):
    run = simulate(model, outputs=["y", "S", "y"])
    assert list(run.data_vars) == ["y", "s", "status"]
    assert list(simulate(model, outputs="s").data_vars) == ["s", "status"]
    clock = simulate(model, outputs=["SAVEPER", "rate"], dt=0.25)
    np.testing.assert_array_equal(clock["SAVEPER"], 0.25)


def test_result_says_what_it_was_made_from(model):
    run = simulate(
        model, seed=5, dt=0.25, saveper=1, method="rk4", outputs=["s"],
        parameters={"rate": {"value": 0.3, "from": 2}, "y": 1},
    )  # fmt: skip
    attrs = run.attrs
    assert attrs["model"] == model.name
    assert attrs["model_sha256"] == model.sha256
    assert (attrs["method"], attrs["dt"], attrs["seed"]) == ("RK4", 0.25, "5")
    settings = json.loads(attrs["settings"])
    assert settings["y"] == 1
    assert settings["rate"] == {"value": 0.3, "from": 2.0}
    batch = simulate(model, parameters={"rate": [1, 2]}, outputs=["s"])
    assert json.loads(batch.attrs["settings_per_run"]) == ["rate"]
    assert "loopscope " in attrs["versions"]


def test_start_values_and_lookups_are_part_of_what_a_result_was_made_from(model):
    run = simulate(model, initial={"s": 7}, lookups={"table": [(0, 1), (9, 2)]}, outputs=["s", "y"])
    assert json.loads(run.attrs["initial"]) == {"s": 7.0}
    assert json.loads(run.attrs["lookups"]) == {"table": [[0.0, 1.0], [9.0, 2.0]]}
    runs = simulate(model, initial={"s": [7, 8]}, outputs=["s"])
    assert json.loads(runs.attrs["initial_per_run"]) == ["s"]
    assert json.loads(runs.attrs["settings_per_run"]) == []


def test_result_can_be_written_and_read_back(model, tmp_path):
    runs = simulate(model, parameters={"rate": [0.1, 2000.0]}, stop=100, saveper=10)
    assert runs["status"].values[1].startswith("not finite: ")
    runs.to_netcdf(tmp_path / "runs.nc")
    with xr.open_dataset(tmp_path / "runs.nc") as back:
        xr.testing.assert_equal(back.load(), runs)
        assert back.attrs["failures"] == runs.attrs["failures"]


def test_results_do_not_share_what_may_be_written(model):
    first, second = simulate(model), simulate(model)
    first["s"].values[:] = -1
    first["time"].attrs["note"] = "mine"
    first.attrs["note"] = "mine"
    assert second["s"].values[0] == 100
    assert "note" not in second["time"].attrs
    assert "note" not in simulate(model)["time"].attrs


def test_plain_result_has_the_same_numbers(model):
    plain = run_plain(model, parameters={"rate": [0.1, 0.2]}, outputs=["s", "rate"])
    full = simulate(model, parameters={"rate": [0.1, 0.2]}, outputs=["s", "rate"])
    for name in ("s", "rate"):
        np.testing.assert_array_equal(plain.values[name], full[name])
    np.testing.assert_array_equal(plain.time, full["time"])
    assert plain.failures == {}


def test_model_may_be_a_name_a_path_or_loaded():
    asked = {"outputs": ["natives"], "stop": 2003}
    by_name = simulate("Migration Policy", **asked)
    loaded = models.load("migration_policy")
    xr.testing.assert_identical(simulate(loaded, **asked), by_name)
    xr.testing.assert_equal(simulate(loaded.path, **asked), by_name)


def test_scenario_and_case_are_found_by_name_beside_the_model():
    asked = {"outputs": ["natives", "policy stringency"], "stop": 2005}
    by_name = simulate("migration_policy", "tightening", **asked)
    record = models.scenarios(models.load("migration_policy").path)["tightening"]
    xr.testing.assert_equal(simulate("migration_policy", record, **asked), by_name)
    assert by_name.attrs["scenario"] == "tightening"
    with pytest.raises(UnknownNameError, match="no scenario named 'tightning'; did you mean 'ti"):
        simulate("migration_policy", "tightning")


def test_scenario_file_beside_a_model_with_a_mistake_is_named(load, tmp_path):
    path = tmp_path / "own.mdl"
    path.write_text("{UTF-8}\n" + MODEL + CLOCK, encoding="utf-8")
    (tmp_path / "own.scenarios.toml").write_text(
        '[[scenario]]\nname = "a"\nset = {"rate" = 0.5}\n[[scenario]]\nname = "b"\nsett = {}\n'
    )
    with pytest.raises(ReadError, match=r"own.scenarios.toml, scenario 'b': sett: not a known"):
        simulate(path, "a")
    (tmp_path / "own.scenarios.toml").write_text(
        '[[scenario]]\nname = "a"\nset = {"rate" = 0.5, "typo" = 1}\n'
    )
    with pytest.raises(UnknownNameError, match="no variable named 'typo'"):
        simulate(path, "a")


def test_changed_file_is_read_again(tmp_path):
    path = tmp_path / "own.mdl"
    for value in (1, 2, 1):
        path.write_text(f"{{UTF-8}}\nx={value}*Time~~|\n{CLOCK}", encoding="utf-8")
        assert simulate(path, outputs=["x"])["x"].values[-1] == 10 * value


def test_progress_ends_with_all_runs(model):
    seen = []
    rates = np.full(500, 0.1)
    simulate(model, parameters={"rate": rates}, progress=lambda *at: seen.append(at), threads=2)
    assert seen[-1] == (500, 500)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    with pytest.raises(KeyboardInterrupt):
        simulate(model, parameters={"rate": rates}, progress=stop)


def stop(done: int, runs: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"threads": 0}, "^threads must be a whole number from 1 on, got 0$"),
        ({"threads": -2}, "^threads must be a whole number from 1 on, got -2$"),
        ({"threads": 1.5}, "^threads must be a whole number from 1 on, got 1.5$"),
        ({"method": "Heun"}, "^no method named 'Heun'; there are: Euler, RK4, LSODA, Radau$"),
        ({"method": "RK"}, "^no method named 'RK'; did you mean 'RK4'"),
        ({"method": 4}, "^no method named '4'"),
        ({"engine": "nativ"}, r"^no engine named 'nativ'; did you mean 'native'\?"),
        ({"engine": None}, "^no engine named 'None'; there are: native, pysd$"),
        ({"outputs": []}, "^no outputs asked for; name at least one"),
        ({"outputs": ["table"]}, "^'table' is a lookup: it has no value over time$"),
        ({"outputs": 5}, "^outputs must be names of variables, got 5$"),
        ({"scenario": 5}, "^scenario must be a name or a Scenario, got 5$"),
        ({"case": {"rate": 1}}, "^case must be a name or a Case, got {'rate': 1}$"),
        ({"saveper": 1e-9}, "^dt = 0.5 does not divide saveper = 1e-09"),
    ],
)
def test_request_that_cannot_be_met_is_refused_in_one_line(model, asked, message):
    with pytest.raises(RunError, match=message) as caught:
        simulate(model, **asked)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("wrong", [None, 5, ["migration_policy"]])
def test_what_is_no_model_is_refused(wrong):
    with pytest.raises(RunError, match="a model is one from load"):
        simulate(wrong)


def test_model_changed_in_memory_is_the_model_that_runs(model):
    # Same file and hash as the model before, other equations.
    first = simulate(model, outputs=["s"])
    rate = dataclasses.replace(model.variables["rate"], value=0.0)
    changed = dataclasses.replace(model, variables={**model.variables, "rate": rate})
    np.testing.assert_array_equal(simulate(changed, outputs=["s"])["s"], 100)
    np.testing.assert_array_equal(simulate(model, outputs=["s"])["s"], first["s"])
