"""GraphML and DOT are read by networkx and Graphviz, and mean what the diagram means."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from io import BytesIO

import networkx as nx
import pytest
from defusedxml import ElementTree
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.exporting.dot import dot_of, label, quoted
from loopscope.loops.diagrams.exporting.graphml import graph_of, graphml_of
from loopscope.loops.diagrams.exporting.wording import printed_names

GRAPHVIZ = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
CALM = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def dot(text, *arguments, program="dot"):
    """Run Graphviz on a text; a warning is a failure."""
    done = subprocess.run(
        [program, *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[:300]
    return done.stdout


def read_again(diagram):
    return nx.read_graphml(BytesIO(graphml_of(diagram)), force_multigraph=False)


def same(first, second):
    assert dict(first.nodes(data=True)) == dict(second.nodes(data=True))
    assert {(a, b): facts for a, b, facts in first.edges(data=True)} == {
        (a, b): facts for a, b, facts in second.edges(data=True)
    }


def test_networkx_reads_the_same_graph(told, pipes):
    for diagram in (told, pipes):
        graph, again = graph_of(diagram), read_again(diagram)
        same(graph, again)
        assert nx.is_isomorphic(graph, again)
        assert json.loads(again.graph["loops"]) == json.loads(graph.graph["loops"])


def test_graphml_has_the_facts_of_a_link_and_a_loop(told):
    graph = read_again(told)
    assert graph.edges["Susceptible", "infection rate"] == {
        "polarity": "+", "delay": 0, "kind": "cause", "certain": 1, "quiet": 0, "width": 1.4,
        "bulge": 0.15, "score": 0.25, "basis": "observed in the run", "through": '["contacts"]',
        "notes": '["b"]',
    }  # fmt: skip
    assert graph.nodes["Susceptible"]["kind"] == "stock"
    assert json.loads(graph.graph["loops"])[0] == {
        "id": "R1", "name": "contagion", "polarity": "R", "path": ["Infectious", "infection rate"],
        "score": 0.5, "share": 0.5,
    }  # fmt: skip
    assert (graph.graph["title"], graph.graph["at"]) == ("An epidemic", 40.0)


def test_graphml_has_no_none_and_nothing_but_numbers_and_text(told):
    types = {e.get("attr.type") for e in ElementTree.fromstring(graphml_of(told)).iter()}
    assert types - {None} <= {"string", "long", "double", "int"}
    assert b"None" not in graphml_of(told)


@given(data=st.data())
@CALM
def test_hostile_text_comes_through_graphml(hostile, data):
    diagram = data.draw(hostile())
    again = read_again(diagram)
    same(graph_of(diagram), again)
    assert set(again) == set(printed_names(diagram.sketch).values())


def nodes_of(plain):
    """Return places by name from what ``dot -Tplain`` prints, in inches."""
    rows = [line.split(" ") for line in plain.splitlines() if line.startswith("node ")]
    return {row[1].strip('"'): (float(row[2]), float(row[3])) for row in rows}


@GRAPHVIZ
def test_graphviz_keeps_the_places(ring, diagram_of):
    sketch = ring(5)
    diagram = diagram_of(sketch)
    text = dot_of(diagram)
    for name in list(diagram.layout.places):
        text = text.replace(f'"{name}"', f'"{name.replace(" ", "_")}"')
    found = nodes_of(dot(text, "-Tplain"))
    places = {name.replace(" ", "_"): at for name, at in diagram.layout.places.items()}
    assert found.keys() == places.keys()
    first = "variable_0"
    for name, (x, y) in places.items():
        dx, dy = found[name][0] - found[first][0], found[name][1] - found[first][1]
        assert dx == pytest.approx((x - places[first][0]) / 72, abs=0.01)
        assert dy == pytest.approx((y - places[first][1]) / 72, abs=0.01)


@GRAPHVIZ
def test_graphviz_draws_every_name_link_and_sign(told, pipes):
    for diagram in (told, pipes):
        for program in (("dot",), ("neato", "-n2")):
            svg = dot(dot_of(diagram), "-Tsvg", *program[1:], program=program[0])
            root = ElementTree.fromstring(svg)
            kinds = [one.get("class") for one in root.iter("{http://www.w3.org/2000/svg}g")]
            assert kinds.count("node") == len(diagram.sketch.nodes)
            assert kinds.count("edge") == len(diagram.sketch.links)
            words = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
            drawn = [node for node in diagram.sketch.nodes if node.kind != "cloud"]
            assert all(line in words for node in drawn for line in node.lines)
            signs = [link for link in diagram.sketch.links if link.kind == "cause"]
            assert sum(word in "+\u2212?" for word in words) == len(signs)


@GRAPHVIZ
def test_neato_keeps_the_arcs(told):
    svg = dot(dot_of(told), "-n2", "-Tsvg", program="neato")
    edges = re.findall(r'<path fill="none"[^>]* d="M([^"]*)"', svg)
    assert len(edges) == len(told.sketch.links)
    assert all(edge.count("C") == 1 for edge in edges), "one cubic a link"


@GRAPHVIZ
@given(data=st.data())
@settings(parent=CALM, max_examples=3, phases=[Phase.generate])
def test_graphviz_reads_hostile_text(hostile, data):
    diagrams = data.draw(st.lists(hostile(), min_size=5, max_size=5))
    drawn = dot("".join(map(dot_of, diagrams)), "-n2", "-Tsvg", program="neato")
    pages = re.findall(r"<svg.*?</svg>", drawn, re.DOTALL)
    for diagram, page in zip(diagrams, pages, strict=True):
        root = ElementTree.fromstring(page)
        titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
        assert len(titles) == 1 + len(diagram.sketch.nodes) + len(diagram.sketch.links)
        assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


@pytest.mark.parametrize(
    ("name", "written"),
    [("a", '"a"'), ('a"', '"a\\""'), ("a\\", '"a\\\\"'), ('\\"', '"\\\\\\""')],
)
def test_an_id_of_dot_is_closed_where_it_ends(name, written):
    assert quoted(name) == written


def test_a_label_of_dot_means_what_it_says():
    assert label(("a & b", "\\N")) == "a &amp; b\\n\\\\N"
