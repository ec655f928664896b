"""What blocks refuse, and text as it is shown."""

from __future__ import annotations

import pytest

from loopscope.analysis.reporting.blocks import Text, address, plain_words, shown, ticked


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "/etc/passwd", "C:x"])
def test_links_lead_into_the_report_or_to_the_web(link):
    with pytest.raises(AssertionError):
        address(link)


def test_an_address_keeps_its_parts_and_loses_its_quotes():
    assert (
        address('https://example.org/a?b=c&d#e"><b>')
        == "https://example.org/a?b=c&d#e%22%3E%3Cb%3E"
    )


def test_control_characters_are_not_shown():
    assert shown("a\x1b[31m\u202eb\n c") == "a [31m b c"


@pytest.mark.parametrize("text", ["a `b` c", "`b`", "a ` b", "", "```", "``"])
def test_backticks_lose_no_words(text):
    assert plain_words(ticked(text)).replace("`", "") == text.replace("`", "")


def test_a_backtick_alone_stays():
    assert ticked("a ` b") == "a ` b"
    assert ticked("`x`") == (Text("x", "code"),)
