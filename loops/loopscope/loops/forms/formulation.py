"""The formulation audit: which conclusions about loops rest on how the equations are written.

Stage 4 of 4.  In: a model and a run.  Out: an ``Audit``.

Equations can be written in many equivalent ways (``forms``) that run alike to the last digit.  The
Jacobian, its eigenvalues and the net effect of one stock on another are the same in all of them.
Loops are not: a product that is expanded, or a net flow that is split, makes loops that cancel each
other, and shares of a total of magnitudes change with them.  In a partition of one stock the sign
ahead cannot change, for the sum of all loops is its entry of the Jacobian; with more stocks it can.
"""

from __future__ import annotations

import operator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.finding.loopsum import MOST, over_all
from loopscope.loops.forms.agreement import AUTHORED, Audit, Verdict, ahead, shifts, spans
from loopscope.loops.forms.rewriting import FORMS, written
from loopscope.loops.graph import CausalGraph, root, trace
from loopscope.loops.replay import Along, along
from loopscope.loops.scores.link_scores import link_scores
from loopscope.loops.scores.ltm_continuous import link_weights, smooth_partitions
from loopscope.loops.views import eliminate
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.loops.finding.loopsum import LoopSum
    from loopscope.loops.forms.rewriting import Form
    from loopscope.loops.replay import Numbers
    from loopscope.models.model import Model


def audit(
    model: Model | CausalGraph | str | Path,
    run: xr.Dataset | Along | None = None,
    *,
    scenario: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    forms: Sequence[str] | None = None,
    times: int = 101,
    discrete: bool = True,
    most: int = MOST,
) -> Audit:
    """Write the equations in equivalent forms and tell which conclusions change.

    Parameters
    ----------
    run
        From ``models.simulate``, of the same model; by default one is made with ``scenario`` and
        ``parameters``.
    forms
        Names among ``FORMS``; all by default.
    times
        Most saved times to look at, spread over the run.
    discrete
        Whether to compare discrete scores too, where every time step of the run was saved.
    most
        Products up to which the loops of a partition are summed (see ``loopsum.over_all``); a form
        with more is reported as too large.

    Raises
    ------
    LoopError
        The model has no loop; an unknown form; a batch of runs; a run of another model; every
        partition holds a DELAY FIXED or SAMPLE IF TRUE.

    Notes
    -----
    Every loop of every form counts: sums over all loops are taken without listing them.  A form is
    given up where an equation, or the sum over its loops, would be too large, and says so.  Of
    loops themselves no identity is kept: a loop of one form has no counterpart in another.

    Examples
    --------
    >>> found = audit("migration_policy", forms=["flows alone", "stocks alone"], times=3, most=1000)
    >>> [one.reason[:20] for one in found.verdicts][:1]
    ['too many loops to su']
    """
    graph = root(model) if isinstance(model, CausalGraph) else trace(model)
    if not graph.partitions:
        msg = f"{graph.model.name}: the model has no feedback loop, so no form of it has"
        raise LoopError(msg)
    chosen = _chosen(forms)
    whole = _whole(graph, run, scenario, parameters)
    smooth_partitions(graph, graph.partitions)
    part = _thinned(whole, times)
    steps = whole if discrete and whole.every_step else None
    own = _Form(graph, part, steps, most, None)
    verdicts: list[Verdict] = []
    shares: dict[tuple[str, int], Numbers] = {}
    others: dict[str, _Form | str] = {}
    for form in chosen:
        other = written(graph, form, whole.held)
        others[form.name] = (
            other if isinstance(other, str)
            else _Form(other, _moved(other, part), steps and _moved(other, steps), most, own)
        )  # fmt: skip
    for home in graph.partitions:
        first = own.share(home.stocks)
        if isinstance(first, str):
            verdicts.append(_without(AUTHORED, "as they are written", home.stocks, first))
        else:
            shares[AUTHORED, home.number] = first
            verdicts.append(
                Verdict(
                    form=AUTHORED, title="as they are written", stocks=home.stocks,
                    loops=own.count(home.stocks), shifts=shifts(part.time, first), jacobian=0.0,
                )
            )  # fmt: skip
        for form in chosen:
            other_form = others[form.name]
            second = other_form if isinstance(other_form, str) else other_form.share(home.stocks)
            if isinstance(other_form, str) or isinstance(second, str):
                why = other_form if isinstance(other_form, str) else second
                verdicts.append(_without(form.name, form.title, home.stocks, str(why)))
                continue
            shares[form.name, home.number] = second
            if isinstance(first, str):
                why = f"the authored form cannot be summed: {first}"
                verdicts.append(_without(form.name, form.title, home.stocks, why))
                continue
            verdicts.append(_compared(form, home.stocks, own, other_form, first, second))
    return Audit(graph, tuple(verdicts), part.time, shares)


