"""Which of our languages a person reads. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import get_args

from lifetracker.templates.schemas import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)


def pick_language(accept_language: str | None, locale: str) -> Language:
    """The best of `Accept-Language` (RFC 9110, 12.5.4) that we have, else of the person's `locale`, else English."""
    for wish in [*_by_weight(accept_language or ""), locale]:
        language = wish.partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return "en"


def _by_weight(header: str) -> list[str]:
    wishes = [
        (_weight(parameters), tag.strip()) for tag, _, parameters in (part.partition(";") for part in header.split(","))
    ]
    wanted = [wish for wish in wishes if wish[0] > 0]  # before they are sorted: a NaN has no place in an order
    return [tag for _, tag in sorted(wanted, key=lambda wish: -wish[0])]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
