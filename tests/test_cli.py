"""The operator's commands: what they print, and that a refusal is one sentence."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lifetracker import __version__
from lifetracker.cli import commands as cli
from lifetracker.cli import opened
from lifetracker.core import guards, logging, release, smoke
from lifetracker.core.db import Database, Transaction
from lifetracker.core.guarding import pins
from lifetracker.migrations import HEAD, REVISIONS, schema
from lifetracker.migrations.upgrade import upgrade
from tests.core.units import locked, url_of
from tests.engines import Engine
from tests.people import PASSWORD, Client, join, refusal
from tests.users.accounts import as_before

ANNA = "anna@example.test"


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """`run("users", "list")` as a shell would, but in this process."""

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["lifetracker", *arguments])
        capsys.readouterr()
        code = exit_code(cli.main)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    yield run
    logging.set_up("WARNING")


@pytest.fixture
def here(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database that the commands work on."""
    monkeypatch.setenv("LIFETRACKER_DATABASE_URL", url_of(db))
    return db


class TestVersion:
    def test_is_printed(self, run: Run) -> None:
        assert run("version") == Done(0, f"{__version__}\n", "")


class TestHelp:
    def test_names_every_command(self, run: Run) -> None:
        told = run("--help").out

        assert all(name in told for name in ("version", "import", "db", "users"))

    @pytest.mark.parametrize("wrong", [["nope"], ["users", "nope"], ["users", "create"], ["users", "list", "more"]])
    def test_is_offered_for_a_command_that_is_none(self, run: Run, wrong: list[str]) -> None:
        done = run(*wrong)

        assert done.code == 2
        assert "--help" in done.err

    def test_is_there_as_a_module_too(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["lifetracker", "version"])

        with pytest.raises(SystemExit) as ended:
            runpy.run_module("lifetracker", run_name="__main__")

        assert (ended.value.code, capsys.readouterr().out) == (0, f"{__version__}\n")


