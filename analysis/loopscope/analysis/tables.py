"""Tables and JSON on standard output.

In: rows of plain values.  Out: text.  rich is imported only when a table is printed.  Text from a
model file is shown as it is: nothing in it is taken for markup or for a terminal's control codes.
"""

from __future__ import annotations

import io
import json
import math
import sys
from typing import TYPE_CHECKING, Any

from loopscope.models.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MISSING = "-"
WIDE = 200
"""Characters in a line where there is no terminal to fill."""


def number(value: float | None, digits: int = 4) -> str:
    """Return a number as a reader wants it: grouped when large, significant digits when small.

    Examples
    --------
    >>> number(2593507.9), number(0.0842491), number(1.5e-7), number(float("nan"))
    ('2,593,508', '0.08425', '1.5e-07', '-')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0 or 1e-4 <= abs(value) < 10**digits:
        return f"{value:.{digits}g}"
    if abs(value) < 1e15 and abs(value) >= 1:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def moment(value: float | None) -> str:
    """Return a time, without grouping: a year is not a quantity."""
    return MISSING if value is None or not math.isfinite(value) else f"{value:.6g}"


def percent(share: float | None) -> str:
    """Return a relative change with its sign.

    Examples
    --------
    >>> percent(0.256), percent(-1.0), percent(None)
    ('+25.6 %', '-100.0 %', '-')
    """
    return MISSING if share is None or not math.isfinite(share) else f"{100 * share:+,.1f} %"


def plain(text: str) -> str:
    """Return text on one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: int = 1,
    *,
    wrap: bool = False,
) -> None:
    """Print a table.

    Parameters
    ----------
    columns
        Headings.
    rows
        Texts, one a column.
    left
        How many columns hold words: they are aligned left, the others (numbers) right.
    wrap
        Whether a narrow terminal breaks the numbers instead of the words.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    screen = Console(file=sys.stdout)
    unicode = (sys.stdout.encoding or "").casefold().startswith("utf")
    text = io.StringIO()
    paper = Console(
        file=text,
        width=screen.width if screen.is_terminal else WIDE,
        force_terminal=screen.is_terminal,
        no_color=screen.no_color,
        highlight=False,
    )
    table = Table(
        title=Text(plain(title), style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD if unicode else box.ASCII2,
        pad_edge=False,
    )
    for place, heading in enumerate(columns):
        words = place < left
        table.add_column(
            Text(heading),
            justify="left" if words else "right",
            no_wrap=words if wrap else not words,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(plain(text)) for text in row))
    paper.print(table)
    out("\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n")


def print_json(data: Any) -> None:
    """Print plain values as JSON; what is no finite number becomes null."""
    out(json.dumps(finite(data), indent=2, allow_nan=False) + "\n")


def finite(data: Any) -> Any:
    """Return the same values with None for what is no finite number."""
    if isinstance(data, dict):
        return {str(name): finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    if isinstance(data, float):
        return float(data) if math.isfinite(data) else None
    return data


def out(text: str) -> None:
    """Write to standard output.

    Raises
    ------
    OutputError
        It cannot be written, because the disk behind it is full, say.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        msg = f"cannot write to standard output: {error.strerror}"
        raise OutputError(msg) from None


def say(text: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"loopscope: {plain(text)}\n")
    sys.stderr.flush()


def wrote(*paths: Path | None) -> None:
    """Say which files were written; None stands for one that was not asked for."""
    for path in paths:
        if path is not None:
            out(f"wrote {plain(str(path))}\n")
