"""``loopscope claims``: what the sources of a model claim, and what carries it."""

from typing import TYPE_CHECKING, Annotated

import typer

from loopscope.analysis.commands.options import AsJson, ModelName

if TYPE_CHECKING:
    from loopscope.analysis.tracing import TracedClaim, TracedLink, TracedVariable, Tracing
    from loopscope.models.claim import Status

STATUSES: "dict[str, Status]" = {
    "modelled": "modelled",
    "partly": "partly",
    "outside": "outside the boundary",
}


def claims(
    model: ModelName,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|VARIABLE]...", show_default=False, help="Claims or variables to trace."
        ),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="STATUS", help="List these only: modelled, partly or outside."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Trace claims to equations, and variables to claims.

    Without names: all claims with their status, and what does not hold together (exit code 1).
    """
    from dataclasses import asdict

    from loopscope.analysis import tables
    from loopscope.analysis.claim_faults import faults
    from loopscope.analysis.progress import waiting
    from loopscope.analysis.tracing import Tracing

    chosen = _status(status, named=bool(names))
    tracing = Tracing(model)
    if names:
        with waiting("claims"):
            found = [tracing.either(name) for name in names]
        if as_json:
            tables.print_json([asdict(one) for one in found])
            return
        for one in found:
            print_traced(one)
        return
    with waiting("claims"):
        rows, wrong = tracing.rows(chosen), faults(tracing)
    if as_json:
        tables.print_json({"claims": [asdict(row) for row in rows], "faults": wrong})
    else:
        print_claims(tracing, chosen, wrong)
    if wrong:
        raise typer.Exit(1)


def _status(given: str | None, *, named: bool) -> "Status | None":
    from loopscope.models.errors import StudyError, did_you_mean

    if given is None:
        return None
    if named:
        msg = "--status chooses among all claims; leave it out where claims are named"
        raise StudyError(msg)
    chosen = next((full for short, full in STATUSES.items() if given in (short, full)), None)
    if chosen is None:
        hint = did_you_mean(given, STATUSES) or f"; there are: {', '.join(STATUSES)}"
        msg = f"no status '{given}'{hint}"
        raise StudyError(msg)
    return chosen


def print_claims(tracing: "Tracing", status: "Status | None", faults: tuple[str, ...]) -> None:
    """Print all claims of a model, or those of one status, and what does not hold together."""
    from collections import Counter

    from loopscope.analysis.tables import out, plain, print_table

    name = tracing.model.name
    if not tracing.claims:
        out(f"{plain(name)}: no claims; they stand in {tracing.claims.file} beside the model\n")
        return
    print_table(
        f"Claims behind {name}",
        ("id", "claim", "status", "variables", "links", "loops", "scenarios"),
        [
            (
                row.id, row.says, row.status, str(row.variables), str(row.links), str(row.loops),
                str(row.scenarios),
            )
            for row in tracing.rows(status)
        ],
        left=3,
    )  # fmt: skip
    counts = Counter(claim.status for claim in tracing.claims.claims)
    told = ", ".join(f"{counts[full]} {full}" for full in STATUSES.values())
    out(f"{len(tracing.claims.claims)} claims: {told}\n")
    for fault in faults:
        out(f"! {plain(fault)}\n")


def print_traced(found: "TracedClaim | TracedVariable") -> None:
    """Print what carries a claim, or what a variable serves."""
    from loopscope.analysis.tracing import TracedClaim

    if isinstance(found, TracedClaim):
        _print_claim(found)
    else:
        _print_variable(found)


def _print_claim(found: "TracedClaim") -> None:
    from loopscope.analysis.tables import print_table

    def marked(text: str, part: str) -> str:
        return f"{text} (our reading)" if text and part in found.inferred else text

    facts = [
        ("claim", marked(found.says, "says")),
        ("status", found.status),
        ("reason", found.reason),
        ("sign", found.sign),
        ("delay", marked(found.delay, "delay")),
        ("section", found.section),
    ]
    print_table(found.id, ("", ""), [row for row in facts if row[1]], left=2)
    if found.equations:
        print_table(
            "Equations",
            ("variable", "unit", "equation"),
            [(one.name, one.units, one.text) for one in found.equations],
            left=3,
        )
    if found.links:
        print_table(
            "Links",
            ("stated", "way", "found"),
            [
                (one.stated or "-", " -> ".join(one.chain or one.path), _found(one))
                for one in found.links
            ],
            left=3,
        )
    if found.loops:
        print_table(
            "Loops",
            ("id", "loop", "polarity", "path"),
            [(one.id, one.name, one.polarity, " -> ".join(one.path)) for one in found.loops],
            left=4,
        )
    if found.uses:
        print_table(
            "Scenarios and cases",
            ("name", "kind", "what it is"),
            [(one.name, one.kind, one.sentence) for one in found.uses],
            left=3,
        )
    if found.checks:
        print_table(
            "Checks",
            ("id", "what the model must do"),
            [(one.id, one.says) for one in found.checks],
            left=2,
        )


def _found(link: "TracedLink") -> str:
    return f"! {link.fault}" if link.fault else f"{link.sign} {link.basis}"


def _print_variable(found: "TracedVariable") -> None:
    from loopscope.analysis.tables import print_table

    facts = [
        ("kind", found.equation.kind),
        ("unit", found.equation.units),
        ("value" if found.equation.kind == "parameter" else "equation", found.equation.text),
        ("group", found.group),
    ]
    print_table(found.equation.name, ("", ""), [row for row in facts if row[1]], left=2)
    rows = [(one, says, status) for one, says, status in found.claims]
    rows += [("purpose", f"{name}: {sentence}", "-") for name, sentence in found.purposes]
    if not rows:
        rows = [("-", "serves no claim and has no purpose", "-")]
    print_table("What it is there for", ("id", "claim or purpose", "status"), rows, left=3)
