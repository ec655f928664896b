"""A model in a notebook: every variable, in a table of its kind."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from loopscope import models


def test_every_variable_is_there() -> None:
    model = models.load("migration_policy")
    page = etree.fromstring(model._repr_html_())
    names = [row[0].text for row in page.iter("tr") if row[0].tag == "td"]
    assert sorted(names) == sorted(model.variables)


def test_a_constant_has_its_value() -> None:
    model = models.load("docs/examples/teacup.mdl")
    page = etree.fromstring(model._repr_html_())
    cells = {row[0].text: row[1].text for row in page.iter("tr")}
    assert cells["Room Temperature"] == "70"


def test_documentation_is_escaped() -> None:
    model = models.load("docs/examples/teacup.mdl")
    stock = model.stocks[0]
    hostile = replace(stock, documentation="<img src=x onerror=alert(1)>")
    changed = replace(model, variables={**model.variables, stock.name: hostile})
    assert "<img" not in changed._repr_html_()
