"""Eigenvalue influence of every loop, by minor determinants.

Stage 4 of 4.  In: ``Loops`` and ``Along``.  Out: a record with a dim ``mode``.

With loop gains taken as the variables of the characteristic polynomial, the *influence* of a loop
of gain G on an eigenvalue lam is iota = G dlam/dG, in 1/time, and its *elasticity* iota/lam.  The
real part of iota is an effect on growth or damping, the imaginary part on frequency.  The
influences of all loops through a link sum to that of the link, and sum(stocks in loop * iota) is
lam: where all loops are held that is checked, and a number that fails is not given.

References
----------
Kampmann (2012), "Feedback loop gains and system behavior (1996)", System Dynamics Review 28(4),
370-395: polynomial in loop gains.  Forrester (1982), PhD thesis, MIT: eigenvalue elasticity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loopscope.loops.eigen.jumps import refuse_jumps
from loopscope.loops.eigen.leading import carried
from loopscope.loops.eigen.linear import at_times
from loopscope.loops.eigen.minors import Minors
from loopscope.loops.eigen.modes import CLOSENESS, KINDS, Modes, modes
from loopscope.loops.scores.record import record
from loopscope.models.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from loopscope.loops.finding.found import Loops
    from loopscope.loops.replay import Along

MOST = 20_000_000
"""Determinants that one call computes unless it is told otherwise: about a minute's work."""

BALANCE = 1e-6
"""Relative error of sum(stocks * iota) = lam above which the numbers of a mode are not given."""

SIGN = 1e-9
"""A real part below this part of the magnitude is rounding: the sign is that of the other part."""

NOT_FOR = (
    "what drives the run: it says what would change an eigenvalue, not which modes are excited; "
    "comparing partitions; adding up over loops without their number of stocks; time spans in "
    "which the Jacobian changes much; modes in a cluster"
)


def score(
    found: Loops,
    along: Along,
    *,
    times: Sequence[float] | float | None = None,
    closeness: float = CLOSENESS,
    one_sided: bool = False,
    most: int = MOST,
) -> xr.Dataset:
    """Return the influence of every loop on every mode of its partition.

    Parameters
    ----------
    times
        Saved times to look at; all by default.
    closeness
        When modes are a cluster, see ``modes``.
    one_sided
        Go on where equations jump, with the derivatives of the side in force.
    most
        Upper bound on determinants, loops * modes * times * runs.

    Returns
    -------
    xarray.Dataset
        Dims ``([run,] time, mode, loop)``.  ``raw`` and ``imag`` are the real and the imaginary
        part of iota, in 1/time; ``elasticity`` is the real part of iota/lam, the elasticity of
        the magnitude of lam, NaN at lam = 0.  ``relative`` is the magnitude of iota over the sum
        of magnitudes of the loops held of the partition, with the sign of the real part (of the
        imaginary one where that is 0).

        Coordinates of a mode: ``mode_partition``; ``growth`` and ``frequency`` ([run,] time,
        mode), real and imaginary part of the eigenvalue in 1/time (radians); ``kind``, one of
        ``modes.KINDS``; ``alignment``, one over the condition of the eigenvalue; ``cluster``, equal
        for the modes of one cluster, 0 elsewhere; ``unexplained``, the part of lam that
        sum(stocks * iota) leaves: what loops that are not held carry; ``carried``, the share of
        the present change of the partition, see ``leading``.

        Status is "active", "inactive" (a gain of 0, or a mode of another partition: the score is
        0) or "undefined" (cluster, lower of a pair, no number: NaN).  Where there are clusters,
        ``cluster_raw`` has the influence on the sum of the eigenvalues of the cluster.

    Raises
    ------
    LoopError
        A partition with equations that jump, DELAY FIXED or a memory; a time that was not saved;
        more determinants than ``most``.

    Notes
    -----
    O(N**3) a point and a mode, and O(length**3) more for each loop.
    """
    if not 0 < closeness < 1:
        msg = f"closeness must be between 0 and 1, got {closeness!r}; 0.001 is usual"
        raise LoopError(msg)
    part = at_times(along, times)
    by_partition: dict[int, list[int]] = {}
    for number, loop in enumerate(found):
        partition = found.graph.partition_of[loop.nodes[0]].number
        by_partition.setdefault(partition, []).append(number)
    names = [name for number in by_partition for name in found.graph.partitions[number].nodes]
    jumping = refuse_jumps(found.graph, names, "eigenvalue influence", one_sided)
    _bound(found, by_partition, int(np.prod(part.shape)), most)
    several = [
        (modes(part, found.graph.partitions[number], closeness), by_partition[number])
        for number in sorted(by_partition)
    ]
    return _record(found, part, several, jumping)


