"""A diagram kept as JSON is the same diagram when it is read again."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.diagram import Caption, Style
from loopscope.loops.diagrams.drawing.svg import svg_of
from loopscope.loops.diagrams.exporting import form
from loopscope.loops.diagrams.exporting.kept import as_plain, json_of, read_diagram, schema
from loopscope.loops.diagrams.layout import kept
from loopscope.loops.diagrams.layout.badges import Badge
from loopscope.loops.diagrams.layout.labels import Mark
from loopscope.loops.diagrams.layout.laying import lay_out
from loopscope.loops.diagrams.layout.quality import Quality
from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node
from loopscope.models.errors import LoopError

SCHEMA = Path(__file__).resolve().parents[4] / "docs" / "diagram.schema.json"


def test_the_schema_in_the_docs_is_the_schema_of_the_form():
    # After a change of the form: python tests/loops/diagrams/exporting/test_kept.py
    # Compared by fields: how pydantic words a schema differs between its versions.
    written = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(written)
    assert members(written) == members(schema())


def members(document):
    records = {"": document, **document["$defs"]}
    return {
        name: (sorted(one.get("properties", ())), sorted(one.get("required", ())))
        for name, one in records.items()
    }


@pytest.mark.parametrize(
    ("record", "written", "added"),
    [
        (Node, form.NodeForm, set()),
        (Link, form.LinkForm, {"sign_place", "mark"}),
        (LoopShown, form.LoopForm, {"badge"}),
        (Badge, form.BadgeForm, set()),
        (Mark, form.MarkForm, set()),
        (Caption, form.CaptionForm, set()),
        (Style, form.StyleForm, set()),
        (Quality, form.QualityForm, set()),
        (Layout, form.LayoutForm, set()),
    ],
)
def test_the_form_has_every_field_of_a_record(record, written, added):
    assert {field.name for field in fields(record)} | added == set(written.model_fields)


@pytest.mark.parametrize("which", ["told", "pipes"])
def test_what_is_read_again_is_drawn_the_same(request, tmp_path, which):
    diagram = request.getfixturevalue(which)
    again = read_diagram(diagram.save(tmp_path / "a.json"))
    assert svg_of(again) == svg_of(diagram)
    assert json_of(again) == json_of(diagram)
    assert again.text() == diagram.text()
    assert (again.sketch, again.caption, again.style) == (
        diagram.sketch, diagram.caption, diagram.style,
    )  # fmt: skip
    assert again.layout == diagram.layout


@pytest.mark.parametrize("which", ["told", "pipes"])
def test_what_is_written_follows_the_schema(request, which):
    content = json.loads(json_of(request.getfixturevalue(which)))
    jsonschema.validate(content, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert content["format"] == form.NUMBER


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_hostile_text_survives_to_the_letter(hostile, data):
    diagram = data.draw(hostile())
    again = read_diagram(json.loads(json_of(diagram)))
    assert (again.sketch, again.caption) == (diagram.sketch, diagram.caption)
    assert json_of(again) == json_of(diagram)


def test_an_edited_layout_is_used_for_another_picture(told, tmp_path):
    content = json.loads(json_of(told))
    content["layout"]["places"]["Susceptible"] = [-300, 12.5]
    alone = {"format": content["format"], "layout": content["layout"]}
    path = tmp_path / "places.json"
    path.write_text(json.dumps(alone), encoding="utf-8")
    layout = kept.read(path)
    assert layout.places["Susceptible"] == (-300.0, 12.5)
    laid = lay_out(told.sketch, level="draft", layout=layout, pinned=list(layout.places))
    assert laid.layout.places == layout.places


def test_a_diagram_without_badges_is_kept_too(pipes):
    bare = replace(pipes, laid=replace(pipes.laid, badges=(), level="bare"))
    again = read_diagram(json.loads(json_of(bare)))
    assert again.laid.badges == ()
    assert json_of(again) == json_of(bare)
    assert again.text() == bare.text()


def test_lines_of_the_file_are_not_long(told):
    assert max(map(len, json_of(told).splitlines())) <= 110


def broken(change):
    """Return a change of a kept diagram: a place in it, and what is put there."""

    def apply(content):
        *way, last = change[0]
        for key in way:
            content = content[key]
        if change[1] is None:
            del content[last]
        else:
            content[last] = change[1]

    return apply


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((["format"], None), "is no diagram of Loopscope: it has no 'format'"),
        ((["format"], 2), "format is 2, and 1 can be read"),
        ((["format"], "1"), "format is '1', and 1 can be read"),
        ((["format"], True), "format is True, and 1 can be read"),
        ((["nodes", 0, "kind"], "tank"), r"nodes\.0\.kind: "),
        ((["nodes", 0, "name"], 3), r"nodes\.0\.name: "),
        ((["nodes", 0, "wdith"], 3.0), r"nodes\.0\.wdith: not a known field; did you mean 'width'"),
        ((["nodes", 0, "width"], -1.0), r"nodes\.0\.width: "),
        ((["nodes", 0, "width"], float("nan")), r"nodes\.0\.width: "),
        ((["nodes", 0], "x"), r"nodes\.0: "),
        ((["nodes"], None), "nodes: Field required"),
        ((["links", 0, "cause"], "nobody"), "'nobody' is not shown"),
        ((["links", 0, "sign"], "plus"), r"links\.0\.sign: "),
        ((["links", 0, "sign_place"], [1.0]), r"links\.0\.sign_place"),
        ((["links", 0, "mark"], {"place": [0, 0]}), r"links\.0\.mark\.angle: Field required"),
        ((["loops", 0, "path"], ["Susceptible"]), "there is no link"),
        ((["loops", 0, "polarity"], "X"), r"loops\.0\.polarity: "),
        ((["loops", 0, "badge"], {"place": [0, 0]}), r"loops\.0\.badge\.sense: Field required"),
        ((["layout", "places", "Susceptible"], None), "there is no place for 'Susceptible'"),
        ((["layout", "places", "Susceptible"], [1, 2, 3]), r"layout\.places\.Susceptible"),
        ((["layout", "bulges", 0, 2], 3.0), r"layout\.bulges\.0\.2: "),
        ((["layout", "bulges", 0], ["a", "b", 0.1]), "there is no bulge for"),
        ((["layout"], None), "layout: Field required"),
        ((["caption", "loops_left"], -3), r"caption\.loops_left: "),
        ((["quality", "crossings"], "many"), r"quality\.crossings: "),
    ],
)
def test_a_file_that_is_not_as_it_should_be_says_where(told, tmp_path, change, message):
    content = json.loads(json_of(told))
    broken(change)(content)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LoopError, match=message) as error:
        read_diagram(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"", "is no JSON: .* at line 1, column 1"),
        (b'{"format": 1,', "is no JSON: .* at line 1"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (b"[1, 2]", "is no diagram of Loopscope"),
        (b'{"models": []}', "is no diagram of Loopscope: it has no 'format'"),
        (b"[" * 200_000, "brackets go too deep"),
        (b'{"format": ' + b"1" * 5000 + b"}", "a number is too long"),
    ],
)
def test_what_is_no_diagram_is_refused_in_one_line(tmp_path, written, message):
    path = tmp_path / "odd.json"
    path.write_bytes(written)
    with pytest.raises(LoopError, match=message) as error:
        read_diagram(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_no_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(LoopError, match=r"cannot read .*: No such file"):
        read_diagram(tmp_path / "none.json")
    with pytest.raises(LoopError, match=r"cannot read .*: Is a directory"):
        read_diagram(tmp_path)


def test_the_record_holds_plain_values_alone(told):
    assert json.loads(json_of(told)) == as_plain(told)


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
