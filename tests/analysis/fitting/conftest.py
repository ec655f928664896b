"""Small models with cases, for tests of fits."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from loopscope import models

LINE = """{UTF-8}
x = INTEG(slope, start) ~ people ~ |
slope = 2 ~ people/year [-10,10] ~ |
start = 5 ~ people [0,20] ~ |
unused = 1 ~ dmnl [0,2] ~ |
rate = slope * part * share ~ people/year ~ |
y = INTEG(rate, 0) ~ people ~ |
part = 1 ~ dmnl [0.1,3] ~ |
share = 1 ~ dmnl [0.1,3] ~ |
INITIAL TIME = 0 ~ year ~ |
FINAL TIME = 12 ~ year ~ |
TIME STEP = 1 ~ year ~ |
SAVEPER = TIME STEP ~ year ~ |
"""


@dataclass(frozen=True)
class Written:
    """A model file with a case file beside it."""

    path: object
    model: object

    def case(self, name="c"):
        return models.cases(self.path)[name]


def toml(value):
    if isinstance(value, dict):
        inside = ", ".join(f'"{key}" = {toml(one)}' for key, one in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple | np.ndarray):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value)
    return repr(float(value)).replace("nan", "nan")


@pytest.fixture
def written(tmp_path):
    """Write a model and one case of it from plain values."""

    def write(*observed, free=(), text=LINE, settings=None, initial=None, start=0, stop=12):
        path = tmp_path / "line.mdl"
        path.write_text(text, encoding="utf-8")
        lines = ["[[case]]", 'name = "c"', f"start = {start}", f"stop = {stop}"]
        for table, values in (("set", settings), ("initial", initial)):
            if values:
                lines += [f"[case.{table}]", *(f'"{k}" = {toml(v)}' for k, v in values.items())]
        for table, records in (("free", free), ("observed", observed)):
            for record in records:
                lines += [f"[[case.{table}]]", *(f"{k} = {toml(v)}" for k, v in record.items())]
        tmp_path.joinpath("line.cases.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Written(path, models.load(path))

    return write


@pytest.fixture
def series():
    """Return one observed series as a record of a case file."""

    def record(times, values, variable="x", unit="people", **more):
        return {
            "variable": variable, "series": "s", "unit": unit, "source": "made for a test",
            "times": list(times), "values": list(values), **more,
        }  # fmt: skip

    return record
