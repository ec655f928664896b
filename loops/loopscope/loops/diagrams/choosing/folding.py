"""Variables that only pass something on, folded into one link.

Stage 1 of 5.  In: a ``Sketch``.  Out: a smaller one that says the same: signs multiplied, delays
kept, the names of what was folded kept on the link.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loopscope.loops.diagrams.choosing.signing import weakest
from loopscope.loops.diagrams.choosing.weighing import width_of
from loopscope.loops.diagrams.records import Link, Sketch
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection

    from loopscope.loops.diagrams.records import LoopShown, Sign
    from loopscope.loops.graph import Pair

SMALLEST = 3
"""A loop of this many variables or fewer is left as it is."""


def fold_through(sketch: Sketch, keep: Collection[str] = ()) -> Sketch:
    """Return a sketch without variables that have one cause and one effect and are no stocks.

    A variable stays where the new link would stand beside one between the same two, in either
    direction; in a loop of three variables or fewer; and where it is what its loop has for its own:
    each loop keeps one such variable, the most delayed, or else the best connected.

    Parameters
    ----------
    keep
        Variables that stay.

    Raises
    ------
    LoopError
        A variable to keep that is not shown.

    Notes
    -----
    O(n m) for n variables and m links.

    Examples
    --------
    >>> from loopscope.loops.diagrams.records import Link, Node, Sketch
    >>> chain = Sketch(
    ...     tuple(Node(name=name) for name in "abc"),
    ...     (Link(cause="a", effect="b", sign="-"), Link(cause="b", effect="c", sign="-")),
    ... )
    >>> [(link.pair, link.sign, link.through) for link in fold_through(chain).links]
    [(('a', 'c'), '+', ('b',))]
    """
    names = {node.name for node in sketch.nodes}
    unknown = next((name for name in keep if name not in names), None)
    if unknown is not None:
        msg = f"keep: '{unknown}' is not shown{did_you_mean(unknown, names)}"
        raise LoopError(msg)
    staying = {node.name for node in sketch.nodes if node.kind == "stock"}.union(keep)
    staying |= own_variables(sketch)
    links: dict[Pair, Link] = {link.pair: link for link in sketch.links}
    paths = {loop.id: loop.path for loop in sketch.loops}
    gone: set[str] = set()
    changed = True
    while changed:
        changed = False
        for name in sorted(names - staying - gone):
            into = [pair for pair in links if pair[1] == name]
            out_of = [pair for pair in links if pair[0] == name]
            if len(into) != 1 or len(out_of) != 1:
                continue
            cause, effect = into[0][0], out_of[0][1]
            doubled = (cause, effect) in links or (effect, cause) in links
            small = any(name in path and len(path) <= SMALLEST for path in paths.values())
            if cause == effect or doubled or small:
                continue
            links[cause, effect] = joined(links.pop(into[0]), links.pop(out_of[0]))
            paths = {one: tuple(v for v in path if v != name) for one, path in paths.items()}
            gone.add(name)
            changed = True
    return Sketch(
        tuple(node for node in sketch.nodes if node.name not in gone),
        tuple(links.values()),
        tuple(replace(loop, path=paths[loop.id]) for loop in sketch.loops),
    )


def joined(first: Link, second: Link) -> Link:
    """Return the link that two links in a row make.

    Signs and scores are multiplied; it is delayed, or quiet, if one of them is, certain if both
    are, and rests on the less sure of what they rest on.
    """
    sign: Sign = "+" if first.sign == second.sign else "-"
    if "?" in (first.sign, second.sign):
        sign = "?"
    score, width = None, max(first.width, second.width)
    if first.score is not None and second.score is not None:
        score = first.score * second.score
        width = width_of(score)
    return Link(
        cause=first.cause, effect=second.effect, sign=sign, delay=first.delay or second.delay,
        width=width, through=(*first.through, first.effect, *second.through), score=score,
        certain=first.certain and second.certain, basis=weakest((first.basis, second.basis)),
        notes=tuple(dict.fromkeys((*first.notes, *second.notes))),
        quiet=first.quiet or second.quiet,
    )  # fmt: skip


def own_variables(sketch: Sketch) -> set[str]:
    """Return one variable for each loop that is in no other, where there is one."""
    loops_with: dict[str, list[LoopShown]] = {}
    for loop in sketch.loops:
        for name in loop.path:
            loops_with.setdefault(name, []).append(loop)
    found = set()
    for loop in sketch.loops:
        own = [name for name in loop.path if len(loops_with[name]) == 1]
        if own:
            found.add(min(own, key=lambda name: _rank(sketch, name)))
    return found


def _rank(sketch: Sketch, name: str) -> tuple[int, int, str]:
    at = [link for link in sketch.links if name in link.pair]
    return -sum(link.delay for link in at), -len(at), name
