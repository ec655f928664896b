"""A call in a second process: what it returns, what it raises, how it ends."""

from __future__ import annotations

import os
import sys
import time

import pytest

from loopscope.analysis.reporting.beside import Beside
from loopscope.analysis.runs import file_of
from loopscope.models.errors import UnknownNameError
from loopscope.models.source import locate


def test_it_returns_what_the_function_returns():
    call = Beside(os.getpid)
    assert call.result() not in (0, os.getpid())
    assert call.done
    call.stop()


def test_an_error_of_ours_is_carried_over():
    with pytest.raises(UnknownNameError, match="no library model named 'migraton_policy'; did you"):
        Beside(locate, "migraton_policy").result()


def test_without_a_second_process_the_call_is_made_here(monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    assert Beside(os.getpid).result() == os.getpid()


def test_where_the_second_process_dies_the_call_is_made_here():
    call = Beside(file_of, "migration_policy")
    assert call._process is not None
    call._process.kill()
    assert call.result().name == "model.mdl"


def test_stop_ends_it_at_once():
    call = Beside(time.sleep, 600)
    assert not call.done
    call.stop()
    assert call._process is not None
    assert call._process.poll() is not None
    call.stop()
