"""The one log set-up: loguru to stderr, with everything that uvicorn and the standard library say.

Under journald a line carries its priority (`<3>` … `<7>`), in JSON too, so that `journalctl -p err` works; and what is
told once is one entry of the journal, traceback and all, of a length that `journalctl -o json` still shows.
Whatever a line says, tokens and e-mail addresses in it are blotted out on the way.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from traceback import format_exception
from typing import TYPE_CHECKING, Any

from loguru import logger

if TYPE_CHECKING:
    from loguru import Message, Record

request_id: ContextVar[str] = ContextVar("request_id", default="-")

SECRETS = re.compile(r"\blt_[A-Za-z0-9_-]{4,}|[^\s@'\"<>=:,;()\[\]]+@[^\s@'\"<>,;()\[\]\\]+")
HIDDEN = "[hidden]"
REQUESTS = "lifetracker.core.http.edge"  # who tells of requests
LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "SUCCESS": 25, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
JOURNAL_PRIORITY = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "SUCCESS": 5, "INFO": 6, "DEBUG": 7, "TRACE": 7}
LONGEST = 4000  # bytes of an entry: `journalctl -o json` answers null for a field of 4096, its name included
SHORTEST = 200  # bytes that stay of each of its texts
FOLD = " | "  # stands where a line ended: the journal takes a traceback for as many entries as it has lines


def set_up(level: str = "INFO", form: str = "text") -> None:
    """Send every log line of this process to stderr, once, in one form: `text` or `json`."""
    logger.remove()
    logger.configure(patcher=_add_request_id)
    write, layout = _choose(form)
    logger.add(write, level=level, format=layout, backtrace=False, diagnose=False)
    _tell_requests(level, form)
    logging.basicConfig(handlers=[_Passage()], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # the application's own line has the request id


def tell_request(level: str, message: str) -> None:
    """One line, as the logger would write it, at a tenth of the cost.

    Nearly every line is of a request, and through the logger it costs as much as finding who calls.
    """
    if LEVELS[level] >= _told.threshold:
        may_tell = "@" in message or "lt_" in message  # looking for a secret costs half of the line
        _told.write(level, SECRETS.sub(HIDDEN, message) if may_tell else message)


def _write_plainly(level: str, message: str) -> None:
    now = time.time()
    at = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))}.{int(now % 1 * 1000):03}"
    sys.stderr.write(f"{at} {level: <8} {request_id.get()} {message}\n")


def _write_plainly_to_journal(level: str, message: str) -> None:
    sys.stderr.write(f"{_priority(level)}{_bounded(f'{request_id.get()} {message}')}\n")


def _write_json(level: str, message: str) -> None:
    sys.stderr.write(f"{json.dumps(_fields(level, message), ensure_ascii=False)}\n")


def _write_json_to_journal(level: str, message: str) -> None:
    sys.stderr.write(f"{_priority(level)}{_bounded_json(_fields(level, message))}\n")


def _fields(level: str, message: str) -> dict[str, Any]:
    told = {"time": datetime.now(UTC).astimezone().isoformat(), "level": level, "message": message}
    return told | {"logger": REQUESTS, "request_id": request_id.get()}


def _priority(level: str) -> str:
    return f"<{JOURNAL_PRIORITY[level]}>"


@dataclass(slots=True)
class _Told:
    """How lines of requests are written, and from which level on."""

    threshold: int
    write: Callable[[str, str], None]


_told = _Told(logging.INFO, _write_plainly)


def _tell_requests(level: str, form: str) -> None:
    _told.threshold = LEVELS[level]
    if _under_journald():
        _told.write = _write_json_to_journal if form == "json" else _write_plainly_to_journal
    else:
        _told.write = _write_json if form == "json" else _write_plainly


def _under_journald() -> bool:
    return bool(os.environ.get("JOURNAL_STREAM"))


def _choose(form: str) -> tuple[Callable[[Message], None], Callable[[Record], str]]:
    if form == "json":
        return (_write_to_journal, _as_json_for_journal) if _under_journald() else (_write, _as_json)
    return (_write_to_journal, _for_journal) if _under_journald() else (_write, _for_people)


def _write(text: Message) -> None:
    sys.stderr.write(SECRETS.sub(HIDDEN, text))


def _write_to_journal(text: Message) -> None:
    """One entry, bounded; what is JSON has no end of a line in it, and is bounded already."""
    sys.stderr.write(f"{_priority(text.record['level'].name)}{_bounded(_folded(SECRETS.sub(HIDDEN, text)))}\n")


def _folded(text: str) -> str:
    """On one line, without the lines of a traceback that only point at the one above them."""
    return FOLD.join(line.strip() for line in text.splitlines() if line.strip(" ^~"))


def _bounded(text: str, most: int = LONGEST) -> str:
    """At most so many bytes, cut in the middle: what it is about stands at its beginning, what broke at its end."""
    if 4 * len(text) <= most:  # no character takes more bytes than that, and nearly every line is short
        return text
    content = text.encode(errors="backslashreplace")
    if len(content) <= most:
        return text
    mark = f"{FOLD}… {len(content) - most:,} bytes more …{FOLD}"
    half = (most - len(mark.encode())) // 2
    return f"{content[:half].decode(errors='ignore')}{mark}{content[-half:].decode(errors='ignore')}"


def _add_request_id(record: Record) -> None:
    record["extra"].setdefault("request_id", request_id.get())


def _for_people(record: Record) -> str:
    return "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <8} {extra[request_id]} {message}\n{exception}"


def _for_journal(record: Record) -> str:
    return "{extra[request_id]} {message}\n{exception}"


def _as_json(record: Record) -> str:
    record["extra"]["_line"] = json.dumps(_hidden(record), ensure_ascii=False)
    return "{extra[_line]}\n"


def _as_json_for_journal(record: Record) -> str:
    record["extra"]["_line"] = _bounded_json(_hidden(record))
    return "{extra[_line]}\n"


def _hidden(record: Record) -> dict[str, Any]:
    fields = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "message": record["message"],
        "logger": record["name"],
        **record["extra"],
    }
    if record["exception"] is not None:
        fields["exception"] = "".join(format_exception(*record["exception"]))
    # Hidden before they are quoted: an address beside a quotation mark would take JSON's backslash with it.
    return {
        name: value if isinstance(value, (int, float)) else SECRETS.sub(HIDDEN, str(value))
        for name, value in fields.items()
    }


def _bounded_json(fields: dict[str, Any]) -> str:
    """JSON of at most `LONGEST` bytes: its longest texts give way, each once at most."""
    line = json.dumps(fields, ensure_ascii=False)
    if 4 * len(line) <= LONGEST:
        return line
    for name in sorted(fields, key=lambda name: -len(str(fields[name]))):
        if (over := len(line.encode(errors="backslashreplace")) - LONGEST) > 0:
            text = str(fields[name])
            most = len(text.encode(errors="backslashreplace")) - over
            line = json.dumps(fields := {**fields, name: _bounded(text, max(most, SHORTEST))}, ensure_ascii=False)
    return line


class _Passage(logging.Handler):
    """What the standard library logs, handed to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in JOURNAL_PRIORITY else "INFO"
        logger.opt(depth=6, exception=record.exc_info).log(level, "{}", record.getMessage())
