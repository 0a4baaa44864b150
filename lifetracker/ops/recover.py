"""After a deploy or rollback that was killed: finish it where the new release is linked already, else undo it."""

from __future__ import annotations

from lifetracker.ops import releases
from lifetracker.ops.breaks import BREAKS
from lifetracker.ops.journal import PUT_BACK, Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.telling import Teller
from lifetracker.ops.work import Work, clear_away


def recover(places: Places, tell: Teller) -> bool:
    """Bring the server to one whole release, under the lock; whether there was anything to do. Twice is once."""
    journal = Journal(places)
    undertaking = journal.unfinished()
    if undertaking is None:
        clear_away(places)
        return False
    tell.say(f"the {undertaking.what} of {undertaking.at[:19]} was cut short at {_last_step(undertaking)!r}")
    _end(Work(places, places.read_config(), journal, undertaking, tell))
    return True


def _end(work: Work) -> None:
    current = releases.live(work.places)
    if current is None or current.id != work.undertaking.release or PUT_BACK in work.undertaking.steps:
        work.put_back("cut short, and undone")
        return
    try:
        work.go_live()
    except BREAKS as broke:
        why = str(broke) or "interrupted"
        work.tell.say(f"{why}\n  putting back what was")
        work.put_back(f"cut short, and could not be finished: {why}")
        if isinstance(broke, KeyboardInterrupt):
            raise


def _last_step(undertaking: Undertaking) -> str:
    return undertaking.steps[-1] if undertaking.steps else "the beginning"
