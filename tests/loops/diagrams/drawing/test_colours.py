"""Pictures with few colours."""

from __future__ import annotations

import numpy as np
from PIL import Image

from loopscope.loops.diagrams.drawing.colours import few_colours


def test_areas_keep_their_colours_and_others_come_close():
    rng = np.random.default_rng(0)
    dots = np.full((120, 120, 3), 255, np.uint8)
    dots[20:60] = (244, 238, 242)
    dots[60:80] = (245, 238, 242)
    dots[100:] = rng.integers(0, 64, (20, 120, 3)) * 4
    few = few_colours(Image.fromarray(dots), 96).apply(Image.fromarray(dots))
    assert few.mode == "P"
    assert len(few.getcolors()) <= 96
    found = np.asarray(few.convert("RGB"))
    np.testing.assert_array_equal(found[:100], dots[:100])
    away = np.abs(found[100:].astype(int) - dots[100:].astype(int)).mean()
    assert away < 40
