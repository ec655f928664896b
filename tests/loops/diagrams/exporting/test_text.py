"""All that the picture shows is in the words beside it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.exporting.wording import (
    link_words,
    one_line,
    percent,
    printed_names,
    strongest_first,
    walk_words,
)
from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch

TOLD = """\
An epidemic

Day 40: 80 percent explained

Causal loop diagram of the model epidemic: 5 variables, 7 links (1 delayed) and 3 feedback loops \
(1 reinforcing and 2 balancing). The scenario is base. Scores are those at time 40 day, found by \
Loops That Matter. The loops shown carry 80 percent of what all loops together carry. 3 further \
loops are not shown.

Stocks: Infectious; Susceptible.

Other variables: infection rate; recovery rate.

Shown in grey, for context only: policy.

Loops, strongest first

Loop R1, contagion, reinforcing.
Score 50 percent.
Mean share over the run 50 percent.
Over the sweep the score lies between 40 percent and 60 percent in nine of ten runs.
It has 2 links, no delays.
Drawn clockwise, its area shaded.
The ill infect others.
What happens: more Infectious means more infection rate; more infection rate means more Infectious.
"""


def test_the_twin_of_an_epidemic_reads_as_written_here(told):
    assert told.text().splitlines()[: len(TOLD.splitlines())] == TOLD.splitlines()


def test_the_twin_ends_with_what_is_left_out_and_the_footnotes(told):
    assert told.text().endswith(
        "Shown: the three strongest loops.\n\nLoops known: all 6 loops.\n\n"
        "Variables left out: Immune; waning.\n\nFootnotes\na: A claim.\nb: Another claim.\n"
    )


def test_a_link_has_a_row_with_all_its_facts(told):
    rows = [line for line in told.text().splitlines() if line.startswith("Susceptible")]
    assert [re.split(r" {3,}", row) for row in rows] == [
        ["Susceptible", "infection rate", "same direction", "no delay", "25 percent", "contacts",
         "observed in the run; footnotes b"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        ("--", "more a means less b; less b means more a"),
        ("-+", "more a means less b; less b means less a"),
        ("?-", "more a changes b, more or less is not known; a change in b changes a the opposite "
               "way"),
        ("+?", "more a means more b; more b changes a, more or less is not known"),
    ],
)  # fmt: skip
def test_the_walk_follows_the_signs(signs, words):
    links = [
        Link(cause=cause, effect=effect, sign=sign)
        for cause, effect, sign in zip("ab", "ba", signs, strict=True)
    ]
    loop = LoopShown(id="B1", path=("a", "b"), polarity="U")
    assert walk_words(loop, {link.pair: link for link in links}) == words


@pytest.mark.parametrize("share", [0.0, 0.001, 0.004, 0.0996, 0.5, 1.0])
def test_a_share_is_rounded_to_what_can_be_said(share):
    value = float(percent(share).removesuffix(" percent"))
    assert abs(value - 100 * share) <= (0.05 if value < 10 else 0.5)


def test_a_share_that_is_not_zero_is_not_called_zero():
    assert percent(1e-9) == percent(-1e-9) == "under 0.1 percent"
    assert percent(0.0) == "0 percent"


def test_pipes_are_told_as_what_flows_where(pipes):
    assert "births flows from outside the model to Population." in pipes.text()
    assert "3 variables, 2 links, 1 pipe and 1 feedback loop" in pipes.text()
    assert pipes.alt().startswith("Stock-and-flow diagram of the model people")


def test_without_scores_no_order_and_no_scores_are_told(ring, diagram_of):
    words = diagram_of(ring(3)).text()
    assert "strongest" not in words
    assert "score" not in words.casefold()
    assert "\nLoops\n" in words


def test_the_strongest_loop_comes_first(told):
    assert [loop.id for loop in strongest_first(told.sketch)] == ["R1", "B2", "B1"]


def test_names_that_look_alike_stay_apart():
    sketch = Sketch(tuple(Node(name=name) for name in ("a b", "a\nb", "a  b", "", " ")), ())
    assert list(printed_names(sketch).values()) == [
        "a b", "a b (2)", "a b (3)", "(no name)", "(no name) (2)",
    ]  # fmt: skip


@st.composite
def plain_sketches(draw):
    """Return sketches of short plain names, with loops that lie along their links."""
    n = draw(st.integers(2, 6))
    names = [f"variable {chr(97 + k)}" for k in range(n)]
    pairs = {(names[k], names[(k + 1) % n]) for k in range(n)}
    pairs |= draw(st.sets(st.sampled_from([(a, b) for a in names for b in names if a != b])))
    links = tuple(
        Link(
            cause=a, effect=b, sign=draw(st.sampled_from("+-?")), delay=draw(st.booleans()),
            score=draw(st.none() | st.floats(-1, 1)), notes=draw(st.sampled_from([(), ("a",)])),
        )
        for a, b in sorted(pairs)
    )  # fmt: skip
    paths = [tuple(names)] + [(a, b) for a, b in sorted(pairs) if a < b and (b, a) in pairs]
    loops = tuple(
        LoopShown(
            id=f"R{k}", path=path, polarity=draw(st.sampled_from("RBU")),
            score=draw(st.none() | st.floats(-1, 1)), notes=draw(st.sampled_from([(), ("a",)])),
        )
        for k, path in enumerate(paths if n > 2 else paths[:1], start=1)
    )  # fmt: skip
    return Sketch(tuple(Node(name=name) for name in names), links, loops)


@given(sketch=plain_sketches())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_fact_of_the_picture_is_in_the_twin(diagram_of, sketch):
    diagram = diagram_of(sketch, footnotes=(("a", "A claim"),))
    words = diagram.text()
    blocks = words.strip().split("\n\n")
    table = next(block for block in blocks if block.startswith("Links\n")).splitlines()[2:]
    told = [re.split(r" {3,}", row) for row in table]
    assert [tuple(row[:2]) for row in told] == sorted(link.pair for link in sketch.links)
    signs = {"same direction": "+", "opposite direction": "-", "direction not known": "?"}
    by_pair = {link.pair: link for link in sketch.links}
    assert [signs[row[2]] for row in told] == [by_pair[tuple(row[:2])].sign for row in told]
    assert sum(row[3] == "delayed" for row in told) == len(diagram.laid.marks)
    assert sum("footnotes a" in row for row in table) == sum(bool(x.notes) for x in sketch.links)
    paragraphs = [block for block in blocks if block.startswith("Loop ")]
    assert len(paragraphs) == len(diagram.laid.badges)
    for loop, paragraph in zip(strongest_first(sketch), paragraphs, strict=True):
        walk = paragraph.split("What happens: ")[1]
        assert len(walk.split("; ")) == len(loop.path)
        assert walk.count("after a delay") == sum(by_pair[pair].delay for pair in loop.pairs)
        assert ("Score" in paragraph) == (loop.score is not None)
        assert ("Footnotes a" in paragraph) == bool(loop.notes)
    assert "a: A claim" in blocks[-1]
    assert not set("+<>=%|*_#\u2212\u2192").intersection(words), "symbols are read aloud"


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_short_form_is_one_short_line(hostile, data):
    words = data.draw(hostile()).alt()
    assert 20 < len(words) < 250
    assert "\n" not in words
    assert words.isprintable() or not words.isascii()


def test_without_a_layout_no_sense_of_rotation_is_told(told):
    bare = replace(told, laid=replace(told.laid, level="bare"))
    assert "Drawn" in told.text()
    assert "Drawn" not in bare.text()
    assert "Its area is shaded." in bare.text()


def test_letters_that_turn_the_order_of_others_are_marked():
    assert one_line("a\u202eb\x1b[31m") == "a\ufffdb\ufffd[31m"


def test_the_words_of_a_link_say_its_delay_and_direction():
    link = Link(cause="a", effect="b", sign="-", delay=True)
    assert link_words(link) == "more a, after a delay, means less b"
    assert link_words(replace(link, sign="?")).startswith("more a, after a delay, changes b")
