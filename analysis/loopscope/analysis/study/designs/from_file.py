"""The design "file": values that somebody else has drawn.

In: a CSV file whose first line names parameters, one run for each further line.  Refuses what is no
number, and what lies outside the limits of a parameter.
"""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from loopscope.analysis.study.designs.design import Design, within
from loopscope.models.errors import StudyError, shown
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loopscope.analysis.study.designs.design import Numbers, Space


@dataclass(frozen=True, eq=False)
class FilePoints:
    """Rows as the file has them."""

    runs: int
    values: Numbers
    info: dict[str, Any]
    direct: ClassVar[bool] = True

    def rows(self, first: int, last: int) -> Numbers:
        """Return values, dims (run, parameter)."""
        return self.values[first:last].copy()


class FromFile(Design):
    """Values from a file.

    Attributes
    ----------
    file
        A CSV file, sought from the folder of the study.
    """

    kind: Literal["file"] = "file"
    file: Annotated[str, Field(min_length=1)]
    no_correlations: ClassVar[str] = (
        "the values in the file go together as they stand; leave them out"
    )
    takes_columns: ClassVar[bool] = True

    def gives(self, name: str) -> bool:
        """Return True: the file has the values."""
        return True

    def columns(self, folder: str) -> tuple[str, ...]:
        """Return the names in the first line of the file.

        Raises
        ------
        StudyError
            No such file, none that can be read, or one without names.
        """
        _, names = next(_lines(Path(folder, self.file).expanduser()), (0, []))
        names = [name.strip() for name in names]
        if not all(names) or not names:
            msg = f"'{self.file}': the first line must name the parameters, with commas between"
            raise StudyError(msg)
        twice = next((n for i, n in enumerate(names) if key(n) in map(key, names[:i])), None)
        if twice is not None:
            msg = f"'{self.file}': two columns are named '{twice}'"
            raise StudyError(msg)
        return tuple(names)

    def plan(self, space: Space, runs: int | None, seed: int) -> FilePoints:
        """Return the first lines of the file, all where ``runs`` is left out.

        Raises
        ------
        StudyError
            No lines; a value that is no finite number, or outside the limits of its parameter.
        """
        lines = _lines(Path(space.folder, self.file).expanduser())
        next(lines, None)
        found: list[list[float]] = []
        for number, line in lines:
            if runs is not None and len(found) == runs:
                break
            where = f"'{self.file}', line {number}"
            if len(line) != space.width:
                msg = f"{where}: {len(line)} values for {space.width} columns"
                raise StudyError(msg)
            found.append(
                [_number(text, name, where) for text, name in zip(line, space.names, strict=True)]
            )
        if not found:
            msg = f"'{self.file}': holds no values, only names"
            raise StudyError(msg)
        values = np.array(found, dtype=np.float64)
        for name, column in zip(space.names, values.T, strict=True):
            within(space, name, tuple(column.tolist()))
        digest = hashlib.sha256(values.tobytes()).hexdigest()
        return FilePoints(len(values), values, {"kind": self.kind, "sha256": digest})


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Give each line that is not empty, with its number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for line in reader:
                if any(part.strip() for part in line):
                    yield reader.line_num, line
    except FileNotFoundError:
        msg = f"no file '{path}' for the design; it is sought from the folder of the study"
        raise StudyError(msg) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"'{path}' cannot be read as CSV: {error}"
        raise StudyError(msg) from None


def _number(text: str, name: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        msg = f"{where}: '{name}' must be a finite number, got {shown(text)}"
        raise StudyError(msg)
    return value
