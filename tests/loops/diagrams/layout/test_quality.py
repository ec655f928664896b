"""Metrics hang on the picture alone: not on where it lies, how it is turned, or on names."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from loopscope.loops.diagrams.layout.drawn import drawn
from loopscope.loops.diagrams.layout.laying import dress, lay_out
from loopscope.loops.diagrams.layout.quality import measure
from loopscope.loops.diagrams.records import Layout, Sketch


def same(one, other, **changed):
    for name, value in asdict(one).items():
        assert asdict(other)[name] == pytest.approx(changed.get(name, value), rel=1e-6), name


def test_moving_changes_nothing(core):
    found = lay_out(core, level="draft")
    places = {name: (x + 1234.5, y - 77.25) for name, (x, y) in found.layout.places.items()}
    picture = drawn(core, Layout(places, found.layout.bulges))
    shift = np.array([1234.5, -77.25])
    discs = [
        replace(one, place=(one.place[0] + 1234.5, one.place[1] - 77.25)) for one in found.badges
    ]
    moved = {
        e: replace(one, place=(one.place[0] + 1234.5, one.place[1] - 77.25))
        for e, one in found.marks.items()
    }
    same(found.quality, measure(picture, found.signs + shift, discs, moved))


def test_turning_by_a_right_angle_changes_nothing_but_width_and_height(core):
    found = lay_out(core, level="draft")
    nodes = tuple(replace(node, width=node.height, height=node.width) for node in core.nodes)
    places = {name: (-y, x) for name, (x, y) in found.layout.places.items()}
    turned = Sketch(nodes, core.links, core.loops)
    picture = drawn(turned, Layout(places, found.layout.bulges))
    # A badge with its name is no square, so it is turned without one.
    bare = [replace(one, lines=(), leader=None) for one in found.badges]
    upright = measure(found.picture, found.signs, bare, found.marks)
    marks = {
        e: replace(one, place=(-one.place[1], one.place[0]), angle=one.angle + np.pi / 2)
        for e, one in found.marks.items()
    }
    discs = [replace(one, place=(-one.place[1], one.place[0])) for one in bare]
    signs = np.column_stack([-found.signs[:, 1], found.signs[:, 0]])
    same(upright, measure(picture, signs, discs, marks), width=upright.height, height=upright.width)


def test_renaming_changes_nothing(core):
    found = lay_out(core, level="draft")
    new = {node.name: f"{node.name[::-1]} renamed" for node in core.nodes}
    renamed = Sketch(
        tuple(replace(node, name=new[node.name]) for node in core.nodes),
        tuple(replace(one, cause=new[one.cause], effect=new[one.effect]) for one in core.links),
        tuple(replace(one, path=tuple(new[v] for v in one.path)) for one in core.loops),
    )
    layout = Layout(
        {new[name]: place for name, place in found.layout.places.items()},
        {(new[a], new[b]): h for (a, b), h in found.layout.bulges.items()},
    )
    picture = drawn(renamed, layout)
    old = [link.pair for link in found.picture.given.links]
    order = [
        old.index(next(pair for pair in old if (new[pair[0]], new[pair[1]]) == link.pair))
        for link in picture.given.links
    ]
    marks = {k: found.marks[e] for k, e in enumerate(order) if e in found.marks}
    same(found.quality, measure(picture, found.signs[order], found.badges, marks))


def test_overlaps_and_links_over_boxes_are_counted(ring):
    sketch = ring(4)
    spots = [(0.0, 0.0), (200.0, 0.0), (400.0, 0.0), (200.0, 200.0)]
    layout = Layout(
        {f"variable {k}": spots[k] for k in range(4)},
        {link.pair: 0.0 for link in sketch.links},
    )
    found = dress(sketch, layout)
    assert found.quality.label_on_label == 0
    assert found.quality.link_over_box == 0
    # The link from 2 to 3 and back to 0 now runs through the box of 1.
    layout.places["variable 3"] = (-200.0, 0.0)
    assert dress(sketch, layout).quality.link_over_box >= 2
    layout.places["variable 3"] = (205.0, 3.0)
    assert dress(sketch, layout).quality.label_on_label >= 1


def test_crossings_are_those_of_the_drawn_curves(ring):
    sketch = ring(4)
    # A square whose corners are visited crosswise.
    spots = [(0.0, 0.0), (300.0, 300.0), (300.0, 0.0), (0.0, 300.0)]
    layout = Layout(
        {f"variable {k}": spots[k] for k in range(4)},
        {link.pair: 0.0 for link in sketch.links},
    )
    assert dress(sketch, layout).quality.crossings == 1
