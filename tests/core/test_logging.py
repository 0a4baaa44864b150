"""The one log set-up: three forms, every logger, no secrets."""

from __future__ import annotations

import json
import logging as standard
import re
from collections.abc import Iterator

import pytest
from loguru import logger

from lifetracker.core import logging

Read = pytest.CaptureFixture[str]
TOKEN = "lt_QxJ3pZ-0aB_c9dEfGhIjKlMnOpQrStUvWxYz0123456"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    logging.set_up("WARNING")


class TestText:
    def test_has_time_level_request_id_and_message(self, capsys: Read) -> None:
        logging.set_up()
        with as_request("the-id"):
            logger.info("a challenge was started")

        line = capsys.readouterr().err
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO     the-id a challenge was started\n", line)

    def test_has_a_dash_outside_of_requests(self, capsys: Read) -> None:
        logging.set_up()
        logger.info("started")

        assert capsys.readouterr().err.endswith("INFO     - started\n")

    def test_leaves_out_what_is_below_its_level(self, capsys: Read) -> None:
        logging.set_up("WARNING")
        logger.info("not this")
        logger.warning("this")

        assert capsys.readouterr().err.endswith("WARNING  - this\n")

    def test_takes_braces_and_percent_signs_as_they_are(self, capsys: Read) -> None:
        logging.set_up()
        logger.info("{}", "{message} %s {0}")

        assert capsys.readouterr().err.endswith("- {message} %s {0}\n")


