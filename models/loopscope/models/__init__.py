"""From a file to a run: read a stock-and-flow model, write out its equations, simulate it.

>>> from loopscope import models
>>> model = models.load("migration_policy")
>>> run = models.simulate(model, scenario="tightening")

Names are imported when they are first used: starting up stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopscope.models.case import Case as Case
    from loopscope.models.case import cases as cases
    from loopscope.models.claim import Claim as Claim
    from loopscope.models.claim import Claims as Claims
    from loopscope.models.claim import claims as claims
    from loopscope.models.engine.simulate import simulate as simulate
    from loopscope.models.equations import Equations as Equations
    from loopscope.models.errors import LoopscopeError as LoopscopeError
    from loopscope.models.expectation import Expectation as Expectation
    from loopscope.models.model import Model as Model
    from loopscope.models.scenario import Scenario as Scenario
    from loopscope.models.scenario import scenarios as scenarios
    from loopscope.models.sensitivity import sensitivities as sensitivities
    from loopscope.models.source import library as library
    from loopscope.models.source import load as load
    from loopscope.models.statement import Statement as Statement
    from loopscope.models.statement_file import statements as statements
    from loopscope.models.symbolic import symbolise as symbolise
    from loopscope.models.units import UnitFinding as UnitFinding
    from loopscope.models.units import check_units as check_units
    from loopscope.models.writing.saving import write as write
    from loopscope.models.writing.view import View as View

_HOME = {
    "Case": "case",
    "Claim": "claim",
    "Claims": "claim",
    "Equations": "equations",
    "Expectation": "expectation",
    "LoopscopeError": "errors",
    "Model": "model",
    "Scenario": "scenario",
    "Statement": "statement",
    "UnitFinding": "units",
    "View": "writing.view",
    "cases": "case",
    "check_units": "units",
    "claims": "claim",
    "library": "source",
    "load": "source",
    "scenarios": "scenario",
    "sensitivities": "sensitivity",
    "simulate": "engine.simulate",
    "statements": "statement_file",
    "symbolise": "symbolic",
    "write": "writing.saving",
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
