"""Names in equations that no equation defines.

In: the error with which ``load`` refuses such a model.  Out: a finding for each name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.checking.finding import Finding

if TYPE_CHECKING:
    from loopscope.models.errors import UndefinedError


def undefined(error: UndefinedError) -> tuple[Finding, ...]:
    """Return one finding for each equation and name that it misses."""
    return tuple(
        Finding(
            level="wrong",
            check="undefined",
            where=owner,
            what=f"its equation names '{name}', which nothing defines{hint}",
            details={"name": name},
        )
        for owner, name, hint in error.places
    )
