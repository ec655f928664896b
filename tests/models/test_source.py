"""Reading files: what is found, what is refused, and what a refusal says."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopscope.models import source
from loopscope.models.errors import (
    LoopscopeError,
    ModelError,
    ReadError,
    UnknownNameError,
)
from loopscope.models.symbolic import symbolise

CLOCK = """
********************************************************
	.Control
********************************************************~
		Simulation Control Parameters
	|
INITIAL TIME  = 0 ~ Month ~ The initial time. |
FINAL TIME  = 10 ~ Month ~ The final time. |
TIME STEP  = 0.5 ~ Month [0,?] ~ The time step. |
SAVEPER  = TIME STEP ~ Month [0,?] ~ |
"""
TEACUP = (
    """{UTF-8}
Characteristic Time= 10 ~ Minute [0,?] ~ How fast it cools. |
Heat Loss= (Teacup Temperature - Room Temperature) / Characteristic Time ~ Degrees/Minute ~ |
Room Temperature= 70 ~ Degrees [-100,200] ~ |
Teacup Temperature= INTEG ( -Heat Loss, 180) ~ Degrees ~ The cup. |
"""
    + CLOCK
)
SKETCH = "\\\\\\---/// Sketch information - do not modify anything except names\nV300 |~| odd\n"
XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><name>teacup</name></header>
<sim_specs method="{method}" time_units="Minutes"><start>0</start><stop>30</stop>{dt}</sim_specs>
<model><variables>
<stock name="Teacup\\nTemperature"><eqn>180</eqn><outflow>Heat_Loss</outflow></stock>
<flow name="Heat Loss">
<eqn>(Teacup_Temperature - Room_Temperature) / 10</eqn><units>Degrees/Minute</units></flow>
<aux name="Room Temperature"><eqn>70</eqn><doc>Warm.</doc></aux>
<group name="Room"><entity name="Room_Temperature"/></group>
{more}</variables></model></xmile>
"""


def xmile(more: str = "", method: str = "Euler", dt: str = "<dt>0.125</dt>") -> str:
    return XMILE.format(more=more, method=method, dt=dt)


@pytest.fixture
def write(tmp_path):
    def save(content: str | bytes, name: str = "cup.mdl") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return save


def refusal(path: Path | str) -> str:
    """Return the message that loading raises; always one line."""
    with pytest.raises(LoopscopeError) as caught:
        source.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_vensim_file_gives_its_variables_as_authored(write):
    path = write(TEACUP)
    model = source.load(path)
    assert list(model.variables)[:4] == [
        "Characteristic Time",
        "Heat Loss",
        "Room Temperature",
        "Teacup Temperature",
    ]
    room = model.find("room_temperature")
    assert (room.units, room.limits, room.documentation) == ("Degrees", (-100.0, 200.0), "")
    assert model.find("TEACUP temperature").documentation == "The cup."
    assert model.find("FINAL TIME").group == "Control"
    assert model.find("Characteristic Time").limits == (0.0, None)
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (model.name, model.path) == ("cup", str(path))
    assert (model.clock.units, model.clock.method) == ("Month", "Euler")


def test_an_xmile_file_gives_its_variables_as_authored(write):
    model = source.load(write(xmile(method="RK4"), "cup.stmx"))
    assert [flow.name for flow in model.flows] == ["Heat Loss"]
    cup = model.stocks[0]
    assert (cup.name, cup.outflows) == ("Teacup Temperature", ("Heat Loss",))
    assert model.find("Room Temperature").group == "Room"
    assert model.find("Room Temperature").documentation == "Warm."
    assert (model.clock.units, model.clock.method) == ("Minutes", "RK4")
    assert model.find("TIME STEP").value == 0.125
    assert str(model.find("SAVEPER").equation) == "TIME STEP"


@pytest.mark.parametrize(
    ("line", "method"),
    [
        ("15:0,0,0,0,0,0", "Euler"),
        ("15:0,0,0,1,0,0", "RK4"),
        ("15:0,0,0,2,0,0", "Euler"),
        ("15:0,0,0,5,0,0", "RK4"),
        ("", "Euler"),
    ],
)
def test_the_fourth_number_of_the_settings_line_is_the_method(write, line, method):
    text = f"{TEACUP}{SKETCH}///---\\\\\\\n:L<%^E!@\n1:Current.vdf\n{line}\n19:100,0\n"
    assert source.load(write(text)).clock.method == method


