"""What schemathesis is told beyond the document; it finds this module through SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import json
import os
from http import HTTPStatus
from random import Random
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CaseMetadata, TestPhase

from tests.fuzz.dressing import BODIES, PATHS, dress, dress_path, label_of
from tests.fuzz.report import operations_of
from tests.fuzz.served import place_from_environment
from tests.fuzz.world import DEADLY, World

SOMETIMES = 0.3

_place = place_from_environment()
_seed = os.environ["FUZZ_SEED"]
_world = World(_place, Random(_seed), os.environ["FUZZ_TOKEN"])
_calls = _place.calls.open("a", encoding="utf-8", buffering=1)
_succeeded: set[str] = set()


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Call the token what it is on the wire: schemathesis leaves a bearer token out to see it missed, not OAuth's."""
    unknown = (PATHS.keys() | BODIES.keys()) - set(operations_of(raw_schema))
    assert not unknown, f"dressed, but not in the document: {sorted(unknown)}"
    raw_schema["components"]["securitySchemes"]["token"] = {"type": "http", "scheme": "bearer"}


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    meta = case.meta
    assert meta is not None
    token = _own_token(case)
    linked = meta.phase.name == TestPhase.STATEFUL
    if linked:  # dressed alike whenever it comes: Hypothesis gives up on chains that go differently each time
        _world.chance.seed(f"{_seed} {label_of(case)} {case!r}")
    if meta.generation.mode.is_positive:
        dress(case, _world, token, linked=linked, whole=linked or label_of(case) not in _succeeded)
        return
    if _says_nothing(case):
        case.body = []
    if _is_wrong_elsewhere(meta) and _world.chance.random() < SOMETIMES:
        dress_path(case, _world, token)


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    operation = label_of(case)
    if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        _succeeded.add(operation)
    _calls.write(json.dumps({"operation": operation, "status": response.status_code}) + "\n")


def _says_nothing(case: Case[Any]) -> bool:
    """Whether it sends `null` where a body may be left out, which is as good as none, and no mistake."""
    return case.body is None and not case.operation.definition.raw.get("requestBody", {}).get("required", False)


def _own_token(case: Case[Any]) -> str:
    """The token of the call: of one that kills it, a fresh one."""
    if label_of(case) not in DEADLY or case.headers.get("Authorization") != f"Bearer {_world.token}":
        return _world.token
    token = _world.stranger()
    case.headers["Authorization"] = f"Bearer {token}"
    return token


def _is_wrong_elsewhere(meta: CaseMetadata) -> bool:
    """Whether what must be refused lies outside the path, so that a real path makes the refusal mean more."""
    wrong = {place for place, component in meta.components.items() if component.mode.is_negative}
    return bool(wrong) and ParameterLocation.PATH not in wrong
