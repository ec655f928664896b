"""Tests of the formulation audit: shares in closed form, what must not change, what may."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.forms.formulation import audit
from loopscope.loops.forms.rewriting import FORMS, written
from loopscope.loops.replay import Along
from loopscope.models.errors import LoopError

ROOM = """
    r=0.3
    K=100
    room=1-P/K
    births=r*P*room
    P=INTEG(births, 1)
"""


def by_form(found, partition=0):
    return {
        name: np.asarray(share) for (name, number), share in found.shares.items()
        if number == partition
    }  # fmt: skip


def verdict(found, form):
    (one,) = [one for one in found.verdicts if one.form == form]
    return one


def test_three_ways_to_write_logistic_growth_have_three_shares_and_one_shift(read):
    # Gains round P: r (1 - P/K) and -r P/K through room; r and -2 r P/K as two flows; their sum.
    model = read(ROOM, stop=40, dt=0.125)
    run = models.simulate(model)
    found = audit(model, run, times=1000)
    x = run["P"].values / 100
    shares = by_form(found)
    np.testing.assert_allclose(shares["authored"], 1 - x, atol=1e-12)
    np.testing.assert_allclose(shares["elementary flows"], 1 / (1 + 2 * x), rtol=1e-12)
    np.testing.assert_array_equal(shares["flows alone"], x < 0.5)
    np.testing.assert_array_equal(shares["stocks alone"], x < 0.5)
    assert verdict(found, "authored").loops == 2
    assert verdict(found, "flows alone").loops == 1
    # all shift where P = K / 2
    when = np.interp(0.5, x, run["time"].values)
    for name in ("authored", "elementary flows", "flows alone"):
        (shift,) = verdict(found, name).shifts
        assert shift == pytest.approx(when, abs=0.07)
    assert all(one.differs == () for one in found.verdicts)
    assert "the polarity ahead is the same at all saved times" in found.statement


def test_merging_flows_leaves_one_loop_of_a_logistic_stock(logistic):
    run = models.simulate(logistic)
    found = audit(logistic, run, times=1000)
    x = run["P"].values / 100
    shares = by_form(found)
    np.testing.assert_allclose(shares["authored"], 1 / (1 + 2 * x), rtol=1e-12)
    np.testing.assert_array_equal(shares["net flows"], x < 0.5)
    merged = verdict(found, "net flows")
    row = int(np.argmax(np.abs(shares["net flows"] - shares["authored"])))
    assert merged.change == pytest.approx(abs(shares["net flows"] - shares["authored"])[row])
    assert merged.when == run["time"].values[row]
    assert verdict(found, "split flows").reason == "the equations are written like this already"


def test_who_is_ahead_in_an_epidemic_depends_on_how_flows_are_written(sir):
    # S' = -c S I, I' = c S I - g I.  One net loop round I has gain c S - g; two flows c S and -g.
    run = models.simulate(sir)
    found = audit(sir, run, times=1000)
    merged = verdict(found, "net flows")
    assert merged.differs
    assert "another polarity is ahead with 'net flows'" in found.statement
    # independent: W = G * prod |rate| (stocks of the loop) * prod |acceleration| (the others)
    s, i = run["S"].values, run["I"].values
    c, g = 0.5 / 1000, 0.1
    ds, di = -c * s * i, c * s * i - g * i
    dds = -c * (s * di + i * ds)
    ddi = -dds - g * di
    pair = -c * s * c * i * np.abs(ds * di)
    # Through the one flow of infections no loop passes twice: S and I have no loop of two stocks.
    split = np.array([c * s * np.abs(di * dds), -g * np.abs(di * dds), -c * i * np.abs(ds * ddi)])
    net = np.array([(c * s - g) * np.abs(di * dds), -c * i * np.abs(ds * ddi), pair])
    shares = by_form(found)
    for name, weights in (("authored", split), ("net flows", net)):
        up = np.maximum(weights, 0).sum(axis=0) / np.abs(weights).sum(axis=0)
        np.testing.assert_allclose(shares[name], up, rtol=1e-6, atol=1e-9)
    for first, last in merged.differs:
        inside = (run["time"].values >= first) & (run["time"].values <= last)
        assert np.all((shares["authored"][inside] - 0.5) * (shares["net flows"][inside] - 0.5) < 0)


def test_shares_are_those_of_listed_loops(bass):
    run = models.simulate(bass)
    found = audit(bass, run, times=40, forms=["split flows", "stocks alone"])
    graph = loops.trace(bass)
    for name in ("split flows", "stocks alone"):
        form = written(graph, FORMS[name])
        part = run.sel(time=found.time)
        listed = loops.find(form)
        values = loops.along(graph, part)
        before = graph.equations.auxiliaries
        moved = Along(
            form, {s: v for s, v in values.values.items() if s not in before},
            time=values.time, step=values.step,
        )  # fmt: skip
        scores = loops.score(listed, moved, method="ltm")["relative"]
        expected = scores.where(scores > 0, 0).sum("loop").values
        np.testing.assert_allclose(by_form(found)[name], expected, atol=1e-9)
        assert verdict(found, name).loops == len(listed)


def test_nothing_that_runs_depends_on_the_form(prey):
    run = models.simulate(prey)
    graph = loops.trace(prey)
    values = loops.along(graph, run)
    found = audit(graph, values)
    compared = [one for one in found.verdicts if not one.reason]
    assert len(compared) >= 3
    for one in compared:
        assert one.jacobian < 1e-12
    for name in ("expanded", "split flows", "net flows", "terms apart", "elementary flows"):
        form = written(graph, FORMS[name])
        if isinstance(form, str):
            continue
        before = graph.equations.auxiliaries
        other = Along(
            form, {s: v for s, v in values.values.items() if s not in before},
            time=values.time, step=values.step,
        )  # fmt: skip
        for stock in graph.stocks:
            np.testing.assert_allclose(other.rates[stock], values.rates[stock], rtol=1e-9)
            np.testing.assert_allclose(
                other.accelerations[stock], values.accelerations[stock], rtol=1e-9, atol=1e-9
            )


number = st.floats(0.1, 2).map(lambda value: round(value, 3))


@settings(deadline=None, max_examples=8)
@given(a=number, b=number, c=number, d=number, sign=st.sampled_from("+-"))
def test_with_one_stock_the_polarity_ahead_is_a_fact(read, a, b, c, d, sign):
    # The sum over all loops of one stock is its entry of the Jacobian, whatever the form.
    model = read(
        f"""
        part={a}*x{sign}{b}*x*x
        effect={c}-{d}*x
        inflow=part*effect+{a}
        outflow={b}*x*(1+x)
        x=INTEG(inflow-outflow, 0.5)
        """,
        stop=4,
        dt=0.25,
    )
    found = audit(model)
    x = models.simulate(model)["x"].values
    part, slope = (a * x + b * x * x, a + 2 * b * x) if sign == "+" else (a * x - b * x**2,) * 2
    if sign == "-":
        slope = a - 2 * b * x
    jacobian = slope * (c - d * x) - d * part - b * (1 + 2 * x)
    for share in by_form(found).values():
        clear = np.isfinite(share) & (np.abs(share - 0.5) > 1e-9) & (np.abs(jacobian) > 1e-9)
        assert np.array_equal(np.sign(share - 0.5)[clear], np.sign(jacobian)[clear])
    for one in found.verdicts:
        assert one.differs == ()
        assert one.reason or one.jacobian < 1e-9
    assert {one.form for one in found.verdicts if not one.reason} >= {
        "authored", "split flows", "net flows", "terms apart", "flows alone", "elementary flows",
    }  # fmt: skip


def test_discrete_shares_change_as_continuous_ones_do(read):
    found = audit(read(ROOM, stop=40, dt=0.0625), times=1000)
    one = verdict(found, "elementary flows")
    assert one.discrete == pytest.approx(one.change, abs=0.01)
    model = read(ROOM, stop=40, dt=0.0625)
    rough = audit(model, models.simulate(model, saveper=2))
    assert np.isnan(verdict(rough, "elementary flows").discrete)


def test_stretches_on_which_all_forms_agree_are_listed(sir):
    found = audit(sir)
    agreed = found.agreed()
    assert [letter for _, _, letter in agreed] == ["R", "B"]
    (_, first_end, _), (second_start, _, _) = agreed
    for one in found.verdicts:
        for first, last in one.differs:
            assert first_end < first
            assert last < second_start


def test_what_a_run_held_stays_as_it_is(logistic):
    run = models.simulate(logistic, parameters={"deaths": 2.0})
    found = audit(logistic, run)
    np.testing.assert_array_equal(by_form(found)["authored"], 1.0)
    for one in found.verdicts:
        assert one.reason or one.form == "authored" or one.change == 0


def test_the_migration_model_is_too_large_or_says_what_changes():
    found = audit("migration_policy", forms=["flows alone", "stocks alone"], times=3, most=2000)
    assert all(
        "too many loops to sum with 2000 products" in one.reason
        for one in found.verdicts
        if "policy stringency" in one.stocks
    )
    assert "no other form to compare with" in found.statement


def test_the_dataset_and_the_rows_hold_the_same(sir, tmp_path):
    found = audit(sir)
    data = found.to_dataset()
    assert data["reinforcing"].dims == ("form", "partition", "time")
    for row in found.rows():
        if not row["reason"]:
            change = abs(
                data["reinforcing"].sel(form=row["form"]) - data["reinforcing"].sel(form="authored")
            ).max()
            assert row["change"] == pytest.approx(float(change)) or row["form"] == "authored"
    assert "net flows" in str(found)
    data.to_netcdf(tmp_path / "audit.nc")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"forms": ["split flow"]}, "no form named 'split flow'; did you mean 'split flows'"),
        ({"times": 1}, "times must be 2 or more"),
    ],
)
def test_what_cannot_be_used_is_named(logistic, options, message):
    with pytest.raises(LoopError, match=message):
        audit(logistic, **options)


def test_a_model_without_loops_a_batch_and_another_model_are_refused(read, logistic, prey):
    with pytest.raises(LoopError, match="no feedback loop"):
        audit(read("x=INTEG(1, 0)"))
    with pytest.raises(LoopError, match="batch of 2"):
        audit(logistic, models.simulate(logistic, parameters={"r": [0.1, 0.2]}))
    with pytest.raises(LoopError, match="run is of model 'prey'"):
        audit(logistic, models.simulate(prey))
    with pytest.raises(LoopError, match="pass either run= or those"):
        audit(logistic, models.simulate(logistic), parameters={"r": 1})
