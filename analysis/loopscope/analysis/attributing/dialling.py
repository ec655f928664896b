"""A model whose mechanisms can be dialled: one strength each, 0 when cut, 1 as the run has it.

In: ``Prepared`` equations and mechanisms.  Out: ``Prepared`` equations in which every switched
constant c is read as cut + strength * (c - cut), in start values as well.  A constant keeps what a
scenario, a case or an ensemble gives it, a time path included: what is scaled is its distance from
the cut, at each time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.loops.cuts.writing import new_symbol
from loopscope.models.engine.prepared import Facts, of_equations
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loopscope.analysis.attributing.mechanism import Mechanism
    from loopscope.models.engine.prepared import Prepared
    from loopscope.models.equations import Equations


def dialled(
    prepared: Prepared, mechanisms: Sequence[Mechanism]
) -> tuple[Prepared, tuple[str, ...]]:
    """Return the model with strengths, and the names of these, one for each mechanism.

    Notes
    -----
    Linear in the size of the equations.  With all strengths 1 the equations are those of the
    model; exactly so where a cut is at 0, to rounding elsewhere.
    """
    equations = prepared.source()
    taken = {*prepared.variables, *prepared.hidden}
    strengths = [new_symbol(f"strength of {one.id}", taken) for one in mechanisms]
    scaled: dict[sp.Basic, sp.Basic] = {}
    for strength, one in zip(strengths, mechanisms, strict=True):
        for constant, value in one.cut.items():
            symbol = symbol_of(constant)
            cut = sp.Integer(0) if value == 0 else sp.Float(value)
            scaled[symbol] = cut + strength * (symbol - cut)
    written = _written(equations, scaled)
    written = replace(written, parameters={**equations.parameters, **dict.fromkeys(strengths, 1.0)})
    names = tuple(str(strength.name) for strength in strengths)
    facts = {
        name: Facts(
            name=name, kind="parameter", units="1", documentation="", low=0.0, high=1.0, group=""
        )
        for name in names
    }  # fmt: skip
    variables = {**prepared.variables, **facts}
    return of_equations(written, path=prepared.path, variables=variables), names


def _written(equations: Equations, scaled: dict[sp.Basic, sp.Basic]) -> Equations:
    """Return equations with other expressions for some constants, wherever they are read."""

    def read(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(scaled)

    return replace(
        equations,
        states={
            symbol: replace(one, rate=read(one.rate), initial=read(one.initial))
            for symbol, one in equations.states.items()
        },
        memories={
            symbol: replace(one, update=read(one.update), initial=read(one.initial))
            for symbol, one in equations.memories.items()
        },
        pipelines={
            symbol: replace(
                one, input=read(one.input), delay=read(one.delay), initial=read(one.initial)
            )
            for symbol, one in equations.pipelines.items()
        },
        fixed={symbol: read(one) for symbol, one in equations.fixed.items()},
        auxiliaries={symbol: read(one) for symbol, one in equations.auxiliaries.items()},
        at_start={symbol: read(one) for symbol, one in equations.at_start.items()},
    )