def _bound(found: Loops, by_partition: dict[int, list[int]], points: int, most: int) -> None:
    work = points * sum(
        len(numbers) * len(found.graph.partitions[number].stocks)
        for number, numbers in by_partition.items()
    )
    if work > most:
        msg = (
            f"{found.graph.model.name}: {len(found)} loops at {points} points need about {work} "
            f"determinants, more than most={most}; pass fewer times=, a view with fewer variables, "
            "fewer loops, or a larger most="
        )
        raise LoopError(msg)


def _record(
    found: Loops, part: Along, several: list[tuple[Modes, list[int]]], jumping: tuple[Any, ...]
) -> xr.Dataset:
    columns = [(m, one, numbers) for m, numbers in several for one in m.reported]
    shape = (int(np.prod(part.shape)), len(columns), len(found))
    iota = np.zeros(shape, dtype=complex)
    grouped = (
        np.full(shape, complex(np.nan, np.nan)) if any(m.clusters for m, _ in several) else None
    )
    unexplained = np.full(shape[:2], np.nan)
    relative, elasticity = np.zeros(shape), np.zeros(shape)
    minors: dict[int, Minors] = {}
    for number, (m, one, loops) in enumerate(columns):
        if m.partition.number not in minors:
            nodes = [found[n].nodes for n in loops]
            minors[m.partition.number] = Minors(m, nodes)
        mine = minors[m.partition.number].influences(one)
        value = m.values[:, one]
        lengths = np.array([len(found[n].stocks) for n in loops], dtype=np.float64)
        rest = value - mine @ lengths
        scale = np.abs(mine) @ lengths + np.abs(value)
        with np.errstate(all="ignore"):
            left = np.where(scale > 0, np.abs(rest) / scale, 0.0)
            unexplained[:, number] = np.where(np.isnan(mine[:, 0]), np.nan, left)
            if held_all(found):
                mine[left > BALANCE] = complex(np.nan, np.nan)
            total = np.abs(mine).sum(axis=1, keepdims=True)
            told = np.abs(mine.real) > SIGN * np.abs(mine)
            sign = np.where(told, np.sign(mine.real), np.sign(mine.imag))
            relative[:, number, loops] = sign * np.where(total > 0, np.abs(mine) / total, 0.0)
            ratio = (mine / value[:, None]).real
            elasticity[:, number, loops] = np.where(value[:, None] != 0, ratio, np.nan)
        iota[:, number, loops] = mine
        lost = np.isnan(mine[:, 0])
        relative[lost, number] = elasticity[lost, number] = np.nan
        iota[lost, number] = complex(np.nan, np.nan)
    if grouped is not None:
        _clusters(grouped, columns, minors)
    return _dataset(found, part, columns, iota, grouped, unexplained, relative, elasticity, jumping)


def _clusters(
    grouped: NDArray[np.complex128],
    columns: list[tuple[Modes, int, list[int]]],
    minors: dict[int, Minors],
) -> None:
    """Put in the influence of each loop on the sum of each cluster."""
    known: dict[tuple[int, int, int], NDArray[np.complex128]] = {}
    for number, (m, one, loops) in enumerate(columns):
        for point, clusters in m.clusters.items():
            for which, cluster in enumerate(clusters):
                if one in cluster.modes:
                    key = (m.partition.number, point, which)
                    if key not in known:
                        known[key] = minors[m.partition.number].cluster(point, which)
                    grouped[point, number] = 0.0
                    grouped[point, number, loops] = known[key]


