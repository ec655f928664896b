"""A migration-type model with tables and delays against C++ written by hand for it alone.

Needs a folder, given with ``--perf``, that is not part of this project:

- ``migration.mdl``: the model (14 states, 46 auxiliaries, 6 tables, 1,600 Euler steps);
- ``migration_simd.cpp``: the same model with explicit AVX2 vectors, ``sweep(P, Q, out, n)``.

Both compute the same 10,000 runs; trajectories are compared and CPU seconds taken in turn.  The
C from our own equations (``c_peer.py``) is measured beside them.

Run alone: ``python tests/benchmarks/yardstick.py --perf FOLDER [--rounds N] [--others]``.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

import c_peer
import measure
import numpy as np
import throughput

TARGET = 1.0
OTHERS = {"pysimlin": 30.0, "PySD": 100_000.0}
AGREE = 1e-9

CONSTANTS = (
    "birth_rate_normal", "death_rate_normal", "capital_share", "origin_productivity",
    "host_productivity", "origin_tech_growth", "host_tech_growth", "origin_savings_rate",
    "host_savings_rate", "depreciation_rate", "wage_elasticity", "network_strength",
    "base_propensity", "visa_processing_time", "information_delay", "visa_quota",
    "enforcement_adjustment_time", "tolerance_adjustment_time", "regularisation_rate",
    "return_propensity", "remittance_share", "deportation_productivity", "deterrence",
    "network_adjustment_time", "integration_time", "tolerance_sensitivity",
    "reference_migrant_share", "max_enforcement", "native_growth", "irregular_productivity",
    "cost_elasticity",
)  # fmt: skip
VARIED = {
    "visa_quota": (0.12, 0.30),
    "network_strength": (0.2, 0.5),
    "wage_elasticity": (1.0, 1.4),
    "tolerance_adjustment_time": (5.0, 15.0),
    "deterrence": (0.1, 0.4),
}
OUTPUTS = (
    "origin_population", "regular_migrants", "irregular_migrants", "public_tolerance", "host_wage",
)  # fmt: skip
SAVES = 101


class Yardstick:
    """One compiled variant of the C++."""

    def __init__(self, source: Path, folder: Path, vectors: int, *, libmvec: bool) -> None:
        self.label = f"{4 * vectors} runs a tile, {'libmvec' if libmvec else 'own functions'}"
        library = folder / f"yardstick_{vectors}_{int(libmvec)}.so"
        subprocess.run(
            [
                "g++", "-O3", "-march=native", "-ffp-contract=fast", f"-DNV={vectors}",
                *(["-DLIBMVEC"] if libmvec else []), "-shared", "-fPIC", "-Wl,-Bsymbolic",
                str(source), "-o", str(library), "-lmvec", "-lm", "-lpthread",
            ],
            check=True,
        )  # fmt: skip
        self._sweep = ctypes.CDLL(str(library)).sweep
        pointer = ctypes.c_void_p
        self._sweep.argtypes = [pointer, pointer, pointer, ctypes.c_long]
        self._sweep.restype = None

    def run(self, constants: np.ndarray, varied: np.ndarray) -> np.ndarray:
        """Return dims (run, output, save)."""
        out = np.empty((len(varied), len(OUTPUTS), SAVES))
        self._sweep(constants.ctypes.data, varied.ctypes.data, out.ctypes.data, len(varied))
        return out


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--perf", type=Path, help="folder with migration.mdl, migration_simd.cpp")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--others", action="store_true", help="also measure pysimlin and PySD")
    arguments = parser.parse_args()
    needed = ("migration.mdl", "migration_simd.cpp")
    if arguments.perf is None or not all((arguments.perf / name).exists() for name in needed):
        print(
            "This benchmark needs a folder with migration.mdl and migration_simd.cpp (a model and\n"
            "its hand-written AVX2 C++), which is not part of the project: give it with --perf."
        )
        return 2
    from loopscope import models

    path = arguments.perf / "migration.mdl"
    model = models.load(path)
    equations = models.symbolise(model)
    generator = np.random.default_rng(1)
    values = {n: generator.uniform(*limits, measure.RUNS) for n, limits in VARIED.items()}
    columns = np.ascontiguousarray(np.column_stack(list(values.values())))
    known = {str(symbol.name): value for symbol, value in equations.parameters.items()}
    constants = np.array([known[model.find(name).name] for name in CONSTANTS])
    names = [model.find(name).name for name in OUTPUTS]
    given = {model.find(name).name: column for name, column in values.items()}

    def ours() -> object:
        return models.simulate(model, parameters=given, outputs=names, threads=1)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        built = [
            Yardstick(arguments.perf / "migration_simd.cpp", folder, vectors, libmvec=libmvec)
            for vectors, libmvec in itertools.product((4, 8), (False, True))
        ]
        tried = measure.alternate(
            {one.label: lambda one=one: one.run(constants, columns[:1024]) for one in built}, 5
        )
        yardstick = min(built, key=lambda one: measure.cpu(tried[one.label]))
        peer, _ = c_peer.fastest(equations, names, given, folder)
        dataset = ours()
        mine = np.stack([dataset[name].to_numpy() for name in names])
        theirs = np.swapaxes(yardstick.run(constants, columns), 0, 1)
        apart = c_peer.difference(mine, theirs)
        calls = {
            "Loopscope": ours,
            "C++, AVX2 by hand": lambda: yardstick.run(constants, columns),
            "C, gcc": lambda: peer.run(given),
        }
        found = measure.alternate(calls, arguments.rounds)
        notes = {
            "C++, AVX2 by hand": f"{yardstick.label}, apart {apart:.1g}",
            "C, gcc": f"{peer.label}, apart {c_peer.difference(mine, peer.run(given)):.1g}",
        }
        rows = []
        for name, timings in found.items():
            times = measure.ratio(timings, found["Loopscope"])
            target = "" if name == "Loopscope" else measure.verdict(times, TARGET)
            speed = measure.RUNS / measure.cpu(timings)
            rows.append((name, f"{speed:,.0f}", f"{times:,.4g}", target, notes.get(name, "")))
        if arguments.others:
            rows += _others(path, given, names, mine, measure.cpu(found["Loopscope"]), folder)
    measure.table(
        rows, ("program", "runs per CPU second", "CPU per run / Loopscope's", "target", "note")
    )
    if apart > AGREE:
        print(f"TRAJECTORIES DIFFER by {apart:.2g}")
        return 1
    return 0


def _others(
    path: Path,
    given: dict[str, np.ndarray],
    names: list[str],
    mine: np.ndarray,
    ours: float,
    folder: Path,
) -> list[tuple[str, ...]]:
    rows = []
    translated = throughput.PySDModel(path, folder)
    for name, runs, call in (
        ("pysimlin", 100, lambda some: throughput.pysimlin(path, some, names)),
        ("PySD", 1, lambda some: translated.run(some, names)),
    ):
        some = throughput.few(given, runs)
        apart = c_peer.difference(mine[:, :runs], call(some))
        timing = measure.timed(lambda call=call, some=some: call(some))
        times = timing.cpu / runs / (ours / measure.RUNS)
        judged = measure.verdict(times, OTHERS[name])
        note = f"{runs} runs, apart {apart:.1g}"
        rows.append((name, f"{runs / timing.cpu:,.3g}", f"{times:,.4g}", judged, note))
    return rows


if __name__ == "__main__":
    sys.exit(main())
