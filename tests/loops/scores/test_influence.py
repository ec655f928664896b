"""Tests of eigenvalue influence of loops: closed forms, printed numbers, identities, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import loops, models
from loopscope.loops.eigen.leading import leading_mode
from loopscope.loops.eigen.link_influence import link_influences
from loopscope.loops.eigen.modes import modes
from loopscope.loops.eigen.polynomial import characteristic_polynomial
from loopscope.loops.replay import Along
from loopscope.loops.scores.influence import score
from loopscope.models.errors import LoopError
from loopscope.models.model import TIME, symbol_of

SEEDS = st.integers(0, 10**6)
FEW = settings(max_examples=6, deadline=None)


def scored(model, **options):
    found = loops.find(model, view="full")
    return found, loops.score(found, models.simulate(model), "influence", **options)


def iotas(scores):
    return (scores["raw"] + 1j * scores["imag"]).values


def along_path(found, *names):
    (one,) = (loop.id for loop in found if set(names) == set(loop.stocks) and _turns(loop, names))
    return one


def _turns(loop, names):
    order = [name for name in loop.nodes if name in names]
    start = order.index(names[0])
    return (*order[start:], *order[:start]) == names


def test_inventory_and_workforce_have_the_influences_of_the_closed_form(read):
    # p(s) = s**2 + s/tW + 1/(tI tW): -0.1 +- 0.1i for tI = 10, tW = 5.
    model = read(
        """
        I=INTEG(W-d, 50)
        d=10
        W=INTEG((d+(50-I)/10-W)/5, 10)
        """
    )
    found, scores = scored(model)
    lam = -0.1 + 0.1j
    assert scores["kind"].values[0].tolist() == ["complex"]
    one, two = along_path(found, "W"), along_path(found, "I", "W")
    first = scores.sel(loop=one).isel(time=0, mode=0)
    second = scores.sel(loop=two).isel(time=0, mode=0)
    expected = {"growth": lam.real, "frequency": lam.imag}
    for name, value in expected.items():
        np.testing.assert_allclose(scores[name].values, value, rtol=1e-12)
    b2, b1 = -(lam / 5) / (2 * lam + 1 / 5), -(1 / 50) / (2 * lam + 1 / 5)
    np.testing.assert_allclose(complex(first["raw"], first["imag"]), b2, rtol=1e-12)
    np.testing.assert_allclose(complex(second["raw"], second["imag"]), b1, rtol=1e-12)
    np.testing.assert_allclose(b2 + 2 * b1, lam, rtol=1e-12)
    np.testing.assert_allclose(first["elasticity"], (b2 / lam).real, atol=1e-12)
    total = abs(b1) + abs(b2)
    np.testing.assert_allclose(abs(second["relative"]), abs(b1) / total, rtol=1e-12)


def test_the_one_loop_of_a_spring_has_half_the_eigenvalue(read):
    # lam = i sqrt(w2) moves as the square root of the gain -w2.
    found, scores = scored(read("x=INTEG(v, 1)\n v=INTEG(-4*x, 0)"))
    assert len(found) == 1
    np.testing.assert_allclose(iotas(scores)[:, 0, 0], 1j, atol=1e-14)
    np.testing.assert_allclose(scores["relative"], 1.0)
    np.testing.assert_allclose(scores["elasticity"], 0.5, rtol=1e-12)


@pytest.mark.published
def test_the_arms_race_has_the_influences_of_the_reference_table(arms_race):
    found, scores = scored(arms_race, times=0)
    top = scores.isel(time=0, mode=0)
    assert float(top["growth"]) == pytest.approx(0.0998, abs=5e-5)
    expected = {
        ("arms A",): -0.0334, ("arms B",): -0.0333, ("arms C",): -0.0334,
        ("arms A", "arms B"): 0.0220, ("arms A", "arms C"): 0.0222, ("arms B", "arms C"): 0.0220,
        ("arms A", "arms B", "arms C"): 0.01345, ("arms A", "arms C", "arms B"): 0.00901,
    }  # fmt: skip
    assert len(found) == 8
    for names, value in expected.items():
        got = float(top["raw"].sel(loop=along_path(found, *names)))
        assert got == pytest.approx(value, abs=6e-5 if abs(value) > 0.02 else 6e-6), names


@pytest.mark.published
def test_inventory_and_labour_have_the_printed_eigenvalues_at_rest(inventory_labour):
    found, scores = scored(inventory_labour, times=[0, 5])
    assert len(found) == 14
    expected = [-0.00946 + 0.09877j, -0.13800, -0.35308]
    for row in (scores["growth"] + 1j * scores["frequency"]).values:
        np.testing.assert_allclose(row, expected, atol=6e-6)
    assert set(scores["status"].values.ravel()) == {"active"}
    assert float(scores["unexplained"].max()) < 1e-12
    np.testing.assert_allclose(np.abs(scores["relative"]).sum("loop"), 1.0, rtol=1e-12)


@pytest.mark.published
def test_the_modes_of_the_yeast_model_meet_twice(read):
    # Births C (1.1 - 0.1 A) / b1 with b1 = 15, deaths C exp(A - 11) / 30, A' = 0.01 C.
    model = read(
        """
        births=C*(1.1-0.1*A)/15
        deaths=C*EXP(A-11)/30
        making=0.01*C
        C=INTEG(births-deaths, 1)
        A=INTEG(making, 0)
        """,
        stop=100, dt=0.03125,
    )  # fmt: skip
    found = loops.find(model, view="full")
    run = models.simulate(model, method="RK4")
    along = loops.along(found.graph, run)
    scores = loops.score(found, along, "influence")
    pair = (scores["kind"] == "complex").any("mode").values
    turns = along.time[1:][pair[1:] != pair[:-1]]
    np.testing.assert_allclose(turns[:2], [37.8, 77.9], atol=0.06)
    # At the meeting the largest influence is several times that on both sides of it.
    largest = np.nanmax(np.hypot(scores["raw"], scores["imag"]), axis=(1, 2))
    at = int(np.searchsorted(along.time, turns[0]))
    assert largest[at - 2 : at + 3].max() > 4 * max(largest[at - 16], largest[at + 16])
    near = scores.isel(time=slice(at - 2, at + 3))
    assert float(near["alignment"].min()) < 0.05


def _balance(scores, found, links):
    """Return the worst misfit of loops to links, and of sum(n iota) to lam, over the numbers."""
    known = (scores["status"] != "undefined").all("loop").values
    pairs = {pair: n for n, pair in enumerate(found.graph.pairs)}
    holds = np.zeros((len(found), len(pairs)))
    for row, loop in enumerate(found):
        holds[row, [pairs[pair] for pair in loop.links]] = 1
    iota = iotas(scores)[known]
    of_links = (links["raw"] + 1j * links["imag"]).values[known]
    lam = (scores["growth"] + 1j * scores["frequency"]).values[known]
    counts = np.array([len(loop.stocks) for loop in found])
    size = np.abs(iota).sum(axis=-1) + np.abs(lam) + 1e-300
    first = np.abs(iota @ holds - of_links).max(axis=-1) / size
    second = np.abs(iota @ counts - lam) / size
    return max(first.max(initial=0), second.max(initial=0)), known


@given(SEEDS)
@FEW
def test_influences_of_loops_add_up_to_links_and_to_the_eigenvalue(parametric_model, placed, seed):
    found = loops.find(parametric_model(seed), view="full")
    if not len(found):
        return
    along = placed(found.graph, seed, 3)
    scores, links = score(found, along), link_influences(along)
    misfit, known = _balance(scores, found, links)
    assert misfit < 1e-10
    other = scores["kind"].isin(["cluster", "conjugate"]).values
    assert (known | other).all()


@given(SEEDS)
@FEW
def test_influences_are_derivatives_of_the_characteristic_polynomial(
    parametric_model, placed, seed
):
    found = loops.find(parametric_model(seed), view="full")
    if not 0 < len(found) <= 12 or len(found.graph.partitions) > 1:
        return
    along = placed(found.graph, seed, 2)
    scores = score(found, along)
    p = characteristic_polynomial(found)
    gains = found.products(np.stack([along.gains[pair] for pair in found.graph.pairs]))
    symbols = [p.gains[name] for name in found.ids]
    function = sp.lambdify([p.s, *symbols], [p.influence(loop) for loop in found])
    lam = (scores["growth"] + 1j * scores["frequency"]).values
    for time, mode in np.argwhere((scores["status"] != "undefined").all("loop").values):
        expected = np.array(function(lam[time, mode], *gains[:, time]))
        got = iotas(scores)[time, mode]
        near = float(scores["alignment"][time, mode])
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9 * abs(got).sum() / near)


@given(SEEDS, st.floats(0.2, 5))
@FEW
def test_units_do_not_matter_and_time_multiplies(parametric_model, placed, seed, speed):
    found = loops.find(parametric_model(seed), view="full")
    if not len(found):
        return
    draw = np.random.default_rng(seed)
    before = score(found, placed(found.graph, seed, 3))
    units = {name: 10.0 ** draw.uniform(-6, 6) for name in found.graph.nodes}
    along = placed(found.graph, seed, 3)
    along.gains = {
        (a, b): gain * units[b] / units[a] * (speed if b in found.graph.stocks else 1)
        for (a, b), gain in placed(found.graph, seed, 3).gains.items()
    }
    after = score(found, along)
    both = ((before["status"] != "undefined") & (after["status"] != "undefined")).values
    size = np.abs(iotas(before)).sum(axis=-1, keepdims=True) / before["alignment"].values[..., None]
    misfit = np.abs(iotas(after) - speed * iotas(before)) / (speed * size + 1e-300)
    assert misfit[both].max(initial=0) < 1e-8
    shares = np.abs(after["relative"] - before["relative"]).values
    assert np.abs(shares[both & (np.abs(before["raw"]).values > 1e-6 * size)]).max(initial=0) < 1e-6


def test_a_batch_scores_each_run_as_alone(prey):
    found = loops.find(prey, view="full")
    many = loops.score(found, models.simulate(prey, parameters={"a": [0.9, 1.3]}), "influence")
    alone = loops.score(found, models.simulate(prey, parameters={"a": 1.3}), "influence")
    assert many["raw"].dims == ("run", "time", "mode", "loop")
    np.testing.assert_allclose(many["raw"].isel(run=1), alone["raw"], rtol=1e-12, atol=1e-15)


def test_a_conserved_total_is_no_mode(bass):
    found, scores = scored(bass)
    assert scores.sizes["mode"] == 1
    # Both adoption loops and the drain share the flow: p(s) = s (s - G1 - G2 - G3).
    along = loops.along(found.graph, models.simulate(bass))
    gains = found.products(np.stack([along.gains[pair] for pair in found.graph.pairs]))
    np.testing.assert_allclose(scores["growth"].values[:, 0], gains.sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(scores["raw"].values[1:, 0], gains.T[1:], rtol=1e-6, atol=1e-9)


def test_modes_that_coincide_have_a_sum_only(read):
    # One gain couples two equal decays: J = [[-a, g], [h, -a]], lam = -a +- sqrt(g h), h = 0 here.
    model = read("g=0\n x=INTEG(-0.5*x+y, 1)\n y=INTEG(-0.5*y+g*x, 1)", stop=1)
    found, scores = scored(model)
    assert set(scores["kind"].values.ravel()) == {"cluster"}
    assert set(scores["status"].values.ravel()) == {"undefined"}
    assert np.isnan(scores["raw"]).all()
    # The trace is the sum: a decay has its own gain as influence, the loop of two stocks none.
    for loop in found:
        expected = -0.5 if len(loop.stocks) == 1 else 0.0
        got = scores["cluster_raw"].sel(loop=loop.id)
        np.testing.assert_allclose(got, expected, atol=1e-12)
    np.testing.assert_allclose(scores["cluster_imag"], 0.0, atol=1e-12)


def test_the_sum_of_a_cluster_goes_smoothly_through_a_meeting(read):
    # lam = -0.5 +- sqrt(e): apart the two influences diverge, their sum stays what it is.
    model = read("e=0\n x=INTEG(-0.5*x+y, 1)\n y=INTEG(-0.7*y+e*x, 1)\n z=INTEG(x-0.1*z,0)", stop=1)
    found = loops.find(model, view="full")
    sums = []
    for size in (-0.011, -0.01 + 1e-9, -0.01, -0.01 - 1e-9, -0.009):
        run = models.simulate(model, parameters={"e": size})
        scores = loops.score(found, run, "influence", times=0)
        part = scores.where(scores["mode_partition"] == 0, drop=True).isel(time=0)
        if "cluster_raw" in part and (part["cluster"] > 0).any():
            sums.append(part["cluster_raw"].isel(mode=0).values)
        else:
            weight = np.where(part["kind"] == "complex", 2.0, 1.0)[:, None]
            sums.append((part["raw"].fillna(0.0).values * weight).sum(axis=0))
    np.testing.assert_allclose(sums[1], sums[2], atol=1e-6)
    np.testing.assert_allclose(sums[3], sums[2], atol=1e-6)
    np.testing.assert_allclose(sums[0], sums[4], atol=2e-3)


def test_loops_of_one_partition_do_nothing_to_modes_of_another(read):
    model = read("x=INTEG(-0.5*x, 1)\n y=INTEG(x-0.3*y, 1)")
    _, scores = scored(model)
    assert scores.sizes["mode"] == 2
    for mode in (0, 1):
        words = sorted(scores["status"].isel(time=0, mode=mode).values)
        assert words == ["active", "inactive"]
        assert sorted(scores["raw"].isel(time=0, mode=mode).values)[1] == 0.0


def test_a_gain_that_is_no_number_is_undefined_and_nothing_else(read):
    model = read("x=INTEG(-x/(5-Time), 1)", stop=8, dt=1)
    found = loops.find(model, view="full")
    along = loops.along(found.graph, models.simulate(model, final_time=4)) if False else None
    graph = found.graph
    time = np.array([4.0, 5.0, 6.0])
    values = {symbol_of("x"): np.ones(3), TIME: time, **graph.equations.parameters}
    along = Along(graph, values, time=time, step=1.0)
    scores = score(found, along)
    assert scores["status"].values[:, 0, 0].tolist() == ["active", "undefined", "active"]
    assert scores["kind"].values[:, 0].tolist() == ["real", "unknown", "real"]


def test_loops_that_are_not_held_are_missed_and_said(arms_race):
    found = loops.find(arms_race, view="full")
    run = models.simulate(arms_race)
    few = loops.score(found.of_length(2), run, "influence", times=0)
    assert few.attrs["denominator"] == "the loops held"
    assert float(few["unexplained"].min()) > 0.1
    assert not np.isnan(few["raw"]).any()
    every = loops.score(found, run, "influence", times=0)
    np.testing.assert_allclose(few["raw"], every["raw"].sel(loop=few["loop"]), rtol=1e-12)


def test_a_view_and_the_traced_graph_have_the_same_modes(inventory_labour):
    run = models.simulate(inventory_labour)
    graph = loops.trace(inventory_labour)
    view = loops.fold(graph, keep=["HR", "DPS"])
    small = loops.find(view)
    scores = loops.score(small, run, "influence", times=0)
    full = loops.score(loops.find(graph), run, "influence", times=0)
    np.testing.assert_allclose(scores["growth"], full["growth"], rtol=1e-9)
    assert float(scores["unexplained"].max()) < 1e-12


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("f=IF THEN ELSE(x>5, 1, 2)\n x=INTEG(f-0.1*x, 1)", "equations jump at 'x' -> 'f'"),
        ("f=IF THEN ELSE(x>5, x, 2*x)\n x=INTEG(-f, 9)", "equations jump at 'x' -> 'f'"),
        ("f=INTEGER(x)\n x=INTEG(3-f, 1)", "equations jump at 'x' -> 'f'"),
        ("f=DELAY FIXED(x, 2, 1)\n x=INTEG(3-f, 1)", "'f' .DELAY FIXED. is in a loop"),
    ],
)
def test_what_has_no_jacobian_is_refused_by_name(read, equations, message):
    model = read(equations)
    with pytest.raises(LoopError, match=message):
        scored(model)


def test_a_kink_is_no_jump_and_a_jump_can_be_left_out(read):
    kink = read("f=IF THEN ELSE(x>5, x, 5)\n g=MIN(x, 3)\n x=INTEG(9-f-g, 9)", stop=1)
    _, scores = scored(kink)
    np.testing.assert_allclose(scores["growth"].values[0], [-1.0])
    jump = read("f=IF THEN ELSE(x>5, x, 2*x)\n x=INTEG(-f, 9)", stop=1)
    _, scores = scored(jump, one_sided=True)
    np.testing.assert_allclose(scores["growth"].values[0], [-1.0])
    assert scores.attrs["jumps_left_out"] == "x -> f"


def test_what_cannot_be_asked_is_refused(prey, sir):
    found = loops.find(prey, view="full")
    run = models.simulate(prey)
    with pytest.raises(LoopError, match=r"time 0.3 was not saved in this run; the nearest saved"):
        loops.score(found, run, "influence", times=[0.3])
    with pytest.raises(LoopError, match=r"closeness must be between 0 and 1, got 2"):
        loops.score(found, run, "influence", closeness=2)
    with pytest.raises(LoopError, match=r"more than most=100; pass fewer times="):
        loops.score(found, run, "influence", most=100)
    other = loops.along(loops.trace(sir), models.simulate(sir))
    with pytest.raises(LoopError, match="of another graph than the loops"):
        loops.score(found, other, "influence")


def test_modes_are_followed_through_time(prey):
    along = loops.along(loops.trace(prey), models.simulate(prey))
    (partition,) = along.graph.partitions
    values = modes(along, partition).values
    steps = np.abs(np.diff(values, axis=0))
    swapped = np.abs(values[1:, ::-1] - values[:-1])
    assert (steps.sum(axis=1) <= swapped.sum(axis=1) + 1e-12).all()


def test_the_leading_mode_is_the_one_that_moves(read):
    # x' = -x + y, y' = -y / 10 + e x: from x = 1, y = 0 the fast mode moves first, then the slow.
    model = read("x=INTEG(y-x, 1)\n y=INTEG(0.001*x-0.1*y, 0)", stop=30)
    found, scores = scored(model)
    shown = leading_mode(scores)
    assert shown["raw"].dims == ("time", "loop")
    np.testing.assert_allclose(shown["growth"].isel(time=0), -1.0, atol=0.01)
    np.testing.assert_allclose(shown["growth"].isel(time=-1), -0.1, atol=0.01)
    assert float(shown["carried"].isel(time=0).min()) > 0.9
    np.testing.assert_allclose(scores["carried"].sum("mode"), 1.0, rtol=1e-12)
    row = int(shown["shown"].values[0, 0]) - 1
    np.testing.assert_array_equal(shown["raw"].isel(time=0), scores["raw"].isel(time=0, mode=row))
    assert len(found) == shown.sizes["loop"]


def test_at_rest_the_mode_of_largest_growth_leads(inventory_labour):
    _, scores = scored(inventory_labour)
    shown = leading_mode(scores)
    assert np.isnan(shown["carried"]).all()
    np.testing.assert_allclose(shown["growth"], -0.00946, atol=6e-6)
    assert set(shown["status"].values.ravel()) == {"active"}


def test_each_loop_is_shown_with_a_mode_of_its_own_partition(read):
    _, scores = scored(read("x=INTEG(-0.5*x, 1)\n y=INTEG(x-0.3*y, 1)", stop=1))
    shown = leading_mode(scores)
    np.testing.assert_allclose(shown["growth"], shown["raw"])
    np.testing.assert_allclose(np.abs(shown["relative"]), 1.0)


@pytest.mark.parametrize("turn", [1.0, 1.1, 0.7, 3.3])
def test_a_mode_that_meets_a_conserved_total_has_no_numbers(read, turn):
    # J = [[-a, b], [a, -b]]: eigenvalues 0 and -(a + b), both 0 and J defective where b = -a.
    model = read(f"a={turn}\n b=-{turn}\n f=a*x-b*y\n x=INTEG(-f, 1)\n y=INTEG(f, 2)", stop=1)
    _, scores = scored(model)
    assert scores.sizes["mode"] == 1
    assert set(scores["kind"].values.ravel()) == {"cluster"}
    assert set(scores["status"].values.ravel()) == {"undefined"}
    assert np.isnan(scores["raw"]).all()
    # The sum is the trace: each loop through one stock adds its own gain.
    sums = scores["cluster_raw"].isel(time=0, mode=0)
    np.testing.assert_allclose(sorted(sums), [-turn, turn], rtol=1e-9)
