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
    from loopscope.models.engine.simulate import simulate as simulate
    from loopscope.models.equations import Equations as Equations
    from loopscope.models.errors import LoopscopeError as LoopscopeError
    from loopscope.models.model import Model as Model
    from loopscope.models.scenario import Case as Case
    from loopscope.models.scenario import Scenario as Scenario
    from loopscope.models.scenario import cases as cases
    from loopscope.models.scenario import scenarios as scenarios
    from loopscope.models.source import library as library
    from loopscope.models.source import load as load
    from loopscope.models.symbolic import symbolise as symbolise

_HOME = {
    "Case": "scenario",
    "Equations": "equations",
    "LoopscopeError": "errors",
    "Model": "model",
    "Scenario": "scenario",
    "cases": "scenario",
    "library": "source",
    "load": "source",
    "scenarios": "scenario",
    "simulate": "engine.simulate",
    "symbolise": "symbolic",
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
