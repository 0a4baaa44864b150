"""How an answer is dressed: rendered once, with who may keep it, where it is, and its `ETag`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from lifetracker.core.http.etags import is_unchanged, tag_of
from lifetracker.core.schemas import Shown

PERSONAL = b"private, no-cache"


def answer(shown: Shown, status: int = 200, location: str | None = None) -> Response:
    """A JSON body of somebody's own, rendered once; `location` names what was made, below the root path."""
    response = _json(shown.model_dump_json(), status, location)
    response.headers["Cache-Control"] = PERSONAL.decode()
    return response


def written(fields: dict[str, Any]) -> Response:
    """A JSON body straight from its fields, where a model of each of many things would cost more than they do."""
    return Response(orjson.dumps(fields, vars, orjson.OPT_UTC_Z), media_type="application/json")


def secret(shown: Shown, status: int = 200, location: str | None = None) -> Response:
    """An answer that carries a token: nobody on its way may keep it (RFC 6749, 5.1)."""
    response = answer(shown, status, location)
    response.headers["Cache-Control"] = "no-store"
    return response


def tagged(
    shown: Shown,
    status: int = 200,
    location: str | None = None,
    *,
    seen: str | None = None,
    beside: Mapping[str, Shown] | None = None,
) -> Response:
    """An answer with the `ETag` of what it shows; 304 when the client has `seen` it.

    What is told `beside`, as further fields, is not covered by the tag.
    """
    body = shown.model_dump_json()
    tag = tag_of(shown, body)
    if is_unchanged(seen, tag):
        return Response(status_code=304, headers={"ETag": tag})
    more = (f',"{name}":{each.model_dump_json()}' for name, each in (beside or {}).items())
    response = _json("".join((body[:-1], *more, "}")), status, location)
    response.headers["ETag"] = tag
    return response


def _json(body: str, status: int, location: str | None) -> Response:
    response = Response(body, status, media_type="application/json")
    if location is not None:
        response.headers["Location"] = location
    return response
