"""Statements of the kind ``first-order outflows``: an empty stock is not drained.

In: stocks.  Out: how many of their outflows can run where the stock is empty, and how many of them
are neither proved to stop nor shown to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.reality.files import count

if TYPE_CHECKING:
    from loopscope.analysis.reality.bench import Bench
    from loopscope.analysis.reality.measuring import Figure
    from loopscope.models.statement import Outflows


def evaluate(bench: Bench, statement: Outflows) -> list[Figure]:
    """Return which outflows are not controlled by their stock."""
    from loopscope.analysis.checking.emptying import first_order_outflows

    stocks = [bench.prepared.find(name, "stock").name for name in statement.of]
    found = first_order_outflows(bench.model, stocks)
    refuted = [
        f"{one.outflow} of {one.stock}: {one.why}" for one in found if one.vanishes == "refuted"
    ]
    unsure = [f"{one.outflow} of {one.stock}: {one.why}" for one in found if one.vanishes == "open"]
    return [
        count(f"of {len(found)} outflows, those that run where their stock is empty", refuted),
        count("those not proved to stop", unsure),
    ]
