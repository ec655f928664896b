"""Sphinx settings; ``docs/README.md`` says how to build."""

from __future__ import annotations

import re
import sys
import tomllib
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# The three source roots of the namespace package, so that pages need no installation.
sys.path[:0] = [str(ROOT / room) for room in ("models", "loops", "analysis")]

_about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Loopscope"
author = _about["authors"][0]["name"]
copyright = f"2026, {author}"
version = release = _about["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "README.md"]
templates_path = ["_templates"]

html_theme = "furo"
html_title = f"Loopscope {version}"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = False
# Fields of a record are part of its description, not objects of their own.
napoleon_use_ivar = True
# A short name in a docstring may stand for a record and for its re-export in the room.
suppress_warnings = ["ref.python"]


# A bar outside of ``literal`` text.
BAR = re.compile(r"\|(?=(?:[^`]|``[^`]*``)*$)")


def as_numpydoc(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]):
    """Read what numpy's convention means and plain reStructuredText does not.

    References are numbered for each docstring, not for each page, so they become a plain list.
    A paragraph that is drawn as a tree (``|- ...``) is printed as it stands.  Elsewhere bars are
    magnitudes, not substitutions; examples are left alone.
    """
    shown: list[str] = []
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        paragraph = [re.sub(r"^(\s*)\.\. \[(\d+)\] ", r"\1\2. ", line) for line in group]
        paragraph = [re.sub(r"\[(\d+)\]_", r"[\1]", line) for line in paragraph]
        if not blank and any(line.lstrip().startswith(("|-", "`-")) for line in paragraph):
            paragraph = ["::", "", *(f"    {line}" for line in paragraph)]
        elif not blank and not paragraph[0].lstrip().startswith(">>>"):
            paragraph = [BAR.sub(r"\\|", line) for line in paragraph]
        shown += paragraph
    lines[:] = shown


def no_targets_in_types(
    _app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """Read ``np.bool_`` in the type of an attribute as a name, not as a target of a link."""
    lines[:] = [
        re.sub(r"_(?=\W|$)", r"\\_", line) if line.lstrip().startswith(":vartype") else line
        for line in lines
    ]


def with_tables(app: Any, name: str, source: list[str]) -> None:
    """Write tables under their page, from the files of the migration model as they are now."""
    if name not in ("claims", "parameters"):
        return
    from loopscope.analysis import claim_tables, parameter_tables
    from loopscope.analysis.tracing import Tracing

    tracing = Tracing("migration_policy")
    for file in Path(tracing.model.path).parent.iterdir():
        app.env.note_dependency(str(file))
    source[0] += "\n" + (
        claim_tables.markdown(tracing)
        if name == "claims"
        else parameter_tables.markdown(tracing.model)
    )


def near_navigation(
    _app: Any, _name: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    """Let the navigation of a page open only the branch the page is in.

    The theme asks for the whole tree on each page, which with a page for each module is most of the
    time that the documentation takes.
    """
    whole = context.get("toctree")
    if whole is not None:
        context["toctree"] = lambda **asked: whole(**{**asked, "collapse": True})


def setup(app: Any) -> None:
    # Before napoleon (priority 500) reads the sections of the docstring, and after.
    app.connect("autodoc-process-docstring", as_numpydoc, priority=400)
    app.connect("autodoc-process-docstring", no_targets_in_types, priority=600)
    app.connect("source-read", with_tables)
    app.connect("html-page-context", near_navigation, priority=400)  # before the theme, at 500
