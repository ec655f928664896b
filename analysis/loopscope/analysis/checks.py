"""Look for what would make results wrong.

In: a model.  Out: ``Checked``: how much the step matters, and a list of findings, each wrong or a
remark.  Nothing here says that a model is right; it says that these ways of being wrong were tried:

- units: both sides of each equation, and what stands inside it;
- use: names that nothing defines, variables that change nothing;
- ranges: the model's own values, and those of its scenarios and cases, against declared ranges;
- the step: Euler or RK4 at the model's dt against half of it, and against RK4;
- finite numbers, in the model as it stands and in each of its scenarios and cases;
- extremes: each parameter at either end of its declared range, the others as they are;
- divisors that reach 0, and stocks that go below 0: in those runs, and whether they could.

Each check is a file in ``checking``.  What the modeller states about the model, in ``checks.toml``
and as expectations of scenarios, is evaluated beside them, by ``reality``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from loopscope.analysis.checking.finding import Check
from loopscope.analysis.checking.finding import Finding as Finding
from loopscope.models.errors import UndefinedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.analysis.checking.steps import StepError as StepError
    from loopscope.analysis.reality.verifying import Verdict
    from loopscope.analysis.runs import AnyModel
    from loopscope.models.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the checks found, and how much was looked at.

    Attributes
    ----------
    dt, method
        Of the model's own run; NaN and empty where it names what nothing defines, so none was made.
    steps
        One for each stock; empty where the step could not be tried.
    findings
        What is wrong first, then remarks; in each the checks in their order.
    runs
        How many runs were tried.
    statements
        What the model's own files state, and whether it holds.
    """

    model: str
    dt: float
    method: str
    steps: tuple[StepError, ...]
    findings: tuple[Finding, ...]
    runs: int
    statements: tuple[Verdict, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; remarks, and statements known not to be met, do not count."""
        wrong = [finding for finding in self.findings if finding.level == "wrong"]
        return not wrong and not any(verdict.wrong for verdict in self.statements)


def check(
    model: AnyModel,
    *,
    statements: bool = True,
    slow: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Look for what would make a model's results wrong.

    Parameters
    ----------
    model
        A model from ``load``, a library name or a path.
    statements
        Whether what the model's files state is evaluated, too; see ``verify``.
    slow
        Whether statements that are marked as slow are among them.
    progress
        Called with (runs done, runs); not while statements are evaluated.

    Raises
    ------
    ModelError
        The model cannot be read or run.  A name that nothing defines is a finding, not an error.
    LoopscopeError
        A statement cannot be evaluated.

    Notes
    -----
    Costs two runs for each parameter with a declared range, one for each scenario and case, and
    three for the step; and bounds of every expression once.

    Examples
    --------
    >>> checked = check("migration_policy", statements=False)
    >>> checked.ok
    True
    """
    from loopscope.analysis.runs import file_of

    try:
        authored = _authored(model)
    except UndefinedError as error:
        from loopscope.analysis.checking.undefined import undefined

        return Checked(
            model=file_of(model).stem, dt=math.nan, method="", steps=(),
            findings=undefined(error), runs=0,
        )  # fmt: skip
    checked = _checked(authored, progress)
    if not statements:
        return checked
    from loopscope.analysis.reality.verifying import verify

    return replace(checked, statements=verify(authored, slow=slow))


def _authored(model: AnyModel) -> Model:
    from loopscope.models.model import Model
    from loopscope.models.source import load

    if isinstance(model, Model):
        return model
    from loopscope.analysis.runs import file_of

    return load(model) if isinstance(model, str) else load(file_of(model))


def _checked(model: Model, progress: Callable[[int, int], None] | None) -> Checked:
    """Check a model whose names are all defined."""
    from loopscope.analysis.checking.away import Away
    from loopscope.analysis.checking.dimensions import inconsistent
    from loopscope.analysis.checking.divisors import Divisors
    from loopscope.analysis.checking.emptying import Emptying
    from loopscope.analysis.checking.everything import values_in
    from loopscope.analysis.checking.finite import not_finite
    from loopscope.analysis.checking.inside import Leaving, set_values
    from loopscope.analysis.checking.negative import Negative
    from loopscope.analysis.checking.steps import step_errors
    from loopscope.analysis.checking.trying import AS_IT_STANDS, Tried, ends_of, tries
    from loopscope.analysis.checking.use import unused
    from loopscope.analysis.runs import of_result, with_stocks
    from loopscope.models.case import cases
    from loopscope.models.engine.simulate import run
    from loopscope.models.scenario import scenarios
    from loopscope.models.symbolic import symbolise

    prepared = with_stocks(model)
    records = [*scenarios(prepared.path).values(), *cases(prepared.path).values()]
    ends = ends_of(prepared)
    total = 3 + len(records) + len(ends)
    first = run(prepared)
    own = of_result(first, prepared.name)
    steps, findings = step_errors(prepared, own, first.plan.times.step)
    findings += [*inconsistent(model), *unused(model), *set_values(prepared, records)]
    equations = symbolise(model)
    emptying = Emptying(model, equations, values_in(own))
    divisors = Divisors(model, equations, Away(emptying.ranges))
    watching = (Leaving(prepared), divisors, Negative(emptying))
    done = 3
    for tried in (Tried(where=AS_IT_STANDS, kind="base", run=own), *tries(prepared, records, ends)):
        findings += not_finite(tried, own)
        for one in watching:
            one.see(tried)
        if progress is not None:
            progress(done, total)
        done += 1
    for one in watching:
        findings += one.findings()
    return Checked(
        model=prepared.name,
        dt=first.plan.times.step,
        method=first.method,
        steps=tuple(steps),
        findings=in_order(findings),
        runs=total,
    )


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return findings as they are shown: what is wrong first, then by check."""
    order = {name: place for place, name in enumerate(get_args(Check))}
    return tuple(sorted(findings, key=lambda one: (one.level != "wrong", order[one.check])))
