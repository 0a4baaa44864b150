"""Deploy: everything that can fail without touching what is live comes first, then the canon's steps in their order."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from lifetracker.core.day import utc_now
from lifetracker.core.release import NO_DATABASE
from lifetracker.ops import journal
from lifetracker.ops.backups import backup
from lifetracker.ops.backups.file_repository import NotOurs
from lifetracker.ops.backups.live_database import is_there, live_database
from lifetracker.ops.checks import ops_check
from lifetracker.ops.deploying import rehearsal
from lifetracker.ops.deploying.interrupts import INTERRUPTS, interruptible
from lifetracker.ops.deploying.judging import Check, judge
from lifetracker.ops.deploying.recover import recover
from lifetracker.ops.deploying.undertaking import UnderWay, clear_away
from lifetracker.ops.files import sync
from lifetracker.ops.journal import DONE, Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import archive, backup_code, releases
from lifetracker.ops.release.archive import Archive
from lifetracker.ops.release.releases import Release
from lifetracker.ops.telling import Teller


def deploy(
    places: Places,
    path: Path,
    tell: Teller,
    *,
    despite_ops_check: str | None = None,
    dry_run: bool = False,
    check: Check = ops_check.run,
) -> str:
    """Bring the release in the archive at `path` live, and answer its id.

    `Refused` with the reason when it did not come to be; the server is then as it was before. `despite_ops_check` is
    the reason, kept in the journal, to go on though ops-check fails. A dry run judges all and changes nothing.
    """
    if despite_ops_check is not None and not despite_ops_check.strip():
        raise Refused("--despite-ops-check wants the reason: it stays on record")
    with journal.locked(places, f"deploy of {path.name}"), interruptible(), ExitStack() as held:
        held.callback(os.umask, os.umask(0o022))  # whatever root's is: the service must be able to read what we unpack
        ended = _begin_whole(places, tell, dry_run)
        with tell.step("verify"):
            members = held.enter_context(archive.opened(path))
        under_way = _gone_on_with(places, ended, members, tell) or _undertake(places, members, tell)
        tell.say(f"release {under_way.undertaking.release}, version {members.manifest.version}")
        try:
            if under_way.undertaking.outcome == DONE:
                failing = set(under_way.undertaking.facts.get("failing", ()))
            else:
                failing = judge(under_way, members, despite_ops_check, check)
                (_call_off if dry_run else _put_live)(under_way)
            if not dry_run:
                _check_again(under_way, check, failing)
        except INTERRUPTS as broke:
            under_way.take_back(str(broke) or "interrupted")
            raise
        if not dry_run:
            _prune(under_way)
            under_way.journal.close(under_way.undertaking)
    return under_way.undertaking.release


def _begin_whole(places: Places, tell: Teller, dry_run: bool) -> Undertaking | None:
    """From one whole release, with every folder in its place, and its database. A dry run ends nothing that was cut
    short; else answers what that was."""
    lacking = [each for each in (places.releases, places.venvs, places.data, places.backups) if not each.is_dir()]
    if lacking:
        raise Refused(f"there is no {lacking[0]}: run `server init` first")
    if dry_run and Journal(places).unfinished():
        raise Refused("a deploy or rollback was cut short here: `lifetracker deploy --recover` ends it")
    ended = recover(places, tell)
    refuse_lost_database(places)
    return None if dry_run else ended or Journal(places).unsaid()


def refuse_lost_database(places: Places) -> None:
    """A file that is missing where a release was live is no new beginning: the disk that holds it may be missing."""
    source = live_database(places)
    if not is_there(source) and (places.live.is_symlink() or releases.good(places, Journal(places).read())):
        raise Refused(f"there is no database at {source.file}: {NO_DATABASE}")


def _gone_on_with(places: Places, ended: Undertaking | None, members: Archive, tell: Teller) -> UnderWay | None:
    """The deploy of this very archive that was cut short when it was live already: the same one, typed again, is no
    second release of it."""
    current = releases.live(places)
    if ended is None or current is None or (ended.what, ended.outcome, ended.release) != ("deploy", DONE, current.id):
        return None
    if current.archive != members.digest:
        return None
    tell.say("this archive is live: its deploy was cut short just before its end")
    return UnderWay(places, places.read_config(), Journal(places), ended, tell)


def _undertake(places: Places, members: Archive, tell: Teller) -> UnderWay:
    now = utc_now()
    current = releases.live(places)
    release = releases.new_id(places, members.digest, now)
    undertaking = Undertaking(release, "deploy", release, current.id if current else None)
    under_way = UnderWay(places, places.read_config(), Journal(places), undertaking, tell)
    under_way.journal.begin(undertaking)
    return under_way


def _call_off(under_way: UnderWay) -> None:
    pending = not Release(under_way.places.new).serves(under_way.places)
    clear_away(under_way.places)
    under_way.journal.end(under_way.undertaking, "dry run")
    under_way.tell.say(
        f"this would go live; {'the database would be migrated' if pending else 'no migration is pending'}"
    )


def _put_live(under_way: UnderWay) -> None:
    """The canon's steps, up to and including its record."""
    with under_way.step("backup code"):
        if under_way.previous is not None:
            backup_code.save(under_way.places, under_way.previous)
    with under_way.step("backup database") as facts:
        if (saved := _back_up_database(under_way)) is not None:
            facts["backup"] = saved
    with under_way.step("release"):
        _settle(under_way)
    if under_way.undertaking.facts.get("closed"):
        under_way.stand_still()
    with under_way.step("migration") as facts:
        under_way.release.run(under_way.places, "db", "upgrade", "--leave-newer", seconds=rehearsal.TAKES_AT_MOST)
        facts["migrated"] = True
    under_way.go_live()


def _back_up_database(under_way: UnderWay) -> str | None:
    """None where there is nothing yet: no file, or a database that was made for us and holds no table of ours. Whether
    it holds others', the migration finds out, and refuses it."""
    if not is_there(live_database(under_way.places)):
        return None
    try:
        return backup.make(under_way.places, "before-deploy").id
    except NotOurs:
        if under_way.previous is not None:
            raise
        return None


def _settle(under_way: UnderWay) -> None:
    """Make the judged tree read-only and a release by its name, the whole of it on the disk first."""
    new = under_way.places.new
    for path in (new, *new.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    os.sync()
    under_way.places.releases.mkdir(exist_ok=True)
    os.replace(new, under_way.release.folder)
    sync(under_way.places.releases)
    sync(under_way.places.home)


def _check_again(under_way: UnderWay, check: Check, failed_before: set[str]) -> None:
    """ops-check once more; what fails now and did not before is the new release's doing."""
    with under_way.step("ops-check again"):
        failing = [each for each in ops_check.failures(check(under_way.places)) if each.check not in failed_before]
    wrong = "\n  ".join(f"{each.check}: {each.says}" for each in failing)
    if failing and under_way.previous is not None:
        raise Refused(f"ops-check fails since:\n  {wrong}")
    if failing:
        under_way.tell.say(f"ops-check fails:\n  {wrong}")


def _prune(under_way: UnderWay) -> None:
    """What does not go now goes the next time: no reason to take back what is live and sound."""
    try:
        with under_way.tell.step("prune"):
            releases.share_libraries(under_way.places, under_way.release)
            releases.prune(under_way.places, under_way.config.keep_releases, under_way.journal.read())
            backup_code.prune(under_way.places, under_way.config.keep_backups)
    except OSError as broke:
        under_way.tell.say(f"{broke}: the new release is live all the same")
