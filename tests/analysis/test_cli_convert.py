"""``loopscope convert``: files of other programs, written all or none, and what is told."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from loopscope import models

NS = {"x": "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"}
NOISE = """{UTF-8}
noise = RANDOM NORMAL(0, 1, 0.5, 1, 0) ~ ~ |
level = INTEG(noise, 0) ~ ~ |
"""


def test_model_is_written_with_its_picture_in_each_form(command, tank, tmp_path):
    files = [tmp_path / "new.xmile", tmp_path / "new.mdl"]
    done = command("convert", tank, "--out", files[0], "--out", files[1])
    assert (done.code, done.err) == (0, "")
    for file in files:
        assert f"wrote {file}" in done.out
        assert len(models.load(file).stocks) == len(models.load(tank).stocks)
    assert "those of the old file are not carried" in done.out
    root = ET.parse(files[0]).getroot()
    stocks = root.findall("x:model/x:views/x:view/x:stock", NS)
    assert [one.get("name") for one in stocks] == ["water"]
    sketch = files[1].read_text(encoding="utf-8").partition("*View 1")[2]
    assert ",water," in sketch
    assert ",outflow," in sketch


def test_changes_are_told_in_words_and_as_data(command, tank, tmp_path):
    text = tank.read_text(encoding="utf-8").replace("inflow - outflow", "inflow - water / 4")
    tank.write_text(text, encoding="utf-8")
    out = tmp_path / "new.xmile"
    done = command("convert", tank, "--out", out, "--no-view")
    assert "'net change of water': a flow for the part of the rate of 'water'" in done.out
    assert "picture" not in done.out
    assert "<views>" not in out.read_text(encoding="utf-8")
    (told,) = json.loads(command("convert", tank, "--out", out, "--no-view", "--json").out)
    assert told["file"] == str(out)
    assert len(told["changes"]) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("new.xmil", "did you mean '.xmile'"),
        ("new", "has no ending"),
        ("nowhere/new.mdl", "does not exist; make it first"),
        ("", "is a folder; name a file in it"),
    ],
)
def test_place_that_cannot_be_written_is_one_line(command, tank, tmp_path, name, said):
    done = command("convert", tank, "--out", tmp_path / name)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_the_file_itself_is_never_overwritten(command, tank):
    before = tank.read_bytes()
    done = command("convert", tank, "--out", tank)
    assert done.code == 2
    assert "is the file the model was read from; choose another name" in done.err
    assert tank.read_bytes() == before


def test_nothing_is_written_where_one_form_cannot_say_something(command, tmp_path):
    path = tmp_path / "noise.mdl"
    path.write_text(
        NOISE + "INITIAL TIME=0~~|\nFINAL TIME=1~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n",
        encoding="utf-8",
    )
    done = command(
        "convert", path, "--out", tmp_path / "new.mdl", "--out", tmp_path / "new.xmile", "--no-view"
    )
    assert done.code == 2
    assert "in 1 place: 'noise' (RANDOM NORMAL with bounds)" in done.err
    assert [one.name for one in tmp_path.iterdir()] == ["noise.mdl"]


def test_out_is_asked_for_and_models_are_looked_up(command, tmp_path):
    assert "missing option '--out'" in command("convert", "migration_policy").err
    done = command("convert", "migration_polcy", "--out", tmp_path / "a.mdl")
    assert "did you mean 'migration_policy'?" in done.err
