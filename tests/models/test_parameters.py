"""What ``parameters.toml`` declares."""

from __future__ import annotations

import tomllib

import pytest

from loopscope.models.distribution import Fixed, Triangular
from loopscope.models.errors import ReadError
from loopscope.models.parameters import declared
from loopscope.models.source import LIBRARY

MIGRATION = LIBRARY / "migration_policy" / "model.mdl"
ROW = '[[parameter]]\nname = "a"\ndefault = 1.0\nrange = [0.0, 2.0]\n'


def test_every_row_of_the_library_model_is_read_in_file_order():
    with MIGRATION.with_name("parameters.toml").open("rb") as file:
        rows = tomllib.load(file)["parameter"]
    found = declared(MIGRATION)
    assert list(found) == [row["name"] for row in rows]
    assert [one.default for one in found.values()] == [row["default"] for row in rows]
    assert found["native fertility"].distribution == Triangular(low=1.2, mode=1.6, high=2.1)
    assert isinstance(found["initial natives"].distribution, Fixed)
    for one, row in zip(found.values(), rows, strict=True):
        assert one.distribution.kind == row["distribution"]["kind"]


def test_no_file_declares_nothing_and_a_file_of_the_models_own_name_comes_first(tmp_path):
    assert declared(tmp_path / "pond.mdl") == {}
    (tmp_path / "parameters.toml").write_text(ROW)
    (tmp_path / "pond.parameters.toml").write_text(ROW.replace('"a"', '"b"'))
    assert list(declared(tmp_path / "pond.mdl")) == ["b"]
    assert list(declared(tmp_path / "lake.mdl")) == ["a"]


WRONG = [
    (ROW + ROW.replace('"a"', '"A"'), "two parameters are named 'A'"),
    (ROW.replace("[0.0, 2.0]", "[2.0, 0.0]"), r"parameter 'a': the range is reversed: \[2, 0\]"),
    (ROW + 'distribution = { kind = "uniform", low = 0 }\n', "'a': distribution: .* needs 'high'"),
    (
        ROW + 'distribution = { kind = "uniform", low = -1, high = 1 }\n',
        r"reaches from -1 to 1, outside the range \[0, 2\]",
    ),
    (ROW.replace("default = 1.0\n", ""), "'a': default: Field required"),
    (ROW + "colour = 1\n", "'a': colour: not a known field"),
    ("[parameter]\na = 1\n", r"constants stand under \[\[parameter\]\]"),
    ("[[parametr]]\na = 1\n", r"constants stand under \[\[parameter\]\]"),
    ("[[parameter]\n", "not readable as TOML"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_file_that_is_not_as_it_should_be_is_refused_by_name(text, message, tmp_path):
    (tmp_path / "parameters.toml").write_text(text)
    with pytest.raises(ReadError, match=rf"parameters\.toml.*{message}"):
        declared(tmp_path / "model.mdl")
