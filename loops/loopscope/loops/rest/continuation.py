"""One equilibrium followed along a parameter, past folds, with the places where stability changes.

Stage 4 of 4.  In: a model, a constant and a range.  Out: a ``Branch``.  Other branches are not
looked for: ``equilibria`` says where one may start.

At a *fold* two equilibria meet and the branch turns back (det J = 0); at a *Hopf* point a pair of
eigenvalues crosses the imaginary axis, and a cycle is born; at a *branch point* another branch of
equilibria crosses this one (det J = 0, without a turn); at a *corner* the branch turns where the
equations bend (MIN, MAX, a table), with no derivative to tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.eigen.jumps import jumping
from loopscope.loops.rest.arclength import Kind, Point, Tracer
from loopscope.loops.rest.equilibrium import Equilibrium, equilibria
from loopscope.loops.rest.field import Field, field
from loopscope.loops.rest.resting import dimensions, plane_of, settle
from loopscope.loops.rest.searching import guesses
from loopscope.loops.rest.stability import Verdict, stability
from loopscope.loops.rest.totals import totals
from loopscope.models.engine.overrides import plain_number
from loopscope.models.engine.simulate import prepared_of
from loopscope.models.equations import reaches
from loopscope.models.errors import LoopError, shown
from loopscope.models.model import symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from loopscope.loops.graph import CausalGraph
    from loopscope.loops.rest.field import Numbers
    from loopscope.loops.rest.resting import Plane
    from loopscope.models.case import Case
    from loopscope.models.model import Model
    from loopscope.models.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """A place on a branch where stability changes, or may.

    Attributes
    ----------
    kind
        "fold", "Hopf", "branch point" or "corner".
    parameter
        Value of the parameter there: refined to rounding, at a branch point to about 1e-8.
    values
        By stock, in the unit of each.
    eigenvalues
        In 1/time, those that are zero or without a real part included.
    period
        Of the cycle that is born at a Hopf point, in time units; None elsewhere.
    """

    kind: Kind
    parameter: float
    values: Mapping[str, float]
    eigenvalues: tuple[complex, ...]
    period: float | None = None

    def __str__(self) -> str:
        values = ", ".join(f"{name} = {value:.6g}" for name, value in self.values.items())
        period = f", period {self.period:.6g}" if self.period is not None else ""
        return f"{self.kind} at {self.parameter:.9g}{period}: {values}"


class Branch:
    """One branch of equilibria over a parameter, in order along the branch.

    Attributes
    ----------
    graph
        The traced graph.
    parameter
        Name of the constant.
    at
        Its values, dims (point,); they go back where the branch turns.
    states
        Dims (stock, point), in the unit of each; ``names`` names the rows.
    eigenvalues
        Dims (point, mode), 1/time, without the zeros of conserved totals.
    verdicts
        "stable", "unstable" or "undecided" of each point.
    special
        Folds, Hopf points and others, in order along the branch.
    statement
        One line: how far it was followed, and why no further.
    """

    def __init__(
        self, plane: Plane, points: Sequence[Point], special: Sequence[Special], statement: str
    ) -> None:
        self.graph = plane.field.graph
        self.parameter = "" if plane.field.free is None else str(plane.field.free.name)
        self.time = plane.field.time
        self.names = plane.field.names
        count = len(self.names)
        self.at = np.array([one.parameter for one in points], dtype=np.float64)
        states = [one.state * plane.unit for one in points]
        self.states = np.array(states, dtype=np.float64).reshape(-1, count).T
        said = [stability(one.matrix) for one in points]
        self.verdicts: tuple[Verdict, ...] = tuple(one.verdict for one in said)
        self.eigenvalues = np.array([one.eigenvalues for one in said], dtype=complex).reshape(
            len(points), len(plane.own)
        )
        self.special = tuple(special)
        self.statement = statement

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.at)

    def __repr__(self) -> str:
        return f"<Branch of {self.graph.model.name} over {self.parameter}: {self.statement}>"

    def __str__(self) -> str:
        return "\n".join([self.statement, *map(str, self.special)])

    def rows(self) -> list[dict[str, Any]]:
        """Return the special points as plain values, one row each."""
        return [
            {
                "kind": one.kind,
                self.parameter: one.parameter,
                **one.values,
                "eigenvalues": [[v.real, v.imag] for v in one.eigenvalues],
                "period": one.period,
            }
            for one in self.special
        ]

    def to_dataset(self) -> xr.Dataset:
        """Return the branch: dims ``point``, ``stock``, ``mode``, and ``special``."""
        import xarray as xr

        clock = self.graph.model.clock.units
        per = {"units": f"1/{clock}" if clock else "1/time"}
        variable = self.graph.model.variables[self.parameter]
        places = np.array([list(one.values.values()) for one in self.special], dtype=np.float64)
        return xr.Dataset(
            {
                "value": (("stock", "point"), self.states),
                "parameter": ("point", self.at, {"units": variable.units}),
                "eigenvalue_real": (("point", "mode"), self.eigenvalues.real, per),
                "eigenvalue_imaginary": (("point", "mode"), self.eigenvalues.imag, per),
                "verdict": ("point", np.array(self.verdicts, dtype=np.str_)),
                "special_kind": (
                    "special", np.array([one.kind for one in self.special], dtype=np.str_),
                ),
                "special_parameter": (
                    "special", np.array([one.parameter for one in self.special], dtype=np.float64),
                    {"units": variable.units},
                ),
                "special_value": (("special", "stock"), places.reshape(-1, len(self.names))),
            },
            coords={
                "stock": ("stock", np.array(self.names, dtype=np.str_)),
                "stock_units": (
                    "stock",
                    np.array([self.graph.nodes[n].units for n in self.names], dtype=np.str_),
                ),
            },
            attrs={
                "model": self.graph.model.name,
                "model_sha256": self.graph.model.sha256,
                "parameter": self.parameter,
                "statement": self.statement,
                **({} if self.time is None else {"time": self.time}),
            },
        )  # fmt: skip


def follow(
    model: Model | CausalGraph | str | Path,
    parameter: str,
    between: tuple[float, float],
    *,
    start: Equilibrium | Mapping[str, float] | None = None,
    scenario: str | Scenario | None = None,
    case: str | Case | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    at: float | None = None,
    points: int = 500,
) -> Branch:
    """Follow one equilibrium along a parameter, both ways, and mark where stability changes.

    Parameters
    ----------
    parameter
        A constant of the model.
    between
        Lowest and highest value.  The branch is begun at the parameter's own value, or at the end
        of the range nearest to it.
    start
        An equilibrium, or a state near one, there; by default one that ``equilibria`` finds: the
        stable one nearest to where the run ends, else the nearest.
    scenario, case, parameters, initial, at
        As in ``equilibria``.  Conserved totals stay at their start values.
    points
        Most points each way.

    Returns
    -------
    Branch
        Without points, and with a statement, where no equilibrium is found to begin with.

    Raises
    ------
    UnknownNameError, RunError, LoopError
        As ``equilibria``; an empty range; a parameter that no rate depends on; equations that jump
        (the message names where); a start on a line of equilibria, where J is singular throughout.

    Notes
    -----
    Pseudo-arclength continuation: a step along the tangent, Newton's method across it, O(d**3) a
    point for d stocks.  Special points are found by a change of sign between points and refined,
    so two of one kind within one step are missed.

    References
    ----------
    Keller (1977), "Numerical solution of bifurcation and nonlinear eigenvalue problems", in
    Rabinowitz (ed.), *Applications of Bifurcation Theory*, 359-384.
    Kuznetsov (2004), *Elements of Applied Bifurcation Theory*, 3rd ed., chapter 10.
    """
    own = field(
        model, scenario=scenario, case=case, parameters=parameters, initial=initial, at=at,
        free=parameter,
    )  # fmt: skip
    assert own.free is not None
    low, high = _range(own, between)
    _refuse_jumps(own)
    begin = float(np.clip(own.parameters[own.free], low, high))
    plane = plane_of(own, totals(own))
    settings = {**(parameters or {})}
    for name in list(settings):
        if prepared_of(own.graph.model).find(name).name == own.free.name:
            del settings[name]
    if isinstance(start, Equilibrium):
        start = start.values
    if start is None:
        found = equilibria(
            own.graph, scenario=scenario, case=case, initial=initial, at=at,
            parameters={**settings, str(own.free.name): begin},
        )  # fmt: skip
        known = [one for one in found if one.dimension == 0] or list(found)
        if not known:
            return Branch(plane, [], [], f"nothing to follow: {found.statement}")
        state = _nearest(plane, known)
    else:
        (guess,) = guesses(own, start)
        there, fine = settle(
            plane, plane.onto((guess / plane.unit)[:, None]), parameter=np.array([begin])
        )
        if not fine[0]:
            what = f"no equilibrium near the start given, at '{own.free.name}' = {begin:g}"
            return Branch(plane, [], [], f"nothing to follow: {what}; give another start")
        state = there[:, 0]
    tracer = Tracer(plane, low, high)
    _refuse_line(plane, tracer, state, begin)
    points_found, special, ends = tracer.both_ways(state, begin, points)
    places = [
        Special(
            kind=kind, parameter=one.parameter,
            values=dict(zip(own.names, (float(v) for v in one.state * plane.unit), strict=True)),
            eigenvalues=tuple(complex(v) for v in np.linalg.eigvals(one.matrix)),
            period=period,
        )
        for kind, one, period in special
    ]  # fmt: skip
    kinds = [one.kind for one in places]
    counts = [
        f"{kinds.count(kind)} {kind}{'s' if kinds.count(kind) > 1 else ''}"
        for kind in dict.fromkeys(kinds)
    ]
    statement = (
        f"{len(points_found)} points from {own.free.name} = {begin:g}; one way {ends[0]}, the "
        f"other {ends[1]}; {', '.join(counts) or 'no change of stability'}"
    )
    return Branch(plane, points_found, places, statement)


def _range(own: Field, between: Any) -> tuple[float, float]:
    name = "" if own.free is None else own.free.name
    ends = [plain_number(one) for one in between] if isinstance(between, tuple | list) else []
    low, high = ends if len(ends) == 2 else (None, None)
    if low is None or high is None or not np.isfinite(low) or not np.isfinite(high):
        msg = f"the range of '{name}' must be two finite numbers (low, high), got {shown(between)}"
        raise LoopError(msg)
    if low >= high:
        msg = f"the range of '{name}' is empty: {low:g} is not below {high:g}; swap or widen it"
        raise LoopError(msg)
    return low, high


def _refuse_jumps(own: Field) -> None:
    """Refuse equations that jump with what moves along the branch."""
    equations = own.equations
    moving = {*equations.states, own.free}
    rules = {str(s.name): e for s, e in equations.auxiliaries.items()}
    rules |= {one.owner: one.rate for one in equations.states.values()}
    found = [
        f"'{cause}' -> '{equations.hidden.get(name, name)}'"
        for name, rule in rules.items()
        for cause in jumping(rule, equations)
        if moving & reaches(equations, symbol_of(cause))
    ]
    if found:
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        msg = (
            f"{own.graph.model.name}: a branch needs derivatives, but equations jump at "
            f"{', '.join(found[:4])}{more}; write them without jumps, or ask equilibria() at "
            "several values"
        )
        raise LoopError(msg)


def _nearest(plane: Plane, known: Sequence[Equilibrium]) -> Numbers:
    end = plane.field.course[:, -1] / plane.unit

    def far(one: Equilibrium) -> tuple[bool, float]:
        state = np.array(list(one.values.values())) / plane.unit
        return one.stability.verdict != "stable", float(np.linalg.norm(state - end))

    return np.array(list(min(known, key=far).values.values())) / plane.unit


def _refuse_line(plane: Plane, tracer: Tracer, state: Numbers, begin: float) -> None:
    if tracer.regular(state, begin) or not dimensions(plane, state[:, None])[0]:
        return
    flat = ", ".join(f"'{name}'" for name in _flat(plane, tracer, state, begin)[:4])
    msg = (
        f"{plane.field.graph.model.name}: the Jacobian is singular all along a line of equilibria "
        f"through the start (along {flat}), so there is no single branch to follow; start at "
        "another equilibrium, or hold one of these stocks with parameters="
    )
    raise LoopError(msg)


def _flat(plane: Plane, tracer: Tracer, state: Numbers, begin: float) -> list[str]:
    """Return the stocks that move along the direction in which J does nothing."""
    matrix = tracer.point(state, begin).matrix
    direction = plane.basis @ np.linalg.svd(matrix)[2][-1]
    order = np.argsort(-np.abs(direction), kind="stable")
    moving = np.abs(direction) > 1e-6 * np.abs(direction).max()
    return [plane.field.names[number] for number in order if moving[number]]
