"""Equilibria of a model: where every stock stands still, and whether it stays there.

Stage 4 of 4.  In: a model and settings.  Out: ``Equilibria``.  Closed forms where polynomials allow
them, all of them then; otherwise what Newton's method finds, without a claim that it is all.
``follow`` leads one of them along a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from loopscope.loops.eigen.jumps import jumping
from loopscope.loops.rest.field import Field, field
from loopscope.loops.rest.formulas import Closed, closed_forms, isolated_roots
from loopscope.loops.rest.resting import Plane, plane_of
from loopscope.loops.rest.searching import guesses, limits_of, search
from loopscope.loops.rest.stability import Stability, criterion, stability
from loopscope.loops.rest.totals import Total, totals
from loopscope.models.engine.overrides import plain_number
from loopscope.models.errors import LoopError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import sympy as sp
    import xarray as xr

    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.rest.field import Numbers
    from loopscope.models.case import Case
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Equilibrium:
    """A state of rest.

    Attributes
    ----------
    values
        By stock, stages of delays included, in the unit of each.
    formulas
        By stock, over parameters and free stocks; None where there is no closed form.  ``C1`` ...
        stand for the conserved totals, in their order.
    dimension
        0 where it stands alone; 1 on a line of equilibria, of which it is one point ...
    free
        Stocks that a closed form leaves free; at their start values in ``values``.
    residual
        Largest net rate, as part of the size of its stock, 1/time.
    jacobian
        Dims (n, n): by effect and cause, in stock units per stock unit and time.
    stability
        Of pushes that keep every total and leave the line.
    eigenvalues, characteristic
        Closed forms of the eigenvalues, and of the coefficients of their polynomial, highest
        power first; None where there are none.
    outside
        Stocks that are outside their declared range, or negative though they may not be.
    """

    values: Mapping[str, float]
    formulas: Mapping[str, sp.Expr] | None
    dimension: int
    free: tuple[str, ...]
    residual: float
    jacobian: Numbers
    stability: Stability
    eigenvalues: tuple[sp.Expr, ...] | None = None
    characteristic: tuple[sp.Expr, ...] | None = None
    outside: tuple[str, ...] = ()

    @property
    def routh_hurwitz(self) -> str:
        """What must hold for stability, in formulas where there are any; "" above degree 3."""
        if self.characteristic is None:
            return self.stability.routh_hurwitz
        return criterion(tuple(str(one) for one in self.characteristic))

    def __str__(self) -> str:
        values = ", ".join(f"{name} = {value:.6g}" for name, value in self.values.items())
        line = f" (one point of {self.dimension} dimensions of them)" if self.dimension else ""
        out = f"; outside its range: {', '.join(self.outside)}" if self.outside else ""
        return f"{self.stability.kind}: {values}{line}{out}"


class Equilibria:
    """The equilibria of a model that are known, in a fixed order.

    Attributes
    ----------
    graph
        The traced graph.
    time
        Time at which the equations are held; None where they do not depend on it.
    parameters
        By name: the values that rates were computed with.
    totals
        Conserved totals, each held at its start value.
    complete
        Whether these are all.
    statement
        One line: how many, how they were found, what was held, what to mind.
    """

    def __init__(
        self, plane: Plane, found: Sequence[Equilibrium], kept: tuple[Total, ...],
        *, complete: bool, statement: str,
    ) -> None:  # fmt: skip
        field = plane.field
        self.graph = field.graph
        self.time = field.time
        self.parameters = {str(s.name): field.parameters[s] for s in field.needs}
        self.totals = kept
        self.complete = complete
        self.statement = statement
        self.names = field.names
        self._found = tuple(found)

    @overload
    def __getitem__(self, which: int) -> Equilibrium: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Equilibrium]: ...
    def __getitem__(self, which: int | slice) -> Equilibrium | Sequence[Equilibrium]:
        return self._found[which]

    def __len__(self) -> int:
        """Return the number of equilibria known."""
        return len(self._found)

    def __iter__(self) -> Iterator[Equilibrium]:
        return iter(self._found)

    def __repr__(self) -> str:
        return f"<Equilibria of {self.graph.model.name}: {self.statement}>"

    def __str__(self) -> str:
        return "\n".join([self.statement, *(f"{n}. {one}" for n, one in enumerate(self, 1))])

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each equilibrium, as plain values."""
        return [
            {
                **one.values,
                "verdict": one.stability.verdict,
                "kind": one.stability.kind,
                "dimension": one.dimension,
                "residual": one.residual,
                "eigenvalues": [[v.real, v.imag] for v in one.stability.eigenvalues],
                "formulas": one.formulas and {n: str(e) for n, e in one.formulas.items()},
                "routh_hurwitz": one.routh_hurwitz,
                "outside": list(one.outside),
            }
            for one in self
        ]

    def to_dataset(self) -> xr.Dataset:
        """Return the numbers: dims ``equilibrium``, ``stock`` and ``mode``.

        ``eigenvalue_real`` and ``eigenvalue_imaginary`` are NaN beyond the eigenvalues there are:
        zeros of totals and of lines of equilibria are left out.
        """
        import xarray as xr

        count = len(self.names)
        modes = np.full((len(self), count), complex(np.nan, np.nan))
        for row, one in zip(modes, self, strict=True):
            row[: len(one.stability.eigenvalues)] = one.stability.eigenvalues
        words = ("verdict", "kind")
        values = np.array([list(one.values.values()) for one in self]).reshape(len(self), count)
        clock = self.graph.model.clock.units
        per = f"1/{clock}" if clock else "1/time"
        units = [self.graph.nodes[name].units for name in self.names]
        return xr.Dataset(
            {
                "value": (("equilibrium", "stock"), values, {"long_name": "state at rest"}),
                "eigenvalue_real": (("equilibrium", "mode"), modes.real, {"units": per}),
                "eigenvalue_imaginary": (("equilibrium", "mode"), modes.imag, {"units": per}),
                "residual": ("equilibrium", np.array([e.residual for e in self]), {"units": per}),
                "dimension": ("equilibrium", np.array([e.dimension for e in self], dtype=int)),
                **{
                    word: (
                        "equilibrium",
                        np.array([getattr(e.stability, word) for e in self], dtype=np.str_),
                    )
                    for word in words
                },
            },
            coords={
                "stock": ("stock", np.array(self.names, dtype=np.str_)),
                "stock_units": ("stock", np.array(units, dtype=np.str_)),
            },
            attrs={
                "model": self.graph.model.name,
                "model_sha256": self.graph.model.sha256,
                "statement": self.statement,
                "complete": int(self.complete),
                **({} if self.time is None else {"time": self.time}),
            },
        )


