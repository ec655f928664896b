"""Feedback loops of a model: from its equations to links, loops, gains and scores.

>>> from loopscope import loops, models
>>> model = models.load("migration_policy")
>>> graph = loops.trace(model)

The middle room of three: it reads what ``loopscope.models`` offers and knows nothing of
``loopscope.analysis``.  Names are imported when they are first used: starting up stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopscope.loops.batch.scoring import batch_scores as batch_scores
    from loopscope.loops.compare import Comparison as Comparison
    from loopscope.loops.compare import compare_methods as compare_methods
    from loopscope.loops.diagrams.choosing.asking import diagram as diagram
    from loopscope.loops.diagrams.drawing.animation import animate as animate
    from loopscope.loops.diagrams.drawing.strips import strip as strip
    from loopscope.loops.diagrams.exporting.kept import read_diagram as read_diagram
    from loopscope.loops.diagrams.multiples import multiples as multiples
    from loopscope.loops.dominance import Period as Period
    from loopscope.loops.dominance import periods as periods
    from loopscope.loops.eigen.leading import leading_mode as leading_mode
    from loopscope.loops.eigen.link_influence import link_influences as link_influences
    from loopscope.loops.eigen.link_influence import parameter_influences as parameter_influences
    from loopscope.loops.eigen.overall import overall_influence as overall_influence
    from loopscope.loops.eigen.polynomial import LoopPolynomial as LoopPolynomial
    from loopscope.loops.eigen.polynomial import (
        characteristic_polynomial as characteristic_polynomial,
    )
    from loopscope.loops.eigen.set_influence import set_influences as set_influences
    from loopscope.loops.eigen.weights import local_state as local_state
    from loopscope.loops.eigen.weights import mode_weights as mode_weights
    from loopscope.loops.eigen.weights import weight_sensitivities as weight_sensitivities
    from loopscope.loops.finding.discover import find as find
    from loopscope.loops.finding.found import Loops as Loops
    from loopscope.loops.forms.agreement import Audit as Audit
    from loopscope.loops.forms.formulation import audit as audit
    from loopscope.loops.graph import CausalGraph as CausalGraph
    from loopscope.loops.graph import trace as trace
    from loopscope.loops.loop import Loop as Loop
    from loopscope.loops.methods import score as score
    from loopscope.loops.replay import along as along
    from loopscope.loops.rest.continuation import Branch as Branch
    from loopscope.loops.rest.continuation import follow as follow
    from loopscope.loops.rest.equilibrium import Equilibria as Equilibria
    from loopscope.loops.rest.equilibrium import equilibria as equilibria
    from loopscope.loops.scores.impact import impacts as impacts
    from loopscope.loops.scores.newton import forces as forces
    from loopscope.loops.scores.newton import works as works
    from loopscope.loops.scores.pathway import participation as participation
    from loopscope.loops.scores.system_change import system_change as system_change
    from loopscope.loops.signs.observed import observe as observe
    from loopscope.loops.signs.polarity import Polarity as Polarity
    from loopscope.loops.signs.polarity import prove as prove
    from loopscope.loops.signs.regions import Region as Region
    from loopscope.loops.signs.regions import formula as formula
    from loopscope.loops.signs.regions import latex as latex
    from loopscope.loops.signs.regions import region as region
    from loopscope.loops.views import fold as fold

_HOME = {
    "Audit": "forms.agreement",
    "Branch": "rest.continuation",
    "CausalGraph": "graph",
    "Comparison": "compare",
    "Equilibria": "rest.equilibrium",
    "Loop": "loop",
    "LoopPolynomial": "eigen.polynomial",
    "Loops": "finding.found",
    "Period": "dominance",
    "Polarity": "signs.polarity",
    "Region": "signs.regions",
    "along": "replay",
    "animate": "diagrams.drawing.animation",
    "audit": "forms.formulation",
    "batch_scores": "batch.scoring",
    "characteristic_polynomial": "eigen.polynomial",
    "compare_methods": "compare",
    "diagram": "diagrams.choosing.asking",
    "equilibria": "rest.equilibrium",
    "find": "finding.discover",
    "fold": "views",
    "follow": "rest.continuation",
    "forces": "scores.newton",
    "formula": "signs.regions",
    "impacts": "scores.impact",
    "latex": "signs.regions",
    "leading_mode": "eigen.leading",
    "link_influences": "eigen.link_influence",
    "local_state": "eigen.weights",
    "mode_weights": "eigen.weights",
    "multiples": "diagrams.multiples",
    "observe": "signs.observed",
    "overall_influence": "eigen.overall",
    "parameter_influences": "eigen.link_influence",
    "participation": "scores.pathway",
    "periods": "dominance",
    "prove": "signs.polarity",
    "read_diagram": "diagrams.exporting.kept",
    "region": "signs.regions",
    "score": "methods",
    "set_influences": "eigen.set_influence",
    "strip": "diagrams.drawing.strips",
    "system_change": "scores.system_change",
    "trace": "graph",
    "weight_sensitivities": "eigen.weights",
    "without": "modules",
    "works": "scores.newton",
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
