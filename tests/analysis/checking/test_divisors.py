"""Divisors that can reach 0: what is proved, what a run reaches, what stays open."""

from __future__ import annotations

import pytest

from loopscope import models
from loopscope.analysis.checks import check


@pytest.fixture
def divisors(model):
    """The findings on divisors of a Vensim text, as (level, where, what)."""

    def find(text):
        found = check(model("{UTF-8}\n" + text)).findings
        return [(f.level, f.where, f.what) for f in found if f.check == "divisor"]

    return find


AWAY = [
    "1 / tau",  # in [1, 9]
    "1 / s",  # starts above 0 and falls at most as exp(-t): never 0
    "1 / (s + 1)",
    "1 / MAX(s - 3, 1)",
    "1 / (1 + EXP(-s))",
    "LN(s * tau)",
    "SQRT(s)",
    "IF THEN ELSE(q = 0, 0, 1 / q)",
    "IF THEN ELSE(q > 0, 1 / q, 0)",
    "IF THEN ELSE(q <= 0 :OR: s < 1, 0, LN(q))",
    "ZIDZ(1, q)",
    "1 / MIN(s, tau)",
    "1 / ABS(s)",
    "s ^ (-2)",
    "1 / fixed",  # a constant without a range is taken as it is
    "1 / (fixed - 1)",
    "1 / (Time + 1)",
    "1 / smoothed",
]

STOCK = "s = INTEG(-s / tau, 9) ~~|\ntau = 4 ~ [1, 9] ~|\n"


def test_divisors_that_are_proved_away_from_zero_are_not_named(divisors):
    text = "".join(f"x{n} = {equation} ~~|\n" for n, equation in enumerate(AWAY))
    text += "q = s - 2 ~~|\nfixed = -3 ~~|\nsmoothed = SMOOTH(s + 1, 2) ~~|\n"
    assert divisors(STOCK + text) == []


def test_a_divisor_that_a_run_reaches_is_wrong(divisors):
    # 5 - Time is 0 at time 5.
    assert divisors(STOCK + "x = 1 / (5 - Time) ~~|\n") == [
        ("wrong", "x", "divides by 5 - Time, which reaches 0 in the model as it stands and 2 more "
         "runs"),
    ]  # fmt: skip


def test_a_divisor_that_changes_sign_between_two_saved_times_reached_zero(divisors):
    ((level, where, what),) = divisors(STOCK + "x = 1 / (5.5 - Time) ~~|\n")
    assert (level, where) == ("wrong", "x")
    assert "reaches 0" in what


def test_a_divisor_that_the_end_of_a_range_makes_zero_is_wrong(divisors):
    ((level, where, what),) = divisors(STOCK + "x = 1 / k ~~|\nk = 1 ~ [0, 1] ~|\n")
    assert (level, where) == ("wrong", "x")
    assert what == "divides by k, which reaches 0 with k = 0"


def test_a_divisor_that_no_run_reaches_is_a_remark_with_what_would(divisors):
    # 2 k - 3 is 0 at k = 1.5, inside the range and at neither end.
    assert divisors(STOCK + "x = 1 / (2 * k - 3) ~~|\nk = 4 ~ [0, 4] ~|\n") == [
        ("remark", "x", "divides by 2 * k - 3, which is not proved to stay away from 0; it is 0 "
         "where k = 1.5"),
    ]  # fmt: skip


def test_a_divisor_in_many_equations_has_one_line(divisors):
    text = "".join(f"x{n} = {n} / (2 * k - 3) ~~|\n" for n in range(2, 9))
    ((_, where, what),) = divisors(STOCK + text + "k = 4 ~ [0, 4] ~|\n")
    assert where == "x2"
    assert what.endswith("(as do 'x3', 'x4', 'x5' (+3 more))")


def test_roots_and_logarithms_have_their_own_limits(divisors):
    found = divisors(STOCK + "x = SQRT(k) + LN(j) ~~|\nk = 1 ~ [-1, 1] ~|\nj = 1 ~ [0, 1] ~|\n")
    assert [what for *_, what in found] == [
        "takes a root or power of k, which reaches below 0 with k = -1",
        "takes the logarithm of j, which reaches 0 or below with j = 0",
    ]


def test_a_stock_that_runs_dry_in_finite_time_is_not_proved_away_from_zero(divisors):
    # s' = -sqrt(s) reaches 0 at 2 sqrt(s(0)); its slope there is infinite.
    ((level, _, what),) = divisors("s = INTEG(-SQRT(s), 400) ~~|\nx = 1 / s ~~|\n")
    assert level == "remark"
    assert what.endswith("it is 0 where s = 0")


def test_a_stock_that_is_drained_whatever_it_holds_is_not_proved_away_from_zero(divisors):
    # 500 - t is 0 at time 500, past the end of the run but not excluded by the equations.
    ((level, _, what),) = divisors("s = INTEG(-k, 500) ~~|\nk = 1 ~~|\nx = 1 / s ~~|\n")
    assert (level, what.rpartition("; ")[2]) == ("remark", "it is 0 where s = 0")


def test_a_proof_that_would_need_itself_is_none(divisors):
    # Each of x and y falls by its share of a fixed amount, so the sum reaches 0 in finite time.
    text = "x = INTEG(-x / (x + y), 90) ~~|\ny = INTEG(-y / (x + y), 90) ~~|\n"
    assert {what.partition(",")[0] for *_, what in divisors(text)} == {"divides by x + y"}


def test_every_divisor_of_the_library_model_is_proved():
    from loopscope.analysis.checking.away import Away
    from loopscope.analysis.checking.divisors import Divisors
    from loopscope.analysis.checking.emptying import Emptying, own_values

    model = models.load("migration_policy")
    equations = models.symbolise(model)
    emptying = Emptying(model, equations, own_values(model, equations))
    found = Divisors(model, equations, Away(emptying.ranges))
    assert found.count > 50
    assert [one.expression for one in found.open] == []
