"""What a job gives, before anything is computed.

Stage 1 of 5.  In: nothing.  Out: records of dims, types and attributes, filled in by ``job`` and
read by ``outline``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the result.

    Attributes
    ----------
    dims
        ``run`` first; without ``scenario``.
    dtype
        Real or whole numbers.
    attrs
        Plain values: text, numbers, lists of them.
    fill
        What stands where nothing was computed.
    """

    dims: tuple[str, ...]
    dtype: np.dtype[Any]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    fill: float = float("nan")


@dataclass(frozen=True, slots=True)
class Coord:
    """Values along a dim other than ``run`` and ``scenario``: numbers or text."""

    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """All that is known of a job's arrays before it runs.

    Attributes
    ----------
    variables, coords
        By name.  A coordinate under the name of its dim is the index of that dim.
    attrs
        Of the result: text.
    """

    variables: Mapping[str, Variable]
    coords: Mapping[str, Coord]
    attrs: Mapping[str, str]
