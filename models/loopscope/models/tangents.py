"""The change of every variable when one constant or start value changes: forward mode, symbolic.

Stage 3 of 5.  In: ``Equations`` and the names that may change.  Out: the same ``Equations`` with a
*tangent* beside each state, memory, pipeline, fixed value and auxiliary that those names reach: its
derivative along one direction.  The direction is given by *seeds*, parameters of the new equations
that are 0 until a run sets one of them to 1.  Nothing is approximated; nothing is run.

A tangent is stepped as the variable itself is, so that under Euler and RK4 it is the derivative of
the computed trajectory, not an approximation of that of the continuous one.  Where a function jumps
or bends the side in force counts: the other side of a MIN, MAX or IF THEN ELSE is not evaluated,
and a switch that flips, a rounding or a random draw does not move.  Lookups and the time are held.

References
----------
A. Griewank and A. Walther (2008), Evaluating Derivatives, 2nd ed., SIAM, chapters 2 and 3 (forward
mode).  R. P. Dickinson and R. J. Gelinas (1976), "Sensitivity analysis of ordinary differential
equation systems - a direct method", Journal of Computational Physics 21(2), 123-143.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sympy as sp

from loopscope.models import functions as sd
from loopscope.models.equations import Equations, Memory, symbols_in
from loopscope.models.model import TIME, symbol_of
from loopscope.models.symbolic import start_order

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ZERO, ONE = sp.Integer(0), sp.Integer(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tangents:
    """Equations with tangents beside them.

    Attributes
    ----------
    equations
        The given ones and all tangents; the seeds are parameters of value 0.
    seeds
        Name of the seed of each constant or stock that may change.
    of
        Name of the tangent of each variable that may change, written-out ones included.  A
        variable that is not here does not depend on any of them.
    """

    equations: Equations
    seeds: Mapping[str, str]
    of: Mapping[str, str]


def tangents(
    equations: Equations,
    by: Collection[str],
    *,
    held: Collection[str] = (),
    started: Collection[str] = (),
) -> Tangents:
    """Write tangents beside the variables that some constants and start values reach.

    Parameters
    ----------
    by
        Constants, and stocks whose start value is meant.
    held
        Variables that a run sets from outside instead of following their equation: they do not
        move.
    started
        Stocks whose start value a run sets: it does not move with anything else.

    Notes
    -----
    Linear in the size of the equations: each operation has one operation or a few beside it.
    """
    return _Writer(equations, by, held, started).write()


class _Writer:
    """Tangents of one set of equations under construction."""

    def __init__(
        self,
        equations: Equations,
        by: Collection[str],
        held: Collection[str],
        started: Collection[str],
    ) -> None:
        self.equations = equations
        self.held, self.started = set(held), set(started)
        self.seeds = {name: symbol_of(f"seed of ({name})") for name in by}
        moving = _reached(equations, self.seeds, self.held, self.started)
        self.known: dict[sp.Symbol, sp.Symbol] = {
            symbol: symbol_of(f"change of ({symbol.name})") for symbol in moving
        }
        self.known |= {
            symbol_of(name): seed
            for name, seed in self.seeds.items()
            if symbol_of(name) in equations.parameters
        }
        self._memo: dict[sp.Expr, sp.Expr] = {}

    def write(self) -> Tangents:
        given = self.equations
        auxiliaries: dict[sp.Symbol, sp.Expr] = {}
        at_start = dict(given.at_start)
        for symbol, expression in given.auxiliaries.items():
            auxiliaries[symbol] = expression
            if symbol in self.known:
                change = self.change(expression)
                if change == 0 and not given.at_start:
                    del self.known[symbol]  # a switch: it depends, but only jumps
                    continue
                auxiliaries[self.known[symbol]] = change
        for symbol, expression in given.at_start.items():
            if symbol in self.known:
                at_start[self.known[symbol]] = self.change(expression)
        states, memories, pipelines = dict(given.states), dict(given.memories), {**given.pipelines}
        for symbol, state in given.states.items():
            if symbol not in self.known:
                continue
            initial = self.start(symbol, state.initial)
            rate = self.change(state.rate)
            if state.non_negative:  # below 0 the stock is put back to 0, whatever it came from
                step = symbol_of(given.clock.time_step)
                free = self.known[symbol] + step * rate
                below = sd.Less(symbol + step * state.rate, ZERO)
                memories[self.known[symbol]] = Memory(
                    update=sd.IfThenElse(below, ZERO, free),
                    initial=initial,
                    owner=state.owner,
                    construct=state.construct,
                )
            else:
                states[self.known[symbol]] = replace(state, rate=rate, initial=initial)
        for symbol, memory in given.memories.items():
            if symbol in self.known:
                memories[self.known[symbol]] = replace(
                    memory, update=self.change(memory.update), initial=self.change(memory.initial)
                )
        for symbol, pipeline in given.pipelines.items():
            if symbol in self.known:
                pipelines[self.known[symbol]] = replace(
                    pipeline,
                    input=self.change(pipeline.input),
                    initial=self.change(pipeline.initial),
                )
        fixed = dict(given.fixed)
        for symbol, expression in given.fixed.items():
            if symbol in self.known:
                fixed[self.known[symbol]] = self.change(expression)
        hidden = dict(given.hidden)
        for symbol, change in self.known.items():
            hidden[str(change.name)] = given.hidden.get(str(symbol.name), str(symbol.name))
        hidden |= {str(seed.name): name for name, seed in self.seeds.items()}
        extended = replace(
            given,
            parameters={**given.parameters, **dict.fromkeys(self.seeds.values(), 0.0)},
            states=states,
            memories=memories,
            pipelines=pipelines,
            fixed=fixed,
            auxiliaries=auxiliaries,
            at_start=at_start,
            hidden=hidden,
        )
        return Tangents(
            equations=replace(extended, start_order=start_order(extended)),
            seeds={name: str(seed.name) for name, seed in self.seeds.items()},
            of={str(symbol.name): str(change.name) for symbol, change in self.known.items()},
        )

    def start(self, symbol: sp.Symbol, initial: sp.Expr) -> sp.Expr:
        """Return the change of a start value: of its own, and with what its equation needs."""
        own = self.seeds.get(str(symbol.name), ZERO)
        return own if symbol.name in self.started else own + self.change(initial)

    def change(self, e: sp.Expr) -> sp.Expr:
        """Return the derivative of an expression along the direction."""
        if isinstance(e, sp.Symbol):
            return self.known.get(e, ZERO)
        found = self._memo.get(e)
        if found is None:
            found = self._memo[e] = self._change(e)
        return found

    def _change(self, e: sp.Expr) -> sp.Expr:
        if e.is_number or isinstance(e, sd.Switch):
            return ZERO
        if isinstance(e, sp.Add):
            return sp.Add(*(self.change(term) for term in e.args))
        if isinstance(e, sp.Mul):
            return self._product(e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, sd.IfThenElse):
            condition, first, second = e.args
            return _choice(condition, self.change(first), self.change(second))
        if isinstance(e, sd.Minimum | sd.Maximum):
            a, b = e.args
            first = sd.LessEqual(a, b) if isinstance(e, sd.Minimum) else sd.LessEqual(b, a)
            return _choice(first, self.change(a), self.change(b))
        if isinstance(e, sd.SafeDivide):
            a, b, otherwise = e.args
            small = sd.Less(sp.Abs(b), sp.Float(sd.SMALL))
            quotient = (self.change(a) - a / b * self.change(b)) / b
            return _choice(small, self.change(otherwise), quotient)
        if isinstance(e, sp.Abs):
            return sp.sign(e.args[0]) * self.change(e.args[0])
        if isinstance(e, sd.Table):
            return sd.TableSlope(*e.args) * self.change(e.args[1])
        terms = []
        for place, argument in enumerate(e.args, start=1):
            inner = self.change(argument)
            if inner != 0:
                terms.append(e.fdiff(place) * inner)  # type: ignore[attr-defined]
        return sp.Add(*terms)

    def _product(self, e: sp.Expr) -> sp.Expr:
        terms = []
        for place, factor in enumerate(e.args):
            inner = self.change(factor)
            if inner != 0:
                terms.append(sp.Mul(*e.args[:place], inner, *e.args[place + 1 :]))
        return sp.Add(*terms)

    def _power(self, e: sp.Expr) -> sp.Expr:
        base, exponent = e.args
        inner, outer = self.change(base), self.change(exponent)
        terms = []
        if inner != 0:
            slope = exponent * base ** (exponent - 1) * inner
            whole = exponent.is_integer and exponent.is_number
            # A root is infinitely steep at 0, which matters only to a base that moves.
            terms.append(slope if whole else _choice(sd.Equal(inner, ZERO), ZERO, slope))
        if outer != 0:
            slope = e * sp.log(base) * outer
            safe = base.is_number
            terms.append(slope if safe else _choice(sd.Equal(base, ZERO), ZERO, slope))
        return sp.Add(*terms)


def _choice(condition: sp.Expr, first: sp.Expr, second: sp.Expr) -> sp.Expr:
    return first if first == second else sd.IfThenElse(condition, first, second)


def _reached(
    equations: Equations, seeds: Mapping[str, sp.Symbol], held: set[str], started: set[str]
) -> list[sp.Symbol]:
    """Return the variables that may change, in the order of the equations."""
    needs: dict[sp.Symbol, set[sp.Symbol]] = {}

    def note(symbol: sp.Symbol, *expressions: sp.Expr) -> None:
        if symbol.name not in held:
            found = needs.setdefault(symbol, set())
            for expression in expressions:
                found.update(symbols_in(expression))

    for symbol, state in equations.states.items():
        note(symbol, state.rate, *(() if symbol.name in started else (state.initial,)))
    for symbol, memory in equations.memories.items():
        note(symbol, memory.update, memory.initial)
    for symbol, pipeline in equations.pipelines.items():
        note(symbol, pipeline.input, pipeline.initial)
    for table in (equations.fixed, equations.auxiliaries, equations.at_start):
        for symbol, expression in table.items():
            note(symbol, expression)
    users: dict[sp.Symbol, list[sp.Symbol]] = {}
    for symbol, causes in needs.items():
        for cause in causes - {TIME}:
            users.setdefault(cause, []).append(symbol)
    waiting = [symbol_of(name) for name in seeds]
    found: set[sp.Symbol] = set()
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(users.get(current, ()))
    return [symbol for symbol in needs if symbol in found]
