"""``loopscope loops``: which feedback loops drive a run."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopscope.analysis.commands.options import (
    AsJson,
    CaseName,
    Dt,
    Initials,
    ModelName,
    Plot,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.ranking import Ranking
    from loopscope.loops.compare import Comparison

ScenarioName = Annotated[
    str | None, typer.Option("--scenario", "-s", metavar="NAME", help="Scenario to run.")
]
At = Annotated[
    float | None, typer.Option("--at", metavar="TIME", help="Time, in the model's unit.")
]


def loops(
    model: ModelName,
    scenario: ScenarioName = None,
    case: CaseName = None,
    settings: Settings = None,
    initial: Initials = None,
    method: Annotated[
        str,
        typer.Option(
            "--method", "-m", metavar="NAME",
            help="ltm, influence, pathway, impact, knockout, behaviour; or all, compared.",
        ),
    ] = "ltm",
    form: Annotated[
        str | None,
        typer.Option(help="Of ltm: continuous (default), or discrete as other programs have it."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="List this many loops.")] = 12,
    through: Annotated[
        str | None, typer.Option(metavar="VAR", help="List loops through this variable only.")
    ] = None,
    at: At = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="VAR",
            help="Fold all but the stocks and these variables away. May be given again.",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="All variables, not the view that the model declares.")
    ] = False,
    gains: Annotated[
        bool, typer.Option("--gains", help="Print the gain of each loop listed as a formula.")
    ] = False,
    dt: Dt = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say which feedback loops drive a run, and when.

    Shares are of all loops of the same partition; the last line says whether all loops are known.
    """
    from loopscope.analysis import outputs, tables
    from loopscope.analysis.progress import waiting
    from loopscope.analysis.ranking import HELD, cut_to, rank, simulated
    from loopscope.analysis.runs import Choice, choose_case, choose_scenario, with_stocks
    from loopscope.analysis.settings import read_settings
    from loopscope.loops import compare_methods, find
    from loopscope.models import load

    everything = method.casefold() == "all"
    if everything:
        _refuse_beside_all(at=at, through=through, gains=gains or None, form=form)
    picture = outputs.target(plot, outputs.PICTURES) if plot else None
    with_stocks(model)
    known = load(model)
    choice = Choice(
        case=choose_case(model, case) if case is not None else None,
        parameters=read_settings(settings or ()),
        initial=read_settings(initial or (), "--initial"),
        dt=dt,
    )
    chosen = choose_scenario(model, scenario) if scenario is not None else None
    view = chosen_view(keep, full=full)
    with waiting(f"loops of {known.name}") as step:
        if everything:
            run = simulated(known, chosen, choice)
            found = find(known, view=view, run=run, max_loops=HELD)
            steps = simulated(known, chosen, choice, steps=True)
            compared = compare_methods(found, run, steps=steps, progress=step)
        else:
            options = {} if form is None else {"form": form}
            ranking = rank(
                known, chosen, choice=choice, view=view, method=method, through=through, at=at,
                progress=step, **options,
            )  # fmt: skip
    if picture is not None:
        from loopscope.analysis.style import save
        from loopscope.loops.pictures import areas, called

        if everything:
            save(compared.figure(), picture)
        else:
            what = f"'{ranking.label}'" if scenario or case else "it"
            title = f"{called(known.name)}: which loops drive {what}"
            save(areas(ranking.scores, title=title), picture)
    if as_json:
        told = compared.as_data() if everything else as_data(cut_to(ranking, top))
        tables.print_json(told)
        return
    if everything:
        print_compared(compared)
    else:
        print_ranking(ranking, top, gains=gains)
    tables.wrote(picture)


def _refuse_beside_all(**given: object) -> None:
    """Refuse options that the comparison of all methods does not heed."""
    from loopscope.models.errors import LoopError

    for name, value in given.items():
        if value is not None:
            msg = f"--{name} is for one method, and --method all compares them: leave one of them "
            msg += "out"
            raise LoopError(msg)


def chosen_view(keep: "list[str] | None", *, full: bool) -> "list[str] | str | None":
    """Return the view that --keep and --full ask for; None where neither does."""
    from loopscope.models.errors import LoopError

    if keep and full:
        msg = "--keep folds variables away and --full keeps them all: give one of them"
        raise LoopError(msg)
    return "full" if full else keep or None


