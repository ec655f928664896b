"""Which loop drives the model, as it changes: an animated diagram.

Stage 5 of 5.  In: loops, scores of one run, and the run.  Out: a GIF, or an MP4 where there is
ffmpeg.  ``strips`` gives the same as a still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopscope.loops.diagrams.drawing.films import film_target, write_film
from loopscope.loops.diagrams.drawing.frames import frames_of
from loopscope.loops.diagrams.drawing.moments import evenly, story_of
from loopscope.loops.diagrams.drawing.series import MOST
from loopscope.loops.diagrams.drawing.strips import strip_target, write_strip
from loopscope.models.errors import RunError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.loops.diagrams.drawing.moments import Story
    from loopscope.loops.finding.found import Loops

FRAMES, MOST_FRAMES = 80, 120
SLOWEST, FASTEST = 1.0, 25.0
"""Frames a second."""

SERIES = 3
"""Stocks shown where nobody says which."""


def animate(
    found: Loops,
    scores: xr.Dataset,
    run: xr.Dataset,
    path: str | Path,
    *,
    series: Sequence[str] | None = None,
    strip: str | Path | None = None,
    frames: int = FRAMES,
    fps: float = 8.0,
    start: float | None = None,
    stop: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Path:
    """Write a diagram that changes with the scores of a run, and return the file.

    Variables, links, signs and badges stay where they are.  Links are as wide as their scores,
    badges as full as those of their loops by the strongest score shown; where the sign of a link
    flips, its colour and its sign change.  A bar shows the time, and so do cursors on key series.

    Parameters
    ----------
    scores
        Of one run by ``loops.score``, dims (time, loop); with link scores where the method has
        them.
    run
        Holds the key series, dims (time,).
    path
        Ends in .gif, or in .mp4 where the program ffmpeg is there.
    series
        At most 4 variables of ``run``, shown below; stocks of the strongest loops by default, none
        for ``()``.
    strip
        File that gets the same as stills side by side, see ``loops.strip``; none by default.
    frames
        At most this many, 2 to 120; never more than saved times.
    fps
        Frames a second, 1 to 25.
    start, stop
        First and last time, in the model's time unit; those of the scores by default.
    progress
        Called with how many frames are done, of how many.
    options
        Of ``loops.diagram``: which loops, ``layout``, ``title``, ``style``, ``seed``, ``level``.

    Raises
    ------
    LoopError
        As ``loops.diagram``.
    RunError
        Times outside the run, too few of them, or numbers of frames out of bounds.
    UnknownNameError
        A series that the run does not hold.
    OutputError
        A file that cannot be written, or no ffmpeg; nothing is left half-written.

    Notes
    -----
    The layout is found once; a frame draws links and badges anew: O(links + loops) shapes.
    """
    film = film_target(path)
    still = strip_target(strip) if strip is not None else None
    check_film(frames, fps, series)
    story = story_of(found, scores, start=start, stop=stop, **options)
    wanted = stocks_of(story, run) if series is None else series
    times = [float(one) for one in evenly(story.times, frames)]
    pictures = frames_of(story, times, run, wanted)
    write_film(film, pictures.picture, len(times), fps, _told(progress, len(times)))
    if still is not None:
        write_strip(story, still)
    return film


def check_film(frames: int, fps: float, series: Sequence[str] | None) -> None:
    """Refuse numbers of frames, rates and series out of bounds.

    Raises
    ------
    RunError
        Which, and what the bounds are.
    """
    if not 2 <= frames <= MOST_FRAMES:
        msg = f"frames must be from 2 to {MOST_FRAMES}, got {shown(frames)}"
        raise RunError(msg)
    if not SLOWEST <= fps <= FASTEST:
        msg = f"fps must be from {SLOWEST:g} to {FASTEST:g} frames a second, got {shown(fps)}"
        raise RunError(msg)
    if series is not None and len(series) > MOST:
        msg = f"at most {MOST} series can be shown, got {len(series)}"
        raise RunError(msg)


def stocks_of(story: Story, run: xr.Dataset) -> list[str]:
    """Return stocks of the strongest loops that a run holds."""
    sketch = story.diagram.sketch
    stocks = {node.name for node in sketch.nodes if node.kind == "stock" and not node.quiet}
    known = {str(name) for name in run.data_vars if run[name].dims == ("time",)}
    found: list[str] = []
    for loop in sorted(sketch.loops, key=lambda one: (-one.weight, one.id)):
        found += [name for name in loop.path if name in stocks & known and name not in found]
    return found[:SERIES]


def _told(progress: Callable[[int, int], None] | None, count: int) -> Iterator[None]:
    done = 0
    while True:
        done += 1
        if progress is not None:
            progress(done, count)
        yield
