"""Runs however they were kept, numbers of any size, equations without derivatives, bad input."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr

from loopscope import loops, models
from loopscope.loops.methods import METHODS
from loopscope.models.errors import LoopError

FORMS = [*METHODS, "discrete"]


def scored(found, run, form):
    """Score by a method, or by the discrete form of the first."""
    if form == "discrete":
        return loops.score(found, run, "ltm", form="discrete")
    return loops.score(found, run, form)


@pytest.fixture(scope="module")
def found(logistic):
    return loops.find(logistic)


@pytest.fixture(scope="module")
def batch(logistic):
    return models.simulate(
        logistic, parameters={"r": [0.1, 0.2, 0.3]}, initial={"P": [1.0, 2.0, 3.0]}
    )


# A run, however it was kept.


@pytest.mark.parametrize("form", FORMS)
def test_a_run_read_back_from_a_file_scores_the_same(sir, tmp_path, form):
    found, run = loops.find(sir), models.simulate(sir)
    run.to_netcdf(tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc") as back:
        again = scored(found, back, form)
    xr.testing.assert_identical(again, scored(found, run, form))


def test_scores_can_be_written_and_read_back(sir, tmp_path):
    scores = loops.score(loops.find(sir), models.simulate(sir))
    scores.to_netcdf(tmp_path / "scores.nc")
    with xr.open_dataset(tmp_path / "scores.nc") as back:
        assert back.attrs == scores.attrs
        np.testing.assert_array_equal(back["relative"], scores["relative"])
        assert (back["status"].astype(str) == scores["status"]).all()


def test_one_run_of_a_batch_scores_as_in_the_batch(found, batch):
    whole = loops.score(found, batch)["relative"]
    for number in range(3):
        alone = loops.score(found, batch.isel(run=number))["relative"]
        np.testing.assert_array_equal(alone, whole.isel(run=number))
    some = loops.score(found, batch.isel(run=[2, 0]))["relative"]
    np.testing.assert_array_equal(some, whole.isel(run=[2, 0]))


def test_what_a_message_recommends_for_batches_works(found, batch):
    with pytest.raises(LoopError, match=r"choose one with run.isel\(run="):
        loops.compare_methods(found, batch)
    assert loops.compare_methods(found, batch.isel(run=0)).skipped == {}


def test_one_time_of_a_run_is_a_run_of_one_time(found, logistic, batch):
    run = models.simulate(logistic)
    whole = loops.score(found, run)["relative"]
    np.testing.assert_array_equal(loops.score(found, run.isel(time=3))["relative"][0], whole[3])
    both = loops.score(found, batch.isel(time=0))["relative"]
    np.testing.assert_array_equal(both[:, 0], loops.score(found, batch)["relative"][:, 0])
    corner = loops.score(found, batch.isel(run=2, time=0))["relative"]
    np.testing.assert_array_equal(corner, both[2])


def test_order_of_dims_does_not_matter(found, batch):
    turned = loops.score(found, batch.transpose("time", "run"))
    xr.testing.assert_identical(turned, loops.score(found, batch))


def test_a_stock_held_at_one_value_a_run_is_not_taken_for_a_start_value(found, logistic):
    held = models.simulate(logistic, parameters={"P": [5.0, 7.0]})
    assert (loops.score(found, held)["status"] == "equilibrium").all()


@pytest.mark.parametrize("name", ["status", "run"])
def test_stocks_whose_name_a_run_needs_for_itself(read, name):
    model = read(f"k=0.1\n{name}=INTEG(k*{name}-0.01*{name}*{name}, 1)\n", stop=5)
    plain = read("k=0.1\nx=INTEG(k*x-0.01*x*x, 1)\n", stop=5)
    for start in (2.0, [1.0, 2.0]):
        ours = loops.score(loops.find(model), models.simulate(model, initial={name: start}))
        same = loops.score(loops.find(plain), models.simulate(plain, initial={"x": start}))
        np.testing.assert_array_equal(ours["relative"], same["relative"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: run.isel(time=slice(0, 0)), "has no saved time"),
        (lambda run: run.isel(time=slice(None, None, -1)), r"must rise, but 59.75 comes after 60"),
        (lambda run: run.isel(time=[1, 1]), r"must rise, but 0.25 comes after 0.25"),
        (lambda run: run.assign_coords(time=run["time"] + 0.1), r"do not give, as 0.1"),
        (lambda run: run.assign(P=run["P"] + 1), "other values of 'P'"),
        (lambda run: run.drop_attrs(), "does not say what it was made from"),
        (lambda run: run.assign_attrs(settings="{bad"), "cannot be read .*; simulate again"),
        (lambda run: run["P"], "a run is what models.simulate returns, got <xarray.DataArray"),
        (lambda _: None, "a run is what models.simulate returns, got None"),
    ],
)
def test_a_run_that_was_changed_is_refused(found, logistic, change, message):
    with pytest.raises(LoopError, match=message) as raised:
        loops.score(found, change(models.simulate(logistic)))
    assert "\n" not in str(raised.value)


def test_start_values_that_differ_need_the_first_time(found, batch, logistic):
    with pytest.raises(LoopError, match=r"start values of 'P' differ .* keep its first time, 0"):
        loops.score(found, batch.isel(time=slice(3, 9)))
    fixed = models.simulate(logistic, parameters={"r": [0.1, 0.2]})
    assert loops.score(found, fixed.isel(time=slice(3, 9))).sizes["time"] == 6


def test_a_run_with_random_numbers_out_of_its_batch_says_so(read):
    model = read("k=1\nn=RANDOM UNIFORM(0,1,3)\nx=INTEG(k*n-0.5*x, 1)\n", stop=2)
    found, batch = loops.find(model), models.simulate(model, parameters={"k": [1.0, 2.0]})
    assert loops.score(found, batch).sizes["run"] == 2
    with pytest.raises(LoopError, match="random numbers depend on its place: simulate it alone"):
        loops.score(found, batch.isel(run=1))


def test_failed_runs_of_a_batch_can_be_left_out_as_the_message_says(read):
    model = read("x=INTEG(x*x, 1)\n", stop=20)
    found, batch = loops.find(model), models.simulate(model, initial={"x": [-1.0, 1.0]})
    with pytest.raises(LoopError, match=r"1 of 2 runs .*run 1: not finite: 'x' at time 3.75"):
        loops.score(found, batch)
    good = batch.isel(run=(batch.status == "ok").values)
    assert (loops.score(found, good)["status"] == "active").all()


# Bad input.


@pytest.mark.parametrize("method", [*METHODS])
def test_every_method_refuses_an_option_it_does_not_have(found, logistic, method):
    with pytest.raises(LoopError, match=r"has no option 'no such thing'.*; there are: "):
        loops.score(found, models.simulate(logistic), method, **{"no such thing": 1})


@pytest.mark.parametrize("method", [*METHODS])
def test_every_method_refuses_values_along_another_graph(found, logistic, method):
    view = loops.along(loops.fold(found.graph), models.simulate(logistic))
    with pytest.raises(LoopError, match="of another graph than the loops"):
        loops.score(found, view, method)


def test_a_model_without_loops_is_told_once(read):
    model = read("x=INTEG(3, 0)\n", name="filling", stop=2)
    found, run = loops.find(model), models.simulate(model)
    for call in (loops.score, loops.compare_methods):
        with pytest.raises(LoopError) as raised:
            call(found, run)
        assert str(raised.value) == (
            "filling: the model has no feedback loop, so there is nothing to score"
        )


def test_an_empty_choice_is_not_a_model_without_loops(found, logistic):
    with pytest.raises(LoopError, match="none of its loops is among those given"):
        loops.score(found[:0], models.simulate(logistic))
    with pytest.raises(LoopError, match="no method was asked for; there are: ltm"):
        loops.compare_methods(found, models.simulate(logistic), [])


# Numbers of any size, and none.


def test_scores_do_not_depend_on_units_however_large_or_small(read):
    def relative(unit):
        model = read(f"x=INTEG(y-x, {unit})\ny=INTEG(x-2*y, 2{unit[1:]})\n", stop=5)
        scores = loops.score(loops.find(model), models.simulate(model))
        assert set(np.unique(scores["status"])) <= {"active", "inflection", "inactive"}
        return scores["relative"].values

    same = relative("1")
    assert np.abs(same).sum(axis=1) == pytest.approx(1)
    for unit in ("1e200", "1e-200", "1e290", "1e-290"):
        np.testing.assert_allclose(relative(unit), same, atol=1e-12)


INFINITE = "x=INTEG(SQRT(MAX(y,0))+1-x, 1.5)\ny=INTEG({rate}, 0)\n"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rate", ["x*y", "0.5*y"])
def test_an_infinite_gain_gives_no_number_and_no_warning(read, form, rate):
    model = read(INFINITE.format(rate=rate), stop=3)
    scores = scored(loops.find(model), models.simulate(model), form)
    status = scores["status"].values.astype(str)
    for name in ("relative", "raw"):
        assert np.isfinite(scores[name].values[status == "active"]).all()
    # The rate of x is 1 - x + 0: it moves until the end.
    assert "equilibrium" not in status[:5, ..., [*scores["loop"].values].index("B1")]


@pytest.mark.filterwarnings("error")
def test_where_no_mode_can_be_told_the_comparison_goes_on(read):
    model = read("x=INTEG(SQRT(MAX(x,0))-x, 0)\n", stop=3)
    found, run = loops.find(model), models.simulate(model)
    assert loops.score(found, run, "influence").sizes["mode"] == 0
    compared = loops.compare_methods(found, run)
    assert (compared.scores["influence"]["status"] == "undefined").all()


def test_what_no_mode_or_parameter_can_tell_is_refused(read):
    root = read("a=2\nx=INTEG(SQRT(MAX(x,0))*a-x, 0)\n", stop=2)
    bare = read("x=INTEG(2-0.5*x, 1)\n", stop=2)
    for model, calls, message in (
        (root, ("link_influences", "mode_weights"), "no mode can be told at the times"),
        (
            root,
            ("parameter_influences", "weight_sensitivities"),
            "no mode can be told at the times",
        ),
        (bare, ("parameter_influences", "weight_sensitivities"), "no parameter acts on anything"),
    ):
        along = loops.along(loops.trace(model), models.simulate(model))
        for call in calls:
            with pytest.raises(LoopError, match=message):
                getattr(loops, call)(along)


def test_what_is_undefined_has_no_imaginary_part_either(prey):
    scores = loops.score(loops.find(prey), models.simulate(prey, stop=10), "influence")
    undefined = (scores["status"] == "undefined").values
    assert undefined.any()  # the two modes meet and part
    assert np.isnan(scores["imag"].values[undefined]).all()
    assert np.isnan(scores["raw"].values[undefined]).all()


def test_random_numbers_stay_what_they_were_in_every_form(read):
    model = read(
        """
        n=RANDOM UNIFORM(0,1,3)
        x=INTEG(n*(2+x)-0.5*x*(1+x), 1)
        y=INTEG(RANDOM NORMAL(-1,3,1,0.5,4)*x-y, 1)
        """,
        stop=5,
    )
    verdicts = loops.audit(model).verdicts
    known = [one for one in verdicts if not one.reason]
    assert len(known) > len({one.stocks for one in verdicts}) * 3
    assert max(one.jacobian for one in known) < 1e-9


# Copies.


def test_loops_survive_pickling(sir):
    found, run = loops.find(sir), models.simulate(sir)
    again = pickle.loads(pickle.dumps(found))
    assert again.ids == found.ids
    assert again.through("I").ids == found.through("I").ids
    xr.testing.assert_identical(loops.score(again, run), loops.score(found, run))


# Independent: differences of simulated rates.


@pytest.mark.parametrize("seed", range(4))
def test_eigenvalues_are_those_of_differences_of_the_simulated_rates(parametric_model, seed):
    model = parametric_model(seed)
    stocks = [stock.name for stock in model.stocks]
    at = np.linspace(0.8, 1.3, len(stocks))
    width = 1e-4
    rows = np.vstack([at + sign * width * np.eye(len(stocks)) for sign in (1, -1)])
    starts = {name: rows[:, column] for column, name in enumerate(stocks)}
    runs = models.simulate(model, initial=starts, method="Euler", stop=0.25)
    rates = np.array([(runs[name][:, 1] - runs[name][:, 0]).values / 0.25 for name in stocks])
    jacobian = (rates[:, : len(stocks)] - rates[:, len(stocks) :]) / (2 * width)
    expected = np.linalg.eigvals(jacobian)

    here = models.simulate(model, initial=dict(zip(stocks, at, strict=True)), stop=0.25)
    found = loops.find(model)
    scores = loops.score(found, here.isel(time=0), "influence", one_sided=True)
    for mode in range(scores.sizes["mode"]):
        value = complex(scores["growth"][0, mode], scores["frequency"][0, mode])
        assert np.abs(expected - value).min() < 1e-5 * max(1, abs(value))
