"""The operator's commands as they are typed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from lifetracker.core.config import SettingsRefused
from lifetracker.ops import commands, installed
from lifetracker.ops.deploying import deploy as deploying
from lifetracker.ops.deploying import remote, rollback
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import build as release_build
from lifetracker.ops.server import init as server_init
from tests.ops.installation import Installation
from tests.ops.undertaken import Half, half


@pytest.fixture
def undertaken(server: Installation) -> Iterator[Half]:
    with half(server) as made:
        yield made


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the commands handed over: nothing is done."""
    found: list[tuple[Any, ...]] = []

    def note(name: str, answer: Any) -> Any:
        def noted(*words: Any, **more: Any) -> Any:
            told = {key: value for key, value in more.items() if value}
            found.append((name, *(word for word in words if isinstance(word, (str, list, Path))), told))
            return answer

        return noted

    monkeypatch.setattr(deploying, "deploy", note("deploy", "r1"))
    monkeypatch.setattr(remote, "deploy", note("remote", 3))
    monkeypatch.setattr(remote, "ask", note("ask", 0))
    monkeypatch.setattr(rollback, "roll_back", note("rollback", "r0"))
    return found


def call(*words: Any) -> Result:
    return CliRunner().invoke(commands.commands, [str(word) for word in words])


class TestDeploy:
    def test_tells_what_went_live(self, called: list[tuple[Any, ...]]) -> None:
        assert call("deploy", "x.pyz").output == "DEPLOY OK: r1\n"
        assert called == [("deploy", Path("x.pyz"), {})]

    def test_hands_over_what_was_asked_for(self, called: list[tuple[Any, ...]]) -> None:
        said = call("deploy", "x.pyz", "--dry-run", "--despite-ops-check", "it mends it").output

        assert said == "DRY RUN OK: nothing was changed\n"
        assert called == [("deploy", Path("x.pyz"), {"despite_ops_check": "it mends it", "dry_run": True})]

    def test_asks_which_archive_where_it_runs_from_none(self, called: list[tuple[Any, ...]]) -> None:
        assert "which archive?" in str(call("deploy").exception)

    def test_goes_to_another_host_with_its_words(self, called: list[tuple[Any, ...]]) -> None:
        done = call("deploy", "x.pyz", "--host", "h", "--sudo", "--dry-run", "--despite-ops-check", "a b")

        words = ["--dry-run", "--despite-ops-check", "a b"]
        assert called == [("remote", "h", Path("x.pyz"), words, {"sudo": True})]
        assert done.exit_code == 3  # as it ended there

    @pytest.mark.parametrize("word", ["--status", "--recover"])
    def test_asks_another_host_and_not_this_one(self, called: list[tuple[Any, ...]], word: str) -> None:
        done = call("deploy", "--host", "h", word)

        assert (done.exit_code, called) == (0, [("ask", "h", [word], {})])

    def test_tells_the_status(self, undertaken: Half) -> None:
        undertaken.answer("r1")

        assert "answers     r1, status ok" in call("deploy", "--status", "--root", undertaken.places.root).output

    def test_recovers(self, undertaken: Half) -> None:
        undertaken.answer("r1")
        undertaken.work("unpack")

        assert call("deploy", "--recover", "--root", undertaken.places.root).output.endswith("RECOVERED\n")
        assert "nothing was cut short" in call("deploy", "--recover", "--root", undertaken.places.root).output

    def test_wants_a_prepared_server(self, tmp_path: Path) -> None:
        done = call("deploy", "--recover", "--root", tmp_path)

        assert "run `server init` first" in str(done.exception)


class TestOthers:
    def test_rollback_tells_where_it_went(self, called: list[tuple[Any, ...]]) -> None:
        assert call("rollback", "r0", "--restore-database").output == "ROLLBACK OK: r0\n"
        assert called == [("rollback", "r0", {"restore_database": True})]

    def test_server_init_prints(self, tmp_path: Path) -> None:
        said = call("server", "init", "--print", "--root", tmp_path).output

        assert "install -d" in said
        assert list(tmp_path.iterdir()) == []

    def test_release_build_tells_where_the_archive_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        made = tmp_path / "lifetracker-1.0.0.pyz"
        made.write_bytes(b"x" * 1_500_000)
        monkeypatch.setattr(release_build, "build", lambda *_: made)

        assert call("release", "build", "--to", tmp_path).output == f"{made} (1.5 MB)\n"


