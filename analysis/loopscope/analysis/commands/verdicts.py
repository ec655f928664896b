"""How statements about a model are shown: those of ``checks.toml`` and of its scenarios."""

from typing import TYPE_CHECKING, Any

from loopscope.analysis.tables import out, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.reality.measuring import Figure
    from loopscope.analysis.reality.verifying import Verdict

SHOWN = {"pass": "pass", "not met": "NOT MET", "not run": "not run"}


def print_verdicts(verdicts: "Sequence[Verdict]") -> None:
    """Print each statement with its figures, and how many hold."""
    for title, first, kept in (
        ("Statements of checks.toml", "id", [v for v in verdicts if v.kind != "expectation"]),
        ("Expectations", "of", [v for v in verdicts if v.kind == "expectation"]),
    ):
        if kept:
            out("\n")
            rows = [row for verdict in kept for row in _rows(verdict)]
            print_table(title, (first, "", "statement", "measured", "asked"), rows, left=3)
    counts = {status: sum(v.status == status for v in verdicts) for status in SHOWN}
    known = sum(v.status == "not met" and not v.wrong for v in verdicts)
    told = f" ({known} of them known, with the reason)" if known else ""
    out(
        f"statements: {counts['pass']} pass, {counts['not met']} not met{told}, "
        f"{counts['not run']} not run\n"
    )


def _rows(verdict: "Verdict") -> list[tuple[str, str, str, str, str]]:
    """Return a statement, its figures, and why it was not run or is known not to be met."""
    rows = [(verdict.id, SHOWN[verdict.status], verdict.says, "", "")]
    for figure in verdict.figures:
        text = f"- {figure.says}{_beside(figure)}"
        rows.append(("", "" if figure.met else "!", text, figure.shown, figure.asked))
    known = verdict.status == "not met" and verdict.reason
    told = (verdict.note, f"known: {verdict.reason}" if known else "")
    return [*rows, *(("", "", f"- {text}", "", "") for text in told if text)]


def _beside(figure: "Figure") -> str:
    return f" ({figure.where})" if figure.where else ""


def plain_verdicts(verdicts: "Sequence[Verdict]") -> list[dict[str, Any]]:
    """Return statements as plain values for JSON."""
    from dataclasses import asdict

    return [{**asdict(verdict), "wrong": verdict.wrong} for verdict in verdicts]
