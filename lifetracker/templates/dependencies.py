"""The language that texts are wanted in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header

from lifetracker.templates.language import pick_language
from lifetracker.templates.schemas import Language
from lifetracker.users.dependencies import CurrentUser


async def _language(user: CurrentUser, accept_language: Annotated[str | None, Header()] = None) -> Language:
    return pick_language(accept_language, user.locale)


LanguageDep = Annotated[Language, Depends(_language)]
