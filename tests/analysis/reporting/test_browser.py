"""The page in a browser: no complaint, no request, and a printout that holds everything."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from loopscope.analysis.reporting.html import html_of

BROWSER = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)

pytestmark = pytest.mark.skipif(
    BROWSER is None or shutil.which("pdftotext") is None,
    reason="Chromium or pdftotext is not installed",
)


def printed(page, folder):
    """Print a page; return the text of the printout and what the browser complained of."""
    out = folder / "page.pdf"
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--log-level=0",
            f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer",
            f"--print-to-pdf={out}", page.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    text = subprocess.run(
        ["pdftotext", "-layout", str(out), "-"], capture_output=True, text=True, check=True
    ).stdout
    return " ".join(text.split()), [one for one in done.stderr.splitlines() if "CONSOLE" in one]


def test_a_browser_shows_and_prints_a_report(handed_over, tmp_path):
    text, complaints = printed(handed_over.folder / "index.html", tmp_path)
    assert complaints == []
    for words in ("Summary", "contagion", "Checks", "Claims of the sources", "SHA-256"):
        assert words in text


def test_what_is_closed_on_a_screen_is_open_on_paper(document, tmp_path):
    page = tmp_path / "index.html"
    page.write_text(html_of(document, tmp_path), encoding="utf-8")
    text, complaints = printed(page, tmp_path)
    assert complaints == []
    assert "seen when it is opened" in text
    assert text.count("people & places") == 2  # words of pictures are words
    assert "<script>alert(1)</script>" in text


def test_a_browser_would_tell(tmp_path):
    page = tmp_path / "index.html"
    page.write_text("<!DOCTYPE html><script>console.error('heard')</script>", encoding="utf-8")
    assert "heard" in printed(page, tmp_path)[1][0]
