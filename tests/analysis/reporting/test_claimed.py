"""How claims and statements are judged and counted."""

from __future__ import annotations

import pytest

from loopscope.analysis.reality.verifying import Verdict
from loopscope.analysis.reporting.blocks import Note, Table
from loopscope.analysis.reporting.checked import checks_chapter, standing
from loopscope.analysis.reporting.claimed import VERDICTS, tallied, verdict_of
from loopscope.analysis.reporting.looking import Looked
from loopscope.analysis.tracing import TracedCheck, TracedClaim, TracedLink


def claim(status="modelled", checks=(), fault=""):
    link = TracedLink(
        path=("a", "b"), stated="+", chain=("a", "b"), sign="-" if fault else "+",
        basis="proved", fault=fault,
    )  # fmt: skip
    return TracedClaim(
        id="C1", section="", says="says", sign="+", delay="", inferred=(), status=status,
        reason="", checks=tuple(TracedCheck(id=one, says="") for one in checks), equations=(),
        links=(link,), loops=(), uses=(),
    )  # fmt: skip


def statement(status, reason="", name="T1"):
    return Verdict(
        id=name, says="says", kind="bound", type="behaviour", status=status, reason=reason
    )


@pytest.mark.parametrize(
    ("given", "known", "verdict"),
    [
        (claim(), [], "carried"),
        (claim(checks=["t1"]), [statement("pass")], "tested"),
        (claim(checks=["T1"]), [statement("not met", "known")], "in doubt"),
        (claim(checks=["T1"]), [statement("not run")], "carried"),
        (claim(checks=["T1"]), [], "carried"),
        (claim(fault="stated +, but proved -"), [], "in doubt"),
        (claim("partly", ["T1"]), [statement("pass")], "partly"),
        (claim("partly", ["T1"]), [statement("not met")], "in doubt"),
        (claim("outside the boundary", fault="no such link"), [], "outside"),
    ],
)
def test_the_verdict_of_a_claim(given, known, verdict):
    assert verdict_of(given, {one.id.casefold(): one for one in known}) == verdict
    counts = tallied([given], known)
    assert list(counts) == list(VERDICTS)
    assert counts[verdict] == sum(counts.values()) == 1


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        (["pass", "pass"], "2 of 2 hold."),
        (["pass", "known"], "1 of 2 hold; 1 does not, for a reason that is known and stated."),
        (
            ["known", "not met", "not run"],
            "0 of 3 hold; 2 do not, 1 of them for a reason that is known and stated; 1 was not "
            "run: slow, or without a file that is needed.",
        ),
    ],
)
def test_how_statements_stand(verdicts, told):
    records = [
        statement("not met", "known") if one == "known" else statement(one) for one in verdicts
    ]
    assert standing(records) == told


def test_checks_that_could_not_be_made_say_why():
    class Draft:
        looked = Looked(problem="claims.toml: not readable")

    section = checks_chapter(Draft())
    assert any(
        isinstance(block, Note) and "not readable" in block.words for block in section.blocks
    )
    assert not any(isinstance(block, Table) for block in section.blocks)