class TestDatabaseUpgrade:
    def test_makes_a_new_one(self, run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        with engine.fresh_database(migrated=False) as url:
            monkeypatch.setenv("LIFETRACKER_DATABASE_URL", url)

            done = run("db", "upgrade")

            assert (done.code, done.err) == (0, "")
            assert done.out.startswith(f"schema new -> {HEAD}, ")
            assert run("db", "check").code == 0

    def test_changes_nothing_the_second_time(self, run: Run, here: Database) -> None:
        done = run("db", "upgrade")

        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"schema {HEAD} -> {HEAD}, ")

    def test_keeps_what_people_made(self, run: Run, here: Database, anna: Client) -> None:
        anna.starts("Walk")

        run("db", "upgrade")

        assert [item["title"] for item in anna.got("/challenges")["items"]] == ["Walk"]

    def test_leaves_a_newer_one_alone(self, run: Run, here: Database) -> None:
        here.write_now(be_newer)

        assert_refused(run("db", "upgrade"), "the database is at revision 9999, which this code does not know")

    def test_goes_past_a_newer_one_that_it_can_serve_when_it_may(self, run: Run, here: Database) -> None:
        here.write_now(be_newer, reader=HEAD)

        done = run("db", "upgrade", "--leave-newer")

        assert (done.code, "its schema is at 9999" in done.out) == (0, True)
        assert run("db", "upgrade").code == 1

    def test_leaves_a_newer_one_alone_that_it_could_serve(self, run: Run, here: Database) -> None:
        here.write_now(be_newer, reader=HEAD)

        done = run("db", "upgrade")

        assert_refused(done, "the database is at revision 9999, which this code does not know")
        assert done.err.endswith("Nothing was changed; this code can serve it as it is\n")

    def test_leaves_somebody_elses_tables_alone(
        self, run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with engine.fresh_database(migrated=False) as url:
            monkeypatch.setenv("LIFETRACKER_DATABASE_URL", url)
            theirs = Database(url, create=True)
            theirs.migrate_now(lambda connection: connection.execute(text("CREATE TABLE theirs (id INTEGER)")))
            theirs.close()

            assert_refused(run("db", "upgrade"), "this database holds tables that are not ours: nothing was changed")

    def test_asks_for_the_folder_first(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIFETRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'missing' / 'life_tracker.db'}")

        assert_refused(run("db", "upgrade"), f"there is no folder {tmp_path / 'missing'} for the database")


class TestDatabaseCurrent:
    def test_prints_the_revision(self, run: Run, here: Database) -> None:
        assert run("db", "current") == Done(0, f"{HEAD}\n", "")

    def test_prints_none_without_a_schema(self, run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        with engine.fresh_database(migrated=False) as url:
            monkeypatch.setenv("LIFETRACKER_DATABASE_URL", url)
            make_empty(url)

            assert run("db", "current") == Done(0, "none\n", "")

    def test_prints_that_of_a_newer_one_too(self, run: Run, here: Database) -> None:
        here.write_now(be_newer)

        assert run("db", "current").out == "9999\n"


class TestDatabaseServes:
    def test_is_yes_at_head(self, run: Run, here: Database) -> None:
        told = f"this code can serve the database: its schema is at {HEAD}, the one it was written for\n"

        assert run("db", "serves") == Done(0, told, "")

    def test_is_yes_where_a_newer_release_left_it_open(self, run: Run, here: Database) -> None:
        here.write_now(be_newer, reader=HEAD)

        told = f"its schema is at 9999, which a newer release left open to code of {HEAD}"
        assert run("db", "serves") == Done(0, f"this code can serve the database: {told}\n", "")

    def test_is_no_where_it_did_not(self, run: Run, here: Database) -> None:
        here.write_now(be_newer, reader="9998")

        assert_refused(run("db", "serves"), "the database is at revision 9999, which this code does not know")

    def test_is_no_before_the_upgrade(self, run: Run, here: Database) -> None:
        here.write_now(lambda tx: tx.exec(text(f"UPDATE alembic_version SET version_num = '{REVISIONS[0]}'")))

        assert_refused(run("db", "serves"), f"the database is at revision {REVISIONS[0]}, this code needs {HEAD}: run")

    def test_is_no_without_one_and_makes_none(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIFETRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

        assert_refused(run("db", "serves"), f"there is no database at {tmp_path / 'none.db'}")
        assert list(tmp_path.iterdir()) == []


class TestDatabaseCheck:
    @pytest.mark.parametrize("more", [[], ["--deep"]])
    def test_tells_each_check(self, run: Run, here: Database, more: list[str]) -> None:
        done = run("db", "check", *more)

        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("schema at head: ok\ntables and columns: ok\nintegrity: ok\n")
        assert all(line.endswith(": ok") for line in done.out.splitlines())

    def test_names_what_is_broken(self, run: Run, here: Database) -> None:
        here.migrate_now(lambda connection: connection.execute(text("DROP INDEX ix_tokens_user_id")))

        done = run("db", "check")

        assert done.code == 1
        assert "indexes: 1 found: tokens(user_id)\n" in done.out


class TestDatabaseDescribe:
    def test_is_what_the_checks_expect(self, run: Run, here: Database) -> None:
        """Whoever changes the schema writes it down anew: `./dev lifetracker db describe >` this file."""
        assert json.loads(run("db", "describe").out) == json.loads(smoke.HEAD.read_text(encoding="utf-8"))

    def test_refuses_tables_that_differ_from_the_models(self, run: Run, here: Database) -> None:
        here.migrate_now(lambda connection: connection.execute(text("DROP INDEX ix_tokens_user_id")))

        assert_refused(run("db", "describe"), "the tables are not what the models say")


class TestSeed:
    SMALL = ("seed", "--users", "2", "--days", "30", "--challenges", "1")

    def test_tells_what_it_made_and_how_to_log_in(self, run: Run, here: Database) -> None:
        done = run(*self.SMALL)

        counts, login = done.out.splitlines()
        assert done.code == 0
        assert counts.startswith("2 people, ")
        assert ("bytes an entry" in counts) == here.embedded
        assert login.startswith("log in as person1@seed.test with the password: ")
        assert done.err.startswith("\r100 %: 2 people")

    def test_leaves_a_database_that_is_sound(self, run: Run, here: Database) -> None:
        run(*self.SMALL)

        assert run("db", "check", "--deep").code == 0

    def test_refuses_to_go_beside_people_unasked(self, run: Run, here: Database) -> None:
        run(*self.SMALL)

        assert "say --beside" in run(*self.SMALL).err
        assert run(*self.SMALL, "--beside").code == 0


class TestDatabaseCopy:
    def test_tells_what_was_found_equal(self, run: Run, here: Database, anna: Client, tmp_path: Path) -> None:
        anna.starts("Walk")
        here.close()

        done = run("db", "copy", "--to", f"sqlite:///{tmp_path}/copy.db")

        assert done.code == 0
        assert re.search(r"^challenges +1 rows on both sides, checksum [0-9a-f]{32}$", done.out, re.MULTILINE)
        assert "challenges: 1 rows in" in done.err

    def test_refuses_an_address_that_is_none(self, run: Run, here: Database) -> None:
        here.close()

        assert_refused(run("db", "copy", "--to", "mysql://x/y"), "the target's address must begin with")


class TestDatabasePartition:
    def test_tells_what_was_done(self, run: Run, here: Database, engine: Engine) -> None:
        if engine.name == "sqlite":
            assert_refused(run("db", "partition"), "only PostgreSQL has partitions")
            return
        done = run("db", "partition", "--partitions", "3")

        assert done.code == 0
        assert "daily_log" in done.out
        assert re.search(r" rows divided anew, locked for \d+ ms$", done.out)
        assert run("db", "partition", "--partitions", "3").out == "nothing to do: it is so already\n"


class TestGuards:
    @pytest.mark.thorough
    def test_says_that_all_is_well(self, run: Run) -> None:
        assert run("guards") == Done(0, "GUARDS OK\n", "")

    def test_names_what_is_broken(self, run: Run, tmp_path: Path) -> None:
        done = run("guards", "--path", str(tmp_path), "--format", "json")

        assert done.code == 1
        assert {"rule", "path", "line", "column", "message"} == set(json.loads(done.out)[0])

    def test_explains_a_rule(self, run: Run) -> None:
        assert run("guards", "--explain", "commit").out.startswith("commit: ")

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            (["--explain", "nope"], "there is no rule nope: there are "),
            (["--path", "/nope"], "there is no folder /nope"),
        ],
    )
    def test_is_a_sentence_for_what_is_not_there(self, run: Run, wrong: list[str], sentence: str) -> None:
        assert_refused(run("guards", *wrong), sentence)


class TestFreeze:
    @pytest.fixture(autouse=True)
    def core(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A frozen core to be pinned: never the one that is judged, which a test would pin without a reason."""
        copy = Path(shutil.copytree(guards.HERE / "core", tmp_path / "core"))
        monkeypatch.setattr(guards, "HERE", tmp_path)
        pins.freeze(tmp_path, "as it is", date(2026, 1, 1))
        return copy

    def test_leaves_pins_that_fit_alone(self, run: Run) -> None:
        done = run("freeze", "--reason", "nothing")

        assert done == Done(0, "nothing changed: the pins stay as they were\n", "")

    def test_pins_what_changed(self, run: Run, core: Path) -> None:
        (core / "smoke.py").write_text("X = 1\n")

        assert run("freeze", "--reason", "A reason") == Done(0, "pinned core/smoke.py\n", "")
        assert json.loads((core / "frozen.json").read_text())["history"][-1]["reason"] == "A reason"

    def test_asks_for_a_reason(self, run: Run) -> None:
        assert run("freeze").code == 2
        assert_refused(run("freeze", "--reason", "  "), "--reason must say why: it is what stays on record")


class TestStandings:
    def test_are_held_against_the_log(self, run: Run, here: Database, anna: Client) -> None:
        anna.logged(anna.starts())

        assert run("db", "standings") == Done(0, "0 standings differ from the log\n", "")

    def test_that_differ_are_told_and_kept_anew_when_asked(self, run: Run, here: Database, anna: Client) -> None:
        anna.logged(anna.starts())
        here.write_now(lambda tx: tx.exec(text("UPDATE standings SET streak = 99")))

        told, mended, after = run("db", "standings"), run("db", "standings", "--rebuild"), run("db", "standings")

        assert (told.code, told.out) == (1, "1 standings differ from the log\n")
        assert (mended.code, mended.out) == (0, "1 standings differ from the log, and were kept anew\n")
        assert after.code == 0


class TestUsersCreate:
    def test_opens_an_account_that_can_log_in(self, run: Run, here: Database, visitor: Client) -> None:
        done = run("users", "create", ANNA, "--password", PASSWORD, "--display-name", "Anna", "--locale", "ru")

        assert done == Done(0, "account 1 created\n", "")
        form = {"grant_type": "password", "username": ANNA, "password": PASSWORD}
        assert visitor.post("/auth/token", data=form).status_code == 200

    def test_works_where_registration_is_closed(
        self, run: Run, here: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LIFETRACKER_REGISTRATION", "closed")

        assert run("users", "create", ANNA, "--password", PASSWORD).code == 0

    def test_asks_for_the_password_twice(self, here: Database) -> None:
        typed = CliRunner().invoke(cli.app, ["users", "create", ANNA], input=f"{PASSWORD}\n{PASSWORD}\n")

        assert typed.exit_code == 0
        assert PASSWORD not in typed.output

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["no-address", "--password", PASSWORD], "email: This is not an e-mail address"),
            ([ANNA, "--password", "short"], "password: Should have at least 8 characters"),
            ([ANNA, "--password", PASSWORD, "--time-zone", "Mars/Base"], "time_zone: This is not an IANA time zone"),
            ([ANNA, "--password", PASSWORD, "--locale", "русский"], "locale: "),
            ([ANNA, "--password", PASSWORD, "--display-name", "x" * 101], "display_name: Should have at most 100"),
            ([ANNA, "--password", PASSWORD, "--display-name", "\udcff"], "display_name: This is not text"),
        ],
    )
    def test_names_a_field_that_cannot_be(self, run: Run, here: Database, arguments: list[str], told: str) -> None:
        done = run("users", "create", *arguments)

        assert_refused(done, told)
        assert "short" not in done.err

    def test_refuses_an_address_that_is_taken(self, run: Run, here: Database) -> None:
        join(here, "anna")

        assert_refused(
            run("users", "create", "ANNA@example.test", "--password", PASSWORD),
            "there is an account with this e-mail address",
        )


class TestUsersList:
    def test_prints_everybody(self, run: Run, here: Database) -> None:
        join(here, "anna")
        join(here, "boris")
        run("users", "disable", "boris@example.test")

        assert run("users", "list").out.splitlines() == [
            "1\tanna@example.test\tAnna\tactive",
            "2\tboris@example.test\tBoris\tdisabled",
        ]

    def test_prints_nothing_where_nobody_is(self, run: Run, here: Database) -> None:
        assert run("users", "list") == Done(0, "", "")

    def test_lets_no_name_write_on_the_terminal(self, run: Run, here: Database) -> None:
        join(here, "anna", display_name="\x1b[2J\nroot\t\u202e")

        assert run("users", "list").out == "1\tanna@example.test\t [2J root  \tactive\n"


class TestUsersTwins:
    def test_prints_who_share_an_address(self, run: Run, here: Database, anna: Client) -> None:
        for email in ("zo\u00eb@example.test", "zoe\u0308@example.test"):
            here.write_now(as_before, email)

        done = run("users", "twins")

        assert (done.code, done.err) == (0, "addresses with more than one account: 1\n")
        assert done.out == "2 zo\u00eb@example.test\t3 zoe\u0308@example.test\n"

    def test_prints_nothing_where_there_are_none(self, run: Run, here: Database, anna: Client) -> None:
        assert run("users", "twins") == Done(0, "", "addresses with more than one account: 0\n")

    def test_are_no_fault_of_the_database(self, run: Run, here: Database) -> None:
        for email in ("zo\u00eb@example.test", "zoe\u0308@example.test"):
            here.write_now(as_before, email)

        assert run("db", "check").code == 0

    def test_are_told_of_when_the_schema_comes_to_know_them(
        self, run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with engine.fresh_database(migrated=False) as url:
            monkeypatch.setenv("LIFETRACKER_DATABASE_URL", url)
            fill_at_0003(url, "zo\u00eb@example.test", "zoe\u0308@example.test", "ordinary@example.test")

            first, second = run("db", "upgrade"), run("db", "upgrade")

            kept = keys_of(url)
        assert (first.code, second.code) == (0, 0)
        assert "addresses with more than one account: 1; `lifetracker users twins` tells which" in first.err
        assert "twins" not in second.err
        assert kept == ["zo\u00eb@example.test", "zo\u00eb@example.test", "ordinary@example.test"]


class TestTemplates:
    def test_are_listed_with_their_authors(self, run: Run, here: Database, anna: Client) -> None:
        public = anna.made("/templates", {"title": "Zq\x1b[31m\tred", "visibility": "public"})["slug"]
        anna.made("/templates", {"title": "Mine alone"})

        assert run("templates", "list") == Done(0, f"{public}\tZq [31m red\t1 Anna\t0\tpublic\n", "")

    def test_are_hidden_and_shown_again(self, run: Run, here: Database, anna: Client, boris: Client) -> None:
        slug = anna.made("/templates", {"title": "Rude", "visibility": "public"})["slug"]

        assert run("templates", "hide", slug) == Done(0, "hidden: nobody but its author sees it any more\n", "")
        assert boris.get(f"/templates/{slug}").status_code == 404
        assert run("templates", "list").out == f"{slug}\tRude\t1 Anna\t0\thidden\n"

        assert run("templates", "show", slug) == Done(0, "shown again, unless its author made it private\n", "")
        assert boris.get(f"/templates/{slug}").status_code == 200

    def test_of_the_catalogue_stay_hidden_over_an_upgrade(self, run: Run, here: Database, anna: Client) -> None:
        run("templates", "hide", "75-hard")

        assert run("db", "upgrade").code == 0

        assert run("templates", "list").out == "75-hard\t75 Hard\tcatalogue\t0\thidden\n"
        assert anna.get("/templates/75-hard").status_code == 404

    @pytest.mark.parametrize("command", ["hide", "show"])
    def test_that_are_not_there_are_refused(self, run: Run, here: Database, command: str) -> None:
        assert_refused(run("templates", command, "nope"), "there is no such template")


class TestUsersDisable:
    def test_ends_every_token_until_enabled(self, run: Run, here: Database, anna: Client) -> None:
        assert run("users", "disable", "Anna@Example.test").code == 0
        assert refusal(anna.get("/users/me")) == (401, "unauthorized")
        form = {"grant_type": "password", "username": ANNA, "password": PASSWORD}
        assert refusal(anna.post("/auth/token", data=form)) == (403, "account_disabled")

        assert run("users", "enable", ANNA) == Done(0, "enabled\n", "")
        assert refusal(anna.get("/users/me")) == (401, "unauthorized")
        assert anna.post("/auth/token", data=form).status_code == 200


class TestUsersResetPassword:
    def test_prints_a_code_that_is_good_once(self, run: Run, here: Database, anna: Client) -> None:
        done = run("users", "reset-password", ANNA)

        assert done.code == 0
        assert "good once, for 24 hours" in done.err
        body = {"code": done.out.strip(), "new_password": "a new password"}
        assert anna.post("/auth/password-reset", json=body).status_code == 204
        assert refusal(anna.post("/auth/password-reset", json=body)) == (403, "invalid_code")


class TestUsersDelete:
    def test_removes_the_account(self, run: Run, here: Database, anna: Client) -> None:
        assert run("users", "delete", ANNA, "--yes") == Done(0, "deleted\n", "")
        assert run("users", "list").out == ""

    @pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, 0), ("n\n", 1, 1), ("", 1, 1)])
    def test_asks_first(self, here: Database, anna: Client, typed: str, code: int, left: int) -> None:
        done = CliRunner().invoke(cli.app, ["users", "delete", ANNA], input=typed)

        assert done.exit_code == code
        assert "Delete account 1 with all that it logged?" in done.output
        assert here.read_now(lambda tx: tx.exec(text("SELECT count(*) FROM users")).scalar()) == left


class TestRefusal:
    @pytest.mark.parametrize("command", ["disable", "enable", "reset-password", "delete"])
    def test_is_a_sentence_for_an_unknown_address(self, run: Run, here: Database, command: str) -> None:
        assert_refused(run("users", command, ANNA), "there is no account with this e-mail address")

    @pytest.mark.parametrize(
        "command",
        [
            ["users", "list"],
            ["users", "twins"],
            ["templates", "list"],
            ["templates", "hide", "75-hard"],
            ["users", "create", ANNA, "--password", PASSWORD],
            ["users", "disable", ANNA],
            ["users", "enable", ANNA],
            ["users", "reset-password", ANNA],
            ["users", "delete", ANNA, "--yes"],
            ["db", "describe"],
        ],
    )
    def test_names_the_command_where_the_schema_is_missing(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        monkeypatch.setenv("LIFETRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'life_tracker.db'}")

        assert_refused(run(*command), f"there is no database at {tmp_path / 'life_tracker.db'}: run `lifetracker db")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("command", [["users", "list"], ["db", "upgrade"], ["db", "current"]])
    def test_is_a_sentence_for_a_file_that_is_no_database(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        file = tmp_path / "notes.txt"
        file.write_text("nothing of ours " * 1000)
        monkeypatch.setenv("LIFETRACKER_DATABASE_URL", f"sqlite:///{file}")

        assert_refused(run(*command), "the database cannot do this now: file is not a database")

    @pytest.mark.parametrize("command", [["users", "list"], ["db", "upgrade"]])
    def test_is_a_sentence_for_a_server_that_does_not_answer(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        monkeypatch.setenv("LIFETRACKER_DATABASE_URL", "postgresql+psycopg://me:hunter2@127.0.0.1:1/none")

        done = run(*command)

        assert_refused(done, "the database cannot do this now: connection failed")
        assert "hunter2" not in done.err

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("DATABASE_URL", "nonsense:hunter2", "LIFETRACKER_DATABASE_URL must begin with sqlite:///"),
            ("LOG_FORMAT", "hunter2", "LIFETRACKER_LOG_FORMAT: must be text or json"),
        ],
    )
    def test_names_a_setting_that_is_wrong(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
    ) -> None:
        monkeypatch.setenv(f"LIFETRACKER_{name}", value)

        done = run("users", "list")

        assert_refused(done, told)
        assert "hunter2" not in done.err

    def test_is_a_sentence_where_another_writes(
        self, run: Run, here: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        join(here, "anna")
        monkeypatch.setattr(opened, "Database", partial(Database, wait=0.05))

        with locked(here):
            assert_refused(run("users", "disable", ANNA), "the database is busy with another writer")
            assert_refused(run("db", "upgrade"), "the database is busy with another writer")


def exit_code(program: Callable[[], None]) -> int:
    try:
        program()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def fill_at_0003(url: str, *emails: str) -> None:
    """Accounts, on the schema of the release that knew no other key of an address than its own."""
    database = Database(url, create=True)
    upgrade(database, "0003")
    for email in emails:
        database.write_now(as_before, email)
    database.close()


def keys_of(url: str) -> list[str]:
    database = Database(url)
    kept = database.read_now(lambda tx: tx.exec(text("SELECT address_key FROM users ORDER BY id")).scalars().all())
    database.close()
    return list(kept)


def make_empty(url: str) -> None:
    new = Database(url, create=True)
    new.migrate_now(lambda connection: None)
    new.close()


def be_newer(tx: Transaction, reader: str | None = None) -> None:
    tx.exec(text("UPDATE alembic_version SET version_num = '9999'"))
    if reader:
        tx.exec(text("INSERT INTO schema_readers VALUES ('9999', :reader)"), {"reader": reader})


def assert_refused(done: Done, told: str) -> None:
    """One sentence on stderr, exit code 1, and no traceback."""
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith(f"lifetracker: {told}")
    assert done.err.count("\n") == 1


class TestDatabaseGone:
    """Of a release that is live: the disk that holds it is not mounted."""

    @pytest.fixture
    def gone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(release, "is_live", lambda: True)
        monkeypatch.setattr(schema, "is_live", lambda: True)
        monkeypatch.setenv("LIFETRACKER_DATABASE_URL", f"sqlite:///{tmp_path}/life_tracker.db")
        return tmp_path / "life_tracker.db"

    @pytest.mark.parametrize("words", [("db", "upgrade"), ("db", "serves"), ("db", "check"), ("users", "list")])
    def test_is_not_made_anew_by_the_release_that_is_live(self, run: Run, gone: Path, words: tuple[str, ...]) -> None:
        done = run(*words)

        assert done.code == 1
        assert f"there is no database at {gone}: " in done.err
        assert "mount the disk" in done.err
        assert "restore" in done.err
        assert not gone.exists()


class TestOnTrial:
    @pytest.fixture(autouse=True)
    def tried(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        release.mark_of_trial(tmp_path / "r1").touch()
        monkeypatch.setattr(opened, "TRIAL", release.Trial(tmp_path / "r1"))

    def test_a_release_migrates_a_copy(self, run: Run, here: Database) -> None:
        """So that a return can see what was written since."""
        assert run("db", "upgrade").code == 0

    def test_its_other_commands_write_nothing(self, run: Run, here: Database) -> None:
        refused = run("users", "create", ANNA, "--password", PASSWORD)

        assert refused.code == 1
        assert "`lifetracker deploy --recover` ends it" in refused.err


class TestDamagedRelease:
    def test_says_so_in_a_sentence(self, tmp_path: Path) -> None:
        """Whatever Python says of what it cannot load; from a checkout it says it itself."""
        shutil.copytree(Path(cli.__file__).parents[1], tmp_path / "lifetracker")
        (tmp_path / "release.json").write_text('{"id": "r1"}')
        (tmp_path / "typer.py").write_text("def broken(:")
        command = [sys.executable, "-P", "-m", "lifetracker", "deploy", "--status"]
        here = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

        done = subprocess.run(command, env=here, cwd=tmp_path, capture_output=True, text=True, check=False)

        assert done.returncode == 1
        assert done.stderr.startswith("lifetracker: the code or the libraries of r1 are damaged (SyntaxError: ")
        assert "deploy its archive again" in done.stderr


class TestUsage:
    @pytest.mark.parametrize("word", ["deploy", "smoke"])
    def test_names_the_command_and_not_python(self, word: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "lifetracker", word, "--help"], capture_output=True, text=True, check=True
        )

        assert f"Usage: lifetracker {word}" in done.stdout
