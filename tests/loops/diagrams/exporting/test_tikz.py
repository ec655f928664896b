"""TikZ is set by pdfLaTeX with nothing but LaTeX and TikZ, whatever the names are."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loopscope.loops.diagrams.exporting.latex import is_set_whole, latex_text
from loopscope.loops.diagrams.exporting.tikz import tikz_of

PROGRAMS = ("pdflatex", "pdftotext")
LATEX = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason="pdflatex or pdftotext is not installed"
)
CALM = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def words_of(text, folder):
    """Set a document with LaTeX; return its words without white space, and its log."""
    (folder / "a.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "a.tex"],
        cwd=folder, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:]
    told = subprocess.run(
        ["pdftotext", "-layout", "a.pdf", "-"], cwd=folder, capture_output=True, check=True
    ).stdout.decode("utf-8", "replace")
    return "".join(unicodedata.normalize("NFKC", told).split()), done.stdout


@LATEX
@pytest.mark.parametrize("which", ["told", "pipes"])
def test_latex_sets_every_name_on_one_page(request, tmp_path, which):
    diagram = request.getfixturevalue(which)
    words, log = words_of(tikz_of(diagram), tmp_path)
    drawn = [node for node in diagram.sketch.nodes if node.kind != "cloud"]
    for line in (line for node in drawn for line in node.lines):
        assert "".join(line.split()) in words
    for loop in diagram.sketch.loops:
        assert loop.id in words
    assert re.search(r"\(1 page", log)
    assert "Warning" not in log


@LATEX
@given(data=st.data())
@settings(parent=CALM, max_examples=3, phases=[Phase.generate])
def test_latex_sets_hostile_text(hostile, tmp_path_factory, data):
    diagram = data.draw(hostile(8, 12))
    _, log = words_of(tikz_of(diagram), tmp_path_factory.mktemp("tikz"))
    assert re.search(r"\(1 page", log)


@given(data=st.data())
@CALM
def test_the_document_is_ascii_but_for_its_comments(hostile, data):
    lines = tikz_of(data.draw(hostile())).splitlines()
    body = [line for line in lines if not line.startswith("% ")]
    assert "\n".join(body).isascii()
    assert body[0] == r"\RequirePackage{fix-cm}"


@given(st.text())
def test_braces_balance_and_specials_are_escaped(text):
    written = latex_text(text)
    assert written.isascii()
    plain = re.sub(r"\\[\\{}&#%_]", "", written)
    assert plain.count("{") == plain.count("}")
    assert not set("$&#%_~^").intersection(
        plain.replace(r"{^\circ}", "").replace(r"\~", "").replace(r"\^", "")
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("100 %", r"100 \%"),
        ("a_b", r"a\_b"),
        ("--", "-{}-"),
        ("?`", "?{}`"),
        ("\u00e9\u00df\u0142", r"\'{e}\ss{}\l{}"),
        ("\u03b1\u0391", r"\ensuremath{\alpha}A"),
        ("\u03ac", r"\ensuremath{\alpha}"),
        ("\u4eba", "[U+4EBA]"),
        ("\ufb01", "fi"),
        ("\u00a3\u20ac", r"\ensuremath{\mathsterling}[U+20AC]"),
    ],
)
def test_letters_that_plain_latex_lacks_are_written_out(text, written):
    assert latex_text(text) == written


def test_a_name_that_cannot_be_set_whole_stands_in_a_comment(ring, diagram_of):
    from dataclasses import replace

    sketch = ring(3)
    named = replace(sketch, nodes=sketch.nodes, links=sketch.links)
    assert "plain LaTeX" not in tikz_of(diagram_of(named))
    assert is_set_whole("caf\u00e9")
    assert not is_set_whole("\u4eba")


def test_the_arcs_are_the_cubics_of_the_layout(ring, diagram_of):
    diagram = diagram_of(ring(4))
    number = r"\((-?[\d.]+),(-?[\d.]+)\)"
    drawn = re.findall(
        rf"\\draw\[link.*\] {number} \.\. controls {number} and {number} \.\. {number};",
        tikz_of(diagram),
    )
    picture = diagram.laid.picture
    assert len(drawn) == len(picture.given.links)
    for found, path in zip(drawn, picture.paths, strict=True):
        a, b, c, d = np.array(found, np.float64).reshape(4, 2)
        t = np.linspace(0, 1, 2001)[:, None]
        points = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
        apart = np.hypot(*(points[None] - path[:, None]).T).min(axis=0)
        assert apart.max() < 0.6, "the path that was measured lies on the curve that is drawn"
