"""``attribute``: what each mechanism adds to an outcome, at every time, and how sure that is.

In: a model, outcomes, and what a run is asked for, once or for an ensemble.  Out: a Dataset of
Aumann-Shapley values that add up to "with all mechanisms" minus "with none", with what is left
over beside them, one-at-a-time knock-outs, and Shapley values as a check.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from loopscope.analysis.attributing.asking import Asked
from loopscope.analysis.attributing.ensembles import ensemble_of
from loopscope.analysis.attributing.gathering import gather
from loopscope.analysis.attributing.integrating import integrate
from loopscope.analysis.attributing.shapley import MOST_EXACT, exact, knocked_out, sampled
from loopscope.models.engine.overrides import plain_number
from loopscope.models.engine.request import threads_of
from loopscope.models.errors import StudyError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.models.case import Case
    from loopscope.models.engine.request import Request
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ALONE, EACH = 960, 240
"""Points of the path at most: of a run by itself, and of each run of an ensemble."""


def attribute(
    model: Model | str | Path,
    of: str | Sequence[str],
    *,
    loops: Sequence[str] | Mapping[str, Mapping[str, float]] | None = None,
    scenario: str | Scenario | None = None,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    lookups: Mapping[str, Any] | None = None,
    ensemble: Any = None,
    runs: int | None = None,
    start: float | None = None,
    stop: float | None = None,
    dt: float | None = None,
    saveper: float | None = None,
    method: str | None = None,
    tolerance: float | None = None,
    nodes: int | None = None,
    check: bool = False,
    orders: int = 128,
    quantiles: Sequence[float] = QUANTILES,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Split outcomes among mechanisms: "with all" minus "with none", at every saved time.

    The switch of each mechanism goes from cut (strength 0) to full (strength 1), all together; the
    value of a mechanism is the integral of the derivative of the outcome by its strength.

    Parameters
    ----------
    of
        Stocks, flows or auxiliaries, by name.
    loops
        Ids or names of loops that the model's ``loops.toml`` gives a switch; all of them by
        default.  What is not named stays at full strength.  Or, for switches of one's own, a
        mapping from a name to values of constants when cut.
    scenario, case, parameters, initial, lookups, start, stop, dt, saveper, method, threads
        As in ``simulate``, arrays with one value a run included.  ``method`` is Euler or RK4.
    ensemble
        Spread over a study (its name, path or record) or over the inputs of a sweep (a Dataset).
        What it varies and what else it sets holds unless it is set here.
    runs
        Runs of the ensemble to use; at most 256 by default.  The first ones of a design that is a
        sample throughout (Sobol sequence, Latin hypercube, Halton, random, file), else drawn.
    tolerance
        What may be left over at any time, as a part of the largest value or difference of the
        outcome over time; by default 1e-4 for one run, 1e-3 for each run of an ensemble.
    nodes
        Points of the path at most, for each run; by default 960 for one run, 240 for each run of
        an ensemble.
    check
        Add Shapley values: exact up to 10 mechanisms, else from ``orders`` random orders of
        switching on, each with its reverse.
    quantiles
        Of the spread over an ensemble.
    seed
        Of random orders, and of runs that are drawn from an ensemble.
    progress
        Called with (done, all): each run counts once for the split and once for the check.

    Returns
    -------
    xarray.Dataset
        Dims ``outcome``, ``mechanism``, ``time``, and ``run`` for an ensemble; float64, in the
        unit of the outcome (coordinate ``unit``).  ``value`` (outcome, [run,] mechanism, time);
        ``with_none``, ``with_all``, ``left_over`` (outcome, [run,] time), and with all minus with
        none is the sum of ``value`` plus ``left_over``; ``knock_out`` as ``value``: with all minus
        without that mechanism alone.  ``value_bound`` as ``value``: how far the rules of 7 and of
        15 points are apart.  ``left_share`` (outcome, [run]): the largest of ``left_over`` over
        time as a part of the largest value or difference.  ``nodes`` ([run]), ``status`` ([run]).
        With ``check`` ``shapley`` and, for random orders, ``shapley_error`` as ``value``.  With an
        ensemble ``value_quantiles``, ``knock_out_quantiles`` (outcome, quantile, mechanism, time),
        and ``with_none_quantiles``, ``with_all_quantiles``, ``left_over_quantiles`` (outcome,
        quantile, time), failed runs left out.
        Along ``mechanism``: ``mechanism_name``, ``switch`` (what is cut, in words) and ``idle``
        (true where the mechanism moved no outcome at any time, in any run).
        ``attrs["not_switched"]``: JSON list of [id, name] of loops without a switch.
        NaN where a run on the path left the finite numbers.

    Raises
    ------
    StudyError
        No switch; a switch that no run can move; an outcome that is a constant; a model that draws
        random numbers; a tolerance, number of nodes or orders out of range.
    LoopscopeError
        As ``models.sensitivities`` and ``loops.catalogue``.

    Notes
    -----
    With m mechanisms and n points on the path a run costs about as much as n (1 + m) runs of a
    model twice the size; n is 15 for smooth models.  Where a switch of the model flips along the
    path (IF THEN ELSE at another step) outcomes jump, no derivative sees it, and the jump is left
    over: it is told and not spread.

    References
    ----------
    R. J. Aumann and L. S. Shapley (1974), Values of Non-Atomic Games.  L. S. Shapley (1953), "A
    value for n-person games".  See ``integrating`` and ``shapley``.

    Examples
    --------
    >>> from loopscope import analysis
    >>> split = analysis.attribute("migration_policy", "policy stringency", loops=["R1", "B2"])
    >>> rest = split.with_all - split.with_none - split.value.sum("mechanism") - split.left_over
    >>> bool(abs(rest).max() < 1e-12)
    True
    """
    if tolerance is not None:
        tolerance = _between(tolerance, "tolerance", 1e-12, 1.0)
    levels = [_between(one, "quantiles", 0.0, 1.0) for one in quantiles]
    if not levels:
        msg = "quantiles is empty; name at least one, from 0 to 1"
        raise StudyError(msg)
    if nodes is not None:
        nodes = _whole(nodes, "nodes", 15)
    orders, seed = _whole(orders, "orders", 2), _whole(seed, "seed", 0)
    given = ensemble_of(model, ensemble, runs, seed)
    request: Request = {
        "case": case, "parameters": parameters, "initial": initial, "lookups": lookups,
        "start": start, "stop": stop, "dt": dt, "saveper": saveper, "method": method,
        "threads": threads_of({"threads": threads}),
    }  # fmt: skip
    asked = Asked.of(model, of, loops, scenario, given, request)
    dial = asked.dial
    batch = dial.overrides.runs is not None
    most = nodes or (EACH if batch else ALONE)
    within = tolerance or (1e-3 if batch else 1e-4)
    parts = 2 if check else 1

    def step(part: int) -> Callable[[int], None] | None:
        if progress is None:
            return None
        return lambda done: progress(part * dial.runs + done, parts * dial.runs)

    split = integrate(dial, tolerance=within, most=most, progress=step(0))
    found = {
        "value": split.value,
        "value_bound": split.rules,
        "knock_out": knocked_out(dial, split.every),
    }
    how = "none"
    if check and len(dial.strengths) <= MOST_EXACT:
        found["shapley"], how = exact(dial, step(1)), "exact"
    elif check:
        found["shapley"], found["shapley_error"] = sampled(dial, orders, seed, step(1))
        how = f"{orders} random orders, each with its reverse"
    dataset = gather(asked, split, found, levels)
    dataset.attrs |= {"tolerance": within, "nodes": most, "check": how, "seed": str(seed)}
    return dataset


def _between(value: object, what: str, low: float, high: float) -> float:
    number = plain_number(value)
    if number is None or not low <= number <= high:
        msg = f"{what} must be a number from {low:g} to {high:g}, got {shown(value)}"
        raise StudyError(msg)
    return number


def _whole(value: object, what: str, least: int) -> int:
    number = plain_number(value)
    if number is None or not math.isfinite(number) or number != int(number) or number < least:
        msg = f"{what} must be a whole number from {least} on, got {shown(value)}"
        raise StudyError(msg)
    return int(number)
