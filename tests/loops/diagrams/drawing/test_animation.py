"""Films of a diagram: what moves, what does not, and files that are whole or not there."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from loopscope import loops
from loopscope.loops.diagrams.drawing import films
from loopscope.loops.diagrams.drawing.frames import frames_of
from loopscope.loops.diagrams.drawing.moments import evenly, story_of
from loopscope.models.errors import LoopError, OutputError, RunError, UnknownNameError

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not there")


@pytest.fixture(scope="module")
def story(played):
    return story_of(*played.given, start=None, stop=None, **played.options)


@pytest.fixture(scope="module")
def frames(story, played):
    times = [float(one) for one in evenly(story.times, 5)]
    return frames_of(story, times, played.run, ["P"])


def test_a_gif_has_a_picture_for_each_frame_and_stays_at_the_end(played, tmp_path):
    told = []
    path = loops.animate(
        *played.given, played.run, tmp_path / "growth.gif", frames=6, fps=8,
        progress=lambda done, of: told.append((done, of)), **played.options,
    )  # fmt: skip
    durations = []
    with Image.open(path) as film:
        for number in range(film.n_frames):
            film.seek(number)
            durations.append(film.info["duration"])
        assert film.n_frames == 6
        assert film.info["loop"] == 0
    assert durations == [120, 120, 120, 120, 120, 1600]
    assert told == [(k, 6) for k in range(1, 7)]
    assert [one.name for one in tmp_path.iterdir()] == ["growth.gif"]


def test_a_film_has_no_more_frames_than_there_are_saved_times(played, tmp_path):
    path = loops.animate(
        *played.given, played.run, tmp_path / "short.gif", start=3, stop=4.5, series=(),
        **played.options,
    )  # fmt: skip
    with Image.open(path) as film:
        assert film.n_frames == 4


def test_the_same_film_has_the_same_bytes(played, tmp_path):
    one, two = (
        loops.animate(
            *played.given, played.run, tmp_path / name, frames=3, series=(), **played.options
        )
        for name in ("one.gif", "two.gif")
    )
    assert one.read_bytes() == two.read_bytes()


@needs_ffmpeg
def test_an_mp4_has_the_frames_and_the_rate_that_were_asked_for(played, tmp_path):
    path = loops.animate(
        *played.given, played.run, tmp_path / "growth.mp4", frames=5, fps=5, **played.options
    )
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not there")
    words = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    stream = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)["streams"][0]
    assert stream["nb_read_frames"] == "5"
    assert stream["r_frame_rate"] == "5/1"
    assert stream["width"] % 2 == stream["height"] % 2 == 0


def test_widths_follow_link_scores_and_everything_stays_in_its_place(story, played):
    scores = played.scores
    pairs = list(zip(scores["link_cause"].values, scores["link_effect"].values, strict=True))
    for time in (0.0, 15.0, 30.0):
        laid = story.at(time)
        for link in laid.picture.given.links:
            value = scores["link_relative"].sel(time=time).values[pairs.index(link.pair)]
            assert link.width == pytest.approx(1.0 + 3.0 * np.sqrt(abs(value)))
        assert laid.badges == story.diagram.laid.badges
        assert laid.layout == story.diagram.layout
        np.testing.assert_array_equal(laid.signs, story.diagram.laid.signs)
        np.testing.assert_array_equal(laid.picture.paths, story.diagram.laid.picture.paths)


def corner(frames, number, x, y, half):
    """Return a piece of a frame, about a point of the page."""
    dots = np.asarray(frames.picture(number))
    low, high = frames.page.low, frames.page.high
    scale = dots.shape[1] / (high[0] - low[0])
    column, row = (x - low[0]) * scale, (high[1] - y) * scale
    half *= scale
    return dots[int(row - half) : int(row + half), int(column - half) : int(column + half)]


def test_names_stand_still_and_badges_fade(frames):
    laid = frames.laid[0]
    x, y = laid.picture.place[0]
    first, last = (corner(frames, k, x, y, 7.0) for k in (0, len(frames.times) - 1))
    np.testing.assert_array_equal(first, last)
    badges = dict(zip((one.id for one in laid.picture.given.loops), laid.badges, strict=True))
    growth = [corner(frames, k, *badges["R1"].place, 6.0).mean() for k in (0, 4)]
    assert growth[0] < growth[1] - 5, "the badge of growth is darker while growth leads"


def test_time_moves_a_bar_and_a_cursor_and_is_written(frames):
    panel = frames.panels[0]
    middle = (panel.low + panel.high) / 2
    for number, at in enumerate(frames.times):
        x = float(panel.x(at))
        assert corner(frames, number, x, panel.high + 2.0, 1.0).min() < 90
        if number:
            gone = float(panel.x(frames.times[0]))
            assert corner(frames, number, gone, panel.high + 2.0, 1.0).min() > 200
    assert panel.low < middle < panel.high
    assert frames.story.moment(15.0) == "15 Year"


def test_a_sign_that_flips_changes_its_colour_and_the_link_does(story, frames):
    given = frames.laid[0].picture.given
    flipped = tuple(replace(link, sign="-" if link.sign == "+" else "+") for link in given.links)
    last = frames.laid[-1]
    picture = replace(last.picture, given=replace(given, links=flipped))
    changed = replace(
        frames, laid=(*frames.laid[:-1], replace(last, picture=picture)), still=frozenset()
    )
    blue, orange = np.array([0, 114, 178]), np.array([200, 71, 10])
    e = next(k for k, link in enumerate(given.links) if link.sign == "+")
    x, y = frames.laid[0].signs[e]
    before, after = (corner(changed, k, float(x), float(y), 5.0) for k in (0, 4))

    def has(dots, colour):
        return bool((np.abs(dots.astype(int) - colour).sum(axis=2) < 40).any())

    assert has(before, blue)
    assert not has(before, orange)
    assert has(after, orange)
    assert not has(after, blue)


def test_stocks_of_the_strongest_loops_are_the_series_unless_said(story, played):
    from loopscope.loops.diagrams.drawing.animation import stocks_of

    assert stocks_of(story, played.run) == ["P"]
    assert stocks_of(story, played.run.drop_vars("P")) == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"frames": 1}, RunError, "frames must be from 2 to 120, got 1"),
        ({"frames": 121}, RunError, "frames must be from 2 to 120"),
        ({"fps": 0}, RunError, "fps must be from 1 to 25"),
        ({"fps": float("nan")}, RunError, "fps must be from 1 to 25"),
        ({"start": -1.0}, RunError, "start=-1 is outside the run, which goes from 0 to 30"),
        ({"stop": 31.0}, RunError, "stop=31 is outside the run"),
        ({"start": 5.0, "stop": 5.0}, RunError, "1 saved times from 5 to 5"),
        ({"start": 9.0, "stop": 5.0}, RunError, "0 saved times from 9 to 5"),
        ({"series": ["birth"]}, UnknownNameError, "no series named 'birth'; did you mean 'births'"),
        ({"series": ["P"] * 5}, RunError, "at most 4 series"),
        ({"show": ["R9"]}, LoopError, "R9"),
        ({"kind": "stockflow"}, LoopError, "leave kind and at out"),
        ({"at": 3.0}, LoopError, "leave kind and at out"),
        ({"strip": "strip.gif"}, OutputError, r"ends in '\.gif'"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_nothing_is_written(
    played, tmp_path, monkeypatch, options, error, words
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        loops.animate(*played.given, played.run, "x.gif", **{**played.options, **options})
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_no_film_is_refused_before_anything_is_computed(tmp_path):
    for name, words in (
        ("x.avi", "must end in .gif or .mp4"),
        ("x", "has no ending"),
        ("no/x.gif", "does not exist"),
    ):
        with pytest.raises(OutputError, match=words):
            loops.animate(None, None, None, tmp_path / name)


def test_without_ffmpeg_an_mp4_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(films.shutil, "which", lambda _: None)
    with pytest.raises(OutputError, match=r"needs the program ffmpeg.*or write a \.gif"):
        loops.animate(None, None, None, tmp_path / "x.mp4")


@needs_ffmpeg
def test_what_ffmpeg_says_is_told_in_one_line(tmp_path):
    with pytest.raises(OutputError, match="ffmpeg cannot write"):
        films.write_film(
            tmp_path / "x.mp4", lambda k: Image.new("RGB", (0, 0)), 2, 5.0, iter([None] * 2)
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".gif", pytest.param(".mp4", marks=needs_ffmpeg)])
def test_a_film_that_is_interrupted_leaves_the_older_file(played, tmp_path, suffix):
    old = tmp_path / f"x{suffix}"
    old.write_bytes(b"older")

    def stop(done, of):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loops.animate(
            *played.given, played.run, old, frames=4, series=(), progress=stop, **played.options
        )
    assert [one.name for one in tmp_path.iterdir()] == [old.name]
    assert old.read_bytes() == b"older"


def test_scores_of_several_runs_are_refused_with_what_to_choose(played, tmp_path):
    many = played.scores.expand_dims(run=2)
    with pytest.raises(RunError, match=r"shows one run.*isel\(run"):
        loops.animate(played.found, many, played.run, tmp_path / "x.gif", **played.options)
