"""Pictures inside a page: ids of their own, nothing that acts, the same drawing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from loopscope.analysis.reporting.inline import DIGITS, inlined

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
SVG = "{http://www.w3.org/2000/svg}"


def read(inner, mark="picture-1", alt="what it shows"):
    return etree.fromstring(inlined(f"{HEAD}{inner}</svg>", mark, alt).encode())


def test_ids_begin_with_the_mark_and_references_follow():
    root = read(
        '<defs><clipPath id="c"/><path id="m" d="M0 0"/></defs><g id="unused">'
        '<use xlink:href="#m"/><path clip-path="url(#c)" d="M1 1"/></g>'
    )
    ids = {one.get("id") for one in root.iter() if one.get("id")}
    assert all(one.startswith("picture-1") for one in ids)
    assert root.find(f".//{SVG}use").get("href")[1:] in ids
    clip = next(one.get("clip-path") for one in root.iter() if one.get("clip-path"))
    assert clip[5:-1] in ids
    assert "unused" not in etree.tostring(root).decode()


def test_two_pictures_share_no_id():
    inner = '<path id="m" d="M0 0"/><use xlink:href="#m"/>'
    found = [
        {one.get("id") for one in read(inner, mark).iter() if one.get("id")}
        for mark in ("picture-1", "picture-11")
    ]
    assert not found[0] & found[1]


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
        "<foreignObject><p>x</p></foreignObject>",
        '<rect onload="alert(1)" width="1"/>',
        '<a href="javascript:alert(1)"><text>x</text></a>',
        '<image xlink:href="https://example.org/x.png"/>',
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        '<?xml-stylesheet href="x.css"?><!-- note -->',
    ],
)
def test_nothing_in_a_picture_acts_or_loads(inner):
    text = etree.tostring(read(inner)).decode()
    for word in ("alert", "https://", "onload", "foreignObject", "x.css", "note"):
        assert word not in text.replace("http://www.w3.org", "")


def test_its_words_stay_words():
    root = read("<text x='1' y='2' style=\"font-family: 'DejaVu Sans'\">a &lt; b</text>")
    assert root.find(f".//{SVG}text").text == "a < b"


def test_it_says_what_it_shows():
    root = read("<title id='t'>tooltip</title><desc>long words</desc>", alt='a "quote" <b>')
    assert root.get("aria-label") == 'a "quote" <b>'
    assert root.find(f"{SVG}title") is None
    described = root.get("aria-describedby")
    assert next(one.text for one in root.iter() if one.get("id") == described) == "long words"


def test_its_style_sheet_reaches_nothing_else():
    root = read("<style>*{stroke-linejoin: round} .a, text{fill: red}</style><g class='a'/>")
    sheet = root.find(f"{SVG}style").text
    assert sheet == "#picture-1 .a,#picture-1 text{fill: red}"
    assert "stroke-linejoin:round" in root.get("style")


numbers = st.floats(-1e4, 1e4, allow_nan=False, allow_infinity=False)


@given(points=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20))
def test_paths_stay_where_they_are(points):
    given_path = "M " + " \nL ".join(f"{x:f} {y:f}" for x, y in points)
    found = read(f'<path d="{given_path}"/>').find(f"{SVG}path").get("d")
    values = np.array(re.findall(r"-?\d*\.?\d+", found), dtype=float).reshape(-1, 2)
    assert np.abs(values - np.array(points)).max() <= 0.5 * 10.0**-DIGITS + 1e-6


def test_entities_are_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("precious")
    text = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{secret.as_uri()}">]>{HEAD}<text>&x;</text></svg>'
    assert "precious" not in inlined(text, "picture-1", "alt")
