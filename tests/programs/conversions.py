"""Write every model of a collection as Vensim and as XMILE, and compare the runs.

Made for the public collection SDXorg/test-models, which is not part of this project; any folder of
model files will do.  Checked on each model that loads, for each form:

- read back, every variable has the values it had: to the last bit, or to 1e-12 of its largest;
- units, ranges and documentation are the same;
- written again, the file is the same to the last byte;
- with ``--programs``: PySD and pysimlin run the new file as they run the old one (to 1e-9; where
  they cannot run the old one, as Loopscope does).

pysimlin rounds INTEGER down, holds a stock at 0 in a way of its own, reads no ``<behavior>`` and
has no random numbers; PySD has none in XMILE, and saves at each time step there.  What other
programs make of a file is told, not counted.

Run alone: ``python tests/programs/conversions.py --models FOLDER [--programs]``.  The exit code is
1 if a run is apart, a file is not read, or writing raises anything but a refusal.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loopscope import models
from loopscope.models.functions import RandomUniform
from loopscope.models.model import Auxiliary
from loopscope.models.names import key
from loopscope.models.writing.saving import FORMATS
from loopscope.models.writing.written import finite

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.model import Model

SUFFIXES = (".mdl", ".xmile", ".stmx")
FORMS = (".mdl", ".xmile")
NEAR = 1e-12
OTHERS_NEAR = 1e-9

Run = tuple[np.ndarray, dict[str, np.ndarray]]
"""Saved times, and the values of each variable by its key."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one file in one form.

    Attributes
    ----------
    result
        "bits", "near", "apart", "refused", "unread" or "CRASH".
    same
        Whether units, ranges and documentation are, and the file when written again.
    others
        What PySD and pysimlin make of it, by program.
    """

    file: str
    form: str
    result: str
    same: bool = True
    note: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether this must not be."""
        return self.result in {"apart", "unread", "CRASH"} or not self.same


def ours(model: Model) -> Run:
    """Return a run by Loopscope."""
    run = models.simulate(model)
    names = [name for name in run.data_vars if name != "status"]
    return run["time"].to_numpy(), {key(str(name)): run[name].to_numpy() for name in names}


def by_pysd(path: Path) -> Run:
    """Return a run by PySD."""
    import pysd

    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, Path(folder, f"model{path.suffix}"))
        read = pysd.read_vensim if path.suffix == ".mdl" else pysd.read_xmile
        return _columns(read(str(copy)).run())


def by_simlin(path: Path) -> Run:
    """Return a run by pysimlin."""
    import simlin

    return _columns(simlin.load(str(path)).run().results)


PROGRAMS: dict[str, Callable[[Path], Run]] = {"PySD": by_pysd, "pysimlin": by_simlin}


def _columns(table: object) -> Run:
    times = np.asarray(table.index, dtype=float)
    return times, {key(str(name)): np.asarray(table[name], dtype=float) for name in table.columns}


def apart(want: Run, got: Run, near: float) -> tuple[bool, list[str]]:
    """Return whether all bits are the same, and which variables are further apart than ``near``.

    Compared are the variables, and the times, that both have.
    """
    nearest = np.abs(got[0][None, :] - want[0][:, None]).argmin(axis=1)
    there = np.abs(got[0][nearest] - want[0]) < 1e-9
    same, far = True, []
    for name in want[1].keys() & got[1].keys():
        a, b = want[1][name][there], got[1][name][nearest[there]]
        same &= np.array_equal(a, b, equal_nan=True)
        size = float(np.nanmax(np.abs(a), initial=0.0))
        if not np.allclose(a, b, rtol=near, atol=near * size, equal_nan=True):
            far.append(name)
    return same, sorted(far)


def changed(model: Model, other: Model) -> list[str]:
    """Return the variables whose unit, range or documentation is not the same."""
    found = []
    for variable in model:
        try:
            twin = other.find(variable.name)
        except models.LoopscopeError:
            continue  # a table that stands in each variable that calls it
        texts = variable.units, variable.documentation.split(), finite(variable.limits)
        if texts != (twin.units, twin.documentation.split(), finite(twin.limits)):
            found.append(variable.name)
    return found


