"""Units: how their texts are read, and where equations contradict them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import models
from loopscope.models.unit_names import UnitNames, UnitTextError

CLOCK = """
INITIAL TIME = 0 ~ {0} ~ |
FINAL TIME = 10 ~ {0} ~ |
TIME STEP = 1 ~ {0} ~ |
SAVEPER = TIME STEP ~ {0} ~ |
"""


@pytest.fixture
def units_of(tmp_path):
    """The findings on a Vensim text, as (level, kind, variable, what)."""

    def check(text, time="year"):
        path = tmp_path / "m.mdl"
        path.write_text("{UTF-8}\n" + text + CLOCK.format(time), encoding="utf-8")
        return [
            (f.level, f.kind, f.variable, f.what) for f in models.check_units(models.load(path))
        ]

    return check


def only(found):
    (finding,) = found
    return finding


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("people", "Person"),
        ("persons", "capita"),
        ("$/widget", "Dollars/Widgets"),
        ("dmnl", "1"),
        ("policy index", "Dimensionless"),
        ("people/(year*km2)", "Persons/Years/km^2"),
        ("people per year", "people/yr"),
        ("children/woman", "Child/Women"),
        ("ton_of_ore", "tons of ore"),
        ("person-years", "people*year"),
        ("1/year", "year^-1"),
        ("square km", "km**2"),
        ("boxes", "box"),
        ("companies", "Company"),
        ("houses", "house"),
    ],
)
def test_texts_that_mean_one_unit(one, other):
    names = UnitNames()
    assert names.read(one) == names.read(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("widget", "gadget"), ("bus", "bu"), ("people", "people/year"), ("child", "people")],
)
def test_texts_that_mean_different_things(one, other):
    names = UnitNames()
    assert names.factor(names.read(one), names.read(other)) is None


@pytest.mark.parametrize(
    ("one", "other", "factor"),
    [
        ("year", "month", 12),
        ("week", "day", 7),
        ("fraction", "percent", 100),
        ("million people", "person", 1e6),
        ("km2", "hectare", 100),
        ("kWh", "joule", 3.6e6),  # definition of the watt-hour: 3600 watt-seconds
    ],
)
def test_units_of_one_thing_convert(one, other, factor):
    names = UnitNames()
    assert names.factor(names.read(one), names.read(other)) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["people/", "(a", "a)", "?", "a//b", "^2", "a^b", "-", "a*(b", "()", "0 people", "/ a"]
)
def test_a_text_that_is_no_unit_is_refused(text):
    with pytest.raises(UnitTextError):
        UnitNames().read(text)


@given(st.text(alphabet="ab12 */^()-%$._", max_size=12))
@settings(max_examples=50, deadline=None)
def test_any_text_is_read_or_refused_and_what_is_read_can_be_written(text):
    names = UnitNames()
    try:
        unit = names.read(text)
    except UnitTextError:
        return
    assert names.factor(unit, names.read(names.text(unit))) is not None


def test_consistent_equations_have_no_finding(units_of):
    text = """
    stock = INTEG(births - deaths, start) ~ people ~ |
    start = 5 ~ Person ~ |
    births = stock * rate * MAX(0, 1 - stock / capacity) ~ people/year ~ |
    deaths = DELAY3(births, life) ~ persons/year ~ |
    seen = SMOOTH(deaths, 5) ~ people/year ~ |
    power = (stock / capacity) ^ shape + EXP(-Time / life) ~ index ~ |
    shock = STEP(rate, 3) + RAMP(rate / life, 3, 5) + PULSE(2, 1) * rate ~ 1/year ~ |
    spread = SQRT(stock * stock) ~ people ~ |
    table([(0,0)-(9,9)],(0,0),(9,9)) ~ people ~ |
    looked = table(Time) + ZIDZ(stock, power) ~ people ~ |
    rate = 0.1 ~ 1/year ~ |
    capacity = 9 ~ people ~ |
    life = 60 ~ years ~ |
    shape = 2 ~ dmnl ~ |
    """
    assert units_of(text) == []


@pytest.mark.parametrize(
    ("equation", "unit", "kind", "part"),
    [
        ("p * r", "people", "mismatch", "p * r is in people/year; the unit of 'x' is people"),
        ("p + r", "", "mismatch", "r is in 1/year, p is in people; what is added is of one unit"),
        ("EXP(p)", "", "mismatch", "p is in people; EXP takes a pure number"),
        ("MAX(p, r)", "", "mismatch", "MAX takes arguments of one unit"),
        ("IF THEN ELSE(p > 0, p, r)", "", "mismatch", "both branches of an IF are of one unit"),
        ("IF THEN ELSE(p > r, 1, 0)", "", "mismatch", "what is compared is of one unit"),
        ("r ^ d", "", "mismatch", "what a variable exponent raises is a pure number"),
        ("d ^ p", "", "mismatch", "an exponent is a pure number"),
        ("STEP(d, p)", "", "mismatch", "p is in people; STEP takes a time in year"),
        ("SMOOTH(p, d)", "", "mismatch", "d is in dmnl; SMOOTH takes a time in year"),
        ("SMOOTHI(p, y, r)", "", "mismatch", "SMOOTH starts in the unit of its input"),
        ("TREND(p, y, 0)", "dmnl", "mismatch", "is in 1/year; the unit of 'x' is dmnl"),
        ("XIDZ(p, r, d)", "", "mismatch", "XIDZ gives one unit in both cases"),
        ("RAMP(p, 0, 9)", "people", "mismatch", "people*year; the unit of 'x' is people"),
        ("MODULO(p, y)", "", "mismatch", "MODULO takes arguments of one unit"),
        ("DELAY FIXED(p, m, p)", "people", "scale", "a factor of 0.08333"),
        ("p / m", "people/year", "scale", "people/month; the unit of 'x' is people/year"),
        ("p / y", "people/month", "scale", "(a factor of 0.08333)"),
    ],
)
def test_a_contradiction_is_wrong_and_says_where(units_of, equation, unit, kind, part):
    text = f"""
    x = {equation} ~ {unit} ~ |
    p = 1 ~ people ~ |
    r = 1 ~ 1/year ~ |
    d = 1 ~ dmnl ~ |
    y = 1 ~ year ~ |
    m = 1 ~ month ~ |
    """
    found = [one for one in units_of(text) if one[1] != "missing"]
    level, given_kind, variable, what = only(found)
    assert (level, given_kind, variable) == ("wrong", kind, "x")
    assert part in what


def test_a_finding_names_both_units_and_the_part_at_fault(tmp_path):
    path = tmp_path / "m.mdl"
    text = "{UTF-8}\nx = 2 * EXP(p / q) ~ dmnl ~|\np = 1 ~ people ~|\nq = 1 ~ people/km2 ~|\n"
    path.write_text(text + CLOCK.format("year"))
    finding = only(models.check_units(models.load(path)))
    assert finding.equation == "2 * EXP(p / q)"
    assert finding.expression == "EXP(p / q)"
    assert (finding.found, finding.expected) == ("km^2", "dmnl")


def test_a_stock_is_compared_with_its_rate_and_its_start(units_of):
    text = "s = INTEG(f, g) ~ people ~|\nf = 1 ~ people ~|\ng = 1 ~ people/year ~|\n"
    assert [what for *_, what in units_of(text)] == [
        "f is in people; the unit of 's' over time is people/year",
        "g is in people/year; the unit of 's', which starts there is people",
    ]


@pytest.mark.parametrize("equation", ["p + 3", "MAX(p, 1)", "IF THEN ELSE(p > 5, p, 0)"])
def test_a_number_where_a_unit_is_needed_is_a_remark(units_of, equation):
    text = f"x = {equation} ~ people ~|\np = 1 ~ people ~|\n"
    level, kind, variable, what = only(units_of(text))
    assert (level, kind, variable) == ("remark", "number", "x")
    assert "is a number without a unit" in what


@pytest.mark.parametrize(
    ("equation", "unit"),
    [
        ("p * 12", "people/year"),  # p is in people/month
        ("12 * (p + s)", "people/year"),
        ("p * 365 / 7", "people*week/(month*day)"),  # any number: the units agree already
        ("100 * p / (p + p)", "percent"),
        ("p * q / 100", "people/month"),
        ("p * (1 - q / 100)", "people/month"),
        ("p * (100 - q)", "people*percent/month"),
        ("0 * p", "km2"),
        ("MAX(p, 0)", "people/month"),
    ],
)
def test_numbers_that_convert_and_zeros_are_accepted(units_of, equation, unit):
    text = f"x = {equation} ~ {unit} ~|\np = 1 ~ people/month ~|\ns = p ~ people/month ~|\n"
    text += "q = 1 ~ percent ~|\n"
    found = [] if unit != "people*week/(month*day)" else ["scale"]
    assert [kind for _, kind, *_ in units_of(text)] == found


def test_percent_and_fraction_mixed_is_a_remark(units_of):
    text = "x = p * q ~ people ~|\np = 1 ~ people ~|\nq = 3 ~ percent ~|\n"
    assert only(units_of(text))[:2] == ("remark", "scale")


def test_a_number_that_converts_the_wrong_way_is_found(units_of):
    text = "x = p / 12 ~ people/year ~|\np = 1 ~ people/month ~|\n"
    assert only(units_of(text))[:3] == ("wrong", "scale", "x")


def test_a_unit_that_cannot_be_read_is_named(units_of):
    level, kind, variable, what = only(units_of("x = 1 ~ people// ~|\ny = x ~ km ~|\n"))
    assert (level, kind, variable) == ("wrong", "unreadable", "x")
    assert "'people//'" in what


def test_missing_units_are_one_remark_however_many(units_of):
    text = "".join(f"a{n} = {n + 2} * Time ~ ~|\n" for n in range(20)) + "b = 1 ~ people ~|\n"
    level, kind, variable, what = only(units_of(text))
    assert (level, kind, variable) == ("remark", "missing", "")
    assert what.startswith("20 variables without a unit")
    assert what.endswith("a7 +12 more")


def test_a_model_without_units_has_one_remark(units_of):
    text = "".join(f"a{n} = {n} ~ ~|\n" for n in range(20))
    assert only(units_of(text))[3] == "no variable has a unit, so dimensions were not checked"


def test_a_clash_inside_is_told_once_and_not_again_around_it(units_of):
    text = "x = 3 * (p + r) / y ~ km ~|\np = 1 ~ a ~|\nr = 1 ~ b ~|\ny = 1 ~ c ~|\n"
    assert len(units_of(text)) == 1


def test_what_cancels_hides_a_clash_and_makes_none(units_of):
    # As the docstring of the module says: x - x and EXP(LN(x)) are gone before the check.
    text = """
    a = (p - p) * r + d ~ dmnl ~|
    b = EXP(LN(p)) ~ people ~|
    c = 2 * p + 3 * p ~ people ~|
    e = p / p + d ~ dmnl ~|
    p = 1 ~ people ~|
    r = 1 ~ km ~|
    d = 1 ~ dmnl ~|
    """
    assert units_of(text) == []


def test_what_a_vensim_file_says_of_its_units_holds(tmp_path):
    path = tmp_path / "m.mdl"
    text = "{UTF-8}\nx = p + q ~ human ~|\np = 1 ~ Person ~|\nq = 1 ~ gizmo ~|\n"
    settings = "\\\\\\---/// Sketch\n///---\\\\\\\n22:human,Person,People\n22:gizmo,Human\n"
    path.write_text(text + CLOCK.format("year") + settings)
    assert models.check_units(models.load(path)) == ()


def test_what_an_xmile_file_says_of_its_units_holds():
    # As <model_units> does: an alias, a unit by its equation, one that is no unit, and a circle.
    names = UnitNames(
        [
            ("flow rate", "people/year"),
            ("pace", "flow rate"),
            ("bad", "a//"),
            ("u", "v"),
            ("v", "u"),
        ]
    )
    assert names.read("pace") == names.read("people/year")
    assert names.factor(names.read("u"), names.read("v")) == 1
    assert names.factor(names.read("bad"), names.pure) is None


def test_units_of_xmile_are_checked_with_its_time_unit(tmp_path):
    path = tmp_path / "m.xmile"
    path.write_text(
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
        '<header><product version="1">x</product><vendor>x</vendor></header>'
        '<sim_specs time_units="Months"><start>0</start><stop>9</stop><dt>1</dt></sim_specs>'
        '<model_units><unit name="souls"><eqn>people</eqn><alias>head</alias></unit></model_units>'
        '<model><variables><stock name="s"><eqn>9</eqn><outflow>f</outflow>'
        "<units>heads</units></stock>"
        '<flow name="f"><eqn>s/t</eqn><units>souls/year</units></flow>'
        '<aux name="t"><eqn>3</eqn><units>years</units></aux></variables></model></xmile>'
    )
    finding = only(models.check_units(models.load(path)))
    assert (finding.variable, finding.kind) == ("s", "scale")
    assert math.isclose(float(finding.what.rpartition("factor of ")[2].rstrip(")")), 0.08333)


@given(
    st.lists(st.sampled_from(["a", "b", "c", "a*b", "a/c", "1/b"]), min_size=2, max_size=4),
    st.integers(1, 3),
)
@settings(max_examples=12, deadline=None)
def test_products_of_units_follow_the_product_of_equations(tmp_path_factory, words, power):
    # unit(product of x_i ** n) = product of unit(x_i) ** n, whatever sympy makes of the equation.
    path = tmp_path_factory.mktemp("m") / "m.mdl"
    lines = "".join(f"x{n} = {n + 2} ~ {word} ~|\n" for n, word in enumerate(words))
    product = "*".join(f"x{n}^{power}" for n in range(len(words)))
    unit = "*".join(f"({word})^{power}" for word in words)
    path.write_text("{UTF-8}\n" + lines + f"y = {product} ~ {unit} ~|\n" + CLOCK.format("year"))
    assert models.check_units(models.load(path)) == ()
    path.write_text("{UTF-8}\n" + lines + f"y = {product} ~ {unit}*d ~|\n" + CLOCK.format("year"))
    assert [f.kind for f in models.check_units(models.load(path))] == ["mismatch"]


def test_a_conversion_that_sympy_multiplies_with_a_number_is_not_seen(units_of):
    # 12 * (p + p) is 24 * p: the other side of what the docstring says.
    text = "x = 12 * (p + p) ~ people/year ~|\np = 1 ~ people/month ~|\n"
    assert only(units_of(text))[:2] == ("wrong", "scale")


def test_the_library_model_has_no_finding():
    assert models.check_units(models.load("migration_policy")) == ()
