"""Options that more than one sub-command takes."""

from pathlib import Path
from typing import Annotated

import typer

ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="Name of a library model, or a .mdl, .xmile, .stmx or .xml file.",
    ),
]
StoreName = Annotated[
    Path,
    typer.Argument(
        metavar="STORE", show_default=False, help="What loopscope sweep wrote with --out."
    ),
]
ScenarioNames = Annotated[
    list[str] | None,
    typer.Option("--scenario", "-s", metavar="NAME", help="Scenario; may be given again."),
]
CaseName = Annotated[
    str | None, typer.Option("--case", "-c", metavar="NAME", help="Real place and period.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a variable to a number in the model's unit, or to a path over time: "
        "'lever border={value=0.6, from=2010}'. May be given again.",
    ),
]
Initials = Annotated[
    list[str] | None,
    typer.Option(
        "--initial", metavar="STOCK=VALUE", help="Start value of a stock. May be given again."
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option("--output", "-o", metavar="NAME", help="Variable; may be given again."),
]
Method = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Euler, RK4, LSODA or Radau; else the model's own."),
]
Dt = Annotated[
    float | None, typer.Option("--dt", help="Step of the solver, in the model's time unit.")
]
Start = Annotated[float | None, typer.Option(help="Time at which the run starts.")]
Stop = Annotated[float | None, typer.Option(help="Time at which the run ends.")]
Saveper = Annotated[float | None, typer.Option(help="Time between two saved points.")]
Seed = Annotated[int, typer.Option(help="Of random functions.")]
Engine = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="native; or pysd, which runs Python made from the file: only for files you trust.",
    ),
]
OutFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write the runs as .csv, .nc or .parquet. May be given again.",
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw a picture as .png, .svg or .pdf."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]

RUN_FAILED = 3
"""Exit code when a run left the finite numbers; what was computed is written all the same."""
