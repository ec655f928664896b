"""``loopscope attribute``: what each mechanism adds to an outcome."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopscope.analysis.commands.loops import At, ScenarioName
from loopscope.analysis.commands.options import (
    RUN_FAILED,
    AsJson,
    CaseName,
    Dt,
    Initials,
    ModelName,
    Plot,
    Saveper,
    Settings,
)

if TYPE_CHECKING:
    import xarray as xr

    from loopscope.analysis.attributing.parts import Parts


def attribute(
    model: ModelName,
    of: Annotated[
        list[str], typer.Option("--of", metavar="NAME", help="Outcome; may be given again.")
    ],
    scenario: ScenarioName = None,
    case: CaseName = None,
    settings: Settings = None,
    initial: Initials = None,
    loop: Annotated[
        list[str] | None,
        typer.Option(
            "--loop", "-l", metavar="ID",
            help="Split among these loops only, the others stay as they are. May be given again.",
        ),
    ] = None,
    at: At = None,
    ensemble: Annotated[
        str | None,
        typer.Option(
            "--ensemble", metavar="STUDY", help="Spread over the parameters of a study."
        ),
    ] = None,
    runs: Annotated[
        int | None, typer.Option(min=1, help="Runs of the ensemble; 256 at most by default.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Add Shapley values, from switching on and off alone.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="What may be left over, as a part of the largest value over time; 1e-4 for one "
            "run and 1e-3 for an ensemble by default."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of random orders of switching.")] = 0,
    dt: Dt = None,
    saveper: Saveper = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out", metavar="FILE",
            help="Write all times as .csv, .nc or .parquet. May be given again.",
        ),
    ] = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Split an outcome among the mechanisms that loops.toml can switch.

    Values add up to "with all" minus "with none" at every time; the table shows one, the last by
    default. What no mechanism can be given is told as left over.
    """
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.attributing.attribution import attribute as split
    from loopscope.analysis.attributing.parts import columns_of, moment_of, parts_of
    from loopscope.analysis.progress import shown
    from loopscope.analysis.settings import read_settings
    from loopscope.models import load

    files = [outputs.target(path, outputs.SERIES) for path in out or ()]
    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    known = load(model)
    with shown(f"splitting {', '.join(of)}") as step:
        found = split(
            known,
            of,
            loops=loop or None,
            scenario=scenario,
            case=case,
            parameters=read_settings(settings or ()),
            initial=read_settings(initial or (), "--initial"),
            ensemble=ensemble,
            runs=runs,
            dt=dt,
            saveper=saveper,
            tolerance=tolerance,
            check=check,
            seed=seed,
            progress=step,
        )
    moment_of(found, at)
    for path in files:
        outputs.write_found(found, lambda: columns_of(found), path)
    if picture is not None:
        from loopscope.analysis.attributing.attribution_figures import attribution_figure
        from loopscope.analysis.style import save

        save(attribution_figure(found, at=at), picture)
    read = [parts_of(found, str(name), at) for name in found["outcome"].to_numpy()]
    if as_json:
        tables.print_json(as_data(found, read))
    else:
        for one in read:
            print_parts(found, one)
        _print_notes(found, read[0])
        tables.wrote(*files, picture)
    _finish(found)


def as_data(found: "xr.Dataset", read: "list[Parts]") -> dict[str, Any]:
    """Return an attribution at one time as plain values."""
    import json
    from dataclasses import asdict

    from loopscope.analysis.attributing.gathering import shares_of

    return {
        "model": found.attrs["model"],
        "scenario": found.attrs["scenario"],
        "case": found.attrs["case"],
        "ensemble": found.attrs["ensemble"],
        "runs": found.sizes.get("run", 1),
        "failed": int((found["status"].to_numpy() != "ok").sum()),
        "time_units": found["time"].attrs["units"],
        "tolerance": found.attrs["tolerance"],
        "check": found.attrs["check"],
        "outcomes": [
            {**asdict(one), "left_share": share}
            for one, share in zip(read, shares_of(found), strict=True)
        ],
        "not_switched": [
            {"id": one, "name": name} for one, name in json.loads(found.attrs["not_switched"])
        ],
        "not_for": found.attrs["not_for"],
    }


def print_parts(found: "xr.Dataset", one: "Parts") -> None:
    """Print one outcome at one time, from "with none" to "with all"."""
    from loopscope.analysis.runs import AS_IT_STANDS
    from loopscope.analysis.tables import moment, number, print_table

    spread = "run" in found.sizes
    levels = sorted(float(level) for level in found["quantile"].to_numpy()) if spread else []
    edges = [f"{100 * level:g} %" for level in (levels[0], levels[-1])] if spread else []
    sampled = any(part.shapley_error is not None for part in one.parts)
    checked = "shapley" in found
    unit = f", {one.unit}" if one.unit else ""
    columns = ["", "mechanism", f"value{unit}", *edges, "knock-out"]
    columns += ["Shapley"] if checked else []
    columns += ["error"] if sampled else []
    blank = [""] * (len(columns) - 3)
    rows = [("", "with none", number(one.none), *blank)]
    for part in one.parts:
        cells = [part.id, part.name, number(part.value)]
        cells += [number(part.low), number(part.high)] if spread else []
        cells += [number(part.knock_out)]
        cells += [number(part.shapley)] if checked else []
        cells += [number(part.shapley_error, 2)] if sampled else []
        rows.append(tuple(cells))
    rows.append(("", "left over", number(one.left_over), *blank))
    rows.append(("", "with all", number(one.every), *blank))
    labels = [str(found.attrs[what]) for what in ("scenario", "case", "ensemble")]
    label = ", ".join(text for text in labels if text) or AS_IT_STANDS
    units = str(found["time"].attrs["units"])
    when = f"{units} {moment(one.time)}".strip()
    mean = f", mean of {found.sizes['run']} runs" if spread else ""
    print_table(
        f"{found.attrs['model']}, {label}: {one.outcome}, {when}{mean}", columns, rows,
        left=2,
    )  # fmt: skip


def _print_notes(found: "xr.Dataset", one: "Parts") -> None:
    """Say what the table does not hold: what is idle, not switched, left over, failed."""
    import json

    from loopscope.analysis.attributing.gathering import shares_of
    from loopscope.analysis.tables import number, out, plain

    if one.idle:
        out(f"moved nothing at any time: {plain('; '.join(one.idle))}\n")
    without = json.loads(found.attrs["not_switched"])
    if without:
        names = "; ".join(f"{identity} {name}" for identity, name in without)
        out(f"no switch, so in every run: {plain(names)}\n")
    shares = shares_of(found)
    for name, share in zip(found["outcome"].to_numpy(), shares, strict=True):
        if share > found.attrs["tolerance"]:
            out(
                f"note: of '{plain(str(name))}' up to {number(100 * share, 2)} % is left over at "
                "some time: along the path it jumps, or moves too fast to be followed\n"
            )
    failed = int((found["status"].to_numpy() != "ok").sum())
    if "run" in found.sizes and failed:
        out(f"note: {failed} of {found.sizes['run']} runs left the finite numbers\n")


def _finish(found: "xr.Dataset") -> None:
    """Say that a run failed, and end with the exit code of that."""
    from loopscope.analysis import tables

    if "run" not in found.sizes and str(found["status"].to_numpy()) != "ok":
        tables.say(f"a run on the path failed {found['status'].to_numpy()}")
        raise typer.Exit(RUN_FAILED)
