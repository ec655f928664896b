"""Positions that are kept are read as they were written, or refused by name."""

from __future__ import annotations

import json
import sys

import pytest

from loopscope import loops, models
from loopscope.loops.diagrams.choosing.asking import sketched
from loopscope.loops.diagrams.layout.kept import (
    as_data,
    as_text,
    fitting,
    kept_beside,
    of_data,
    read,
)
from loopscope.loops.diagrams.layout.laying import lay_out
from loopscope.loops.diagrams.records import Layout
from loopscope.models.errors import LoopError


def test_a_layout_survives_a_file_to_the_last_bit(core, tmp_path):
    layout = lay_out(core, level="draft").layout
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(as_data(layout)), encoding="utf-8")
    assert read(file) == layout
    file.write_text(as_text(layout), encoding="utf-8")
    assert read(file) == layout
    file.write_text(json.dumps({"format": 1, "layout": as_data(layout)}), encoding="utf-8")
    assert read(file) == layout


def test_pipes_and_names_of_flows_are_kept_too():
    layout = Layout(
        {"births": (0.0, -1.5)}, {("births", "population"): 0.0},
        {("births", "population"): ((0.0, 0.0), (5.0, 0.0))}, {"births": (0.0, 14.0)},
    )  # fmt: skip
    assert of_data(json.loads(json.dumps(as_data(layout)))) == layout
    assert of_data(json.loads(as_text(layout))) == layout
    assert of_data(json.loads(as_text(Layout()))) == Layout()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, 'x.json: not a layout; it has "places"'),
        ([1], "x.json: not a layout"),
        ({"nodes": []}, "x.json: not a layout"),
        ({"places": 3}, "x.json: not a layout"),
        ({"places": {"a": [1]}}, r"x.json: 'a' must stand at \[x, y\], two numbers; got \[1\]"),
        ({"places": {"a": "12"}}, "x.json: 'a' must stand at"),
        ({"places": {"a": [1, float("nan")]}}, "x.json: 'a' must be a finite number; got nan"),
        ({"places": {"a": [1, 10**400]}}, "x.json: 'a' must be a finite number; got 1000"),
        ({"places": {"a": [True, 1]}}, "x.json: 'a' must be a finite number; got True"),
        ({"places": {}, "bulges": {"a": 1}}, r"x.json: bulges are a list of \[cause, effect"),
        ({"places": {}, "bulges": [["a", "b"]]}, "x.json: bulges are a list of"),
        ({"places": {}, "bulges": [["a", "b", "c"]]}, "the bulge of 'a' -> 'b' must be a finite"),
        ({"places": {}, "bulges": [["a", "b", 0.9]]}, "x.json: layout: the bulge of 'a' -> 'b'"),
        ({"places": {}, "routes": [["a", "b", [[0, 0]]]]}, "the route of 'a' -> 'b' has at least"),
    ],
)
def test_what_is_no_layout_is_refused_by_name(data, message):
    with pytest.raises(LoopError, match=message):
        of_data(data, "x.json")


def test_files_that_cannot_be_read_say_so(tmp_path):
    with pytest.raises(LoopError, match=r"none\.json: cannot be read"):
        read(tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text('{"places": ', encoding="utf-8")
    with pytest.raises(LoopError, match=r"broken\.json: not JSON .*; write one with: loopscope"):
        read(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LoopError, match="not JSON"):
        read(broken)
    broken.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(LoopError, match="not JSON"):
        read(broken)


def test_positions_beside_a_model_are_those_of_its_name_or_of_its_folder(tmp_path):
    model = tmp_path / "flu.mdl"
    assert kept_beside(model) is None
    (tmp_path / "layout.json").write_text('{"places": {"a": [1, 2]}}', encoding="utf-8")
    assert kept_beside(model) == Layout({"a": (1.0, 2.0)})
    (tmp_path / "flu.layout.json").write_text('{"places": {"a": [3, 4]}}', encoding="utf-8")
    assert kept_beside(model) == Layout({"a": (3.0, 4.0)})


def test_names_that_are_not_shown_are_left_out_and_misspelt_ones_noted(core):
    layout = lay_out(core, level="draft").layout
    places = dict(layout.places)
    places["opennes"] = places.pop("openness")
    places["price of tea in China"] = (0.0, 0.0)
    found, notes = fitting(Layout(places, layout.bulges), core)
    assert notes == ("positions: 'opennes' is not shown; did you mean 'openness'?",)
    assert set(found.places) == {node.name for node in core.nodes} - {"openness"}


def test_the_positions_that_come_with_the_model_meet_the_targets(monkeypatch):
    model = models.load("migration_policy")
    found = loops.find(model, max_loops=100)
    kept = kept_beside(model.path)
    monkeypatch.setitem(sys.modules, "loopscope.loops.diagrams.layout.trying", None)
    for fold in (False, True):
        sketch, _ = sketched(found, show="named", fold=fold)
        assert len(sketch.loops) == 29
        layout, notes = fitting(kept, sketch)
        assert notes == ()
        quality = lay_out(sketch, layout=layout, pinned=list(layout.places)).quality
        assert quality.crossings <= 8
        assert quality.label_on_label == quality.label_on_link == quality.link_over_box == 0
        assert quality.smallest_angle >= 18
        assert quality.roundness >= 0.5
        assert quality.badges_inside >= 0.7 * quality.badges
        assert quality.shortest_link >= 30
        assert quality.leaders_touching == 0


def test_what_has_its_place_is_dressed_and_nothing_else_is_searched(core, monkeypatch):
    before = lay_out(core, level="draft")
    monkeypatch.setitem(sys.modules, "loopscope.loops.diagrams.layout.trying", None)
    again = lay_out(core, layout=before.layout, pinned=list(before.layout.places))
    assert again.layout == before.layout
    assert again.badges == before.badges
