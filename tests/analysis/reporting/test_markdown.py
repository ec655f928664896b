"""The Markdown of a report: the same as the page, and every name as it stands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from loopscope.analysis.reporting.blocks import (
    Bullets,
    Document,
    Paragraph,
    Section,
    Table,
    Text,
    shown,
)
from loopscope.analysis.reporting.html import html_of
from loopscope.analysis.reporting.markdown import markdown_of

PANDOC = pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")


def counts_of_page(text):
    return {
        "sections": len(re.findall("<h2 ", text)),
        "headings": len(re.findall("<h3 ", text)),
        "tables": len(re.findall("<table ", text)),
        "rows": len(re.findall("<tr>", text)),
        "pictures": len(re.findall('<figure class="picture">', text)),
        "items": len(re.findall("<li>", text)) - len(re.findall('<li><a href="#', text)),
        "notes": len(re.findall('<p class="note">', text)),
    }


def counts_of_markdown(text):
    lines = text.partition("\n---\n")[2].splitlines()

    def count(pattern):
        return sum(re.match(pattern, line) is not None for line in lines)

    return {
        "sections": count("# "),
        "headings": count("## "),
        "tables": count("Table: "),
        "rows": count(r"\| "),
        "pictures": count(r"!\["),
        "items": count("- "),
        "notes": count(r"> \*\*Note"),
    }


def test_both_say_the_same(document, tmp_path):
    page, text = html_of(document, tmp_path), markdown_of(document)
    found = counts_of_page(page)
    assert found == counts_of_markdown(text)
    assert min(found.values()) > 0


def test_both_say_the_same_of_a_report(handed_over):
    page = (handed_over.folder / "index.html").read_text(encoding="utf-8")
    text = (handed_over.folder / "report.md").read_text(encoding="utf-8")
    assert counts_of_page(page) == counts_of_markdown(text)


def test_files_it_names_are_there(handed_over):
    text = (handed_over.folder / "report.md").read_text(encoding="utf-8")
    files = re.findall(r"\]\(([^)#][^)]*)\)", text)
    assert "pictures/overview.svg" in files
    for file in files:
        assert file.startswith("https://") or (handed_over.folder / file).is_file()


def converted(text, to):
    done = subprocess.run(
        ["pandoc", "-f", "markdown-smart", "-t", to, "--wrap=none"],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


NAMES = [
    "a|b", "*x*", "_y_", "[z](u)", "`c`", "``", "$x$", "{#id}", "@me", "# h", "~s~", "^t^", "\\n",
    "&lt;", "<b>", "<!-- -->", "1. one", "a) b", "(@) x", "- x", "+ x", ": x", "% t", "> q",
    "| x |", "Table: x", "---", "***", "x\\", "![p](q)", "[^1]: x", "http://x.y", "...", "--",
    "=", "\u4eba",
]  # fmt: skip


@PANDOC
@pytest.mark.parametrize("style", ["", "bold", "italic", "code"])
def test_another_program_reads_every_name_as_it_stands(style):
    blocks = []
    for name in NAMES:
        words = Text(name, style)
        blocks += [
            Paragraph(words),
            Bullets((words,)),
            Table(("h",), ((words,),), "caption"),
        ]
    text = markdown_of(Document("T", "S", (Section("a", "A", tuple(blocks)),)))
    tree = json.loads(converted(text, "json"))["blocks"][1:]
    kinds = [block["t"] for block in tree]
    assert kinds == ["Para", "BulletList", "Table"] * len(NAMES)
    for place, name in enumerate(NAMES):
        for block in tree[3 * place : 3 * place + 3]:
            words = plain(block if block["t"] != "Table" else block["c"][4])
            assert words.strip() == shown(name).strip()


def plain(part):
    """Return the words of a part of pandoc's tree."""
    if isinstance(part, list):
        return "".join(plain(one) for one in part)
    if isinstance(part, dict):
        if part.get("t") in ("Space", "SoftBreak"):
            return " "
        if part.get("t") in ("Str", "Code", "Math", "RawInline"):
            content = part["c"]
            return content if isinstance(content, str) else content[-1]
        return plain(part.get("c", []))
    return ""


@PANDOC
def test_the_title_block_holds_any_title():
    title = "a: \"b\" \\ #c [d] {e} 'f'"
    tree = json.loads(converted(markdown_of(Document(title, "s", ())), "json"))
    assert plain(tree["meta"]["title"]["c"]) == title


@PANDOC
def test_it_becomes_latex(handed_over):
    text = (handed_over.folder / "report.md").read_text(encoding="utf-8")
    latex = converted(text, "latex")
    assert latex.count(r"\includegraphics") == len(re.findall(r"^!\[", text, re.MULTILINE))
