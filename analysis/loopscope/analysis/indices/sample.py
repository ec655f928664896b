"""What every method is given: inputs, how they were designed, and how sure it shall be.

Stage 1 of 5.  In: the Dataset of a sweep.  Out: a ``Sample`` and ``Settings``.  No outcome is read
here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.models.errors import StudyError, shown

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEVELS, HARMONICS = 4, 4
"""What a Morris and a FAST design have where they do not say."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How intervals are made.

    Attributes
    ----------
    resamples
        Of the bootstrap; 0 makes no intervals, None leaves the number to the method.
    level
        Probability that an interval stands for, in (0, 1).
    seed
        Of the resamples.
    """

    resamples: int | None = None
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            msg = f"the level of an interval lies between 0 and 1, as 0.95 does; got {self.level!r}"
            raise StudyError(msg)
        if self.resamples is not None and (self.resamples < 0 or self.resamples == 1):
            msg = f"resamples must be 0 (no intervals) or at least 2, got {self.resamples!r}"
            raise StudyError(msg)

    @property
    def z(self) -> float:
        """Half the width of an interval, in standard deviations of a normal variable."""
        from scipy.special import ndtri

        return float(ndtri(0.5 + self.level / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Inputs of the runs that are used.

    Attributes
    ----------
    kind
        Of the design, as a study names it.
    parameters
        Authored names, one a column of ``inputs``.
    groups
        For each parameter the name of what it is moved together with; its own name if alone.
    inputs
        Dims (run, parameter).
    correlations
        Pairs of names with the rank correlation that the study asked for.
    second_order
        Of a Saltelli design: whether it holds the rows for second-order indices.
    levels, harmonics
        Of a Morris and of a FAST design.
    """

    kind: str
    parameters: tuple[str, ...]
    groups: tuple[str, ...]
    inputs: Numbers
    correlations: tuple[tuple[str, str, float], ...] = ()
    second_order: bool = False
    levels: int = LEVELS
    harmonics: int = HARMONICS

    @property
    def runs(self) -> int:
        """How many runs are used."""
        return int(self.inputs.shape[0])

    @property
    def grouped(self) -> tuple[str, ...]:
        """The names that indices of a grouped design stand for, in the order of the design."""
        return tuple(dict.fromkeys(self.groups))

    @property
    def step(self) -> int:
        """Runs that stand or fall together: a base row, a trajectory; else 1."""
        if self.kind == "saltelli":
            return (2 if self.second_order else 1) * len(self.grouped) + 2
        return len(self.grouped) + 1 if self.kind == "morris" else 1

    def kept(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Sample:
        """Return the sample with only some runs."""
        return replace(self, inputs=self.inputs[rows])

    def constants(self) -> tuple[str, ...]:
        """Return the parameters that have one value in all runs: nothing can be said of them."""
        if not self.runs:
            return ()
        same = np.all(self.inputs == self.inputs[0], axis=0)
        return tuple(name for name, one in zip(self.parameters, same, strict=True) if one)


def sample_of(swept: xr.Dataset) -> Sample:
    """Read the inputs of a sweep and what is recorded of its design.

    Raises
    ------
    StudyError
        The Dataset is not the result of a sweep, its design is not recorded, or runs are missing
        that the design cannot do without.
    """
    if "inputs" not in getattr(swept, "data_vars", {}) or "design" not in swept.attrs:
        msg = (
            "sensitivity needs the result of a sweep, with its variable 'inputs' and attribute "
            f"'design'; got {shown(type(swept).__name__)}: use analysis.sweep or open_sweep"
        )
        raise StudyError(msg)
    design = _design(swept)
    kind = str(design.get("kind", "file"))
    parameters = tuple(str(name) for name in swept["parameter"].values)
    inputs = np.asarray(swept["inputs"].transpose("run", "parameter").values, dtype=np.float64)
    sample = Sample(
        kind=kind,
        parameters=parameters,
        groups=_groups(design.get("groups"), parameters),
        inputs=inputs,
        correlations=tuple((str(a), str(b), float(r)) for a, b, r in design.get("correlated", ())),
        second_order=bool(design.get("second_order", False)),
        levels=int(design.get("levels", LEVELS)) if kind == "morris" else LEVELS,
        harmonics=int(design.get("harmonics", HARMONICS)),
    )
    if np.isnan(inputs).any():
        count = int(np.isnan(inputs).any(axis=1).sum())
        msg = (
            f"{count:,} runs of the sweep have no inputs: it was stopped; go on with --resume, or "
            "use open_sweep with incomplete=True"
        )
        raise StudyError(msg)
    _require_order(swept, sample, design.get("samples"))
    whole = sample.runs - sample.runs % sample.step
    return sample if whole == sample.runs else sample.kept(np.arange(whole))


def _design(swept: xr.Dataset) -> dict[str, Any]:
    given = swept.attrs["design"]
    try:
        found = json.loads(given)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, dict):
        msg = f"attribute 'design' of the sweep is not a JSON object: {shown(given)}"
        raise StudyError(msg)
    return found


def _require_order(swept: xr.Dataset, sample: Sample, samples: int | None) -> None:
    """Refuse runs of a design that stand in another order, or are not all there."""
    if sample.kind not in ("saltelli", "morris", "fast"):
        return
    numbers = swept["run"].values if "run" in swept.coords else np.arange(sample.runs)
    curves = len(sample.parameters) * (samples or 1)
    if not np.array_equal(numbers, np.arange(sample.runs)) or (
        sample.kind == "fast" and samples and sample.runs != curves
    ):
        msg = (
            f"a design of kind '{sample.kind}' needs its runs from 0 on, each in its place, and "
            "some are missing here; sweep to the end with --resume"
        )
        raise StudyError(msg)


def _groups(given: Any, parameters: tuple[str, ...]) -> tuple[str, ...]:
    """Return the group of each parameter, from lists of names."""
    of = {name: " + ".join(names) for names in given or () for name in names}
    return tuple(of.get(name, name) for name in parameters)
