"""Models written and read back, without a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loopscope import models
from loopscope.models import source
from loopscope.models.model import Auxiliary
from loopscope.models.names import key
from loopscope.models.translate import translate
from loopscope.models.writing.vensim_file import vensim_file
from loopscope.models.writing.xmile_file import xmile_file

CLOCK = "\nINITIAL TIME=0~Year~|\nFINAL TIME=10~Year~|\nTIME STEP=0.25~Year~|\nSAVEPER=0.5~Year~|\n"
KNOWN = "a=2~~|\nb=3~~|\nc=-5~~|\nd=0.1~~|\nwave=SIN(Time)~~|\nt((0,1),(2,3),(9,-4))~~|\n"


def read_text(text: str, suffix: str, name: str = "case"):
    """Return the model that a text holds."""
    return translate(source.read(text.encode(), Path(f"case{suffix}"), name))


@pytest.fixture(scope="session")
def vensim():
    """Read the text of a Vensim file, with known variables and a clock added."""

    def read(text: str, clock: str = CLOCK):
        return read_text("{UTF-8}\n" + KNOWN + text + clock, ".mdl")

    return read


@pytest.fixture(scope="session")
def xmile():
    """Read XMILE variables, with what stands around them added."""

    def read(variables: str, specs: str = "", before: str = ""):
        return read_text(
            '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" version="1.0">'
            f"<sim_specs {specs or 'method=' + chr(34) + 'euler' + chr(34)}>"
            f"<start>0</start><stop>10</stop><dt>0.25</dt></sim_specs>{before}"
            f"<model><variables>{variables}</variables></model></xmile>",
            ".xmile",
        )

    return read


@pytest.fixture(scope="session")
def known(vensim):
    return vensim("x=1~~|\n")


@pytest.fixture(scope="session")
def put(known):
    """Return the model with an expression as the equation of 'x'."""

    def model(expression, method="Euler"):
        equation = Auxiliary(name="x", equation=expression)
        clock = replace(known.clock, method=method)
        return replace(known, variables={**known.variables, "x": equation}, clock=clock)

    return model


WRITERS = {".mdl": vensim_file, ".xmile": xmile_file}


@pytest.fixture(scope="session", params=sorted(WRITERS))
def suffix(request):
    return request.param


@pytest.fixture(scope="session")
def again():
    """Return a model written as one kind of file and read back, which writing leaves as it is."""

    def back(model, suffix):
        text = WRITERS[suffix](model).text
        read = read_text(text, suffix, model.name)
        assert WRITERS[suffix](read).text == text
        return read

    return back


@pytest.fixture(scope="session")
def assert_same_run():
    """Every variable of the first model has the same values in both, to the last bit or nearly."""

    def check(model, other, *, bits=True, near=()):
        first, second = models.simulate(model), models.simulate(other)
        names = {key(str(name)): name for name in second.data_vars}
        for name in first.data_vars:
            if name == "status":
                continue
            want, got = first[name].to_numpy(), second[names[key(str(name))]].to_numpy()
            if bits and name not in near:
                np.testing.assert_array_equal(got, want, err_msg=str(name))
            else:
                size = max(float(np.abs(want).max()), 1e-300)
                np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12 * size)

    return check
