"""Every statement about a model, evaluated.

In: a model, its ``checks.toml``, and the expectations of its scenarios and cases.  Out:
``Verdict`` records in file order.  A statement is never loosened: one that is known not to be met
has a reason in the file, is evaluated all the same, and is reported with its figure.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from loopscope.analysis.reality import (
    bounds,
    files,
    identities,
    knockout,
    lasting,
    levers,
    modes,
    named_loops,
    outflows,
    repeating,
    scaling,
    signs,
    stable_signs,
    stepping,
    windows,
)
from loopscope.analysis.reality.bench import Bench, LackingError
from loopscope.analysis.reality.measuring import Figure, judge
from loopscope.models.case import Case
from loopscope.models.errors import LoopscopeError
from loopscope.models.scenario import beside
from loopscope.models.setup import Setup
from loopscope.models.statement import Conservation
from loopscope.models.statement_file import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loopscope.analysis.runs import AnyModel
    from loopscope.models.scenario import Scenario
    from loopscope.models.statement import Statement

Status = Literal["pass", "not met", "not run"]

EVALUATORS: dict[str, Callable[[Bench, Any], list[Figure]]] = {
    "window": windows.evaluate,
    "extreme condition": windows.evaluate,
    "bound": bounds.evaluate,
    "identity": identities.evaluate,
    "closed form": identities.evaluate,
    "conservation": identities.conserved,
    "sign": signs.evaluate,
    "stable signs": stable_signs.evaluate,
    "converge": lasting.evaluate,
    "stay apart": lasting.evaluate,
    "equilibrium": lasting.at_rest,
    "scaling": scaling.evaluate,
    "repeatability": repeating.evaluate,
    "step": stepping.evaluate,
    "units": files.units,
    "documented parameters": files.documented,
    "named loops": named_loops.evaluate,
    "levers": levers.evaluate,
    "first-order outflows": outflows.evaluate,
    "knock-out": knockout.evaluate,
    "modes": modes.evaluate,
}
"""What evaluates each kind of statement."""

EXPECTED = "expectation"
"""Kind of a verdict about a scenario or case, whose expectations stand with it."""


STALE = "it is met, so its 'reason' can go"
"""What is said of a statement that is met although its file gives a reason why it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One statement, and whether it holds.

    Attributes
    ----------
    id
        Of the statement; the name of a scenario or case for what it is expected to show.
    type
        structure, behaviour or pattern; see ``loopscope.models.statement``.
    figures
        What was measured; empty when it was not run.
    reason
        Why it is known not to be met, from the file; empty where it is not known.
    note
        Why it was not run, or that its reason no longer holds; empty otherwise.
    """

    id: str
    says: str
    kind: str
    type: str
    status: Status
    figures: tuple[Figure, ...] = ()
    reason: str = ""
    note: str = ""

    @property
    def wrong(self) -> bool:
        """Whether it is not met and the file does not say that this is known."""
        return self.status == "not met" and not self.reason


def verify(
    model: AnyModel,
    *,
    slow: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Verdict, ...]:
    """Evaluate what a model's ``checks.toml`` states and what its scenarios are expected to show.

    Parameters
    ----------
    model
        A model from ``load``, a library name or a path.
    slow
        Whether statements that are marked as slow are run, too.
    progress
        Called with (statements done, statements).

    Returns
    -------
    tuple of Verdict
        Statements in file order, then scenarios and cases with expectations.  Empty when there
        are none.

    Raises
    ------
    ModelError
        The model or a file beside it cannot be read.
    LoopscopeError
        A statement that cannot be evaluated; the message names file and statement.

    Notes
    -----
    A statement costs the runs it speaks of.  A kernel is compiled for each set of variables that
    vary or follow a path, and kept for later processes.
    """
    bench = Bench.of(model)
    stated = list(statements(bench.prepared.path).values())
    records = [
        record for record in (*bench.scenarios.values(), *bench.cases.values()) if record.expected
    ]
    _foresee(bench, [one for one in stated if slow or not one.slow])
    total = len(stated) + len(records)
    verdicts: list[Verdict] = []

    def add(verdict: Verdict) -> None:
        verdicts.append(verdict)
        if progress is not None:
            progress(len(verdicts), total)

    for statement in stated:
        add(_stated(bench, statement, slow))
    for record in records:
        add(_expected(bench, record))
    return tuple(verdicts)


def _foresee(bench: Bench, stated: list[Statement]) -> None:
    """Tell the bench which variables its batches will need, so that they share kernels.

    A text that cannot be read is left for its statement to refuse.
    """
    for statement in stated:
        close = isinstance(statement, Conservation) or statement.run.saveper is not None
        for text in _texts(statement.model_dump()):
            with suppress(LoopscopeError):
                bench.kernels.wanted[close].update(bench.formula(text).needs)


def _texts(part: Any) -> Iterator[str]:
    """Yield the expressions in a statement."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("of", "rate", "left", "right", "scale"):
                yield from (value,) if isinstance(value, str) else value
            else:
                yield from _texts(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _texts(value)


def _stated(bench: Bench, statement: Statement, slow: bool) -> Verdict:
    figures: tuple[Figure, ...] = ()
    status: Status = "not run"
    note = "slow: evaluated with --all, or slow=True"
    if slow or not statement.slow:
        place = f"{beside(bench.prepared.path, 'checks.toml').name}, check '{statement.id}'"
        try:
            figures = _located(place, lambda: EVALUATORS[statement.kind](bench, statement))
        except LackingError as error:
            note = str(error).removeprefix(f"{place}: ")
        else:
            status = _status(figures)
            note = STALE if status == "pass" and statement.reason else ""
    return Verdict(
        id=statement.id,
        says=statement.says,
        kind=statement.kind,
        type=statement.type,
        status=status,
        figures=figures,
        reason=statement.reason,
        note=note,
    )


def _expected(bench: Bench, record: Scenario) -> Verdict:
    is_case = isinstance(record, Case)
    file = beside(bench.prepared.path, "cases.toml" if is_case else "scenarios.toml").name
    setup = Setup(case=record.name) if is_case else Setup(scenario=record.name)
    what = "case" if is_case else "scenario"
    figures = _located(
        f"{file}, {what} '{record.name}'", lambda: judge(bench, record.expected, {"": setup})
    )
    return Verdict(
        id=record.name,
        says=record.sentence or record.title,
        kind=EXPECTED,
        type="pattern",
        status=_status(figures),
        figures=figures,
    )


def _located(place: str, evaluate: Callable[[], list[Figure]]) -> tuple[Figure, ...]:
    """Evaluate; a mistake is told with the place it stands at."""
    try:
        return tuple(evaluate())
    except LoopscopeError as error:
        error.args = (f"{place}: {error}", *error.args[1:])
        if hasattr(error, "message"):
            error.message = error.args[0]
        raise


def _status(figures: tuple[Figure, ...]) -> Status:
    return "pass" if all(figure.met for figure in figures) else "not met"
