"""Small models for the tests of this room, written as text."""

from __future__ import annotations

import pytest
import sympy as sp

from loopscope.models import source
from loopscope.models.model import Parameter
from loopscope.models.plain import evaluate

CLOCK = "\nINITIAL TIME=0~Year~|\nFINAL TIME=10~Year~|\nTIME STEP=0.25~Year~|\nSAVEPER=1~Year~|\n"
KNOWN = "a=2~~|\nb=3~~|\nc=5~~|\nd=0.1~~|\n"
VALUES = {"a": 2.0, "b": 3.0, "c": 5.0, "d": 0.1, "Time": 4.0, "TIME STEP": 0.25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("translate")


@pytest.fixture(scope="module")
def load(folder):
    """Load the text of a Vensim file, with a clock added."""

    def read(text: str, clock: str = CLOCK):
        path = folder / "case.mdl"
        path.write_text("{UTF-8}\n" + text + clock, encoding="utf-8")
        return source.load(path)

    return read


@pytest.fixture(scope="module")
def load_xmile(folder):
    """Load XMILE variables, with what stands around them added."""

    def read(variables: str, before: str = ""):
        path = folder / "case.xmile"
        path.write_text(
            '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" version="1.0">'
            f"<sim_specs><start>0</start><stop>10</stop><dt>0.25</dt></sim_specs>{before}"
            f"<model><variables>{variables}</variables></model></xmile>",
            encoding="utf-8",
        )
        return source.load(path)

    return read


@pytest.fixture(scope="module")
def value(load):
    """Evaluate one Vensim equation over a=2, b=3, c=5, d=0.1, Time=4, TIME STEP=0.25."""

    def compute(equation: str) -> float:
        variable = load(f"{KNOWN}x={equation}~~|").find("x")
        if isinstance(variable, Parameter):
            return variable.value
        return evaluate(variable.equation, {sp.Symbol(k, real=True): v for k, v in VALUES.items()})

    return compute
