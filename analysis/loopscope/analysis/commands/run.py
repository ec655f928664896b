"""``loopscope run``: simulate one scenario, or several."""

from typing import TYPE_CHECKING, Any

import typer

from loopscope.analysis.commands.options import (
    RUN_FAILED,
    AsJson,
    CaseName,
    Dt,
    Engine,
    Initials,
    Method,
    ModelName,
    OutFiles,
    Outputs,
    Plot,
    Saveper,
    ScenarioNames,
    Seed,
    Settings,
    Start,
    Stop,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.measures import Fit
    from loopscope.analysis.runs import Run
    from loopscope.models.case import Observed


def run(
    model: ModelName,
    scenario: ScenarioNames = None,
    case: CaseName = None,
    settings: Settings = None,
    initial: Initials = None,
    method: Method = None,
    dt: Dt = None,
    start: Start = None,
    stop: Stop = None,
    saveper: Saveper = None,
    output: Outputs = None,
    seed: Seed = 0,
    engine: Engine = "native",
    out: OutFiles = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a model: print key variables, write all of them, or draw them.

    Several scenarios make one file, with a column (netCDF: a dimension) 'scenario'.

    With a case, a picture shows what was observed, and the errors against it are printed.
    """
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.runs import Choice, choose_case, simulate_all
    from loopscope.analysis.settings import read_settings

    files = [outputs.target(path, outputs.SERIES) for path in out or ()]
    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    chosen_case = choose_case(model, case) if case is not None else None
    choice = Choice(
        case=chosen_case,
        parameters=read_settings(settings or ()),
        initial=read_settings(initial or (), "--initial"),
        method=method, dt=dt, start=start, stop=stop, saveper=saveper, seed=seed, engine=engine,
    )  # fmt: skip
    runs = simulate_all(model, scenario or [None], choice)
    observed = chosen_case.observed if chosen_case is not None else ()
    named = [runs[0].find(name) for name in dict.fromkeys(output or ())]
    for path in files:
        outputs.write_runs([r.only(named) for r in runs] if named else runs, path)
    if picture is not None:
        from loopscope.analysis import figures
        from loopscope.analysis.style import save

        save(figures.pictured(runs, named, chosen_case), picture)
    fits = _fits(runs, observed)
    if as_json:
        tables.print_json(as_data(runs, named, fits))
    else:
        if not files:
            _print_summaries(runs, named)
        for one, found in zip(runs, fits, strict=True):
            if found:
                print_fits(one.label, found)
        tables.wrote(*files, picture)
    finish(runs)


def finish(runs: "Sequence[Run]") -> None:
    """Say which runs failed and how, and end with their exit code.

    Raises
    ------
    typer.Exit
        A run left the finite numbers.
    """
    from loopscope.analysis import tables

    failed = [r for r in runs if r.status != "ok"]
    for one in failed:
        tables.say(told(one))
    if failed:
        raise typer.Exit(RUN_FAILED)


def told(run: "Run") -> str:
    """Return what became of a failed run, in one line: variable, time, last finite values."""
    from loopscope.analysis.tables import moment, number

    failure = run.failure
    if failure is None:
        return f"run '{run.label}' failed: {run.status}"
    shown = [name for name in (failure.variable, *run.stocks) if name in failure.last]
    last = ", ".join(f"{name} = {number(failure.last[name])}" for name in dict.fromkeys(shown))
    return (
        f"run '{run.label}' failed: '{failure.variable}' is not finite at time "
        f"{moment(failure.time)} {run.time_units}".rstrip()
        + f"; last finite values: {last or 'none'}"
    )


def _fits(runs: "Sequence[Run]", observed: "Sequence[Observed]") -> "list[list[Fit]]":
    if not observed:
        return [[] for _ in runs]
    from loopscope.analysis.measures import fits

    return [fits(one, observed) for one in runs]


def as_data(
    runs: "Sequence[Run]", named: "Sequence[str]", fits: "Sequence[Sequence[Fit]]"
) -> dict[str, Any]:
    """Return what a run command has to say as plain values."""
    from dataclasses import asdict

    from loopscope.analysis.comparison import summarise

    return {
        "model": runs[0].model,
        "time_units": runs[0].time_units,
        "runs": [
            {
                "scenario": one.label,
                "status": one.status,
                "failure": asdict(one.failure) if one.failure else None,
                "variables": [asdict(s) for s in summarise(one, list(named) or one.stocks)],
                "observed": [asdict(found) for found in its_fits],
            }
            for one, its_fits in zip(runs, fits, strict=True)
        ],
    }


def _print_summaries(runs: "Sequence[Run]", named: "Sequence[str]") -> None:
    from loopscope.analysis.comparison import summarise
    from loopscope.analysis.tables import moment, number, print_table

    for one in runs:
        span = f"{moment(one.time[0])} to {moment(one.time[-1])} {one.time_units}".rstrip()
        print_table(
            f"{one.model}, {one.label}: {span}; status {one.status}",
            ("variable", "unit", "start", "end", "min", "max", "time of max"),
            [
                (
                    s.variable, s.units, number(s.start), number(s.end), number(s.lowest),
                    number(s.highest), moment(s.time_of_highest),
                )
                for s in summarise(one, list(named) or one.stocks)
            ],
            left=2,
        )  # fmt: skip


def print_fits(label: str, found: "Sequence[Fit]") -> None:
    """Print how far a run is from what was observed."""
    from loopscope.analysis.tables import number, print_table

    print_table(
        f"{label} against what was observed",
        ("variable", "series", "points", "RMSE", "MAPE", "U_m", "U_s", "U_c"),
        [
            (
                f.variable, f.series, str(f.points), f"{number(f.rmse)} {f.units}".rstrip(),
                f"{number(f.mape, 3)} %", number(f.theil.bias, 2),
                number(f.theil.variation, 2), number(f.theil.covariation, 2),
            )
            for f in found
        ],
        left=2,
    )  # fmt: skip
