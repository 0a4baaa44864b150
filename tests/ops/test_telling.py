"""What the operator sees."""

from __future__ import annotations

import os
import re

import pytest
import typer

from lifetracker.ops import telling
from lifetracker.ops.telling import Teller


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Teller:
    """One whose output is a terminal's."""
    monkeypatch.setattr(os, "isatty", lambda _: True)
    return Teller()


class TestStep:
    def test_is_told_with_its_time(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Teller().step("swap"):
            pass

        assert re.fullmatch(r"  swap +\d+\.\d s\n", capsys.readouterr().out)

    def test_is_told_when_it_fails(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(ValueError, match="x"), Teller().step("swap"):
            raise ValueError("x")

        assert re.fullmatch(r"  swap +FAILED after \d+\.\d s\n", capsys.readouterr().out)

    def test_shows_how_far_it_is_where_somebody_watches(
        self, watched: Teller, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with watched.step("unpack"):
            watched.progress("unpack", 1, 4)

        shown = capsys.readouterr().out.split("\r")
        assert [line.split() for line in shown[1:3]] == [["unpack", "…"], ["unpack", "25", "%"]]
        assert len({len(line.rstrip()) for line in shown[2:]}) == 1  # each covers the one before

    def test_shows_no_progress_in_a_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        Teller().progress("unpack", 1, 4)

        assert capsys.readouterr().out == ""


class TestTeller:
    def test_may_be_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        tell = Teller(quiet=True)
        tell.say("x")
        with tell.step("swap"):
            pass

        assert capsys.readouterr().out == ""

    def test_goes_on_when_nobody_listens_any_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(*_: object, **__: object) -> None:
            raise BrokenPipeError

        monkeypatch.setattr(typer, "echo", gone)

        Teller().say("x")


class TestComplain:
    def test_is_a_line_on_stderr(self, capfd: pytest.CaptureFixture[str]) -> None:
        telling.complain("one\ntwo")

        assert capfd.readouterr() == ("", "one\ntwo\n")

    def test_is_an_error_in_the_journal(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream = os.fstat(2)
        monkeypatch.setenv("JOURNAL_STREAM", f"{stream.st_dev}:{stream.st_ino}")

        telling.complain("one\ntwo")

        assert capfd.readouterr().err == "<3>one\n<3>two\n"

    def test_is_none_where_the_stream_of_the_journal_is_another(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in a shell below a unit."""
        monkeypatch.setenv("JOURNAL_STREAM", "8:1")

        telling.complain("one")

        assert capfd.readouterr().err == "one\n"
