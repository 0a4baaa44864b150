"""The daily log, today, stats and imports over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from lifetracker.challenges.life_service import Archived, BeforeStart, DateInFuture
from lifetracker.challenges.service import ChallengeNotFound
from lifetracker.core.http.answers import tagged, written
from lifetracker.core.http.etags import Exists
from lifetracker.core.http.openapi import refusals
from lifetracker.core.http.parameters import DatabaseDep, IfMatch, IfNone, IfNoneMatch
from lifetracker.core.http.route import JsonRoute
from lifetracker.core.schemas import Id, Page
from lifetracker.daily_log import import_service, service, today_service
from lifetracker.daily_log.import_service import UnknownFormat
from lifetracker.daily_log.schemas import (
    EntryAdd,
    EntryLogged,
    EntryPublic,
    EntryWrite,
    Imported,
    ImportQuery,
    LogDay,
    LoggedResult,
    ProgressPublic,
    RangeQuery,
    Stats,
    StatsQuery,
    Today,
    TodayQuery,
)
from lifetracker.daily_log.service import AfterEnd, EntryNotFound, RangeReversed
from lifetracker.daily_log.writing import AboveMost, BelowZero, ValueMissing
from lifetracker.users.dependencies import CurrentUser, OnceDep

router = APIRouter(route_class=JsonRoute, tags=["daily log"])

BYTES = {"schema": {"type": "string", "format": "binary"}, "example": "the bytes of the file"}
FILE = {"required": True, "content": {"application/octet-stream": BYTES}}
LOGGING = refusals(ChallengeNotFound, Archived, DateInFuture, BeforeStart, AfterEnd, ValueMissing, Exists)


async def _whole_body(request: Request) -> bytes:
    """A file, whatever it is said to be: what it is shows in its content."""
    return await request.body()


def _logged(result: LoggedResult) -> Response:
    entry = EntryPublic(**result.entry)
    made = f"/challenges/{entry.challenge_id}/log/{entry.date.isoformat()}" if result.created else None
    return tagged(entry, 201 if result.created else 200, made, beside={"progress": ProgressPublic(**result.progress)})


@router.put(
    "/challenges/{challenge_id}/log/{date}",
    response_model=EntryLogged,
    responses=LOGGING | {201: {"model": EntryLogged, "description": "The entry is new"}},
)
async def log_day(
    challenge_id: Id,
    date: LogDay,
    user: CurrentUser,
    db: DatabaseDep,
    entry: EntryWrite | None = None,
    if_match: IfMatch = None,
    if_none: IfNone = None,
) -> Response:
    """Log a day; what is not sent keeps what is stored, and nothing sent ticks a check."""
    sent = entry or EntryWrite()
    return _logged(await db.write(service.log_day, user, challenge_id, date, sent, if_match, if_none))


@router.post(
    "/challenges/{challenge_id}/log/{date}/add",
    response_model=EntryLogged,
    responses=refusals(ChallengeNotFound, Archived, DateInFuture, BeforeStart, AfterEnd, BelowZero, AboveMost)
    | {201: {"model": EntryLogged, "description": "The entry is new"}},
)
async def add_to_day(challenge_id: Id, date: LogDay, amount: EntryAdd, user: CurrentUser, once: OnceDep) -> Response:
    """Add to a day's value."""
    return _logged(await once.write(service.add_to_day, user, challenge_id, date, amount))


@router.get(
    "/challenges/{challenge_id}/log/{date}",
    response_model=EntryPublic,
    responses=refusals(ChallengeNotFound, EntryNotFound),
)
async def show_day(
    challenge_id: Id, date: LogDay, user: CurrentUser, db: DatabaseDep, if_none_match: IfNoneMatch = None
) -> Response:
    """One day's entry."""
    return tagged(await db.read(service.show_day, user, challenge_id, date), seen=if_none_match)


@router.delete(
    "/challenges/{challenge_id}/log/{date}",
    status_code=204,
    responses=refusals(ChallengeNotFound, EntryNotFound, Archived),
)
async def erase_day(
    challenge_id: Id, date: LogDay, user: CurrentUser, db: DatabaseDep, if_match: IfMatch = None
) -> None:
    """Erase a day's entry."""
    await db.write(service.erase_day, user, challenge_id, date, if_match)


@router.get("/challenges/{challenge_id}/log", responses=refusals(ChallengeNotFound, RangeReversed))
async def list_log(
    challenge_id: Id, query: Annotated[RangeQuery, Query()], user: CurrentUser, db: DatabaseDep
) -> Page[EntryPublic]:
    """One challenge's entries, ascending by date."""
    return await db.read(service.list_log, user, challenge_id, query)


@router.get("/daily-log", responses=refusals(RangeReversed))
async def list_daily_log(
    query: Annotated[RangeQuery, Query()], user: CurrentUser, db: DatabaseDep
) -> Page[EntryPublic]:
    """The entries of all my challenges, ascending by date."""
    return await db.read(service.list_daily_log, user, query)


@router.get("/today", response_model=Today, responses=refusals(DateInFuture))
async def show_today(query: Annotated[TodayQuery, Query()], user: CurrentUser, db: DatabaseDep) -> Response:
    """What a day asks of me, and how each challenge stands."""
    return written(await today_service.open_today(db, user, query.date))


@router.get("/challenges/{challenge_id}/stats", responses=refusals(ChallengeNotFound, DateInFuture))
async def show_stats(
    challenge_id: Id, query: Annotated[StatsQuery, Query()], user: CurrentUser, db: DatabaseDep
) -> Stats:
    """How a challenge stands, or stood on a day gone by."""
    return await db.read(today_service.show_stats, user, challenge_id, query.as_of)


@router.post("/users/me/import", responses=refusals(UnknownFormat), openapi_extra={"requestBody": FILE})
async def import_file(
    query: Annotated[ImportQuery, Query()],
    user: CurrentUser,
    db: DatabaseDep,
    file: Annotated[bytes, Depends(_whole_body)],
) -> Imported:
    """Bring a life from another tracker: the `.db` backup of Loop Habit Tracker as the body."""
    return await import_service.import_file(db, user, file, query)
