"""``loopscope check``: look for what would make results wrong."""

from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import AsJson, ModelName

if TYPE_CHECKING:
    from loopscope.analysis.checking.finding import Finding
    from loopscope.analysis.checks import Checked

WRONG = 1
"""Exit code when something is wrong."""

MOST = 8
"""Findings of one kind that are shown unless all are asked for."""

All = Annotated[
    bool,
    typer.Option("--all", help="Show every finding, and evaluate statements marked as slow, too."),
]


def check(model: ModelName, show_all: All = False, as_json: AsJson = False) -> None:
    """Look for what would make results wrong; exit code 1 when something is.

    Looked at: units in every equation; names that nothing defines and variables that change
    nothing; values outside their declared range.

    Tried: half the step, and RK4; every scenario and case; each parameter at either end of its
    declared range. In all of them: numbers that are not finite, divisors that reach 0, stocks that
    go below 0. What no run reached, but nothing excludes, is a remark.

    Evaluated: each statement of the model's checks.toml, and what its scenarios and cases are
    expected to show. One that is not met is wrong, unless the file gives the reason.
    """
    from dataclasses import asdict, replace

    from loopscope.analysis import checks, progress, tables
    from loopscope.analysis.commands.verdicts import plain_verdicts, print_verdicts
    from loopscope.analysis.reality.verifying import verify

    with progress.shown("checking") as step:
        checked = checks.check(model, statements=False, progress=step)
    if checked.runs:
        with progress.shown("statements") as step:
            checked = replace(checked, statements=verify(model, slow=show_all, progress=step))
    if as_json:
        plain = {**asdict(checked), "statements": plain_verdicts(checked.statements)}
        tables.print_json({**plain, "ok": checked.ok})
    else:
        print_checked(checked, show_all=show_all)
        if checked.statements:
            print_verdicts(checked.statements)
    if not checked.ok:
        raise typer.Exit(WRONG)


def print_checked(checked: "Checked", *, show_all: bool = False) -> None:
    """Print step errors and findings."""
    from loopscope.analysis.tables import number, out, print_table

    def share(value: float) -> str:
        return f"{number(100 * value, 2)} %"

    if checked.steps:
        print_table(
            f"{checked.model}: how much the step matters ({checked.method}, dt = {checked.dt:g}); "
            "share of each stock's largest value",
            ("stock", "dt/2, at end", "dt/2, largest", "RK4, at end", "RK4, largest"),
            [
                (
                    error.stock, share(error.half_end), share(error.half_largest),
                    share(error.rk4_end), share(error.rk4_largest),
                )
                for error in checked.steps
            ],
        )  # fmt: skip
    if checked.findings:
        print_table(
            f"{checked.model}: what was found",
            ("", "check", "where", "what"),
            rows_of(checked.findings, len(checked.findings) if show_all else MOST),
            left=4,
        )
    wrong = sum(finding.level == "wrong" for finding in checked.findings)
    remarks = len(checked.findings) - wrong
    out(f"wrong: {wrong}; remarks: {remarks}; runs tried: {checked.runs}\n")


def rows_of(findings: "tuple[Finding, ...]", most: int) -> list[tuple[str, str, str, str]]:
    """Return findings as rows, of one level and check no more than some, the rest as a number."""
    rows: list[tuple[str, str, str, str]] = []
    kinds = dict.fromkeys((one.level, one.check) for one in findings)
    for level, kind in kinds:
        group = [one for one in findings if (one.level, one.check) == (level, kind)]
        rows += [(level, kind, one.where, one.what) for one in group[:most]]
        if len(group) > most:
            rows.append((level, kind, "...", f"+{len(group) - most} more; --all shows them"))
    return rows
