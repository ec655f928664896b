"""One curve, used everywhere: in the search, the polish, the drawing and the metrics.

Beside every stage.  In: a bulge, and a place along the curve or a chord.  Out: where the curve is,
and where it points.  Plain formulas, for numbers and arrays alike; ``tracing`` compiles them.

With d the chord, Jd the chord turned by +90 degrees and h the bulge, the curve is
``P(t) = u + (t - 4 h^2 t (1-t) (1-2t)) d + 4 h t (1-t) Jd``: a cubic, a circular arc to the eye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

    Number = TypeVar("Number", float, Numbers)

GAP_AT_CAUSE = 2.0
GAP_AT_EFFECT = 3.0
"""Between the end of a drawn link and the box, in points."""


def bend(t: Number, h: Number) -> tuple[Number, Number]:
    """Return how far along the chord, and across it, a curve is at ``t``, in chord lengths."""
    return t - 4.0 * h * h * t * (1.0 - t) * (1.0 - 2.0 * t), 4.0 * h * t * (1.0 - t)


def directions(dx: Number, dy: Number, h: Number) -> tuple[Number, Number]:
    """Return the angles in which a curve leaves its cause, and comes to its effect seen from it."""
    a, b = 1.0 - 4.0 * h * h, 4.0 * h
    start = np.arctan2(a * dy + b * dx, a * dx - b * dy)
    end = np.arctan2(-a * dy + b * dx, -a * dx - b * dy)
    return start, end