def test_reciprocal_dt_is_one_over_its_text(write):
    model = source.load(write(xmile(dt='<dt reciprocal="true">8</dt>'), "cup.xmile"))
    assert model.find("TIME STEP").value == 0.125


@pytest.mark.parametrize("ending", ["", SKETCH, "\\\\---/// Sketch with two strokes\n*View 1\n"])
def test_a_sketch_is_neither_needed_nor_read(write, ending):
    assert len(source.load(write(TEACUP + ending)).stocks) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + TEACUP.encode(),
        TEACUP.replace("\n", "\r\n").encode(),
        TEACUP.replace("\n", "\r").encode(),
        ("\ufeff" + TEACUP).encode("utf-16-le"),
        TEACUP.replace("Heat Loss", "Wärmeverlust").encode(),
        TEACUP.replace("{UTF-8}", "{windows-1252}").replace("Heat Loss", "Wärme").encode("cp1252"),
    ],
    ids=["byte order mark", "CRLF", "CR", "UTF-16", "umlaut", "named encoding"],
)
def test_usual_encodings_and_line_ends_are_read(write, content):
    assert [stock.name for stock in source.load(write(content)).stocks] == ["Teacup Temperature"]


def test_undeclared_prefixes_as_other_translators_write_them_are_read(write):
    text = xmile().replace("<header>", '<isee:prefs layer="model"/><header>')
    assert source.load(write(text, "cup.xmile")).stocks


def test_variables_straight_in_the_model_as_before_version_one_are_read(write):
    text = xmile().replace("<variables>", "").replace("</variables>", "")
    assert len(source.load(write(text, "cup.stmx")).stocks) == 1


def test_library_models_are_found_in_any_spelling(tmp_path, monkeypatch):
    folder = tmp_path / "tea_cup"
    folder.mkdir()
    (folder / "model.mdl").write_text(TEACUP)
    monkeypatch.setattr(source, "LIBRARY", tmp_path)
    assert source.library() == ("tea_cup",)
    assert source.load("Tea Cup").name == "tea_cup"
    with pytest.raises(UnknownNameError, match=r"did you mean 'tea_cup'.*there are: tea_cup"):
        source.load("teacap")


def test_the_library_that_ships_loads():
    for name in source.library():
        assert symbolise(source.load(name)).states


def test_a_missing_file_names_its_neighbour(write):
    path = write(TEACUP)
    assert "did you mean 'cup.mdl'?" in refusal(path.with_name("cups.mdl"))
    assert "there is no folder" in refusal(path.parent / "nowhere" / "cup.mdl")


def test_a_folder_is_not_a_file(tmp_path):
    assert "is a folder" in refusal(tmp_path)


def test_a_file_one_may_not_read_says_so(write, monkeypatch):
    path = write(TEACUP)

    def deny(_self):
        raise PermissionError

    monkeypatch.setattr(Path, "read_bytes", deny)
    assert "may not be read" in refusal(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cup.mdl", b"", "the file is empty"),
        ("cup.mdl", b" \n ", "the file is empty"),
        ("cup.mdl", b"\x7fELF\0\0\1", "binary data"),
        ("cup.xmile", b"\x7fELF\0\0\1", "binary data"),
        ("cup.mdl", xmile().encode(), "rename it to 'cup.xmile'"),
        ("cup.xmile", TEACUP.encode(), "rename it to 'cup.mdl'"),
        ("cup.xlsx", b"PK", "pass a .mdl, .xmile, .stmx or .xml file"),
        ("cup.mdl", TEACUP.replace("10", "é", 1).encode("cp1252"), "line 2: byte 0xe9 is not"),
        ("cup.mdl", TEACUP.replace("UTF-8", "martian").encode(), "'martian', no known encoding"),
        ("cup.mdl", TEACUP[:150].encode(), "line 3.*the definition has no end.*cut off"),
        ("cup.xmile", xmile()[:500].encode(), "not well-formed XML.*damaged or cut off"),
        ("cup.xml", b"<html><body/></html>", "its root is <html>, not <xmile>"),
        ("cup.xmile", xmile(dt="").replace("<stop>30</stop>", "").encode(), "has no <stop>"),
    ],
)
def test_what_is_no_model_file_is_refused_with_what_it_is(write, name, content, message):
    path = write(content, name)
    with pytest.raises(ReadError, match=message) as caught:
        source.load(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("Heat Loss= (3 + ~~|", "line 2, 'Heat Loss': cannot be read as an equation"),
        ("Heat Loss= DELAY1(1) ~~|", "line 2, 'Heat Loss': cannot be read as an equation"),
        ("Heat Loss= ((0,0),(1) ~~|", "line 2, 'Heat Loss'"),
        ("Heat Loss((0,0),(1,nan)) ~~|", "line 2, 'Heat Loss'"),
        ("= 3 ~~|", "line 2"),
    ],
)
def test_an_equation_that_cannot_be_read_has_a_line_and_a_name(write, equation, message):
    with pytest.raises(ReadError, match=message):
        source.load(write("{UTF-8}\n" + equation + CLOCK))


