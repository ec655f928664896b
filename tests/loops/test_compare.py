"""Tests of methods side by side: rows, agreement, reasons, what is left out, the picture."""

from __future__ import annotations

import pytest

from loopscope import loops, models
from loopscope.loops.compare import ASKED
from loopscope.models.errors import LoopError


@pytest.fixture(scope="module")
def compared(logistic):
    return loops.compare_methods(loops.find(logistic), models.simulate(logistic))


def test_every_method_speaks_of_a_smooth_model_saved_at_every_step(compared):
    assert set(compared.scores) == set(ASKED)
    assert compared.skipped == {}


def test_the_shift_of_the_logistic_is_found_where_the_gains_are_equal(compared):
    # Gains are r and -2 r P / K: the balancing loop leads from P = K / 2 on, which the closed form
    # of the logistic reaches at ln(99) / r = 15.3.
    for name in ("ltm", "pathway"):
        first, second = compared.periods_of(name)[:2]
        assert (first.polarity, second.polarity) == ("R", "B")
        assert second.start == pytest.approx(15.3, abs=1.0)


def test_methods_that_say_the_same_of_one_stock_agree_all_the_time(compared):
    assert compared.agreement["ltm", "pathway"] == pytest.approx(1.0, abs=0.02)
    assert any("names the same leading loop as LTM" in line for line in compared.sentences())


def test_a_run_with_coarse_times_leaves_the_discrete_form_out_with_its_reason(logistic):
    run = models.simulate(logistic, saveper=1)
    found = loops.find(logistic)
    compared = loops.compare_methods(found, run, ["ltm", "ltm discrete"])
    assert "saveper" in compared.skipped["ltm discrete"]
    assert "LTM, discrete left out" in " ".join(compared.sentences())
    steps = models.simulate(logistic)
    whole = loops.compare_methods(found, run, ["ltm", "ltm discrete"], steps=steps)
    assert whole.skipped == {}
    assert whole.scores["ltm discrete"].sizes == whole.scores["ltm"].sizes


def test_the_picture_has_a_row_for_each_method(compared):
    labels = [axes.get_yticklabels()[0].get_text() for axes in compared.figure().axes]
    assert labels == [ASKED[name].title for name in compared.scores]


def test_as_data_is_plain(compared):
    import json

    told = json.loads(json.dumps(compared.as_data()))
    assert {row["method"] for row in told["rows"]} == set(compared.scores)
    assert all(entry["from"] < entry["to"] for entry in told["common"])


@pytest.mark.parametrize(
    ("methods", "said"),
    [(["ltn"], "no method named 'ltn'; did you mean 'ltm'"), ("ltm!", "no method named 'ltm!'")],
)
def test_an_unknown_method_is_refused(logistic, methods, said):
    with pytest.raises(LoopError, match=said):
        loops.compare_methods(loops.find(logistic), models.simulate(logistic), methods)


def test_a_batch_is_refused_with_the_way_out(logistic):
    run = models.simulate(logistic, parameters={"r": [0.1, 0.2]})
    with pytest.raises(LoopError, match=r"choose one with run\.isel"):
        loops.compare_methods(loops.find(logistic), run)


def test_periods_of_a_method_that_was_left_out_say_why(logistic):
    run = models.simulate(logistic, saveper=1)
    compared = loops.compare_methods(loops.find(logistic), run, ["ltm", "ltm discrete"])
    with pytest.raises(LoopError, match="saveper"):
        compared.periods_of("ltm discrete")
