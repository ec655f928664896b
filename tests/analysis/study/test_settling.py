"""What a study comes to: names, times, values of the parameters, and a text that tells it apart."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import kstest, spearmanr, triang

from loopscope import models
from loopscope.analysis.study.canonical import study_of
from loopscope.analysis.study.designs.every import RECORDS
from loopscope.analysis.study.settling import settle
from loopscope.models.distribution import Fixed, Uniform
from loopscope.models.errors import (
    StudyError,
)
from loopscope.models.parameters import declared

ROOM = {"kind": "uniform", "low": 300.0, "high": 3000.0}
BOTH = {"birth rate": {"kind": "uniform", "low": 0.5, "high": 2}, "room": ROOM}
CORRELATED = [{"between": ["birth rate", "room"], "rank": 0.7}]
LOOPS = {"track": ["B1"]}


def metric(**fields):
    return [{"name": "m", **fields}]


def test_names_are_authored_and_nothing_is_left_open(settled):
    found = settled(
        series=["FISH"],
        parameters={"Birth_Rate": {"kind": "uniform", "low": 0.5, "high": 2}, "room": {}},
        metrics=metric(metric="Max", of="Fish", to=2005),
        set={"death_rate": 0.3},
    )
    assert found.parameters == ("birth rate", "room")
    assert found.units == ("1/year", "fish")
    assert found.distributions[1] == Uniform(low=200.0, high=3000.0)  # the model's own range
    assert found.base == (1.0, 1000.0)
    assert found.series == ("fish",)
    assert found.settings == {"death rate": 0.3}
    assert (found.start, found.stop, found.dt, found.saveper) == (2000.0, 2012.0, 0.125, 1.0)
    assert found.times.tolist() == list(np.arange(2000.0, 2013.0))
    assert found.method == "Euler"
    (one,) = found.metrics
    assert (one.metric, one.of, one.start, one.stop) == ("max", "fish", 2000.0, 2005.0)
    assert (one.units, one.of_loops) == ("fish", False)
    assert found.scenario_names == ("as it stands",)


def test_the_rows_have_the_distributions_and_rank_correlations_that_were_asked_for(settled):
    found = settled(runs=4096, correlations=[{"between": ["room", "death rate"], "rank": -0.6}])
    rows = found.rows()
    # 4,096 independent values would leave this band once in a million; a Sobol sequence is closer.
    assert kstest(rows[:, 0], lambda x: (x - 0.5) / 1.5).pvalue > 1e-6
    assert kstest(rows[:, 1], triang(0.2, 0.1, 0.5).cdf).pvalue > 1e-6
    assert kstest(np.log10(rows[:, 2] / 300), "uniform").pvalue > 1e-6
    assert spearmanr(rows[:, 1], rows[:, 2]).statistic == pytest.approx(-0.6, abs=5 / 64)
    assert abs(spearmanr(rows[:, 0], rows[:, 2]).statistic) < 5 / 64
    assert found.design_info["correlated"] == [["room", "death rate", -0.6]]


@pytest.mark.parametrize("kind", [kind for kind in RECORDS if kind != "file"])
def test_a_settled_study_survives_a_pickle_and_its_text(kind, settled, still_pond):
    runs = {"fast": 200}.get(kind, 64)
    found = settled(design={"kind": kind}, runs=runs, metrics=metric(metric="mean", of="fish"))
    rows = found.rows()
    again = pickle.loads(pickle.dumps(found))
    assert again.rows().tobytes() == rows.tobytes()
    rebuilt = settle(still_pond, study_of(found.text))
    assert rebuilt.text == found.text
    assert rebuilt.rows().tobytes() == rows.tobytes()
    assert np.concatenate([found.rows(0, 5), found.rows(5)]).tobytes() == rows.tobytes()
    with pytest.raises(StudyError, match=f"has runs 0 to {found.runs - 1}"):
        found.rows(0, found.runs + 1)


@pytest.mark.parametrize("kind", ["sobol sequence", "latin hypercube", "halton", "random"])
def test_correlated_rows_do_not_depend_on_how_runs_are_cut(kind, settled):
    # 256 rows are made together, so the ends of blocks are put around them.
    found = settled(design={"kind": kind}, runs=600, correlations=CORRELATED)
    ends = [0, 1, 255, 256, 257, 300, 600]
    parts = [found.rows(a, b) for a, b in pairwise(ends)]
    assert np.concatenate(parts).tobytes() == found.rows().tobytes()


@pytest.mark.parametrize("kind", ["sobol sequence", "latin hypercube", "halton", "saltelli"])
def test_several_threads_may_ask_for_rows_at_once(kind, settled):
    found = settled(design={"kind": kind}, runs=1024)
    whole = found.rows()
    blocks = [(a, a + 32) for a in range(0, 1024, 32)]
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda block: found.rows(*block), blocks))
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_the_text_holds_what_the_ids_of_loops_rest_on(pond, settled):
    without = settled(pond, loops=LOOPS).text
    named = pond.with_name("pond.loops.toml")
    entry = '[[loop]]\nid = "B1"\nname = "dying"\npath = ["fish", "deaths"]\npolarity = "B"\n'
    named.write_text(entry)
    first = settled(pond, loops=LOOPS).text
    named.write_text(entry.replace("B1", "B2"))
    assert settled(pond, loops={"track": "named"}).loops == ("B2",)
    named.write_text(entry.replace('["fish", "deaths"]', '["fish", "births"]').replace('"B"', '"U"')
                     .replace("B1", "X"))  # fmt: skip
    second = settled(pond, loops={"track": ["x"]}).text
    assert len({without, first, second}) == 3
    assert settled(pond).text == settled().text


def test_texts_are_equal_where_results_are_and_differ_where_they_may_not(settled):
    text = settled().text
    assert settled(title="Another title", about="Words").text == text
    assert settled(series=["Fish"]).text == text
    others = [
        {"seed": 4}, {"runs": 63}, {"design": {"kind": "halton"}}, {"series": ["births"]},
        {"precision": "single"}, {"dt": 0.0625}, {"stop": 2011}, {"set": {"initial fish": 41}},
        {"metrics": metric(metric="max", of="fish")}, {"loops": LOOPS},
        {"parameters": BOTH}, {"parameters": dict(reversed(BOTH.items()))},
        {"initial": {"fish": 7}}, {"case": "counted"}, {"correlations": CORRELATED},
    ]  # fmt: skip
    texts = [settled(**fields).text for fields in others]
    assert len({text, *texts}) == 1 + len(others)


def test_the_request_runs_the_model(settled, still_pond):
    found = settled(set={"death rate": 0.3}, initial={"fish": 50}, parameters=BOTH, stop=2005)
    request = found.request
    columns = dict(zip(found.parameters, found.rows().T, strict=True))
    request["parameters"] |= columns
    runs = models.simulate(found.source, found.scenarios[0], **request)
    assert runs["fish"].sizes == {"run": 64, "time": 6}
    assert (runs["fish"].isel(time=0) == 50).all()
    alone = {name: float(values[9]) for name, values in columns.items()} | {"death rate": 0.3}
    one = models.simulate(still_pond, parameters=alone, initial={"fish": 50}, stop=2005)
    assert runs["fish"].isel(run=9).to_numpy().tobytes() == one["fish"].to_numpy().tobytes()


def test_a_model_may_be_given_named_by_the_study_or_stand_beside_it(pond):
    by_name = settle(pond, "crowding")
    beside = settle(None, pond.parent / "pond.studies" / "crowding.toml")
    record = settle(models.load(pond), "crowding")
    assert by_name.text == beside.text == record.text
    assert by_name.source == pond
    assert by_name.portable().model == record.source
    assert by_name.title == "How many fish does a pond end with?"
    (pond.parent / "else.toml").write_text('model = "pond.mdl"\nseries=["fish"]\nruns=8\n'
                                           'parameters=["room"]\n')  # fmt: skip
    assert settle(None, pond.parent / "else.toml").source == pond


def test_runs_and_seed_can_be_given_in_place_of_those_of_the_study(pond):
    found = settle(pond, "crowding", runs=8, seed=0)
    assert (found.runs, found.seed) == (8, 0)
    with pytest.raises(StudyError, match="runs: Input should be greater than or equal to 1"):
        settle(pond, "crowding", runs=0)


def test_all_takes_what_the_model_declares(settled, pond):
    assert settled(parameters="all").parameters == (
        "birth rate", "death rate", "room", "initial fish",
    )  # fmt: skip
    found = settled(parameters="ALL", set={"room": 900})
    assert "room" not in found.parameters
    assert found.notes == ("not swept, because a scenario, the case or 'set' gives a value: room",)
    pond.with_name("parameters.toml").write_text(
        '[[parameter]]\nname = "room"\ndefault = 1000\nrange = [200, 3000]\n'
        'distribution = { kind = "triangular", low = 300, mode = 900, high = 2000 }\n'
        '[[parameter]]\nname = "birth rate"\ndefault = 1\nrange = [0.2, 2]\n'
    )
    found = settled(pond, parameters="all")
    assert found.parameters == ("room",)
    assert found.distributions[0].ends == (300.0, 2000.0)
    with pytest.raises(StudyError, match=r"'birth rate' is fixed in parameters\.toml"):
        settled(pond, parameters=["birth rate"])


def test_all_of_a_model_that_declares_nothing_is_refused(tmp_path):
    path = tmp_path / "bare.mdl"
    path.write_text(
        "{UTF-8}\na=INTEG(b,1)~~|\nb=1~~|\nINITIAL TIME=0~~|\nFINAL TIME=1~~|\n"
        "TIME STEP=1~~|\nSAVEPER=1~~|\n"
    )
    study = {"runs": 4, "series": ["a"], "parameters": "all"}
    with pytest.raises(StudyError, match=r"bare declares no distribution .* and no range"):
        settle(path, study)
    with pytest.raises(StudyError, match="neither distribution nor range for 'b'"):
        settle(path, study | {"parameters": ["b"]})


def test_the_library_model_is_swept_over_every_declared_distribution():
    found = settle("migration_policy", {
        "runs": 256, "series": ["policy stringency"], "parameters": "all",
        "scenarios": ["base", "tightening"],
    })  # fmt: skip
    varied = [
        d.name for d in declared(found.prepared.path).values() if d.distribution.kind != "fixed"
    ]
    assert list(found.parameters) == varied
    assert not any(isinstance(one, Fixed) for one in found.distributions)
    assert found.scenario_names == ("base", "tightening")
    model = found.prepared
    rows = found.rows()
    for name, low, high in zip(found.parameters, rows.min(axis=0), rows.max(axis=0), strict=True):
        assert model.variables[name].low <= low < high <= model.variables[name].high


def test_a_case_gives_the_base_and_may_be_swept_around(settled):
    found = settled(case="counted", parameters={"room": {}, "birth rate": {}})
    case = found.case
    assert case is not None
    assert (found.start, found.stop) == (case.start, case.stop)


def test_shares_may_be_kept_at_times_of_their_own(settled):
    found = settled(loops={"track": "all", "every": 3.0})
    assert found.loops == ("U1", "B1")
    assert found.share_times.tolist() == [2000.0, 2003.0, 2006.0, 2009.0, 2012.0]
    assert settled(loops=LOOPS).share_times.tolist() == found.times.tolist()


def test_metrics_of_loops_know_their_times_and_units(settled):
    found = settled(
        loops=LOOPS,
        metrics=[
            {"name": "a", "metric": "share", "loop": "b1", "at": 2005},
            {"name": "b", "metric": "share", "loop": "B1", "from": 2005},
            {"name": "c", "metric": "first shift"},
            {"name": "d", "metric": "dominant loop", "at": 2012},
            {"name": "e", "metric": "total", "of": "births"},
            {"name": "f", "metric": "count", "of": "fish", "level": 500, "direction": "up"},
        ],
    )
    assert [(m.loop, m.at, m.start, m.stop) for m in found.metrics[:2]] == [
        ("B1", 2005.0, 2000.0, 2012.0), ("B1", None, 2005.0, 2012.0),
    ]  # fmt: skip
    units = [one.units for one in found.metrics]
    assert units == ["1", "1", "year", "1", "fish/year*year", "1"]
    assert found.metrics[5].direction == "up"


def test_designs_round_down_and_say_so(settled):
    found = settled(design={"kind": "saltelli"}, runs=100)
    assert found.runs == 64
    assert found.notes == ("100 runs were asked for; the design 'saltelli' uses 64 of them",)


def test_values_of_a_file_are_taken_as_they_stand(settled, tmp_path):
    (tmp_path / "values.csv").write_text("room,Birth Rate\n500,1.5\n\n600,0.5\n700,1\n")
    design = {"kind": "file", "file": str(tmp_path / "values.csv")}
    found = settled(design=design, parameters=None, runs=None)
    assert found.parameters == ("room", "birth rate")
    assert found.rows().tolist() == [[500, 1.5], [600, 0.5], [700, 1]]
    assert settled(design=design, parameters=["birth rate", "room"], runs=2).runs == 2
    before = found.text
    (tmp_path / "values.csv").write_text("room,Birth Rate\n500,1.5\n\n600,0.5\n700,1.1\n")
    assert settled(design=design, parameters=None, runs=None).text != before


def test_listed_values_of_a_design_need_no_distribution(settled):
    found = settled(
        design={"kind": "grid", "values": {"initial fish": [10, 20, 30]}},
        parameters={"initial fish": {}, "room": ROOM}, runs=30,
    )  # fmt: skip
    assert found.runs == 30
    assert np.unique(found.rows()[:, 0]).tolist() == [10, 20, 30]


def test_groups_make_correlations_possible(settled):
    design = {"kind": "saltelli", "groups": [["room", "birth rate"]]}
    found = settled(design=design, correlations=CORRELATED, runs=6 * 512)
    a = found.rows()[::6]
    assert spearmanr(a[:, 0], a[:, 2]).statistic == pytest.approx(0.7, abs=5 / np.sqrt(512))
    design["groups"] = [["room", "death rate"]]
    with pytest.raises(StudyError, match="put such parameters into one of 'groups'"):
        settled(design=design, correlations=CORRELATED)


def test_a_run_of_which_only_the_start_is_saved_stays_one(settled, still_pond):
    found = settled(saveper=100, metrics=metric(metric="final", of="fish"))
    assert found.times.tolist() == [2000.0]
    run = models.simulate(still_pond, **found.request)
    assert run["time"].to_numpy().tolist() == [2000.0]
    assert settle(still_pond, study_of(found.text)).text == found.text
