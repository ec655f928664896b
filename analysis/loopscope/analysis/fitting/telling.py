"""A fit in words: tables on a terminal, plain values for JSON, and TOML to paste into a case.

In: a ``Fitted`` record.  Out: text.  Nothing is computed here.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from loopscope.analysis.fitting.holdout import HoldOut
from loopscope.analysis.tables import moment, number, out, plain, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.fitting.fitted import Estimate, Fitted
    from loopscope.analysis.fitting.holdout import HeldOut
    from loopscope.analysis.fitting.identify import Direction

DIGITS = 6
"""Significant digits of an estimate in a case: more than any record can tell."""


def command_of(fitted: Fitted) -> str:
    """Return the command that the estimates come from."""
    path = Path(fitted.problem.model.path)
    file = path.name if path.stem == fitted.model else fitted.model
    return f"loopscope fit {quote(file)} --case {quote(fitted.case.name)}"


def as_toml(fitted: Fitted) -> str:
    """Return the estimates as lines of ``cases.toml``: constants first, then start values."""
    source = f"Estimated by `{command_of(fitted)}`."
    lines = [f"# {source}"]
    for kind, table in (("constant", "case.set"), ("start value", "case.initial")):
        chosen = [one for one in fitted.estimates if one.unknown.kind == kind]
        if chosen:
            lines += ["", f"[{table}]"]
        for one in chosen:
            name = json.dumps(one.unknown.name, ensure_ascii=False)
            words = json.dumps(f"{source} {_spread(one)}", ensure_ascii=False)
            lines.append(f"{name} = {{ value = {_rounded(one.value)}, source = {words} }}")
    for kept in (one for one in fitted.estimates if one.unknown.kind == "factor"):
        lines += ["", f"# {kept.unknown.name}: {_rounded(kept.value)}"]
    return "\n".join(lines) + "\n"


def _rounded(value: float) -> str:
    return repr(float(f"{value:.{DIGITS}g}"))


def _spread(one: Estimate) -> str:
    if one.bound:
        return f"On the {one.bound} end of its range."
    if not math.isfinite(one.error):
        return "The record does not identify it."
    return f"Standard error {number(one.error, 2)}."


def as_data(fitted: Fitted) -> dict[str, Any]:
    """Return a fit as plain values; what is not finite becomes null when printed."""
    names = [one.unknown.name for one in fitted.estimates]
    held_out = fitted.held_out
    return {
        "model": fitted.model,
        "case": fitted.case.name,
        "points": fitted.points,
        "sum_of_squares": fitted.squares,
        "spread": fitted.spread,
        "converged": fitted.converged,
        "starts": fitted.starts,
        "agreeing_starts": fitted.agreeing,
        "estimates": [
            {
                "name": one.unknown.name,
                "kind": one.unknown.kind,
                "units": one.unknown.units,
                "start": one.unknown.start,
                "range": [one.unknown.low, one.unknown.high],
                "value": one.value,
                "standard_error": one.error,
                "interval": [one.low, one.high],
                "interval_from": "profile" if one.profiled else "standard error",
                "bound": one.bound or None,
            }
            for one in fitted.estimates
        ],
        "series": [
            {
                "variable": one.after.variable,
                "series": one.after.series,
                "units": one.after.units,
                "points": one.after.points,
                "left_out": one.left,
                "factor": one.factor,
                "rmse": one.after.rmse,
                "rmse_before": one.before.rmse,
                "mape": one.after.mape,
                "theil": {
                    "bias": one.after.theil.bias,
                    "variation": one.after.theil.variation,
                    "covariation": one.after.theil.covariation,
                },
            }
            for one in fitted.series
        ],
        "correlation": {"names": names, "values": fitted.correlation.tolist()},
        "directions": [
            {
                "standard_error": one.error,
                "identified": one.identified,
                "weights": dict(zip(names, one.weights, strict=True)),
            }
            for one in fitted.directions
        ],
        "profiles": [
            {
                "name": one.name,
                "values": list(one.values),
                "statistic": list(one.statistic),
                "limit": one.limit,
                "interval": [one.low, one.high],
            }
            for one in fitted.profiles
        ],
        "held_out": held_out
        if not isinstance(held_out, HoldOut)
        else {
            "estimates": dict(zip(names, held_out.at.tolist(), strict=True)),
            "series": [_held_data(one) for one in held_out.series],
        },
        "cannot_identify": list(fitted.cannot),
        "toml": as_toml(fitted),
    }


def _held_data(one: HeldOut) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)


def print_fitted(fitted: Fitted) -> None:
    """Print everything that a fit found."""
    count = len(fitted.estimates)
    series = len(fitted.series)
    print_table(
        f"{fitted.model}, case {fitted.case.name}: {count} unknowns fitted to {fitted.points} "
        f"observations in {series} series",
        (
            "free", "unit", "start", "estimate", "standard error", "range", "95 % interval",
            "note",
        ),
        [
            (
                one.unknown.name, one.unknown.units, number(one.unknown.start),
                number(one.value), "on its range" if one.bound else _error(one.error),
                _range(one), _interval(one), _note(one),
            )
            for one in fitted.estimates
        ],
        left=2,
    )  # fmt: skip
    print_table(
        "Errors before and after the fit",
        ("variable", "series", "points", "RMSE before", "RMSE", "MAPE", "U_m", "U_s", "U_c"),
        [
            (
                one.after.variable, _series_name(one.after.series, one.factor),
                str(one.after.points), number(one.before.rmse),
                f"{number(one.after.rmse)} {one.after.units}".rstrip(),
                f"{number(one.after.mape, 3)} %", number(one.after.theil.bias, 2),
                number(one.after.theil.variation, 2), number(one.after.theil.covariation, 2),
            )
            for one in fitted.series
        ],
        left=2,
    )  # fmt: skip
    for one in fitted.series:
        if one.left:
            out(f"note: {one.left} points of {plain(one.after.series)} lie outside the run\n")
    _print_held_out(fitted)
    _print_correlation(fitted)
    _print_words(fitted)


def _error(error: float) -> str:
    return "unknown" if math.isinf(error) else number(error, 3)


def _range(one: Estimate) -> str:
    high = "any" if math.isinf(one.unknown.high) else number(one.unknown.high, 3)
    return f"{number(one.unknown.low, 3)} to {high}"


def _interval(one: Estimate) -> str:
    if one.low is None and one.high is None:
        return "open"
    low = "open" if one.low is None else number(one.low, 3)
    high = "open" if one.high is None else number(one.high, 3)
    return f"{low} to {high}"


def _note(one: Estimate) -> str:
    words = ["profile"] if one.profiled else []
    if one.bound:
        words.append(f"on the {one.bound} end")
    return ", ".join(words) or "-"


def _series_name(series: str, factor: float) -> str:
    return series if factor == 1.0 else f"{series}, factor {number(factor, 3)}"


def _print_held_out(fitted: Fitted) -> None:
    held_out = fitted.held_out
    if isinstance(held_out, str):
        out(f"note: {held_out}\n")
    if not isinstance(held_out, HoldOut):
        return
    print_table(
        "Fitted to the first two thirds of each series, measured on the last third (RMSE)",
        (
            "variable", "series", "fitted until", "points", "first two thirds", "last third",
            "MAPE there", "fit to all, there", "last value carried on",
        ),
        [
            (
                one.variable, one.series, moment(one.until), f"{one.fitted} + {one.held}",
                number(one.rmse_before), number(one.rmse_after), f"{number(one.mape_after, 3)} %",
                number(one.rmse_full), number(one.rmse_carried),
            )
            for one in held_out.series
        ],
        left=2,
    )  # fmt: skip


def _print_correlation(fitted: Fitted) -> None:
    rows = fitted.correlation.tolist()
    print_table(
        "Correlation of the estimates",
        ("", "", *(str(k) for k in range(1, len(rows) + 1))),
        [
            (str(k + 1), one.unknown.name, *_lower(row, k))
            for k, (one, row) in enumerate(zip(fitted.estimates, rows, strict=True))
        ],
        left=2,
    )


def _lower(row: Sequence[float], upto: int) -> list[str]:
    return [number(value, 2) if k < upto else "" for k, value in enumerate(row)]


def _print_words(fitted: Fitted) -> None:
    if fitted.starts > 1:
        out(f"{fitted.agreeing} of {fitted.starts} starts led to this minimum\n")
    if not fitted.converged:
        out("note: the descent stopped before it converged; free fewer parameters\n")
    out(
        f"weighted residuals have a standard deviation of {number(fitted.spread, 3)} "
        "(1 where the declared errors are right)\n\n"
    )
    out("What the record cannot tell\n")
    for line in fitted.cannot:
        out(f"- {plain(line)}\n")
    if not fitted.cannot:
        out("- nothing: every unknown and every combination is identified\n")
    worst = max(fitted.directions, key=lambda one: one.error, default=None)
    if worst is not None and worst.identified:
        out(f"  known least, at {number(worst.error, 2)} of the ranges: {_words(fitted, worst)}\n")
    out(f"\nTo paste into the case\n\n{as_toml(fitted)}")


def _words(fitted: Fitted, direction: Direction) -> str:
    names = [one.unknown.name for one in fitted.estimates]
    parts = sorted(zip(direction.weights, names, strict=True), key=lambda part: -abs(part[0]))
    return ", ".join(f"{'+' if w > 0 else '-'} {n}" for w, n in parts[:3] if abs(w) >= 0.2)
