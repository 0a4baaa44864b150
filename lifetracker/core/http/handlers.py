"""Problems as answers: every refusal as `application/problem+json` (RFC 9457), the framework's own among them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from loguru import logger
from starlette.exceptions import HTTPException
from starlette.routing import Match

from lifetracker.core.errors import Invalid, InvalidJson, NotFound, Problem
from lifetracker.core.validation import field_error

MEDIA_TYPE = "application/problem+json"
# As RFC 9110 calls them, and Python from 3.13 on.
RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}


def problem_body(problem: Problem, request_id: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:lifetracker:problem:{problem.code}",
        "title": problem.code.replace("_", " ").capitalize(),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **problem.members,
    }
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        body["request_id"] = request_id
    return body


def phrase_of(status: int) -> str:
    """The status in words, the same on every Python: codes and the document are made of them."""
    return RENAMED.get(status, HTTPStatus(status).phrase)


def install_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _leave_to_the_edge)


async def _leave_to_the_edge(request: Request, bug: Exception) -> Response:
    """The framework would answer by itself, in words that are not ours."""
    raise bug


async def answer_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("{}", problem)
    return JSONResponse(
        problem_body(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers
    )


async def _answer_http(request: Request, refused: Exception) -> Response:
    """What the framework itself refuses: an unknown path, a method that a path does not have."""
    assert isinstance(refused, HTTPException)
    if isinstance(refused.__cause__, Problem):  # a body that was too large: the framework calls it unreadable
        return await answer_problem(request, refused.__cause__)
    phrase = phrase_of(refused.status_code)
    problem = Problem(f"{phrase}: {request.method} {request.url.path}", headers=refused.headers)
    if refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = ", ".join(sorted(_methods(request))) or "GET, HEAD"
    body = problem_body(problem) | {
        "type": f"urn:lifetracker:problem:{_snake(phrase)}",
        "title": phrase,
        "status": refused.status_code,
        "code": _snake(phrase),
    }
    body.pop("request_id")
    return JSONResponse(body, status_code=refused.status_code, media_type=MEDIA_TYPE, headers=problem.headers)


def _methods(request: Request) -> set[str]:
    """All that the path takes: the framework names those of the first route alone that it finds there."""
    routes = [route for route in request.app.router.routes if route.matches(request.scope)[0] != Match.NONE]
    methods = {method for route in routes for method in getattr(route, "methods", ())}
    return methods | ({"HEAD"} if "GET" in methods else set())


def _snake(phrase: str) -> str:
    return phrase.lower().replace(" ", "_").replace("-", "_")


async def _answer_invalid(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, RequestValidationError)
    return await answer_problem(request, problem_of_validation(refused))


def problem_of_validation(refused: RequestValidationError) -> Problem:
    """A problem without the values that were sent: they may be secrets."""
    errors = refused.errors()
    for error in errors:
        place, *rest = error["loc"]
        if place == "path" and str(rest[0]).endswith(("_id", "slug")):
            return NotFound("there is no such thing, or it is not yours")
    if isinstance(refused.body, bytes) and any(error["loc"] == ("body",) for error in errors):
        return InvalidJson("the body is not JSON: send it with Content-Type: application/json")
    if any(error["type"] == "json_invalid" for error in errors):
        return InvalidJson("the body is not valid JSON")
    if any(error["type"] == "missing" and error["loc"] == ("body",) for error in errors):
        return InvalidJson("the body is empty: send a JSON object")
    return Invalid([field_error(error, refused.body) for error in errors])