class _Form:
    """One form along the run: the share of polarities in each partition, and the Jacobian."""

    def __init__(
        self, graph: CausalGraph, part: Along, steps: Along | None, most: int, like: _Form | None
    ) -> None:
        self.graph = graph
        self.part = part
        self.steps = steps
        self.most = most
        known = like is not None and like.graph.pairs == graph.pairs
        self.sums: dict[tuple[str, ...], LoopSum | None] = (
            like.sums if like is not None and known
            else {one.stocks: over_all(graph, one, most) for one in graph.partitions}
        )  # fmt: skip

    def count(self, stocks: tuple[str, ...]) -> int:
        """Return the number of loops of a partition."""
        known = self.sums.get(stocks)
        return known.count if known is not None else 0

    def share(self, stocks: tuple[str, ...]) -> Numbers | str:
        """Return the reinforcing share by continuous scores, dims (time,), or why there is none."""
        home = next((one for one in self.graph.partitions if one.stocks == stocks), None)
        if home is None:
            return "its loops join other stocks in this form"
        if any(self.graph.nodes[name].role in ("memory", "pipeline") for name in home.nodes):
            return "DELAY FIXED or SAMPLE IF TRUE in a loop has no rate of change"
        known = self.sums[stocks]
        if known is None:
            return f"too many loops to sum with {self.most} products; raise most="
        weights = link_weights(self.part, [home])
        pairs = self.graph.pairs
        return _share(known.of(weights, pairs), known.of(np.abs(weights), pairs))

    def discrete_share(self, stocks: tuple[str, ...]) -> Numbers | None:
        """Return the same by discrete scores, dims (interval,); None without every step."""
        known, weights = self.sums.get(stocks), self._discrete
        if known is None or weights is None:
            return None
        with np.errstate(all="ignore"):
            net = known.of(weights, self.graph.pairs)
            gross = known.of(np.abs(weights), self.graph.pairs)
        return _share(net, gross)

    @cached_property
    def _discrete(self) -> Numbers | None:
        """Discrete scores of links, dims (link, interval)."""
        if self.steps is None:
            return None
        scores = link_scores(self.steps)
        return np.array([scores[pair] for pair in self.graph.pairs])

    @cached_property
    def jacobian(self) -> Numbers:
        """J, dims (time, n, n), each stock in units of its largest size."""
        stocks = [name for name in self.graph.stocks if self.graph.nodes[name].role == "stock"]
        row = {name: number for number, name in enumerate(stocks)}
        away = [name for name in self.graph.nodes if name not in row]
        gains = eliminate(self.part.gains, away, operator.add, operator.mul)
        sizes = np.array([np.max(np.abs(self.part.value(name))) for name in stocks])
        unit = np.where(sizes > 0, sizes, 1.0)
        found = np.zeros((len(self.part.time), len(stocks), len(stocks)))
        for (cause, effect), gain in gains.items():
            if cause in row and effect in row:
                found[:, row[effect], row[cause]] = gain
        return found * unit[None, None, :] / unit[None, :, None]


def _share(net: Numbers, gross: Numbers) -> Numbers:
    with np.errstate(all="ignore"):
        share = (gross + net) / (2.0 * gross)
    return np.where(np.isfinite(net) & np.isfinite(gross) & (gross > 0), share, np.nan)


