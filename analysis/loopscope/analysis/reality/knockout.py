"""Statements of the kind ``knock-out``: without its loop, a behaviour is gone.

In: behaviours, and the loops they are ascribed to.  Out: two figures for each: the behaviour in the
whole model, which must be there, and with the loop cut, where it must not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopscope.analysis.reality.bench import LackingError
from loopscope.analysis.reality.measuring import Figure, judge
from loopscope.models.errors import LoopError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.analysis.reality.bench import Bench
    from loopscope.models.statement import Cut, KnockOut


def evaluate(bench: Bench, statement: KnockOut) -> list[Figure]:
    """Return the behaviours with and without their loops.

    Raises
    ------
    LackingError
        The model has no ``loops.toml``.
    LoopError
        A loop without a record in ``loops.toml``, or one whose record has no switch.
    """
    figures = []
    for cut in statement.cut:
        setups = cut.setups()
        (whole,) = judge(bench, [cut.expected], setups)
        off = _switch(bench, cut)
        without = {
            name: setup.model_copy(
                update={
                    "settings": _without(bench, setup.settings, off) | off,
                    "vary": _without(bench, setup.vary, off),
                }
            )
            for name, setup in setups.items()
        }
        (gone,) = judge(bench, [cut.expected], without)
        figures.append(whole)
        figures.append(
            Figure(
                says=f"the same without {cut.loop}",
                asked=f"not {gone.asked}",
                low=gone.low,
                high=gone.high,
                unit=gone.unit,
                met=not gone.met and not gone.failed,
                where=gone.where,
            )
        )
    return figures


def _without(
    bench: Bench, settings: Mapping[str, object], off: Mapping[str, float]
) -> dict[str, object]:
    """Return settings without those that the switch replaces."""
    find = bench.prepared.find
    cut = {find(name).name for name in off}
    return {name: value for name, value in settings.items() if find(name).name not in cut}


def _switch(bench: Bench, cut: Cut) -> dict[str, float]:
    """Return the settings that cut a loop."""
    if cut.switch:
        return dict(cut.switch)
    from loopscope.loops.catalogue import catalogue

    named = catalogue(bench.model)
    if named is None:
        msg = f"needs '{cut.loop}' of loops.toml, which is not beside the model"
        raise LackingError(msg)
    known = {loop.id: loop for loop in named.loops}
    if cut.loop not in known:
        hint = did_you_mean(cut.loop, known) or "; give 'switch', values that cut it"
        msg = f"no loop '{cut.loop}' in loops.toml{hint}"
        raise LoopError(msg)
    if not known[cut.loop].switch:
        msg = f"loop '{cut.loop}' has no switch in loops.toml; give 'switch', values that cut it"
        raise LoopError(msg)
    return dict(known[cut.loop].switch)
