"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run_python():
    """Run a fresh interpreter that sees the three source roots, installed or not."""
    roots = os.pathsep.join(str(ROOT / room) for room in ("models", "loops", "analysis"))
    environment = {**os.environ, "PYTHONPATH": roots, "MPLBACKEND": "Agg"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
