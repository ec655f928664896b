"""Charts of a report: their axes, what they draw of which runs, and names that are hostile."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from loopscope.analysis.reporting.charts import limits, run_panels, thinned, ticks
from loopscope.analysis.reporting.share_charts import colours_of, lead_rows, share_areas
from loopscope.analysis.reporting.sure_charts import (
    Band,
    Bar,
    band_panels,
    bar_rows,
    probability_areas,
)
from loopscope.analysis.runs import Run
from loopscope.loops.diagrams.drawing.scene import Shape, Words
from loopscope.loops.diagrams.drawing.svg import svg_from
from loopscope.loops.dominance import Period

NAME = 'a <b> & "c" $x$'
TIME = np.linspace(0.0, 10.0, 11)


def run_of(values, label="base", changed=None):
    return Run(
        label=label, model="m", time=TIME, time_units="year", values=values,
        units=dict.fromkeys(values, "people"), kinds={}, status="ok", failure=None,
        changed=changed, dataset=lambda: None,
    )  # fmt: skip


def items(scene, kind):
    return [one for layer in scene.layers for group in layer for one in group.items
            if isinstance(one, kind)]  # fmt: skip


def inside(scene):
    """Whether every point and word stands on the page."""
    low, high = np.array(scene.low), np.array(scene.high)
    points = [shape.points for shape in items(scene, Shape)]
    points += [np.array([[word.x, word.y]]) for word in items(scene, Words)]
    every = np.concatenate(points)
    return bool((every >= low - 1e-6).all() and (every <= high + 1e-6).all())


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_an_axis_holds_all_values_and_has_round_numbers_within(low, more):
    first, last = limits(low, low + more)
    assert first <= low
    assert last >= low + more
    assert first < last or low == low + more
    for value in ticks(first, last, 5) if first < last else ():
        assert first - 1e-9 * (last - first) <= value <= last + 1e-9 * (last - first)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=2000))
def test_a_thinned_line_keeps_its_extremes_and_ends(values):
    some = thinned(np.array(values), most=50)
    assert len(some) <= max(102, min(50, len(values)))
    assert (np.diff(some) > 0).all()
    kept = np.array(values)[some]
    assert (kept.min(), kept.max()) == (min(values), max(values))
    assert (some[0], some[-1]) == (0, len(values) - 1)


def test_a_panel_for_each_variable_and_a_line_for_each_run():
    runs = [run_of({NAME: TIME, "y": TIME**2}, label) for label in ("base", "other")]
    scene = run_panels(runs, [NAME, "y"], title="Both")
    said = {word.text for word in items(scene, Words)}
    assert {NAME, "y", "base", "other", "Both", "people", "time (year)"} <= said
    assert inside(scene)
    lines = [one for one in items(scene, Shape) if len(one.points) == len(TIME) and not one.closed]
    assert len(lines) == 4
    svg = etree.fromstring(svg_from(scene, NAME, "").encode())
    assert NAME in {element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")}


def test_a_line_is_interrupted_where_there_is_no_number():
    values = TIME.copy()
    values[5] = np.nan
    scene = run_panels([run_of({"x": values})], ["x"], title="")
    lines = [one for one in items(scene, Shape) if one.line == "#222222" and not one.closed]
    assert [len(one.points) for one in lines] == [5, 5]


def test_the_time_of_change_is_marked_only_where_something_changes():
    def dashed(changed):
        runs = [run_of({"x": TIME}), replace(run_of({"x": TIME}, "other"), changed=changed)]
        return [one for one in items(run_panels(runs, ["x"], title=""), Shape) if one.dash]

    assert len(dashed(4.0)) == 2  # in the panel and in the legend
    assert not dashed(None)
    assert not dashed(0.0)


@pytest.mark.parametrize("values", [np.zeros(11), np.full(11, np.nan), np.full(11, -3.0)])
def test_a_series_without_a_range_is_drawn_all_the_same(values):
    assert inside(run_panels([run_of({"x": values})], ["x"], title=""))


def scores_of(values, reinforcing=None):
    import xarray as xr

    found = xr.Dataset(
        {"relative": (("time", "loop"), values)}, coords={"time": TIME, "loop": ["R1", "B1"]}
    )
    if reinforcing is not None:
        found["reinforcing"] = (("time", "loop"), np.repeat(reinforcing[:, None], 2, axis=1))
    return found


def test_shares_stand_above_and_below_the_line_and_the_rest_is_named():
    values = np.column_stack([np.full(11, 0.5), np.full(11, -0.2)])
    lead = Period(start=0.0, stop=10.0, polarity="R", loops=("R1",), share=0.5, partition=0)
    colours = colours_of({"R1": "R", "B1": "B"})
    scene = share_areas(
        scores_of(values, np.full(11, 0.7)), {"R1": NAME, "B1": ""}, colours, [lead], unit="year"
    )
    assert inside(scene)
    areas = {
        one.fill: (one.points[:, 1].min(), one.points[:, 1].max())
        for one in items(scene, Shape)
        if one.fill and len(one.points) == 22
    }
    middle = 84.0
    assert areas[colours["R1"]][0] == pytest.approx(middle)
    assert areas[colours["R1"]][1] == pytest.approx(middle * 1.5)
    assert areas[colours["B1"]] == (pytest.approx(middle * 0.8), pytest.approx(middle))
    said = [word.text for word in items(scene, Words)]
    assert "other reinforcing loops" in said
    assert "R1" in said


def test_a_row_for_each_run_and_one_without_a_leader_says_so():
    lead = Period(start=0.0, stop=10.0, polarity="R", loops=("R1",), share=0.5, partition=0)
    rows = {"base": [lead], NAME: []}
    scene = lead_rows(rows, {"R1": "#D55E00"}, span=(0.0, 10.0), unit="year", note="pale: little")
    said = [word.text for word in items(scene, Words)]
    assert inside(scene)
    assert {"base", "R1", "none of them leads", "pale: little"} <= set(said)


def test_loops_of_one_polarity_have_colours_of_their_own():
    found = colours_of({"R1": "R", "R2": "R", "B1": "B", "U1": "U"})
    assert len(set(found.values())) == 4


def test_bands_hold_the_middle_and_the_model_as_it_stands():
    band = Band(
        name=NAME, units="people", time=TIME, edges=((TIME, TIME + 4), (TIME + 1, TIME + 3)),
        middle=TIME + 2, base=(TIME, TIME + 2.5),
    )  # fmt: skip
    scene = band_panels([band], unit="year", words=("all", "half"))
    assert inside(scene)
    areas = [one for one in items(scene, Shape) if one.fill and len(one.points) == 22]
    wide, narrow = (one.points[:, 1] for one in areas)
    assert wide.min() < narrow.min() < narrow.max() < wide.max()


def test_probabilities_are_stacked_from_nothing_to_their_sum():
    shares = {"R1": np.full(11, 0.6), "B1": np.full(11, 0.3)}
    scene = probability_areas(TIME, shares, {"R1": NAME}, {}, unit="year")
    areas = [one.points[:, 1] for one in items(scene, Shape) if one.fill and len(one.points) == 22]
    assert [(one.min(), one.max()) for one in areas] == [
        (pytest.approx(0.0), pytest.approx(90.0)), (pytest.approx(90.0), pytest.approx(135.0)),
    ]  # fmt: skip
    assert inside(scene)


def test_bars_go_both_ways_from_one_line():
    groups = {NAME: [Bar(label="up", value=0.8, low=0.7, high=0.9), Bar(label="down", value=-0.4)]}
    scene = bar_rows(groups)
    bars = [one for one in items(scene, Shape) if one.fill]
    zero = items(scene, Shape)[0].points[0, 0]
    assert bars[0].points[:, 0].min() == pytest.approx(zero)
    assert bars[1].points[:, 0].max() == pytest.approx(zero)
    assert {"+0.80", "-0.40"} <= {word.text for word in items(scene, Words)}


def test_a_period_without_a_leader_has_no_bar():
    rest = SimpleNamespace(start=0.0, stop=10.0, polarity="-", loops=(), share=0.0, partition=0)
    scene = lead_rows({"base": [rest]}, {}, span=(0.0, 10.0))
    assert "none of them leads" in {word.text for word in items(scene, Words)}
