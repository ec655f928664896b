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
    from loopscope.analysis.checks import Checked as Checked
    from loopscope.analysis.checks import Finding as Finding
    from loopscope.analysis.checks import check as check
    from loopscope.analysis.comparison import Comparison as Comparison
    from loopscope.analysis.comparison import Outcome as Outcome
    from loopscope.analysis.comparison import compare as compare
    from loopscope.analysis.measures import Fit as Fit
    from loopscope.analysis.measures import fit as fit
    from loopscope.analysis.reports import report as report

_HOME = {
    "Checked": "checks",
    "Comparison": "comparison",
    "Finding": "checks",
    "Fit": "measures",
    "Outcome": "comparison",
    "check": "checks",
    "compare": "comparison",
    "fit": "measures",
    "report": "reports",
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
