"""The same bits whatever the width, the tile, the threads, the batch and the kernel's age."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.models import load as load_model
from loopscope.models import simulate
from loopscope.models.engine import plan

SHAPES = [(1, 1), (1, 2), (2, 1), (2, 5), (4, 1)]  # registers a vector, vectors a tile
WATCHED = ["irregular migrants", "natives", "policy stringency", "employer lobby"]


def shape(monkeypatch, registers: int, vectors: int) -> None:
    monkeypatch.setattr(plan, "REGISTERS", registers)
    monkeypatch.setattr(plan, "VECTORS", vectors)


def sweep(runs: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "life expectancy": random.uniform(60, 90, runs),
        "native fertility": random.uniform(1.0, 2.4, runs),
        "origin fertility at start": random.uniform(2.5, 6.5, runs),
    }


@pytest.fixture(scope="module")
def migration():
    return load_model("migration_policy")


@pytest.mark.parametrize("method", ["Euler", "RK4"])
@pytest.mark.parametrize(("registers", "vectors"), SHAPES)
def test_width_and_tile_change_no_bit_of_the_migration_model(
    migration, same_bits, monkeypatch, registers, vectors, method
):
    asked = {"parameters": sweep(37), "outputs": WATCHED, "stop": 2030, "method": method}
    usual = simulate(migration, **asked)
    shape(monkeypatch, registers, vectors)
    other = simulate(migration, **asked)
    for name in WATCHED:
        assert same_bits(other[name], usual[name]), name


def test_threads_order_and_company_change_no_bit(migration, same_bits):
    asked = {"outputs": WATCHED, "stop": 2030}
    values = sweep(203)
    whole = simulate(migration, parameters=values, **asked)
    order = np.random.default_rng(1).permutation(203)
    mixed = {name: of_runs[order] for name, of_runs in values.items()}
    for threads in (1, 2, 3, 16):
        run = simulate(migration, parameters=mixed, threads=threads, **asked)
        for name in WATCHED:
            assert same_bits(run[name], whole[name].values[order]), (name, threads)
    for number in (0, 31, 32, 202):
        one = {name: float(of_runs[number]) for name, of_runs in values.items()}
        alone = simulate(migration, parameters=one, **asked)
        pair = simulate(migration, parameters={k: [v, v] for k, v in one.items()}, **asked)
        for name in WATCHED:
            assert same_bits(alone[name], whole[name].values[number]), (name, number)
            assert same_bits(pair[name].values[1], alone[name]), (name, number)


def test_outputs_and_saving_change_no_bit(migration, same_bits):
    everything = simulate(migration, parameters=sweep(3), stop=2030)
    some = simulate(migration, parameters=sweep(3), stop=2030, outputs=WATCHED)
    often = simulate(migration, parameters=sweep(3), stop=2030, outputs=WATCHED, saveper=0.5)
    for name in WATCHED:
        assert same_bits(some[name], everything[name])
        both = np.isin(often["time"], some["time"])
        assert same_bits(often[name].values[:, both], some[name])


def test_timetable_changes_no_bit(migration, same_bits, monkeypatch):
    path = {"native fertility": {"value": 2.3, "from": 2007, "ramp": 9}}
    for method in ("Euler", "RK4"):
        asked = {"parameters": sweep(3) | path, "outputs": WATCHED, "method": method}
        with_table = simulate(migration, **asked)
        with monkeypatch.context() as patch:
            patch.setattr(plan, "LARGEST_TIMETABLE", 0)
            without = simulate(migration, **asked)
        for name in WATCHED:
            assert same_bits(with_table[name], without[name])


def test_kernels_made_again_read_back_or_freed_give_the_same_bits(migration, same_bits):
    asked = {"parameters": sweep(9), "outputs": WATCHED, "stop": 2030}
    first = simulate(migration, **asked)
    plan._kernels.clear()
    gc.collect()
    read_back = simulate(migration, **asked)
    again = simulate(migration, **asked)
    for name in WATCHED:
        assert same_bits(read_back[name], first[name])
        assert same_bits(again[name], first[name])


LEAVES = ("a", "b", "c", "s0", "s1", "Time", "v0", "1.5", "-0.3")
FORMS = (
    "{0}+{1}-{2}", "{0}*{1}-{2}/b", "{0}/(1+{1}^2)-{2}", "MIN({0},{1})*{2}", "-{0}*c/a-{1}*{2}",
    "EXP(-ABS({0}))+{1}/a*{2}", "IF THEN ELSE({0}>{1},{2},-{0})", "SIN({0})*{1}^2+{2}",
    "LN(ABS({0})+0.1)*{1}-{2}", "t({0})*{1}-{2}*b", "ABS({0})^(c/3)+MAX({1},-{2})",
    "MODULO({0}*3,2)-{1}*{2}", "SMOOTH({0},2)+{1}-{2}", "DELAY FIXED({0},1,{1})/c-{2}",
    "RANDOM UNIFORM(0,1,1)*{0}-{1}/{2}",
)  # fmt: skip
CLOCK = "\nINITIAL TIME=0~~|\nFINAL TIME=6~~|\nTIME STEP=0.25~~|\nSAVEPER=0.5~~|\n"


@st.composite
def equations(draw):
    lines = ["a=1.7~~|\nb=-0.6~~|\nc=3.3~~|\nt((-5,2),(0,-1),(0,1),(4,3),(9,0))~~|\n"]
    lines.append("v0=a*Time-b/c~~|\n")
    known = list(LEAVES)
    for number in range(1, draw(st.integers(3, 7))):
        inner = [draw(st.sampled_from(known)) for _ in range(3)]
        lines.append(f"v{number}={draw(st.sampled_from(FORMS)).format(*inner)}~~|\n")
        known.append(f"v{number}")
    for number in range(2):
        user = draw(st.sampled_from(known[6:]))
        lines.append(f"s{number}=INTEG(({user})/(1+ABS({user}))-s{number}*0.1,{number + 1})~~|\n")
    return "".join(lines)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    text=equations(),
    shapes=st.lists(st.sampled_from(SHAPES), min_size=2, max_size=2, unique=True),
    method=st.sampled_from(("Euler", "RK4")),
)
def test_random_models_give_the_same_bits_in_every_shape_alone_and_failing(
    load, same_bits, text, shapes, method
):
    # A run that leaves the finite numbers does so in every shape, with the same words.
    model = load(text, CLOCK)
    random = np.random.default_rng(0)
    values = {name: random.normal(0.5, 2, 21) for name in ("a", "c")}
    found = []
    for registers, vectors in shapes:
        with pytest.MonkeyPatch.context() as patch:
            shape(patch, registers, vectors)
            found.append(simulate(model, parameters=values, method=method, seed=4))
    one, other = found
    for name in one.data_vars:
        if name == "status":
            assert one[name].values.tolist() == other[name].values.tolist()
        else:
            assert same_bits(one[name], other[name]), name
    first = {name: float(of_runs[0]) for name, of_runs in values.items()}
    alone = simulate(model, parameters=first, method=method, seed=4)
    assert str(alone["status"].values) == one["status"].values[0]
    for name in ("s0", "s1", "v0", "v1", "v2"):
        assert same_bits(alone[name], one[name].values[0]), name