def test_an_xmile_equation_that_cannot_be_read_has_a_line_and_a_name(write):
    more = '<aux name="bad"><eqn>3 +* 4</eqn></aux>'
    assert "line 11, 'bad': cannot be read" in refusal(write(xmile(more), "cup.xmile"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "<xmile",
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
            '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xmile',
            "document type definition",
        ),
        (
            "<xmile",
            '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]><xmile',
            "document type definition",
        ),
        ("<xmile", '<!DOCTYPE xmile SYSTEM "http://example.org/x.dtd"><xmile', "document type"),
        (
            "<header>",
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/><header>',
            "line 3: <include> reads another file",
        ),
        ("<header>", '<include resource="http://example.org/m.xml"/><header>', "<include>"),
    ],
    ids=["billion laughs", "external entity", "external DTD", "XInclude", "XMILE include"],
)
def test_xml_that_is_more_than_data_is_refused_before_it_is_parsed(write, old, new, message):
    text = xmile().replace(old, new, 1)
    with pytest.raises(ReadError, match=message):
        source.load(write(text, "cup.xmile"))


@pytest.mark.parametrize(
    "equation",
    [
        "x= WITH LOOKUP(Time, ([{code},(0,0)],(0,0),(1,1))) ~~|",
        "x([{code},(0,0)],(0,0),(1,1)) ~~|",
        "x= MAX([{code}],1) ~~|",
        "x= y[{code}] ~~|",
        "x= '{code}' ~~|",
        "x= WITH LOOKUP(Time, (['\"', {code}, '\"'],(0,0),(1,1))) ~~|",
        "x= 1,[{code}] ~~|",
        "x= {code} ~~|",
    ],
)
def test_nothing_in_a_file_is_executed(write, tmp_path, equation):
    # PySD's parser passes the axis range of a table to eval().
    mark = tmp_path / "executed"
    code = f"__import__('pathlib').Path('{mark}').touch()"
    text = "{UTF-8}\ny=1~~|\n" + equation.replace("{code}", code) + CLOCK
    with suppress(LoopscopeError):
        source.load(write(text))
    assert not mark.exists()


def test_a_file_with_a_clock_and_nothing_else_has_no_stock(write):
    with pytest.raises(ModelError, match="has no stock and no other equation"):
        source.load(write("{UTF-8}" + CLOCK))


def test_importing_the_reader_imports_neither_pysd_nor_sympy():
    code = (
        "import sys; from loopscope.models import source; source.library(); "
        "print([m for m in ('pysd', 'sympy', 'lxml', 'xarray') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    at=st.integers(0, 600),
    cut=st.integers(0, 12),
    put=st.sampled_from(["", "(", ")", '"', "~", "|", "[", "{", "^", ",", "=", ":", "1e999", "<"]),
    is_xmile=st.booleans(),
)
def test_a_damaged_file_is_read_or_refused_and_never_breaks(tmp_path, at, cut, put, is_xmile):
    text = xmile() if is_xmile else TEACUP
    path = tmp_path / ("cup.xmile" if is_xmile else "cup.mdl")
    path.write_text(text[:at] + put + text[at + cut :])
    with suppress(LoopscopeError), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a closing tag that was missed
        symbolise(source.load(path))


def test_a_missed_closing_tag_in_the_middle_is_mended_with_a_warning(tmp_path):
    text = xmile()
    assert text.count("</aux>") > 0
    path = tmp_path / "cup.xmile"
    path.write_text(text.replace("</aux>", "", 1))
    with pytest.warns(UserWarning, match="not well-formed"):
        source.load(path)
