"""How one variable acts on another: the ways that are found, and their signs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope import models
from loopscope.analysis.mechanisms import Mechanisms
from loopscope.models.errors import LoopError


@pytest.mark.parametrize(
    ("path", "sign", "chain"),
    [
        # d outflow / d water = 1 / residence > 0, and an outflow drains its stock.
        (["water", "outflow"], "+", ["water", "outflow"]),
        (["outflow", "water"], "-", ["outflow", "water"]),
        # Three stages of the delay are one variable; - 1 / patience < 0.
        (["water", "heeded", "inflow"], "-", ["water", "seen", "heeded", "inflow"]),
        # Constants are causes: d outflow / d residence = - water / residence^2.
        (["residence", "outflow", "water"], "+", ["residence", "outflow", "water"]),
        (["SUPPLY", "inflow"], "+", ["supply", "inflow"]),
    ],
)
def test_the_sign_of_a_way_is_the_product_of_its_links(tank, path, sign, chain):
    found = Mechanisms(models.load(tank)).follow(path)
    assert (found.sign, list(found.chain)) == (sign, chain)
    assert found.basis in ("proved", "observed")


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(signs=st.lists(st.sampled_from([1, -1]), min_size=1, max_size=6))
def test_a_chain_has_the_sign_of_the_product_whatever_is_named_between(model, signs):
    # x0 is a stock; x(n+1) = s(n) * 2 * x(n), so d x(last) / d x0 is the product of all s(n).
    lines = ["{UTF-8}\nx0 = INTEG(1, 5) ~ ~ |"]
    lines += [f"x{n + 1} = {2 * sign} * x{n} ~ ~ |" for n, sign in enumerate(signs)]
    following = Mechanisms(models.load(model("\n".join(lines), "chain.mdl")))
    product = 1
    for sign in signs:
        product *= sign
    ends = ["x0", f"x{len(signs)}"]
    everything = [f"x{n}" for n in range(len(signs) + 1)]
    for path in (ends, everything):
        found = following.follow(path)
        assert found.sign == ("+" if product > 0 else "-")
        assert list(found.chain) == everything
        assert found.basis == "proved"


def test_a_sign_that_cannot_be_proved_is_observed_in_the_run(tank):
    # d both / d water = 1 - 4 water < 0, as the tank fills from 1 and never falls below 1/4.
    found = Mechanisms(models.load(tank)).follow(["water", "both"])
    assert (found.sign, found.basis) == ("-", "observed")


def test_ways_of_one_length_with_different_signs_leave_it_open(model):
    path = model("{UTF-8}\nx = INTEG(1, 5) ~ ~ |\na = 2*x ~ ~ |\nb = 1-x ~ ~ |\ny = a + b ~ ~ |\n")
    following = Mechanisms(models.load(path))
    assert following.follow(["x", "y"]).sign == "?"
    assert following.follow(["x", "a", "y"]).sign == "+"
    assert following.follow(["x", "b", "y"]).sign == "-"


def test_a_gain_that_is_zero_in_the_whole_run_is_no_observation(model):
    # d y / d x = switch * (1 - 2 x) has both signs, and the switch is off.
    text = "{UTF-8}\nx = INTEG(1, 0) ~ ~ |\ny = switch*(x-x*x) ~ ~ |\nswitch = 0 ~ dmnl [0,1] ~ |\n"
    found = Mechanisms(models.load(model(text))).follow(["x", "y"])
    assert (found.sign, found.basis) == ("?", "unknown")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (["supply", "outflow"], "'supply' does not act on 'outflow' but through .*: name 'water'"),
        (["water", "supply"], "'water' does not act on 'supply', which is fixed during a run"),
        (["outflow", "both"], "name 'water'"),
        (["both", "water"], "'both' does not act on 'water'$"),
        (["left", "FINAL TIME"], "which is fixed during a run"),
    ],
)
def test_a_way_that_is_not_there_is_told_with_what_is_missing(tank, path, message):
    with pytest.raises(LoopError, match=message):
        Mechanisms(models.load(tank)).follow(path)


def test_a_curve_is_no_cause(model):
    text = "{UTF-8}\nx = INTEG(y, 1) ~ ~ |\ny = curve(x) ~ ~ |\ncurve((0,0),(1,1),(2,1)) ~ ~ |\n"
    with pytest.raises(LoopError, match="'curve' is a curve"):
        Mechanisms(models.load(model(text))).follow(["curve", "y"])
