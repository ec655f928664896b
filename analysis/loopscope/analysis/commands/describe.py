"""``loopscope describe``: what a model holds."""

from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import AsJson, ModelName

if TYPE_CHECKING:
    from loopscope.analysis.description import Description, VariableFacts


def describe(
    model: ModelName,
    variable: Annotated[
        list[str] | None,
        typer.Option("--variable", "-v", metavar="NAME", help="Tell about these variables only."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a model holds: time, stocks with their flows, parameters, scenarios, cases.

    With --variable: its equation, unit, documentation, range and what it depends on.
    """
    from dataclasses import asdict

    from loopscope.analysis import description, tables

    if variable:
        told = [description.of_variable(model, name) for name in variable]
        if as_json:
            tables.print_json([asdict(facts) for facts in told])
            return
        for facts in told:
            _print_variable(facts)
        return
    found = description.describe(model)
    if as_json:
        tables.print_json(asdict(found))
    else:
        _print_model(found)


def _range(limits: tuple[float | None, float | None]) -> str:
    from loopscope.analysis.tables import number

    if limits == (None, None):
        return ""
    ends = ("open" if end is None else number(end) for end in limits)
    return " to ".join(ends)


def _print_variable(facts: "VariableFacts") -> None:
    from loopscope.analysis.tables import number, print_table

    rows = [
        ("kind", facts.kind),
        ("unit", facts.units or "not given"),
        ("value" if facts.kind == "parameter" else "equation", facts.equation),
        ("start value", "" if facts.initial is None else facts.initial),
        ("range", _range(facts.limits)),
        ("depends on", ", ".join(facts.depends)),
        ("used by", ", ".join(facts.used_by)),
        ("points", ", ".join(f"({number(x)}, {number(y)})" for x, y in facts.points)),
        ("group", facts.group),
        ("documentation", facts.documentation),
    ]
    print_table(facts.name, ("", ""), [row for row in rows if row[1]], left=2)


def _print_model(found: "Description") -> None:
    from loopscope.analysis.tables import moment, number, print_table

    t = found.time
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
    print_table(
        f"{found.name}: {found.title}",
        ("", ""),
        [
            ("file", found.path),
            ("holds", counts),
            ("time", f"{moment(t.start)} to {moment(t.stop)} {t.units}"),
            ("solver", f"{t.method}, dt = {moment(t.dt)}, saved every {moment(t.saveper)}"),
            ("groups", ", ".join(found.groups) or "none"),
        ],
        left=2,
    )
    print_table(
        "Stocks",
        ("stock", "unit", "inflows", "outflows"),
        [
            (s.name, s.units, ", ".join(s.inflows) or "-", ", ".join(s.outflows) or "-")
            for s in found.stocks
        ],
        left=4,
    )
    if found.parameters:
        print_table(
            "Parameters",
            ("parameter", "unit", "range", "value"),
            [(p.name, p.units, _range(p.limits), number(p.value)) for p in found.parameters],
            left=3,
        )
    for title, records in (("Scenarios", found.scenarios), ("Cases", found.cases)):
        if records:
            print_table(
                title,
                ("name", "what is changed", "settings"),
                [(r.name, r.sentence or r.title, "; ".join(r.settings)) for r in records],
                left=3,
            )
