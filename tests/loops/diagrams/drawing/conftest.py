"""A run whose dominance shifts, laid out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from loopscope import loops, models
from loopscope.loops.diagrams.records import Layout

LOGISTIC = """
    r=0.3
    K=100
    births=r*P
    deaths=r*P*P/K
    P=INTEG(births-deaths, 1)
"""


@dataclass(frozen=True)
class Played:
    """What an animation is made of."""

    found: Any
    scores: Any
    run: Any
    options: dict[str, Any]

    @property
    def given(self):
        return self.found, self.scores


@pytest.fixture(scope="session")
def played(read):
    """Return logistic growth, scored: growth leads at first, saturation later."""
    model = read(LOGISTIC, stop=30, dt=0.5, name="growth")
    run = models.simulate(model)
    found = loops.find(model)
    places = {"P": (0.0, 0.0), "births": (-150.0, 20.0), "deaths": (150.0, -20.0)}
    pairs = [("births", "P"), ("P", "births"), ("deaths", "P"), ("P", "deaths")]
    layout = Layout(places, dict.fromkeys(pairs, 0.25))
    options = {"layout": layout, "pinned": tuple(places), "title": "Growth"}
    return Played(found, loops.score(found, run), run, options)
