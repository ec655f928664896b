"""From runs to answers: comparisons, checks, the report, the command line.

>>> from loopscope import analysis
>>> compared = analysis.compare("migration_policy", ["base", "tightening"])
>>> compared.outcomes[0].variable
'irregular migrants'

Names are imported when they are first used: starting up stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopscope.analysis.checking.emptying import OutflowAtZero as OutflowAtZero
    from loopscope.analysis.checking.emptying import (
        first_order_outflows as first_order_outflows,
    )
    from loopscope.analysis.checks import Checked as Checked
    from loopscope.analysis.checks import Finding as Finding
    from loopscope.analysis.checks import check as check
    from loopscope.analysis.comparison import Comparison as Comparison
    from loopscope.analysis.comparison import Outcome as Outcome
    from loopscope.analysis.comparison import compare as compare
    from loopscope.analysis.fitting.fit import fit as fit
    from loopscope.analysis.fitting.fitted import Fitted as Fitted
    from loopscope.analysis.measures import Fit as Fit
    from loopscope.analysis.measures import fits as fits
    from loopscope.analysis.reality.verifying import Verdict as Verdict
    from loopscope.analysis.reality.verifying import verify as verify
    from loopscope.analysis.reports import report as report

_HOME = {
    "Checked": "checks",
    "Comparison": "comparison",
    "Finding": "checks",
    "Fit": "measures",
    "Fitted": "fitting.fitted",
    "Outcome": "comparison",
    "OutflowAtZero": "checking.emptying",
    "Verdict": "reality.verifying",
    "check": "checks",
    "compare": "comparison",
    "first_order_outflows": "checking.emptying",
    "fit": "fitting.fit",
    "fits": "measures",
    "report": "reports",
    "verify": "reality.verifying",
}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
