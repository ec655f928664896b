"""The page on constants has each of them once, as ``parameters.toml`` has it."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import replace

import pytest

from loopscope import models
from loopscope.analysis.parameter_tables import markdown
from loopscope.models.errors import ReadError
from loopscope.models.source import LIBRARY

MODEL = models.load("migration_policy")
FILE = LIBRARY / "migration_policy" / "parameters.toml"


def rows(text):
    cells = (re.split(r"(?<!\\)\|", line) for line in text.splitlines() if line.startswith("| `"))
    return [[cell.strip().strip("`") for cell in row[1:-1]] for row in cells]


def test_every_constant_of_the_file_has_one_row_with_its_default_and_mark():
    with FILE.open("rb") as file:
        known = tomllib.load(file)["parameter"]
    shown = {row[1]: row for row in rows(markdown(MODEL))}
    assert len(shown) == len(rows(markdown(MODEL))) == len(known)
    for one in known:
        row = shown[one["name"]]
        assert float(row[2].replace(",", "")) == pytest.approx(one["default"], rel=1e-9)
        assert (row[0], row[3], row[6]) == (one["symbol"], one["unit"], one["evidence"])


def test_the_marks_are_counted():
    text = markdown(MODEL)
    counts = {m: int(n) for m, n in re.findall(r"^\| \*\*(\w)\*\* \|.*\| (\d+) \|$", text, re.M)}
    assert counts == Counter(row[6] for row in rows(text))


def test_a_model_without_the_file_has_no_page_and_a_broken_file_is_refused(tmp_path):
    elsewhere = replace(MODEL, path=str(tmp_path / "model.mdl"))
    assert markdown(elsewhere) == ""
    (tmp_path / "parameters.toml").write_text("[[parameter]\n")
    with pytest.raises(ReadError, match=r"parameters\.toml"):
        markdown(elsewhere)
