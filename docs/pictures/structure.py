"""Draw the structure pictures of the model card into ``docs/images``: positions, and nothing else.

What is drawn is in ``content.py``, worked out from the model.  Run by hand:
``python docs/pictures/structure.py``.  A test compares what is written in each file with the model.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from content import as_text, content
from drawing import BLUE, RED, Sheet

from loopscope import models
from loopscope.loops.style import styled, wrapped

IMAGES = Path(__file__).parents[1] / "images"

# Centres in inches.  ("in", stock) and ("out", stock): where flows stand that cross the boundary.
PEOPLE = {
    "coethnics abroad": (1.3, 5.75), "origin pool": (1.0, 3.4), "transit migrants": (1.5, 0.75),
    "legal migrants": (4.4, 4.15), "irregular migrants": (4.4, 1.9), "natives": (7.2, 5.5),
    "second generation": (7.2, 3.3),
    ("in", "coethnics abroad"): (0.8, 6.45), ("out", "coethnics abroad"): (0.8, 5.05),
    ("in", "origin pool"): (0.8, 4.25), ("out", "origin pool"): (0.8, 2.5),
    ("in", "transit migrants"): (0.65, 1.5), ("out", "transit migrants"): (3.8, 0.5),
    ("out", "legal migrants"): (5.75, 3.7), ("out", "irregular migrants"): (5.85, 1.5),
    ("in", "irregular migrants"): (5.75, 2.4), ("in", "natives"): (7.2, 6.35),
    ("out", "natives"): (7.95, 4.75), ("in", "second generation"): (7.2, 1.7),
    ("out", "second generation"): (7.95, 4.05),
}  # fmt: skip
AGES = ("under 20", "20 to 64", "65 to 74", "75 and over")
ROWS = {f"{who} {age}": (1.5 + 1.9 * n, y) for n, age in enumerate(AGES)
        for who, y in (("born here", 4.55), ("migrants", 2.2))}  # fmt: skip
BESIDE = ROWS | {("out", name): (x, y - 0.9) for name, (x, y) in ROWS.items()} | {
    ("in", "born here under 20"): (1.5, 5.35), ("in", "migrants under 20"): (1.5, 2.85),
    ("in", "migrants 20 to 64"): (3.4, 2.85), "waiting applications": (4.35, 0.35),
    ("in", "waiting applications"): (2.45, 0.35), ("out", "waiting applications"): (6.4, 0.35),
}  # fmt: skip
POLITICS = {
    "legal migrants": (0.85, 4.6), "irregular migrants": (0.85, 2.2),
    "perceived demographic shortfall": (2.7, 5.8), "diaspora influence": (2.8, 4.05),
    "employer lobby": (4.75, 2.75), "perceived irregular migration problem": (2.3, 0.95),
    "policy stringency": (4.9, 4.6), "rights pressure": (6.6, 5.8),
    "border and interior enforcement": (7.2, 3.9), "document security": (6.4, 2.1),
    "forgery capability": (7.6, 0.95), "amnesty window": (4.75, 1.15),
    "amnesty fatigue": (6.0, 0.4), "amnesty expectation": (3.6, 0.35),
}  # fmt: skip
EFFECTS = {
    "amnesty window": (1.0, 6.2), "rights pressure": (1.0, 5.6),
    "border and interior enforcement": (1.0, 4.45), "forgery capability": (1.0, 3.45),
    "document security": (1.0, 2.7), "employer lobby": (1.0, 2.0), "policy stringency": (1.0, 1.2),
    "amnesty expectation": (1.0, 0.4), "success per attempt": (3.2, 3.75),
    "verification": (2.75, 2.2), "irregular attempts": (4.0, 1.55),
    "amnestied migrants": (5.8, 6.2), "deportation": (5.4, 5.4),
    "return of irregular migrants": (5.4, 4.5), "irregular entries": (5.7, 3.1),
    "apprehensions": (5.7, 2.1), "return of legal migrants": (5.6, 1.2),
    "legal admissions": (5.6, 0.4), "irregular migrants": (7.5, 4.3),
    "legal migrants": (7.5, 1.6),
}  # fmt: skip
SHEETS = {
    "people": (8.6, 6.7, PEOPLE), "beside": (8.6, 5.7, BESIDE),
    "politics": (8.4, 6.4, POLITICS), "effects": (8.4, 6.7, EFFECTS),
}  # fmt: skip
# Where words stand along a move, and how far to its left; signs that stand to the left of a link.
WORDS = {
    ("irregular migrants", "legal migrants"): (0.6, 0.46),
    ("legal migrants", "irregular migrants"): (0.42, 0.2),
    ("natives", "origin pool"): (0.38, 0.0), ("coethnics abroad", "legal migrants"): (0.42, 0.0),
    ("irregular migrants", "origin pool"): (0.55, 0.0),
    ("origin pool", "irregular migrants"): (0.45, 0.0),
    ("legal migrants", "origin pool"): (0.62, 0.0),
} | {ends: (0.45, 0.2) for who in ("born here", "migrants")
     for ends in pairwise(f"{who} {age}" for age in AGES)}  # fmt: skip
LEFT = {
    ("success per attempt", "apprehensions"), ("border and interior enforcement", "deportation"),
    ("policy stringency", "irregular attempts"), ("irregular attempts", "irregular entries"),
    ("employer lobby", "policy stringency"), ("legal migrants", "perceived demographic shortfall"),
    ("irregular migrants", "diaspora influence"),
}  # fmt: skip
# How far an arrow bends to its right.
BENDS: dict[str, dict[tuple[str, str], float]] = {
    "people": {
        ("origin pool", "legal migrants"): -0.14, ("legal migrants", "origin pool"): -0.14,
        ("origin pool", "irregular migrants"): -0.14, ("irregular migrants", "origin pool"): -0.14,
        ("legal migrants", "irregular migrants"): -0.18, ("natives", "origin pool"): 0.16,
        ("irregular migrants", "legal migrants"): -0.18,
    },
    "beside": {},
    "politics": {
        ("legal migrants", "policy stringency"): -0.08, ("legal migrants", "employer lobby"): 0.13,
        ("diaspora influence", "amnesty window"): 0.16,
        ("perceived irregular migration problem", "policy stringency"): -0.05,
        ("document security", "forgery capability"): 0.2,
        ("forgery capability", "document security"): 0.2,
        ("border and interior enforcement", "forgery capability"): -0.06,
        ("irregular migrants", "policy stringency"): 0.02,
        ("diaspora influence", "policy stringency"): -0.16,
        ("irregular migrants", "perceived demographic shortfall"): -0.05,
    },
    "effects": {
        ("border and interior enforcement", "irregular attempts"): -0.03,
        ("amnestied migrants", "legal migrants"): -0.04,
        ("policy stringency", "return of legal migrants"): 0.1,
        ("rights pressure", "deportation"): 0.0, ("success per attempt", "apprehensions"): -0.06,
        ("verification", "return of irregular migrants"): 0.12,
        ("deportation", "irregular migrants"): 0.04,
        ("amnestied migrants", "irregular migrants"): -0.1,
    },
}  # fmt: skip


def draw(name: str, shown: dict[str, list[Any]]) -> Sheet:
    width, height, places = SHEETS[name]
    sheet = Sheet(width, height)
    stocks = models.load("migration_policy").stocks
    kinds = {stock.name for stock in stocks} | set(POLITICS)
    for box in shown["boxes"]:
        sheet.box(
            box,
            places[box],
            14 if name == "beside" else 17,
            stock=box in kinds,
            pale=box in shown["pale"],
        )
    if name in ("people", "beside"):
        _moves(sheet, name, shown, places)
    else:
        _links(sheet, name, shown)
    return sheet


def _moves(sheet: Sheet, name: str, shown: dict[str, list[Any]], places: dict[Any, Any]) -> None:
    """Draw one arrow for each pair of ends, with the names of its flows."""
    between: dict[tuple[str, str], list[str]] = defaultdict(list)
    for flow, start, end in shown["arrows"]:
        between[start, end].append(flow)
    for (start, end), flows in between.items():
        pale = bool({start, end} & set(shown["pale"]))
        letters = (12 if start and end else 22) if name == "beside" else 24
        words = ",\n".join(wrapped(flow, letters) for flow in flows)
        outside = ("in", end) if not start else ("out", start)
        if not (start and end):
            sheet.outside(outside, places[outside], words, pale=pale)
        ends = (start or outside, end or outside)
        curve = sheet.arrow(*ends, BENDS[name].get((start, end), 0.0), pale=pale, width=1.6)
        if start and end:
            sheet.label(curve, words, *WORDS.get((start, end), (0.5, 0.0)), pale=pale)


def _links(sheet: Sheet, name: str, shown: dict[str, list[Any]]) -> None:
    for cause, effect, sign in shown["arrows"]:
        colour = RED if "-" in sign else BLUE
        bend = BENDS[name].get((cause, effect), 0.08)
        curve = sheet.arrow(cause, effect, bend, colour)
        sheet.sign(curve, sign, colour, left=(cause, effect) in LEFT)


def main() -> None:
    for name, shown in content(models.load("migration_policy")).items():
        sheet = draw(name, shown)
        with styled():
            sheet.figure.savefig(
                IMAGES / f"structure-{name}.png",
                metadata={"Software": "loopscope", "Description": as_text(shown)},
            )


if __name__ == "__main__":
    main()
