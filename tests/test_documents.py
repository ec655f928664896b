"""What the pages tell a reader to type works, and their links lead somewhere.

In a page, ``pycon`` blocks are run as doctests, in order and in one session for each page.  In
``bash`` blocks each line that starts with ``loopscope`` is run.  A ``text`` block right after a
``bash`` block of one command is what that command prints; ``...`` stands for what the page leaves
out.  It may read what commands before it wrote.  The files of ``docs/examples`` are in the working
folder.
"""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FOLDERS = (".github", "models", "loops", "analysis", "tests", "docs")
PAGES = [
    page
    for page in sorted(
        [*ROOT.glob("*.md"), *(p for f in FOLDERS for p in (ROOT / f).rglob("*.md"))]
    )
    if "_build" not in page.parts
]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(
    r"^```bash\n(loopscope (?:[^\n]|\\\n)*)\n```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [body for name, body in FENCE.findall(text) if name == language]


def commands(page: Path) -> list[str]:
    lines = "".join(blocks(page, "bash")).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("loopscope ")]


@pytest.fixture
def examples(tmp_path, monkeypatch):
    shutil.copytree(DOCS / "examples", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "pycon")], ids=relative)
def test_the_python_of_a_page_gives_what_the_page_shows(page, examples):
    source = "\n".join(blocks(page, "pycon"))
    test = doctest.DocTestParser().get_doctest(source, {}, relative(page), str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.FAIL_FAST)
    report: list[str] = []
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


KEPT = {}


def run_once(command, run_python):
    """Run a command; one that writes nothing, and stands on several pages, only once."""
    words = tuple(shlex.split(command.replace("\\\n", " "), comments=True)[1:])
    if words not in KEPT:
        done = run_python("-m", "loopscope", *words)
        if {"--out", "--plot"} & set(words) or "report" in words:
            return done
        KEPT[words] = done
    return KEPT[words]


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=relative)
def test_the_commands_of_a_page_succeed(page, examples, run_python):
    for command in commands(page):
        done = run_once(command, run_python)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in PAGES if SHOWN.search(p.read_text(encoding="utf-8"))], ids=relative
)
def test_the_commands_of_a_page_print_what_the_page_shows(page, examples, run_python):
    for command in commands(page):
        if "--out" in shlex.split(command, comments=True):
            run_once(command, run_python)
    for command, expected in SHOWN.findall(page.read_text(encoding="utf-8")):
        # Spaces at the ends of lines are not shown in a page.
        given = "".join(
            f"{line.rstrip()}\n" for line in run_once(command, run_python).stdout.splitlines()
        ).lstrip("\n")
        matches = doctest.OutputChecker().check_output(expected, given, doctest.ELLIPSIS)
        assert matches, f"{command}\n{given}"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_the_links_of_a_page_lead_somewhere(page):
    targets = [t for t in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_the_decision_pages_are_all_listed():
    folder = DOCS / "decisions"
    listed = (folder / "index.md").read_text(encoding="utf-8").split()
    assert {page.stem for page in folder.glob("*.md")} - {"index"} <= set(listed)
