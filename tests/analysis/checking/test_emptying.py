"""Outflows at an empty stock, and stocks that go below 0."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import models
from loopscope.analysis.checking.emptying import first_order_outflows
from loopscope.analysis.checking.negative import may_be_negative
from loopscope.analysis.checks import check
from loopscope.models.errors import UnknownNameError


@pytest.fixture
def vanishing(model):
    """Whether each outflow of a Vensim text vanishes, by name."""

    def find(text, stocks=None):
        found = first_order_outflows(models.load(model("{UTF-8}\n" + text)), stocks)
        return {one.outflow: one.vanishes for one in found}

    return find


@pytest.fixture
def negative(model):
    """The findings on stocks below 0 of a Vensim text, as (level, where, what)."""

    def find(text):
        found = check(model("{UTF-8}\n" + text)).findings
        return [(f.level, f.where, f.what) for f in found if f.check == "negative"]

    return find


ANSWERS = [
    ("s / tau", "proved"),
    ("MIN(s / tau, want)", "proved"),
    ("want * s / (s + 1)", "proved"),
    ("IF THEN ELSE(s > 0, want, 0)", "proved"),
    ("want * table(s)", "proved"),
    ("share * want", "proved"),  # share = s / (s + t), t above 0
    ("want * MAX(0, MIN(1, s))", "proved"),
    ("want", "refuted"),
    ("want + s", "refuted"),
    ("want * (1 - switch) * s + want * switch", "open"),  # 0 as it stands
]
"""Outflows of a stock s, and whether they vanish where it is 0."""


def test_whether_outflows_vanish_with_their_stock(vanishing):
    text = """
    t = INTEG(fill - t / tau, 5) ~~|
    fill = 2 ~~|
    want = 3 ~ [0, 9] ~|
    tau = 4 ~ [1, 9] ~|
    switch = 0 ~ [0, 1] ~|
    table((0,0),(1,1)) ~~|
    """
    for n, (outflow, _) in enumerate(ANSWERS):
        own = re.sub(r"\b(s|share)\b", rf"\g<1>{n}", outflow)
        text += f"s{n} = INTEG(fill - out{n}, 50) ~~|\nout{n} = {own} ~~|\n"
        text += f"share{n} = s{n} / (s{n} + t) ~~|\n"
    found = vanishing(text, [f"S{n}" for n in range(len(ANSWERS))])
    assert found == {f"out{n}": answer for n, (_, answer) in enumerate(ANSWERS)}


def test_an_outflow_without_a_name_is_given_by_its_text(vanishing):
    assert vanishing("s = INTEG(3 - s / tau, 50) ~~|\ntau = 4 ~~|\n") == {"s / tau": "proved"}


def test_a_name_that_is_no_stock_is_refused(model):
    found = models.load(model("{UTF-8}\nstock = INTEG(-k, 5) ~~|\nk = 1 ~~|\n"))
    with pytest.raises(UnknownNameError, match="did you mean 'stock'"):
        first_order_outflows(found, ["stok"])
    with pytest.raises(UnknownNameError, match="'k' is no stock"):
        first_order_outflows(found, ["k"])


@given(
    st.lists(st.sampled_from(["s/3", "MIN(s, w)", "w*s/(1+s)", "s*MAX(w, 1)"]), min_size=1),
    st.floats(0.1, 9),
)
@settings(max_examples=6, deadline=None)
def test_what_is_proved_holds_in_a_run_that_starts_empty(tmp_path_factory, terms, want):
    # An invariant: with all outflows proved and nothing flowing in, an empty stock stays at 0.
    path = tmp_path_factory.mktemp("m") / "m.mdl"
    clock = "INITIAL TIME=0~~|\nFINAL TIME=2~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
    rate = " - ".join(["0", *sorted(f"({term})" for term in terms)])
    path.write_text(f"{{UTF-8}}\ns = INTEG({rate}, 0) ~~|\nw = {want} ~ [0, 9] ~|\n" + clock)
    model = models.load(path)
    assert {one.vanishes for one in first_order_outflows(model)} == {"proved"}
    assert (models.simulate(model)["s"].values == 0).all()


def test_a_stock_that_a_run_takes_below_zero_is_wrong(negative):
    text = "s = INTEG(-k, 5) ~ people ~|\nk = 1 ~ people/year [0, 2] ~|\n"
    assert negative(text) == [
        ("wrong", "s", "goes below 0 in the model as it stands (and in 1 more runs); what flows "
         "out does not stop with it: 'k'"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "level"), [("people", "wrong"), ("degrees Celsius", "remark"), ("dmnl", "remark")]
)
def test_whether_below_zero_is_wrong_hangs_on_the_unit(negative, unit, level):
    assert negative(f"s = INTEG(-k, 5) ~ {unit} ~|\nk = 1 ~~|\n")[0][0] == level


def test_a_stock_that_may_be_negative_by_its_range_is_not_named(negative):
    assert negative("s = INTEG(-k, 5) ~ people [-99, 99] ~|\nk = 1 ~~|\n") == []


def test_a_step_that_overshoots_an_outflow_that_stops_is_told_as_such(negative):
    # Euler at dt = 1 gives 9, -9, 9 ... for s' = -2 s; the outflow vanishes at s = 0.
    ((level, _, what),) = negative("s = INTEG(-2 * s, 9) ~ people ~|\n")
    assert level == "wrong"
    assert what.endswith("; the step is too long for how fast it empties")


def test_what_no_run_reached_but_nothing_excludes_is_a_remark(negative):
    assert negative("s = INTEG(-k, 500) ~ people ~|\nk = 1 ~ people/year ~|\n") == [
        ("remark", "s", "could go below 0, though no run tried did: not proved to stop when it is "
         "empty: 'k'"),
    ]  # fmt: skip


def test_a_stock_that_holds_what_a_delay_holds_is_safe(negative):
    # The stock less the delay's content is constant: 2 * 3 at the start is the content itself.
    text = "s = INTEG(into - out, {0}) ~ people ~|\nout = DELAY3(into, 3) ~~|\n"
    text += "into = 2 + STEP(5, 4) ~~|\n"
    assert negative(text.replace("{0}", "6")) == []
    ((level, _, what),) = negative(text.replace("{0}", "5"))
    assert (level, what.rpartition(": ")[2]) == ("remark", "'out'")


@pytest.mark.parametrize(
    ("unit", "may"),
    [
        ("", False),
        ("people", False),
        ("Rs", False),
        ("$", True),
        ("Fahrenheit", True),
        ("a//", False),
    ],
)
def test_units_in_which_below_zero_may_be_meant(unit, may):
    assert may_be_negative(unit) is may
