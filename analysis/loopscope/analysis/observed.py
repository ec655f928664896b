"""Observed series in the unit of the variable they are compared with.

In: a series as a case holds it, and the unit of the model's variable.  Out: the same series,
converted where its unit is a multiple of that one ("thousand people"), refused where it measures
something else.  Nothing is guessed: a unit that is missing on one side is a mistake as well.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from loopscope.models.case import Observed


def in_units_of(observed: Observed, variable: str, units: str) -> Observed:
    """Return a series in the unit of the model's variable.

    Parameters
    ----------
    variable, units
        Authored name and unit of the variable.

    Raises
    ------
    RunError
        The two units do not measure the same thing, or cannot be read; the message has both.
    """
    if observed.unit.strip() == units.strip():
        return observed
    factor = _factor(observed.unit.strip(), units.strip())
    if factor is None:
        shown = (observed.unit.strip() or "nothing", units.strip() or "nothing")
        msg = (
            f"series '{observed.series}' of '{variable}' is in '{shown[0]}', but the variable is "
            f"in '{shown[1]}'; give the series in that unit, or in a multiple such as 'thousand "
            f"{units.strip()}'"
        )
        raise RunError(msg)
    if factor == 1.0:
        return observed.model_copy(update={"unit": units})
    error = observed.error
    if error is not None and error.absolute is not None:
        error = error.model_copy(update={"absolute": error.absolute * factor})
    values = tuple(value * factor for value in observed.values)
    return observed.model_copy(update={"unit": units, "values": values, "error": error})


@cache
def _factor(given: str, wanted: str) -> float | None:
    """Return how many of one unit make another; None where they measure different things."""
    from loopscope.models.unit_names import UnitNames, UnitTextError

    if not given or not wanted:
        return None
    names = UnitNames()
    try:
        return names.factor(names.read(given), names.read(wanted))
    except UnitTextError:
        return None
