"""PDF and PNG: words in the file, no date, the same bytes every time."""

from __future__ import annotations

import io
import re
import zlib

import numpy as np
import pytest
from PIL import Image

from loopscope.loops.diagrams.drawing.figure import dots_of
from loopscope.loops.diagrams.drawing.files import pdf_of, png_of
from loopscope.loops.diagrams.drawing.page import scene_of
from loopscope.models.errors import OutputError


def test_a_png_holds_its_title_and_its_summary_and_few_colours(told):
    made = png_of(told)
    image = Image.open(io.BytesIO(made))
    assert (image.format, image.mode) == ("PNG", "P")
    assert image.info["Title"] == "An epidemic"
    assert image.info["Description"] == told.alt()
    assert len(made) < 200_000
    assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    wide, tall = scene_of(told).size
    assert image.size == pytest.approx((wide * 150 / 72, tall * 150 / 72), abs=1.0)
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_nothing_is_drawn_in_the_margin_of_a_png(told):
    dots = np.asarray(Image.open(io.BytesIO(png_of(told))).convert("L"))
    for edge in (dots[:8], dots[-8:], dots[:, :8], dots[:, -8:]):
        assert (edge == 255).all()
    assert (dots < 128).any()


def test_a_pdf_holds_its_title_and_text_but_no_date(told):
    made = pdf_of(told)
    assert made.startswith(b"%PDF")
    assert b"/Title (An epidemic)" in made
    assert b"/Subject (" + told.alt().encode("ascii")[:40] in made
    assert b"Date" not in made
    assert b"/Subtype /Type42" in made or b"/CIDFontType2" in made
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", made, re.DOTALL)
    drawn = b"".join(_inflated(one) for one in streams)
    assert drawn.count(b"BT") > 20, "words are set as text"


def _inflated(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_files_have_the_same_bytes_every_time(ring, diagram_of):
    diagram = diagram_of(ring(2), title="Ring")
    assert pdf_of(diagram) == pdf_of(diagram)
    assert png_of(diagram) == png_of(diagram)


def test_a_picture_too_large_for_dots_is_refused_with_what_to_do(ring, diagram_of):
    figure = diagram_of(ring(4)).figure()
    with pytest.raises(OutputError, match=r"too large; show fewer loops, or write it as \.svg"):
        dots_of(figure, 9000.0)
