"""The reader of claims.toml, and the claims of the migration policy model against the model."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopscope import models
from loopscope.models.claim import ClaimedLink, Claims, Purpose
from loopscope.models.errors import ReadError, UnknownNameError

if TYPE_CHECKING:
    from loopscope.models.model import Model

TANK = """{UTF-8}
water = INTEG(inflow - outflow, 1) ~ litre ~ |
inflow = 2 ~ litre/year ~ |
outflow = water / residence ~ litre/year ~ |
residence = 4 ~ year ~ |
INITIAL TIME = 0 ~ year ~ |
FINAL TIME = 1 ~ year ~ |
TIME STEP = 1 ~ year ~ |
SAVEPER = 1 ~ year ~ |
"""

GOOD = 'id = "C1"\nsays = "Water runs out."\nstatus = "modelled"\n'
LINK = '\n[[claim]]\n{}links = [{{ path = ["water", "outflow"], sign = "+" }}]\n'


@pytest.fixture(scope="module")
def tank(tmp_path_factory) -> Model:
    path = tmp_path_factory.mktemp("claims") / "tank.mdl"
    path.write_text(TANK, encoding="utf-8")
    return models.load(path)


@pytest.fixture
def read(tmp_path):
    """Read the claims of a model from the text of its file."""

    def reading(text: str) -> Claims:
        (tmp_path / "claims.toml").write_text(text, encoding="utf-8")
        return models.claims(tmp_path / "tank.mdl")

    return reading


@cache
def migration() -> tuple[Model, Claims]:
    model = models.load("migration_policy")
    return model, models.claims(model.path).resolved(model)


def test_a_model_without_the_file_has_no_claims(tmp_path, tank):
    found = models.claims(tmp_path / "tank.mdl")
    assert not found
    assert found.claims == found.purposes == found.figures == ()


def test_a_file_of_the_models_own_name_goes_first(tmp_path, read):
    (tmp_path / "tank.claims.toml").write_text(
        LINK.format(GOOD.replace("C1", "own")), encoding="utf-8"
    )
    found = read(LINK.format(GOOD))
    assert [claim.id for claim in found.claims] == ["own"]
    assert found.file == "tank.claims.toml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[[claims]]\n",
            "'claims' is not a known field; there are 'claim', 'purpose' and 'number'",
        ),
        ("claim = 3\n", r"'claim' must be a list of records; write \[\[claim\]\]"),
        ("[[claim]\n", "not readable as TOML"),
        (LINK.format(GOOD + 'sings = "+"\n'), "claim 'C1': sings: not a known field"),
        (LINK.format(GOOD) + LINK.format(GOOD), "two records of 'claim' have the id 'C1'"),
        (LINK.format(GOOD).replace("modelled", "done"), "claim 'C1': status: Input should be"),
        (LINK.format(GOOD).replace('sign = "+"', 'sign = "up"'), "claim 'C1': links.0.sign"),
        (
            LINK.format(GOOD).replace('says = "Water runs out."\n', ""),
            "claim 'C1': says: Field req",
        ),
        (LINK.format(GOOD).replace("modelled", "partly"), "'C1': status 'partly' needs a reason"),
        (
            "[[claim]]\n" + GOOD.replace("modelled", "outside the boundary"),
            "'C1': status 'outside the boundary' needs a reason",
        ),
        ("[[claim]]\n" + GOOD, "'C1': status 'modelled' needs a variable, a link or a loop"),
        ("[[claim]]\n" + GOOD + 'links = [["water", "outflow"]]\n', "a link is { path = "),
        ("[[claim]]\n" + GOOD + 'links = [{ path = ["water"] }]\n', "at least 2 items"),
        (
            "[[claim]]\n" + GOOD + 'links = [{ path = ["water", "Water"] }]\n',
            "'water' stands twice in a path",
        ),
        ('[[purpose]]\nname = "time"\nsentence = "When."\n', "purpose 'time': variables: Field"),
        ('[[claim]]\nid = 3\nsays = "x"\nstatus = "modelled"\n', "claim '3': id: Input should be"),
        ("claim = [3]\n", "claim '3': Input should be"),
        (
            LINK.format(GOOD) + '\n[[number]]\nitem = "n"\nvalue = 1\nclaim = "C11"\nfound = "-"\n',
            "number 'n': no claim 'C11'; did you mean 'C1'",
        ),
        (
            LINK.format(GOOD)
            + '\n[[number]]\nitem = "n"\nvalue = nan\nclaim = "C1"\nfound = "-"\n',
            "number 'n': value: Input should be a finite number",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_file_and_record(read, text, message):
    with pytest.raises(ReadError, match=message) as raised:
        read(text)
    assert str(raised.value).startswith("claims.toml")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (LINK.format(GOOD).replace('"outflow"', '"outflo"'), "claim 'C1'"),
        (LINK.format(GOOD) + 'variables = ["outflo"]\n', "claim 'C1'"),
        (
            '[[purpose]]\nname = "flow"\nsentence = "So."\nvariables = ["outflo"]\n',
            "purpose 'flow'",
        ),
        (
            LINK.format(GOOD) + '\n[[number]]\nitem = "n"\nvalue = 1\nclaim = "C1"\n'
            'variable = "outflo"\nfound = "-"\n',
            "number 'n'",
        ),
    ],
)
def test_a_name_that_the_model_does_not_have_is_told_with_the_nearest(read, tank, text, where):
    with pytest.raises(ReadError, match=f"{where}: tank: .*'outflo'; did you mean 'outflow'"):
        read(text).resolved(tank)


def test_names_are_given_as_the_model_has_them(read, tank):
    found = read(LINK.format(GOOD + 'variables = ["RESIDENCE", "water"]\n')).resolved(tank)
    assert found["c1"].variables == ("residence", "water")
    assert found["C1"].named == ("water", "outflow", "residence")


def test_an_unknown_id_is_told_with_the_nearest(read):
    with pytest.raises(UnknownNameError, match=r"claims.toml: no claim 'C11'; did you mean 'C1'\?"):
        read(LINK.format(GOOD))["C11"]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_uncovered_is_what_no_claim_and_no_purpose_names(tank, data):
    # Every variable is dealt to a link, to a claim's own list, to a purpose, or to nobody.
    names = list(tank.variables)
    dealt = {name: data.draw(st.sampled_from(["link", "own", "purpose", ""])) for name in names}
    linked = [name for name in names if dealt[name] == "link"]
    own = tuple(name.upper() for name in names if dealt[name] == "own")
    rest = tuple(name.replace(" ", "_") for name in names if dealt[name] == "purpose")
    claim = {"id": "C1", "says": "x", "status": "outside the boundary", "reason": "-"}
    links = (ClaimedLink(path=tuple(linked)),) if len(linked) > 1 else ()
    record = models.Claim.model_validate({**claim, "variables": own, "links": links})
    purposes = (Purpose(name="p", sentence="s", variables=rest),) if rest else ()
    found = Claims(file="claims.toml", claims=(record,), purposes=purposes).uncovered(tank)
    nobody = [n for n in names if not dealt[n] or (dealt[n] == "link" and not links)]
    assert list(found) == nobody


def test_every_claim_of_the_article_is_there_once_in_order():
    _, found = migration()
    assert [claim.id for claim in found.claims] == [f"C{n:02}" for n in range(1, 91)]


def test_every_variable_of_the_migration_model_serves_a_claim_or_has_a_purpose():
    model, found = migration()
    assert found.uncovered(model) == ()


def test_no_variable_has_both_a_purpose_and_a_claim_or_two_purposes():
    _, found = migration()
    purposed = [name for purpose in found.purposes for name in purpose.variables]
    assert len(purposed) == len(set(purposed))
    assert not set(purposed) & {name for claim in found.claims for name in claim.named}


def test_a_claim_with_a_sign_has_a_link_with_a_sign():
    _, found = migration()
    silent = [
        claim.id
        for claim in found.claims
        if claim.sign in ("+", "-", "mixed") and not any(link.sign for link in claim.links)
    ]
    assert silent == []


def test_every_lever_starts_a_link_of_a_claim_or_has_a_purpose():
    model, found = migration()
    causes = {link.path[0] for claim in found.claims for link in claim.links}
    purposed = {name for purpose in found.purposes for name in purpose.variables}
    levers = {p.name for p in model.parameters if p.name.startswith("lever ")}
    assert levers - causes - purposed == set()


def test_numbers_of_the_article_are_those_of_the_constants_that_take_them():
    model, found = migration()
    taken = {one.variable: one.value for one in found.figures if one.variable}
    assert taken == {name: model.find(name).value for name in taken}
    # Section 10 of the article's claims: 2.1, 1.6 and 4.7 children per woman are constants.
    assert sorted(taken.values()) == [1.6, 2.1, 4.7]


def test_what_a_reason_names_is_there():
    # Names in reasons stand between back quotes: scenarios, cases, variables.
    model, found = migration()
    known = {*models.scenarios(model.path), *models.cases(model.path), *model.variables}
    quoted = {name for claim in found.claims for name in re.findall(r"`([^`]+)`", claim.reason)}
    assert quoted
    assert quoted - known == set()


def test_what_reasons_say_of_the_constants_as_they_are_is_so():
    model, _ = migration()
    run = models.simulate(model)

    def shown(name):
        return run[name].to_numpy()

    # C27: law refuses more than procedure.  Demand that law alone lets through, by weights of
    # channels, is 1 - sum(weight * restriction) / sum(weight); procedure lets 1 - friction through.
    channels = ("work", "family", "humanitarian", "temporary", "special")
    weights = {one: model.find(f"{one} demand weight").value for one in channels}
    refused = sum(weights[one] * shown(f"effective {one} restriction") for one in channels)
    assert (refused / sum(weights.values()) > shown("procedural friction")).all()
    # C39: most of the people who are refused stay at home.
    assert (shown("deterred demand") > 0.5 * shown("blocked demand")).all()
    # C33: total inflow does fall where stringency is raised.
    tight = models.simulate(model, scenario="tightening")["total inflow"].to_numpy()
    assert tight[-1] < shown("total inflow")[-1]
