"""The same model as C, compiled by gcc: the peer the native engine is measured against.

C text is written from the same ``Equations``: values that depend on constants only are computed
once, those of the time only once a step, those of varied parameters only once a run; the rest
stands in one loop over the runs of a tile, which gcc vectorises, with the vector versions of exp,
log and pow of glibc's libmvec (``-O3 -march=native -ffast-math``).  Divisions by what is known
earlier become multiplications.  Several tile sizes, vector widths and orders of instructions are
tried and the fastest is used.  Nothing looks for NaN or infinity: fast-math excludes them.

Models with Euler steps, without random numbers, DELAY FIXED or SAMPLE IF TRUE.

Run alone: ``python tests/benchmarks/c_peer.py [--keep FOLDER]`` prints the variants and their
agreement with the native engine.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import measure
import numpy as np
import sympy as sp

from loopscope.models import functions
from loopscope.models.engine.emit import needed
from loopscope.models.engine.layout import Layout
from loopscope.models.model import TIME, Lookup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loopscope.models.equations import Equations

UNIFORM, TILE, TIMED, STEP = range(4)
"""When a value is computed: once, once a tile, once a step, each run in each step."""

FLAGS = (
    "-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-fPIC", "-fvisibility=hidden",
    "-Wno-unknown-pragmas",
)  # fmt: skip

LANES = (8, 16, 32, 64)
WIDTHS = (256, 512)
ORDERS = {"": (), "_scheduled": ("-fschedule-insns", "-fsched-pressure")}
"""Whether gcc also orders instructions before it gives out registers: sometimes faster."""

UNARY = {
    sp.exp: "exp", sp.log: "log", sp.Abs: "fabs", sp.sin: "sin", sp.cos: "cos", sp.tan: "tan",
    sp.atan: "atan", sp.tanh: "tanh", sp.gamma: "tgamma",
}  # fmt: skip


def join(levels: Iterable[int]) -> int:
    """Return when a value can be computed that needs values of these levels."""
    found = set(levels)
    return STEP if {TILE, TIMED} <= found else max(found, default=UNIFORM)


@dataclass(frozen=True)
class Value:
    """A C expression (a name or a literal) and when it is known."""

    text: str
    level: int


@dataclass
class Code:
    """C statements by level; equal right-hand sides are computed once."""

    lines: dict[int, list[str]] = field(default_factory=lambda: {n: [] for n in range(4)})
    known: dict[tuple[int, str], Value] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)

    def use(self, value: Value, level: int) -> str:
        """Return how a value is read at a level."""
        if value.level == TILE and level == STEP and not value.text[0].isdigit():
            self.kept[value.text] = None
            return f"keep_{value.text}[l]"
        return value.text

    def make(self, form: str, *parts: Value) -> Value:
        """Add ``form`` with its ``{}`` filled by the parts, at the earliest level."""
        level = join(part.level for part in parts)
        right = form.format(*[self.use(part, level) for part in parts])
        memo = (level, right)
        if memo not in self.known:
            name = f"v{len(self.known)}"
            self.lines[level].append(f"const double {name} = {right};")
            self.known[memo] = Value(name, level)
        return self.known[memo]


class COperations:
    """``functions.Operations`` as C text."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def constant(self, number: float) -> Value:
        """Return a literal."""
        if math.isinf(number):
            return Value("INFINITY" if number > 0 else "(-INFINITY)", UNIFORM)
        return Value(f"({float(number)!r})", UNIFORM)

    def __getattr__(self, name: str) -> Any:
        forms = {
            "add": "{} + {}",
            "subtract": "{} - {}",
            "multiply": "{} * {}",
            "divide": "{} / {}",
            "minimum": "({0} < {1} ? {0} : {1})",
            "maximum": "({0} > {1} ? {0} : {1})",
            "less": "({} < {} ? 1.0 : 0.0)",
            "less_equal": "({} <= {} ? 1.0 : 0.0)",
            "equal": "({} == {} ? 1.0 : 0.0)",
            "both": "({} != 0.0 && {} != 0.0 ? 1.0 : 0.0)",
            "either": "({} != 0.0 || {} != 0.0 ? 1.0 : 0.0)",
            "negate": "({} == 0.0 ? 1.0 : 0.0)",
            "select": "({} != 0.0 ? {} : {})",
            "absolute": "fabs({})",
            "truncate": "trunc({})",
            "floor": "floor({})",
            "sqrt": "sqrt({})",
            "exp": "exp({})",
            "log": "log({})",
            "power": "pow({}, {})",
        }
        if name not in forms:
            raise AttributeError(name)
        return lambda *parts: self.code.make(forms[name], *parts)

    def library(self, name: str, a: Value) -> Value:
        """Call the C library."""
        return self.code.make(name + "({})", a)

    def random(self, draw: int) -> Value:
        """Refuse."""
        msg = f"draw {draw}: the C peer has no random numbers"
        raise NotImplementedError(msg)


