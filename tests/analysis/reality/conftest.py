"""A small model with statements, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

TWO_PLACES = Path(__file__).with_name("two_places.mdl").read_text(encoding="utf-8")
"""Two places that people move between: here(t) tends to 1000 pull / (pull + push)."""


@pytest.fixture
def stating(model):
    """Write a model and its statements; give the verdicts by id."""
    from loopscope.analysis.reality.verifying import verify

    def verdicts(checks, text=TWO_PLACES, *, slow=False, **beside):
        path = model(text)
        (path.parent / "checks.toml").write_text(checks, encoding="utf-8")
        for name, content in beside.items():
            (path.parent / f"{name}.toml").write_text(content, encoding="utf-8")
        return {verdict.id: verdict for verdict in verify(path, slow=slow)}

    return verdicts


@pytest.fixture
def judged(stating):
    """Evaluate one statement of a kind; give its verdict."""

    def verdict(kind, body, *arguments, **options):
        head = f'[[check]]\nid = "T"\nsays = "So it is."\ntype = "behaviour"\nkind = "{kind}"\n'
        return stating(head + body, *arguments, **options)["T"]

    return verdict
