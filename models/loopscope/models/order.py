"""The order in which equations can be evaluated.

Stage 3 of 5.  In: names and what each needs.  Out: an order in which each stands after what it
needs, or the circle that makes one impossible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Node = TypeVar("Node")


class CircleError(Exception):
    """Nodes that need each other; ``circle`` lists them in causal order, each once."""

    def __init__(self, circle: tuple[object, ...]) -> None:
        super().__init__(circle)
        self.circle = circle


def sort(wanted: Iterable[Node], needs: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """Return the wanted nodes and all they need, each after what it needs.

    Stable: nodes keep the order of ``wanted`` as far as needs allow.  O(nodes + needs), without
    recursion.

    Parameters
    ----------
    needs
        Direct needs of each node; what is not a key of it is there from the start and left out.

    Raises
    ------
    CircleError
        Some nodes need each other.

    Examples
    --------
    >>> sort(["c", "a"], {"a": ["b"], "b": [], "c": ["b"]})
    ['b', 'c', 'a']
    """
    done: dict[Node, None] = {}
    for root in wanted:
        path: dict[Node, Iterator[Node]] = {}
        if root in needs and root not in done:
            path[root] = iter(needs[root])
        while path:
            node = next(reversed(path))
            for need in path[node]:
                if need in path:
                    chain = list(path)
                    raise CircleError(_causal(chain[chain.index(need) :], needs))
                if need in needs and need not in done:
                    path[need] = iter(needs[need])
                    break
            else:
                del path[node]
                done[node] = None
    return list(done)


def _causal(chain: Sequence[Node], needs: Iterable[Node]) -> tuple[Node, ...]:
    """Return a chain of needs as causes, beginning with the node that stands first in the file."""
    circle = tuple(reversed(chain))
    position = {node: at for at, node in enumerate(needs)}
    first = min(range(len(circle)), key=lambda at: position[circle[at]])
    return circle[first:] + circle[:first]
