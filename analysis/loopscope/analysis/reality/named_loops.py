"""Statements of the kind ``named loops``: loops with a name are there, with their polarity.

In: the model's ``loops.toml``.  Out: how many of its loops are not found or have another sign, and
how many of the loops that the statement asks for have no record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.reality.bench import LackingError
from loopscope.analysis.reality.files import count

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.analysis.reality.measuring import Figure
    from loopscope.models.statement import NamedLoops

SEARCHED = 1000
"""Unnamed loops that are listed on the way; named ones are found whatever this is."""


def evaluate(bench: Bench, statement: NamedLoops) -> list[Figure]:
    """Return what is missing and what has another sign.

    Raises
    ------
    LackingError
        The model has no ``loops.toml``.
    """
    from loopscope import loops
    from loopscope.loops.catalogue import catalogue
    from loopscope.models.errors import LoopError

    named = catalogue(bench.model)
    if named is None:
        msg = "needs loops.toml beside the model, which gives loops their names"
        raise LackingError(msg)
    try:
        found = loops.find(bench.model, max_loops=SEARCHED)
    except LoopError as error:  # a path that is not closed, or a polarity that is another
        wrong = [str(error)]
    else:
        wrong = list(named.contradictions(found))
    figures = [count(f"of {len(named.loops)} named loops, those not found as stated", wrong)]
    if statement.loops:
        known = {loop.id for loop in named.loops}
        missing = [name for name in statement.loops if name not in known]
        figures.append(count(f"of {len(statement.loops)} loops asked for, those missing", missing))
    return figures
