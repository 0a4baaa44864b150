"""The application as a whole: its start, its health, its documentation, and browsers."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from lifetracker import __version__, main
from lifetracker.application import create_app
from lifetracker.core import logging, sqlite
from lifetracker.core.config import Settings
from lifetracker.core.db import Database, Transaction
from lifetracker.migrations import HEAD
from tests.core.units import url_of
from tests.engines import Engine
from tests.people import Client, refusal
from tests.ports import free_port

ORIGIN = "https://app.example"


class TestHealth:
    def test_is_well_while_the_database_can_be_read(self, visitor: Client) -> None:
        assert visitor.got("/health") == {"status": "ok", "version": __version__, "database": "ok", "release": None}

    @pytest.mark.parametrize("url", ["sqlite:////nowhere/life_tracker.db", "postgresql+psycopg://me@127.0.0.1:1/none"])
    def test_fails_while_it_cannot(self, app: FastAPI, visitor: Client, url: str) -> None:
        app.state.database = Database(url)

        answer = visitor.get("/health")

        assert answer.status_code == 503
        assert answer.json() == {"status": "fail", "version": __version__, "database": "fail", "release": None}

    def test_fails_where_the_file_is_no_database(self, app: FastAPI, visitor: Client, tmp_path: Path) -> None:
        file = tmp_path / "life_tracker.db"
        file.write_text("nothing of ours " * 1000)
        app.state.database = Database(f"sqlite:///{file}")

        assert visitor.get("/health").status_code == 503

    def test_is_well_again_once_it_can(self, app: FastAPI, visitor: Client, db: Database) -> None:
        app.state.database = Database("sqlite:////nowhere/life_tracker.db")
        visitor.get("/health")
        app.state.database = db

        assert visitor.get("/health").status_code == 200

    def test_leaves_the_reason_to_the_log(self, app: FastAPI, anna: Client, capsys: pytest.CaptureFixture[str]) -> None:
        app.state.database = Database("sqlite:////nowhere/life_tracker.db")

        answer = anna.get("/users/me")

        assert refusal(answer) == (503, "database_unavailable")
        assert answer.json()["detail"] == "the database cannot do this now"
        assert answer.headers["Retry-After"] == "2"
        assert "the database cannot do this now: unable to open database file" in capsys.readouterr().err


class TestDeepHealth:
    def test_is_well_while_a_row_can_be_committed(self, operator: TestClient, db: Database) -> None:
        answer = operator.get("/health/deep")

        body = answer.json()
        disk = body["checks"].pop("disk")
        assert answer.status_code == 200
        assert (body["status"], body["version"], body["release"]) == ("ok", __version__, None)
        assert body["checks"] == {"write": "ok", "file": "ok" if db.embedded else None, "times_held": 0}
        if db.embedded:
            assert 0 < disk["free_bytes"] < disk["total_bytes"]

    def test_leaves_nothing_behind(self, operator: TestClient, db: Database) -> None:
        operator.get("/health/deep")

        assert db.read_now(revisions) == [HEAD]

    def test_really_writes(self, operator: TestClient, db: Database) -> None:
        wal = Path(f"{embedded(db)}-wal")
        operator.get("/health/deep")
        before = wal.stat().st_mtime_ns

        operator.get("/health/deep")

        assert wal.stat().st_mtime_ns > before

    def test_fails_when_nothing_can_be_written(self, app: FastAPI, operator: TestClient, db: Database) -> None:
        """A check that only reads, or begins and rolls back, would call it well."""
        embedded(db)
        db._kept["write"] = db._connection("read")

        answer = operator.get("/health/deep")

        assert answer.status_code == 503
        assert answer.json()["status"] == "fail"
        told = "the database cannot do this now: attempt to write a readonly database"
        assert answer.json()["checks"]["write"] == told
        assert operator.get("/health").status_code == 200

    def test_fails_when_the_file_is_another(self, operator: TestClient, db: Database) -> None:
        file = embedded(db)
        operator.get("/health/deep")
        shutil.copy(file, f"{file}.copy")
        Path(f"{file}.copy").rename(file)

        answer = operator.get("/health/deep")

        assert answer.status_code == 503
        assert "was deleted, renamed or replaced while the service had it open" in answer.json()["checks"]["file"]
        assert "was deleted, renamed or replaced" in answer.json()["checks"]["write"]

    def test_fails_when_the_log_of_the_file_is_gone(self, operator: TestClient, db: Database) -> None:
        wal = Path(f"{embedded(db)}-wal")
        operator.get("/health/deep")
        wal.unlink()

        answer = operator.get("/health/deep")

        assert answer.status_code == 503
        assert answer.json()["checks"]["file"] == (f"this process has deleted files open: {wal}: restart the service")

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
    def test_is_for_callers_on_this_machine(self, app: FastAPI, address: str) -> None:
        assert TestClient(app, client=(address, 1)).get("/health/deep").status_code == 200

    @pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.9", "2001:db8::1", "testclient", ""])
    def test_is_not_there_for_others(self, app: FastAPI, address: str) -> None:
        answer = TestClient(app, client=(address, 1)).get("/health/deep")

        assert refusal(answer) == (404, "not_found")
        assert answer.json()["detail"] == "Not Found: GET /health/deep"

    def test_is_not_in_the_contract(self, app: FastAPI) -> None:
        assert "/health/deep" not in app.openapi()["paths"]


class TestForwardedHeaders:
    """As uvicorn reads them when the unit starts it: it is told no proxy to believe but what is its default."""

    @pytest.fixture
    def served(self, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
        config = uvicorn.Config(app, lifespan="off", log_config=None)
        config.load()
        return config.loaded_app

    @pytest.mark.parametrize("proxy", ["127.0.0.1", "::1"])
    def test_are_believed_of_a_proxy_on_this_machine(self, served: Any, proxy: str) -> None:
        client = TestClient(served, client=(proxy, 1), headers={"X-Forwarded-For": "203.0.113.9"})

        assert client.get("/health/deep").status_code == 404

    @pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.9", "2001:db8::1"])
    def test_are_believed_of_nobody_else(self, served: Any, address: str) -> None:
        client = TestClient(served, client=(address, 1), headers={"X-Forwarded-For": "127.0.0.1"})

        assert client.get("/health/deep").status_code == 404

    def test_are_needed_by_nobody(self, served: Any) -> None:
        assert TestClient(served, client=("127.0.0.1", 1)).get("/health/deep").status_code == 200


class TestInfo:
    def test_tells_an_old_client_that_it_is_one(self, app: FastAPI, visitor: Client) -> None:
        app.state.settings = Settings(min_client_version="2.0.0", registration="closed", contact="anna@example.test")

        assert visitor.got("/info") == {
            "name": "LifeTracker",
            "version": __version__,
            "min_client_version": "2.0.0",
            "registration": "closed",
            "contact": "anna@example.test",
        }

    def test_says_that_there_is_nobody_to_ask(self, visitor: Client) -> None:
        assert visitor.got("/info")["contact"] is None


class TestDocs:
    @pytest.mark.parametrize("root", ["", "/api"])
    def test_stand_alone(self, app: FastAPI, root: str) -> None:
        """Nothing is fetched from elsewhere, and what is fetched from here is there."""
        browser = TestClient(app, root_path=root)
        page = browser.get(f"{root}/docs")

        assets = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
        assert len(assets) == 3
        for asset in assets:
            assert asset.startswith(f"{root}/swagger/")
            assert browser.get(asset).status_code == 200
        assert f"url: '{root}/openapi.json'" in page.text
        assert "://" not in page.text

    @pytest.mark.parametrize("path", ["/swagger/nope.js", "/swagger/../main.py", "/swagger"])
    def test_serve_nothing_else(self, visitor: Client, path: str) -> None:
        assert refusal(visitor.get(path)) == (404, "not_found")

    def test_are_only_read(self, visitor: Client) -> None:
        answer = visitor.post("/swagger/swagger-ui.css")

        assert refusal(answer) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, HEAD"

    def test_need_no_token(self, visitor: Client) -> None:
        assert visitor.get("/docs").status_code == 200
        assert visitor.get("/openapi.json").status_code == 200


class TestBrowsers:
    def test_may_come_from_the_origins_that_the_operator_names(self, browser: TestClient) -> None:
        answer = browser.get("/info", headers={"Origin": ORIGIN})

        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
        assert exposed == {"ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-ID"}

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "http://app.example", "https://app.example.evil", "null"]
    )
    def test_may_come_from_no_other(self, browser: TestClient, origin: str) -> None:
        answer = browser.get("/info", headers={"Origin": origin})

        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_may_come_from_nowhere_unless_said(self, visitor: Client) -> None:
        answer = visitor.get("/info", headers={"Origin": ORIGIN})

        assert "Access-Control-Allow-Origin" not in answer.headers

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
    def test_may_ask_before_they_send(self, browser: TestClient, method: str) -> None:
        answer = ask_first(browser, ORIGIN, method)

        assert answer.status_code == 200
        assert method in answer.headers["Access-Control-Allow-Methods"]
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        assert {"authorization", "if-match", "idempotency-key"} <= {name.strip() for name in allowed.split(",")}

    def test_are_refused_with_a_problem(self, browser: TestClient) -> None:
        answer = ask_first(browser, "https://evil.example", "GET")

        assert refusal(answer) == (400, "origin_refused")
        assert "Access-Control-Allow-Origin" not in answer.headers

    @pytest.mark.parametrize("path", ["/info", "/nope", "/users/me"])
    @pytest.mark.parametrize("origin", [{}, {"Origin": ORIGIN}, {"Origin": "https://evil.example"}])
    def test_are_told_apart_by_whoever_keeps_answers(
        self, browser: TestClient, path: str, origin: dict[str, str]
    ) -> None:
        assert "Origin" in browser.get(path, headers=origin).headers["Vary"]
        assert "Origin" in ask_first(browser, origin.get("Origin", "null"), "GET").headers["Vary"]

    @pytest.mark.parametrize("path", ["/nope", "/users/me"])
    def test_may_read_a_refusal(self, browser: TestClient, path: str) -> None:
        answer = browser.get(path, headers={"Origin": ORIGIN})

        assert answer.is_client_error
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    def test_may_read_that_a_body_was_too_large(self, browser: TestClient) -> None:
        answer = browser.post("/users", content=b"x" * 1_100_000, headers={"Origin": ORIGIN})

        assert refusal(answer) == (413, "body_too_large")
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    def test_may_read_that_a_bug_was_met(self, browser: TestClient) -> None:
        browser.app.state.database = None  # type: ignore[attr-defined]

        answer = browser.get("/health", headers={"Origin": ORIGIN})

        assert refusal(answer) == (500, "internal_error")
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    @pytest.mark.parametrize("origin", [ORIGIN, "https://evil.example"])
    def test_are_told_the_request_id_of_their_question(self, browser: TestClient, origin: str) -> None:
        answer = ask_first(browser, origin, "GET", **{"X-Request-ID": "asked-first"})

        assert answer.headers["X-Request-ID"] == "asked-first"

    def test_leave_a_log_line_of_their_question(
        self, browser: TestClient, capsys: pytest.CaptureFixture[str], at_info: None
    ) -> None:
        ask_first(browser, ORIGIN, "GET", **{"X-Request-ID": "asked-first"})

        assert "asked-first OPTIONS /users/me 200 " in capsys.readouterr().err


class TestStart:
    def test_serves_a_database_at_head(self, engine: Engine) -> None:
        with engine.fresh_database() as url, TestClient(own_app(url)) as client:
            assert client.get("/health").status_code == 200

    def test_refuses_a_database_without_a_schema(self, engine: Engine) -> None:
        with engine.fresh_database(migrated=False) as url:
            if url.startswith("sqlite"):
                Database(url, create=True).migrate_now(lambda connection: None)

            told = why_not(own_app(url))

        assert told.startswith(
            f"the database is at revision none, this code needs {HEAD}: run `lifetracker db upgrade`"
        )

    def test_refuses_a_file_that_is_missing_and_does_not_make_it(self, tmp_path: Path) -> None:
        file = tmp_path / "life_tracker.db"

        told = why_not(own_app(f"sqlite:///{file}"))

        assert told.startswith(f"there is no database at {file}: run `lifetracker db upgrade`")
        assert not file.exists()

    def test_refuses_a_newer_database_and_leaves_it_as_it_is(self, db: Database, copy_of: Callable[[], Path]) -> None:
        if not db.embedded:
            pytest.skip("SQLite only: PostgreSQL has no one file to compare")
        made_by_a_newer_release(db)
        file = copy_of()
        before = file.read_bytes()

        told = why_not(own_app(f"sqlite:///{file}"))

        assert told.startswith("the database is at revision 9999, which this code does not know")
        assert "restore a backup" in told
        assert file.read_bytes() == before

    def test_refuses_a_newer_database_on_every_engine(self, db: Database) -> None:
        made_by_a_newer_release(db)

        assert "made by a newer release" in why_not(own_app(url_of(db)))

    def test_serves_a_newer_database_that_is_open_to_it(self, db: Database) -> None:
        made_by_a_newer_release(db)
        db.write_now(lambda tx: tx.exec(text(f"INSERT INTO schema_readers VALUES ('9999', '{HEAD}')")))

        with TestClient(own_app(url_of(db))) as client:
            assert client.get("/health").status_code == 200

    def test_refuses_a_server_that_does_not_answer(self) -> None:
        told = why_not(own_app("postgresql+psycopg://me:hunter2@127.0.0.1:1/none"))

        assert told.startswith("the database cannot do this now: ")
        assert "hunter2" not in told

    def test_refuses_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        file = tmp_path / "notes.txt"
        file.write_text("nothing of ours " * 1000)

        assert why_not(own_app(f"sqlite:///{file}")) == "the database cannot do this now: file is not a database"

    def test_warns_of_an_sqlite_that_can_lose_data(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        if engine.name != "sqlite":
            pytest.skip("SQLite only: PostgreSQL has no such bug")
        monkeypatch.setattr(sqlite, "wal_reset_warning", lambda: "SQLite 3.46.1 has the WAL-reset bug")

        with engine.fresh_database() as url, TestClient(own_app(url)):
            pass

        assert "SQLite 3.46.1 has the WAL-reset bug" in capsys.readouterr().err

    def test_warns_of_what_looks_like_a_setting_and_is_none(
        self, app: FastAPI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("LIFETRACKER_REGISTRATON", "closed")

        with TestClient(app):
            pass

        assert "LIFETRACKER_REGISTRATON is no setting and is ignored" in capsys.readouterr().err


class TestServe:
    """With a server and a process of its own, as in production."""

    def test_ends_with_a_sentence_where_it_may_not_start(self, tmp_path: Path) -> None:
        done = serve(f"sqlite:///{tmp_path / 'life_tracker.db'}")

        assert done.returncode != 0
        assert f"there is no database at {tmp_path / 'life_tracker.db'}: run `lifetracker db upgrade`" in done.stderr
        assert "Traceback" not in done.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("DATABASE_URL", "mysql://me:hunter2@host/name", "LIFETRACKER_DATABASE_URL must begin with sqlite:/// or"),
            ("LIMITS", "hunter2", "LIFETRACKER_LIMITS: must be on or off"),
        ],
    )
    def test_ends_with_a_sentence_where_a_setting_is_wrong(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
    ) -> None:
        monkeypatch.setenv(f"LIFETRACKER_{name}", value)

        with pytest.raises(SystemExit) as ended:
            main._load_app()

        assert str(ended.value).startswith(f"LifeTracker does not start: {told}")
        assert "hunter2" not in str(ended.value)


def revisions(tx: Transaction) -> list[str]:
    return list(tx.exec(text("SELECT version_num FROM alembic_version")).scalars())


def embedded(db: Database) -> str:
    if db.file is None:
        pytest.skip("SQLite only: PostgreSQL keeps its files to itself")
    return db.file


def own_app(url: str) -> FastAPI:
    return create_app(Settings(database_url=url, log_level="WARNING"))


def why_not(app: FastAPI) -> str:
    """What the server is told when the application refuses to start."""
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    app.state.database.close()
    (message,) = sent
    assert message["type"] == "lifespan.startup.failed"
    told: str = message["message"]
    return told


def made_by_a_newer_release(db: Database) -> None:
    db.write_now(lambda tx: tx.exec(text("UPDATE alembic_version SET version_num = '9999'")))
    db.close()  # so that on SQLite all of it is in the one file


def serve(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "uvicorn", "lifetracker.main:app", "--port", str(free_port())]
    environment = os.environ | {"LIFETRACKER_DATABASE_URL": url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def ask_first(browser: TestClient, origin: str, method: str, **more: str) -> Any:
    wanted = "authorization,content-type,if-match,idempotency-key"
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": wanted,
        **more,
    }
    return browser.options("/users/me", headers=headers)


@pytest.fixture
def operator(app: FastAPI) -> TestClient:
    """Somebody on the same machine."""
    return TestClient(app, client=("127.0.0.1", 50000))


@pytest.fixture
def browser(db: Database) -> Iterator[TestClient]:
    """A client of an application that lets one origin in."""
    app = create_app(Settings(cors_origins=(ORIGIN, "http://localhost:5173"), log_level="WARNING"))
    app.state.database = db
    yield TestClient(app, raise_server_exceptions=False)
    logging.set_up("WARNING")