def equilibria(
    model: Model | CausalGraph | str | Path,
    *,
    scenario: str | Scenario | None = None,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    at: float | None = None,
    guess: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    starts: int = 64,
    seed: int = 0,
    symbolic: bool = True,
) -> Equilibria:
    """Return the equilibria of a model, with their stability.

    Parameters
    ----------
    scenario, case, parameters, initial
        As in ``models.simulate``.  Start values count for conserved totals, and as starts.
    at
        Time at which to hold equations that depend on the time.  What comes out then is where the
        model would rest if nothing went on changing from outside, not where it is at that time.
    guess
        States to start from, by stock; other stocks at their start values.
    ranges
        Where random starts lie, by stock; by default the declared range of a stock, or three
        times what it covers in the run.
    starts, seed
        Number of random starts, and their seed.
    symbolic
        Whether to try closed forms first (polynomial and rational rates of up to six stocks, with
        a budget of a few seconds).

    Returns
    -------
    Equilibria
        None found is a result too: see its ``statement``.

    Raises
    ------
    UnknownNameError, RunError
        As ``models.simulate``.
    LoopError
        There is no stock; something has no rate of change (DELAY FIXED, SAMPLE IF TRUE, random
        numbers); the equations depend on the time and ``at`` is not given; a range that is empty.

    Notes
    -----
    The search takes, for s starts, at most 160 Jacobians of all starts at once.  Where equations
    bend (MIN, MAX, tables) derivatives are those of the side in force.

    Examples
    --------
    >>> found = equilibria("migration_policy", at=2100, starts=8)
    >>> found.complete
    False
    """
    own = field(
        model, scenario=scenario, case=case, parameters=parameters, initial=initial, at=at
    )  # fmt: skip
    given = guesses(own, guess)
    limits = limits_of(own, ranges)
    if plain_number(starts) is None or starts < 0 or starts != int(starts):
        msg = f"starts must be a whole number from 0 on, got {shown(starts)}"
        raise LoopError(msg)
    if own.course.shape[1] == 0:
        msg = f"{own.graph.model.name}: start values are not finite, so there is nothing to hold"
        raise LoopError(msg)
    kept = totals(own)
    plane = plane_of(own, kept)
    closed = (closed_forms(own, kept) or isolated_roots(own, kept)) if symbolic else None
    if closed is not None:
        found, complete, how = _from_closed(plane, closed), True, closed.how
    else:
        states, how = search(plane, given, limits, int(starts), seed)
        found = [at_rest(plane, state, dimension) for state, dimension in states]
        complete = False
    ordered = sorted(found, key=lambda one: tuple(one.values.values()))
    statement = _statement(own, kept, len(ordered), complete=complete, how=how)
    return Equilibria(plane, ordered, kept, complete=complete, statement=statement)


