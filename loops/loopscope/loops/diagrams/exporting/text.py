"""The text twin of a diagram: all that the picture shows, in plain words.

Stage 5 of 5.  In: a ``Diagram``.  Out: text for those who do not see the picture, and a short form
for use as alternative text.  No symbols: a screen reader reads every one of them aloud.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.exporting.wording import (
    POLARITY,
    SIGNS,
    count,
    listed,
    loop_words,
    one_line,
    percent,
    spelled,
    strongest_first,
    subject,
    walk_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loopscope.loops.diagrams.diagram import Diagram
    from loopscope.loops.diagrams.records import Link, LoopShown, Sketch

SHORT = 249
"""Characters of the short form at most."""

COLUMNS = ("cause", "effect", "direction", "delay", "score", "through", "remarks")


def text_of(diagram: Diagram) -> str:
    """Return all that a diagram shows in plain words.

    The summary comes first, then the variables, each loop with what happens around it, strongest
    first, all links as a table, and what was left out.
    """
    blocks = [
        *_head(diagram), _summary(diagram), *_variables(diagram.sketch), *_pipes(diagram.sketch),
        *_loops(diagram), *_table(diagram.sketch), *_left_out(diagram), *_footnotes(diagram),
    ]  # fmt: skip
    return "\n\n".join(blocks) + "\n"


def alt_of(diagram: Diagram) -> str:
    """Return a summary in less than 250 characters."""
    first = strongest_first(diagram.sketch)[:1]
    told = f" Strongest loop: {loop_words(first[0])}." if first else ""
    made = f"{subject(diagram)}: {_counts(diagram.sketch)}.{told}"
    return made if len(made) <= SHORT else textwrap.shorten(made, SHORT, placeholder="...")


def _head(diagram: Diagram) -> Iterator[str]:
    for text in (diagram.caption.title, diagram.caption.subtitle):
        if text.strip():
            yield spelled(one_line(text))


def _summary(diagram: Diagram) -> str:
    caption = diagram.caption
    said = [f"{subject(diagram)}: {_counts(diagram.sketch)}."]
    if caption.scenario.strip():
        said.append(f"The scenario is {one_line(caption.scenario)}.")
    method = f", found by {one_line(caption.method)}" if caption.method.strip() else ""
    if caption.at is not None:
        units = f" {one_line(caption.time_units)}" if caption.time_units.strip() else ""
        said.append(f"Scores are those at time {caption.at:g}{units}{method}.")
    elif method:
        said.append(f"Scores are means over the run{method}.")
    if caption.explained is not None:
        said.append(
            f"The loops shown carry {percent(caption.explained)} of what all loops together carry."
        )
    if caption.loops_left:
        verb = "is" if caption.loops_left == 1 else "are"
        said.append(f"{count(caption.loops_left, 'further loop')} {verb} not shown.")
    return " ".join(said)


def _counts(sketch: Sketch) -> str:
    kinds = [
        f"{sum(loop.polarity == one for loop in sketch.loops)} {words}"
        for one, words in POLARITY.items()
        if any(loop.polarity == one for loop in sketch.loops)
    ]
    variables = sum(node.kind != "cloud" for node in sketch.nodes)
    links = [link for link in sketch.links if link.kind == "cause"]
    delayed = sum(link.delay for link in links)
    pipes = len({link.cause for link in sketch.links if link.kind == "pipe"})
    return (
        f"{count(variables, 'variable')}, {count(len(links), 'link')}"
        + (f" ({delayed} delayed)" if delayed else "")
        + (f", {count(pipes, 'pipe')}" if pipes else "")
        + f" and {count(len(sketch.loops), 'feedback loop')}"
        + (f" ({listed(kinds)})" if kinds else "")
    )


def _variables(sketch: Sketch) -> Iterator[str]:
    for title, chosen in (
        ("Stocks", [n for n in sketch.nodes if n.kind == "stock" and not n.quiet]),
        ("Flows", [n for n in sketch.nodes if n.kind == "flow" and not n.quiet]),
        ("Other variables", [n for n in sketch.nodes if n.kind == "auxiliary" and not n.quiet]),
        ("Shown in grey, for context only", [n for n in sketch.nodes if n.quiet]),
    ):
        names = sorted(one_line(node.name) for node in chosen if node.kind != "cloud")
        if names:
            yield f"{title}: {'; '.join(names)}."


def _pipes(sketch: Sketch) -> Iterator[str]:
    pipes = [link for link in sketch.links if link.kind == "pipe"]
    kinds = {node.name: node.kind for node in sketch.nodes}

    def called(name: str) -> str:
        return "outside the model" if kinds[name] == "cloud" else one_line(name)

    lines = []
    for flow in sorted({link.cause for link in pipes}):
        sources = [called(x.effect) for x in pipes if x.cause == flow and x.sign == "-"]
        targets = [called(x.effect) for x in pipes if x.cause == flow and x.sign != "-"]
        way = (f" from {listed(sources)}" if sources else "") + (
            f" to {listed(targets)}" if targets else ""
        )
        lines.append(f"{one_line(flow)} flows{way}.")
    if lines:
        yield "\n".join(["What flows where", *lines])


def _loops(diagram: Diagram) -> Iterator[str]:
    sketch = diagram.sketch
    links = {link.pair: link for link in sketch.links}
    # A diagram that was not laid out may have no badges.
    shown = zip(diagram.laid.picture.given.loops, diagram.laid.badges, strict=False)
    senses = {loop.id: badge.sense for loop, badge in shown}
    bare = diagram.laid.level == "bare"
    scored = any(loop.score is not None or loop.share is not None for loop in sketch.loops)
    if sketch.loops:
        yield "Loops, strongest first" if scored else "Loops"
    for loop in strongest_first(sketch):
        yield "\n".join(
            [
                f"Loop {loop_words(loop)}.",
                *_facts(loop, [links[pair] for pair in loop.pairs]),
                *_looks(loop, None if bare else senses.get(loop.id)),
                *([one_line(loop.sentence)] if loop.sentence.strip() else []),
                f"What happens: {walk_words(loop, links)}.",
            ]
        )


def _facts(loop: LoopShown, links: Sequence[Link]) -> Iterator[str]:
    if loop.score is not None:
        yield f"Score {percent(abs(loop.score))}."
    if loop.share is not None:
        yield f"Mean share over the run {percent(loop.share)}."
    if loop.band is not None:
        low, high = sorted(loop.band)
        if low >= 0.0 or high <= 0.0:
            low, high = sorted((abs(low), abs(high)))
        yield (
            f"Over the sweep the score lies between {percent(low)} and {percent(high)} in nine of "
            "ten runs."
        )
    delayed = sum(link.delay for link in links)
    yield f"It has {count(len(links), 'link')}, {count(delayed, 'delay')}."
    if loop.notes:
        yield f"Footnotes {listed(map(one_line, loop.notes))}."


def _looks(loop: LoopShown, sense: str | None) -> Iterator[str]:
    """Return how a loop is drawn."""
    if sense is not None:
        yield f"Drawn {sense}" + (", its area shaded." if loop.shaded else ".")
    elif loop.shaded:
        yield "Its area is shaded."


def _table(sketch: Sketch) -> Iterator[str]:
    links = sorted((x for x in sketch.links if x.kind == "cause"), key=lambda x: x.pair)
    if not links:
        return
    rows = [COLUMNS, *(_row(link) for link in links)]
    used = [k for k in range(len(COLUMNS)) if k < 4 or any(row[k] != "none" for row in rows[1:])]
    widths = [max(len(row[k]) for row in rows) for k in used]
    lines = [
        "   ".join(row[k].ljust(width) for k, width in zip(used, widths, strict=True)).rstrip()
        for row in rows
    ]
    yield "\n".join(["Links", *lines])


def _row(link: Link) -> tuple[str, ...]:
    basis = link.basis.strip() or ("" if link.certain else "not certain")
    remarks = [one_line(basis)] if basis else []
    remarks += ["for context only"] if link.quiet else []
    remarks += [f"footnotes {listed(map(one_line, link.notes))}"] if link.notes else []
    return (
        one_line(link.cause), one_line(link.effect), SIGNS[link.sign],
        "delayed" if link.delay else "no delay",
        "none" if link.score is None else percent(abs(link.score)),
        ", ".join(map(one_line, link.through)) or "none", "; ".join(remarks) or "none",
    )  # fmt: skip


def _left_out(diagram: Diagram) -> Iterator[str]:
    caption = diagram.caption
    for note in caption.notes:
        if note.strip():
            yield spelled(one_line(note))
    known = one_line(caption.statement)
    if caption.statement.strip() and not any(known in one_line(note) for note in caption.notes):
        yield f"Loops known: {spelled(known)}."
    if caption.left_out:
        yield f"Variables left out: {'; '.join(map(one_line, caption.left_out))}."


def _footnotes(diagram: Diagram) -> Iterator[str]:
    notes = diagram.caption.footnotes
    if notes:
        yield "\n".join(["Footnotes", *(f"{one_line(k)}: {one_line(text)}" for k, text in notes)])
