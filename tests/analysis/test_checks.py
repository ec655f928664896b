"""What check finds, and what it leaves alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loopscope import models
from loopscope.analysis.checks import check
from loopscope.models.errors import ModelError


def found(checked, kind):
    return [(f.level, f.where, f.what) for f in checked.findings if f.check == kind]


def test_the_step_error_of_decay_is_that_of_the_closed_form(teacup):
    # Euler leaves (1 - dt/10)^n of the gap of 110 degrees, RK4 practically exp(-t/10); errors
    # are relative to the largest value, 180.
    (error,) = check(teacup).steps
    n = np.arange(31) * 8
    euler = (1 - 0.0125) ** n
    assert error.half_largest == pytest.approx(
        110 / 180 * np.abs(euler - (1 - 0.00625) ** (2 * n)).max(), rel=1e-6
    )
    exact = np.exp(-np.arange(31) / 10)
    assert error.rk4_end == pytest.approx(110 / 180 * (exact - euler)[-1], rel=1e-4)


def test_a_step_that_is_too_long_is_wrong(model):
    checked = check(model("{UTF-8}\nx = INTEG(-x / 2, 100) ~ people ~ |\n"))
    assert not checked.ok
    assert [(level, where) for level, where, _ in found(checked, "step")] == [("wrong", "x")]


def test_a_step_that_is_a_little_long_is_a_remark(teacup):
    checked = check(teacup)
    assert checked.ok
    assert [level for level, *_ in found(checked, "step")] == ["remark"]


def test_a_constant_rate_has_no_step_error(model):
    (error,) = check(model("{UTF-8}\nx = INTEG(1, 0) ~ people ~ |\n")).steps
    assert error.worst == pytest.approx(0, abs=1e-14)


def test_steps_of_a_random_model_are_not_compared(model):
    source = "{UTF-8}\nx = INTEG(RANDOM UNIFORM(0, 1, 7), 0) ~ people ~ |\n"
    checked = check(model(source))
    assert checked.steps == ()
    assert "random numbers" in found(checked, "step")[0][2]


def test_a_value_outside_its_range_is_wrong(model):
    source = "{UTF-8}\nx = INTEG(k, 0) ~ people ~ |\nk = 5 ~ people/year [0, 1] ~ |\n"
    (finding,) = found(check(model(source)), "range")
    assert finding == ("wrong", "model", "'k' = 5 lies outside its range [0, 1]")


def test_a_scenario_outside_a_range_is_a_remark(model, tmp_path):
    path = model("{UTF-8}\nx = INTEG(k, 0) ~ people ~ |\nk = 1 ~ people/year [0, 1] ~ |\n")
    (tmp_path / "scenarios.toml").write_text('[[scenario]]\nname = "much"\nset = { k = 3 }\n')
    checked = check(path)
    assert checked.ok
    assert found(checked, "range") == [("remark", "much", "'k' = 3 lies outside its range [0, 1]")]


def test_a_value_that_is_not_finite_is_wrong(failing):
    checked = check(failing)
    assert ("wrong", "the model as it stands", "'pressure' is not finite at time 5") in found(
        checked, "finite"
    )
    assert all(math.isnan(error.half_end) for error in checked.steps)


def test_a_range_end_that_breaks_the_model_is_wrong(model):
    source = "{UTF-8}\nx = INTEG(1 / k, 0) ~ people ~ |\nk = 1 ~ year/people [0, 2] ~ |\n"
    (finding,) = found(check(model(source)), "extreme")
    assert finding[:2] == ("wrong", "k = 0")


def test_a_range_end_that_turns_a_stock_negative_is_wrong(model):
    source = "{UTF-8}\nx = INTEG(-k, 5) ~ people ~ |\nk = 0 ~ people/year [0, 2] ~ |\n"
    checked = check(model(source))
    assert not checked.ok
    ((level, where, what),) = found(checked, "negative")
    assert (level, where) == ("wrong", "x")
    assert what.startswith("goes below 0 with k = 2")


def test_what_is_wrong_comes_first_then_the_checks_in_their_order(model):
    source = "{UTF-8}\nx = INTEG(-k * 9, 5) ~ people ~ |\nk = 1 ~ people [0, 2] ~ |\nj = 1 ~~|\n"
    findings = check(model(source)).findings
    assert [(f.level, f.check) for f in findings] == [
        ("wrong", "units"), ("wrong", "negative"), ("remark", "units"), ("remark", "unused"),
    ]  # fmt: skip


def test_a_failure_that_the_model_has_anyway_is_not_told_for_each_end(model):
    source = "{UTF-8}\nx = INTEG(y, 5) ~ ~ |\ny = 1 / (5 - Time) ~~|\nk = 1 ~ [0, 2] ~ |\n"
    checked = check(model(source))
    assert len(found(checked, "finite")) == 1
    assert found(checked, "extreme") == []


def test_the_table_is_capped_unless_all_is_asked_for(model, command):
    source = "x = INTEG(-x / 9, 5) ~~|\n" + "".join(f"k{n} = {n} ~~|\n" for n in range(20))
    path = model("{UTF-8}\n" + source)
    short, whole = command("check", path), command("check", path, "--all")
    assert short.code == whole.code
    assert "+12 more; --all shows them" in short.out
    assert short.out.count("is read by no equation") == 8
    assert whole.out.count("is read by no equation") == 20


def test_the_library_has_nothing_wrong():
    seen = []
    checked = check(
        models.load("migration_policy"),
        statements=False,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert [f for f in checked.findings if f.level == "wrong"] == []
    assert seen[-1] == (checked.runs, checked.runs)


def test_a_model_without_stocks_is_refused(model):
    with pytest.raises(ModelError, match="has no stock"):
        check(model("{UTF-8}\nx = 2 * Time ~ ~ |\n"))
