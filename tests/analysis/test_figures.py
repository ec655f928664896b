"""What pictures must have, whatever they show."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from loopscope.analysis import figures, style
from loopscope.analysis.highlights import highlights
from loopscope.analysis.outputs import PICTURES
from loopscope.analysis.runs import Choice, choose_case, simulate_all
from loopscope.models.case import Case, Observed
from loopscope.models.errors import RunError

MIGRATION = "migration_policy"


@pytest.fixture(scope="module")
def runs():
    return simulate_all(MIGRATION, highlights(MIGRATION).scenarios)


@pytest.fixture(scope="module")
def case():
    return choose_case(MIGRATION, "us")


@pytest.fixture(scope="module")
def drawn(runs, case):
    us = simulate_all(MIGRATION, [None], Choice(case=case))
    return {
        "overview": figures.overview(runs, highlights(MIGRATION).front, title="Three policies"),
        "one run": figures.overview(runs[:1]),
        "many variables": figures.small_multiples(runs, runs[0].stocks),
        "case": figures.case_figure(us, case),
        "one panel": figures.overview(runs[:2], ["total inflow"]),
    }


def panels(figure):
    return [axes for axes in figure.axes if axes.axison]


KINDS = ("overview", "one run", "many variables", "case", "one panel")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_drawn_outside_the_picture(drawn, kind):
    # The tight box holds every text, legend and marker; a hundredth of an inch is rounding.
    figure = drawn[kind]
    with style.styled():
        figure.canvas.draw()
        box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_every_axis_names_its_unit(drawn, kind):
    axes = panels(drawn[kind])
    units = ("people", "people/year", "dimensionless")
    assert all(one.get_ylabel().endswith(units) for one in axes)
    assert axes[-1].get_xlabel() == "time (year)"


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_texts_of_the_head_overlap(drawn, kind):
    figure = drawn[kind]
    with style.styled():
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        head = [*figure.legends, *([figure._suptitle] if figure._suptitle else [])]
        boxes = [part.get_window_extent(renderer) for part in head]
        boxes += [one.title.get_window_extent(renderer) for one in panels(figure)]
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])


def test_large_numbers_are_counted_in_words_and_years_are_not(drawn):
    stocks, *_ = panels(drawn["many variables"])
    with style.styled():
        drawn["many variables"].canvas.draw()
    assert stocks.get_ylabel() == "million people"
    assert all(len(text.get_text()) < 5 for text in stocks.get_yticklabels())
    assert "2050" in [text.get_text() for text in stocks.get_xticklabels()]


def test_each_run_has_a_look_of_its_own():
    looks = [style.line(place) for place in range(13)]
    seen = {(look["color"], look.get("marker"), look.get("markerfacecolor")) for look in looks}
    assert len(seen) == len(looks)


def test_colours_are_those_of_okabe_and_ito_and_dark_enough_on_white():
    palette = {"#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"}
    assert set(style.COLOURS) <= palette
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(to_rgb, style.COLOURS)]
    assert max(light) < 0.75


def test_observed_points_are_drawn_in_the_units_of_the_axis(drawn, case):
    first = panels(drawn["case"])[0]
    assert first.get_ylabel() == "million people"
    series = next(line for line in first.lines if line.get_label().startswith("DHS OIS"))
    np.testing.assert_allclose(series.get_ydata(), np.array(case.observed[0].values) / 1e6)
    assert "RMSE" in first.get_legend().get_texts()[0].get_text()


def test_the_base_is_drawn_last_and_black(drawn):
    lines = [line for line in panels(drawn["overview"])[0].lines if len(line.get_xdata()) > 2]
    top = max(lines, key=lambda line: line.get_zorder())
    assert top.get_color() == style.BASE


def test_names_with_dollars_brackets_and_no_unit_are_shown_as_they_are(model):
    source = (
        '{UTF-8}\n"$x_1$ [a] and a very long name that does not end soon" = INTEG(1, 0) ~ ~ |\n'
    )
    figure = figures.overview(simulate_all(model(source), [None]))
    (axes,) = panels(figure)
    assert axes.get_title(loc="left").startswith("$x_1$ [a]")
    assert axes.get_ylabel() == "unit not given"


def test_a_name_in_another_script_is_drawn_without_a_warning(model, tmp_path):
    source = '{UTF-8}\n"人口" = INTEG(1, 0) ~ 人 ~ |\n'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figures.overview(simulate_all(model(source), [None]))
        style.save(figure, tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_a_failed_run_is_drawn_as_far_as_it_goes(failing):
    (run,) = simulate_all(failing, [None])
    (axes,) = panels(figures.overview([run]))
    assert np.isfinite(axes.lines[0].get_ydata()).sum() == 5


def test_a_stock_that_stays_zero_has_an_axis(model):
    figure = figures.overview(
        simulate_all(model("{UTF-8}\nx = INTEG(0, 0) ~ people ~ |\n"), [None])
    )
    assert panels(figure)[0].get_ylim() == (0, 1)


def test_too_many_panels_are_refused_with_the_way_out(runs):
    with pytest.raises(RunError, match="name fewer with --output"):
        figures.overview(runs[:1], list(runs[0].values)[:50])


def test_an_observed_variable_that_is_not_there_is_named(runs):
    wrong = Observed(
        variable="irregular migrant", series="s", unit="", source="", times=(1,), values=(1,)
    )
    case = Case(name="c", start=0, stop=1, observed=(wrong,))
    with pytest.raises(RunError, match="did you mean 'irregular migrants'"):
        figures.case_figure(runs[:1], case)


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_picture_is_written_and_equal_pictures_are_equal_files(drawn, tmp_path, suffix):
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        style.save(drawn["one panel"], path)
    first, second = (path.read_bytes() for path in paths)
    assert first.startswith((b"\x89PNG", b"<?xml", b"%PDF"))
    assert first == second


@pytest.mark.parametrize(
    ("largest", "units", "by", "label"),
    [
        (4.4e6, "people", 1e6, "million people"),
        (9999.0, "people", 1, "people"),
        (1e4, "people/year", 1e3, "thousand people/year"),
        (2e9, "dmnl", 1e9, "billions, dimensionless"),
        (3e-5, "1/year", 1e-6, "10⁻⁶ 1/year"),
        (0.0, "", 1, "unit not given"),
    ],
)
def test_an_axis_counts_in(largest, units, by, label):
    found = style.scale_of(largest, units)
    assert found.by == pytest.approx(by, rel=1e-12)
    assert found.label == label
