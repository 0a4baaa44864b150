"""The canon's ops-check before and after a change that is no deploy, and that change on record.

What goes back is often what mends: what fails before is told and written down, and forbids nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lifetracker.ops import journal
from lifetracker.ops.checks import ops_check
from lifetracker.ops.checks.ops_check import Outcome
from lifetracker.ops.journal import Journal
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.telling import Teller

Check = Callable[[Places], list[Outcome]]


def but_for_smoke(places: Places) -> list[Outcome]:
    """What a rollback asks: the smoke check takes longer than all others, and each switch runs it by itself."""
    return ops_check.run(places, [each for each in ops_check.CHECKS if each.name != "smoke"])


@contextmanager
def on_record(places: Places, what: str, **told: Any) -> Iterator[None]:
    """Under the lock, with a line in the journal before and after. Below a root that no server was made of, without."""
    if not places.deploy.is_dir():
        yield
        return
    with journal.locked(places, " ".join([what, *map(str, told.values())])):
        _note(places, what, begun=True, **told)
        try:
            yield
        except BaseException as broke:
            _note(places, what, outcome=str(broke) or type(broke).__name__, **told)
            raise
        _note(places, what, outcome=journal.DONE, **told)


def _note(places: Places, what: str, **told: Any) -> None:
    with suppress(OSError):  # a disk that is full hinders no way back
        Journal(places).note(what, **told)


def look(places: Places, tell: Teller, check: Check = ops_check.run) -> set[str]:
    """What fails before, told and on record; nothing where no release is live."""
    if not places.live.is_symlink():
        return set()
    with tell.step("ops-check"):
        failing = ops_check.failures(check(places))
    if failing:
        lines = [f"  {each.check}: {each.says}" for each in failing]
        tell.say("\n".join(["  this fails already, and forbids nothing:", *lines]))
        _note(places, "ops-check", failing=[each.check for each in failing])
    return {each.check for each in failing}


def look_again(places: Places, tell: Teller, before: set[str], check: Check = ops_check.run) -> None:
    """`Refused` where something fails that did not before; what was done stays done."""
    if not places.live.is_symlink():
        return
    with tell.step("ops-check again"):
        failing = [each for each in ops_check.failures(check(places)) if each.check not in before]
    if failing:
        wrong = "\n  ".join(f"{each.check}: {each.says}" for each in failing)
        raise Refused(f"it is done, and ops-check fails since:\n  {wrong}")
