"""Find and score the loops of every model of a collection, and check what must hold of any.

Made for the public collection SDXorg/test-models, which is not part of this project; any folder of
model files will do.  Checked on each model with a stock that loads:

- the compiled search, which only graphs of many loops need, counts as many as networkx lists;
- each method scores them, or refuses in one line;
- a score that is "active" is a finite number;
- where anything is active in a partition, relative scores of Loops That Matter and of eigenvalue
  influence have magnitudes that sum to 1 there;
- nothing warns, and nothing takes longer than ``LONGEST``.

Run alone: ``python tests/programs/loop_corpus.py --models FOLDER``.  The exit code is 1 if any of
this fails.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from loopscope import loops, models
from loopscope.loops.finding import tally
from loopscope.loops.finding.universe import Budget, Universe
from loopscope.loops.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from loopscope.loops.finding.found import Loops

SUFFIXES = (".mdl", ".xmile", ".stmx")
SHARES = ("ltm", "ltm discrete", "influence")
"""What shares a total out among all loops of a partition."""

LONGEST = 10.0
"""Seconds for one method on one model."""

MOST = 2000
"""Loops up to which networkx is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The result for one file.

    Attributes
    ----------
    refused
        Methods that cannot read the model, in one line each.
    wrong
        What must not be.
    """

    file: str
    loops: int = 0
    note: str = ""
    refused: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


def flaws(scores: xr.Dataset, method: str) -> list[str]:
    """Return what is wrong with the scores of all loops of a model."""
    status = scores["status"].values.astype(str)
    found = [
        f"{name} of an active score is no finite number"
        for name in ("relative", "raw")
        if not np.isfinite(scores[name].values[status == "active"]).all()
    ]
    if "imag" in scores and np.isfinite(scores["imag"].values[status == "undefined"]).any():
        found.append("imag of an undefined score is a number")
    if method not in SHARES:
        return found
    size = np.abs(np.nan_to_num(scores["relative"].values))
    numbers = scores["partition"].values
    for number in np.unique(numbers):
        inside = numbers == number
        active = (status[..., inside] == "active").any(axis=-1)
        if np.any(active & (np.abs(size[..., inside].sum(axis=-1) - 1.0) > 1e-9)):
            found.append(f"relative scores of partition {number} do not sum to 1")
    return found


def scored(found: Loops, method: str, run: xr.Dataset, steps: xr.Dataset) -> xr.Dataset:
    """Return scores by a method; ``steps`` has every time step."""
    if method == "ltm discrete":
        return loops.score(found, steps, "ltm", form="discrete")
    return loops.score(found, run, method)


def examine(path: Path, file: str, tell: Callable[..., None] = print) -> Row:
    """Find and score the loops of one file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the file, told elsewhere
            model = models.load(path)
    except models.LoopscopeError:
        return Row(file=file, note="not read")
    if not model.stocks:
        return Row(file=file, note="no stock")
    wrong: list[str] = []
    refused: list[str] = []
    found = None
    try:
        found = loops.find(model)
        if len(found) <= MOST:
            counted = tally.count(Universe(found.graph), Budget()).loops
            listed = sum(1 for _ in nx.simple_cycles(nx.DiGraph(found.graph.pairs)))
            if not len(found) == counted == listed:
                wrong.append(f"{len(found)} loops found, {counted} counted, {listed} listed")
        if not len(found):
            return Row(file=file, note="no loop", wrong=tuple(wrong))
        run = models.simulate(model)
        steps = models.simulate(model, saveper=float(run.attrs["dt"]))
        for method in (*METHODS, "ltm discrete"):
            begun = time.perf_counter()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    scores = scored(found, method, run, steps)
            except models.LoopscopeError as error:
                refused.append(method)
                if "\n" in str(error):
                    wrong.append(f"{method}: a refusal of several lines")
                continue
            wrong += [f"{method}: {flaw}" for flaw in flaws(scores, method)]
            if time.perf_counter() - begun > LONGEST:
                wrong.append(f"{method}: took more than {LONGEST:g} s")
    except models.LoopscopeError as error:
        return Row(file=file, note=f"refused: {error}", wrong=tuple(wrong))
    except Exception as error:
        tell(traceback.format_exc())
        wrong.append(f"{type(error).__name__}: {error}")
    count = 0 if found is None else len(found)
    return Row(file=file, loops=count, refused=tuple(refused), wrong=tuple(wrong))


def examine_all(folder: Path) -> list[Row]:
    """Examine every model file below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return [examine(path, path.relative_to(folder).as_posix()) for path in paths]


def main(arguments: list[str] | None = None) -> int:
    """Run the collection and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True, help="folder of the collection")
    rows = examine_all(parser.parse_args(arguments).models)
    if not rows:
        print("no model files there")
        return 2
    width = max(len(row.file) for row in rows)
    for row in rows:
        told = "; ".join((*row.wrong, *((f"no {one}") for one in row.refused), row.note))
        print(f"{row.file:{width}}  {row.loops:6}  {'!' if row.wrong else ' '} {told[:150]}")
    looped = [row for row in rows if row.loops]
    print(f"{len(rows)} files, {len(looped)} with loops, {sum(bool(r.wrong) for r in rows)} wrong")
    return int(any(row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())
