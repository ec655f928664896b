"""The EMA workbench runs the native model: the same numbers, and its analyses take the results."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from loopscope import models
from loopscope.analysis import ema
from loopscope.models.distribution import Discrete, Triangular
from loopscope.models.errors import StudyError, UnknownNameError
from loopscope.models.parameters import declared
from loopscope.models.source import LIBRARY

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)
    import ema_workbench
    from ema_workbench import Policy, ScalarOutcome, Scenario, SequentialEvaluator

UNCERTAIN = ["response to irregular migration", "share of blocked demand going irregular"]
IRREGULAR = "irregular migrants"


def migration(**changes):
    arguments = {"uncertainties": UNCERTAIN, "stop": 2030} | changes
    peak = ScalarOutcome("peak", variable_name=IRREGULAR, function=np.max)
    return ema.model("migration_policy", [IRREGULAR, peak], **arguments)


def pond(write, **arguments):
    return ema.model(write(POND), ["water"], uncertainties={"inflow": (1, 3)}, **arguments)


POND = """{UTF-8}
water = INTEG(inflow - water / residence, 4) ~ litre ~ |
inflow = 2 ~ litre/year [0,10] ~ |
residence = 5 ~ year [1,10] ~ |
"""


def test_the_workbench_and_the_native_engine_give_the_same_numbers(model):
    with SequentialEvaluator(pond(model)) as evaluator:
        experiments, outcomes = evaluator.perform_experiments(scenarios=5)
    for value, row in zip(experiments["inflow"], outcomes["water"], strict=True):
        # Euler with a step of one year: w' = w + inflow - w/5.
        water = [4.0]
        for _ in range(10):
            water.append(water[-1] + value - water[-1] / 5)
        np.testing.assert_allclose(row, water, rtol=1e-12)


def test_a_batch_of_experiments_is_what_they_are_one_by_one():
    model = migration(levers={"lever border": (0.0, 0.6)})
    scenarios = [
        Scenario(f"s{n}", **dict(zip(map(named, sorted(UNCERTAIN)), values, strict=True)))
        for n, values in enumerate([(1.0, 0.1), (6.0, 0.4), (11.0, 0.55)])
    ]
    policies = [Policy("none", lever_border=0.0), Policy("strong", lever_border=0.5)]
    with SequentialEvaluator(model) as evaluator:
        slow = evaluator.perform_experiments(scenarios=scenarios, policies=policies)
    fast = ema.perform(migration(levers={"lever border": (0.0, 0.6)}), scenarios, policies)
    assert fast[0].equals(slow[0])
    assert fast[1].keys() == slow[1].keys() == {"irregular_migrants", "peak"}
    for name in fast[1]:
        np.testing.assert_array_equal(fast[1][name], slow[1][name])
    run = models.simulate(
        "migration_policy", stop=2030, outputs=[IRREGULAR],
        parameters={"lever border": 0.5, sorted(UNCERTAIN)[0]: 6.0, sorted(UNCERTAIN)[1]: 0.4},
    )[IRREGULAR]  # fmt: skip
    place = int(np.flatnonzero((slow[0]["policy"] == "strong") & (slow[0]["scenario"] == "s1"))[0])
    np.testing.assert_array_equal(fast[1]["irregular_migrants"][place], run)
    assert fast[1]["peak"][place] == float(run.max())


def named(text):
    return text.replace(" ", "_")


@pytest.mark.filterwarnings("ignore")  # the workbench's own: of pandas, and of optional packages
def test_the_workbench_finds_boxes_and_scores_features_in_the_result():
    from ema_workbench.analysis import feature_scoring, prim

    np.random.seed(1)  # noqa: NPY002  (the workbench draws from this)
    experiments, outcomes = ema.perform(migration(), scenarios=200)
    assert experiments.shape == (200, 5)
    high = outcomes["peak"] > np.quantile(outcomes["peak"], 0.7)
    found = prim.Prim(
        experiments.drop(columns=["scenario", "policy", "model"]), high, threshold=0.5
    )
    box = found.find_box()
    assert box.density > 2 * high.mean()
    features = experiments.drop(columns=["scenario", "policy", "model"])
    scores = feature_scoring.get_feature_scores_all(features, {"peak": outcomes["peak"]})
    assert set(scores.index) == {named(name) for name in UNCERTAIN}


def test_what_a_model_declares_is_what_is_sampled():
    model = ema.model("migration_policy", [IRREGULAR], constants={"base propensity to move": 0.003})
    records = declared(LIBRARY / "migration_policy" / "model.mdl")
    names = {variable for one in model.uncertainties for variable in one.variable_name}
    assert names == {
        name
        for name, record in records.items()
        if record.distribution.kind != "fixed" and name != "base propensity to move"
    }


@pytest.mark.parametrize("p", [0.0, 0.03, 0.5, 0.97, 1.0])
def test_quantiles_of_a_declared_distribution_are_those_that_the_workbench_draws(p):
    triangle = Triangular(low=1.0, mode=2.0, high=5.0)
    model = migration(uncertainties={UNCERTAIN[0]: triangle})
    (parameter,) = model.uncertainties
    assert parameter.dist.ppf(p) == pytest.approx(float(triangle.at(np.array(p))), rel=1e-12)
    assert (parameter.lower_bound, parameter.upper_bound) == (1.0, 5.0)


def test_values_of_a_discrete_distribution_are_categories(model):
    two = {"residence": Discrete(values=(2.0, 4.0))}
    experiments, outcomes = ema.perform(ema.model(model(POND), ["water"], uncertainties=two), 6)
    for value, row in zip(experiments["residence"], outcomes["water"], strict=True):
        assert row[1] == pytest.approx(4 + 2 - 4 / float(value))


def test_a_lever_may_be_constant_and_a_path_may_be_one_as_well():
    path = {"value": 0.6, "from": 2010}
    model = migration(constants={"lever border": path}, scenario="base")
    scenario = Scenario("one", **{named(name): 0.3 for name in UNCERTAIN})
    _, outcomes = ema.perform(model, [scenario])
    run = models.simulate(
        "migration_policy", "base", stop=2030, outputs=[IRREGULAR],
        parameters={"lever border": path} | dict.fromkeys(UNCERTAIN, 0.3),
    )  # fmt: skip
    np.testing.assert_array_equal(outcomes["irregular_migrants"][0], run[IRREGULAR])


def test_a_model_goes_to_another_process_and_runs_there_alike(model):
    here = pond(model)
    there = pickle.loads(pickle.dumps(here))
    rows = [one.run_experiment({"inflow": 2.5})["water"] for one in (here, there)]
    np.testing.assert_array_equal(*rows)
    drawn = pickle.loads(pickle.dumps(migration()))
    assert [one.dist.ppf(0.5) for one in drawn.uncertainties] == [
        one.dist.ppf(0.5) for one in migration().uncertainties
    ]


def test_runs_that_leave_the_finite_numbers_are_told_and_keep_their_place(model):
    text = "{UTF-8}\npeople = INTEG(people * growth, 1) ~ people ~ |\ngrowth = 1 ~ 1/year ~ |\n"
    boom = ema.model(model(text), ["people"], uncertainties={"growth": (0, 1e40)})
    scenarios = [Scenario("calm", growth=0.1), Scenario("boom", growth=1e39)]
    with pytest.warns(RuntimeWarning, match="1 of 2 runs left the finite numbers.*people"):
        experiments, outcomes = ema.perform(boom, scenarios)
    assert np.isfinite(outcomes["people"][0]).all()
    assert np.isnan(outcomes["people"][1][-1])
    assert list(experiments["scenario"]) == ["calm", "boom"]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"uncertainties": ["initial natives"]}, StudyError, "no declared distribution; give one"),
        ({"uncertainties": ["respnse to lobby"]}, UnknownNameError, "response to lobby"),
        ({"levers": UNCERTAIN}, StudyError, "is given twice"),
        ({"uncertainties": {"response to lobby": 3}}, StudyError, r"give \(low, high\)"),
    ],
)
def test_what_cannot_be_varied_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        migration(**arguments)


def test_without_the_workbench_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(ema, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r'pip install "loopscope\[ema\]"'):
        ema.model("migration_policy", [IRREGULAR])


def test_batches_are_for_native_models_alone():
    other = ema_workbench.Model("other", function=lambda x: {"y": x})
    with pytest.raises(StudyError, match=r"batches are for models from ema\.model; got a Model"):
        ema.perform(other, 3)
