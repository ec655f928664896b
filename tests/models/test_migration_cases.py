"""The European Union, Kazakhstan and West Germany against the record, good points and bad.

Series and settings, each with its source, stand in ``cases.toml``; the card of the model says in
words what these tests hold in numbers.  The United States have a file of their own.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from loopscope import models

MODEL = models.load("migration_policy")
CASES = models.cases(MODEL.path)
NAMES = ["eu27", "kazakhstan", "west germany"]
STATIONARY = {"age structure effect on births": 1.0, "age structure effect on deaths": 1.0}


def simulated(case, settings=None, **options):
    run = models.simulate(MODEL, case=case, parameters=settings, **options)
    assert str(run["status"].item()) == "ok"
    return run


@cache
def run(case):
    return simulated(case, saveper=0.0625)


def observed(case, variable, series=None):
    return next(
        one
        for one in CASES[case].observed
        if one.variable == variable and series in (None, one.series)
    )


def errors(case, variable, series=None, of=None):
    one = observed(case, variable, series)
    result = run(case) if of is None else of
    modelled = np.interp(one.times, result["time"].values, result[variable].values)
    return modelled - np.array(one.values)


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values))))


def at(result, variable, year):
    return float(result[variable].sel(time=year))


# ---- What every case must have ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_case_runs_over_its_whole_span_with_finite_values(name):
    result = run(name)
    assert float(result["time"][0]) == CASES[name].start
    assert float(result["time"][-1]) == CASES[name].stop
    assert all(np.isfinite(result[v.name].values).all() for v in MODEL if v.name in result)


@pytest.mark.parametrize("name", NAMES)
def test_people_are_conserved_in_a_case_whatever_modules_are_on(name):
    # Births, deaths and transit across the frontier are all that changes the sum: 1e-9, relative.
    assert np.abs(run(name)["conservation check"].values - 1.0).max() < 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_and_every_series_names_its_source(name):
    case = CASES[name]
    assert [key for key, setting in case.settings.items() if not setting.source] == []
    assert [one.variable for one in case.observed if not one.source] == []
    assert case.fit.strip()


@pytest.mark.parametrize("name", NAMES)
def test_every_series_is_in_the_unit_of_its_variable_and_inside_the_span(name):
    case = CASES[name]
    for one in case.observed:
        assert one.unit == MODEL.find(one.variable).units, one.variable
        assert case.start <= one.times[0] <= one.times[-1] <= case.stop, one.series


@pytest.mark.parametrize("name", NAMES)
def test_what_a_fit_may_move_is_named_with_a_reason_and_lies_off_the_bounds(name):
    case = CASES[name]
    limits = {parameter.name: parameter.limits for parameter in MODEL.parameters}
    assert 3 <= len(case.free) <= 7
    for one in case.free:
        low, high = limits[one.name]
        low = low if one.low is None else one.low
        high = high if one.high is None else one.high
        assert limits[one.name][0] <= low < high <= limits[one.name][1], one.name
        margin = 0.01 * (high - low)
        assert low + margin < case.settings[one.name].value < high - margin, one.name
        assert one.why.endswith("."), one.name


@pytest.mark.parametrize("name", NAMES)
def test_the_paths_of_a_case_stay_inside_the_ranges_of_the_model(name):
    case = CASES[name]
    clock = np.linspace(case.start, case.stop, 500)
    for parameter in MODEL.parameters:
        setting = case.settings.get(parameter.name)
        if hasattr(setting, "at"):
            low, high = parameter.limits
            values = setting.at(clock, parameter.value)
            assert low <= values.min() <= values.max() <= high, parameter.name


@pytest.mark.parametrize("name", ["eu27", "kazakhstan"])
def test_given_births_and_deaths_arrive_in_the_model(name):
    # Two factors carry the age structure (UN World Population Prospects 2024); what is left is
    # that migrants have more children than natives: 2 % of the births at the most.
    gaps = errors(name, "natural decrease", "UN estimate")
    births = run(name)["births of residents"].values
    assert np.abs(gaps).max() < 0.02 * births.max()


@pytest.mark.parametrize(("name", "worse"), [("eu27", 1.3e6), ("kazakhstan", 0.14e6)])
def test_no_path_of_life_expectancy_makes_up_for_the_missing_age_structure(name, worse):
    # Natural increase is people / life expectancy x (fertility / 2.1 - 1) without the two
    # factors: its sign hangs on fertility alone, while the young people of 1990 decided the record.
    for settings in ({}, {"life expectancy": 75.0}, {"life expectancy": 90.0}):
        stationary = simulated(name, STATIONARY | settings)
        gaps = errors(name, "natural decrease", "UN estimate", of=stationary)
        assert root_mean_square(gaps) > worse
        assert root_mean_square(gaps) > 50 * root_mean_square(
            errors(name, "natural decrease", "UN estimate")
        )


# ---- The European Union -------------------------------------------------------------------------


@pytest.mark.published
def test_the_population_of_the_union_is_as_recorded_within_two_million():
    # UN World Population Prospects 2024, sum of the 27 members: 420 to 451 million, 1990-2023.
    gaps = errors("eu27", "destination population", "UN estimate")
    assert root_mean_square(gaps) < 2e6
    assert abs(gaps.mean()) < 0.5e6


@pytest.mark.published
def test_entries_exits_and_the_stock_of_migrants_fit_the_union_at_once():
    # Eurostat: 2.4-2.7 million from outside the Union and 1.0-1.2 million to it in 2018-2022;
    # UN DESA 2019 and nearly 37 million born outside the Union on 1 January 2020.
    assert root_mean_square(errors("eu27", "total inflow")) < 0.4e6
    assert root_mean_square(errors("eu27", "departures")) < 0.2e6
    stock = errors("eu27", "total migrants", "UN DESA times 0.672")
    assert root_mean_square(stock) < 1.2e6
    assert np.abs(errors("eu27", "total migrants", "Eurostat, born outside the EU")) < 2.5e6


def test_single_years_of_net_migration_are_not_reproduced():
    # The weak point: the record swings between -0.5 and +1.6 million from year to year.
    gaps = errors("eu27", "net migration", "UN estimate")
    assert abs(gaps.mean()) < 0.1e6
    assert 0.35e6 < root_mean_square(gaps) < 0.55e6


@pytest.mark.published
def test_births_fall_short_of_deaths_by_half_a_million_to_two_million_a_year():
    # UN World Population Prospects 2024: 1.12 million in 2023.  Without the age structure the
    # model has 1.2 to 1.8 million in every year from 1990 on, at a fertility of 1.4 to 1.6.
    assert at(run("eu27"), "natural decrease", 2023) == pytest.approx(1.118e6, rel=0.05)
    stationary = simulated("eu27", STATIONARY)["natural decrease"].values
    assert 0.5e6 < stationary.min() < stationary.max() < 2.0e6


def test_the_model_lets_in_twice_what_the_projection_has_and_still_shrinks():
    # UN medium variant: net migration 0.54-0.58 million a year from 2030 on, 421 million in 2050.
    gaps = errors("eu27", "net migration", "UN projection from 2024")
    assert (gaps > 0.6e6).all()
    assert (gaps < 0.9e6).all()
    result = run("eu27")
    assert at(result, "destination population", 2050) < at(result, "destination population", 2025)
    assert 15e6 < errors("eu27", "destination population", "UN projection from 2024")[-1] < 22e6
    assert at(result, "net migration", 2050) < 0.7 * at(result, "natural decrease", 2050)


def test_the_shortfall_of_births_turns_policy_in_the_thirties():
    # Loop B4: law tightens while the migrant share grows, and eases when the shortfall is seen.
    with_relief = run("eu27")["policy stringency"]
    assert 2030 < float(with_relief.idxmax()) < 2045
    without = simulated("eu27", {"response to demographic shortfall": 0.0})["policy stringency"]
    assert float(without.sel(time=2050)) > float(with_relief.sel(time=2050)) + 0.04


def test_communication_on_record_carries_the_growth_of_migration():
    # With communication as in 1990 the stock of 2020 would be a fifth too low.
    without = simulated("eu27", {"communication ease": 1.0})
    assert at(without, "total migrants", 2020) < 0.85 * at(run("eu27"), "total migrants", 2020)


def test_the_support_ratio_falls_too_early_and_too_little():
    # UN World Population Prospects 2019, sum of 27: 4.43 in 1990, 2.84 in 2020, 1.65 in 2050;
    # with the border at 75 11.2, 7.09 and 3.56.  Age groups of 45 years mix the small cohorts of
    # the wars with the large ones after them.
    result = run("eu27")
    assert at(result, "support ratio", 1990) == pytest.approx(4.431, rel=0.005)
    assert at(result, "support ratio at 75", 1990) == pytest.approx(11.192, rel=0.005)
    assert at(result, "support ratio", 2020) < 0.95 * 2.84
    assert 1.1 * 1.654 < at(result, "support ratio", 2050) < 1.35 * 1.654
    assert at(result, "support ratio at 75", 2050) == pytest.approx(3.558, rel=0.2)


# ---- Kazakhstan ---------------------------------------------------------------------------------


@pytest.mark.published
def test_kazakhstan_loses_a_tenth_of_its_people_in_the_nineties_and_wins_a_third_after():
    # UN World Population Prospects 2024: 17.15 million in 1990, 15.50 in 2000, 20.33 in 2023.
    gaps = errors("kazakhstan", "destination population")
    assert root_mean_square(gaps) < 0.2e6
    population = run("kazakhstan")["destination population"]
    assert 1998 < float(population.idxmin()) < 2001


@pytest.mark.published
def test_births_above_replacement_give_no_demographic_pull_from_2004_on():
    # Fertility 2.20 in 2004 and 3.01 in 2023 (UN World Population Prospects 2024), claim C76;
    # emigration made a shortfall in the nineties.
    shortfall = run("kazakhstan")["demographic shortfall"]
    assert float(shortfall.sel(time=slice(2004, 2023)).max()) == 0.0
    assert float(shortfall.sel(time=1996)) > 1.0
    assert float(run("kazakhstan")["native fertility"].sel(time=slice(2004, 2023)).min()) > 2.1


@pytest.mark.published
def test_over_a_million_ethnic_kazakhs_return():
    # Ministry figures: 277,000 (2003), 952,882 (2015), 1,069,500 (2020), 1,107,200 (start of 2023).
    gaps = errors("kazakhstan", "ethnic returns so far")
    assert root_mean_square(gaps) < 0.06e6
    assert np.abs(gaps[1:]).max() < 0.03e6


def test_the_peak_of_ethnic_returns_in_2005_is_missed():
    # 115,000 are on record in 2005: far more than the places of the programme.
    one = observed("kazakhstan", "ethnic return")
    peak = dict(zip(one.times, one.values, strict=True))[2005]
    assert at(run("kazakhstan"), "ethnic return", 2005) < 0.65 * peak


@pytest.mark.published
def test_the_migrant_stock_falls_in_the_nineties_and_then_grows_less_than_the_un_has_it():
    # UN International Migrant Stock 2019: 3.62 million (1990), 2.87 (2000), 3.71 (2019).
    gaps = errors("kazakhstan", "total migrants")
    assert root_mean_square(gaps) < 0.2e6
    assert gaps[2] > 0.1e6
    assert gaps[-1] < -0.3e6


def test_without_the_programme_of_return_a_quarter_of_the_migrants_would_be_missing():
    without = simulated("kazakhstan", {"coethnic switch": 0.0})
    ratio = at(without, "total migrants", 2023) / at(run("kazakhstan"), "total migrants", 2023)
    assert 0.65 < ratio < 0.8


def test_most_irregular_residents_are_stranded_on_their_way():
    # An estimated 300,000 before the legalisation of 2006, of whom above 140,000 were legalised
    # (Institute for War and Peace Reporting).  Transit is an assumption, so this shows the model.
    stranded = at(run("kazakhstan"), "irregular migrants", 2006.5)
    assert 0.2e6 < stranded < 0.35e6
    without = simulated("kazakhstan", {"transit switch": 0.0})
    assert at(without, "irregular migrants", 2006) < 0.35 * stranded


def test_the_legalisation_of_2006_takes_about_as_many_as_on_record():
    amnestied = run("kazakhstan")["amnestied migrants"].values
    assert 0.0625 * amnestied[:-1].sum() == pytest.approx(140e3, rel=0.35)


# ---- West Germany -------------------------------------------------------------------------------


@pytest.mark.published
def test_foreign_residents_of_west_germany_follow_the_record():
    # Federal statistics: 0.69 million (1961), 3.97 (1973), 4.85 (1989).
    gaps = errors("west germany", "foreign origin population")
    assert root_mean_square(gaps) < 0.25e6
    assert abs(gaps.mean()) < 0.1e6


@pytest.mark.published
def test_the_recruitment_stop_makes_no_dip_and_the_old_level_is_passed_within_eight_years():
    # On record 3.97 million in 1973, 4.09 in 1975, 3.95 in 1977, 4.63 in 1981.
    people = run("west germany")["foreign origin population"]
    at_stop = float(people.sel(time=1973.875))
    later = people.sel(time=slice(1974, 1989))
    assert float(later.min()) >= 0.95 * at_stop
    assert float(people.sel(time=1981.875)) > at_stop


def test_the_stop_holds_people_back_through_the_fear_of_not_being_let_in_again():
    # The one-way door (R6b): with no effect of closure on return the stock falls after the stop,
    # with the default of 0.8 it grows to 7 million.
    free = simulated("west germany", {"effect of closure on legal return": 0.0})
    strong = simulated("west germany", {"effect of closure on legal return": 0.8})
    stock = "foreign origin population"
    assert at(free, stock, 1989) < at(free, stock, 1975)
    assert at(strong, stock, 1989) > 1.4 * at(strong, stock, 1975)


def test_without_the_stop_there_would_be_nearly_twice_as_many():
    without = simulated("west germany", {"lever quota": 0.0, "lever seasonal": 0.0})
    stock = "foreign origin population"
    assert 1.5 < at(without, stock, 1989) / at(run("west germany"), stock, 1989) < 2.2


def test_swings_with_the_labour_market_are_missing():
    # 233,000 foreigners more left than came in 1975 (Statistische Umschau 1976); UN net migration
    # for both German states lies between -0.3 and +0.8 million.  The model has no recessions.
    assert at(run("west germany"), "net migration", 1975) > -0.05e6
    assert root_mean_square(errors("west germany", "net migration")) > 0.2e6


def test_migrants_have_the_ages_of_everyone_so_too_few_births_and_too_many_deaths():
    # Statistisches Jahrbuch 1988, table 3.22.1: 95,873 births and 8,991 deaths of foreigners, 1975.
    assert (errors("west germany", "births to legal migrants")[1:] < 0.0).all()
    assert (errors("west germany", "deaths of legal migrants") > 0.0).all()
    assert at(run("west germany"), "deaths of legal migrants", 1975) > 3 * 8991
