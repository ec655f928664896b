"""Everything of a diagram stands on its page, and nothing that does not occur."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from loopscope.loops.diagrams.diagram import Diagram, Style
from loopscope.loops.diagrams.drawing.figure import figure_of
from loopscope.loops.diagrams.drawing.page import scene_of
from loopscope.loops.diagrams.drawing.scene import Shape, Words
from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch
from loopscope.loops.style import styled


def words_of(diagram):
    groups = [group for layer in scene_of(diagram).layers for group in layer]
    return [item for group in groups for item in group.items if isinstance(item, Words)]


def texts_of(diagram):
    return {item.text for item in words_of(diagram)}


def shapes_of(diagram, group_id):
    groups = [group for layer in scene_of(diagram).layers for group in layer]
    items = next(group.items for group in groups if group.id == group_id)
    return [item for item in items if isinstance(item, Shape)]


def number_of(diagram, cause, effect):
    links = diagram.laid.picture.given.links
    return next(k for k, link in enumerate(links) if link.pair == (cause, effect))


def assert_inside(diagram):
    figure = figure_of(diagram)
    figure.canvas.draw()
    with styled(), mpl.rc_context({"text.hinting": "no_hinting"}):
        wide, tall = figure.canvas.get_width_height()
        for text in figure.findobj(Text):
            if not text.get_text().strip():
                continue
            box = text.get_window_extent()
            assert 0 <= box.x0 <= box.x1 <= wide, text.get_text()
            assert 0 <= box.y0 <= box.y1 <= tall, text.get_text()


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_no_text_is_cut_off_however_long_or_strange(hostile, data):
    assert_inside(data.draw(hostile()))


def test_no_text_of_a_diagram_with_everything_is_cut_off(told):
    caption = replace(
        told.caption, title="A title " * 40, subtitle="of much " * 60, notes=("word " * 300,),
        footnotes=(("a", "said " * 200), ("b", "w" * 400)),
    )  # fmt: skip
    assert_inside(replace(told, caption=caption, style=Style(valves=True, polarity="so")))


def test_all_shapes_stand_on_the_page(told):
    scene = scene_of(told)
    for layer in scene.layers:
        for item in (item for group in layer for item in group.items):
            if isinstance(item, Shape) and not item.curve:
                assert (item.points >= np.array(scene.low)).all()
                assert (item.points <= np.array(scene.high)).all()


def test_a_page_is_as_wide_as_its_legend_up_to_660_points(ring, diagram_of):
    two = ring(2)
    scored = replace(two, links=tuple(replace(link, score=0.3, delay=True) for link in two.links))
    plain, more = (scene_of(diagram_of(one)).size[0] for one in (two, scored))
    assert plain < more <= 660.0 + 28.0 + 1e-6
    shaded = tuple(replace(loop, shaded=True, score=0.4) for loop in scored.loops)
    quiet = (*scored.nodes, Node(name="far", quiet=True))
    all_of_it = Sketch(quiet, scored.links, shaded)
    legend = [
        item.y
        for item in words_of(diagram_of(all_of_it))
        if item.text in ("same direction", "shading: loop score")
    ]
    assert legend[0] > legend[1], "a legend that is longer wraps"


ENTRIES = {
    "same direction", "opposite direction", "sign not known", "dashed: sign not proved", "delay",
    "stock", "flow", "context", "width: link score", "reinforcing", "balancing",
    "polarity not known", "shading: loop score",
}  # fmt: skip


def sketch_with(**changes):
    link = Link(cause="a", effect="b", sign="+")
    back = Link(cause="b", effect="a", sign="+")
    loop = LoopShown(id="R1", path=("a", "b"), polarity="R")
    nodes = (Node(name="a"), replace(Node(name="b"), **changes.get("node", {})))
    return Sketch(
        nodes, (replace(link, **changes.get("link", {})), back),
        (replace(loop, **changes.get("loop", {})),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "extra"),
    [
        ({}, set()),
        ({"link": {"sign": "-"}}, {"opposite direction"}),
        ({"link": {"sign": "?", "certain": False}}, {"sign not known"}),
        ({"link": {"certain": False}}, {"dashed: sign not proved"}),
        ({"link": {"delay": True}}, {"delay"}),
        ({"node": {"kind": "stock"}}, {"stock"}),
        ({"node": {"kind": "flow"}}, {"flow"}),
        ({"node": {"quiet": True}}, {"context"}),
        ({"link": {"score": 0.2}}, {"width: link score"}),
        ({"loop": {"polarity": "B"}}, {"balancing"}),
        ({"loop": {"polarity": "U"}}, {"polarity not known"}),
        ({"loop": {"shaded": True}}, {"shading: loop score"}),
    ],
)
def test_the_legend_shows_what_occurs_and_nothing_else(diagram_of, changes, extra):
    diagram = replace(diagram_of(sketch_with(**changes)), style=Style(valves=True))
    base = {"same direction", "reinforcing"}
    if changes.get("loop", {}).get("polarity"):
        base -= {"reinforcing"}
    assert texts_of(diagram) & ENTRIES == base | extra


def test_a_link_is_dashed_unless_its_sign_is_proved_and_keeps_its_colour(diagram_of):
    for changes, dashed, colour in (
        ({}, False, "#0072B2"),
        ({"certain": False}, True, "#0072B2"),
        ({"certain": False, "sign": "-"}, True, "#C8470A"),
        ({"sign": "?"}, True, "#6B6B6B"),
    ):
        diagram = diagram_of(sketch_with(link=changes))
        line = shapes_of(diagram, f"link-{number_of(diagram, 'a', 'b')}")[-1]
        assert (line.dash is not None, line.line) == (dashed, colour)


def test_a_mono_diagram_has_one_dark_colour_for_links_and_so_prints_letters(told):
    plain = texts_of(told)
    assert "\u2212" in plain
    changed = replace(told, style=Style(theme="mono", polarity="so"))
    assert not {"+", "\u2212"} & texts_of(changed)
    assert {"s", "o"} <= texts_of(changed)
    number = number_of(changed, "infection rate", "Infectious")
    assert shapes_of(changed, f"link-{number}")[-1].line == "#14202B"


def test_what_is_shown_for_context_is_grey(told):
    number = number_of(told, "policy", "infection rate")
    assert shapes_of(told, f"link-{number}")[-1].line == "#A3ACB2"
    name = next(item for item in words_of(told) if item.text == "policy")
    assert name.colour == "#6B7780"


def test_an_area_is_filled_only_where_asked_and_more_for_a_higher_score(told):
    def area(score):
        given = told.laid.picture.given
        loops = tuple(replace(one, score=score) for one in given.loops)
        picture = replace(told.laid.picture, given=replace(given, loops=loops))
        return scene_of(replace(told, laid=replace(told.laid, picture=picture))).layers[0]

    weak, strong = area(0.0), area(-1.0)
    assert len(weak) == len(strong) == 1
    assert weak[0].items[0].alpha == pytest.approx(0.06)
    assert strong[0].items[0].alpha == pytest.approx(0.12)


def test_a_valve_stands_beside_the_name_of_a_flow_where_asked_and_no_link_is(diagram_of):
    diagram = diagram_of(sketch_with(node={"kind": "flow"}))
    bare = shapes_of(diagram, "variable-1")
    valved = shapes_of(replace(diagram, style=Style(valves=True)), "variable-1")
    assert len(valved) == len(bare) + 2
    triangles = np.concatenate([shape.points for shape in valved if not shape.curve])
    x, y = diagram.laid.picture.place[1]
    assert np.abs(triangles[:, 1] - y).max() == pytest.approx(3.5)
    # On a circle of two, the links of the second variable come to it from the right.
    assert triangles[:, 0].max() < x


def test_letters_of_footnotes_stand_by_signs_badges_and_names_and_below(told):
    texts = [item.text for item in words_of(told)]
    assert texts.count("b") == 2, "beside the sign, and before its footnote"
    assert texts.count("a") == 2, "beside the badge, and before its footnote"
    assert any(text.endswith("[a]") for text in texts), "in the key"
    assert {"A claim.", "Another claim."} <= set(texts)


def test_the_key_says_scores_in_percent_with_their_band(told):
    texts = texts_of(told)
    assert {"50% (40 to 60%)", "20%", "30%", "score"} <= texts
    assert "mean score" in texts_of(replace(told, caption=replace(told.caption, at=None)))


def test_the_key_lists_reinforcing_loops_first_then_by_number(ring, diagram_of):
    one = ring(3)
    names = ("B10", "B2", "R2", "R1")
    loops = tuple(
        replace(one.loops[0], id=name, polarity=name[0], name=f"loop {name}", score=0.1)
        for name in names
    )
    diagram = diagram_of(Sketch(one.nodes, one.links, loops))
    listed = [item for item in words_of(diagram) if item.text.startswith("loop ")]
    key = max(item.x for item in listed)
    found = [item.text for item in sorted(listed, key=lambda item: -item.y) if item.x == key]
    assert found == ["loop R1", "loop R2", "loop B2", "loop B10"]


def test_an_id_of_more_than_four_letters_stands_whole_on_two_lines_and_in_the_key(ring, diagram_of):
    one = ring(3)
    ids = ("U10945", "U10946", "a very long id")
    loops = tuple(replace(one.loops[0], id=name, name="") for name in ids)
    texts = [item.text for item in words_of(diagram_of(Sketch(one.nodes, one.links, loops)))]
    assert {"U10", "945", "946"} <= set(texts)
    assert texts.count("U10") == 2
    assert set(ids) <= set(texts), "in the key"


def test_a_figure_saved_by_hand_is_set_as_measured_and_warns_of_no_letter(told, tmp_path):
    figure = figure_of(told)
    figure.savefig(tmp_path / "x.png", dpi=60)
    with Image.open(tmp_path / "x.png") as picture:
        dots = np.asarray(picture.convert("L"))
    assert (dots[:, -8:] == 255).all()
    strange = replace(told, caption=replace(told.caption, title="\u4eba\u53e3"))
    figure_of(strange).savefig(tmp_path / "y.png")


def test_a_diagram_of_nothing_has_a_title_and_no_fault(diagram_of):
    diagram = diagram_of(Sketch((), ()), title="Nothing moves")
    assert texts_of(diagram) == {"Nothing moves"}
    assert isinstance(diagram, Diagram)
    assert_inside(diagram)


def test_text_is_never_made_smaller(told, diagram_of, ring):
    sizes = {item.size for item in words_of(told)} | {
        item.size for item in words_of(diagram_of(ring(12), title="t", subtitle="s"))
    }
    allowed = {14.0, 8.5, 9.0, 11.5, 10.0, 8.2, 7.0, 6.0, 5.4, 6.2, 7.2, 7.8}
    assert sizes <= allowed
