"""Tests of the characteristic polynomial in loop gains, against determinants by sympy and numpy."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.eigen.linear import blocks
from loopscope.loops.eigen.polynomial import characteristic_polynomial
from loopscope.models.errors import LoopError
from loopscope.models.model import symbol_of

YEAST = """
    b1=15
    births=C*(1.1-0.1*A)/b1
    deaths=C*EXP(A-11)/30
    making=0.01*C
    C=INTEG(births-deaths, 1)
    A=INTEG(making, 0)
"""


def rates_in_stocks(model):
    """Return the rates in stocks and parameters alone, by substitution, not along the graph."""
    equations = loops.trace(model).equations
    rates = [state.rate for state in equations.states.values()]
    for symbol, expression in reversed(list(equations.auxiliaries.items())):
        rates = [rate.xreplace({symbol: expression}) for rate in rates]
    return sp.Matrix(rates), list(equations.states)


@pytest.mark.parametrize("name", ["logistic", "bass", "prey", "sir", "arms_race", "yeast"])
@pytest.mark.parametrize("view", ["full", []])
def test_disjoint_loops_give_the_determinant(request, read, name, view):
    model = read(YEAST, name="yeast") if name == "yeast" else request.getfixturevalue(name)
    p = characteristic_polynomial(loops.find(model, view=view))
    rates, stocks = rates_in_stocks(model)
    expected = rates.jacobian(stocks).charpoly(p.s).all_coeffs()
    got = p.written(state=True)
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert sp.nsimplify(sp.expand(one - other), rational=True).simplify() == 0


def test_prey_and_predators_have_the_polynomial_of_the_reference(prey):
    # s**2 - (G1 + G2 + G4 + G5) s + (G1 + G2)(G4 + G5) - G3, G3 the loop through both.
    found = loops.find(prey, view="full")
    p = characteristic_polynomial(found)
    of = {loop.nodes: p.gains[loop.id] for loop in found}
    ones = [of["prey", "prey births"], of["prey", "prey deaths"]]
    twos = [of["predator births", "predators"], of["predator deaths", "predators"]]
    (both,) = (gain for nodes, gain in of.items() if len(nodes) == 4)
    expected = p.s**2 - sum(ones + twos) * p.s + sum(ones) * sum(twos) - both
    assert sp.expand(p.expression - expected) == 0
    # The empty set, five loops, four pairs of one from each stock.
    assert p.sets == 10


def test_an_influence_in_symbols_is_the_closed_form(prey):
    found = loops.find(prey, view="full")
    p = characteristic_polynomial(found)
    (both,) = (loop for loop in found if len(loop.stocks) == 2)
    others = sum(gain for name, gain in p.gains.items() if name != both.id)
    expected = p.gains[both.id] / (2 * p.s - others)
    assert sp.simplify(p.influence(both) - expected) == 0
    with pytest.raises(LoopError, match="no loop 'R99' in the polynomial"):
        p.influence("R99")


def test_roots_in_radicals_are_the_eigenvalues(prey):
    found = loops.find(prey, view="full")
    along = loops.along(found.graph, models.simulate(prey))
    p = characteristic_polynomial(found)
    gains = found.products(np.stack([along.gains[pair] for pair in found.graph.pairs]))
    given_gains = {p.gains[name]: gains[row, 8] for row, name in enumerate(found.ids)}
    got = sorted(
        (complex(root.subs(given_gains)) for root in p.eigenvalues()), key=lambda z: z.imag
    )
    linear = blocks(along, list(found.graph.nodes))
    expected = sorted(np.linalg.eigvals(linear.jacobian[8]), key=lambda z: z.imag)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_conserved_totals_and_stocks_on_no_loop_are_roots_at_zero(sir):
    p = characteristic_polynomial(loops.find(sir, view="full"))
    assert p.degree == 3
    assert p.coefficients[-1] == 0
    assert p.eigenvalues()[-1] == 0
    infected = symbol_of("I")
    assert p.written(state=True)[2].has(infected)


@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_coefficients_along_a_run_are_those_of_the_jacobian(parametric_model, placed, seed):
    found = loops.find(parametric_model(seed), view="full")
    if not 0 < len(found) <= 14:
        return
    along = placed(found.graph, seed, 3)
    p = characteristic_polynomial(found)
    linear = blocks(along, list(found.graph.nodes))
    for got, jacobian in zip(p.values(along), linear.jacobian, strict=True):
        expected = np.poly(jacobian).real
        size = np.poly(-np.abs(np.linalg.eigvals(jacobian))).real
        assert (np.abs(got - expected) <= 1e-9 * np.maximum(size, np.abs(got))).all()


def test_what_cannot_be_written_is_refused(inventory_labour, read):
    found = loops.find(inventory_labour, view="full")
    with pytest.raises(LoopError, match="needs all loops, but 5 are held"):
        characteristic_polynomial(found[:5])
    with pytest.raises(LoopError, match="more than 3 sets of loops that share no variable"):
        characteristic_polynomial(found, most=3)
    rows = [f"x{n}=INTEG(x{(n + 1) % 5}-x{n}, 1)" for n in range(5)]
    ring = characteristic_polynomial(loops.find(read("\n".join(rows)), view="full"))
    with pytest.raises(LoopError, match="degree 5, and only up to 4 are there roots in radicals"):
        ring.eigenvalues()
