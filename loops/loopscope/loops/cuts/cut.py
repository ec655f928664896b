"""Cutting loops: which link or switch cuts a loop alone, and the model with that cut in it.

Stage 3 of 4.  In: ``Loops`` and ``Along``.  Out: a ``Cut`` for each loop that has one, and
``Cutting``, which simulates the same run again with some cuts held from a saved time on.

A *private link* lies on one loop only; the loop is cut by freezing what that link brings: its
effect goes on with the value that the cause had when the cut began, all else sees the cause as it
is.  A *switch* is a set of constants that a model's ``loops.toml`` says cut a loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from loopscope.loops.catalogue import catalogue
from loopscope.loops.graph import STOCKS, CausalGraph, Pair
from loopscope.loops.loop import canonical
from loopscope.models.engine.overrides import plain_number
from loopscope.models.errors import LoopError, did_you_mean, shown
from loopscope.models.model import Parameter
from loopscope.models.names import key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.loop import Loop

Control = str | Mapping[str, float] | tuple[str, str]
"""How a caller names a cut: a constant to set to 0, values of constants, or a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One way to take a loop out of a run.

    Attributes
    ----------
    link
        (cause, effect) of the private link that is frozen; None for a switch.
    switch
        Values of constants by name; empty for a link.
    """

    link: Pair | None = None
    switch: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return what is done, in words."""
        if self.link is not None:
            return f"'{self.link[0]}' frozen in '{self.link[1]}'"
        return ", ".join(f"'{name}' = {value:g}" for name, value in self.switch.items())


NOT_TESTABLE = "not testable: each of its links lies on other loops too, and no switch is named"


def private_links(graph: CausalGraph) -> dict[Pair, tuple[str, ...]]:
    """Return the links that lie on exactly one loop, each with the nodes of that loop.

    No loops are enumerated: a link u -> v lies on one loop alone if one path leads back from v to
    u and each of its links is the only way on.

    Notes
    -----
    With e links and paths of p links, at most e * p searches of e steps.

    Examples
    --------
    In x -> y -> x beside x -> x every link is private; in x -> y -> x beside x -> z -> y the link
    y -> x is on both loops.
    """
    following: dict[str, list[str]] = {}
    part = graph.partition_of
    inside = [(u, v) for u, v in graph.pairs if u in part and v in part and part[u] is part[v]]
    for cause, effect in inside:
        following.setdefault(cause, []).append(effect)
    found = {}
    for cause, effect in inside:
        path = _path(following, effect, cause)
        if path is not None and all(
            _path(following, effect, cause, without=link) is None for link in pairwise(path)
        ):
            found[cause, effect] = canonical(path)
    return found


def _path(
    following: Mapping[str, list[str]], start: str, goal: str, without: Pair | None = None
) -> tuple[str, ...] | None:
    """Return a shortest path, which may be a single node, or None."""
    before: dict[str, str] = {start: start}
    waiting = [start]
    for name in waiting:
        if name == goal:
            path = [goal]
            while path[-1] != start:
                path.append(before[path[-1]])
            return tuple(reversed(path))
        for effect in following.get(name, ()):
            if effect not in before and (name, effect) != without:
                before[effect] = name
                waiting.append(effect)
    return None


