"""What a stock-and-flow sketch shows: every flow with two pipes, every link, loops along pipes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from loopscope import loops
from loopscope.loops.diagrams.records import LoopShown
from loopscope.loops.diagrams.stockflow.plumbing import plumb
from loopscope.loops.diagrams.stockflow.sketching import along, sketch_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopscope.models.model import Model

DELAYED = """
stock of goods = INTEG(arrivals - sales, 100) ~~|
arrivals = DELAY1(orders, 4) ~~|
orders = gap / 2 ~~|
gap = target - perceived ~~|
perceived = SMOOTH(stock of goods, 3) ~~|
sales = stock of goods / 5 ~~|
target = 120 ~~|
"""
ALONE = """
level = INTEG(- level / life, 1) ~~|
life = 5 ~~|
"""
EXAMPLES = ("epidemic", "pond", "teacup")


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_of_a_model_is_shown(name: str) -> None:
    graph = loops.trace(f"docs/examples/{name}.mdl")
    sketch = sketch_of(plumb(graph), list(graph.nodes), everything=True).sketch
    stocks = set(graph.stocks)
    assert {node.name for node in sketch.nodes if node.kind == "stock"} == stocks
    shown = {link.pair for link in sketch.links if link.kind == "cause"}
    assert shown == {pair for pair in graph.pairs if pair[1] not in stocks}
    pipes = [link for link in sketch.links if link.kind == "pipe"]
    assert {pair for pair in graph.pairs if pair[1] in stocks} <= {link.pair for link in pipes}
    flows = [node.name for node in sketch.nodes if node.kind == "flow"]
    assert Counter(link.cause for link in pipes) == dict.fromkeys(flows, 2)
    for flow in flows:
        assert sorted(link.sign for link in pipes if link.cause == flow) == ["+", "-"]


def test_clouds_stand_only_where_no_stock_does() -> None:
    graph = loops.trace("docs/examples/epidemic.mdl")
    sketch = sketch_of(plumb(graph), list(graph.nodes), everything=True).sketch
    assert not [node for node in sketch.nodes if node.kind == "cloud"]
    graph = loops.trace("docs/examples/pond.mdl")
    sketch = sketch_of(plumb(graph), list(graph.nodes), everything=True).sketch
    assert [node.name for node in sketch.nodes if node.kind == "cloud"] == ["cloud 1", "cloud 2"]


def test_signs_and_delays_of_links(mdl: Callable[[str], Model]) -> None:
    graph = loops.trace(mdl(DELAYED))
    names = dict.fromkeys(graph.label(name) for name in graph.nodes)
    sketch = sketch_of(plumb(graph), list(names), everything=True).sketch
    links = {link.pair: link for link in sketch.links}
    assert links["stock of goods", "perceived"].delay
    assert links["orders", "arrivals"].delay
    assert not links["gap", "orders"].delay
    assert links["perceived", "gap"].sign == "-"
    assert links["orders", "arrivals"].sign == "+"
    assert links["sales", "stock of goods"].kind == "pipe"
    assert links["sales", "stock of goods"].sign == "-"
    assert links["stock of goods", "sales"].kind == "cause"


def test_a_loop_of_a_stock_alone_runs_through_its_net_change(mdl: Callable[[str], Model]) -> None:
    graph = loops.trace(mdl(ALONE))
    shown = sketch_of(plumb(graph), ["level"], [LoopShown(id="B1", path=("level",), polarity="B")])
    (loop,) = shown.sketch.loops
    assert loop.path == ("level", "net change of level")
    links = {link.pair: link for link in shown.sketch.links}
    assert links["level", "net change of level"].sign == "-"


def test_constants_are_shown_where_asked_for() -> None:
    graph = loops.trace("docs/examples/pond.mdl")
    sketch = sketch_of(
        plumb(graph), list(graph.nodes), constants=["birth rate", "room"], everything=True
    ).sketch
    links = {link.pair: link for link in sketch.links}
    assert links["room", "births"].quiet
    assert ("initial fish", "fish") not in links


def test_a_flow_brings_its_stocks_and_the_rest_is_said() -> None:
    graph = loops.trace("docs/examples/epidemic.mdl")
    shown = sketch_of(plumb(graph), ["infections"])
    kinds = {node.name: (node.kind, node.quiet) for node in shown.sketch.nodes}
    assert kinds == {
        "Susceptible": ("stock", True), "Infected": ("stock", True), "infections": ("flow", False)
    }  # fmt: skip
    assert set(shown.flows_left) == {"recoveries", "loss of immunity"}


@pytest.mark.parametrize(
    ("path", "between", "wanted"),
    [
        (("a", "b"), (), ("a", "b")),
        (("a", "c"), ("b",), ("a", "b", "c")),
        (("a", "c"), (), None),
        (("a", "d"), ("b", "c"), None),
    ],
)
def test_a_path_with_what_lies_between(
    path: tuple[str, ...], between: tuple[str, ...], wanted: tuple[str, ...] | None
) -> None:
    pairs = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "a")]
    assert along(pairs, path, between) == wanted
