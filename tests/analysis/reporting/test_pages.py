"""The page: well formed, self-contained, without script, and every name as it stands."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope.analysis.reporting.blocks import Document, Paragraph, Section, shown
from loopscope.analysis.reporting.html import html_of

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Read(HTMLParser):
    """A page as elements: refuses tags that do not match."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def headings(self):
        return [int(name[1]) for name, _ in self.elements if re.fullmatch("h[1-6]", name)]


def page_of(folder):
    return Read((folder / "index.html").read_text(encoding="utf-8"))


@pytest.fixture(params=["every block", "a report"])
def page(request, document, tmp_path, handed_over):
    if request.param == "a report":
        return page_of(handed_over.folder), handed_over.folder
    return Read(html_of(document, tmp_path)), tmp_path


def test_headings_come_in_order(page):
    levels = page[0].headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_every_link_leads_somewhere(page):
    read, folder = page
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes in read.of("a")]
    links += [attributes["href"] for attributes in read.of("use")]
    assert links
    for link in links:
        if link.startswith("#"):
            assert link[1:] in ids
        elif not link.startswith("https://"):
            assert (folder / unquote(link)).is_file()
    for _, attributes in read.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(attributes.get(name, "").split()) <= set(ids)
        for value in attributes.values():
            assert set(re.findall(r"url\(#([^)]+)\)", value or "")) <= set(ids)


def test_it_does_nothing_and_asks_nobody(page):
    read, _ = page
    forbidden = {"script", "iframe", "object", "embed", "form", "img", "link", "base"}
    assert not forbidden & {tag for tag, _ in read.elements}
    for _, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert "src" not in attributes
    policy = next(a for a in read.of("meta") if "http-equiv" in a)
    assert policy["content"].startswith("default-src 'none'")


def test_every_picture_says_what_it_shows_and_every_table_what_it_is_of(page):
    read, _ = page
    pictures = read.of("svg")
    assert pictures
    assert all(one["role"] == "img" and one["aria-label"].strip() for one in pictures)
    assert read.of("table")
    assert all("aria-labelledby" in one for one in read.of("table"))
    assert all(one.get("scope") in ("col", "row") for one in read.of("th"))


def test_it_has_a_language_a_title_and_a_way_past_the_contents(page):
    read, _ = page
    assert read.of("html") == [{"lang": "en"}]
    assert len(read.of("title")) >= 1
    first = read.of("a")[0]
    assert first["class"] == "skip"
    assert any(one.get("id") == first["href"][1:] for one in read.of("main"))


def test_tables_are_whole(page):
    read, _ = page
    cells, inside = [], 0
    for tag, _ in read.elements:
        if tag == "table":
            cells.append([])
            inside = 1
        elif inside and tag == "tr":
            cells[-1].append(0)
        elif inside and tag in ("th", "td"):
            cells[-1][-1] += 1
    assert all(len(set(rows)) == 1 for rows in cells)


@settings(max_examples=50, deadline=None)
@given(text=st.text(min_size=1))
def test_any_text_is_shown_as_it_stands(tmp_path_factory, text):
    section = Section("summary", "Summary", (Paragraph(text),))
    page = html_of(Document("Title", "", (section,)), tmp_path_factory.getbasetemp())
    Read(page)
    inside = re.search(r"</h2>\n<p>([^<]*)</p>\n</section>", page)
    assert inside is not None
    assert unescape(inside[1]) == shown(text)


def test_a_report_has_its_chapters_in_order(handed_over):
    page = page_of(handed_over.folder)
    ids = [attributes["id"] for attributes in page.of("section")]
    assert ids == ["summary", "scenarios", "loops", "checks", "claims", "provenance"]


def test_it_is_not_large(handed_over):
    assert (handed_over.folder / "index.html").stat().st_size < 2_000_000
