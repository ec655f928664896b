"""What each constant of a model rests on: its ``parameters.toml``.

Before a run.  In: ``<model>.parameters.toml`` or ``parameters.toml`` beside a model file.  Out:
checked records by name.  Whether they agree with the model is what ``check`` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import model_validator

from loopscope.models.distribution import AnyDistribution, Fixed
from loopscope.models.errors import ReadError
from loopscope.models.scenario import Finite, Named, beside, read_toml, records_of

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "parameter"


class Declared(Named):
    """One constant.

    Attributes
    ----------
    default, range
        In ``unit``; the range is that in which the model makes sense.
    distribution
        How uncertain the constant is, for sweeps; within the range.
    evidence
        A mark that says how good the source is; the file explains its marks.
    """

    symbol: str = ""
    unit: str = ""
    default: Finite
    range: tuple[Finite, Finite]
    distribution: AnyDistribution = Fixed()
    source: str = ""
    evidence: str = ""

    @model_validator(mode="after")
    def _within(self) -> Declared:
        low, high = self.range
        if high < low:
            msg = f"the range is reversed: [{low:g}, {high:g}]"
            raise ValueError(msg)
        if not isinstance(self.distribution, Fixed):
            least, greatest = self.distribution.ends
            if least < low or greatest > high:
                msg = (
                    f"the distribution reaches from {least:g} to {greatest:g}, outside the range "
                    f"[{low:g}, {high:g}]"
                )
                raise ValueError(msg)
        return self


def declared(model_path: str | Path) -> dict[str, Declared]:
    """Return what a model's ``parameters.toml`` declares, by name, in file order.

    No file, no declarations.

    Raises
    ------
    ReadError
        The file cannot be read, or a record is not as it should be; the message names file and
        constant.
    """
    path = beside(model_path, "parameters.toml")
    content = read_toml(path)
    if set(content) - {TABLE} or not isinstance(content.get(TABLE, []), list):
        msg = f"{path.name}: constants stand under [[{TABLE}]], and nothing else in the file"
        raise ReadError(msg)
    found = records_of(content, TABLE, Declared, path.name)
    return {record.name: record for record in found.values()}