def at_rest(plane: Plane, state: Numbers, dimension: int = 0, **more: Any) -> Equilibrium:
    """Return the record of one state of rest; ``state`` in units of the stocks' own, dims (n,)."""
    column = (state / plane.unit)[:, None]
    rates, full, _ = plane.field.slopes(state[:, None])
    _, inner, _ = plane.slopes(column)
    inside = stability(inner[0], dropped=dimension)
    zeros = len(state) - inner.shape[1]
    return Equilibrium(
        values=dict(zip(plane.field.names, (float(one) for one in state), strict=True)),
        formulas=more.pop("formulas", None),
        dimension=dimension,
        free=more.pop("free", ()),
        residual=float(np.max(np.abs(rates[:, 0]) / plane.unit)),
        jacobian=full[0],
        stability=replace(inside, dropped=inside.dropped + zeros),
        outside=_outside(plane.field, state, plane.unit),
        **more,
    )


def _from_closed(plane: Plane, closed: Closed) -> list[Equilibrium]:
    return [
        at_rest(
            plane, one.state, len(one.free), formulas=one.formulas, free=one.free,
            eigenvalues=one.eigenvalues, characteristic=one.characteristic,
        )
        for one in closed.solutions
    ]  # fmt: skip


def _statement(own: Field, kept: tuple[Total, ...], count: int, *, complete: bool, how: str) -> str:
    number = {0: "no equilibrium", 1: "1 equilibrium"}.get(count, f"{count} equilibria")
    if complete:
        parts = [f"{number}, all there are: {how}" if count else f"there is no equilibrium: {how}"]
    else:
        parts = [f"{number} found {how}; there may be others"]
    if own.time is not None:
        parts.append(f"the time held at {own.time:g}")
    if kept:
        parts.append("held at its start value: " + "; ".join(str(one) for one in kept))
    rules = [*own.equations.auxiliaries.values(), *(s.rate for s in own.equations.states.values())]
    names = dict.fromkeys(n for one in rules for n in jumping(one, own.equations))
    if names:
        listed = ", ".join(f"'{name}'" for name in list(names)[:4])
        parts.append(f"equations jump with {listed}: rest at a jump itself is not looked for")
    return "; ".join(parts)


def _outside(own: Field, state: Numbers, unit: Numbers) -> tuple[str, ...]:
    found = []
    for name, value, size in zip(own.names, state, unit, strict=True):
        variable = own.graph.model.variables.get(name)
        low, high = variable.limits if variable is not None else (None, None)
        record = next(one for s, one in own.equations.states.items() if s.name == name)
        if record.non_negative:
            low = max(low or 0.0, 0.0)
        slack = 1e-9 * size
        if (low is not None and value < low - slack) or (high is not None and value > high + slack):
            found.append(name)
    return tuple(found)
