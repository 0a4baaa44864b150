"""Which web pages may call: CORS, for the origins that the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp

from lifetracker.core.errors import Problem
from lifetracker.core.http.handlers import MEDIA_TYPE, problem_body

EXPOSED = ["ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-ID"]


def let_browsers_in(served: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    if not origins:
        return served
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return _Browsers(served, allow_origins=origins, allow_methods=methods, allow_headers=["*"], expose_headers=EXPOSED)


class OriginRefused(Problem):
    status = 400
    code = "origin_refused"


class _Browsers(CORSMiddleware):
    """CORS, whose refusal of a browser's question is a problem like every other."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < HTTPStatus.BAD_REQUEST:
            return answer
        problem = OriginRefused(bytes(answer.body).decode())
        vary = {"Vary": answer.headers["Vary"]}
        return JSONResponse(problem_body(problem), problem.status, vary, media_type=MEDIA_TYPE)
