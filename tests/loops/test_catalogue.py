"""Tests of ``loops.toml``: what is read, what is refused, and in which graphs loops are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopscope import loops
from loopscope.loops.catalogue import catalogue
from loopscope.models.errors import LoopError, ReadError

GROWTH = """
    K=100
    births=0.3*P
    crowding=P/K
    deaths=0.3*P*crowding
    P=INTEG(births-deaths, 1)
"""
LOOP = '[[loop]]\nid="R1"\nname="growth"\npath=["P","births"]\npolarity="R"\n'


@pytest.fixture
def named(read):
    """Load equations with the text of a loops.toml beside them."""

    def load(text: str, equations: str = GROWTH, file: str = "loops.toml"):
        model = read(equations)
        Path(model.path).with_name(file).write_text(text, encoding="utf-8")
        return model

    return load


def test_a_model_without_a_file_names_no_loop(read):
    assert catalogue(read(GROWTH)) is None


def test_names_are_those_of_the_model_however_they_are_written(named):
    model = named('view=["BIRTHS", "p"]\n' + LOOP.replace('"P","births"', '"p","Births"'))
    found = catalogue(model)
    assert found.view == ("births",)  # a stock is always shown
    assert found["R1"].path == ("P", "births")
    with pytest.raises(LoopError, match="no loop 'B1'; there are: R1"):
        found["B1"]


def test_the_file_of_the_model_itself_comes_before_that_of_its_folder(named):
    model = named(LOOP, file="model.loops.toml")
    Path(model.path).with_name("loops.toml").write_text("view=[]", encoding="utf-8")
    assert [loop.id for loop in catalogue(model).loops] == ["R1"]


def test_without_a_view_loops_are_those_of_the_whole_graph(named):
    model = named(LOOP)
    assert catalogue(model).view is None
    found = loops.find(model)
    assert set(found.graph.nodes) == {"P", "births", "crowding", "deaths"}
    assert (found["R1"].name, found["R1"].nodes) == ("growth", ("P", "births"))


def test_find_takes_the_view_that_the_file_declares(named):
    found = loops.find(named('view=["births"]\n' + LOOP))
    assert set(found.graph.nodes) == {"P", "births"}
    assert found.named.ids == ("R1",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("view=", "loops.toml: not readable as TOML"),
        ("loops=1", "'loops' is not a known field; there are 'view', 'off' and 'loop'"),
        ("off=1", "off must give constants their values, got 1"),
        ("off={K=true}", "off must give constants their values"),
        ("off={k2=0}", "off: model: no variable named 'k2'"),
        ("off={births=0}", "off: 'births' is no constant"),
        ("loop=1", "write \\[\\[loop\\]\\] before each"),
        ('loop=["R1"]', "loop 'number 1': .*valid dictionary"),
        ('view="births"', "view must be a list of names of variables, got 'births'"),
        ('view=["birth"]', "view: model: no variable named 'birth'; did you mean 'births'"),
        ('view=["K"]', "view: 'K' does not change during a run"),
        ('view=["births","births"]', "view: 'births' is named twice"),
        (LOOP.replace("births", "birth"), "loop 'R1': .*'birth'; did you mean 'births'"),
        (LOOP.replace("births", "K"), "loop 'R1': 'K' does not change during a run"),
        (LOOP.replace('"P",', '"P","births",'), "'births' stands twice in path"),
        ("view=[]\n" + LOOP, "loop 'R1': 'births' is folded away in the view; add it to view"),
        (LOOP + 'sign="+"', "loop 'R1': sign: not a known field"),
        (LOOP.replace('name="growth"\n', ""), "loop 'R1': name: Field required"),
        (LOOP.replace('id="R1"\n', ""), "loop 'number 1': id: Field required"),
        (LOOP.replace('"P","births"', ""), "loop 'R1': path: .*at least 1 item"),
        (LOOP.replace('polarity="R"', 'polarity="+"'), "loop 'R1': polarity: .*'R'"),
        (LOOP.replace('polarity="R"', 'polarity="B"'), "'R1' reads as R, but polarity is 'B'"),
        (LOOP + LOOP, "two loops have the id 'R1'"),
        (LOOP + "switch={k2=0}", "loop 'R1': model: no variable named 'k2'"),
        (LOOP + "switch={births=0}", "'births' is no constant, so it cannot be a switch"),
        (LOOP + "switch={K=nan}", "switch.K: .*finite"),
        (LOOP + 'condition="P"', "condition: expected 'one variable < another', got 'P'"),
        (LOOP + 'condition="P<k2"', "loop 'R1': model: no variable named 'k2'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(named, text, message):
    model = named(text)
    with pytest.raises(ReadError, match=message) as caught:
        catalogue(model)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("loops.toml")


def test_a_condition_may_be_written_either_way(named):
    loop = catalogue(named(LOOP + 'condition="K > P"'))["R1"]
    assert loop.inequality == ("P", "K")
    assert catalogue(named(LOOP))["R1"].inequality is None


def test_a_path_that_is_not_closed_is_refused_in_the_declared_view_alone(named):
    model = named('view=["births","deaths"]\n' + LOOP.replace('"births"', '"births","deaths"'))
    graph = loops.trace(model)
    found = catalogue(model)
    with pytest.raises(LoopError, match=r"loops\.toml, loop 'R1': model: no link"):
        found.match(loops.fold(graph, found.view))
    assert found.match(graph) == {}


def test_a_loop_is_named_in_other_graphs_where_its_path_is_closed_there(named):
    text = 'view=["births","deaths"]\n' + LOOP
    model = named(text + '[[loop]]\nid="B1"\nname="death"\npath=["P","deaths"]\npolarity="B"\n')
    graph, found = loops.trace(model), catalogue(model)
    births, deaths = ("P", "births"), ("P", "deaths")
    whole = {births: ("R1", "growth"), deaths: ("B1", "death")}
    assert found.match(loops.fold(graph, found.view)) == whole
    assert found.match(graph) == whole  # also as deaths = 0.3 * P * crowding holds P itself
    assert found.match(loops.fold(graph, ["births"])) == {births: ("R1", "growth")}
    assert found.declared(loops.fold(graph, found.view))
    assert not found.declared(graph)


def test_two_records_of_one_loop_are_refused(named):
    other = LOOP.replace("R1", "R2").replace('"P","births"', '"births","P"')
    model = named(LOOP + other)
    with pytest.raises(LoopError, match="'R1' and 'R2' name the same loop"):
        catalogue(model).match(loops.trace(model))


def test_stages_of_delays_may_be_left_out(named):
    equations = "seen=SMOOTH3(x, 4)\n goal gap=10-seen\n x=INTEG(goal gap/2, 0)"
    record = '[[loop]]\nid="B1"\nname="control"\npath=["x","goal gap"]\npolarity="B"\n'
    model = named('view=["goal gap"]\n' + record, equations)
    graph = loops.fold(loops.trace(model), catalogue(model).view)
    ((nodes, given),) = catalogue(model).match(graph).items()
    assert given == ("B1", "control")
    assert [graph.label(name) for name in nodes].count("seen") == 3


def test_a_polarity_that_is_not_the_one_found_is_told(named):
    right, wrong = named(LOOP), named(LOOP.replace("R1", "one").replace('"R"', '"B"'))
    assert catalogue(right).contradictions(loops.find(right)) == ()
    with pytest.raises(LoopError, match=r"one: stated B, found R; correct its polarity"):
        loops.find(wrong)
    flat = named(LOOP, "births=MAX(0,SIN(P))*P\n P=INTEG(births-P, 1)")
    assert catalogue(flat).contradictions(loops.find(flat)) == ()
    assert catalogue(flat).unproved(loops.find(flat)) == ("R1",)
