"""Run every model of a collection natively and compare with its canonical output.

Made for the public collection SDXorg/test-models: models in folders, each folder with the output
that Vensim or Stella gave (``output.tab``, else ``output.csv``).  The collection is not part of
this project; ``results-pysd-*.csv`` at its root, if there, says what PySD gives on each file.

Compared: the first column is time; names without case, quotes, underscores against spaces and
spaces after commas; each column both sides have, at the nearest saved time; within 1e-3 of the
value and 1e-4 of the column's largest (or of 1).  Canonical cells that are NaN are skipped.
The canonical outputs were made with Euler steps, so files that ask for RK4 are run with Euler.

Run alone: ``python tests/programs/corpus.py --models FOLDER``.  The exit code is 1 if a model
fails that PySD gets right and that has no subscripts, macros or external data, or if anything
raises an error that is no ``LoopscopeError``.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SUFFIXES = (".mdl", ".xmile", ".stmx")
RELATIVE = 1e-3
ABSOLUTE = 1e-4

NEEDS = {
    "macros": r":MACRO:|<macro\b",
    "external data": (
        r"GET\s+(XLS|DIRECT|123|VDF|DATA)|:RAW:|:INTERPOLATE:|:HOLD BACKWARD:|[^<>=]:="
    ),
    "subscripts": r"<dim\b|<element\b|:SUB:|VECTOR\s|ALLOCATE",
}
"""What lies outside: never asked for."""


@dataclass(frozen=True)
class Row:
    """The result for one file."""

    file: str
    pysd: str
    result: str
    columns: int
    note: str = ""
    outside: str = ""

    @property
    def wrong(self) -> bool:
        """Whether this must not be."""
        missed = self.pysd == "ok" and not self.outside and self.result != "ok"
        return missed or self.result == "CRASH"


def plain(name: str) -> str:
    """Return a name as it is compared."""
    bare = name.replace('"', "").replace("\\n", " ").replace("_", " ").strip().casefold()
    return re.sub(r",\s+", ",", re.sub(r"\s+", " ", bare))


def canonical(folder: Path) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
    """Return times and columns of a folder's canonical output."""
    for name, separator in (("output.tab", "\t"), ("output.csv", ",")):
        path = folder / name
        if path.exists():
            text = path.read_bytes().decode("utf-8-sig", errors="replace")
            head, *lines = csv.reader(text.splitlines(), delimiter=separator)
            rows = [[_number(cell) for cell in line] for line in lines if any(line)]
            width = len(head)
            table = np.array([row[:width] + [np.nan] * (width - len(row)) for row in rows])
            return table[:, 0], {plain(n): table[:, i] for i, n in enumerate(head) if i and n}
    return None


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def outside(path: Path) -> str:
    """Return which constructs of a file are never asked for, from its text alone."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    if path.suffix == ".mdl":
        text = text.split("\\\\\\---///")[0]
        equations = [part.split("~")[0] for part in text.split("|")]
        text = "\n".join(equations)
        equations = [part for part in equations if "MACRO:" not in part]
        ranges = any(re.search(r"^[^=(]*[^:=]:[^:=]*$", part.strip()) for part in equations)
        indexed = any(re.search(r'[\w"]\s*\[', part) for part in equations)
    else:
        # A file may declare dimensions and use none.
        head, model, variables = text.partition("<model")
        head = re.sub(r"<dimensions>.*?</dimensions>", "", head, flags=re.DOTALL)
        text = head + model + variables
        ranges = False
        indexed = bool(re.search(r"<eqn>[^<]*\[", text))
    found = [what for what, pattern in NEEDS.items() if re.search(pattern, text, re.IGNORECASE)]
    if (ranges or indexed) and "subscripts" not in found:
        found.append("subscripts")
    return ", ".join(found)


def compare(
    times: np.ndarray,
    columns: dict[str, np.ndarray],
    saved: np.ndarray,
    ours: dict[str, np.ndarray],
) -> tuple[int, list[str]]:
    """Return the number of compared columns and those that differ."""
    nearest = np.abs(saved[None, :] - times[:, None]).argmin(axis=1)
    compared, apart = 0, []
    for name, expected in columns.items():
        if name not in ours:
            continue
        compared += 1
        here = ~np.isnan(expected)
        found = ours[name][nearest]
        largest = float(np.abs(expected[here]).max(initial=0.0))
        close = np.isclose(found, expected, rtol=RELATIVE, atol=ABSOLUTE * max(1.0, largest))
        if not close[here].all():
            apart.append(name)
    return compared, apart


def examine(path: Path, pysd: str, file: str) -> Row:
    """Run one file and compare."""
    from loopscope import models

    beyond = outside(path)
    note = ""
    try:
        model = models.load(path)
        method = None
        if model.clock.method != "Euler":
            method, note = "Euler", f"asks for {model.clock.method}, run with Euler"
        run = models.simulate(model, method=method)
    except models.LoopscopeError as error:
        kind = "refused" if type(error).__name__ == "UnsupportedError" else "error"
        return Row(file, pysd, kind, 0, f"{type(error).__name__}: {error}", beyond)
    except Exception as error:
        traceback.print_exc()
        return Row(file, pysd, "CRASH", 0, f"{type(error).__name__}: {error}", beyond)
    expected = canonical(path.parent)
    if expected is None:
        return Row(file, pysd, "no output to compare", 0, note, beyond)
    ours = {plain(str(n)): v.to_numpy() for n, v in run.data_vars.items() if n != "status"}
    compared, apart = compare(*expected, run["time"].to_numpy(), ours)
    if not compared:
        return Row(file, pysd, "nocols", 0, note, beyond)
    status = str(run["status"].item())
    if apart:
        shown = ", ".join(apart[:3]) + (" ..." if len(apart) > 3 else "")
        note = f"{note}; {len(apart)} apart: {shown}".lstrip("; ")
        if status != "ok":
            note += f"; {status}"
    return Row(file, pysd, "bad" if apart else "ok", compared, note, beyond)


def known_results(folder: Path) -> dict[str, str]:
    """Return what PySD gives, by file."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("results-pysd-*.csv")):
        with path.open(encoding="utf-8") as lines:
            found |= {row["file"]: row["result"] for row in csv.DictReader(lines)}
    return found


