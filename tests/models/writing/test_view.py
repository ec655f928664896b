"""A view is checked, and written as the diagram of each dialect."""

from __future__ import annotations

import math
import re
import warnings
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib import import_module

import pytest

from loopscope.models.errors import ModelError
from loopscope.models.vensim import split_file
from loopscope.models.writing.vensim_file import vensim_file
from loopscope.models.writing.view import Connector, Pipe, Place, View, fitting
from loopscope.models.writing.xmile_file import xmile_file

NS = {"x": "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"}
TANK = "in=a~~|\nout=tank/b~~|\ntank=INTEG(in-out, 1)~~|\n"


def place(name, kind, x, y, **more):
    return Place(name=name, kind=kind, x=x, y=y, **more)


PLACES = (
    place("tank", "stock", 300, 150, width=90, height=42),
    place("cloud 1", "cloud", 100, 150),
    place("cloud 2", "cloud", 300, 300),
    place("in", "flow", 180, 150),
    place("out", "flow", 240, 300),
    place("a", "auxiliary", 180, 60),
    place("b", "auxiliary", 400, 240),
    place("again", "alias", 60, 240, of="b"),
)
PIPES = (
    Pipe(flow="in", source="cloud 1", target="tank", points=((110, 150), (255, 150))),
    Pipe(
        flow="out", source="tank", target="cloud 2",
        points=((300, 171), (300, 240), (200, 240), (200, 300), (290, 300)),
    ),
)  # fmt: skip
CONNECTORS = (
    Connector(cause="a", effect="in"),
    Connector(cause="tank", effect="out", angle=200.0),
    Connector(cause="again", effect="out"),
)
WHOLE = View(places=PLACES, connectors=CONNECTORS, pipes=PIPES, name="Tank | one")


@pytest.fixture(scope="module")
def tank(vensim):
    return vensim(TANK)


@pytest.fixture(scope="module")
def elements(tank):
    """Lines of the sketch by the number of their element."""
    text = vensim_file(tank, [WHOLE]).text
    sketch = text[text.index("*Tank / one") :].partition("///---")[0]
    lines = [line.split(",") for line in sketch.splitlines()[2:] if line]
    assert len({line[1] for line in lines}) == len(lines)
    return {int(line[1]): line for line in lines}


def arrows(elements):
    return [line for line in elements.values() if line[0] == "1"]


def name_at(elements, number):
    """Return the name of a variable, or 'cloud', or of a valve the flow that follows it."""
    line = elements[number]
    if line[0] == "12":
        return "cloud"
    return elements[number + 1][2] if line[0] == "11" else line[2]


def test_each_pipe_is_two_arrows_from_its_valve(elements):
    pipes = [
        (name_at(elements, int(one[2])), name_at(elements, int(one[3])), one[4])
        for one in arrows(elements)
        if elements[int(one[2])][0] == "11"
    ]
    # 4: towards the target; 100: towards the source.
    assert sorted(pipes) == [
        ("in", "cloud", "100"),
        ("in", "tank", "4"),
        ("out", "cloud", "4"),
        ("out", "tank", "100"),
    ]


def test_information_arrows_join_the_names_of_the_view(elements):
    found = {
        (name_at(elements, int(one[2])), name_at(elements, int(one[3])))
        for one in arrows(elements)
        if elements[int(one[2])][0] == "10"
    }
    assert found == {("a", "in"), ("tank", "out"), ("b", "out")}


def test_sketch_has_pixels_and_half_sizes(elements):
    stock = next(line for line in elements.values() if line[0] == "10" and line[2] == "tank")
    # 4/3 pixels a point: (300, 150) and half of 90 x 42.
    assert stock[3:8] == ["400", "200", "60", "28", "3"]


def test_corners_of_a_pipe_stand_in_the_half_they_belong_to(elements):
    ends = {one[4]: ",".join(one) for one in arrows(elements) if _is_of(elements, one, "out")}
    assert re.findall(r"\((\d+),(\d+)\)", ends["100"]) == [
        ("267", "400"), ("267", "320"), ("400", "320"),
    ]  # fmt: skip
    assert len(re.findall(r"\(\d+,\d+\)", ends["4"])) == 1


def _is_of(elements, arrow, flow):
    valve = int(arrow[2])
    return elements[valve][0] == "11" and name_at(elements, valve) == flow


