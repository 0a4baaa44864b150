"""After a deploy or rollback that was killed: finish it where the new release is linked already, else undo it."""

from __future__ import annotations

from lifetracker.ops.deploying.interrupts import INTERRUPTS
from lifetracker.ops.deploying.undertaking import UnderWay, WouldLose, clear_away
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
    _end(UnderWay(places, places.read_config(), journal, undertaking, tell), lose)
    return undertaking


def _end(under_way: UnderWay, lose: bool) -> None:
    current = releases.live(under_way.places)
    linked = current is not None and current.id == under_way.undertaking.release
    if PUT_BACK in under_way.undertaking.steps:
        _undo(under_way, linked, lose)
    elif linked and under_way.undertaking.kept:
        under_way.keep()
    elif linked:
        _finish(under_way, lose)
    else:
        under_way.put_back("cut short, and undone", lose=lose)


def _undo(under_way: UnderWay, linked: bool, lose: bool) -> None:
    """Where that would lose rows, what it failed for may have been mended meanwhile."""
    try:
        under_way.put_back("cut short, and undone", lose=lose)
    except WouldLose as refused:
        if not linked:
            raise
        under_way.tell.say(str(refused))
        _finish(under_way, lose)


def _finish(under_way: UnderWay, lose: bool) -> None:
    try:
        under_way.go_live()
    except INTERRUPTS as broke:
        why = str(broke) or "interrupted"
        under_way.tell.say(f"{why}\n  putting back what was")
        under_way.put_back(f"cut short, and could not be finished: {why}", lose=lose)
        if isinstance(broke, KeyboardInterrupt):
            raise


def _last_step(undertaking: Undertaking) -> str:
    return undertaking.steps[-1] if undertaking.steps else "the beginning"
