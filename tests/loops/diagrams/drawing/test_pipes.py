"""Pipes, valves and clouds as shapes: one group a flow, with words; a legend of what occurs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from loopscope import loops
from loopscope.loops.diagrams.drawing.pipes import (
    cloud_items,
    legend_entries,
    pipe_groups,
    pipe_items,
    special_items,
    valve_items,
)
from loopscope.loops.diagrams.drawing.scene import Words
from loopscope.loops.diagrams.drawing.svg import svg_of
from loopscope.loops.diagrams.stockflow.asking import stock_flow

if TYPE_CHECKING:
    from loopscope.loops.diagrams.diagram import Diagram


@pytest.fixture(scope="module")
def pond() -> Diagram:
    return stock_flow(loops.find("docs/examples/pond.mdl"), level="draft")


def test_each_flow_has_one_pipe_that_says_its_ends(pond: Diagram) -> None:
    groups = pipe_groups(pond)
    assert [group.title for group in groups] == [
        "births: from outside to fish", "deaths: from fish to outside",
    ]  # fmt: skip
    assert len({group.id for group in groups}) == len(groups)


def test_the_arrowhead_is_where_the_pipe_ends() -> None:
    *_, head = pipe_items([(0.0, 0.0), (50.0, 0.0), (50.0, 40.0)])
    assert head.points[0] == pytest.approx((50.0, 40.0))
    assert (head.points[1:, 1] < 40.0).all()


def test_a_valve_turns_with_its_pipe() -> None:
    (level,) = valve_items(0.0, 0.0, level=True)
    (upright,) = valve_items(0.0, 0.0, level=False)
    assert np.ptp(level.points[:, 0]) == pytest.approx(np.ptp(upright.points[:, 1]))
    assert np.ptp(level.points[:, 0]) > np.ptp(level.points[:, 1])


def test_a_cloud_stays_in_its_box() -> None:
    points = np.concatenate([one.points for one in cloud_items(10.0, 5.0, 15.0, 10.0)])
    assert (np.abs(points[:, 0] - 10.0) <= 15.5).all()
    assert (np.abs(points[:, 1] - 5.0) <= 10.5).all()


def test_names_stand_beside_their_valves(pond: Diagram) -> None:
    nodes = {node.name: node for node in pond.sketch.nodes}
    items = special_items(pond, nodes["births"])
    assert items is not None
    (words,) = [item for item in items if isinstance(item, Words)]
    assert words.x == pytest.approx(pond.layout.names["births"][0])
    assert special_items(pond, nodes["fish"]) is None


def test_the_picture_and_its_legend(pond: Diagram) -> None:
    assert [entry.words for entry in legend_entries(pond)] == [
        "flow, in its pipe", "outside the model",
    ]  # fmt: skip
    text = svg_of(pond)
    assert "births: from outside to fish" in text
    assert len(re.findall(r">births<", text)) == 1
