"""What stands around equations: names, units, ranges, documentation, groups, the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopscope import models
from loopscope.models.errors import OutputError, UnsupportedError
from loopscope.models.writing.vensim_file import vensim_file
from loopscope.models.writing.xmile_file import xmile_file

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = [*sorted((ROOT / "docs" / "examples").glob("*.mdl")), "migration_policy"]


@pytest.mark.parametrize("name", SHIPPED, ids=lambda name: Path(name).stem)
def test_shipped_model_is_the_same_after_any_chain_of_forms(name, again, assert_same_run):
    model = models.load(name)
    chains = ((".xmile",), (".mdl", ".xmile", ".mdl"))
    for chain in chains[name == "migration_policy" :]:
        back = model
        for suffix in chain:
            back = again(back, suffix)
        for variable in model:
            other = back.find(variable.name)
            assert type(other) is type(variable)
            for what in ("units", "limits", "rate", "initial", "equation", "value"):
                assert getattr(other, what, None) == getattr(variable, what, None), variable.name
            assert other.group in (variable.group, "Control")
            assert other.documentation.split() == variable.documentation.split()
    assert_same_run(model, back)


NAMES = [
    "not ill", "if only", "then", "mod", "pi", "dt", "rate (a year)", "50% share", "a|b ~ c", "x=y",
    "wind & <rain>", "it's", "$ of cost", "Übergang", "r\u00e9seau 2", "2nd", "a.b", "and or",
    "int",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_read_back(name, vensim, again, suffix):
    model = vensim(f'"{name}"=3~~|\nx=2*"{name}"+1~~|\ny=INTEG("{name}", 0)~~|\n')
    back = again(model, suffix)
    assert back.find(name).name == name
    assert back.find("x").equation == model.find("x").equation
    assert back.find("y").inflows == (name,)


def test_name_that_a_dialect_cannot_quote_is_refused(vensim, xmile, again):
    model = vensim('"say \\"no\\""=3~~|\nx=1~~|\n')
    assert again(model, ".mdl").find('say "no"').name == 'say "no"'
    with pytest.raises(UnsupportedError, match="in 1 place: 'say \"no\"' \\(a quote"):
        xmile_file(model)
    with pytest.raises(UnsupportedError, match="a backslash before a quote"):
        vensim_file(xmile("<aux name='end \\'><eqn>1</eqn></aux>"))


def test_documentation_units_and_ranges(vensim, xmile, again, suffix):
    model = vensim(
        "x=a~1/(Year*Person) [0,?]~Said & done: <really> 5 \u20ac|\ny=a~Person [-1.5,2e6]~|\n"
        "z=a~[?,3]~|\n"
    )
    back = again(model, suffix)
    x, y, z = (back.find(name) for name in "xyz")
    assert (x.units, x.limits) == ("1/(Year*Person)", (0.0, None))
    assert x.documentation == "Said & done: <really> 5 \u20ac"
    assert (y.units, y.limits) == ("Person", (-1.5, 2e6))
    assert (z.units, z.limits) == ("", (None, 3.0))


def test_range_with_one_side_only_is_read(xmile):
    model = xmile("<aux name='x'><eqn>1</eqn><range min='2'/></aux>")
    assert model.find("x").limits == (2.0, None)


def test_what_would_end_a_part_of_a_vensim_definition_is_replaced_and_told(xmile, again):
    words = "a | b ~ c \\\\\\---/// d"
    model = xmile(f"<aux name='x'><eqn>1</eqn><doc>{words}</doc><units>a[b]</units></aux>")
    written = vensim_file(model)
    assert len(written.changes) == 2
    back = again(model, ".mdl").find("x")
    assert back.documentation == "a / b / c \\\\\\--- d"
    assert back.units == "a/b/"


def test_groups_are_kept_and_the_clock_has_its_own(vensim, again, suffix):
    head = "****\n\t.{}\n****~\n\t|\n"
    model = vensim(head.format("First") + "x=1~~|\n" + head.format("Second & last") + "y=2~~|\n")
    back = again(model, suffix)
    assert [back.find(name).group for name in ("a", "x", "y")] == ["", "First", "Second & last"]


def test_variables_without_a_group_are_not_put_into_one(xmile, again):
    model = xmile(
        "<aux name='x'><eqn>1</eqn></aux><aux name='y'><eqn>2</eqn></aux>"
        "<group name='Mine'><var>x</var></group>"
    )
    for suffix in (".mdl", ".xmile"):
        back = again(model, suffix)
        assert (back.find("x").group, back.find("y").group) == ("Mine", "")
    assert again(model, ".mdl").find("TIME STEP").group == "Control"


def test_names_of_units(xmile, again, suffix):
    model = xmile(
        "<aux name='x'><eqn>1</eqn></aux>",
        before="<model_units><unit name='Dollar'><alias>$</alias><alias>Dollars</alias></unit>"
        "<unit name='pace'><eqn>m/s</eqn></unit></model_units>",
    )
    assert again(model, suffix).unit_words == model.unit_words


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_method_time_and_what_is_said_of_the_clock(method, xmile, again, suffix):
    model = xmile(
        "<aux name='x'><eqn>TIME</eqn></aux><aux name='SAVEPER'><eqn>1</eqn></aux>"
        "<aux name='TIME STEP'><eqn>DT</eqn><doc>How fine.</doc></aux>",
        specs=f"method='{method}' time_units='Year'",
    )
    assert model.find("TIME STEP").documentation == "How fine."
    back = again(model, suffix)
    assert (back.clock.method, back.clock.units) == (model.clock.method, "Year")
    assert back.find("TIME STEP").documentation == "How fine."
    assert back.find("SAVEPER").value == 1.0


def test_clock_by_an_equation_becomes_a_number_in_xmile(vensim, again, assert_same_run):
    clock = (
        "\nINITIAL TIME=1~~|\nFINAL TIME=INITIAL TIME+4~~|\nTIME STEP=1/8~~|\n"
        "SAVEPER=TIME STEP~~|\n"
    )
    model = vensim("x=Time~~|\n", clock)
    assert "'FINAL TIME' is written as the number it has, 5" in xmile_file(model).changes
    assert_same_run(model, again(model, ".xmile"))
    moving = clock.replace("1/8", "IF THEN ELSE(Time < 2, 1, 0.5)")
    with pytest.raises(UnsupportedError, match="'TIME STEP' \\(a clock that is no number\\)"):
        xmile_file(vensim("x=Time~~|\n", moving))


def test_write_refuses_the_file_it_read_and_unknown_endings(tmp_path):
    path = tmp_path / "pond.mdl"
    path.write_bytes((ROOT / "docs" / "examples" / "pond.mdl").read_bytes())
    model = models.load(path)
    with pytest.raises(OutputError, match="the file the model was read from"):
        models.write(model, tmp_path / "." / "pond.mdl")
    with pytest.raises(OutputError, match=r"did you mean '\.xmile'"):
        models.write(model, tmp_path / "pond.xmil")
    with pytest.raises(OutputError, match="does not exist; make it first"):
        models.write(model, tmp_path / "nowhere" / "pond.xmile")
    assert [found.name for found in tmp_path.iterdir()] == ["pond.mdl"]
    written = models.write(model, tmp_path / "pond.stmx")
    assert (tmp_path / "pond.stmx").read_text(encoding="utf-8") == written.text


def test_nothing_is_written_where_something_cannot_be_said(vensim, tmp_path):
    model = vensim("x=RANDOM NORMAL(0, 1, 0, 1, 0)~~|\ny=RANDOM NORMAL(0, 1, 0, 1, 0)~~|\n")
    with pytest.raises(UnsupportedError, match=r"in 2 places: 'x'.*, 'y'"):
        models.write(model, tmp_path / "noise.xmile")
    assert list(tmp_path.iterdir()) == []
