"""After a deploy or rollback that was killed: finish it where the new release is linked already, else undo it."""

from __future__ import annotations

from lifetracker.ops.deploying.interrupts import BREAKS
from lifetracker.ops.deploying.undertaking import Work, WouldLose, clear_away
from lifetracker.ops.journal import PUT_BACK, Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.release import releases, start_archive
from lifetracker.ops.telling import Teller


def recover(places: Places, tell: Teller, *, lose: bool = False) -> Undertaking | None:
    """Bring the server to one whole release, under the lock; what was ended so, None for nothing. Twice is once.

    `lose` is the word to put back a database though rows would be lost.
    """
    start_archive.remove_leftovers()
    journal = Journal(places)
    undertaking = journal.unfinished()
    if undertaking is None:
        clear_away(places)
        releases.end_trials(places)
        return None
    tell.say(f"the {undertaking.what} of {undertaking.at[:19]} was cut short at {_last_step(undertaking)!r}")
    _end(Work(places, places.read_config(), journal, undertaking, tell), lose)
    return undertaking


def _end(work: Work, lose: bool) -> None:
    current = releases.live(work.places)
    linked = current is not None and current.id == work.undertaking.release
    if PUT_BACK in work.undertaking.steps:
        _undo(work, linked, lose)
    elif linked and work.undertaking.kept:
        work.keep()
    elif linked:
        _finish(work, lose)
    else:
        work.put_back("cut short, and undone", lose=lose)


def _undo(work: Work, linked: bool, lose: bool) -> None:
    """Where that would lose rows, what it failed for may have been mended meanwhile."""
    try:
        work.put_back("cut short, and undone", lose=lose)
    except WouldLose as refused:
        if not linked:
            raise
        work.tell.say(str(refused))
        _finish(work, lose)


def _finish(work: Work, lose: bool) -> None:
    try:
        work.go_live()
    except BREAKS as broke:
        why = str(broke) or "interrupted"
        work.tell.say(f"{why}\n  putting back what was")
        work.put_back(f"cut short, and could not be finished: {why}", lose=lose)
        if isinstance(broke, KeyboardInterrupt):
            raise


def _last_step(undertaking: Undertaking) -> str:
    return undertaking.steps[-1] if undertaking.steps else "the beginning"
