"""What may be drawn, and how names are set."""

from __future__ import annotations

import pickle

import pytest

from loopscope.loops.diagrams.lettering import box_of, folded_lines, width_of
from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node, Sketch
from loopscope.models.errors import LoopError

A, B = Node(name="births"), Node(name="population", kind="stock")
THERE = Link(cause="births", effect="population", sign="+")
BACK = Link(cause="population", effect="births", sign="+")


def loop(path, **more):
    return LoopShown(id="R1", path=path, polarity="R", **more)


@pytest.mark.parametrize(
    ("sketch", "message"),
    [
        (((A, A), ()), "two variables of a diagram are the same: 'births'"),
        (((A, B), (THERE, THERE)), r"two links .* \('births', 'population'\)"),
        (((A,), (THERE,)), "'births' -> 'population': 'population' is not shown"),
        (((A,), (Link(cause="births", effect="births", sign="+"),)), "to itself cannot be drawn"),
        (
            ((A, B), (THERE,), (loop(("births", "population")),)),
            "R1: there is no link 'population'",
        ),
        (((A, B), (THERE, BACK), (loop(("births", "births")),)), "visits each variable once"),
        (((A, B), (THERE, BACK), (loop(("births", "population"), weight=0.0),)), "got 0.0"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(sketch, message):
    with pytest.raises(LoopError, match=message) as caught:
        Sketch(*sketch)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_layout_has_finite_places_and_gentle_bulges():
    with pytest.raises(LoopError, match="'births' must stand at two finite numbers"):
        Layout({"births": (0.0, float("nan"))})
    with pytest.raises(LoopError, match=r"within 0\.36 of 0, got 0\.5"):
        Layout({}, {("births", "population"): 0.5})


def test_names_are_wrapped_between_words_and_measured():
    assert folded_lines("border and interior enforcement") == (
        "border and",
        "interior",
        "enforcement",
    )
    assert folded_lines("Gesamtbevoelkerungszahl") == ("Gesamtbevoelkerungszahl",)
    assert width_of("mm") > width_of("ii") > 0
    assert width_of("a $5 bill, $2 tip") > 0  # dollar signs are no mathematics
    plain, stock = box_of(("births",)), box_of(("births",), stock=True)
    assert (stock[0] - plain[0], stock[1] - plain[1]) == pytest.approx((6.0, 5.0))
