"""Refusals: a class beside the function that raises it, with `status` and `code` on the class.

They know nothing of HTTP but the number it says; one handler turns them into answers (`core/http/handlers.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from lifetracker.core.validation import FieldError


class Problem(Exception):
    """A refusal that the caller is told about. `members` are further fields of the answer."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class NotFound(Problem):
    status = 404
    code = "not_found"


class Conflict(Problem):
    status = 409
    code = "conflict"


class TooMany(Conflict):
    """One person has as many of a thing as anybody may."""

    code = "too_many"


class Forbidden(Problem):
    status = 403
    code = "forbidden"


class Unauthorized(Problem):
    status = 401
    code = "unauthorized"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Unavailable(Problem):
    """The database cannot do it now; the same request may succeed later.

    Why is for the log and the operator: as text the problem tells the `reason` too, its answer does not.
    """

    status = 503
    code = "database_unavailable"

    def __init__(self, detail: str, reason: str = "") -> None:
        super().__init__(detail, headers={"Retry-After": "2"})
        self.args = (f"{detail}: {reason}" if reason else detail,)


class Busy(Unavailable):
    code = "busy"


class BodyTooLarge(Problem):
    status = 413
    code = "body_too_large"


class UnsupportedEncoding(Problem):
    status = 415
    code = "unsupported_encoding"

    def __init__(self) -> None:
        super().__init__("send the body as it is, not compressed", headers={"Accept-Encoding": "identity"})


class Invalid(Problem):
    """A request whose fields cannot be; the first error also says it in `detail`."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Sequence[FieldError], detail: str = "", **members: Any) -> None:
        said = detail or "; ".join(f"{error.field}: {error.message}".removeprefix(": ") for error in errors[:3])
        super().__init__(said, errors=[asdict(error) for error in errors], **members)


class InvalidField(Invalid):
    """One field refused by a rule; subclasses name the rule with their `code`."""

    def __init__(self, field: str, message: str, *, params: dict[str, Any] | None = None, **members: Any) -> None:
        super().__init__([FieldError(field, self.code, message, params or {})], **members)


class InvalidJson(Invalid):
    code = "invalid_json"

    def __init__(self, message: str) -> None:
        super().__init__([FieldError("", self.code, message)], detail=message)
