"""The layout rules that no tool enforces by itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("models", "loops", "analysis")  # a room may import itself and those before it
SOURCES = sorted(
    path
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if "__pycache__" not in path.parts
)
MOST_LINES = 400
HEAVY = ("pysd", "sympy", "pandas", "xarray", "scipy", "matplotlib", "numba")
README_COMMANDS = ("pip install . && loopscope report", 'pip install -e ".[test]" && pytest')


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_names(tree: ast.AST) -> set[str]:
    """Dotted names a module asks for, wherever the import stands (functions, TYPE_CHECKING).

    Text that looks like a module of ours counts as well: lazy exports name modules in strings.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"loopscope(\.\w+)+", node.value)
        ):
            found.add(node.value)
    return found


def rooms_needed(source: str) -> set[str]:
    parts = (name.split(".") for name in imported_names(ast.parse(source)))
    return {part[1] for part in parts if part[0] == "loopscope" and len(part) > 1}


@pytest.mark.parametrize(
    "source",
    [
        "import loopscope.analysis.cli",
        "from loopscope import analysis",
        "from loopscope.analysis import checks as c",
        "if TYPE_CHECKING:\n    from loopscope.analysis import cli",
        "def f():\n    import loopscope.analysis as a\n    return a",
        "LAZY = {'check': 'loopscope.analysis.checks'}",
    ],
)
def test_every_form_of_import_is_seen(source):
    assert "analysis" in rooms_needed(source)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_room_imports_only_itself_and_the_rooms_before_it(path):
    room = path.relative_to(ROOT).parts[0]
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    assert rooms_needed(path.read_text(encoding="utf-8")) <= allowed


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_import_is_relative(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    levels = [node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not any(levels)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_file_is_longer_than_the_limit(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_one_typed_package_of_the_namespace(room):
    assert list((ROOT / room).glob("*.py")) == [], "no loose module beside loopscope/"
    namespace = ROOT / room / "loopscope"
    # An __init__.py here would hide the other two rooms; __main__ is `python -m loopscope`.
    assert [p.name for p in namespace.glob("*.py") if p.name != "__main__.py"] == []
    packages = [p.name for p in namespace.iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert packages == [room]
    assert (namespace / room / "__init__.py").is_file()
    assert (namespace / room / "py.typed").is_file()


@pytest.mark.parametrize("module", ["loopscope.models", "loopscope.analysis.cli"])
def test_starting_up_imports_nothing_heavy(module, run_python):
    # Modules that were there before the import (a .pth file may load some) do not count.
    code = (
        "import sys; before = set(sys.modules); "
        f"import {module}; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "loopscope" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_readme_has_exactly_two_set_up_commands():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert tuple(line for line in lines if line.startswith("pip install ")) == README_COMMANDS


def test_ci_takes_the_set_up_commands_from_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep -E '^pip install ' \"$root/README.md\"" in script
    assert not any(command in script for command in README_COMMANDS)
