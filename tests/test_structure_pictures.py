"""The structure pictures of the model card show the model as it is.

``docs/pictures`` draws them by hand; each file carries the boxes and arrows that it shows.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from loopscope import models

DOCS = Path(__file__).resolve().parents[1] / "docs"
MODEL = models.load("migration_policy")


@cache
def script(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / "pictures" / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def shipped(name):
    with Image.open(DOCS / "images" / f"structure-{name}.png") as picture:
        return json.loads(picture.text["Description"])


@pytest.mark.parametrize("name", ["people", "beside"])
def test_a_picture_of_stocks_shows_every_flow_of_them(name):
    # From the other side than the script: each stock's own lists of flows, one by one.
    arrows = shipped(name)["arrows"]
    for stock in shipped(name)["boxes"]:
        entering = {flow for flow, _, end in arrows if end == stock}
        leaving = {flow for flow, start, _ in arrows if start == stock}
        assert entering == set(MODEL.find(stock).inflows), stock
        assert leaving == set(MODEL.find(stock).outflows), stock
    assert len({flow for flow, _, _ in arrows}) == len(arrows)


def test_every_stock_is_in_a_picture_or_only_keeps_the_books():
    content = script("content")
    boxes = {box for name in ("people", "beside", "politics") for box in shipped(name)["boxes"]}
    assert {stock.name for stock in MODEL.stocks} <= boxes | set(content.BOOKS)
    assert not boxes & set(content.BOOKS)


def test_what_is_pale_is_a_stock_of_a_part_that_is_off():
    pale = {
        box for name in ("people", "beside", "politics", "effects") for box in shipped(name)["pale"]
    }
    run = models.simulate(MODEL, outputs=[s.name for s in MODEL.stocks])
    empty = {s.name for s in MODEL.stocks if not run[s.name].values.any()}
    assert pale - {"coethnics abroad"} <= empty
    assert pale == script("content").optional(MODEL) - set(script("content").BOOKS)


@pytest.mark.slow
def test_each_picture_was_drawn_from_the_equations_as_they_are():
    # If this fails: python docs/pictures/structure.py, and look at what it drew.
    shown = script("content").content(MODEL)
    for name, content in shown.items():
        assert shipped(name) == json.loads(script("content").as_text(content)), name


def test_every_box_has_its_place():
    for name, (_, _, places) in script("structure").SHEETS.items():
        assert set(shipped(name)["boxes"]) == {box for box in places if isinstance(box, str)}
