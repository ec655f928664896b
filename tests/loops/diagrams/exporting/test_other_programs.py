"""Mermaid, Kumu and SD-JSON: read by the program itself, or checked against its documentation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import simlin
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.exporting.kumu import kumu_of
from loopscope.loops.diagrams.exporting.mermaid import escaped, mermaid_of
from loopscope.loops.diagrams.exporting.sd_json import sd_json_of
from loopscope.loops.diagrams.exporting.wording import printed_names

READER = Path(__file__).resolve().parents[3] / "programs" / "mermaid_reads.mjs"
MODULES = os.environ.get("LOOPSCOPE_NODE_MODULES", "")
MERMAID = pytest.mark.skipif(
    shutil.which("node") is None or not (Path(MODULES) / "mermaid").is_dir() or not MODULES,
    reason="Mermaid is not installed: LOOPSCOPE_NODE_MODULES is to name the folder it is in",
)
CALM = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = {"type": "string", "minLength": 1}

BLUEPRINT = {
    "type": "object",
    "required": ["elements", "connections"],
    "additionalProperties": False,
    "properties": {
        "elements": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "label", "type"],
                "properties": {"id": TEXT, "label": TEXT, "type": TEXT},
            },
        },
        "connections": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "from", "to"],
                "properties": {
                    "id": TEXT, "from": TEXT, "to": TEXT,
                    "direction": {"enum": ["directed", "undirected", "mutual"]},
                    "tags": {"type": "array", "items": TEXT},
                },
            },
        },
    },
}  # fmt: skip
"""What Kumu's page "JSON / Blueprints" says of a blueprint."""

SD_JSON = {
    "type": "object",
    "required": ["variables", "relationships"],
    "additionalProperties": False,
    "properties": {
        "variables": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "type"],
                "properties": {"name": TEXT, "type": {"enum": ["stock", "flow", "variable"]}},
            },
        },
        "relationships": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["from", "to", "polarity"],
                "properties": {
                    "from": TEXT, "to": TEXT, "polarity": {"enum": ["+", "-", "?"]},
                    "reasoning": {"type": "string"}, "polarityReasoning": {"type": "string"},
                },
            },
        },
    },
}  # fmt: skip
"""What the README of sd-ai says, with "?" for a polarity that is not known, as simlin has it."""


def read_by_mermaid(diagrams, folder):
    files = []
    for number, diagram in enumerate(diagrams):
        files.append(folder / f"{number}.mmd")
        files[-1].write_text(mermaid_of(diagram), encoding="utf-8")
    done = subprocess.run(
        ["node", str(READER), *map(str, files)], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def agrees(diagram, found):
    names = printed_names(diagram.sketch)
    clouds = {node.name for node in diagram.sketch.nodes if node.kind == "cloud"}
    told = [found["names"][f"n{k}"] for k in range(1, len(names) + 1)]
    assert told == ["outside" if name in clouds else names[name] for name in names]
    ids = {name: f"n{k}" for k, name in enumerate(names, start=1)}
    links = []
    for link in diagram.sketch.links:
        ends = [ids[link.cause], ids[link.effect]]
        if link.kind == "pipe":
            links.append([*(ends[::-1] if link.sign == "-" else ends), ""])
        else:
            sign = link.sign.replace("-", "\u2212")
            links.append([*ends, f"{sign} delay" if link.delay else sign])
    assert [link[:3] for link in found["links"]] == links


@MERMAID
def test_mermaid_reads_every_name_and_link(told, pipes, tmp_path):
    found = read_by_mermaid([told, pipes], tmp_path)
    agrees(told, found[0])
    agrees(pipes, found[1])
    assert [link[3] for link in found[0]["links"]].count("dotted") == 2


@MERMAID
@given(data=st.data())
@settings(parent=CALM, max_examples=1, phases=[Phase.generate])
def test_mermaid_reads_hostile_text(hostile, tmp_path_factory, data):
    diagrams = data.draw(st.lists(hostile(), min_size=12, max_size=12))
    found = read_by_mermaid(diagrams, tmp_path_factory.mktemp("mermaid"))
    for diagram, one in zip(diagrams, found, strict=True):
        agrees(diagram, one)


def test_mermaid_names_the_loops_and_what_it_cannot_draw(told):
    comments = [line for line in mermaid_of(told).splitlines() if line.startswith("%%")]
    assert "no arcs and no loops" in comments[1]
    assert "%% R1, contagion, reinforcing: Infectious, infection rate" in comments


@given(st.text())
def test_nothing_means_anything_to_mermaid(text):
    assert not set('"`<>&%{}[]|\\\n').intersection(escaped(text))


def test_a_blueprint_has_the_facts_of_a_link(told):
    made = json.loads(kumu_of(told))
    jsonschema.validate(made, BLUEPRINT)
    labels = {one["id"]: one["label"] for one in made["elements"]}
    link = next(x for x in made["connections"] if labels[x["from"]] == "Susceptible")
    assert {**link, "id": "", "from": "", "to": ""} == {
        "id": "", "from": "", "to": "", "direction": "directed", "type": "same", "Postlabel": "+",
        "tags": ["B1, depletion, balancing"], "Score": 0.25, "Through": "contacts",
    }  # fmt: skip
    assert sum("delay" in x["tags"] for x in made["connections"]) == 1


@given(data=st.data())
@CALM
def test_hostile_text_keeps_a_blueprint_whole(hostile, data):
    diagram = data.draw(hostile())
    made = json.loads(kumu_of(diagram))
    jsonschema.validate(made, BLUEPRINT)
    ids = [one["id"] for one in (*made["elements"], *made["connections"])]
    assert len(set(ids)) == len(ids), "ids are unique across elements and connections"
    assert len({one["label"] for one in made["elements"]}) == len(diagram.sketch.nodes)
    for link in made["connections"]:
        assert {link["from"], link["to"]} <= set(ids)


def test_sd_json_has_the_facts_of_a_link(told):
    made = json.loads(sd_json_of(told))
    jsonschema.validate(made, SD_JSON)
    assert {"name": "Susceptible", "type": "stock"} in made["variables"]
    assert made["relationships"][1] == {
        "from": "Susceptible", "to": "infection rate", "polarity": "+",
        "reasoning": "more Susceptible means more infection rate (through contacts)",
        "polarityReasoning": "observed in the run",
    }  # fmt: skip


def test_sd_json_tells_flows_of_a_stock_and_leaves_clouds_out(pipes):
    made = json.loads(sd_json_of(pipes))
    assert made["variables"] == [
        {"name": "Population", "type": "stock", "inflows": ["births"], "outflows": []},
        {"name": "births", "type": "flow"},
        {"name": "birth rate", "type": "variable"},
    ]
    assert {(x["from"], x["to"]) for x in made["relationships"]} == {
        ("births", "Population"), ("Population", "births"), ("birth rate", "births"),
    }  # fmt: skip


def test_simlin_reads_sd_json(told, pipes, tmp_path):
    for diagram in (told, pipes):
        model = simlin.load(str(diagram.save(tmp_path / "a.sd.json")))
        shown = {node.name for node in diagram.sketch.nodes if node.kind != "cloud"}
        assert {variable.name for variable in model.variables} == shown


@given(data=st.data())
@CALM
def test_hostile_text_keeps_sd_json_whole(hostile, data):
    diagram = data.draw(hostile())
    made = json.loads(sd_json_of(diagram))
    jsonschema.validate(made, SD_JSON)
    names = {one["name"] for one in made["variables"]}
    assert len(names) == len(diagram.sketch.nodes)
    assert all({x["from"], x["to"]} <= names for x in made["relationships"])
