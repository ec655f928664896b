"""Statements of the kind ``step``: results do not hang on the time step.

In: runs at the model's step.  Out: the stock whose end moves most when the step is halved, and
whether Euler's error falls with the step as it should.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loopscope.analysis.reality.identities import larger
from loopscope.analysis.reality.measuring import Figure
from loopscope.models.errors import UnknownNameError, did_you_mean
from loopscope.models.names import key
from loopscope.models.setup import Setup

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Batch, Bench
    from loopscope.models.statement import Step

ROUNDING = 1e-9
"""Share of the largest stock of a unit below which another is nothing but rounding."""

EXACT = 1e-7
"""A stock whose relative error is below this is left out when the order of the error is judged."""


def evaluate(bench: Bench, statement: Step) -> list[Figure]:
    """Return the largest change of an end, relative to the stock's largest value in the run."""
    stocks = bench.prepared.of_kind("stock")
    methods = _methods(bench, statement)
    step = bench.step(statement.run)
    worst, failure, count = (0.0, ""), "", 0
    for setup in bench.everywhere(statement.over, statement.run):
        method = methods.get(key(setup.scenario or setup.case), setup.method)
        asked = setup.model_copy(update={"method": method})
        one = bench.simulate(asked, stocks)
        half = bench.simulate(
            asked.model_copy(update={"dt": step / 2, "saveper": one.step}), stocks
        )
        failure = failure or one.failure or half.failure
        count += 1
        sizes = _sizes(bench, stocks, one)
        for name in stocks:
            a, b = one.values[name], half.values[name]
            error = float(np.abs(a[:, -1] - b[:, -1]).max()) / sizes[name]
            worst = larger(worst, (error, f"{name} in {bench.label(setup)}"))
    figures = [
        Figure(
            says=f"ends of {len(stocks)} stocks in {count} runs, with half the step",
            asked=f"relative change up to {statement.tolerance:g}",
            low=worst[0],
            high=worst[0],
            met=worst[0] <= statement.tolerance and count > 0,
            where=failure or worst[1],
        )
    ]
    if statement.order is not None:
        figures.append(_order(bench, statement, stocks, step))
    return figures


def _sizes(bench: Bench, stocks: list[str], batch: Batch) -> dict[str, float]:
    """Return the largest value of each stock in a run, and no less than rounding leaves of others.

    A stock that only keeps the books of a balance is all rounding where the balance is zero; it is
    measured against ``ROUNDING`` of the largest stock in its unit.
    """
    largest = {name: float(np.abs(batch.values[name]).max()) for name in stocks}
    units = {name: bench.prepared.variables[name].units for name in stocks}
    most = {
        unit: max(largest[name] for name in stocks if units[name] == unit)
        for unit in units.values()
    }
    return {name: max(largest[name], ROUNDING * most[units[name]], 1e-300) for name in stocks}


def _methods(bench: Bench, statement: Step) -> dict[str, str]:
    """Return the methods of scenarios and cases, by key.

    A name is checked only where both are there: a copy of a model may have left some behind.
    """
    known = [*bench.scenarios, *bench.cases]
    for name in statement.methods:
        whole = bench.scenarios and bench.cases
        if whole and key(name) not in {key(other) for other in known}:
            msg = f"no scenario or case named '{name}'{did_you_mean(name, known)}"
            raise UnknownNameError(msg)
    return {key(name): method for name, method in statement.methods.items()}


def _order(bench: Bench, statement: Step, stocks: list[str], step: float) -> Figure:
    """Return by what Euler's error, measured against RK4, falls when the step is halved twice."""
    assert statement.order is not None

    def ends(method: str, dt: float) -> dict[str, float]:
        setup = statement.run.model_copy(update={"method": method, "dt": dt})
        batch = bench.simulate(setup.over(Setup(saveper=one.step)), stocks)
        return {name: float(batch.values[name][0, -1]) for name in stocks}

    one = bench.simulate(statement.run, stocks)
    exact = ends("RK4", step)
    runs = [ends("Euler", step / parts) for parts in (1, 2, 4)]
    ratios = {}
    for name in stocks:
        errors = [abs(run[name] - exact[name]) for run in runs]
        if min(errors) > EXACT * max(abs(exact[name]), 1e-300):
            ratios[name] = (errors[0] / errors[1], errors[1] / errors[2])
    values = [value for pair in ratios.values() for value in pair]
    low, high = min(values, default=np.nan), max(values, default=np.nan)
    met = 2 - statement.order <= low and high <= 2 + statement.order
    far = max(ratios, key=lambda name: max(abs(v - 2) for v in ratios[name]), default="")
    return Figure(
        says=f"Euler's error over that of half the step, {len(ratios)} stocks; exact is RK4",
        asked=f"within {2 - statement.order:g} to {2 + statement.order:g}",
        low=float(low),
        high=float(high),
        met=bool(met),
        where="" if met else far or "no stock has an error to judge",
    )