class Generator:
    """Writes the C of one model for given outputs and varied parameters."""

    def __init__(self, equations: Equations, outputs: Sequence[str], varied: Sequence[str]) -> None:
        if equations.memories or equations.pipelines or equations.draws:
            msg = "the C peer knows plain stocks only"
            raise NotImplementedError(msg)
        if equations.clock.method != "Euler":
            msg = "the C peer takes Euler steps only"
            raise NotImplementedError(msg)
        self.equations = equations
        self.outputs = tuple(outputs)
        self.varied = tuple(varied)
        self.code = Code()
        self.op = COperations(self.code)
        self.memo: dict[tuple[bool, sp.Expr], Value] = {}
        self.states = list(equations.states)
        self.parameters = [str(symbol.name) for symbol in equations.parameters]

    def value(self, e: sp.Expr, *, starting: bool) -> Value:
        """Return the value of an expression, now or at the start."""
        memo = (starting, e)
        if memo not in self.memo:
            self.memo[memo] = self._build(e, starting=starting)
        return self.memo[memo]

    def _symbol(self, e: sp.Symbol, *, starting: bool) -> Value:
        equations, name = self.equations, str(e.name)
        if e == TIME:
            return Value("start" if starting else "now", UNIFORM if starting else TIMED)
        if e in equations.parameters:
            if name in self.varied:
                return Value(f"q{self.varied.index(name)}", TILE)
            return Value(f"p[{self.parameters.index(name)}]", UNIFORM)
        if e in equations.fixed:
            return self.value(equations.fixed[e], starting=True)
        if e in equations.states:
            if starting:
                return self.value(equations.states[e].initial, starting=True)
            return Value(f"s{self.states.index(e)}", STEP)
        if starting and e in equations.at_start:
            return self.value(equations.at_start[e], starting=True)
        return self.value(equations.auxiliaries[e], starting=starting)

    def _build(self, e: sp.Expr, *, starting: bool) -> Value:
        op = self.op
        if isinstance(e, sp.Symbol):
            return self._symbol(e, starting=starting)
        if e.is_number:
            return op.constant(float(e))

        def part(x: sp.Expr) -> Value:
            return self.value(x, starting=starting)

        if isinstance(e, sp.Add):
            return self._sum([part(x) for x in e.args])
        if isinstance(e, sp.Mul):
            above = [part(x) for x in e.args if not _is_divisor(x)]
            below = [part(1 / x) for x in e.args if _is_divisor(x)]
            return self._product(above, below)
        if isinstance(e, sp.Pow):
            base, exponent = e.args
            if _is_divisor(e):
                return self._product([], [part(1 / e)])
            if exponent.is_Integer and int(exponent) <= 16:
                return self._product([part(base)] * int(exponent), [])
            if exponent == sp.Rational(1, 2):
                return op.sqrt(part(base))
            return op.power(part(base), part(exponent))
        if isinstance(e, functions.Table):
            return self._table(self.equations.lookups[str(e.args[0].name)], part(e.args[1]))
        if isinstance(e, functions.SDFunction):
            return e.native(op, *[part(x) for x in e.args])
        if e.func not in UNARY:
            msg = f"{e.func} has no C form here"
            raise NotImplementedError(msg)
        return op.library(UNARY[e.func], part(e.args[0]))

    def _sum(self, terms: list[Value]) -> Value:
        total: Value | None = None
        for level in (UNIFORM, TIMED, TILE, STEP):
            for term in terms:
                if term.level == level:
                    total = term if total is None else self.op.add(total, term)
        assert total is not None
        return total

    def _product(self, above: list[Value], below: list[Value]) -> Value:
        """Multiply and divide, what is known early first, as one factor."""
        total: Value | None = None
        last = join(value.level for value in (*above, *below))
        for level in (UNIFORM, TIMED, TILE, STEP):
            top = [value for value in above if value.level == level]
            bottom = [value for value in below if value.level == level]
            factor = self._multiplied(top)
            if bottom:
                divisor = self._multiplied(bottom)
                assert divisor is not None
                if level == last and factor is None and total is not None:
                    factor, total = total, None
                factor = self.op.divide(factor or self.op.constant(1.0), divisor)
            if factor is not None:
                total = factor if total is None else self.op.multiply(total, factor)
        assert total is not None
        return total

    def _multiplied(self, values: list[Value]) -> Value | None:
        total: Value | None = None
        for value in values:
            total = value if total is None else self.op.multiply(total, value)
        return total

    def _table(self, table: Lookup, x: Value) -> Value:
        op, constant = self.op, self.op.constant
        points = list(zip(table.x, table.y, strict=True))
        if table.interpolation == "hold_backward":
            held = constant(points[0][1])
            for edge, level in points[1:]:
                held = op.select(op.less_equal(constant(edge), x), constant(level), held)
            return held
        total = constant(points[0][1])
        for number, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points)):
            if x1 == x0:
                jump = op.less_equal(constant(x0), x)
                total = op.add(total, op.multiply(constant(y1 - y0), jump))
                continue
            reach = op.subtract(x, constant(x0))
            held = table.interpolation == "interpolate"
            if held or number > 0:
                reach = op.maximum(constant(0.0), reach)
            if held or number < len(points) - 2:
                reach = op.minimum(constant(x1 - x0), reach)
            total = op.add(total, op.multiply(constant((y1 - y0) / (x1 - x0)), reach))
        return total

    def text(self, lanes: int) -> str:
        """Return the C source for a number of runs per tile."""
        equations, code = self.equations, self.code
        layout = Layout(method="Euler", outputs=self.outputs, inputs=tuple(self.parameters))
        auxiliaries, _ = needed(equations, layout)
        starts = [self.value(state.initial, starting=True) for state in equations.states.values()]
        for symbol in auxiliaries:
            self.value(symbol, starting=False)
        step = self.value(sp.Symbol(equations.clock.time_step, real=True), starting=False)
        advance = [
            self.op.add(
                Value(f"s{number}", STEP),
                self.op.multiply(step, self.value(state.rate, starting=False)),
            )
            for number, state in enumerate(equations.states.values())
        ]
        for number, state in enumerate(equations.states.values()):
            if state.non_negative:
                advance[number] = self.op.maximum(self.op.constant(0.0), advance[number])
        save_first, save_after, stage = [], [], []
        for number, name in enumerate(self.outputs):
            symbol = sp.Symbol(name, real=True)
            target = f"out[(({number}L * runs) + run + l) * saves + saved]"
            if symbol in equations.states:
                save_first.append(f"{target} = a{self.states.index(symbol)}[l];")
            else:
                value = self.value(symbol, starting=False)
                stage.append(f"o{number}[l] = {code.use(value, STEP)};")
                save_after.append(f"{target} = o{number}[l];")
        simd = f"#pragma omp simd\nfor (int l = 0; l < {lanes}; l++)"
        states = range(len(self.states))
        ends = [code.use(value, STEP) for value in advance]
        kept = list(code.kept)
        begin = [
            *(
                f"const double q{n} = lane[{n}L * stride + run + l];"
                for n in range(len(self.varied))
            ),
            *code.lines[TILE],
            *(f"keep_{name}[l] = {name};" for name in kept),
            *(f"a{n}[l] = {start.text};" for n, start in zip(states, starts, strict=True)),
        ]
        body = [
            *(f"const double s{n} = a{n}[l];" for n in states),
            *code.lines[STEP],
            *stage,
            *(f"a{n}[l] = {end};" for n, end in zip(states, ends, strict=True)),
        ]
        arrays = [
            *(f"a{n}" for n in states),
            *(f"keep_{name}" for name in kept),
            *(f"o{n}" for n in range(len(self.outputs))),
        ]
        newline = "\n"
        return f"""#include <math.h>
typedef double tile_t[{lanes}] __attribute__((aligned(64)));
__attribute__((visibility("default")))
void peer_run(const double *restrict p, const double *restrict lane, long stride, long runs,
              double start, double dt, long steps, long every, long saves,
              double *restrict out) {{
{newline.join(code.lines[UNIFORM])}
for (long run = 0; run < runs; run += {lanes}) {{
tile_t {", ".join(arrays)};
const int here = runs - run < {lanes} ? (int)(runs - run) : {lanes};
{simd} {{
{newline.join(begin)}
}}
long saved = 0;
for (long k = 0; k <= steps; k++) {{
const double now = start + (double)k * dt;
const int due = k % every == 0 && saved < saves;
{newline.join(code.lines[TIMED])}
if (due) for (int l = 0; l < here; l++) {{
{newline.join(save_first)}
}}
{simd} {{
{newline.join(body)}
}}
if (due) {{
for (int l = 0; l < here; l++) {{
{newline.join(save_after)}
}}
saved++;
}}
}}
}}
}}
"""


