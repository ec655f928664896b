"""Inline exp, log and pow: accuracy against mpmath, edges of C99 Annex F, same bits for all N."""

from __future__ import annotations

import ctypes
import functools
import math
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llvmlite import binding as llvm
from llvmlite import ir

from loopscope.models.engine import vectormath

DOUBLE = ir.DoubleType()
INDEX = ir.IntType(64)
EMITTERS = {
    "exp": vectormath.emit_exp,
    "log": vectormath.emit_log,
    "pow": vectormath.emit_pow,
    "pow_positive": vectormath.emit_pow_positive,
}
WIDTHS = [0, 1, 2, 4, 8, 16]  # 0 is a plain double
REQUIRED = 2.0  # units in the last place
SEEN = 1.75  # in searches of 3.2 million points a range: exp 1.07, log 1.38, pow 1.75
SMALLEST_NORMAL = 2.0**-1022
SMALLEST = 2.0**-1074
LARGEST = math.nextafter(math.inf, 0.0)
BELOW_ONE, ABOVE_ONE = math.nextafter(1.0, 0.0), math.nextafter(1.0, 2.0)


@dataclass(frozen=True)
class Native:
    """``void f(double* in1, double* in2, double* out, i64 n)``; n is a multiple of the width."""

    engine: Any
    address: int
    width: int

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        step = max(self.width, 1)
        padded = -(-x.size // step) * step
        arrays = [np.resize(np.asarray(a, float), padded) for a in (x, y)]
        out = np.empty(padded)
        signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)
        pointers = [a.ctypes.data for a in (*arrays, out)]
        signature(self.address)(*pointers, padded)
        return out[: x.size]