class TestJournal:
    @pytest.mark.parametrize(
        ("level", "priority"), [("CRITICAL", 2), ("ERROR", 3), ("WARNING", 4), ("INFO", 6), ("DEBUG", 7)]
    )
    def test_begins_with_the_priority_and_has_no_time(
        self, capsys: Read, monkeypatch: pytest.MonkeyPatch, level: str, priority: int
    ) -> None:
        monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
        logging.set_up("DEBUG")
        logger.log(level, "said")

        assert capsys.readouterr().err == f"<{priority}>- said\n"

    def test_takes_a_traceback_for_one_entry(self, capsys: Read, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
        logging.set_up()
        fail_and_log("of anna@example.test")

        (line,) = capsys.readouterr().err.splitlines()
        first, second, *_, last = line.split(logging.FOLD)
        assert (first, second, last) == (
            "<3>- a bug",
            "Traceback (most recent call last):",
            "ZeroDivisionError: of [hidden]",
        )

    @pytest.mark.parametrize("form", ["text", "json"])
    @pytest.mark.parametrize(
        "text", ["of " + 9000 * "x", "of " + 9000 * "ж", "of " + 9000 * '"', "of\n" + 900 * "one\n", "of 🏃" * 5000]
    )
    def test_has_no_entry_that_journalctl_would_not_show(
        self, capsys: Read, monkeypatch: pytest.MonkeyPatch, form: str, text: str
    ) -> None:
        monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
        logging.set_up(form=form)
        fail_and_log(text)
        logging.tell_request("INFO", f"GET /{text.splitlines()[0]} 200 1.0 ms")
        logger.warning("{}", text)

        lines = capsys.readouterr().err.splitlines()
        assert [line[:3] for line in lines] == ["<3>", "<6>", "<4>"]
        assert all(len(line[3:].encode()) <= logging.LONGEST for line in lines)
        assert "a bug" in lines[0]

    def test_cuts_a_deep_traceback_in_its_middle(self, capsys: Read, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
        logging.set_up()
        try:
            descend(80)
        except ZeroDivisionError:
            logger.exception("a bug met GET /x")

        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("<3>- a bug met GET /x | Traceback")
        assert re.search(r"… \d+,\d+ bytes more …", line)
        assert line.endswith("ZeroDivisionError: at the bottom")

    @pytest.mark.parametrize(("level", "priority"), [("CRITICAL", 2), ("ERROR", 3), ("INFO", 6)])
    def test_has_the_priority_before_json_too(
        self, capsys: Read, monkeypatch: pytest.MonkeyPatch, level: str, priority: int
    ) -> None:
        monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
        logging.set_up(form="json")
        logger.log(level, "said")

        line = capsys.readouterr().err
        assert line.startswith(f"<{priority}>{{")
        assert json.loads(line[3:])["message"] == "said"

    def test_has_all_of_a_short_traceback_in_json(self, capsys: Read, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
        logging.set_up(form="json")
        fail_and_log("of anna@example.test")

        (line,) = capsys.readouterr().err.splitlines()
        assert json.loads(line[3:])["exception"].endswith("ZeroDivisionError: of [hidden]\n")


class TestJson:
    def test_has_the_same_as_fields(self, capsys: Read) -> None:
        logging.set_up(form="json")
        with as_request("the-id"):
            logger.bind(challenge=7).warning("a {} word", "long")

        line = read_json(capsys)
        assert (line["level"], line["message"], line["request_id"]) == ("WARNING", "a long word", "the-id")
        assert line["challenge"] == 7
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d", str(line["time"]))

    @pytest.mark.parametrize(
        "said", ['"quoted"', "two\nlines", "back\\slash", "{braces}", "<red>", "Пробежка 🏃", 'anna"@example.test"']
    )
    def test_is_one_line_of_json_whatever_is_said(self, capsys: Read, said: str) -> None:
        logging.set_up(form="json")
        logger.info("{}", said)

        assert "message" in read_json(capsys)

    @pytest.mark.parametrize(
        "said", ['said "anna@example.test"', "x\nanna@example.test\ny", f'"{TOKEN}"', f"\n{TOKEN}\n", "a@b\\"]
    )
    def test_hides_secrets_without_breaking_the_line(self, capsys: Read, said: str) -> None:
        logging.set_up(form="json")
        logger.info("{}", said)

        assert "[hidden]" in str(read_json(capsys)["message"])

    def test_has_the_whole_traceback(self, capsys: Read) -> None:
        logging.set_up(form="json")
        fail_and_log("of anna@example.test")

        exception = str(read_json(capsys)["exception"])
        assert exception.startswith("Traceback (most recent call last):\n")
        assert exception.endswith("ZeroDivisionError: of [hidden]\n")


class TestSecrets:
    @pytest.mark.parametrize("form", ["text", "json"])
    @pytest.mark.parametrize(
        "secret",
        [
            TOKEN,
            "anna@example.test",
            "anna.petrova+habits@mail.example.co.uk",
            "анна@пример.рф",
            "o'brien@example.test",
            "root@localhost",
        ],
    )
    def test_are_blotted_out_wherever_they_stand(self, capsys: Read, form: str, secret: str) -> None:
        logging.set_up(form=form)
        for said in (secret, f"<{secret}>", f"email={secret},", f"('{secret}')", f"Bearer {secret}; rest"):
            logger.info("{}", said)
        fail_and_log(secret)

        logged = capsys.readouterr().err
        assert secret not in logged
        assert secret.partition("@")[2] not in logged or "@" not in secret
        assert logged.count("[hidden]") >= 6

    def test_are_not_seen_in_ordinary_words(self, capsys: Read) -> None:
        logging.set_up()
        logger.info("default_locale result_rows @ 12:00, a@")

        assert capsys.readouterr().err.endswith("default_locale result_rows @ 12:00, a@\n")

    def test_do_not_stand_in_tracebacks_as_values_of_variables(self, capsys: Read) -> None:
        logging.set_up()
        password = "hunter2"
        try:
            _ = len(password) / 0
        except ZeroDivisionError:
            logger.exception("failed")

        logged = capsys.readouterr().err
        assert "len(password)" in logged
        assert "hunter2" not in logged


class TestOtherLoggers:
    @pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "alembic.runtime.migration", "sqlalchemy.pool"])
    def test_write_the_same_lines(self, capsys: Read, name: str) -> None:
        logging.set_up()
        with as_request("the-id"):
            standard.getLogger(name).warning("told %s of %s", "all", "anna@example.test")

        assert capsys.readouterr().err.endswith("WARNING  the-id told all of [hidden]\n")

    def test_write_their_tracebacks(self, capsys: Read) -> None:
        logging.set_up()
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            standard.getLogger("uvicorn.error").exception("failed")

        logged = capsys.readouterr().err
        assert "ERROR    - failed\nTraceback" in logged
        assert "ZeroDivisionError" in logged

    def test_may_have_levels_of_their_own(self, capsys: Read) -> None:
        logging.set_up()
        standard.getLogger("uvicorn").log(25, "odd")

        assert capsys.readouterr().err.endswith("INFO     - odd\n")

    def test_leave_the_access_log_to_the_application(self, capsys: Read) -> None:
        logging.set_up()
        standard.getLogger("uvicorn.access").info('127.0.0.1 - "GET / HTTP/1.1" 200')

        assert capsys.readouterr().err == ""


class TestSetUp:
    def test_replaces_the_one_before(self, capsys: Read) -> None:
        for _ in range(3):
            logging.set_up()
        logger.info("once")
        standard.getLogger("other").info("once more")

        assert capsys.readouterr().err.count("\n") == 2


class as_request:  # noqa: N801  reads as a phrase
    """While a request with this id is served."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def __enter__(self) -> None:
        self._mark = logging.request_id.set(self._request_id)

    def __exit__(self, *_: object) -> None:
        logging.request_id.reset(self._mark)


def fail_and_log(text: str) -> None:
    try:
        raise ZeroDivisionError(text)
    except ZeroDivisionError:
        logger.exception("a bug")


def descend(deep: int) -> None:
    if deep == 0:
        raise ZeroDivisionError("at the bottom")
    descend(deep - 1) if deep % 2 else descend_further(deep - 1)


def descend_further(deep: int) -> None:
    descend(deep)


def read_json(capsys: Read) -> dict[str, object]:
    (line,) = capsys.readouterr().err.splitlines()
    fields: dict[str, object] = json.loads(line)
    return fields


class TestRequests:
    """A request is told past the logger, and nobody can tell."""

    @pytest.mark.parametrize(("form", "journal"), [("text", ""), ("text", "8:1"), ("json", ""), ("json", "8:1")])
    @pytest.mark.parametrize("level", ["DEBUG", "INFO"])
    def test_are_told_as_the_logger_would(
        self, capsys: Read, monkeypatch: pytest.MonkeyPatch, form: str, journal: str, level: str
    ) -> None:
        monkeypatch.setenv("JOURNAL_STREAM", journal)
        logging.set_up("DEBUG", form)
        message = f'GET /challenges/{{7}} "é" 200 1.5 ms, {TOKEN}, anna@example.test'

        with as_request("the-id"):
            logger.log(level, "{}", message)
            logging.tell_request(level, message)

        by_logger, by_us = capsys.readouterr().err.splitlines()
        assert without_time(by_us) == without_time(by_logger).replace(__name__, logging.REQUESTS)
        assert TOKEN not in by_us

    @pytest.mark.parametrize(("least", "told"), [("DEBUG", 2), ("INFO", 1), ("WARNING", 0)])
    def test_are_left_out_below_the_level(self, capsys: Read, least: str, told: int) -> None:
        logging.set_up(least)

        logging.tell_request("DEBUG", "GET /health 200 0.1 ms")
        logging.tell_request("INFO", "GET /today 200 0.1 ms")

        assert len(capsys.readouterr().err.splitlines()) == told


def without_time(line: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+\d\d:\d\d)?", "TIME", line)
