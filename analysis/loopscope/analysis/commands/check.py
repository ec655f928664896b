"""``loopscope check``: look for what would make results wrong."""

from typing import TYPE_CHECKING

import typer

from loopscope.analysis.commands.options import AsJson, ModelName

if TYPE_CHECKING:
    from loopscope.analysis.checks import Checked

WRONG = 1
"""Exit code when something is wrong."""


def check(model: ModelName, as_json: AsJson = False) -> None:
    """Look for what would make results wrong; exit code 1 when something is.

    Tried: half the step, and RK4; every value against its declared range.

    Tried, too: every scenario and case, and each parameter at either end of its declared range.
    """
    from dataclasses import asdict

    from loopscope.analysis import checks, progress, tables

    with progress.shown("checking") as step:
        checked = checks.check(model, progress=step)
    if as_json:
        tables.print_json({**asdict(checked), "ok": checked.ok})
    else:
        print_checked(checked)
    if not checked.ok:
        raise typer.Exit(WRONG)


def print_checked(checked: "Checked") -> None:
    """Print step errors and findings."""
    from loopscope.analysis.tables import number, out, print_table

    def share(value: float) -> str:
        return f"{number(100 * value, 2)} %"

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
            "What was found",
            ("", "check", "where", "what"),
            [(f.level, f.check, f.where, f.what) for f in checked.findings],
            left=4,
        )
    wrong = sum(finding.level == "wrong" for finding in checked.findings)
    remarks = len(checked.findings) - wrong
    out(f"wrong: {wrong}; remarks: {remarks}; runs tried: {checked.runs}\n")
