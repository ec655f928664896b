"""Delay marks, signs and badges stand where they can be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.labels import Mark, marks, signs
from loopscope.loops.diagrams.layout.laying import dress, lay_out
from loopscope.loops.diagrams.layout.lines import (
    distances,
    filled,
    holds,
    lengths_in,
    meeting_pairs,
)
from loopscope.loops.diagrams.records import Layout, Sketch


def square(ring, side=260.0, bulge=-0.2):
    sketch = ring(4)
    corners = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)]
    places = {f"variable {k}": corners[k] for k in range(4)}
    return sketch, Layout(places, {link.pair: bulge for link in sketch.links})


def test_paths_run_from_box_to_box(ring):
    picture = drawn(*square(ring))
    for e in range(4):
        tail, head = picture.given.shape.tail[e], picture.given.shape.head[e]
        for v, end, gap in ((tail, 0, 2.0), (head, -1, 3.0)):
            away = np.abs(picture.paths[e, end] - picture.place[v]) - picture.half[v]
            assert away.max() == pytest.approx(gap, abs=0.3)
    steps = np.hypot(*np.diff(picture.paths[0], axis=0).T)
    assert steps.max() - steps.min() < 0.1


def test_signs_stand_outside_a_round_loop_and_off_every_link(ring):
    picture = drawn(*square(ring))
    spots = signs(picture, {})
    centre = picture.place.mean(axis=0)
    for e in range(4):
        tip = picture.paths[e, -1]
        assert np.hypot(*(spots[e] - centre)) > np.hypot(*(tip - centre)) - 25.0
        assert 7.0 < distances(picture.paths[e : e + 1], spots[e : e + 1])[0, 0] < 25.0


def test_a_delay_mark_goes_where_no_other_link_is_near(ring):
    sketch, layout = square(ring, bulge=0.0)
    delayed = Sketch(sketch.nodes, (replace(sketch.links[0], delay=True), *sketch.links[1:]))
    (found,) = marks(drawn(delayed, layout)).values()
    assert found.place == pytest.approx((130.0, 0.0), abs=4.0)
    assert found.angle == pytest.approx(0.0, abs=1e-6)


def test_a_badge_stands_in_its_loop_with_its_name_and_turns_with_it(ring):
    sketch, layout = square(ring)
    (badge,) = dress(sketch, layout).badges
    assert badge.place == pytest.approx((130.0, 130.0), abs=25.0)
    assert badge.sense == "anticlockwise"
    assert badge.lines == ("the ring",)
    assert badge.leader is None
    mirrored = Layout(
        {name: (-x, y) for name, (x, y) in layout.places.items()},
        {pair: -h for pair, h in layout.bulges.items()},
    )
    assert dress(sketch, mirrored).badges[0].sense == "clockwise"


def test_a_badge_without_room_inside_has_a_leader(ring):
    sketch, layout = square(ring, side=90.0, bulge=0.0)
    tight = Layout({name: (x, y / 3) for name, (x, y) in layout.places.items()}, layout.bulges)
    found = dress(sketch, tight)
    assert found.badges[0].leader is not None
    assert found.quality.badges_inside == 0


def test_signs_and_badges_stay_where_they_are_while_widths_change(core):
    def at(widths):
        links = tuple(
            replace(link, score=0.1, width=width)
            for link, width in zip(core.links, widths, strict=True)
        )
        return Sketch(core.nodes, links, core.loops)

    generator = np.random.default_rng(4)
    first = lay_out(at(generator.uniform(1.0, 4.0, len(core.links))), level="draft")
    for widths in (*generator.uniform(1.0, 4.0, (3, len(core.links))), [4.0] * len(core.links)):
        later = dress(at(widths), first.layout)
        np.testing.assert_array_equal(later.signs, first.signs)
        assert later.marks == first.marks
        assert later.badges == first.badges
        assert later.quality.label_on_label == 0
        assert later.quality.label_on_link == first.quality.label_on_link


def test_a_delay_mark_takes_the_room_of_its_bars():
    assert Mark((1.0, 2.0), 0.0).rectangle == pytest.approx((1.0, 2.0, 3.2, 6.5))
    assert Mark((1.0, 2.0), np.pi / 2).rectangle == pytest.approx((1.0, 2.0, 6.5, 3.2))


def test_length_in_a_rectangle_is_that_of_the_clipped_segment():
    path = np.array([[[-10.0, 0.0], [10.0, 0.0], [10.0, 20.0]]])
    rectangles = np.array([[0.0, 0.0, 4.0, 4.0], [10.0, 0.0, 4.0, 4.0], [0.0, 30.0, 4.0, 4.0]])
    found = lengths_in(path, path.min(axis=1), path.max(axis=1), rectangles)
    assert found[0] == pytest.approx([8.0, 8.0, 0.0])


def test_paths_that_cross_are_counted_once_a_pair():
    line = np.linspace([0.0, 0.0], [10.0, 0.0], 9)
    wave = np.column_stack([np.linspace(0, 10, 101), np.sin(np.linspace(0, 12, 101))])
    wave = wave[np.linspace(0, 100, 9).astype(int)]
    paths = np.array([line, wave])
    met = meeting_pairs(paths, paths.min(axis=1), paths.max(axis=1))
    assert met.tolist() == [[False, False], [True, False]]


def test_distances_are_those_from_the_nearest_segment():
    path = np.array([[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]])
    points = np.array([[5.0, 3.0], [13.0, 5.0], [-3.0, -4.0], [10.0, 0.0]])
    assert distances(path, points)[0] == pytest.approx([3.0, 3.0, 5.0, 0.0])


def test_filling_marks_the_cells_whose_centres_a_polygon_holds():
    # No corner is the centre of a cell: a centre on an edge may count either way.
    polygon = np.array([[1.3, 1.2], [17.1, 3.4], [9.2, 9.3], [12.4, 17.1], [2.2, 12.3]])
    inside = filled(polygon, 10, 10, 0.0, 0.0, 2.0)
    for row in range(10):
        for column in range(10):
            held = holds(polygon, 2.0 * column + 1.0, 2.0 * row + 1.0)
            assert inside[row, column] == held
    assert inside.any()
    assert not inside.all()