def test_bent_arrow_passes_through_the_middle_of_its_arc(vensim):
    # An arc that leaves to the right of the way up at 45 degrees to a chord of 120 points stands
    # off its middle by 60 tan(22.5 degrees) = 24.85 points: 33 pixels to the left of travel.
    view = View(
        places=(place("a", "auxiliary", 90, 180), place("b", "auxiliary", 210, 180)),
        connectors=(Connector(cause="a", effect="b", angle=45.0),),
    )
    text = vensim_file(vensim("x=1~~|\n"), [view]).text
    x, y = map(int, re.search(r"1\|\((\d+),(\d+)\)\|", text).groups())
    assert (x, y) == (200, round((180 - 60 * math.tan(math.pi / 8)) * 4 / 3))


def test_pysd_splits_the_model_by_its_views(tank, tmp_path):
    pysd = import_module("pysd")
    path = tmp_path / "tank.mdl"
    simple = replace(PIPES[1], points=((300, 171), (300, 290)))  # it reads one corner at most
    view = replace(WHOLE, pipes=(PIPES[0], simple), name="First")
    other = View(places=(place("wave", "auxiliary", 60, 60),), name="Second")
    path.write_text(vensim_file(tank, [view, other]).text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pysd.read_vensim(str(path), split_views=True)
    found = {
        module.stem: set(re.findall(r'name="([^"]+)"', module.read_text(encoding="utf-8")))
        for module in (tmp_path / "modules_tank").glob("*.py")
    }
    assert found == {"first": {"tank", "in", "out", "a", "b"}, "second": {"wave"}}


def test_a_file_without_a_view_has_an_empty_one(tank):
    text = vensim_file(tank).text
    assert "\n*View 1\n$" in text
    assert split_file(text)[1].strip().endswith("15:0,0,0,0,0,0")


def test_xmile_view(tank):
    root = ET.fromstring(xmile_file(tank, [WHOLE]).text)
    (view,) = root.findall("x:model/x:views/x:view", NS)
    assert view.get("name") == "Tank | one"
    stock = view.find("x:stock", NS).attrib
    # A stock with a size stands at its upper left corner.
    assert (stock["x"], stock["y"], stock["width"], stock["height"]) == ("255", "129", "90", "42")
    flows = {one.get("name"): one for one in view.findall("x:flow", NS)}
    points = [(pt.get("x"), pt.get("y")) for pt in flows["out"].findall("x:pts/x:pt", NS)]
    assert points == [(f"{x}", f"{y}") for x, y in PIPES[1].points]
    alias = view.find("x:alias", NS)
    assert alias.findtext("x:of", namespaces=NS) == "b"
    ends = [
        (one.findtext("x:from", "", NS).strip(), one.findtext("x:to", "", NS), one.get("angle"))
        for one in view.findall("x:connector", NS)
    ]
    # Straight down is 270 degrees; the alias is named by its number.
    assert ends[0] == ("a", "in", "270")
    assert ends[1] == ("tank", "out", "200")
    assert view.find("x:connector/x:from/x:alias", NS).get("uid") == alias.get("uid")


def test_valve_that_is_no_variable_goes_with_its_pipe(vensim):
    model = vensim("tank=INTEG(a-1, 1)~~|\n")
    view = View(
        places=(
            *PLACES[:2],
            place("net change of tank", "flow", 180, 150),
            place("a", "auxiliary", 180, 60),
        ),
        pipes=(
            Pipe(
                flow="net change of tank", source="cloud 1", target="tank",
                points=PIPES[0].points,
            ),
        ),
        connectors=(Connector(cause="a", effect="net change of tank", angle=3.0),),
    )  # fmt: skip
    left = fitting(view, model)
    assert [one.name for one in left.places] == ["tank", "a"]
    assert [(one.cause, one.effect) for one in left.connectors] == [("a", "tank")]
    # XMILE has that flow: it is made so that the rate is a sum of flows.
    assert xmile_file(model, [view]).text.count('name="net change of tank"') == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"places": (*PLACES, PLACES[0])}, "two places are named 'tank'"),
        ({"connectors": (Connector(cause="a", effect="inn"),)}, "nothing stands at 'inn'.*'in'"),
        (
            {"pipes": (Pipe(flow="a", source="tank", target="tank", points=((0, 0), (1, 1))),)},
            "not as a flow",
        ),
        (
            {"pipes": (Pipe(flow="in", source="a", target="tank", points=((0, 0), (1, 1))),)},
            "no stock and no cloud",
        ),
        (
            {"pipes": (Pipe(flow="in", source="tank", target="cloud 1", points=((0, 0),)),)},
            "two finite points",
        ),
        ({"places": (place("a", "auxiliary", math.nan, 0),)}, "finite numbers"),
        ({"places": (place("a", "alias", 1, 0),)}, "'of'"),
    ],
)
def test_a_view_that_cannot_be_is_refused(change, said):
    parts = {"places": PLACES, "connectors": (), "pipes": ()} | change
    with pytest.raises(ModelError, match=said):
        View(**parts)
