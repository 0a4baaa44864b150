"""`/challenges`: challenges over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from lifetracker.challenges import life_service, service
from lifetracker.challenges.life_service import (
    AlreadyArchived,
    AlreadyPaused,
    Archived,
    BeforeStart,
    DateInFuture,
    NotArchived,
    NotPaused,
)
from lifetracker.challenges.schemas import (
    ChallengeCreate,
    ChallengeListed,
    ChallengePatch,
    ChallengePublic,
    ChallengeQuery,
    Order,
    Pause,
    Restart,
    Resume,
)
from lifetracker.challenges.service import ChallengeNotFound, NotDeleted, RestartedByHand
from lifetracker.core.errors import TooMany
from lifetracker.core.http.answers import tagged
from lifetracker.core.http.openapi import refusals
from lifetracker.core.http.parameters import DatabaseDep, IfMatch, IfNoneMatch
from lifetracker.core.http.route import JsonRoute
from lifetracker.core.schemas import Id, Page
from lifetracker.templates.dependencies import LanguageDep
from lifetracker.templates.service import TemplateNotFound
from lifetracker.users.dependencies import CurrentUser, OnceDep

Forever = Annotated[bool, Query(description="Whether it is gone at once, and cannot be restored.")]

router = APIRouter(prefix="/challenges", route_class=JsonRoute, tags=["challenges"])


@router.post("", status_code=201, response_model=ChallengePublic, responses=refusals(TemplateNotFound, TooMany))
async def start_challenge(new: ChallengeCreate, user: CurrentUser, language: LanguageDep, once: OnceDep) -> Response:
    """Start a challenge of my own, or one from a template."""
    challenge = await once.write(service.start_challenge, user, language, new)
    return tagged(challenge, 201, f"/challenges/{challenge.id}")


@router.get("", response_model_exclude_unset=True)
async def list_challenges(
    query: Annotated[ChallengeQuery, Query()], user: CurrentUser, db: DatabaseDep
) -> Page[ChallengeListed]:
    """My challenges in my order; archived and deleted ones only when asked for."""
    return await db.read(service.list_challenges, user, query)


@router.put("/order", status_code=204, responses=refusals(ChallengeNotFound))
async def order_challenges(order: Order, user: CurrentUser, db: DatabaseDep) -> None:
    """Put my challenges in this order."""
    await db.write(service.order_challenges, user, order)


@router.get("/{challenge_id:id}", response_model=ChallengePublic, responses=refusals(ChallengeNotFound))
async def show_challenge(
    challenge_id: Id, user: CurrentUser, db: DatabaseDep, if_none_match: IfNoneMatch = None
) -> Response:
    """One challenge of mine."""
    return tagged(await db.read(service.show_challenge, user, challenge_id), seen=if_none_match)


@router.patch(
    "/{challenge_id:id}", response_model=ChallengePublic, responses=refusals(ChallengeNotFound, RestartedByHand)
)
async def change_challenge(
    challenge_id: Id, patch: ChallengePatch, user: CurrentUser, db: DatabaseDep, if_match: IfMatch = None
) -> Response:
    """Change a challenge; a new goal or schedule judges all of its days."""
    return tagged(await db.write(service.change_challenge, user, challenge_id, patch, if_match))


@router.delete("/{challenge_id:id}", status_code=204, responses=refusals(ChallengeNotFound))
async def delete_challenge(
    challenge_id: Id, user: CurrentUser, db: DatabaseDep, forever: Forever = False, if_match: IfMatch = None
) -> None:
    """Delete a challenge with its log; unless `forever`, it can be restored for 30 days."""
    await db.write(service.delete_challenge, user, challenge_id, forever=forever, if_match=if_match)


@router.post(
    "/{challenge_id}/restore",
    response_model=ChallengePublic,
    responses=refusals(ChallengeNotFound, NotDeleted, TooMany),
)
async def restore_challenge(challenge_id: Id, user: CurrentUser, once: OnceDep) -> Response:
    """Bring back a deleted challenge with its log."""
    return tagged(await once.write(service.restore_challenge, user, challenge_id))


@router.post(
    "/{challenge_id}/pause",
    response_model=ChallengePublic,
    responses=refusals(ChallengeNotFound, AlreadyPaused, Archived),
)
async def pause_challenge(challenge_id: Id, user: CurrentUser, once: OnceDep, pause: Pause | None = None) -> Response:
    """Pause a challenge; its days are not due until it is resumed."""
    first = pause.from_ if pause else None
    return tagged(await once.write(life_service.pause_challenge, user, challenge_id, first))


@router.post(
    "/{challenge_id}/resume",
    response_model=ChallengePublic,
    responses=refusals(ChallengeNotFound, NotPaused, Archived),
)
async def resume_challenge(
    challenge_id: Id, user: CurrentUser, once: OnceDep, resume: Resume | None = None
) -> Response:
    """Resume a paused challenge."""
    on = resume.on if resume else None
    return tagged(await once.write(life_service.resume_challenge, user, challenge_id, on))


@router.post(
    "/{challenge_id}/archive", response_model=ChallengePublic, responses=refusals(ChallengeNotFound, AlreadyArchived)
)
async def archive_challenge(challenge_id: Id, user: CurrentUser, once: OnceDep) -> Response:
    """Put a challenge away; it keeps its log."""
    return tagged(await once.write(life_service.archive_challenge, user, challenge_id))


@router.post(
    "/{challenge_id}/unarchive", response_model=ChallengePublic, responses=refusals(ChallengeNotFound, NotArchived)
)
async def unarchive_challenge(challenge_id: Id, user: CurrentUser, once: OnceDep) -> Response:
    """Take a challenge out of the archive."""
    return tagged(await once.write(life_service.unarchive_challenge, user, challenge_id))


@router.post(
    "/{challenge_id}/restart",
    response_model=ChallengePublic,
    responses=refusals(ChallengeNotFound, Archived, DateInFuture, BeforeStart),
)
async def restart_challenge(
    challenge_id: Id, user: CurrentUser, once: OnceDep, restart: Restart | None = None
) -> Response:
    """Begin a new attempt."""
    start = restart.start_date if restart else None
    return tagged(await once.write(life_service.restart_challenge, user, challenge_id, start))
