"""A run as stills side by side."""

from __future__ import annotations

import re

import numpy as np
import pytest
from defusedxml.ElementTree import parse
from PIL import Image

from loopscope import loops
from loopscope.loops.diagrams.drawing.moments import evenly, story_of, turning_points
from loopscope.models.errors import OutputError, RunError

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def story(played):
    return story_of(*played.given, start=None, stop=None, **played.options)


def test_the_times_are_the_start_each_shift_and_the_end(story, played):
    times = turning_points(story, 6)
    # Births r P lead while P < K / 2: by hand, P(t) = K / (1 + 99 exp(-r t)) is K / 2 at ln 99 / r,
    # 15.3 years; where the shares of the loops cross depends on the method, and is near it.
    shifts = [one.start for one in loops.periods(played.scores)][1:]
    assert times[0] == 0.0
    assert times[-1] == 30.0
    assert set(shifts) <= set(times)
    assert times == sorted(set(times))
    assert 4 <= len(times) <= 6
    assert abs(shifts[0] - np.log(99) / 0.3) < 3.0


def test_of_many_times_some_are_chosen_evenly_with_both_ends():
    times = np.arange(101.0)
    assert evenly(times, 5).tolist() == [0.0, 25.0, 50.0, 75.0, 100.0]
    assert evenly(times[:3], 5).tolist() == [0.0, 1.0, 2.0]


def test_a_strip_says_when_and_who_is_strongest_and_has_unique_ids(played, tmp_path):
    path = loops.strip(*played.given, tmp_path / "strip.svg", **played.options)
    root = parse(path).getroot()
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    frames = {match.group(1) for one in ids if (match := re.search(r"frame-(\d)-link-0$", one))}
    texts = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    strongest = [text for text in texts if text.startswith("strongest: ")]
    assert len(frames) == len(strongest) >= 4
    assert strongest[0].startswith("strongest: R1 ")
    assert {"0 Year", "30 Year", "Growth", "fill: loop score"} <= set(texts)
    words = root.findtext(f"{SVG}desc")
    assert words.count("strongest loops:") == len(frames)


def test_a_strip_is_written_as_png_and_pdf_too(played, tmp_path):
    png = loops.strip(*played.given, tmp_path / "strip.png", **played.options)
    with Image.open(png) as picture:
        assert "At 0 Year, strongest loops: R1" in picture.info["Description"]
    pdf = loops.strip(*played.given, tmp_path / "strip.pdf", **played.options)
    assert pdf.read_bytes().startswith(b"%PDF")


def test_bad_strips_are_refused(played, tmp_path):
    with pytest.raises(OutputError, match=r"\.svg, \.pdf or \.png"):
        loops.strip(*played.given, tmp_path / "strip.jpg", **played.options)
    with pytest.raises(RunError, match="outside the run"):
        loops.strip(*played.given, tmp_path / "strip.svg", stop=99.0, **played.options)
    assert not list(tmp_path.iterdir())