class TestRun:
    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (Refused("the disk is full"), "lifetracker: the disk is full\n"),
            (SettingsRefused("no such setting"), "lifetracker: no such setting\n"),
            (
                OSError(30, "Read-only file system", "/opt/x"),
                "lifetracker: [Errno 30] Read-only file system: '/opt/x'\n",
            ),
        ],
    )
    def test_tells_a_refusal_in_a_sentence(
        self, error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.fail_with(error, monkeypatch)

        assert capsys.readouterr().err == said

    def test_says_who_may(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        self.fail_with(PermissionError(13, "Permission denied", "/opt/lifetracker/deploy/lock"), monkeypatch)

        said = "lifetracker: /opt/lifetracker/deploy/lock is root's to read and write: run it with sudo\n"
        assert capsys.readouterr().err == said

    def fail_with(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(server_init, "init", fail)
        monkeypatch.setattr(sys, "argv", ["lifetracker", "server", "init"])
        with pytest.raises(SystemExit) as ended:
            commands.run()
        assert ended.value.code == 1


class TestInTheJournal:
    """What a unit runs: `journalctl -p err` has what was refused, and what was a bug."""

    @pytest.fixture(autouse=True)
    def journal(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        stream = os.fstat(2)
        monkeypatch.setenv("JOURNAL_STREAM", f"{stream.st_dev}:{stream.st_ino}")

    def test_a_refused_backup_is_an_error(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["lifetracker", "backup", "--verify", "--root", str(tmp_path)])

        with pytest.raises(SystemExit):
            commands.run()

        assert capfd.readouterr().err.startswith("<3>lifetracker: there is no backup in ")

    def test_a_bug_is_an_error_in_each_of_its_lines(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise KeyError("files")

        monkeypatch.setattr(server_init, "init", fail)
        monkeypatch.setattr(sys, "argv", ["lifetracker", "server", "init"])

        with pytest.raises(SystemExit):
            commands.run()

        said = capfd.readouterr().err.splitlines()
        assert said[-1] == "<3>KeyError: 'files'"
        assert all(line.startswith("<3>") for line in said)


class TestInstalled:
    """The command in /usr/local/bin, up to where it becomes the release's own."""

    @pytest.fixture
    def became(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        found: list[Any] = []
        monkeypatch.setattr(os, "execv", lambda *words: found.append(words))
        monkeypatch.setattr(os, "setgroups", lambda _: None)
        monkeypatch.setattr(os, "setgid", lambda _: None)
        monkeypatch.setattr(os, "setuid", lambda _: found.append("became the user"))
        monkeypatch.setattr(installed, "USER", "nobody")
        monkeypatch.setattr(Places, "read_environment", lambda _: {"A_SETTING": "b", "HELD": "new"})
        monkeypatch.setenv("HELD", "as it was")
        monkeypatch.setenv("A_SETTING", "x")  # so that it is gone again after the test
        monkeypatch.delenv("A_SETTING")
        return found

    def run(self, monkeypatch: pytest.MonkeyPatch, *words: str, root: bool = True) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(sys, "argv", ["installed", *words])
        installed.main()

    def test_has_the_services_settings(self, became: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.run(monkeypatch, "users", "list")

        assert (os.environ["A_SETTING"], os.environ["HELD"]) == ("b", "as it was")

    @pytest.mark.parametrize("command", ["users", "db", "smoke", "import"])
    def test_opens_the_database_as_the_services_user(
        self, became: list[Any], monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        self.run(monkeypatch, command)

        assert became[0] == "became the user"

    @pytest.mark.parametrize("command", ["deploy", "rollback", "backup", "restore", "server", "ops-check"])
    def test_stays_root_where_root_is_needed(
        self, became: list[Any], monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        self.run(monkeypatch, command)

        assert became == [(sys.executable, [sys.executable, "-P", "-m", "lifetracker", command])]

    def test_becomes_nobody_else_where_it_may_not(self, became: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.run(monkeypatch, "users", root=False)

        assert "became the user" not in became
