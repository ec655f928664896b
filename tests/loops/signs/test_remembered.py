"""Proofs that are kept between processes: the same, and never those of another model."""

from __future__ import annotations

import pytest

from loopscope import loops
from loopscope.loops.signs import polarity, remembered


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache folder of its own."""
    from loopscope.models.engine import cache

    monkeypatch.setenv("LOOPSCOPE_CACHE", str(tmp_path / "kept"))
    cache.folder.cache_clear()
    yield tmp_path / "kept"
    cache.folder.cache_clear()


def test_what_is_read_back_is_what_was_proved(prey, kept):
    proved = dict(polarity.prove(loops.trace(prey)))
    again = loops.trace(prey)
    assert remembered.read(again) is not None
    assert dict(polarity.prove(again)) == proved
    assert "prover" not in again.kept  # nothing was proved anew


def test_another_value_of_a_constant_has_proofs_of_its_own(read, kept):
    first = loops.trace(read("k=2\nout=k*x\nx=INTEG(-out,1)"))
    other = loops.trace(read("k=-2\nout=k*x\nx=INTEG(-out,1)"))
    assert polarity.prove(first)["x", "out"].sign == "+"
    assert remembered.read(other) is None
    assert polarity.prove(other)["x", "out"].sign == "-"


def test_a_damaged_entry_counts_as_absent(prey, kept):
    polarity.prove(loops.trace(prey))
    for file in kept.iterdir():
        file.write_bytes(b"x" + file.read_bytes())
    assert remembered.read(loops.trace(prey)) is None


def test_what_was_cut_short_is_not_kept(read, kept, monkeypatch):
    open_sign = "k=2\nnet=x*(k-x)\nx=INTEG(net,1)"
    graph = loops.trace(read(open_sign))
    assert polarity.prove(graph)["x", "net"].sign == "?"
    assert remembered.read(graph) is not None
    monkeypatch.setattr(polarity, "SECONDS", 0.0)
    other = loops.trace(read(open_sign + "\nunused=1"))
    polarity._remembered(other)
    assert remembered.read(other) is None