def cuts_of(
    found: Loops, controls: Mapping[str, Control] | None = None, *, by: str = "any"
) -> list[Cut | None]:
    """Return how each loop is cut, in the order of the loops; None where nothing cuts it alone.

    Parameters
    ----------
    controls
        By loop id: the name of a constant, to be set to 0; values of constants by name; or the
        (cause, effect) of a private link.
    by
        For loops without such a choice: "switch" of the model's ``loops.toml``, private "link",
        or "any": the switch where one is named, else the link.  Of several private links, one
        that starts in a stock is taken, the first round the loop.

    Raises
    ------
    LoopError
        A loop, constant or link that does not exist; a link that lies on other loops too; a
        constant that cannot be changed.
    """
    if by not in ("any", "switch", "link"):
        msg = f"loops are cut by 'switch', 'link' or 'any', got {shown(by)}"
        raise LoopError(msg)
    graph = found.graph
    private = private_links(graph)
    chosen = {found[_id(which)].id: how for which, how in (controls or {}).items()}
    named: dict[tuple[str, ...], Mapping[str, float]] = {}
    listed = catalogue(graph.model) if by != "link" else None
    if listed is not None:
        named = {
            nodes: listed[one].switch
            for nodes, (one, _) in listed.match(graph).items()
            if listed[one].switch
        }
    result = []
    for loop in found:
        cut = None
        if loop.id in chosen:
            cut = _asked(loop, chosen[loop.id], private)
        elif loop.nodes in named:
            cut = Cut(switch=_constants(graph, named[loop.nodes], loop.id))
        elif by != "switch":
            own = [pair for pair in loop.links if private.get(pair) == loop.nodes]
            own.sort(key=lambda pair: graph.nodes[pair[0]].role not in STOCKS)
            cut = Cut(link=own[0]) if own else None
        result.append(cut)
    return result


def _id(which: object) -> str:
    if not isinstance(which, str):
        msg = f"controls are given by loop id, as 'R1', got {shown(which)}"
        raise LoopError(msg)
    return which


def _asked(loop: Loop, how: object, private: Mapping[Pair, tuple[str, ...]]) -> Cut:
    graph = loop.graph
    if isinstance(how, str):
        return Cut(switch=_constants(graph, {how: 0.0}, loop.id))
    if isinstance(how, Mapping) and how:
        return Cut(switch=_constants(graph, how, loop.id))
    if not (isinstance(how, tuple) and len(how) == 2 and all(isinstance(n, str) for n in how)):
        msg = (
            f"loop '{loop.id}' is cut by the name of a constant, by {{constant: value}} or by a "
            f"link (cause, effect); got {shown(how)}"
        )
        raise LoopError(msg)
    pair = graph.find(how[0]), graph.find(how[1])
    if pair not in loop.links:
        known = ", ".join(f"'{a}' -> '{b}'" for a, b in loop.links[:6])
        msg = f"loop '{loop.id}' has no link '{pair[0]}' -> '{pair[1]}'; it has: {known}"
        raise LoopError(msg)
    if private.get(pair) != loop.nodes:
        own = [f"'{a}' -> '{b}'" for a, b in loop.links if private.get((a, b)) == loop.nodes]
        use = f"use {' or '.join(own)}" if own else "it has no link of its own; name a switch"
        msg = f"link '{pair[0]}' -> '{pair[1]}' lies on other loops than '{loop.id}' too: {use}"
        raise LoopError(msg)
    return Cut(link=pair)


def _constants(graph: CausalGraph, given: Mapping[str, float], loop: str) -> dict[str, float]:
    """Return values by the authored names of constants that may change."""
    known = {key(one.name): one for one in graph.model if isinstance(one, Parameter)}
    values = {}
    for name, value in given.items():
        constant = known.get(key(str(name)))
        if constant is None:
            hint = did_you_mean(str(name), [one.name for one in known.values()])
            msg = f"{graph.model.name}: no constant '{name}' to cut loop '{loop}' with{hint}"
            raise LoopError(msg)
        if constant.name in graph.equations.structural:
            why = graph.equations.structural[constant.name]
            msg = f"'{constant.name}' cannot cut loop '{loop}': {why}"
            raise LoopError(msg)
        number = plain_number(value)
        if number is None or not abs(number) < float("inf"):
            msg = (
                f"'{constant.name}', which cuts loop '{loop}', must be a number, got {shown(value)}"
            )
            raise LoopError(msg)
        values[constant.name] = number
    return values


def with_cut(cuts: Iterable[Cut | None]) -> list[int]:
    """Return the positions of loops that something cuts."""
    return [number for number, cut in enumerate(cuts) if cut is not None]
