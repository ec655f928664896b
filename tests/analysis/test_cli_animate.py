"""``loopscope animate``: a film of a run, and the same as stills."""

from __future__ import annotations

import pytest
from PIL import Image


def test_a_film_and_its_stills_are_written(command, tank, tmp_path):
    film, strip = tmp_path / "tank.gif", tmp_path / "tank.svg"
    done = command(
        "animate", tank, "--level", "draft", "--frames", "3", "--series", "seen", "--series",
        "water", "--theme", "mono", "--polarity", "so", "--out", film, "--strip", strip,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out == f"wrote {film}\nwrote {strip}\n"
    with Image.open(film) as pictures:
        assert pictures.n_frames == 3
    assert "strongest: " in strip.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "x.avi"], "must end in .gif or .mp4"),
        (["--out", "x.gif", "--strip", "x.gif"], "must end in .svg, .pdf or .png"),
        (["--out", "x.gif", "--theme", "grey"], "--theme must be one of colour, mono"),
        (["--out", "x.gif", "--frames", "500"], "frames must be from 2 to 120, got 500"),
        (["--out", "x.gif", "--loops", "R99"], "R99"),
        (["--out", "x.gif", "--series", "watter"], "did you mean 'water'"),
        (["--out", "x.gif", "--stop", "99"], "outside the run, which goes from 0 to 10"),
        ([], "missing option '--out'"),
    ],
)
def test_mistakes_are_told_in_one_line(command, tank, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    done = command("animate", tank, "--level", "draft", *words)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("\n") == 1
    assert set(tmp_path.iterdir()) == before
