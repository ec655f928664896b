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
    from loopscope.analysis.attributing.attribution import attribute as attribute
    from loopscope.analysis.behaviour.finding import modes as modes
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
    from loopscope.analysis.dominating.by_method import dominance_by_method as dominance_by_method
    from loopscope.analysis.dominating.deciding import deciding_parameters as deciding_parameters
    from loopscope.analysis.dominating.discovering import discover as discover
    from loopscope.analysis.dominating.flipping import smallest_change as smallest_change
    from loopscope.analysis.dominating.gathering import dominance as dominance
    from loopscope.analysis.dominating.indexing import dominance_indices as dominance_indices
    from loopscope.analysis.dominating.mapping import dominance_map as dominance_map
    from loopscope.analysis.fitting.fit import fit as fit
    from loopscope.analysis.fitting.fitted import Fitted as Fitted
    from loopscope.analysis.indices.analysing import sensitivity as sensitivity
    from loopscope.analysis.measures import Fit as Fit
    from loopscope.analysis.measures import fits as fits
    from loopscope.analysis.reality.verifying import Verdict as Verdict
    from loopscope.analysis.reality.verifying import verify as verify
    from loopscope.analysis.reports import report as report
    from loopscope.analysis.study.settled import Settled as Settled
    from loopscope.analysis.study.settling import settle as settle
    from loopscope.analysis.sweeping.sweep import sweep as sweep
    from loopscope.analysis.sweeping.swept import open_sweep as open_sweep
    from loopscope.analysis.sweeping.swept import statuses as statuses

_HOME = {
    "Checked": "checks",
    "Comparison": "comparison",
    "Finding": "checks",
    "Fit": "measures",
    "Fitted": "fitting.fitted",
    "Outcome": "comparison",
    "OutflowAtZero": "checking.emptying",
    "Settled": "study.settled",
    "Verdict": "reality.verifying",
    "attribute": "attributing.attribution",
    "check": "checks",
    "compare": "comparison",
    "deciding_parameters": "dominating.deciding",
    "discover": "dominating.discovering",
    "dominance": "dominating.gathering",
    "dominance_by_method": "dominating.by_method",
    "dominance_indices": "dominating.indexing",
    "dominance_map": "dominating.mapping",
    "first_order_outflows": "checking.emptying",
    "fit": "fitting.fit",
    "fits": "measures",
    "modes": "behaviour.finding",
    "open_sweep": "sweeping.swept",
    "report": "reports",
    "statuses": "sweeping.swept",
    "sweep": "sweeping.sweep",
    "sensitivity": "indices.analysing",
    "settle": "study.settling",
    "smallest_change": "dominating.flipping",
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