def as_data(ranking: "Ranking") -> dict[str, Any]:
    """Return a ranking as plain values."""
    from dataclasses import asdict

    from loopscope.loops.signs import regions

    return {
        "model": ranking.model,
        "scenario": ranking.label,
        "method": ranking.method,
        "time_units": ranking.time_units,
        "at": ranking.at,
        "loops": [
            {**asdict(row), "gain": regions.formula(ranking.found[row.id])} for row in ranking.rows
        ],
        "periods": [asdict(period) for period in ranking.periods],
        "complete": ranking.found.complete,
        "count": ranking.found.count,
        "statement": ranking.statement,
        "notes": list(ranking.notes),
    }


def print_ranking(ranking: "Ranking", top: int, *, gains: bool) -> None:
    """Print loops in order, periods of dominance, notes and the completeness line."""
    from loopscope.analysis.tables import moment, number, out, percent, plain, print_table
    from loopscope.loops.signs import regions

    several = len({row.partition for row in ranking.rows}) > 1
    when = f" at {moment(ranking.at)}" if ranking.at is not None else ""
    rows = []
    for row in ranking.rows[:top]:
        spans = ", ".join(f"{moment(a)}-{moment(b)}" for a, b in row.periods[:3])
        more = f" (+{len(row.periods) - 3})" if len(row.periods) > 3 else ""
        cells = [row.id, row.name or shown_path(row.path), row.polarity]
        cells += [str(row.partition + 1)] if several else []
        cells += [f"{row.share:.1%}"]
        cells += [percent(row.at)] if ranking.at is not None else []
        rows.append((*cells, (spans + more) or "-"))
    columns = ["id", "loop", "polarity", *(["partition"] if several else []), "mean share"]
    columns += [f"score{when}"] if ranking.at is not None else []
    print_table(
        f"{ranking.model}, {ranking.label}: loops by {ranking.method}{when}",
        (*columns, "dominates"), rows, left=3 + several,
    )  # fmt: skip
    if gains:
        for row in ranking.rows[:top]:
            out(f"{row.id}: gain = {plain(regions.formula(ranking.found[row.id]))}\n")
        out("\n")
    _print_periods(ranking)
    for note in ranking.notes:
        out(f"note: {plain(note)}\n")
    left = len(ranking.rows) - top
    if left > 0:
        rest = sum(row.share for row in ranking.rows[top:] if row.partition == 0)
        where = " of partition 1" if several else ""
        out(f"{left} more loops, which carry {number(100 * rest, 3)} %{where}\n")
    out(f"{plain(ranking.statement)}\n")


def _print_periods(ranking: "Ranking") -> None:
    from loopscope.analysis.tables import moment, print_table

    several = len({period.partition for period in ranking.periods}) > 1
    print_table(
        "Who dominates when",
        ("from", "to", *(["partition"] if several else []), "polarity", "loops", "mean share"),
        [
            (
                moment(p.start), moment(p.stop), *([str(p.partition + 1)] if several else []),
                p.polarity, shown_ids(p.loops), f"{p.share:.0%}",
            )
            for p in ranking.periods[:20]
        ],
        left=4 + several,
    )  # fmt: skip


def shown_ids(ids: "Sequence[str]", most: int = 6) -> str:
    """Return ids of loops, the strongest ones where there are many.

    Examples
    --------
    >>> shown_ids(["R1", "B2", "B3"], most=2), shown_ids([])
    ('R1, B2 and 1 more', '-')
    """
    if len(ids) <= most:
        return ", ".join(ids) or "-"
    return f"{', '.join(ids[:most])} and {len(ids) - most} more"


def shown_path(path: "Sequence[str]", most: int = 6) -> str:
    """Return the path of a loop, its middle left out where it is long.

    Examples
    --------
    >>> shown_path(["a", "b", "c", "d"], most=3)
    'a -> b -> ... -> d (4 variables)'
    """
    if len(path) <= most:
        return " -> ".join(path)
    return " -> ".join([*path[: most - 1], "...", path[-1]]) + f" ({len(path)} variables)"


def print_compared(compared: "Comparison") -> None:
    """Print the periods of each method, where they agree, and why they do not."""
    from loopscope.analysis.tables import moment, out, plain, print_table

    print_table(
        f"{compared.model}: who dominates when, by each method",
        ("method", "from", "to", "sign", "loops", "mean share"),
        [
            (
                row.title, moment(row.start), moment(row.stop), row.polarity,
                shown_ids(row.loops),
                f"{row.share:.0%}",
            )
            for row in compared.rows
        ],
        left=5,
    )  # fmt: skip
    for line in compared.sentences():
        out(f"{plain(line)}\n")
