"""A stock-and-flow diagram to write down."""

from __future__ import annotations

import pytest

from loopscope.loops.diagrams.diagram import Caption, Diagram
from loopscope.loops.diagrams.records import Layout, Link, LoopShown, Node, Sketch
from loopscope.loops.diagrams.stockflow.laying import dress_pipes


@pytest.fixture
def pipes() -> Diagram:
    """Return a stock that a flow fills from a cloud, by hand."""
    nodes = (
        Node(name="Population", kind="stock"),
        Node(name="births", kind="flow", width=17.0, height=17.0),
        Node(name="cloud 1", kind="cloud", width=30.0, height=20.0),
        Node(name="birth rate"),
    )
    links = (
        Link(cause="births", effect="Population", sign="+", kind="pipe"),
        Link(cause="births", effect="cloud 1", sign="-", kind="pipe"),
        Link(cause="Population", effect="births", sign="+"),
        Link(cause="birth rate", effect="births", sign="+"),
    )
    loop = LoopShown(id="R1", path=("births", "Population"), polarity="R", name="growth")
    layout = Layout(
        {"Population": (90.0, 0.0), "births": (0.0, 0.0), "cloud 1": (-90.0, 0.0),
         "birth rate": (0.0, 90.0)},
        {links[0].pair: 0.0, links[1].pair: 0.0, links[2].pair: 0.3, links[3].pair: 0.1},
        {links[0].pair: ((0.0, 0.0), (62.0, 0.0)), links[1].pair: ((0.0, 0.0), (-75.0, 0.0))},
        {"births": (0.0, -18.0)},
    )  # fmt: skip
    laid = dress_pipes(Sketch(nodes, links, (loop,)), layout)
    return Diagram(laid=laid, kind="stockflow", caption=Caption(model="people"))
