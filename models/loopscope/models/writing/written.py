"""What writing a model gives, and the refusal to write one.

Stage 1 of 5, the other way.  In: nothing.  Out: ``Written``, and ``UnsupportedError`` with every
place that a dialect cannot say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopscope.models.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loopscope.models.model import Model


@dataclass(frozen=True, slots=True)
class Written:
    """A model in another form.

    Attributes
    ----------
    text
        The whole file.
    changes
        What is different from the model, one line each: what had to be said in other words, and
        what could not be carried.
    """

    text: str
    changes: tuple[str, ...] = ()


def refuse_all(model: Model, dialect: str, obstacles: Iterable[tuple[str, str]]) -> None:
    """Raise ``UnsupportedError`` if there is an obstacle, with all of them."""
    places = tuple(obstacles)
    if not places:
        return
    listed = ", ".join(f"'{name}' ({construct})" for name, construct in places)
    count = f"{len(places)} place{'s' if len(places) > 1 else ''}"
    msg = (
        f"{model.name}: cannot be written for {dialect}, in {count}: {listed}; rewrite these "
        "equations, or write the other kind of file"
    )
    raise UnsupportedError(msg, places)


def finite(limits: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    """Return declared limits with one that is not finite taken for none."""
    low, high = (None if one is None or not math.isfinite(one) else one for one in limits)
    return low, high
