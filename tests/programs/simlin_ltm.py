"""Loops That Matter by pysimlin and by Loopscope, on models written here.

pysimlin labels a score with the end of its interval, so ours are asked for with ``labels="end"``.
Loops are matched by the cycle of their variables.  Where a variable or a net flow hardly changes,
differences of values have no digits left to compare: such times are left out, and counted.

Run alone: ``python tests/programs/simlin_ltm.py`` prints a table of differences.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import simlin

from loopscope import loops, models

if TYPE_CHECKING:
    from loopscope.loops.replay import Along

NEAR = 1e-6
"""Relative change below which a variable counts as at rest: ten of sixteen digits are gone."""
CLOCK = (
    "INITIAL TIME=0~Year~|\nFINAL TIME={stop}~Year~|\nTIME STEP={dt}~Year~|\nSAVEPER={dt}~Year~|\n"
)

MODELS: dict[str, tuple[str, float, float]] = {
    "logistic": (
        """
        births=0.3*P
        deaths=0.3*P*P/100
        P=INTEG(births-deaths,1)
        """,
        30,
        0.25,
    ),
    "bass": (
        """
        market=10000
        adoption from advertising=0.01*potential
        adoption from word of mouth=0.4*potential*adopters/market
        adoption=adoption from advertising+adoption from word of mouth
        potential=INTEG(-adoption,market)
        adopters=INTEG(adoption,0)
        """,
        30,
        0.25,
    ),
    "sir": (
        """
        infection=0.5*S*I/1000
        recovering=0.1*I
        S=INTEG(-infection,999)
        I=INTEG(infection-recovering,1)
        R=INTEG(recovering,0)
        """,
        80,
        0.25,
    ),
    "prey": (
        """
        prey births=1.1*prey
        prey deaths=0.4*prey*predators
        predator births=0.1*prey*predators
        predator deaths=0.4*predators
        prey=INTEG(prey births-prey deaths,10)
        predators=INTEG(predator births-predator deaths,5)
        """,
        40,
        0.0625,
    ),
    "yeast": (
        """
        births=C*(1.1-0.1*A)/15
        deaths=C*EXP(A-11)/30
        making=0.01*C
        A=INTEG(making,0)
        C=INTEG(births-deaths,1)
        """,
        100,
        0.5,
    ),
    "arms race": (
        """
        a target=10+0.3*b arms+0.2*c arms
        b target=8+0.4*a arms+0.1*c arms
        c target=5+0.25*a arms+0.35*b arms
        a change=(a target-a arms)/3
        b change=(b target-b arms)/4
        c change=(c target-c arms)/5
        a arms=INTEG(a change,1)
        b arms=INTEG(b change,2)
        c arms=INTEG(c change,3)
        """,
        20,
        0.25,
    ),
    "inventory and workforce": (
        """
        demand=100+STEP(20,5)
        production=10*workers
        gap=400-inventory
        wanted production=demand+gap/10
        wanted workers=wanted production/10
        hiring=(wanted workers-workers)/5
        inventory=INTEG(production-demand,400)
        workers=INTEG(hiring,10)
        """,
        60,
        0.25,
    ),
    "table": (
        """
        effect table([(0,0)-(2,2)],(0,1.5),(0.5,1.2),(1,1),(1.5,0.4),(2,0))
        crowding=density/100
        effect=effect table(crowding)
        births=0.1*density*effect
        deaths=0.05*density
        density=INTEG(births-deaths,5)
        """,
        80,
        0.25,
    ),
    "limits": (
        """
        supply=MAX(0,stock)/4
        demand=20+0.1*price
        sold=MIN(supply,demand)
        made=15-0.05*price
        price change=(demand-sold-MAX(price-50,0))/6
        stock=INTEG(made-sold,30)
        price=INTEG(price change,10)
        """,
        40,
        0.25,
    ),
    "forced": (
        """
        flow=x*Time/9
        drain=x/5
        limit=IF THEN ELSE(x>8, x*x/40, 0)
        x=INTEG(flow-drain-limit,1)
        """,
        20,
        0.25,
    ),
}

Cycle = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Scores of one loop by pysimlin, one number a time, at the ends of intervals."""

    raw: np.ndarray
    relative: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How far apart the two programs are on one loop.

    Attributes
    ----------
    compared, times
        Intervals compared, and all.
    apart
        Largest difference of the relative scores, relative to ours.
    """

    path: Cycle
    compared: int
    times: int
    apart: float


def write(folder: Path, rows: str, stop: float, dt: float, name: str = "model") -> Path:
    """Write the equations of a model as a Vensim file."""
    path = folder / f"{name}.mdl"
    lines = [f"{row.strip()}~~|" for row in rows.splitlines() if row.strip()]
    path.write_text("{UTF-8}\n" + "\n".join(lines) + "\n" + CLOCK.format(stop=stop, dt=dt), "utf-8")
    return path


def cycle(names: tuple[str, ...] | list[str]) -> Cycle:
    """Return names as pysimlin spells them, the smallest first."""
    plain = [name.casefold().replace(" ", "_") for name in names]
    first = plain.index(min(plain))
    return (*plain[first:], *plain[:first])


def theirs(path: Path) -> dict[Cycle, Loop]:
    """Return pysimlin's scores by the cycle of the variables, inserted net flows left out."""
    simulation = simlin.load(path).simulate(enable_ltm=True)
    simulation.run_to_end()
    return {
        cycle([name for name in loop.variables if not name.endswith("_net_flow")]): Loop(
            raw=simulation.get_loop_score(loop.id),
            relative=simulation.get_relative_loop_score(loop.id),
        )
        for loop in simulation.get_loops_runtime()
    }


