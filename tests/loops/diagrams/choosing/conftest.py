"""Models with loops, found and scored once, for the tests of what a diagram shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from loopscope import loops, models

PLANT = """
    seen=SMOOTH3(orders, 2)
    orders=max(0, goal-stock)
    goal=100+0.1*sold
    making=seen*0.5
    waste=0.05*stock
    stock=INTEG(making-selling-waste, 20)
    selling=0.2*stock
    sold=INTEG(selling-forgetting, 0)
    forgetting=0.1*sold
"""


@dataclass(frozen=True)
class Scored:
    """Loops and their scores along one run."""

    found: Any
    scores: Any
    run: Any


@pytest.fixture(scope="session")
def score():
    """Find and score the loops of a model."""

    def made(model, *, view="full", method="ltm", **request):
        run = models.simulate(model, **request)
        found = loops.find(model, view=view)
        return Scored(found, loops.score(found, run, method=method), run)

    return made


@pytest.fixture(scope="session")
def sick(sir, score):
    """An epidemic: R1 contagion, B1 depletion, B2 recovery."""
    return score(sir)


@pytest.fixture(scope="session")
def plant(read, score):
    """A stock that is made to an order seen late, with a sign that is not proved."""
    return score(read(PLANT, name="plant", stop=20))


@pytest.fixture(scope="session")
def parts(read, score):
    """Two partitions: a big one of three loops, and a tank of its own."""
    model = read(
        """
        a=INTEG(b-0.1*a, 1)
        b=INTEG(0.3*a-b, 2)
        c=INTEG(leak-drip, 5)
        leak=0.2*(3-c)
        drip=0.05*c
        """,
        name="parts",
    )
    return score(model)