def _compared(
    form: Form, stocks: tuple[str, ...], own: _Form, other: _Form, first: Numbers, second: Numbers
) -> Verdict:
    time = own.part.time
    gap = np.abs(second - first)
    known = np.isfinite(gap)
    row = int(np.argmax(np.where(known, gap, -1.0)))
    one, two = ahead(first), ahead(second)
    with np.errstate(all="ignore"):
        before, after = own.jacobian, other.jacobian
        size = np.linalg.norm(before, axis=(1, 2))
        away = np.abs(after - before).max(axis=(1, 2)) / np.where(size > 0, size, 1.0)
    discrete = float("nan")
    pair = own.discrete_share(stocks), other.discrete_share(stocks)
    if pair[0] is not None and pair[1] is not None:
        gaps = np.abs(pair[1] - pair[0])
        discrete = float(np.nanmax(gaps)) if np.isfinite(gaps).any() else discrete
    return Verdict(
        form=form.name,
        title=form.title,
        stocks=stocks,
        loops=other.count(stocks),
        change=float(gap[row]) if known.any() else float("nan"),
        when=float(time[row]) if known.any() else float("nan"),
        differs=spans(time, known & (one != two) & (one != 0) & (two != 0)),
        shifts=shifts(time, second),
        discrete=discrete,
        jacobian=float(np.max(away, where=np.isfinite(away), initial=0.0)),
    )


def _without(name: str, title: str, stocks: tuple[str, ...], why: str) -> Verdict:
    return Verdict(form=name, title=title, stocks=stocks, loops=0, reason=why)


def _chosen(forms: Sequence[str] | None) -> list[Form]:
    if forms is None:
        return list(FORMS.values())
    if isinstance(forms, str):
        forms = [forms]
    for name in forms:
        if name not in FORMS:
            hint = did_you_mean(str(name), FORMS)
            msg = f"no form named '{name}'{hint}; there are: {', '.join(FORMS)}"
            raise LoopError(msg)
    return [FORMS[name] for name in dict.fromkeys(forms)]


def _whole(
    graph: CausalGraph,
    run: xr.Dataset | Along | None,
    scenario: str | None,
    parameters: Mapping[str, Any] | None,
) -> Along:
    if run is None:
        from loopscope.models.engine.simulate import simulate

        run = simulate(graph.model, scenario, parameters=parameters)
    elif scenario is not None or parameters is not None:
        msg = "a run has its scenario and parameters already; pass either run= or those"
        raise LoopError(msg)
    if isinstance(run, Along):
        if run.graph.model.sha256 != graph.model.sha256:
            msg = f"the run is of model '{run.graph.model.name}', not of '{graph.model.name}'"
            raise LoopError(msg)
        values = _moved(graph, run)
    else:
        values = along(graph, run)
    if values.runs is not None:
        msg = (
            f"the run is a batch of {values.runs}; audit one at a time, run.isel(run=0) for the "
            "first"
        )
        raise LoopError(msg)
    return values


def _thinned(whole: Along, times: int) -> Along:
    count = len(whole.time)
    if times < 2:
        msg = f"times must be 2 or more, got {times}"
        raise LoopError(msg)
    rows = np.unique(np.linspace(0, count - 1, min(times, count)).round().astype(int))
    return Along(
        whole.graph,
        {s: np.broadcast_to(v, whole.shape)[rows] for s, v in whole.values.items()},
        time=whole.time[rows], step=whole.step, held=whole.held, result=whole.result,
        driven={n: np.broadcast_to(v, whole.shape)[rows] for n, v in whole.driven.items()},
    )  # fmt: skip


def _moved(graph: CausalGraph, own: Along) -> Along:
    """Return the same run along the graph of another form."""
    before = own.graph.equations.auxiliaries
    given = own.held | {n for n, node in own.graph.nodes.items() if node.role == "random"}
    return Along(
        graph,
        {s: v for s, v in own.values.items() if s not in before or s.name in given},
        time=own.time, step=own.step, held=own.held, driven=own.driven, result=own.result,
    )  # fmt: skip
