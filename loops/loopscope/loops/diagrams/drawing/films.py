"""Frames written as a GIF, or by ffmpeg as an MP4.

Stage 5 of 5.  In: pictures of equal size.  Out: a file, whole or not at all.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.drawing.colours import few_colours
from loopscope.models.errors import OutputError
from loopscope.models.files import target, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image

FILMS = (".gif", ".mp4")
HOLD = 1.6
"""Seconds for which the last frame of a GIF stays before it begins again."""

COLOURS = 192
"""Of a GIF, all frames alike: what does not change does not flicker."""

MISSING = "writing .mp4 needs the program ffmpeg, which is not there; install it, or write a .gif"


def film_target(path: str | Path) -> Path:
    """Return the file a film will be written to, checked before anything is computed.

    Raises
    ------
    OutputError
        As ``files.target``; an .mp4 where there is no ffmpeg.
    """
    found = target(path, FILMS)
    if found.suffix.casefold() == ".mp4" and shutil.which("ffmpeg") is None:
        raise OutputError(MISSING)
    return found


def write_film(
    path: Path, frame: Callable[[int], Image], count: int, fps: float, told: Iterator[None]
) -> None:
    """Write a film.

    Parameters
    ----------
    path
        From ``film_target``.
    frame
        Returns a picture by its number, in red, green and blue.
    told
        Asked for its next value after each frame: it shows progress.

    Raises
    ------
    OutputError
        The file cannot be written, or ffmpeg refuses.
    """
    with whole(path) as temporary:
        if path.suffix.casefold() == ".mp4":
            _write_mp4(temporary, frame, count, fps, told)
        else:
            _write_gif(temporary, frame, count, fps, told)


def _write_gif(
    path: Path, frame: Callable[[int], Image], count: int, fps: float, told: Iterator[None]
) -> None:
    from PIL import Image as images

    samples = [frame(number) for number in sorted({0, count // 3, 2 * count // 3, count - 1})]
    wide, tall = samples[0].size
    beside = images.new("RGB", (wide, tall * len(samples)))
    for k, sample in enumerate(samples):
        beside.paste(sample, (0, k * tall))
    colours = few_colours(beside, COLOURS)
    frames = []
    for number in range(count):
        frames.append(colours.apply(frame(number)))
        next(told)
    each = round(100.0 / fps) * 10  # a GIF counts in hundredths of a second
    durations = [each] * (count - 1) + [max(each, round(1000 * HOLD))]
    frames[0].save(
        path, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0,
        optimize=False, disposal=1,
    )  # fmt: skip


def _write_mp4(
    path: Path, frame: Callable[[int], Image], count: int, fps: float, told: Iterator[None]
) -> None:
    first = frame(0)
    wide, tall = (size + size % 2 for size in first.size)  # yuv420p needs even sizes
    command = [
        "ffmpeg", "-loglevel", "error", "-nostdin", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{tall}", "-r", f"{fps:g}", "-i", "-",
        "-an", "-c:v", "libx264", "-preset", "medium", "-crf", "20", "-pix_fmt", "yuv420p",
        "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
        "-movflags", "+faststart", "-f", "mp4", str(path),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as complaints:
        try:
            coder = subprocess.Popen(  # the program is named, its words are ours
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints
            )
        except FileNotFoundError:
            raise OutputError(MISSING) from None
        try:
            assert coder.stdin is not None
            with coder.stdin:
                for number in range(count):
                    coder.stdin.write(_padded(frame(number), wide, tall).tobytes())
                    next(told)
            failed = coder.wait() != 0
        except BrokenPipeError:
            coder.wait()
            failed = True
        finally:
            if coder.poll() is None:
                coder.kill()
                coder.wait()
        if failed:
            complaints.seek(0)
            lines: Sequence[str] = complaints.read().decode("utf-8", "replace").splitlines()
            why = lines[-1] if lines else "no reason given"
            msg = f"ffmpeg cannot write .mp4: {why}; write a .gif"
            raise OutputError(msg)


def _padded(picture: Image, wide: int, tall: int) -> Image:
    """Return a picture on a white ground of a size."""
    from PIL import Image as images

    if picture.size == (wide, tall):
        return picture
    ground = images.new("RGB", (wide, tall), "white")
    ground.paste(picture, (0, 0))
    return ground