def examine(path: Path, file: str, form: str, programs: tuple[str, ...] = ()) -> Row | None:
    """Return what becomes of one file in one form; None where Loopscope does not run it."""
    try:
        model = models.load(path)
        want = ours(model)
    except models.LoopscopeError:
        return None
    try:
        written = FORMATS[form](model)
    except models.LoopscopeError as error:
        return Row(file, form, "refused", note=str(error))
    except Exception as error:
        traceback.print_exc()
        return Row(file, form, "CRASH", note=repr(error))
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder, f"{model.name}{form}")
        new.write_text(written.text, encoding="utf-8")
        try:
            back = models.load(new)
        except models.LoopscopeError as error:
            return Row(file, form, "unread", note=str(error))
        got = ours(back)
        bits, far = apart(want, got, NEAR)
        lost = want[1].keys() - got[1].keys()
        texts = [] if written.changes else changed(model, back)
        again = FORMATS[form](back).text == written.text
        others = tuple((name, _other(PROGRAMS[name], path, new, model)) for name in programs)
    notes = [f"apart: {', '.join(far)}"] if far else []
    notes += [f"lost: {', '.join(sorted(lost))}"] if lost else []
    notes += [f"other texts: {', '.join(texts)}"] if texts else []
    notes += ["not the same when written again"] if not again else []
    result = "apart" if far or lost else "bits" if bits else "near"
    return Row(file, form, result, again and not texts, "; ".join(notes), others)


def _other(run: Callable[[Path], Run], old: Path, new: Path, model: Model) -> str:
    """Say whether another program runs the new file as it runs the old one."""
    drawn = any(isinstance(one, Auxiliary) and one.equation.has(RandomUniform) for one in model)
    try:
        want, against = run(old), ""
    except Exception:
        want, against = ours(model), " (cannot run the old file)"
    try:
        got = run(new)
    except Exception as error:
        return f"fails{against}: {type(error).__name__} {error}".replace("\n", " ")[:100]
    _, far = apart(want, got, OTHERS_NEAR)
    far = [name for name in far if name != "saveper"]
    if far and drawn:
        return "ok, other random numbers"
    return f"apart{against}: {', '.join(far[:4])}" if far else f"ok{against}"


def examine_all(folder: Path, programs: tuple[str, ...] = ()) -> list[Row]:
    """Write every model file below a folder in each form."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    rows = [
        examine(path, path.relative_to(folder).as_posix(), form, programs)
        for path in paths
        for form in FORMS
    ]
    return [row for row in rows if row is not None]


def show(rows: list[Row]) -> None:
    """Print the table and the summary."""
    width = max((len(row.file) for row in rows), default=4)
    for row in rows:
        others = "  ".join(f"{name}: {said}" for name, said in row.others)
        mark = "!" if row.wrong else " "
        print(f"{row.file:{width}}  {row.form:6}  {row.result:7} {mark} {others}  {row.note[:120]}")
    print()
    for form in FORMS:
        some = [row for row in rows if row.form == form]
        counts = Counter(row.result for row in some)
        print(
            f"{form}: {len(some)} models:", ", ".join(f"{n} {what}" for what, n in counts.items())
        )
        for name in PROGRAMS:
            said = Counter(
                text.split(":")[0] for row in some for who, text in row.others if who == name
            )
            if said:
                print(f"  {name}:", ", ".join(f"{n} {what}" for what, n in said.most_common()))


def main(arguments: list[str] | None = None) -> int:
    """Convert the collection."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True, help="folder of the collection")
    parser.add_argument("--programs", action="store_true", help="run PySD and pysimlin as well")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    rows = examine_all(asked.models, tuple(PROGRAMS) if asked.programs else ())
    show(rows)
    return int(any(row.wrong for row in rows) or not rows)


if __name__ == "__main__":
    sys.exit(main())
