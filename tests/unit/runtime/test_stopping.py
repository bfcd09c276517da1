"""Signals to end, wherever they fall."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from synthwire.cli import program
from synthwire.runtime import stopping


@pytest.fixture(autouse=True)
def signals():
    """Heeded within the test alone."""
    usual = {number: signal.getsignal(number) for number in stopping.SIGNALS}
    hook = sys.unraisablehook
    stopping.heed_signals()
    yield
    for number, handler in usual.items():
        signal.signal(number, handler)
    sys.unraisablehook = hook
    stopping._State.requested = None


def ask(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_request_stops_at_once_unless_it_is_to_wait(number):
    with pytest.raises(stopping.Stop):
        ask(number)
    assert stopping.requested() == number
    stopping.heed_signals()
    done = []
    with stopping.undisturbed(), pytest.raises(stopping.Stop):
        ask(number)
        done.append("written")
        list(stopping.heeding([1]))
        done.append("never")
    assert done == ["written"]


def test_sleep_ends_at_a_request_of_before():
    with stopping.undisturbed():
        ask()
        with pytest.raises(stopping.Stop):
            stopping.sleep(1000)


def test_the_second_request_waits_for_nothing():
    with stopping.undisturbed():
        ask()
        with pytest.raises(KeyboardInterrupt) as caught:
            ask()
    assert not isinstance(caught.value, stopping.Stop)


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_request_within_a_finaliser_is_made_again(capsys, number):
    """Python drops what is raised there, and would print it with its traceback."""

    class Freed:
        def __del__(self):
            ask(number)
            done.append("never")

    done = []
    with pytest.raises(stopping.Stop):
        Freed()
        time.sleep(1000)
    assert not done
    assert stopping.requested() == number
    assert capsys.readouterr().err == ""


def test_another_error_within_a_finaliser_is_shown(capsys):
    class Freed:
        def __del__(self):
            raise ValueError("lost")

    Freed()
    assert "ValueError: lost" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_an_import_makes_of_a_signal_is_still_an_end(monkeypatch, capsys, number, code):
    """Compiled modules that are interrupted while they load raise what they like."""

    def run(_):
        try:
            ask(number)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    parser = program.make_parser()
    monkeypatch.setattr(program, "make_parser", lambda: parser)
    parser._subparsers._group_actions[0].choices["summary"].set_defaults(run=run)
    assert program.main(["summary", "any"]) == code
    assert capsys.readouterr().err == "synthwire: stopped\n"


def test_an_error_that_nobody_asked_for_stays_one(monkeypatch):
    def run(_):
        raise ImportError("broken")

    parser = program.make_parser()
    parser._subparsers._group_actions[0].choices["summary"].set_defaults(run=run)
    monkeypatch.setattr(program, "make_parser", lambda: parser)
    with pytest.raises(ImportError, match="broken"):
        program.main(["summary", "any"])