def examine_all(folder: Path) -> list[Row]:
    """Run every model file below a folder."""
    known = known_results(folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    names = [path.relative_to(folder).as_posix() for path in paths]
    return [
        examine(path, known.get(name, "?"), name) for path, name in zip(paths, names, strict=True)
    ]


def show(rows: list[Row]) -> None:
    """Print the table and the summary."""
    width = max((len(row.file) for row in rows), default=4)
    print(f"{'file':{width}}  PySD    Loopscope  columns  note")
    for row in rows:
        note = " | ".join(text for text in (row.outside, row.note) if text)
        mark = "!" if row.wrong else " "
        print(
            f"{row.file:{width}}  {row.pysd:6}  {row.result:8} {mark} {row.columns:7}  {note[:150]}"
        )
    print()
    inside = [row for row in rows if not row.outside]
    for label, some in (
        ("all files", rows),
        ("without subscripts, macros and external data", inside),
    ):
        ours, theirs = Counter(row.result for row in some), Counter(row.pysd for row in some)
        print(f"{label}: {len(some)}")
        print("  Loopscope:", ", ".join(f"{count} {what}" for what, count in ours.most_common()))
        print("  PySD:     ", ", ".join(f"{count} {what}" for what, count in theirs.most_common()))
    better = [row.file for row in rows if row.result == "ok" and row.pysd != "ok"]
    print(f"right here and not in PySD: {len(better)}", *better, sep="\n  ")
    wrong = [row.file for row in rows if row.wrong]
    print(f"must not be: {len(wrong)}", *wrong, sep="\n  ")


def main(arguments: list[str] | None = None) -> int:
    """Run the collection."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True, help="folder of the collection")
    folder = parser.parse_args(arguments).models
    rows = examine_all(folder)
    if not rows:
        print(f"no model files in {folder}")
        return 2
    show(rows)
    return int(any(row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())
