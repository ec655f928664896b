"""Loops that a model names, without a search: the same as a search finds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from loopscope import loops, models
from loopscope.loops.finding.named import find_named
from loopscope.models.errors import LoopError

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"


@pytest.fixture(scope="module")
def epidemic():
    return models.load(EXAMPLES / "epidemic.mdl")


def test_scores_and_totals_are_those_of_all_loops_that_a_search_finds(epidemic):
    found, searched = find_named(epidemic), loops.find(epidemic)
    run = models.simulate(epidemic)
    ours, theirs = loops.score(found, run), loops.score(searched, run)
    assert found.count == searched.count == 6
    assert found.complete
    for name in ("relative", "reinforcing"):
        np.testing.assert_allclose(
            ours[name].values, theirs[name].sel(loop=ours["loop"].values).values, atol=1e-12
        )


def test_totals_of_signed_products_are_exact_where_loops_stay_unlisted(epidemic):
    found, searched = find_named(epidemic), loops.find(epidemic)
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(len(found.graph.pairs), 7))
    for ours, theirs in zip(found.totals(weights), searched.totals(weights), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_a_model_that_names_no_loops_has_none(logistic):
    assert find_named(logistic) is None


def test_a_polarity_that_the_equations_deny_is_refused(tmp_path):
    for name in ("epidemic.mdl", "epidemic.loops.toml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    file = tmp_path / "epidemic.loops.toml"
    text = file.read_text(encoding="utf-8")
    assert 'id = "B1"' in text
    first, rest = text.split('id = "B1"')
    rest = rest.replace('polarity = "B"', 'polarity = "R"', 1)
    file.write_text(f'{first}id = "X1"{rest}', encoding="utf-8")
    with pytest.raises(LoopError, match="X1: stated R, found B"):
        find_named(models.load(tmp_path / "epidemic.mdl"))