@functools.cache
def native(name: str, width: int, exponent: float | None = None) -> Native:
    """Compile a loop over one emitter; ``exponent`` replaces in2 by a constant."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = ir.Module()
    lanes = ir.VectorType(DOUBLE, width) if width else DOUBLE
    pointer = DOUBLE.as_pointer()
    signature = ir.FunctionType(ir.VoidType(), [pointer, pointer, pointer, INDEX])
    function = ir.Function(module, signature, name="f")
    entry, loop, end = (function.append_basic_block(label) for label in ("entry", "loop", "end"))
    ir.IRBuilder(entry).branch(loop)
    builder = ir.IRBuilder(loop)
    index = builder.phi(INDEX)
    index.add_incoming(ir.Constant(INDEX, 0), entry)
    places = [
        builder.bitcast(builder.gep(argument, [index]), lanes.as_pointer())
        for argument in function.args[:3]
    ]
    values = [builder.load(place, align=8) for place in places[:2]]
    if exponent is not None:
        constant = ir.Constant(lanes, [exponent] * width if width else exponent)
        values[1] = constant
    arguments = values if name.startswith("pow") else values[:1]
    builder.store(EMITTERS[name](builder, *arguments), places[2], align=8)
    following = builder.add(index, ir.Constant(INDEX, max(width, 1)))
    index.add_incoming(following, loop)
    builder.cbranch(builder.icmp_unsigned("<", following, function.args[3]), loop, end)
    ir.IRBuilder(end).ret_void()

    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
    )
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(parsed, passes)
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return Native(engine, engine.get_function_address("f"), width)


def evaluate(name: str, x: Any, y: Any = None, width: int = 8) -> np.ndarray:
    x = np.atleast_1d(np.asarray(x, float))
    y = x if y is None else np.atleast_1d(np.asarray(y, float))
    return native(name, width)(x, y)


def bits(values: np.ndarray) -> np.ndarray:
    """Bit patterns, all NaN alike: their sign and payload mean nothing."""
    return np.where(np.isnan(values), np.nan, values).view(np.uint64)


def exact(name: str, x: float, y: float) -> mpmath.mpf:
    """The true value, for arguments where it is finite, clipped far outside the range."""
    with mpmath.workprec(200):
        if name == "log":
            return mpmath.log(x)
        power = mpmath.mpf(x) if name == "exp" else mpmath.mpf(y) * mpmath.log(abs(x))
        value = mpmath.exp(min(max(power, -1000), 1000))
        return -value if name == "pow" and x < 0 and y % 2 == 1 else value


def ulps(got: float, true: mpmath.mpf) -> float:
    """Distance in units in the last place of the true value, subnormal numbers included."""
    with mpmath.workprec(200):
        if math.isinf(got):
            # From half an ulp above the largest number on, infinity is the rounded value.
            got = math.copysign(1.0, got) * mpmath.mpf(2) ** 1024
            if abs(true) >= abs(got) and (true > 0) == (got > 0):
                return 0.0
        exponent = max(mpmath.frexp(true)[1], -1021) if true else -1021
        return float(abs(mpmath.mpf(got) - true) / mpmath.mpf(2) ** (exponent - 53))


def assert_accurate(
    name: str, x: np.ndarray, y: np.ndarray | None = None, *, within: float = SEEN
) -> None:
    y = x if y is None else y
    got = evaluate(name, x, y)
    errors = np.array(
        [ulps(float(g), exact(name, float(a), float(b))) for g, a, b in zip(got, x, y, strict=True)]
    )
    worst = int(np.argmax(errors))
    assert errors[worst] <= within, (
        f"{name}({float(x[worst]).hex()}, {float(y[worst]).hex()}) = {float(got[worst]).hex()} "
        f"is {errors[worst]:.2f} ulp off"
    )


def any_positive(rng: np.random.Generator, count: int) -> np.ndarray:
    """Positive finite doubles, every exponent alike, subnormal numbers included."""
    return rng.integers(1, 0x7FF << 52, count, dtype=np.uint64).view(float)


def either_sign(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    return values * rng.choice([-1.0, 1.0], values.size)


def near_one(rng: np.random.Generator, count: int) -> np.ndarray:
    return 1.0 + either_sign(rng, 2.0 ** rng.uniform(-53.0, -1.01, count))


def subnormal(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(1, 1 << 52, count, dtype=np.uint64).view(float)


# --- accuracy ---------------------------------------------------------------------------


def test_exp_is_accurate_over_its_whole_range():
    rng = np.random.default_rng(0)
    assert_accurate("exp", rng.uniform(-708.0, 709.7, 3000))
    assert_accurate("exp", rng.uniform(-1.0, 1.0, 3000))
    assert_accurate("exp", either_sign(rng, any_positive(rng, 1000)))


def test_exp_is_accurate_where_it_underflows_and_overflows():
    rng = np.random.default_rng(1)
    assert_accurate("exp", rng.uniform(-746.0, -708.0, 2000))
    assert_accurate("exp", rng.uniform(709.7, 709.9, 1000))


def test_log_is_accurate_over_its_whole_range():
    rng = np.random.default_rng(2)
    assert_accurate("log", any_positive(rng, 4000))
    assert_accurate("log", 2.0 ** rng.uniform(-1.0, 1.0, 3000))
    assert_accurate("log", near_one(rng, 3000))
    assert_accurate("log", subnormal(rng, 1000))


def test_pow_is_accurate_for_any_pair_of_numbers():
    rng = np.random.default_rng(3)
    assert_accurate("pow", any_positive(rng, 2000), either_sign(rng, any_positive(rng, 2000)))
    assert_accurate("pow", rng.uniform(0.0, 10.0, 3000), rng.uniform(-5.0, 5.0, 3000))
    assert_accurate("pow", subnormal(rng, 1000), rng.uniform(-1.0, 1.0, 1000))


@pytest.mark.parametrize(
    ("low", "high"), [(-745.0, 709.7), (700.0, 709.7), (-746.0, -708.0), (709.7, 709.9)]
)
def test_pow_is_accurate_where_the_result_has_a_large_exponent(low, high):
    # The error of log(x) counts y times: worst for x near 1 and |y log(x)| near its bound.
    rng = np.random.default_rng(4)
    bases = np.concatenate([any_positive(rng, 400), near_one(rng, 800), rng.uniform(0.7, 1.7, 800)])
    bases = bases[bases != 1.0]
    assert_accurate("pow", bases, rng.uniform(low, high, bases.size) / np.log(bases))


def test_pow_is_accurate_where_the_error_of_its_logarithm_is_largest():
    # A base in the cell edge next to 1, a result just below a power of two near the largest.
    rng = np.random.default_rng(7)
    bases = rng.uniform(1.068, 1.072, 3000)
    powers = rng.integers(1000, 1025, bases.size) - rng.uniform(0.0, 0.08, bases.size)
    signed = either_sign(rng, np.minimum(powers, 1021.9))
    assert_accurate("pow", bases, signed * np.log(2.0) / np.log(bases), within=REQUIRED)


def test_pow_of_a_negative_base_is_accurate_and_has_the_sign_of_the_parity():
    rng = np.random.default_rng(5)
    exponents = rng.integers(-300, 300, 1500).astype(float)
    assert_accurate("pow", -rng.uniform(0.0, 10.0, 1500), exponents)


def test_pow_of_small_whole_numbers_is_exact():
    base, exponent = (a.ravel() for a in np.meshgrid(np.arange(1, 100), np.arange(0, 9)))
    true = [int(b) ** int(e) for b, e in zip(base, exponent, strict=True)]
    known = np.array([t < 2**53 for t in true])
    got = evaluate("pow", base, exponent)
    np.testing.assert_array_equal(got[known], np.array(true, float)[known])


def test_powers_of_two_are_exact_down_to_the_smallest_number():
    exponents = np.arange(-1074.0, 1024.0)
    true = np.array([math.ldexp(1.0, int(e)) for e in exponents])
    np.testing.assert_array_equal(evaluate("pow", np.full(exponents.size, 2.0), exponents), true)


@settings(deadline=None, max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(709.782712893384)
@example(709.7827128933841)
@example(-745.1332191019411)
@example(-745.1332191019412)
@example(-708.3964185322641)
def test_exp_is_accurate_at_any_number(x):
    assert_accurate("exp", np.array([x]), within=REQUIRED)


@settings(deadline=None, max_examples=300)
@given(st.floats(min_value=0.0, exclude_min=True, allow_infinity=False))
@example(SMALLEST)
@example(SMALLEST_NORMAL)
@example(math.nextafter(SMALLEST_NORMAL, 0.0))
@example(LARGEST)
@example(BELOW_ONE)
@example(ABOVE_ONE)
def test_log_is_accurate_at_any_positive_number(x):
    assert_accurate("log", np.array([x]), within=REQUIRED)


@settings(deadline=None, max_examples=300)
@given(
    st.floats(min_value=0.0, exclude_min=True, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
@example(ABOVE_ONE, 3.1e18)
@example(BELOW_ONE, 6.4e18)
@example(BELOW_ONE, -6.4e18)
@example(SMALLEST, -0.95)
@example(LARGEST, 1.0)
@example(SMALLEST, 1.0)
@example(1.0, LARGEST)
def test_pow_is_accurate_at_any_positive_base(x, y):
    assert_accurate("pow", np.array([x]), np.array([y]), within=REQUIRED)


# --- edges ------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan


EXP_EDGES = """
    0 1   -0 1   5e-324 1   -5e-324 1   inf inf   -inf 0   nan nan
    709.7827128933841 inf   1.7976931348623157e308 inf
    -745.1332191019412 0   -1.7976931348623157e308 0   -745.1332191019411 5e-324