def _is_divisor(e: sp.Expr) -> bool:
    return isinstance(e, sp.Pow) and bool(e.args[1].is_number) and bool(e.args[1].is_negative)


class Peer:
    """A compiled variant."""

    def __init__(
        self, generator: Generator, lanes: int, folder: Path, flags: Sequence[str], label: str
    ) -> None:
        self.label, self.lanes, self.generator = label, lanes, generator
        source = folder / f"{label}.c"
        source.write_text(generator.text(lanes))
        code, library = folder / f"{label}.o", folder / f"{label}.so"
        subprocess.run(["gcc", *FLAGS, *flags, "-c", str(source), "-o", str(code)], check=True)
        # Linked without -ffast-math, which would switch subnormal numbers off for the process.
        link = ["gcc", "-shared", "-Wl,-Bsymbolic", str(code), "-o", str(library)]
        subprocess.run([*link, "-lmvec", "-lm"], check=True)
        self.library = library
        self.call = ctypes.CDLL(str(library)).peer_run
        whole, pointer, real = ctypes.c_long, ctypes.c_void_p, ctypes.c_double
        self.call.argtypes = [
            pointer, pointer, whole, whole, real, real, whole, whole, whole, pointer,
        ]  # fmt: skip
        self.call.restype = None

    def run(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Return dims (output, run, save)."""
        equations = self.generator.equations
        given = {str(symbol.name): value for symbol, value in equations.parameters.items()}
        clock = equations.clock
        start, stop = given[clock.initial_time], given[clock.final_time]
        step, saveper = given[clock.time_step], given.get(clock.saveper, given[clock.time_step])
        steps, every = round((stop - start) / step), round(saveper / step)
        saves = steps // every + 1
        constants = np.array(list(given.values()))
        rows = [values[name] for name in self.generator.varied]
        runs = len(rows[0])
        padded = -(-runs // self.lanes) * self.lanes
        lane = np.empty((len(rows), padded))
        for number, row in enumerate(rows):
            lane[number, :runs] = row
            lane[number, runs:] = row[-1]
        out = np.empty((len(self.generator.outputs), runs, saves))
        self.call(
            constants.ctypes.data, lane.ctypes.data, padded, runs, start, step, steps, every,
            saves, out.ctypes.data,
        )  # fmt: skip
        return out


def variants(
    equations: Equations, outputs: Sequence[str], varied: Sequence[str], folder: Path
) -> list[Peer]:
    """Compile every combination of tile size, vector width and order of instructions."""
    peers = []
    for lanes, width, order in itertools.product(LANES, WIDTHS, ORDERS):
        generator = Generator(equations, outputs, varied)
        flags = [f"-mprefer-vector-width={width}", *ORDERS[order]]
        peers.append(Peer(generator, lanes, folder, flags, f"lanes{lanes}_width{width}{order}"))
    return peers


def fastest(
    equations: Equations,
    outputs: Sequence[str],
    values: dict[str, np.ndarray],
    folder: Path,
    *,
    runs: int = 512,
    rounds: int = 5,
) -> tuple[Peer, dict[str, float]]:
    """Return the variant that takes the least CPU, and runs per CPU second of all."""
    peers = variants(equations, outputs, tuple(values), folder)
    few = {name: row[:runs] for name, row in values.items()}
    timings = measure.alternate({peer.label: lambda p=peer: p.run(few) for peer in peers}, rounds)
    speed = {label: runs / measure.cpu(found) for label, found in timings.items()}
    best = max(peers, key=lambda peer: speed[peer.label])
    return best, speed


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference relative to the larger of the two values."""
    size = np.maximum(np.abs(ours), np.abs(theirs))
    apart = np.abs(ours - theirs)
    return float(np.max(np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)))


def main() -> int:
    """Compile and measure the variants, and compare the fastest with the native engine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder for the C text and libraries")
    arguments = parser.parse_args()
    from loopscope import models
    from loopscope.models.engine import simulate

    model = models.load(measure.MODEL)
    values = measure.samples(2048)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        best, speed = fastest(models.symbolise(model), measure.OUTPUTS, values, folder)
        rows = [
            (label, f"{rate:,.0f}", "*" if label == best.label else "")
            for label, rate in speed.items()
        ]
        measure.table(rows, ("C variant", "runs per CPU second", "fastest"))
        ours = simulate.run(model, parameters=values, outputs=measure.OUTPUTS, threads=1).values
        theirs = dict(zip(measure.OUTPUTS, best.run(values), strict=True))
        worst = {name: difference(ours[name], theirs[name]) for name in measure.OUTPUTS}
    for name, apart in worst.items():
        print(f"{name}: largest relative difference {apart:.2g}")
    agree = max(worst.values()) <= 1e-9
    print("trajectories agree to 1e-9" if agree else "TRAJECTORIES DIFFER by more than 1e-9")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
