"""How much one picture can show.

Stage 1 of 5.  In: a number of variables.  Out: nothing, or a refusal with the next moves.
"""

from __future__ import annotations

from loopscope.models.errors import LoopError

MOST, FORCED = 40, 80
"""Most variables of a picture, and by force."""

Moves = tuple[str, str, str]

MOVES: Moves = (
    "show less with show='top:8', show='central:30', simplify=0.8, around='VARIABLE' or "
    "kind='overview'",
    "give force=True for a draft",
    "save all of it as .graphml or .json with level='bare'",
)
"""What can be done about one that is too large: to show less, to force it, to draw nothing."""


HOPELESS = 400
"""Variables of a graph that no folding brings down to what a picture can show."""


def refuse_large(count: int, *, force: bool = False, moves: Moves = MOVES) -> None:
    """Refuse more variables than one picture can show.

    Parameters
    ----------
    count
        Of variables.
    moves
        As ``MOVES``, in the words of who asks.

    Raises
    ------
    LoopError
        More than ``MOST``, or more than ``FORCED`` by force.
    """
    if count <= (FORCED if force else MOST):
        return
    less, forced, bare = moves
    able = f"even a draft can show ({FORCED})" if force else f"one picture can show ({MOST})"
    told = [less, *([forced] if count <= FORCED else []), f"or {bare}"]
    msg = f"the diagram would have {count:,} variables, more than {able}: {'; '.join(told)}"
    raise LoopError(msg)


def refuse_hopeless(count: int, moves: Moves = MOVES) -> None:
    """Refuse so many variables that nothing else need be looked at."""
    if count > HOPELESS:
        refuse_large(count, moves=moves)
