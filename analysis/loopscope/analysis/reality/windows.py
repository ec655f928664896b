"""Statements of the kinds ``window`` and ``extreme condition``: measures lie in their windows.

In: a ``Window``.  Out: one figure for each expectation in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.reality.measuring import Figure, judge

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Window


def evaluate(bench: Bench, statement: Window) -> list[Figure]:
    """Return what was found."""
    return judge(bench, statement.expected, statement.setups())
