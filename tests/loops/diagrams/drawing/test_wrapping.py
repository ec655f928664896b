"""Text on lines that fit."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.drawing.scene import clean
from loopscope.loops.diagrams.drawing.wrapping import wrapped_to
from loopscope.loops.diagrams.lettering import width_of


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(codec="latin-1"), max_size=80), width=st.floats(40.0, 300.0))
def test_lines_fit_and_no_letter_is_lost(text, width):
    lines = wrapped_to(text, width, 7.0)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())
    assert all(width_of(line, 7.0) <= max(width, 28.0) * 1.02 for line in lines)