"""
LOG_EDGES = """
    1 0   0 -inf   -0 -inf   inf inf   nan nan
    -5e-324 nan   -1 nan   -1.7976931348623157e308 nan   -inf nan
"""


@pytest.mark.parametrize(("name", "table"), [("exp", EXP_EDGES), ("log", LOG_EDGES)])
def test_edges_of_exp_and_log(name, table):
    x, value = np.array(table.split(), float).reshape(-1, 2).T
    np.testing.assert_array_equal(bits(evaluate(name, x)), bits(value))


ODD, EVEN, BROKEN = [1.0, 3.0, 2.0**53 - 1.0], [2.0, 4.0, 2.0**53, LARGEST], [0.5, 2.5, SMALLEST]
ANY = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, SMALLEST, LARGEST, INF, -INF, NAN]
POW_EDGES = [
    # ISO/IEC 9899:1999, F.9.4.4, in its order.
    *[(z, -y, math.copysign(INF, z)) for z in (0.0, -0.0) for y in ODD],
    *[(z, -y, INF) for z in (0.0, -0.0) for y in (*EVEN, *BROKEN, INF)],
    *[(z, y, z) for z in (0.0, -0.0) for y in ODD],
    *[(z, y, 0.0) for z in (0.0, -0.0) for y in (*EVEN, *BROKEN, INF)],
    *[(-1.0, y, 1.0) for y in (INF, -INF)],
    *[(1.0, y, 1.0) for y in ANY],
    *[(x, z, 1.0) for x in ANY for z in (0.0, -0.0)],
    *[(-x, s * y, NAN) for x in (0.5, 1.0, 2.0, LARGEST) for y in BROKEN for s in (1, -1)],
    *[(s * x, -INF, INF) for x in (0.5, BELOW_ONE, SMALLEST) for s in (1, -1)],
    *[(s * x, -INF, 0.0) for x in (2.0, ABOVE_ONE, INF) for s in (1, -1)],
    *[(s * x, INF, 0.0) for x in (0.5, BELOW_ONE, SMALLEST) for s in (1, -1)],
    *[(s * x, INF, INF) for x in (2.0, ABOVE_ONE, INF) for s in (1, -1)],
    *[(-INF, -y, -0.0) for y in ODD],
    *[(-INF, -y, 0.0) for y in (*EVEN, *BROKEN)],
    *[(-INF, y, -INF) for y in ODD],
    *[(-INF, y, INF) for y in (*EVEN, *BROKEN)],
    *[(INF, -y, 0.0) for y in (*ODD, *EVEN, *BROKEN)],
    *[(INF, y, INF) for y in (*ODD, *EVEN, *BROKEN)],
    # What the list leaves to the general rules: NaN, and overflow with the sign of the parity.
    *[(NAN, y, NAN) for y in ANY if y != 0.0],
    *[(x, NAN, NAN) for x in ANY if x != 1.0],
    *[(-2.0, y, -INF) for y in (2.0**52 + 1.0, 2.0**53 - 1.0)],
    *[(-2.0, -y, -0.0) for y in (2.0**52 + 1.0, 2.0**53 - 1.0)],
    *[(-2.0, y, INF) for y in (2.0**52, LARGEST)],
    *[(-1.0, y, -1.0) for y in ODD],
    *[(-1.0, y, 1.0) for y in EVEN],
]


@pytest.mark.parametrize("width", [0, 8])
def test_edges_of_pow(width):
    x, y, value = np.array(POW_EDGES).T
    got = evaluate("pow", x, y, width)
    wrong = np.flatnonzero(bits(got) != bits(value))
    assert not wrong.size, [(x[i], y[i], got[i], value[i]) for i in wrong]


def test_edges_of_pow_hold_in_the_host_language_too():
    # The table above against an independent reading of the same standard.
    for x, y, value in POW_EDGES:
        try:
            host = math.pow(x, y)
        except OverflowError:
            host = math.copysign(INF, -1.0 if x < 0 and y % 2 == 1 else 1.0)
        except ValueError:  # a pole or an undefined power, told apart by the base
            odd = abs(y) % 2 == 1
            host = NAN if x else math.copysign(INF, x if odd else 1.0)
        np.testing.assert_array_equal(bits(np.array([host])), bits(np.array([value])))


# --- same bits --------------------------------------------------------------------------


def sample(name: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    count = 4096
    x = np.concatenate([any_positive(rng, count), near_one(rng, count), rng.uniform(0, 9, count)])
    with np.errstate(divide="ignore", invalid="ignore"):
        y = rng.uniform(-760.0, 720.0, x.size) / np.log(x)
    whole = rng.integers(0, 2, x.size) == 1
    y[whole] = np.rint(y[whole])
    if name != "pow_positive":
        x = either_sign(rng, x)
    edges = np.array([e for e in POW_EDGES if name == "pow" or math.copysign(1, e[0]) > 0])
    return np.concatenate([x, edges[:, 0]]), np.concatenate([y, edges[:, 1]])


@pytest.mark.parametrize("name", EMITTERS)
def test_the_number_of_lanes_does_not_change_a_bit(name):
    x, y = sample(name)
    reference = bits(evaluate(name, x, y, 0))
    for width in WIDTHS[1:]:
        np.testing.assert_array_equal(bits(evaluate(name, x, y, width)), reference)


def test_pow_positive_has_the_bits_of_pow():
    x, y = sample("pow_positive")
    np.testing.assert_array_equal(bits(evaluate("pow_positive", x, y)), bits(evaluate("pow", x, y)))


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 0.5, 2.0, 2.5, 3.0, math.inf, math.nan])
def test_a_constant_exponent_has_the_bits_of_a_variable_one(exponent):
    x, _ = sample("pow")
    got = native("pow", 8, exponent)(x, x)
    np.testing.assert_array_equal(bits(got), bits(evaluate("pow", x, np.full(x.size, exponent))))


def test_a_value_that_is_no_double_is_refused_with_its_type():
    builder = ir.IRBuilder(ir.Block(ir.Function(ir.Module(), ir.FunctionType(DOUBLE, []), "f")))
    with pytest.raises(TypeError, match="got a value of type i64"):
        vectormath.emit_exp(builder, ir.Constant(INDEX, 1))