def _dataset(
    found: Loops,
    part: Along,
    columns: list[tuple[Modes, int, list[int]]],
    iota: NDArray[np.complex128],
    grouped: NDArray[np.complex128] | None,
    unexplained: NDArray[np.float64],
    relative: NDArray[np.float64],
    elasticity: NDArray[np.float64],
    jumping: tuple[Any, ...],
) -> xr.Dataset:
    lead = (*(("run",) if part.runs is not None else ()), "time")
    dims = (*lead, "mode")

    def along(array: NDArray[Any]) -> NDArray[Any]:
        return array.reshape(*part.shape, *array.shape[1:])

    coords = {
        name: (("mode",) if values.ndim == 1 else dims, values, attrs)
        for name, (values, attrs) in mode_coordinates(part, [c[:2] for c in columns]).items()
    }
    coords["unexplained"] = (dims, along(unexplained), {"units": "1"})
    shares = {id(m): carried(m, part) for m, _, _ in columns}
    moved = [shares[id(m)][:, one] for m, one, _ in columns]
    told = np.stack(moved, axis=-1) if moved else np.zeros(unexplained.shape)
    coords["carried"] = (dims, along(told), {"units": "1"})
    word = np.where(np.isnan(iota.real), "undefined", np.where(iota == 0, "inactive", "active"))
    rate = per_time(part)
    result = record(
        found, part, method="influence", relative=along(relative),
        raw=along(np.ascontiguousarray(iota.real)), status=along(word), units=rate,
        not_for=NOT_FOR, source="Kampmann (2012), System Dynamics Review 28(4), 370-395",
        dims=("mode",), coords=coords,
        attrs={
            "denominator": "all loops of the partition" if held_all(found) else "the loops held",
            "jumps_left_out": "; ".join(f"{a} -> {b}" for a, b in jumping),
        },
    )  # fmt: skip
    order = (*dims, "loop")
    result["imag"] = (order, along(np.ascontiguousarray(iota.imag)), {"units": rate})
    result["elasticity"] = (order, along(elasticity), {"units": "1"})
    if grouped is not None:
        result["cluster_raw"] = (order, along(np.ascontiguousarray(grouped.real)), {"units": rate})
        result["cluster_imag"] = (order, along(np.ascontiguousarray(grouped.imag)), {"units": rate})
    return result


def held_all(found: Loops) -> bool:
    """Return whether every loop of the graph is held."""
    return found.complete and found.count == len(found)


def mode_coordinates(
    part: Along, columns: Sequence[tuple[Modes, int]]
) -> dict[str, tuple[NDArray[Any], dict[str, str]]]:
    """Return what belongs to each reported mode: values, dims ([run,] time, mode) or (mode,)."""

    def stack(arrays: list[NDArray[Any]], kind: str) -> NDArray[Any]:
        shape = (*part.shape, len(arrays))
        return np.stack(arrays, axis=-1).reshape(shape) if arrays else np.zeros(shape, kind)

    rate = per_time(part)
    values = stack([m.values[:, one] for m, one in columns], "c16")
    numbers = {id(m): m.cluster_numbers() for m, _ in columns}
    meaning = {"meanings": "; ".join(f"{k}: {v}" for k, v in KINDS.items())}
    return {
        "mode": (np.arange(1, len(columns) + 1), {}),
        "mode_partition": (np.array([m.partition.number for m, _ in columns]), {}),
        "growth": (np.ascontiguousarray(values.real), {"units": rate}),
        "frequency": (np.ascontiguousarray(values.imag), {"units": rate}),
        "kind": (stack([m.kind[:, one] for m, one in columns], "U9"), meaning),
        "alignment": (stack([m.alignment[:, one] for m, one in columns], "f8"), {"units": "1"}),
        "cluster": (stack([numbers[id(m)][:, one] for m, one in columns], "i8"), {}),
    }


def per_time(part: Along) -> str:
    """Return the unit of eigenvalues."""
    return f"1/{part.graph.model.clock.units or 'time'}"
