"""The language that texts are wanted in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from lifetracker.templates.language import pick_language
from lifetracker.templates.schemas import Language
from lifetracker.users.dependencies import person_of

AcceptLanguage = Annotated[
    str | None,
    Header(
        alias="Accept-Language", description="The languages that texts are wanted in; the person's own unless said."
    ),
]


async def _language(request: Request, accept_language: AcceptLanguage = None) -> Language:
    request.scope["answer_headers"].append((b"vary", b"Accept-Language"))
    return pick_language(accept_language, person_of(request).locale)


LanguageDep = Annotated[Language, Depends(_language)]
