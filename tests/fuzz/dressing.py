"""Generated calls that fit the document, dressed so that they can succeed.

What was generated is kept as far as it goes: a title of odd characters stays. Put in are real ids, days and
credentials, and what contradicts itself is mended, since a schema cannot say that a check has no unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemathesis import Case

from tests.fuzz.loop_backup import loop_backup
from tests.fuzz.world import World
from tests.people import JSON, PASSWORD

Body = Callable[[World, JSON], JSON]

MOSTLY = 0.8
ZONES = ["UTC", "Europe/Moscow", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu"]
CHALLENGE = "/challenges/{challenge_id}"
DAY = f"{CHALLENGE}/log/{{date}}"


def dress(case: Case[Any], world: World, token: str, *, linked: bool, whole: bool) -> None:
    """Each part mostly, so that what was made up meets what is real; `whole`, each part surely.

    A `linked` path stems from an earlier answer and stays.
    """
    likely = 1.0 if whole else MOSTLY
    if not linked and world.chance.random() < likely:
        dress_path(case, world, token)
    for dress_part in (_dress_headers, _dress_query, _dress_body):
        if world.chance.random() < likely:
            dress_part(case, world)


def dress_path(case: Case[Any], world: World, token: str) -> None:
    own = PATHS.get(label_of(case))
    if own is not None:
        case.path_parameters = own(world, token)
    elif case.path_parameters:
        given = {name: NAMED[name](world) for name in case.path_parameters if name in NAMED}
        case.path_parameters = {**case.path_parameters, **given}


def label_of(case: Case[Any]) -> str:
    """The operation as reports name it: `GET /today`."""
    return f"{case.method.upper()} {case.path}"


def _dress_headers(case: Case[Any], world: World) -> None:
    """Mostly none that can refuse the call; else the form that always fits."""
    for name, fitting in (("if-match", "*"), ("if-none-match", "*"), ("Idempotency-Key", world.unique())):
        if name in case.headers:
            del case.headers[name]
            if world.chance.random() < 0.3 and label_of(case) != "POST /users/me/tokens":
                case.headers[name] = fitting


def _dress_query(case: Case[Any], world: World) -> None:
    query = {name: value for name, value in _without_nul(case.query).items() if value is not None}
    days = sorted((world.day(), world.day()))
    query |= {name: day for name, day in zip(("from", "to"), days, strict=True) if name in query}
    query |= {name: days[0] for name in ("date", "as_of") if name in query}
    if query.pop("cursor", None) and (cursor := world.cursor(case.formatted_path, query)):
        query["cursor"] = cursor
    case.query = query


def _dress_body(case: Case[Any], world: World) -> None:
    if label_of(case) == "POST /users/me/import":
        case.body = loop_backup(world.chance)
    elif isinstance(case.body, dict):
        body: JSON = _without_nul(case.body)
        mend = BODIES.get(label_of(case))
        case.body = mend(world, body) if mend else body


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "") or "0"
    if isinstance(value, Mapping):
        return {name: _without_nul(item) for name, item in value.items()}
    return [_without_nul(item) for item in value] if isinstance(value, list) else value


def _promise(_: World, body: JSON) -> JSON:
    """Of a template or a challenge: what the kind has no use for goes, a weekly count fits a week."""
    unwanted = {"direction", "target", "unit"} if body.get("kind", "check") == "check" else set()
    if body.get("on_miss", "continue") == "continue":
        unwanted.add("allowed_misses")
    kept = {name: value for name, value in body.items() if name not in unwanted}
    if kept.get("kind") == "measure":
        kept["target"] = kept.get("target") or 1
    if isinstance(kept.get("schedule"), dict):
        kept["schedule"] = _schedule(kept["schedule"])
    return kept


def _schedule(schedule: JSON) -> JSON:
    if isinstance(schedule.get("count"), int):
        return schedule | {"count": min(schedule["count"], 7)}
    if isinstance(schedule.get("days"), list):
        return schedule | {"days": sorted(set(schedule["days"]))}
    return schedule


def _challenge(world: World, body: JSON) -> JSON:
    first = {"start_date": world.day()} if body.get("start_date") else {}
    slug = {"template": world.any_template()} if body.get("template") else {}
    return {"title": "Walk"} | _promise(world, body) | first | slug


def _challenge_patch(world: World, body: JSON) -> JSON:
    """For a measure that is to be reached, which is what `PATHS` gives it."""
    patch = _promise(world, {"kind": "measure"} | body)
    first = {"start_date": world.day()} if "start_date" in body else {}
    return patch | first


def _entry(_: World, body: JSON) -> JSON:
    if body.get("skipped"):
        return {name: value for name, value in body.items() if name != "value"}
    return body if body.get("value") is not None else body | {"value": 1}


def _person(world: World, body: JSON) -> JSON:
    real = {
        "email": f"{world.unique()}@example.test",
        "time_zone": world.chance.choice(ZONES),
        "day_starts_at": "03:00",
    }
    proof = {"current_password": PASSWORD} if {"email", "current_password"} & body.keys() else {}
    return {**body, **{name: value for name, value in real.items() if name in body}, **proof}


def _newcomer(world: World, body: JSON) -> JSON:
    return {name: value for name, value in _person(world, body).items() if name != "current_password"}


def _credentials(world: World, body: JSON) -> JSON:
    name = world.chance.choice(("dora", "dora", "dora", "carla"))
    return body | {"grant_type": "password", "username": f"{name}@example.test", "password": PASSWORD}


def _instant(world: World, body: JSON) -> JSON:
    return body | ({"expires_at": f"{world.days_ago(-30)}T12:00:00Z"} if body.get("expires_at") else {})


def _days(world: World, body: JSON) -> JSON:
    """Every date that there is, as one that a challenge of `World.start` knows."""
    return {name: world.day() if value else value for name, value in body.items()}


def _old_password(_: World, body: JSON) -> JSON:
    return body | {"current_password": PASSWORD}


PATHS: dict[str, Callable[[World, str], JSON]] = {
    f"PATCH {CHALLENGE}": lambda world, _: {"challenge_id": world.measure()},
    f"DELETE {CHALLENGE}": lambda world, _: {"challenge_id": world.start()},
    f"POST {CHALLENGE}/restore": lambda world, _: {"challenge_id": world.start(then="delete")},
    f"POST {CHALLENGE}/pause": lambda world, _: {"challenge_id": world.start()},
    f"POST {CHALLENGE}/resume": lambda world, _: {"challenge_id": world.start(then="pause")},
    f"POST {CHALLENGE}/archive": lambda world, _: {"challenge_id": world.start()},
    f"POST {CHALLENGE}/unarchive": lambda world, _: {"challenge_id": world.start(then="archive")},
    f"POST {CHALLENGE}/restart": lambda world, _: {"challenge_id": world.start()},
    f"GET {DAY}": lambda world, _: world.logged_day(),
    f"DELETE {DAY}": lambda world, _: world.logged_day(),
    "PATCH /templates/{slug}": lambda world, _: {"slug": world.own_template()},
    "DELETE /templates/{slug}": lambda world, _: {"slug": world.template()},
    "DELETE /users/me/tokens/{token_id}": lambda world, token: {"token_id": world.named_token(token)},
}

NAMED: dict[str, Callable[[World], Any]] = {
    "challenge_id": World.challenge,
    "date": World.day,
    "slug": World.any_template,
}

BODIES: dict[str, Body] = {
    "POST /challenges": _challenge,
    f"PATCH {CHALLENGE}": _challenge_patch,
    "PUT /challenges/order": lambda world, _: {"ids": world.some_challenges()},
    f"POST {CHALLENGE}/pause": _days,
    f"POST {CHALLENGE}/resume": _days,
    f"POST {CHALLENGE}/restart": _days,
    f"PUT {DAY}": _entry,
    f"POST {DAY}/add": lambda _, body: {"amount": abs(body["amount"]) % 1e6},
    "POST /templates": _promise,
    "PATCH /templates/{slug}": _promise,
    "POST /users": _newcomer,
    "PATCH /users/me": _person,
    "POST /users/me/tokens": _instant,
    "POST /users/me/password": _old_password,
    "POST /auth/token": _credentials,
    "POST /auth/password-reset": lambda world, body: body | {"code": world.reset_code()},
}
