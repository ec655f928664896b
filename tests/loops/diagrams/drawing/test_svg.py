"""SVG that a browser, a search and a screen reader can read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.drawing.scene import clean
from loopscope.loops.diagrams.drawing.svg import svg_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SVG = "{http://www.w3.org/2000/svg}"


def read(diagram) -> Element:
    return fromstring(svg_of(diagram))


def texts(root: Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def groups(root: Element, stem: str) -> dict[str, Element]:
    found = {}
    for group in root.iter(f"{SVG}g"):
        match = re.fullmatch(rf"d[0-9a-f]{{8}}-{stem}-(\d+)", group.get("id", ""))
        if match:
            found[match.group(1)] = group
    return found


def said(group: Element) -> str:
    return group.findtext(f"{SVG}title") or ""


def test_a_reader_that_does_not_see_it_hears_its_title_and_all_that_it_shows(told):
    root = read(told)
    assert root.get("role") == "img"
    named = [root.find(f"*[@id='{one}']") for one in root.get("aria-labelledby", "").split()]
    title, words = (one.text for one in named if one is not None)
    assert title == "An epidemic"
    assert words == told.text().rstrip("\n")
    assert said_of_untitled(told) == "Causal loop diagram of the model epidemic"


def said_of_untitled(told):
    return read(replace(told, caption=replace(told.caption, title=""))).findtext(f"{SVG}title")


def test_each_link_variable_and_badge_says_what_it_is(told):
    root = read(told)
    assert len(groups(root, "link")) == len(groups(root, "end")) == len(told.sketch.links)
    links = {said(group) for group in groups(root, "link").values()}
    assert "Infectious raises infection rate; link score 25%" in links
    assert any(one.startswith("infection rate lowers Susceptible") for one in links)
    assert "policy acts on infection rate, sign not known" in links
    delayed = next(one for one in links if "recovery rate;" in one or "recovery rate," in one)
    assert "after a delay" in delayed
    assert "observed in the run" in delayed
    assert {said(group) for group in groups(root, "variable").values()} == {
        "Susceptible, stock", "Infectious, stock", "infection rate, variable",
        "recovery rate, variable", "policy, variable, for context",
    }  # fmt: skip
    badges = {said(group) for group in groups(root, "loop").values()}
    assert "R1, contagion, reinforcing; score 50% (40 to 60%)" in badges


def test_names_are_text_that_can_be_selected(told):
    shown = " ".join(texts(read(told)))
    for word in ("Susceptible", "infection rate", "R1", "contagion", "An epidemic", "delay"):
        assert word in shown
    assert 'font-family="DejaVu Sans, Verdana, sans-serif"' in svg_of(told)


def test_ids_are_unique_and_plain_and_differ_between_diagrams(told, ring, diagram_of):
    other = diagram_of(ring(4))
    one, two = (
        [node.get("id") for node in read(x).iter() if node.get("id")] for x in (told, other)
    )
    assert len(one) == len(set(one))
    assert not set(one) & set(two)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name) for name in one)


def test_the_same_diagram_gives_the_same_bytes_and_no_date(told):
    assert svg_of(told) == svg_of(told)
    assert "date" not in svg_of(told).casefold()


def test_what_is_drawn_stays_on_the_page(told):
    root = read(told)
    _, _, wide, tall = (float(one) for one in root.get("viewBox", "").split())
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "-1")) <= wide
        assert 0 <= float(text.get("y", "-1")) <= tall
    assert root.get("width") == f"{wide:g}pt"


def test_a_link_is_a_cubic_with_the_width_of_the_record(told):
    links = told.laid.picture.given.links
    for number, group in groups(read(told), "link").items():
        casing, line = group.findall(f"{SVG}path")
        assert float(line.get("stroke-width", "0")) == links[int(number)].width
        assert re.fullmatch(r"M\S+ \S+C(\S+ \S+ ?){3}", line.get("d", ""))
        assert casing.get("d") == line.get("d")


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_hostile_names_stay_text(hostile, data):
    diagram = data.draw(hostile())
    root = read(diagram)
    assert not list(root.iter(f"{SVG}script"))
    shown = texts(root)
    for node in diagram.sketch.nodes:
        for line in node.lines:
            assert clean(line) in shown


def test_a_file_is_of_reasonable_size(ring, diagram_of):
    assert len(svg_of(diagram_of(ring(16))).encode()) < 40_000
