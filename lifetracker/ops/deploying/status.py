"""What is on a server: the live release, those to go back to, and whether anything is under way or was cut short."""

from __future__ import annotations

from collections.abc import Iterator

from lifetracker.core.release import mark_of_trial
from lifetracker.ops import journal, systemd
from lifetracker.ops.backups import backup
from lifetracker.ops.journal import Journal, Undertaking
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases

NOTES_SHOWN = 3


def told(places: Places) -> Iterator[str]:
    """Lines for the operator."""
    current = releases.live(places)
    past = Journal(places).read()
    yield f"live        {current.id if current else 'nothing yet'}"
    yield f"answers     {_answering(places)}"
    yield f"under way   {journal.holder(places) or 'nothing'}"
    yield from _cut_short(places, past)
    outcomes = {each.release: each.outcome or "cut short" for each in past if each.what == "deploy"}
    for release in releases.listed(places):
        mark = "*" if current and release.id == current.id else " "
        yield f"{mark:>10}  {release.id}, version {release.version}: {outcomes.get(release.id, 'of unknown fate')}"
        if mark_of_trial(release.folder).exists():
            yield f"on trial    {release.id} refuses every write until it is kept, or `lifetracker deploy --recover`"
    for note in [each for each in Journal(places).notes() if "outcome" in each][-NOTES_SHOWN:]:
        yield f"by hand     {note['at'][:19]} {note['what']} {note.get('of', '')} by {note['who']}: {note['outcome']}"
    newest = next(iter(backup.listed(places)), None)
    yield f"backup      {newest.id if newest else 'none yet'}"


def _answering(places: Places) -> str:
    try:
        health = systemd.ask_health(places.read_config().url)
    except Refused as refused:
        return str(refused)
    return f"{health.get('release')}, status {health.get('status')}"


def _cut_short(places: Places, past: list[Undertaking]) -> Iterator[str]:
    last = past[-1] if past else None
    if last is not None and last.outcome is None and journal.holder(places) is None:
        at = last.steps[-1] if last.steps else "the beginning"
        yield f"cut short   {last.what} {last.id} at {at!r}: `lifetracker deploy --recover` ends it"
