"""`/templates`: the catalogue over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from lifetracker.core.errors import TooMany
from lifetracker.core.http.answers import tagged
from lifetracker.core.http.openapi import refusals
from lifetracker.core.http.parameters import DatabaseDep, IfMatch, IfNoneMatch
from lifetracker.core.http.route import JsonRoute
from lifetracker.core.schemas import Page
from lifetracker.templates import service
from lifetracker.templates.dependencies import LanguageDep
from lifetracker.templates.fields import Slug
from lifetracker.templates.schemas import TemplateCreate, TemplatePatch, TemplatePublic, TemplateQuery
from lifetracker.templates.service import TemplateNotFound
from lifetracker.users.dependencies import CurrentUser, OnceDep

router = APIRouter(prefix="/templates", route_class=JsonRoute, tags=["templates"])


@router.get("")
async def list_templates(
    query: Annotated[TemplateQuery, Query()], user: CurrentUser, language: LanguageDep, db: DatabaseDep
) -> Page[TemplatePublic]:
    """The catalogue, and my own templates."""
    return await db.read(service.list_templates, user, language, query)


@router.post("", status_code=201, response_model=TemplatePublic, responses=refusals(TooMany))
async def create_template(new: TemplateCreate, user: CurrentUser, language: LanguageDep, once: OnceDep) -> Response:
    """Make a template of my own."""
    template = await once.write(service.create_template, user, language, new)
    return tagged(template, 201, f"/templates/{template.slug}")


@router.get("/{slug}", response_model=TemplatePublic, responses=refusals(TemplateNotFound))
async def show_template(
    slug: Slug, user: CurrentUser, language: LanguageDep, db: DatabaseDep, if_none_match: IfNoneMatch = None
) -> Response:
    """One template."""
    return tagged(await db.read(service.show_template, user, language, slug), seen=if_none_match)


@router.patch("/{slug}", response_model=TemplatePublic, responses=refusals(TemplateNotFound))
async def change_template(
    slug: Slug,
    patch: TemplatePatch,
    user: CurrentUser,
    language: LanguageDep,
    db: DatabaseDep,
    if_match: IfMatch = None,
) -> Response:
    """Change a template of mine; challenges that were started from it stay as they are."""
    return tagged(await db.write(service.change_template, user, language, slug, patch, if_match))


@router.delete("/{slug}", status_code=204, responses=refusals(TemplateNotFound))
async def delete_template(
    slug: Slug, user: CurrentUser, language: LanguageDep, db: DatabaseDep, if_match: IfMatch = None
) -> None:
    """Delete a template of mine; challenges that were started from it stay."""
    await db.write(service.delete_template, user, language, slug, if_match)
