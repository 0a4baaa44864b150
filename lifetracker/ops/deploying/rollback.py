"""Back to a release that was live before: the same switch, restart and proofs as a deploy, and nothing else."""

from __future__ import annotations

from lifetracker.core.day import utc_now
from lifetracker.ops import by_hand, journal, systemd
from lifetracker.ops.backups import backup, restore, restore_database
from lifetracker.ops.backups.live_database import live_database
from lifetracker.ops.by_hand import Check
from lifetracker.ops.deploying.deploy import refuse_lost_database
from lifetracker.ops.deploying.interrupts import INTERRUPTS, interruptible
from lifetracker.ops.deploying.recover import recover
from lifetracker.ops.deploying.undertaking import UnderWay
from lifetracker.ops.journal import DONE, Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases
from lifetracker.ops.release.releases import STAMP, Release
from lifetracker.ops.telling import Teller


def roll_back(
    places: Places,
    wanted: str | None,
    tell: Teller,
    *,
    restore_database: bool = False,
    check: Check = by_hand.but_for_smoke,
) -> str:
    """Make `wanted`, or the last good release before the live one, live again, and answer its id.

    `Refused` when there is none, when it was changed by hand, or when its code cannot serve the database as it is and
    `restore_database` does not say to put back the backup from before. What ops-check says before forbids nothing: to
    go back may be what mends it.
    """
    with journal.locked(places, "rollback"), interruptible():
        ended = recover(places, tell) or Journal(places).unsaid()
        refuse_lost_database(places)
        current = releases.live(places)
        if current is None:
            raise Refused("nothing is live here: there is nothing to go back from")
        if ended is not None and _was_meant(ended, wanted, current):
            tell.say(f"the {ended.what} of {ended.release} was cut short: it is where it would have gone")
            Journal(places).close(ended)
            return current.id
        return _go_back(places, wanted, current, tell, restore_database, check)


def _go_back(
    places: Places, wanted: str | None, current: Release, tell: Teller, restore_database: bool, check: Check
) -> str:
    past = Journal(places).read()
    target = _choose(places, wanted, current, past)
    saved = _backup_for(places, target, past, restore_database)
    failing = by_hand.look(places, tell, check)
    undertaking = Undertaking(f"rollback-{utc_now():{STAMP}}", "rollback", target.id, current.id)
    under_way = UnderWay(places, places.read_config(), Journal(places), undertaking, tell)
    under_way.journal.begin(undertaking)
    try:
        if saved is not None:
            _restore(under_way, saved)
        under_way.go_live()
    except INTERRUPTS as broke:
        under_way.take_back(str(broke) or "interrupted")
        raise
    try:
        by_hand.look_again(places, tell, failing, check)
    finally:
        under_way.journal.close(undertaking)  # a kill leaves it open: who types it again then means this one
    return target.id


def _was_meant(ended: Undertaking, wanted: str | None, current: Release) -> bool:
    """Whether what was cut short has led by now to where this would go: as the same rollback, or as a deploy that was
    undone. To go on from there would be one release too far."""
    if wanted not in (None, current.id):
        return False
    gone_to = ended.release if ended.outcome == DONE else ended.previous
    return current.id == gone_to and (ended.what == "rollback") == (ended.outcome == DONE)


def _choose(places: Places, wanted: str | None, current: Release, past: list[Undertaking]) -> Release:
    good = releases.good(places, past)
    before = [each for each in good if each < current.id and not _is_same(places, each, current)]
    if wanted is None and not before:
        raise Refused(f"there is no good release before {current.id} to go back to")
    target = releases.find(places, wanted or before[-1])
    if target.id == current.id:
        raise Refused(f"{target.id} is live already")
    if target.id not in good:
        raise Refused(f"{target.id} failed when it was deployed: it is no release to go back to")
    if changed := target.differences():
        raise Refused(f"{target.id} is not whole any more: {changed[0]}")
    return target


def _is_same(places: Places, release: str, current: Release) -> bool:
    """Of the same archive: to go there would be to go nowhere."""
    return current.archive is not None and releases.find(places, release).archive == current.archive


def _backup_for(places: Places, target: Release, past: list[Undertaking], restore_database: bool) -> str | None:
    """The backup to restore, None where the release can serve the database as it is."""
    if target.serves(places):
        return None
    later = (each for each in past if each.what == "deploy" and each.outcome == DONE and each.release > target.id)
    saved: str | None = next((each.facts["backup"] for each in later if "backup" in each.facts), None)
    if saved is None:
        raise Refused(f"{target.id} cannot serve the database as it is now, and there is no backup from before")
    if not restore_database:
        raise Refused(
            f"{target.id} cannot serve the database as it is now. `--restore-database` would put back backup {saved}; "
            f"{_loss(places, saved)}"
        )
    return saved


def _loss(places: Places, saved: str) -> str:
    live, found = live_database(places), backup.find(places, saved)
    with restore_database.received(found, live) as new:
        lost = restore_database.losses(found, live, new)
    if lost is None:
        return "what is there now cannot be read, and would be kept as it is in a backup"
    return f"it would lose or change {restore_database.told(lost) or 'no row'}"


def _restore(under_way: UnderWay, saved: str) -> None:
    with under_way.step("backup database") as facts:
        facts["backup"] = backup.make(under_way.places, "before-rollback").id
    under_way.stand_still(restored=saved)
    with under_way.step("migration") as facts:  # of the database back to the schema of that release
        restore.put_back(under_way.places, backup.find(under_way.places, saved), stop=systemd.stop, keep=False)
        facts["migrated"] = True
