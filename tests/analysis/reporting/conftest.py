"""A report of a small model, made once, and documents with every kind of block."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from loopscope.analysis.reporting.blocks import (
    Bullets,
    Details,
    Document,
    Heading,
    Note,
    Paragraph,
    Picture,
    Section,
    Table,
    Text,
)

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"

HOSTILE = (
    "a|b <i>*x*_y [z](u) & `c` \"q\" 'r' -- ... $x$ {y} @me #h ~s~ ^t^ \\n &lt; \u202e"
    "<script>alert(1)</script> <!-- --> ]]> </style> % 1. - ="
)
"""What a name may hold to become markup of any kind."""

SVG = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="72pt" height="36pt" viewBox="0 0 72 36">
<metadata>who</metadata><defs><style>*{stroke-linejoin: round} .a{fill: red}</style>
<clipPath id="clip"><rect x="0" y="0" width="72" height="36"/></clipPath></defs>
<g id="figure_1"><path id="m" d="M 1.23456 2 \nL 3.00001 -0.00001" clip-path="url(#clip)"/>
<use xlink:href="#m" x="5.678" y="1"/>
<text x="1" y="2" style="font-size: 8px; font-family: 'DejaVu Sans'">people &amp; places</text></g>
</svg>"""


@pytest.fixture(scope="session")
def handed_over(tmp_path_factory):
    """The report of an example with loops, scenarios and claims, without a sweep."""
    from loopscope import analysis

    folder = tmp_path_factory.mktemp("handed-over")
    for file in EXAMPLES.glob("epidemic.*"):
        if file.is_file():
            shutil.copy(file, folder)
    return analysis.report(folder / "epidemic.mdl", folder / "out", runs=0)


@pytest.fixture
def document(tmp_path):
    """A document with every kind of block and hostile text in each; its folder is ``tmp_path``."""
    (tmp_path / "pictures").mkdir()
    for name in ("one", "two"):
        (tmp_path / "pictures" / f"{name}.svg").write_text(SVG, encoding="utf-8")
    (tmp_path / "what if.csv").write_text("a\n")
    first = Section(
        id="summary",
        title=f"Summary {HOSTILE}",
        lead=HOSTILE,
        blocks=(
            Paragraph(("1. led by ", Text("R1 ", "bold"), Text(HOSTILE, "italic"))),
            Paragraph((Text(HOSTILE, "code"), " ", Text("loops", link="#loops"))),
            Bullets((HOSTILE, ("- x ", Text("file", "code", "what if.csv")))),
            Note(HOSTILE),
        ),
    )
    second = Section(
        id="loops",
        title="Loops",
        blocks=(
            Heading(f"In base {HOSTILE}", "loops-base"),
            Table(
                ("name", "value", HOSTILE),
                ((HOSTILE, "1,000", Text("x|y`", "code")), ("b", "2", HOSTILE)),
                f"Shares {HOSTILE}",
                (1,),
            ),
            Picture("pictures/one.svg", f"One {HOSTILE}", f"The first {HOSTILE}"),
            Details(
                f"More {HOSTILE}",
                (
                    Paragraph("seen when it is opened"),
                    Table(("a",), (("x",),), "Of one"),
                    Picture("pictures/two.svg", "Two", "The second"),
                ),
            ),
        ),
    )
    return Document(f"Title {HOSTILE}", f"Subtitle {HOSTILE}", (first, second))
