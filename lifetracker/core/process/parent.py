"""What uvicorn's parent of several workers runs of ours, which imports no application: the log, and word to systemd.

A parent does read its log configuration, from the file that `$UVICORN_LOG_CONFIG` names. Ours is `core/uvicorn.json`,
which has `begin()` called as if that made a formatter, in the parent and in whoever serves.
"""

from __future__ import annotations

import multiprocessing
import os
from threading import Thread

from lifetracker.core.logging import set_up
from lifetracker.core.process import notify


def begin() -> None:
    """Our one log set-up, until the application reads its settings; in a parent the thread that tells systemd, too."""
    set_up(form="json" if os.environ.get("LIFETRACKER_LOG_FORMAT", "").strip().lower() == "json" else "text")
    if _is_parent() and "NOTIFY_SOCKET" in os.environ:
        Thread(target=notify.tell_of_workers, name="systemd", daemon=True).start()


def _is_parent() -> bool:
    """Whether this process is to have workers, and is none itself."""
    return multiprocessing.parent_process() is None and notify.Crew.of(os.environ, os.getpid()).size > 1
