"""The cubics that are drawn are the curves that were laid out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.drawing.links import curves_of, mark_items, part, points_of
from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.labels import Mark
from loopscope.loops.diagrams.records import Layout, Link, Node, Sketch

finite = st.floats(-400.0, 400.0)


@settings(max_examples=40, deadline=None)
@given(
    x=finite, y=finite, bulge=st.floats(-0.36, 0.36),
    length=st.floats(200.0, 600.0), turn=st.floats(0.0, 6.28),
)  # fmt: skip
def test_the_drawn_part_of_a_cubic_is_the_path_of_the_layout(x, y, bulge, length, turn):
    links = (Link(cause="a", effect="b", sign="+"), Link(cause="b", effect="a", sign="-"))
    sketch = Sketch((Node(name="a"), Node(name="b", kind="stock")), links)
    places = {"a": (x, y), "b": (x + length * np.cos(turn), y + length * np.sin(turn))}
    picture = drawn(sketch, Layout(places, {link.pair: bulge for link in sketch.links}))
    for path, curve in zip(picture.paths, curves_of(picture), strict=True):
        at = np.array([[curve.begin, curve.end]])
        ends = points_of(curve.control[None], at)[0]
        # The layout's path is a polyline of 48 steps: its sagitta is below a quarter of a point.
        np.testing.assert_allclose(ends, path[[0, -1]], atol=0.3)
        cut = part(curve.control, curve.begin, curve.end)
        middle = points_of(cut[None], np.linspace(0.0, 1.0, 400)[None])[0]
        away = np.hypot(*(path[24] - middle).T).min()
        assert away < 0.8


def test_a_part_of_a_cubic_is_the_cubic_there():
    control = np.array([(0.0, 0.0), (10.0, 40.0), (60.0, -20.0), (100.0, 30.0)])
    inner = part(control, 0.2, 0.7)
    t = np.linspace(0.0, 1.0, 9)
    expected = points_of(control[None], (0.2 + 0.5 * t)[None])
    np.testing.assert_allclose(points_of(inner[None], t[None]), expected, atol=1e-9)


def test_going_back_a_length_from_the_end_of_a_straight_curve_is_exact(ring):
    sketch = ring(2)
    places = {"variable 0": (0.0, 0.0), "variable 1": (400.0, 0.0)}
    picture = drawn(sketch, Layout(places, {link.pair: 0.0 for link in sketch.links}))
    curve = curves_of(picture)[0]
    ends = points_of(curve.control[None], np.array([[curve.end, curve.back(30.0)]]))[0]
    assert np.hypot(*(ends[0] - ends[1])) == pytest.approx(30.0, abs=0.05)
    assert curve.back(1e9) > curve.begin


def test_a_delay_mark_is_two_bars_across_an_interrupted_link():
    gap, one, other = mark_items(Mark((10.0, 20.0), 0.0), 1.4)
    assert (gap.line, one.width) == ("#FFFFFF", 1.6)
    assert np.ptp(gap.points[:, 0]) == pytest.approx(6.0)
    assert abs(one.points[0, 0] - other.points[0, 0]) == pytest.approx(4.8)
    assert np.ptp(one.points[:, 1]) == pytest.approx(13.0)
