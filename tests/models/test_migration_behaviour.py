"""What each scenario of the migration policy model does: the windows that its card states.

Where a test names a published finding, the citation stands beside it.
"""

from __future__ import annotations

import numpy as np

from loopscope import models

MODEL = models.load("migration_policy")
IRREGULAR, LEGAL = "irregular migrants", "legal migrants"
SHARE, STRINGENCY = "irregular share of migrants", "policy stringency"
ENFORCEMENT = "border and interior enforcement"
RETURN_LOSS = "effect of enforcement on irregular return"


def simulate(scenario=None, **arguments):
    run = models.simulate(MODEL, scenario=scenario, **arguments)
    assert (run["status"].values == "ok").all()
    return run.drop_vars("status")


def against_base(scenario, variable, years):
    base, run = simulate("base", outputs=[variable]), simulate(scenario, outputs=[variable])
    return (run / base)[variable].sel(time=list(years)).values


def test_the_base_run_grows_slowly_while_stringency_creeps_up():
    run = simulate("base", outputs=[LEGAL, IRREGULAR, STRINGENCY])
    legal, stringency = run[LEGAL].values, run[STRINGENCY].values
    assert (np.diff(legal) > 0.0).all()
    assert 1.5 < legal[-1] / legal[0] < 2.0
    assert abs(stringency[:21] - 0.45).max() < 0.03
    assert (np.diff(stringency[15:]) > 0.0).all()
    assert 0.7 < stringency[-1] < 0.8
    assert 1.7 < run[IRREGULAR].values[-1] / run[IRREGULAR].values[0] < 2.2


def test_tightening_halves_legal_admissions_but_not_the_inflow():
    assert 0.86 < float(simulate("tightening")[STRINGENCY].sel(time=2020)) < 0.94
    legal = against_base("tightening", "legal admissions", [2020, 2030, 2050])
    inflow = against_base("tightening", "total inflow", [2020, 2030, 2050])
    assert (legal < 0.5).all()
    assert (inflow > 0.55).all()
    assert (inflow > 1.25 * legal).all()


def test_tightening_raises_the_irregular_share_by_half():
    share = against_base("tightening", SHARE, range(2012, 2101))
    assert (share > 1.0).all()
    assert share[-51:].min() > 1.45
    assert share.max() > 1.5


def test_a_border_build_up_cuts_entries_and_raises_the_irregular_stock():
    entries = against_base("border build-up", "irregular entries", range(2014, 2061))
    assert 0.72 <= entries.min() <= entries.max() <= 0.85
    stock = against_base("border build-up", IRREGULAR, [2020, 2030, 2050])
    assert (stock > 1.05).all()
    assert (np.diff(stock) > 0.0).all()


def test_without_the_settlement_trap_a_border_build_up_lowers_the_stock():
    outputs = [IRREGULAR]
    loose = simulate(parameters={RETURN_LOSS: 0.0}, outputs=outputs)
    tight = simulate("border build-up", parameters={RETURN_LOSS: 0.0}, outputs=outputs)
    assert float((tight / loose)[IRREGULAR].sel(time=2050)) < 0.8


def test_open_doors_end_irregularity_and_let_migration_grow_along_an_s_curve():
    run = simulate("open doors", stop=2200, outputs=[SHARE, LEGAL, "migrant share"])
    assert float(run[SHARE].sel(time=2025)) < 0.01
    growth = np.diff(run[LEGAL].values)[10:]
    fastest = 2010 + int(growth.argmax())
    assert 2025 < fastest < 2060
    assert growth[-1] < 0.05 * growth.max()
    # Job saturation would stop arrivals at 0.05 + 1/2.5; returns and deaths stop growth earlier.
    assert 0.15 < float(run["migrant share"][-1]) < 0.25


def test_without_job_saturation_the_curve_of_open_doors_does_not_bend():
    free = simulate("open doors", parameters={"job saturation": 0.0}, stop=2200, outputs=[LEGAL])
    bound = simulate("open doors", stop=2200, outputs=[LEGAL])
    assert float(free[LEGAL][-1]) > 1.5 * float(bound[LEGAL][-1])


def test_employer_verification_works_first_and_fades_later():
    # PPIC (Lofstrom, Bohn and Raphael 2011): the Arizona law of 2007 cut irregular residents of
    # working age by 17 % within two years.
    stock = simulate("employer verification", outputs=[IRREGULAR])[IRREGULAR]
    before = float(stock.sel(time=2010))
    assert 0.75 < float(stock.sel(time=2012)) / before < 0.9
    lowest = int(stock["time"][stock.argmin("time")])
    assert 2016 <= lowest <= 2022
    assert float(stock.sel(time=2030)) > 1.1 * float(stock.min())
    assert against_base("employer verification", IRREGULAR, [2050])[0] < 0.7


def test_forgery_and_lobby_cost_verification_part_of_its_effect():
    loops = {"forgery response to security": 0.0, "lobby erosion of verification": 0.0}
    kept = []
    for settings in ({}, loops):
        base = simulate(parameters=settings, outputs=[IRREGULAR])
        run = simulate("employer verification", parameters=settings, outputs=[IRREGULAR])
        kept.append(float((run / base)[IRREGULAR].sel(time=2030)))
    assert kept[0] > kept[1] + 0.1


