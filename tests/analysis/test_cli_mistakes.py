"""The command line: every mistake of the caller is one clear line and exit code 2."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

MIGRATION = ("run", "migration_policy")
VENSIM = "{UTF-8}\nx = INTEG(inflow, 0) ~ people ~ |\ninflow = 1 ~ people/year ~ |\n"


def one_line(done):
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("loopscope: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    return done.err


@pytest.mark.parametrize("name", ["run", "describe", "check", "report"])
def test_a_missing_file(command, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no file 'missing.mdl'" in one_line(command(name, "missing.mdl"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.mdl", b"", "the file is empty"),
        ("empty.xmile", b" \n", "the file is empty"),
        ("binary.mdl", b"\x00\x01\xff\xfe" * 50, "binary.mdl"),
        ("binary.stmx", b"PK\x03\x04\x00\x00" * 50, "binary data"),
        ("cut.mdl", VENSIM.encode()[:40], "cut"),
        ("cut.xmile", b"<?xml version='1.0'?><xmile><model><variables><stock name='a'>", "cut"),
        ("model.txt", VENSIM.encode(), "'.txt' is no model file"),
        ("model.xmile", VENSIM.encode(), "rename it to 'model.mdl'"),
        ("model.mdl", b"<?xml version='1.0'?><xmile></xmile>", "rename it to 'model.xmile'"),
    ],
)
def test_a_file_that_is_no_model(command, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert message in one_line(command("run", tmp_path / name))


def test_a_folder_in_place_of_a_file(command, tmp_path):
    assert "is a folder" in one_line(command("run", tmp_path))


def test_a_circular_definition(command, model):
    path = model("{UTF-8}\nx = INTEG(a, 0) ~ ~ |\na = b + 1 ~ ~ |\nb = a + 1 ~ ~ |\n")
    assert "a -> b -> a" in one_line(command("run", path))


def test_a_model_without_stock(command, model):
    assert "has no stock" in one_line(command("run", model("{UTF-8}\na = Time ~ ~ |\n")))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--scenario", "tightning"), "no scenario named 'tightning'; did you mean 'tightening'?"),
        (("--scenario", "base", "--scenario", "Base"), "'base' is named twice"),
        (("--case", "usa"), "no case named 'usa'"),
        (("--set", "lever bordr=1"), "did you mean 'lever border'"),
        (("--initial", "irregular migrant=1"), "did you mean 'irregular migrants'"),
        (("--output", "irregular migrant"), "did you mean 'irregular migrants'"),
        (("--set", "life expectancy=80 years"), "model's own unit (year)"),
        (("--set", "life expectancy=long"), "must be a number, got 'long'"),
        (("--set", "life expectancy=nan"), "must be a finite number"),
        (("--set", "life expectancy=-inf"), "must be a finite number"),
        (("--set", "life expectancy"), "write 'name=number'"),
        (("--set", "lever border={value=1, since=2010}"), "since: not a known field"),
        (("--set", "lever border={since=2010}"), "a time path needs 'value' and 'from'"),
        (("--set", "lever border={value=1, from=2010, to=2000}"), "must end after it starts"),
        (("--set", "lever border={value=1"), "not readable as a TOML table"),
        (("--set", "natives={value=1, from=2010}"), "is a stock"),
        (("--initial", "natives=1 person"), "model's own unit (people)"),
        (("--initial", "life expectancy=1"), "is a parameter"),
        (("--dt", "0"), "dt must be greater than 0"),
        (("--dt", "-0.25"), "dt must be greater than 0"),
        (("--dt", "0.3"), "dt = 0.3 does not divide"),
        (("--dt", "nan"), "dt must be a finite number"),
        (("--dt", "small"), "invalid value for '--dt'"),
        (("--saveper", "0.1"), "does not divide"),
        (("--stop", "1990"), "lies before start"),
        (("--method", "RK5"), "did you mean 'RK4'"),
        (("--engine", "pisd"), "did you mean 'pysd'"),
        (("--seed", "-1"), "seed must be"),
        (("--out", "x.xlsx"), "must end in .csv, .nc or .parquet"),
        (("--out", "x.cvs"), "did you mean '.csv'"),
        (("--out", "nowhere/x.csv"), "does not exist"),
        (("--plot", "x.jpg"), "must end in .png, .svg or .pdf"),
        (("--plat", "x.png"), "no such option"),
    ],
)  # fmt: skip
def test_a_wrong_option(command, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert message.casefold() in one_line(command(*MIGRATION, *words)).casefold()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run",), "missing argument 'MODEL'; see 'loopscope run --help'"),
        (("rum", "x"), "no such command 'rum'"),
        (("run", "a", "b"), "unexpected extra argument"),
        (("compare", "migration_policy"), "name at least one scenario"),
        (("describe", "migration_policy", "--variable", "nativs"), "did you mean 'natives'"),
        (("run", "migration_polic"), "did you mean 'migration_policy'"),
    ],
)
def test_a_wrong_command(command, words, message):
    assert message in one_line(command(*words))


def test_no_command_prints_help_and_is_a_mistake(command):
    done = command()
    assert done.code == 2
    assert "Usage" in done.out + done.err


def test_a_broken_scenario_file(command, teacup):
    Path("teacup.scenarios.toml").write_text('[[scenario]]\nname = "a"\nsett = {}\n')
    assert "not a known field" in one_line(command("run", teacup, "--scenario", "a"))


@pytest.mark.parametrize("name", ["tea.csv", "tea.nc", "tea.parquet"])
def test_a_full_disk(command, teacup, monkeypatch, name):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = sorted(teacup.parent.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    assert "no space left on the disk" in one_line(command("run", teacup, "--out", name))
    assert sorted(teacup.parent.iterdir()) == before


def test_an_output_that_may_not_be_written(command, teacup, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    message = one_line(command("run", teacup, "--out", "tea.csv"))
    assert "no permission to write in folder" in message


def test_a_report_in_the_place_of_something_else(command, teacup):
    assert "no report of Loopscope" in one_line(command("report", teacup, "--out", "."))


def test_a_message_stays_one_line_whatever_is_named(command):
    one_line(command(*MIGRATION, "--scenario", "a\nb\x1b[31m"))
