"""Dominance by other methods: the same leader where methods must agree, and what is compared."""

from __future__ import annotations

import json

import numpy as np
import pytest

from loopscope import analysis, loops
from loopscope.models.errors import StudyError


def test_on_logistic_growth_all_methods_name_the_same_loop(bench):
    # One stock: every score there is follows the gains r and -2 r P / K.
    names = ["ltm", "pathway", "impact", "influence", "ltm discrete", "behaviour"]
    found = analysis.dominance_by_method(bench, names, runs=3)
    assert found["by"].values.tolist() == names
    assert float(found["agreement"].min()) > 0.97
    assert found["agreement"].sel(by="ltm", other="impact") == 1.0
    np.testing.assert_allclose(found["probability"].sum("loop").sel(by="ltm"), 1.0)
    assert found["said"].max() == 3
    assert "which of the 2 tracked loops" in found.attrs["compared"]


def test_by_ltm_it_is_what_the_kernel_scores(bench):
    found = analysis.dominance_by_method(bench, "ltm", runs=5, seed=2)
    rows = np.random.default_rng(2).uniform(bench.low, bench.high, (5, 2))
    scored = loops.batch_scores(
        bench.found, parameters={"r": rows[:, 0], "K": rows[:, 1]}, method="RK4"
    )
    ahead = np.abs(scored["relative"].sel(loop="B1")) > np.abs(scored["relative"].sel(loop="R1"))
    np.testing.assert_allclose(found["probability"].sel(by="ltm", loop="B1"), ahead.mean("run"))
    assert np.isnan(found["probability_low"]).sum() == 0


def test_a_method_that_cannot_read_the_model_is_listed_with_its_reason(bench, monkeypatch):
    from loopscope.models.errors import LoopError

    real = loops.score

    def refusing(found, run, method="ltm", **options):
        if method == "pathway":
            msg = "no pathway here"
            raise LoopError(msg)
        return real(found, run, method, **options)

    monkeypatch.setattr(loops, "score", refusing)
    found = analysis.dominance_by_method(bench, ["ltm", "pathway"], runs=2)
    assert found["by"].values.tolist() == ["ltm"]
    assert json.loads(found.attrs["skipped"]) == {"pathway": "no pathway here"}
    with pytest.raises(StudyError, match="no method can read these runs: no pathway here"):
        analysis.dominance_by_method(bench, ["pathway"], runs=2)


@pytest.mark.parametrize(
    ("methods", "runs", "why"),
    [
        (["pathwy"], 3, "no method named 'pathwy'; did you mean 'pathway'"),
        ([], 3, "no method was asked for"),
        (["ltm"], 0, "at least one run is needed, got 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(bench, methods, runs, why):
    with pytest.raises(StudyError, match=why):
        analysis.dominance_by_method(bench, methods, runs=runs)
