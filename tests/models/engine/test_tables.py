"""Graphical functions against numpy: interpolation, ends, jumps, long tables, slopes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.models import simulate
from loopscope.models.engine.tables import LONGEST_CHAIN
from loopscope.models.model import Lookup

CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=1~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
MODEL = "at=0~~|\ny=t(at)~~|\nt((0,0),(1,1))~~|\n"
GF = (
    '<aux name="at"><eqn>0</eqn></aux><gf name="t" type="{kind}"><xpts>{x}</xpts>'
    '<ypts>{y}</ypts></gf><aux name="y"><eqn>t(at)</eqn></aux>'
)


@pytest.fixture(scope="module")
def model(load):
    return load(MODEL, CLOCK)


def look(model, points, at) -> np.ndarray:
    """Values of the table at many arguments, one a run."""
    at = np.atleast_1d(np.asarray(at, dtype=float))
    run = simulate(model, parameters={"at": at}, lookups={"t": points}, outputs=["y"])
    return run["y"].values[:, 0]


def drawn(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points with x ascending, and arguments at, between and beyond them."""
    random = np.random.default_rng(seed)
    x = np.cumsum(random.uniform(0.01, 3, count)) - count
    y = random.normal(0, 10, count)
    between = random.uniform(x[0] - 5, x[-1] + 5, 200)
    return x, y, np.concatenate([between, x, [x[0] - 1e9, x[-1] + 1e9]])


@pytest.mark.parametrize("count", [1, 2, 3, 7, 24, LONGEST_CHAIN, LONGEST_CHAIN + 1, 26, 64, 500])
def test_table_of_any_length_is_numpys_interpolation(model, count):
    x, y, at = drawn(count, count)
    found = look(model, list(zip(x, y, strict=True)), at)
    expected = np.interp(at, x, y)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(y).max())
    # Exact at every point but the last, where a slope and a length are multiplied.
    np.testing.assert_array_equal(look(model, list(zip(x, y, strict=True)), x)[:-1], y[:-1])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-9, 9)), min_size=2, max_size=9),
    st.lists(st.integers(-220, 220), min_size=1, max_size=20),
)
def test_table_with_jumps_has_the_value_after_the_jump(model, points, quarters):
    points = sorted(points, key=lambda point: point[0])
    at = np.array(quarters) / 4
    x, y = (np.array(column, dtype=float) for column in zip(*points, strict=True))

    def expected(a: float) -> float:
        if a < x[0]:
            return y[0]
        last = int(np.flatnonzero(x <= a)[-1])  # the last of points that share an x
        if last == len(x) - 1:
            return y[-1]
        return y[last] + (y[last + 1] - y[last]) * (a - x[last]) / (x[last + 1] - x[last])

    if x[0] == x[-1]:
        at = at[at >= x[0]]  # nothing but a jump has no side to begin from
    if len(at):
        found = look(model, points, at)
        np.testing.assert_allclose(found, [expected(a) for a in at], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("where", [0, 10])
def test_jump_at_an_end_holds_the_side_beyond_it(model, where):
    points = [(0, 1), (0, 2), (10, 3), (10, 4)]
    found = look(model, points, [where - 1, where, where + 1])
    np.testing.assert_allclose(found, [1, 2, 2.1] if where == 0 else [2.9, 4, 4], rtol=1e-15)


@pytest.mark.parametrize("count", [2, 5, 40])
@pytest.mark.parametrize("kind", ["continuous", "extrapolate", "discrete"])
def test_kinds_of_xmile_hold_continue_and_step(load_xmile, count, kind):
    x, y, at = drawn(count, count)
    joined = (",".join(map(repr, map(float, column))) for column in (x, y))
    gf = GF.format(kind=kind, x=next(joined), y=next(joined))
    run = simulate(load_xmile(gf), parameters={"at": at}, outputs=["y"], stop=1)
    if kind == "discrete":
        expected = y[np.clip(np.searchsorted(x, at, side="right") - 1, 0, None)]
    else:
        expected = np.interp(at, x, y)
    if kind == "extrapolate":
        first, last = (y[1] - y[0]) / (x[1] - x[0]), (y[-1] - y[-2]) / (x[-1] - x[-2])
        expected = np.where(at < x[0], y[0] + first * (at - x[0]), expected)
        expected = np.where(at > x[-1], y[-1] + last * (at - x[-1]), expected)
    np.testing.assert_allclose(run["y"].values[:, 0], expected, rtol=1e-11, atol=1e-10)


@pytest.mark.parametrize("count", [1, 4, 40])
def test_argument_that_is_not_finite_is_seen(load, count):
    x, y, _ = drawn(count, count)
    points = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    model = load("p=1~~|\nat=LN(p)~~|\ny=t(at)~~|\nt((0,0),(1,1))~~|\n", CLOCK)
    run = simulate(model, parameters={"p": [-1, 0, 1]}, lookups={"t": points}, outputs=["y"])
    assert run["status"].values.tolist() == [
        "not finite: 'at' at time 0",
        "not finite: 'at' at time 0",
        "ok",
    ]
    assert np.isnan(run["y"].values[:2]).all()
    assert run["y"].values[2, 0] == pytest.approx(np.interp(0, x, y), rel=1e-12)


def test_lookup_within_an_equation_is_its_table(load):
    model = load(
        "y=WITH LOOKUP(Time, ([(0,0)-(9,9)],(0,1),(4,3),(10,0)))~~|\nz=2*y~~|\n",
        "\nINITIAL TIME=0~~|\nFINAL TIME=12~~|\nTIME STEP=0.5~~|\nSAVEPER=0.5~~|\n",
    )
    run = simulate(model)
    expected = np.interp(run["time"], [0, 4, 10], [1, 3, 0])
    np.testing.assert_allclose(run["z"], 2 * expected, rtol=1e-14)


@pytest.mark.parametrize("count", [2, 6, 40])
@pytest.mark.parametrize("interpolation", ["interpolate", "extrapolate", "hold_backward"])
def test_slope_is_that_of_the_segment_to_the_right(count, interpolation):
    from llvmlite import ir as llvm

    from loopscope.models.engine import native, tables
    from loopscope.models.engine.lanes import Lanes

    x, y, at = drawn(count, count)
    table = Lookup(name="t", x=tuple(x), y=tuple(y), interpolation=interpolation)
    module, double = llvm.Module(), llvm.DoubleType()
    function = llvm.Function(module, llvm.FunctionType(double, [double]), "slope")
    builder = llvm.IRBuilder(function.append_basic_block())
    builder.ret(tables.emit_slope(Lanes(builder, 1), table, function.args[0]))
    kernel = native.Kernel(native.compile_ir(str(module)), "slope")
    import ctypes

    slope = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(
        kernel._engine.get_function_address("slope")
    )
    segment = np.clip(np.searchsorted(x, at, side="right") - 1, 0, count - 2)
    expected = (np.diff(y) / np.diff(x))[segment]
    if interpolation == "interpolate":
        expected = np.where((at >= x[0]) & (at < x[-1]), expected, 0)
    if interpolation == "hold_backward":
        expected = np.zeros(len(at))
    np.testing.assert_allclose([slope(a) for a in at], expected, rtol=1e-13)
    assert math.isfinite(slope(math.nan))
