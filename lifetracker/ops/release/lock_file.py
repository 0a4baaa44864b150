"""A lock file as a server reads it. Asked for another machine's wheels, pip answers the markers for the one it runs on:
what only the server needs would be missing from an archive, and what only we need could not be had for it."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from lifetracker.ops.refusal import Refused

PIN = re.compile(r"^(?=\S)", re.MULTILINE)
MARKED = re.compile(r"^(\S+) ; (.+?) \\$", re.MULTILINE)
SERVER = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
}
COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def for_server(lock: str, python: str, machine: str) -> str:
    """The pins that a Linux server of that machine with that Python ("3.11") needs, without their markers."""
    there = {**SERVER, "platform_machine": machine, "python_version": python, "python_full_version": python}
    return "".join(MARKED.sub(r"\1 \\", pin) for pin in PIN.split(lock) if _is_needed(pin, there))


def _is_needed(pin: str, there: Mapping[str, str]) -> bool:
    marked = MARKED.match(pin)
    return marked is None or _holds(ast.parse(marked[2], mode="eval").body, there)


def _holds(marker: ast.expr, there: Mapping[str, str]) -> bool:
    match marker:
        case ast.BoolOp(op=ast.And()):
            return all(_holds(each, there) for each in marker.values)
        case ast.BoolOp():
            return any(_holds(each, there) for each in marker.values)
        case ast.Compare(left=ast.Name(id=name), ops=[how], comparators=[ast.Constant(value=str(value))]) if (
            name in there and type(how) in COMPARED
        ):
            return COMPARED[type(how)](*(_comparable(name, each) for each in (there[name], value)))
    raise Refused(f"the lock file has a marker that is not understood here: {ast.unparse(marker)}")


def _comparable(name: str, value: str) -> str | tuple[int, ...]:
    return tuple(map(int, value.split("."))) if name.startswith("python_") else value
