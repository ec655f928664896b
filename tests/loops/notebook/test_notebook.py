"""Loops and scores in a notebook: each loop is named, numbers are those of the result."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from lxml import etree

from loopscope import loops, models
from loopscope.loops.dominance import mean_shares
from loopscope.loops.notebook.scores import html_of

EPIDEMIC = "docs/examples/epidemic.mdl"


@pytest.fixture(scope="module")
def found() -> Any:
    return loops.find(models.load(EPIDEMIC))


@pytest.fixture(scope="module")
def scores(found: Any) -> Any:
    return loops.score(found, models.simulate(models.load(EPIDEMIC)))


def rows_of(html: str) -> list[list[str]]:
    table = re.search(r"<table>.*?</table>", html, re.DOTALL)
    assert table is not None
    return [
        ["".join(cell.itertext()) for cell in row] for row in etree.fromstring(table.group())[1:]
    ]


def test_every_loop_is_listed_with_its_path(found: Any) -> None:
    shown = found._repr_html_()
    rows = rows_of(shown)
    assert {row[0] for row in rows} == set(found.ids)
    for row in rows:
        assert row[4].split(" → ") == list(found[row[0]].path)
    assert "all 6 loops" in shown


def test_many_loops_are_cut_and_counted() -> None:
    found = loops.find(models.load("migration_policy"))
    shown = found._repr_html_()
    rows = rows_of(shown)
    assert [row[0] for row in rows][: len(found.named)] == list(found.named.ids)[: len(rows)]
    assert f"and {len(found) - len(rows):,} more" in shown


def test_shares_in_the_table_are_the_mean_shares(scores: Any) -> None:
    shares = dict(zip(scores["loop"].values, mean_shares(scores), strict=True))
    rows = rows_of(html_of(scores))
    assert len(rows) == 6
    for row in rows:
        assert row[3] == f"{shares[row[0]]:.1%}"
    assert [float(row[3][:-1]) for row in rows] == sorted(
        (float(row[3][:-1]) for row in rows), reverse=True
    )


def test_scores_show_the_picture_of_shares(scores: Any) -> None:
    shown = html_of(scores)
    assert shown.count("<svg") > 6  # the areas, and a curve a loop
    assert "who dominates when" in shown


@pytest.mark.parametrize(
    "made",
    [
        lambda one: one.isel(time=0),
        lambda one: one[["raw"]],
        lambda one: one.isel(time=slice(0, 1)),
    ],
)
def test_a_part_is_shown_as_xarray_does(scores: Any, made: Any) -> None:
    part = made(scores)
    assert html_of(part) is None


def test_rest_is_said(scores: Any) -> None:
    still = scores.assign(relative=scores["relative"] * 0.0)
    assert "nothing moves" in html_of(still)
    gone = scores.assign(relative=scores["relative"] * np.nan)
    assert "nothing moves" in html_of(gone)
