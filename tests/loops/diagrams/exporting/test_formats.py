"""A diagram is saved as the ending of the file says, whole or not at all."""

from __future__ import annotations

import errno
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.exporting.formats import FORMATS, format_of, save
from loopscope.models.errors import LoopError, OutputError

QUICK = [ending for ending in FORMATS if ending not in (".svg", ".pdf", ".png")]


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_writes_both_kinds_of_diagram(told, pipes, tmp_path, ending):
    for name, diagram in (("cld", told), ("stockflow", pipes)):
        path = tmp_path / f"{name}{ending}"
        assert save(diagram, path) == path
        written = path.read_bytes()
        assert len(written) > 100
        assert save(diagram, path).read_bytes() == written, "the same diagram, other bytes"
    assert sorted(one.name for one in tmp_path.iterdir()) == [f"cld{ending}", f"stockflow{ending}"]


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.json", ".json"), ("a.kumu.json", ".kumu.json"), ("a.SD.json", ".sd.json"),
        ("a.sd.txt", ".txt"), ("kumu.json", ".json"), ("a.b.TEX", ".tex"),
    ],
)  # fmt: skip
def test_the_longest_ending_that_fits_decides(name, ending):
    assert format_of(name) is FORMATS[ending]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.grapml", r"ends in '.grapml'; .*\.svg, .*\.txt; did you mean '.graphml'\?"),
        ("a.xyz", r"'a.xyz' ends in '.xyz'; a diagram is saved as .*\.kumu\.json"),
        ("a", "'a' has no ending; a diagram is saved as"),
        (".json", "'.json' has no ending"),
        ("a.", "'a.' "),
    ],
)
def test_an_ending_that_is_not_known_is_refused_with_the_list(told, tmp_path, name, message):
    with pytest.raises(LoopError, match=message) as error:
        told.save(tmp_path / name)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(told, tmp_path):
    with pytest.raises(OutputError, match="does not exist; make it first"):
        told.save(tmp_path / "no" / "a.txt")


def test_a_folder_that_may_not_be_written_in_is_refused(told, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="no permission to write in folder"):
        told.save(tmp_path / "a.txt")


@pytest.mark.parametrize("ending", [".txt", ".svg"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(told, tmp_path, monkeypatch, ending):
    path = tmp_path / f"a{ending}"
    path.write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no space left on the disk"):
        told.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_hostile_text_is_written_in_every_format(hostile, data):
    diagram = data.draw(hostile())
    for ending in QUICK:
        text = FORMATS[ending].make(diagram).decode("utf-8")
        assert "\x00" not in text
        assert "\x1b" not in text
        if ending.endswith(".json"):
            json.loads(text)


def test_an_empty_diagram_is_written_in_every_format(diagram_of, tmp_path):
    from loopscope.loops.diagrams.records import Sketch

    empty = diagram_of(Sketch((), ()))
    for ending in FORMATS:
        assert save(empty, tmp_path / f"a{ending}").stat().st_size > 0
