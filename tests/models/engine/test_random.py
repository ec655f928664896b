"""Random numbers: published vectors, moments, and the same number whatever the batch."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from llvmlite import ir
from scipy import stats

from loopscope.models import simulate
from loopscope.models.engine import native, plan, tables
from loopscope.models.engine.doubles import DOUBLE, INT64
from loopscope.models.engine.lanes import Lanes
from loopscope.models.errors import RunError

CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=999~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
UNIFORM = "x=RANDOM UNIFORM(0,1,1)~~|\na=0~~|\nz=x+0*a~~|\n"
RUNS = 70


def compiled(emit, kinds, result=DOUBLE):
    """A C function of scalars made by one emitter."""
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(result, kinds), "f")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(emit(builder, *function.args))
    kernel = native.Kernel(native.compile_ir(str(module)), "f")
    names = {DOUBLE: ctypes.c_double, INT64: ctypes.c_uint64}
    address = kernel._engine.get_function_address("f")
    call = ctypes.CFUNCTYPE(names[result], *(names[kind] for kind in kinds))(address)
    call.kernel = kernel  # keeps its code
    return call


@pytest.mark.published
@pytest.mark.parametrize(
    ("counter", "key", "first", "second"),
    [
        ((0, 0, 0, 0), (0, 0), 0x6627E8D5, 0xE169C58D),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, 0x408F276D, 0x41C83B0E),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            0xD16CFE09,
            0x94FDCCEB,
        ),
    ],
)
def test_philox_gives_the_numbers_of_its_known_answer_tests(counter, key, first, second):
    # Random123 1.14, tests/kat_vectors, "philox4x32 10": the first two words of the output.
    draw = compiled(
        lambda builder, a, b, c, d, seed: tables.emit_random(builder, (a, b, c, d), seed),
        [INT64] * 5,
    )
    bits = first << 20 | second >> 12
    assert draw(*counter, key[0] | key[1] << 32) == (bits + 0.5) * 2.0**-52


def test_normal_quantile_is_scipys_over_the_whole_interval():
    quantile = compiled(lambda builder, p: tables.emit_quantile(Lanes(builder, 1), p), [DOUBLE])
    low = 10.0 ** -np.linspace(0.31, 300, 2001)
    p = np.concatenate([low, np.linspace(1e-4, 1 - 1e-4, 2001), 1 - low[low > 1e-16]])
    found = np.array([quantile(value) for value in p])
    np.testing.assert_allclose(found, stats.norm.ppf(p), rtol=3e-14, atol=1e-15)
    assert quantile(0.0) == -np.inf
    assert quantile(1.0) == np.inf
    assert quantile(0.5) == 0


def test_uniform_numbers_are_uniform_and_independent_in_time_and_between_runs(load):
    run = simulate(load(UNIFORM, CLOCK), parameters={"a": np.zeros(RUNS)}, outputs=["x"])
    x = run["x"].values
    assert stats.kstest(x.ravel(), "uniform").pvalue > 1e-3
    assert x.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * x.size))
    assert len(np.unique(x)) == x.size
    limit = 4.5 / np.sqrt(x.size)
    assert abs(np.corrcoef(x[:, 1:].ravel(), x[:, :-1].ravel())[0, 1]) < limit
    assert abs(np.corrcoef(x[1:].ravel(), x[:-1].ravel())[0, 1]) < limit


def test_draws_of_one_step_are_independent(load):
    model = load("x=RANDOM UNIFORM(0,1,1)-RANDOM UNIFORM(0,1,1)~~|\n", CLOCK)
    x = simulate(model, outputs=["x"])["x"].values
    # The difference of two independent uniforms is triangular; of one with itself it is 0.
    assert stats.kstest(x, stats.triang(0.5, loc=-1, scale=2).cdf).pvalue > 1e-3


def test_normal_numbers_follow_the_truncated_normal(load):
    model = load("x=RANDOM NORMAL(1,6,3,2,1)~~|\na=0~~|\n", CLOCK)
    x = simulate(model, parameters={"a": np.zeros(50)}, outputs=["x"])["x"].values.ravel()
    assert 1 <= x.min() < x.max() <= 6
    expected = stats.truncnorm(-1, 1.5, loc=3, scale=2)
    assert stats.kstest(x, expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize(("registers", "vectors"), [(1, 1), (2, 2), (1, 3)])
def test_number_depends_on_seed_run_step_and_draw_alone(
    load, same_bits, monkeypatch, threads, registers, vectors
):
    model = load(UNIFORM, CLOCK)
    usual = simulate(model, parameters={"a": np.zeros(RUNS)}, outputs=["x"], seed=3)
    monkeypatch.setattr(plan, "REGISTERS", registers)
    monkeypatch.setattr(plan, "VECTORS", vectors)
    other = simulate(
        model, parameters={"a": np.zeros(RUNS)}, outputs=["x"], seed=3, threads=threads
    )
    assert same_bits(other["x"], usual["x"])


def test_first_runs_of_a_batch_do_not_depend_on_how_many_follow(load, same_bits):
    model = load(UNIFORM, CLOCK)
    many = simulate(model, parameters={"a": np.zeros(RUNS)}, outputs=["x"])
    few = simulate(model, parameters={"a": np.zeros(5)}, outputs=["x"])
    alone = simulate(model, outputs=["x"])
    single = simulate(model, parameters={"a": [0.0]}, outputs=["x"])
    assert same_bits(few["x"], many["x"].values[:5])
    assert same_bits(alone["x"], many["x"].values[0])
    assert same_bits(single["x"].values[0], alone["x"])


def test_numbers_do_not_depend_on_outputs_saving_or_stopping(load, same_bits):
    model = load("x=RANDOM UNIFORM(0,1,1)~~|\ny=RANDOM UNIFORM(0,1,1)~~|\ns=INTEG(y,0)~~|\n", CLOCK)
    whole = simulate(model)
    part = simulate(model, outputs=["y"], stop=100, saveper=20)
    assert same_bits(part["y"], whole["y"].values[:101:20])


def test_every_seed_has_numbers_of_its_own_and_zero_is_a_seed(load):
    model = load(UNIFORM, CLOCK)
    seeds = (0, 1, 2, 2**32, 2**63, 2**64 - 1)
    first = {simulate(model, outputs=["x"], seed=seed)["x"].values[0] for seed in seeds}
    assert len(first) == len(seeds)
    again = simulate(model, outputs=["x"], seed=0)
    np.testing.assert_array_equal(again["x"], simulate(model, outputs=["x"])["x"])
    assert again.attrs["seed"] == "0"


def test_start_value_and_first_step_see_the_same_number(load):
    model = load(UNIFORM + "y=INITIAL(x)~~|\ns=INTEG(0*x, x)~~|\n", CLOCK)
    runs = simulate(model, parameters={"a": np.zeros(9)})
    np.testing.assert_array_equal(runs["y"].values[:, 0], runs["x"].values[:, 0])
    np.testing.assert_array_equal(runs["s"].values[:, -1], runs["x"].values[:, 0])


def test_random_start_value_obeys_the_seed_in_adaptive_runs_too(load):
    model = load("s=INTEG(-s, INITIAL(RANDOM UNIFORM(1,2,1)))~~|\na=0~~|\n", CLOCK)
    settings = {"parameters": {"a": [0.0, 0.0]}, "stop": 1, "outputs": ["s"], "seed": 7}
    exact = simulate(model, method="LSODA", **settings)["s"].values[:, 0]
    np.testing.assert_array_equal(exact, simulate(model, method="Euler", **settings)["s"][:, 0])
    assert exact[0] != exact[1]


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "1", None, True])
def test_seed_that_is_no_seed_is_refused(load, seed):
    with pytest.raises(RunError, match="seed must be a whole number from 0 to 2"):
        simulate(load(UNIFORM, CLOCK), seed=seed)
