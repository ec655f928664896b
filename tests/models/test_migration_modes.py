"""The modes of behaviour of the migration policy model, and the settings that bring them about.

Displacement, backfire, lock-in, oscillation, and checks against what happened in Germany and
Europe.  Where a test names a published finding, the citation stands beside it.
"""

from __future__ import annotations

import numpy as np
import pytest

from loopscope import models

MODEL = models.load("migration_policy")
IRREGULAR, LEGAL = "irregular migrants", "legal migrants"
SHARE, STRINGENCY = "irregular share of migrants", "policy stringency"
ENFORCEMENT = "border and interior enforcement"
BLOCKED = "share of blocked demand going irregular"
RETURN_LOSS = "effect of enforcement on irregular return"
STATIONARY = {
    "native fertility": 2.1,
    "origin fertility at start": 2.1,
    "origin fertility in the long run": 2.1,
    "initial irregular migrants": 185e3,  # where the flows balance
}


def simulate(**arguments):
    run = models.simulate(MODEL, **arguments)
    assert (run["status"].values == "ok").all()
    return run.drop_vars("status")


def step(before, after, year):
    return {"times": [2000, year], "values": [before, after], "between": "step"}


def period(series, times):
    """Mean distance of the peaks after the first fifth of the run."""
    inner = np.arange(len(series) // 5, len(series) - 1)
    peaks = [i for i in inner if series[i - 1] < series[i] >= series[i + 1]]
    assert len(peaks) >= 4
    return float(np.mean(np.diff(times[peaks])))


def test_refused_people_who_stay_home_make_tightening_work_and_those_who_do_not_undo_it():
    # Stringency steps from 0.45 to 0.9 with enforcement held: one run for each displaced share.
    displaced = np.array([0.0, 0.1, 0.25, 0.4, 0.6])
    held = {BLOCKED: displaced, ENFORCEMENT: 0.31}
    outputs = [IRREGULAR, SHARE]
    loose = simulate(parameters=held | {STRINGENCY: 0.45}, outputs=outputs, stop=2050)
    tight = simulate(
        parameters=held | {STRINGENCY: step(0.45, 0.9, 2005)}, outputs=outputs, stop=2050
    )
    ratio = (tight / loose).isel(time=-1)
    assert (np.diff(ratio[IRREGULAR]) > 0.0).all()
    assert (ratio[SHARE] > 1.0).all()
    np.testing.assert_allclose(ratio[IRREGULAR], [0.77, 0.90, 1.04, 1.15, 1.26], atol=0.03)


def test_enforcement_backfires_where_it_keeps_people_in_and_removes_few():
    # Rows: effect on return.  Columns: largest removal rate.  Enforcement steps from 0.3 to 0.9.
    kept = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
    removed = np.array([0.01, 0.06, 0.15])
    rows, columns = (grid.ravel() for grid in np.meshgrid(kept, removed, indexing="ij"))
    held = {RETURN_LOSS: rows, "largest removal rate": columns, STRINGENCY: 0.45}
    outputs = [IRREGULAR]
    low = simulate(parameters=held | {ENFORCEMENT: 0.3}, outputs=outputs, stop=2050)
    high = simulate(
        parameters=held | {ENFORCEMENT: step(0.3, 0.9, 2005)}, outputs=outputs, stop=2050
    )
    ratio = (high / low)[IRREGULAR].values[:, -1].reshape(6, 3)
    assert (np.diff(ratio, axis=0) > 0.0).all()
    assert (np.diff(ratio[1:], axis=1) < 0.0).all()
    assert (ratio[0] < 0.8).all()
    assert (ratio[4:, :2] > 1.2).all()
    assert ratio[3, 1] == pytest.approx(1.04, abs=0.03)


@pytest.mark.parametrize(("response", "apart"), [(2.0, False), (6.0, True), (8.0, True)])
def test_a_strong_response_to_irregularity_locks_a_shock_in(response, apart):
    # Seven years of pressure by -2 or +2, in a world of constant populations.
    ends = []
    for pressure in (-2.0, 2.0):
        settings = STATIONARY | {
            "response to irregular migration": response,
            BLOCKED: 0.4,
            "lobby erosion of enforcement": 0.8,
            "threat signal": {"value": pressure, "from": 2005, "to": 2012},
        }
        run = simulate(parameters=settings, outputs=[STRINGENCY], stop=2080)[STRINGENCY]
        ends.append(run.sel(time=[2040, 2052, 2080]).values)
    gap = ends[1] - ends[0]
    assert (gap > 0.3).all() if apart else (np.abs(gap) < 0.05).all()


def test_with_most_refused_people_going_irregular_a_shock_lasts_eighty_years_from_any_start():
    settings = STATIONARY | {
        "initial irregular migrants": 230e3, "response to irregular migration": 8.0,
        BLOCKED: 0.6, "lobby erosion of enforcement": 0.9, RETURN_LOSS: 0.9,
    }  # fmt: skip
    shocks = [{"value": p, "from": 2005, "to": 2012} for p in (-2.0, 2.0)]
    low, high = (
        simulate(parameters=settings | {"threat signal": s}, outputs=[STRINGENCY])[STRINGENCY]
        for s in shocks
    )
    assert float(low.sel(time=2080)) < 0.1
    assert float(high.sel(time=2080)) > 0.9


def test_with_little_displacement_and_slow_politics_stringency_oscillates():
    # A delayed balancing loop: the period grows with the sum of the delays (16 and 21 years).
    slopes = {
        f"{name} restriction slope": 1.2
        for name in ("work", "family", "humanitarian", "temporary", "special")
    }
    settings = STATIONARY | slopes | {
        "weight of flows": 20.0, "weight of apprehensions": 0.0,
        "response to irregular migration": 25.0, BLOCKED: 0.05,
        "irregular return rate": 0.6, "procedural friction slope": 0.8,
    }  # fmt: skip
    periods = []
    for perception, adjustment in ((6.0, 4.0), (8.0, 6.0)):
        delays = {"problem perception time": perception, "policy adjustment time": adjustment}
        run = simulate(parameters=settings | delays, outputs=[STRINGENCY], stop=2150, saveper=0.25)
        late = run[STRINGENCY].sel(time=slice(2070, 2150)).values
        assert late.max() - late.min() > 0.4
        periods.append(period(run[STRINGENCY].values, run["time"].values))
    assert 14.0 < periods[0] < 18.0
    assert 19.0 < periods[1] < 23.0
    calm = settings | {"response to irregular migration": 12.0, BLOCKED: 0.25,
                       "problem perception time": 6.0, "policy adjustment time": 4.0}  # fmt: skip
    late = simulate(parameters=calm, outputs=[STRINGENCY], stop=2150)[STRINGENCY].values[-80:]
    assert late.max() - late.min() < 0.1


def test_opening_works_faster_than_closing():
    # Czaika and de Haas (2017): adjustment is slow when visas are introduced, fast when they go.
    # With arrivals a and departures d per head the stock has the time constant 1/d, and d falls
    # when doors close: d = 0.03 (1 - 0.8 closure) + 1/75.
    quiet = {
        "network strength": 0.0, "job saturation": 0.0, "demand to migrate": 3e5,
        "irregular demand weight": 0.0, BLOCKED: 0.0, "initial irregular migrants": 0.0,
    }  # fmt: skip
    halfway = {}
    for before, after in ((0.45, 0.9), (0.9, 0.45)):
        law = {"times": [2000, 2300], "values": [before, after], "between": "step"}
        run = simulate(parameters=quiet | {STRINGENCY: law}, stop=2600, outputs=[LEGAL, "closure"])
        stock = run[LEGAL].values[300:]
        left = np.abs(stock - stock[-1]) / abs(stock[0] - stock[-1])
        halfway[after] = int(np.argmax(left < 0.5))
        departure = 0.03 * (1.0 - 0.8 * float(run["closure"][-1])) + 1.0 / 75.0
        assert halfway[after] == pytest.approx(np.log(2.0) / departure, rel=0.08)
    assert halfway[0.45] < 0.8 * halfway[0.9]


def test_a_stop_of_guest_workers_does_not_shrink_the_population_of_foreign_origin():
    # West Germany stopped recruitment in November 1973; foreign residents were 3.97 million that
    # year, 4.09 in 1975, 3.95 in 1977 (federal statistics, German History in Documents and Images).
    settings = {
        "initial natives": 58e6, "initial legal migrants": 7e5, "initial second generation": 1e5,
        "initial irregular migrants": 5e3, "initial origin pool": 60e6, STRINGENCY: 0.45,
        "base propensity to move": 0.005, "legal return rate": 0.12,
        "work demand weight": 0.5, "family demand weight": 0.3, "humanitarian demand weight": 0.02,
        "temporary demand weight": 0.15, "irregular demand weight": 0.02,
    } | {
        f"lever {name}": {"value": 1.0, "from": 1973}
        for name in ("quota", "seasonal", "tourism and health", "education")
    }  # fmt: skip
    stop, legal = {}, {}
    for kept in (0.85, 0.0):
        run = simulate(
            parameters=settings | {"effect of closure on legal return": kept},
            start=1961, stop=1989, outputs=[LEGAL, "second generation", "work admissions"],
        )  # fmt: skip
        assert float(run["work admissions"].sel(time=1974)) == 0.0
        origin = run[LEGAL] + run["second generation"]
        stop[kept] = (origin / origin.sel(time=1973)).sel(time=slice(1973, 1981)).values
        legal[kept] = float(run[LEGAL].sel(time=1985) / run[LEGAL].sel(time=1973))
    assert stop[0.85].min() > 0.95
    assert stop[0.85][-1] > 1.0
    # With the way back open workers would have gone home: the record needs the one-way door.
    assert legal[0.0] < 1.0 < legal[0.85]


def test_the_european_shortfall_is_of_the_order_of_a_million_people_a_year():
    # UN World Population Prospects 2024: EU-27 births minus deaths were -1.12 million in 2023.
    settings = {"native fertility": 1.5, "initial natives": 415e6, "initial legal migrants": 30e6,
                "initial irregular migrants": 5e6, "initial second generation": 20e6}  # fmt: skip
    shortfall = simulate(parameters=settings, outputs=["natural decrease"])["natural decrease"]
    assert 0.5e6 < float(shortfall.min()) < 1.12e6 * 1.1
    assert float(shortfall.max()) < 2e6


def test_above_replacement_there_is_no_demographic_pull():
    # Kazakhstan: fertility 2.67 in 2013, 3.01 in 2023 (UN World Population Prospects 2024).
    settings = {"native fertility": 2.7, "origin fertility at start": 2.7,
                "origin fertility in the long run": 2.7}  # fmt: skip
    run = simulate(parameters=settings, outputs=["demographic shortfall"])
    assert run["demographic shortfall"].values.max() == 0.0


@pytest.mark.slow
def test_no_sign_of_influence_on_the_irregular_stock_flips_within_a_fifth():
    fixed = {"smallest population", "smallest weight", "one attempt a year"}
    names = [p.name for p in MODEL.parameters
             if p.value != 0.0 and p.name not in fixed and p.limits[0] != p.limits[1]
             and p.limits[0] is not None and p.limits[1] is not None
             and not p.name.startswith("initial")]  # fmt: skip
    factors = (0.8, 0.9, 1.1, 1.2)
    values = {
        name: np.array([MODEL.find(name).value * (f if name == other else 1.0)
                        for other in names for f in factors])
        for name in names
    }  # fmt: skip
    run = simulate(parameters=values, stop=2050, outputs=[IRREGULAR])
    base = float(simulate(stop=2050, outputs=[IRREGULAR])[IRREGULAR][-1])
    change = (run[IRREGULAR].values[:, -1] - base).reshape(len(names), 4) / base
    signs = np.sign(np.round(change, 9)) * np.sign(np.array(factors) - 1.0)
    flipping = [n for n, s in zip(names, signs, strict=True) if len(set(s) - {0.0}) > 1]
    # Near replacement the shortfall of births ends, and with it the demographic pull on policy.
    assert flipping == ["native fertility", "age structure effect on births"]
    assert (np.abs(change).max(axis=1) > 0.01).sum() > 30