def test_amnesties_every_five_years_give_a_rising_saw_tooth_and_more_legal_migrants():
    stock = simulate("amnesty cycles", outputs=[IRREGULAR])[IRREGULAR]
    tops = stock.sel(time=np.arange(2015, 2100, 5)).values
    lows = stock.sel(time=np.arange(2016, 2101, 5)).values
    assert (lows < 0.75 * tops).all()
    assert (np.diff(tops) > 0.0).all()
    assert 1.15 < against_base("amnesty cycles", LEGAL, [2060])[0] < 1.35


def test_without_amnesty_pull_the_peaks_of_the_saw_tooth_are_lower():
    pulled, plain = (
        simulate("amnesty cycles", parameters=p, outputs=[IRREGULAR]).sel(time=2050)[IRREGULAR]
        for p in ({}, {"amnesty pull": 0.0})
    )
    assert float(plain) < 0.85 * float(pulled)


def test_amnesties_decided_inside_the_model_come_in_cycles():
    # Windows close when the backlog is cleared and the public tires, and open again years later.
    run = simulate(parameters={"amnesty politics switch": 1.0}, saveper=0.25)
    window, times = run["amnesty window"].values, run["time"].values
    opened = times[1:][(window[1:] > 0.5) & (window[:-1] <= 0.5)]
    assert len(opened) >= 6
    assert 7.0 < np.diff(opened).min() <= np.diff(opened).max() < 11.0
    assert (simulate()["amnesty window"].values == 0.0).all()


def test_a_public_that_tires_more_waits_longer_between_amnesties():
    weights = np.array([0.0, 1.5, 3.0])
    settings = {"amnesty politics switch": 1.0, "amnesty fatigue weight": weights}
    run = simulate(parameters=settings, outputs=["amnesty window"], saveper=0.25)
    window = run["amnesty window"].values
    share_open = (window > 0.5).mean(axis=1)
    assert (np.diff(share_open) < 0.0).all()


def test_one_legalisation_cuts_the_stock_sharply_and_is_outgrown_within_twenty_years():
    # Orrenius and Zavodny (2003) find no lasting change of irregular migration after IRCA.
    run = simulate("one-off legalisation", outputs=[IRREGULAR])[IRREGULAR]
    never = simulate(
        "one-off legalisation", parameters={"lever amnesty": 0.0}, outputs=[IRREGULAR]
    )[IRREGULAR]
    before = float(run.sel(time=2010))
    assert float(run.sel(time=2012)) < 0.7 * before
    later = run["time"].values[(run >= before).values & (run["time"].values > 2012)]
    assert 8 <= later[0] - 2010 <= 15
    above = run["time"].values[(run > never).values & (run["time"].values > 2012)]
    assert 15 <= above[0] - 2010 <= 20


def test_without_civil_liberties_enforcement_is_higher_and_entries_are_lower():
    years = [2025, 2050, 2100]
    assert (against_base("rights-free control", ENFORCEMENT, years) > 1.2).all()
    entries = against_base("rights-free control", "irregular entries", years)
    assert (entries < 0.99).all()
    assert (np.diff(entries) < 0.0).all()


def test_a_panic_is_forgotten_at_base_gains():
    base = simulate("base", outputs=[STRINGENCY])[STRINGENCY]
    panic = simulate("security panic", outputs=[STRINGENCY])[STRINGENCY]
    gap = (panic - base).values
    assert gap[15] > 0.25
    assert np.abs(gap[30:]).max() < 0.01


def test_better_documents_win_little_against_a_leap_of_forgery():
    names = ["document security", "forgery capability", "document route success"]
    run = simulate("forgery leap", outputs=names)
    without = simulate(parameters={"growth of forgery methods": 0.03}, outputs=names)
    assert (np.diff(run["document security"].values[30:]) > 0.0).all()
    assert (np.diff(run["forgery capability"].values[30:]) > 0.0).all()
    won = (without - run)["document route success"].sel(time=[2040, 2060, 2100]).values
    assert (won > 0.0).all()
    assert won.max() < 0.08
    assert float(run["document security"][-1]) > 1.6 * float(without["document security"][-1])
    lost = run["document route success"].sel(time=2100) - run["document route success"].sel(
        time=2040
    )
    assert float(lost) > won.max()


def test_lobby_capture_widens_the_gap_between_law_and_its_enforcement():
    base, run = (
        simulate(name, outputs=[STRINGENCY, ENFORCEMENT]) for name in ("base", "lobby capture")
    )
    law = (run / base)[STRINGENCY].sel(time=[2030, 2050, 2100]).values
    enforcement = (run / base)[ENFORCEMENT].sel(time=[2030, 2050, 2100]).values
    assert (law > 0.9).all()
    assert (enforcement < 0.9).all()
    gap = (run[STRINGENCY] - run[ENFORCEMENT]) - (base[STRINGENCY] - base[ENFORCEMENT])
    assert (gap.sel(time=slice(2015, 2100)) > 0.02).all()
    assert against_base("lobby capture", "irregular entries", [2050])[0] > 1.02


def test_cheap_communication_brings_growth_forward_and_irregularity_most():
    legal = against_base("cheap communication", LEGAL, [2020, 2050, 2100])
    irregular = against_base("cheap communication", IRREGULAR, [2020, 2050, 2100])
    assert (np.diff(legal) > 0.0).all()
    assert legal[1] > 1.1
    assert legal[2] > 1.3
    assert (irregular > legal).all()
