"""Where a statement about every run must hold.

In: an ``Over``.  Out: batches of runs: the model as it stands, each scenario, each case over its
own period, and one batch of draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loopscope.analysis.reality.drawing import draw
from loopscope.models.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from loopscope.analysis.reality.bench import Batch, Bench
    from loopscope.models.setup import Over, Setup


def batches(
    bench: Bench, over: Over, shared: Setup, needs: Iterable[str], **changes: Any
) -> Iterator[Batch]:
    """Yield the runs that a statement is about, at least one.

    Parameters
    ----------
    changes
        Fields of the setup that replace those of each run (method, saveper ...).

    Raises
    ------
    RunError
        There is nothing to run.
    """
    needs = tuple(needs)
    some = False
    for setup in bench.everywhere(over, shared):
        some = True
        yield bench.simulate(setup.model_copy(update=changes), needs)
    if over.draws is not None:
        some = True
        drawn = draw(bench.prepared, over.draws, shared)
        label = f"one of {over.draws.runs} draws of {len(drawn)} parameters"
        yield bench.simulate(shared.model_copy(update=changes), needs, label=label, arrays=drawn)
    if not some:
        msg = "'over' leaves nothing to run; take 'stands', 'scenarios', 'cases' or 'draws'"
        raise RunError(msg)
