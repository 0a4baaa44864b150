"""Checks of the backups: last night's is there and whole, the next one will come, and restoring was tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from lifetracker.ops.backups import backup as backups
from lifetracker.ops.backups import manifest as manifests
from lifetracker.ops.backups.manifest import Backup
from lifetracker.ops.checks.verdict import Verdict, failed, ok, skipped, warning, worst
from lifetracker.ops.places import BACKUP, TIMER, Places
from lifetracker.ops.systemd import Unit, read_unit

VERIFIED_DAYS = 35  # who tries it once a month is not told
HOUR = timedelta(hours=1)


def last_is_fresh(places: Places) -> Verdict:
    """That the newest backup of every day is whole and not older than `backup_age_hours`, and that the timer goes on.

    Those of deploys and restores come when somebody is at work, and say nothing of the nights.
    """
    now = manifests.clock()
    found = backups.listed(places)
    return worst([_judge_newest(places, found, now), *_judge_the_rest(places, found, now), *_judge_units(places)])


def _judge_newest(places: Places, found: list[Backup], now: datetime) -> Verdict:
    most = places.read_config().backup_age_hours
    daily = [each for each in _to_restore(found, now) if each.manifest.label is None]
    if not daily:
        return _judge_none(places, most, now)
    said = f"{daily[0].id} is {_hours(now - daily[0].at)} hours old, of {len(daily)}"
    if wrong := manifests.wrong_with_database(daily[0]):
        return failed(f"{said}, and is damaged: {wrong}")
    return failed(f"{said}; it may be {most}") if (now - daily[0].at) / HOUR > most else ok(said)


def _to_restore(found: list[Backup], now: datetime) -> list[Backup]:
    """In their order, without what was kept to be looked at, and what no time is known of."""
    return [each for each in found if each.manifest.problem is None and not each.is_ahead(now)]


def _judge_none(places: Places, most: int, now: datetime) -> Verdict:
    """An installation is given the time that a backup may take before it must have one."""
    deployed = [at for at in _deploys(places.releases) if not manifests.is_ahead(at, now)]
    if deployed and (now - min(deployed)) / HOUR <= most:
        age = _hours(now - min(deployed))
        return ok(f"none yet; the first release is {age} hours old, and {most} are given")
    return failed(f"there is no whole backup of every day in {places.backups}")


def _deploys(releases: Path) -> Iterator[datetime]:
    """By the names of their folders, which begin as those of backups do."""
    for folder in releases.iterdir() if releases.is_dir() else ():
        if at := manifests.instant_of(folder.name.partition("-")[0]):
            yield at


def _hours(age: timedelta) -> str:
    return f"{max(age, timedelta()) / HOUR:.1f}"


def _judge_the_rest(places: Places, found: list[Backup], now: datetime) -> Iterator[Verdict]:
    """What would be met only when it is needed: those that are damaged, or cannot be told the time of."""
    if ahead := [each.id for each in found if each.is_ahead(now)]:
        said = f"of {', '.join(ahead)} the time lies ahead: the clock was wrong then, or is now (see `clock`)"
        yield failed(f"{said}; where it was wrong then, move them out of {places.backups}")
    newest = next((each for each in _to_restore(found, now) if each.manifest.label is None), None)
    for each in _to_restore(found, now):
        if each is not newest and (wrong := manifests.wrong_at_a_glance(each)):
            yield warning(f"{each.id} is damaged: {wrong}")
    for name, why in backups.unreadable(places.backups).items():
        yield failed(why) if _hides(name, newest) else warning(why)


def _hides(name: str, newest: Backup | None) -> bool:
    """Whether what cannot be read may be the newest of every day."""
    label, at = manifests.told_by_id(name) or (None, None)
    return label is None and (newest is None or at is None or at >= newest.at)


def _judge_units(places: Places) -> Iterator[Verdict]:
    """What they do and did; whether their files are the release's is asked by `unit file`."""
    yield from map(failed, [*_wrong_with_timer(read_unit(TIMER)), *_wrong_with_unit(places, read_unit(BACKUP))])


def _wrong_with_timer(timer: Unit) -> Iterator[str]:
    if not timer.loaded:
        yield f"systemd does not know {TIMER}: it is {timer.told.get('LoadState') or 'away'}"
        return
    if (state := timer.told.get("UnitFileState")) != "enabled":
        yield f"{TIMER} is {state or 'not enabled'}: it will not come back when the machine starts"
    if not timer.active or timer.told.get("SubState") == "elapsed":
        yield f"{TIMER} is {timer.state}: no backup will come by itself"
    if (triggers := timer.told.get("Unit")) != BACKUP:
        yield f"{TIMER} starts {triggers}, not {BACKUP}"
    if timer.needs_reload:
        yield f"{TIMER} was changed, and systemd still has the old one"


def _wrong_with_unit(places: Places, unit: Unit) -> Iterator[str]:
    if not unit.loaded:
        yield f"systemd does not know {BACKUP}: it is {unit.told.get('LoadState') or 'away'}"
        return
    python = places.live / ".venv/bin/python"
    if unit.commands != [f"{python} -m lifetracker {words}" for words in ("backup", "backup --verify")]:
        yield f"{BACKUP} runs `{'; '.join(unit.commands) or 'nothing'}`, which is no backup and drill of ours"
    if unit.needs_reload:
        yield f"{BACKUP} was changed, and systemd still has the old one"
    if unit.told.get("Result", "success") != "success" or unit.told.get("ExecMainStatus", "0") not in ("", "0"):
        yield f"the last run of {BACKUP} did not end well: {unit.state}, code {unit.told.get('ExecMainStatus')}"
    if unit.told.get("ConditionTimestamp") and unit.told.get("ConditionResult") == "no":
        yield f"the last run of {BACKUP} did nothing: a condition of it does not hold"


def last_was_verified(places: Places) -> Verdict:
    """That a restore drill passed, and when; that none failed since, and none was kept from being tried."""
    now = manifests.clock()
    found = _to_restore(backups.listed(places), now)
    if not found:
        return skipped("there is no backup to verify")
    daily = [each for each in found if each.manifest.label is None]
    return worst([_judge_verified(daily or found, now), *_judge_drills(found, now)])


def _judge_verified(known: list[Backup], now: datetime) -> Verdict:
    passed = {each.id: at for each in known if (at := each.verified)}
    if not passed:
        return warning(f"none of {len(known)} backup(s) was ever verified")
    last = max(passed, key=passed.__getitem__)
    if manifests.is_ahead(passed[last], now):
        return warning(f"{last} says that it will be verified on {passed[last]:%Y-%m-%d}: a clock was ahead")
    days = _days(passed[last], now)
    said = f"{last} was verified {days} days ago"
    return warning(said) if days > VERIFIED_DAYS else ok(said)


def _days(since: datetime, now: datetime) -> int:
    return max(now - since, timedelta()).days


def _judge_drills(found: list[Backup], now: datetime) -> Iterator[Verdict]:
    """The newest first, of each label down to one that passed: what failed before that is over. One of a deploy that
    failed before a daily one passed is told, and forbids nothing."""
    over: set[str | None] = set()
    for each in found:
        label, record = each.manifest.label, each.record
        if label in over:
            continue
        if failure := record.failed:
            said = f"{each.id} was found unsound {_days(failure.at, now)} days ago: {failure.why}"
            yield warning(said) if None in over else failed(said)
        if untried := record.untried:
            yield warning(f"the drill of {each.id} was not done {_days(untried.at, now)} days ago: {untried.why}")
        if record.verified:
            over.add(label)
