"""``loopscope explain``: why a variable moves."""

from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.loops import At, ScenarioName, shown_path
from loopscope.analysis.commands.options import AsJson, CaseName, ModelName, Settings

if TYPE_CHECKING:
    from loopscope.analysis.explanation import Cause, Explanation


def explain(
    model: ModelName,
    variable: Annotated[
        str, typer.Argument(metavar="VARIABLE", show_default=False, help="Variable to explain.")
    ],
    scenario: ScenarioName = None,
    case: CaseName = None,
    settings: Settings = None,
    at: At = None,
    depth: Annotated[int, typer.Option(min=1, max=6, help="Levels of causes.")] = 2,
    top: Annotated[int, typer.Option(min=1, help="List this many loops.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Say why a variable moves: its causes, their gains now, the loops through it.

    'Now' is the end of the run, or the time given with --at.
    """
    from dataclasses import asdict

    from loopscope.analysis import tables
    from loopscope.analysis.explanation import explain as told
    from loopscope.analysis.progress import waiting
    from loopscope.analysis.runs import Choice, choose_case, choose_scenario, with_stocks
    from loopscope.analysis.settings import read_settings
    from loopscope.models import load

    with_stocks(model)
    with waiting(f"{variable}"):
        found = told(
            load(model),
            variable,
            choose_scenario(model, scenario) if scenario is not None else None,
            choice=Choice(
                case=choose_case(model, case) if case is not None else None,
                parameters=read_settings(settings or ()),
            ),
            at=at,
            depth=depth,
            top=top,
        )
    if as_json:
        tables.print_json(asdict(found))
    else:
        print_explanation(found)


def print_explanation(found: "Explanation") -> None:
    """Print the causal tree and the loops through a variable."""
    from loopscope.analysis.tables import moment, number, out, percent, plain, print_table

    when = f"{moment(found.time)} {found.time_units}".rstrip()
    out(
        f"{plain(found.variable)} = {number(found.value)} {plain(found.units)} at {when}, "
        f"changing by {number(found.rate)} per {found.time_units or 'time unit'}\n"
        f"{plain(found.equation)}\n\n"
    )
    rows: list[tuple[str, ...]] = []
    _fill(found.causes, "", rows)
    print_table(
        f"What acts on it ({found.model}, {found.label})",
        ("cause", "sign", "gain, as a formula", "gain now", "push now"), rows, left=3,
    )  # fmt: skip
    out("Constants are left out; --json has them.\n\n")
    if found.acts_on:
        out(f"It acts on: {plain(', '.join(found.acts_on))}\n\n")
    print_table(
        f"Loops through it, strongest at {when} first",
        ("id", "loop", "polarity", "score now", "mean share"),
        [
            (
                row.id, row.name or shown_path(row.path), row.polarity, percent(row.at),
                f"{row.share:.1%}",
            )
            for row in found.loops
        ],
        left=3,
    )  # fmt: skip
    out(f"{plain(found.statement)}\n")


def _fill(causes: "tuple[Cause, ...]", indent: str, rows: list[tuple[str, ...]]) -> None:
    from loopscope.analysis.tables import number

    for cause in causes:
        if cause.role == "input" and not cause.push:
            continue  # a constant; --json has it
        formula = cause.formula if len(cause.formula) <= 60 else cause.formula[:59] + "…"
        rows.append(
            (
                indent + cause.name, cause.polarity, formula, number(cause.gain + 0.0),
                number(cause.push + 0.0),
            )
        )  # fmt: skip
        _fill(cause.causes, indent + "· ", rows)