def away(along: Along) -> np.ndarray:
    """Return at which times no variable of a loop is near rest over the step before, dims (time,).

    The net flow of a stock is judged by the size of the flows it is a difference of.
    """
    graph = along.graph
    moving = np.ones(len(along.time), dtype=bool)
    moving[0] = False
    for name in graph.partition_of:
        value = along.value(name)
        moving[1:] &= np.abs(np.diff(value)) > NEAR * np.abs(value[1:])
        if graph.nodes[name].role == "stock":
            size = sum(np.abs(along.value(a)) for a, b in graph.pairs if b == name)
            change = np.diff(along.rates[name])
            moving[1:] &= np.abs(change) > NEAR * np.broadcast_to(size, along.shape)[1:]
    return moving


def compare(path: Path) -> list[Row]:
    """Return the differences on each loop; a loop that only one program has is an error."""
    model = models.load(path)
    found = loops.find(model)
    along = loops.along(found.graph, models.simulate(model))
    ours = loops.score(found, along, "ltm", form="discrete", labels="end")
    others = theirs(path)
    cycles = {cycle(loop.nodes): loop.id for loop in found}
    if cycles.keys() != others.keys():
        msg = f"loops of one program only: {sorted(cycles.keys() ^ others.keys())}"
        raise ValueError(msg)
    moving = away(along)
    rows = []
    for path_of, identity in cycles.items():
        mine, other = ours["relative"].sel(loop=identity).to_numpy(), others[path_of].relative
        both = moving & (mine != 0.0)
        np.testing.assert_array_equal(other[moving & (mine == 0.0)], 0.0)
        apart = float(np.max(np.abs(other[both] / mine[both] - 1.0), initial=0.0))
        rows.append(Row(path=path_of, compared=int(moving.sum()), times=len(mine) - 1, apart=apart))
    return rows


def main() -> int:
    """Compare all models and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        for name, model in MODELS.items():
            for row in compare(write(Path(folder), *model, name=name)):
                counts = f"{row.compared}/{row.times}"
                print(f"{name:24} {counts:>9} {row.apart:8.1e}  {' -> '.join(row.path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
