"""The guards of what a process says: one log, set up once, and no print beside it; and of who commits."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lifetracker.core.guard_source import PACKAGE, House, Module, Use, Violation

PRINTERS = (
    *("builtins.print", "builtins.breakpoint", "pprint", "rich", "icecream", "colorama", "tabulate", "click"),
    *(
        "typer.echo",
        "typer.secho",
        "typer.style",
        "sys.stdout",
        "sys.stderr",
        "sys.__stdout__",
        "sys.__stderr__",
        "sys.displayhook",
    ),
    *("traceback.print_exc", "traceback.print_exception", "traceback.print_stack", "traceback.print_last", "os.write"),
    *("traceback.print_tb", "traceback.print_list", "contextlib.redirect_stdout", "contextlib.redirect_stderr"),
    *("faulthandler.dump_traceback", "logging.lastResort", "os.system", "os.fdopen", "posix.write", "curses"),
)
ECHO = "typer.echo"
MAY_ECHO = ("cli", "ops")
MAY_ECHO_IN_CORE = ("guards", "smoke")
LOG = f"{PACKAGE}.core.logging"
DEVICES = ("dev/stdout", "dev/stderr", "dev/tty", "dev/fd/", "proc/self/fd/")  # below the root
LOGURU_SET_UP = ("add", "remove", "configure", "level", "reinstall", "start", "stop", "enable", "disable")
STDLIB_SET_UP = (
    *("basicConfig", "addHandler", "removeHandler", "dictConfig", "fileConfig", "setLogRecordFactory"),
    *("setLoggerClass", "captureWarnings", "disable", "addLevelName", "listen"),
)
HANDLERS = ("addHandler", "basicConfig", "dictConfig", "fileConfig")  # whatever they are called on
OTHER_LOGS = ("structlog", "logbook", "logzero", "syslog", "systemd.journal", "eliot", "picologging", "sentry_sdk")
ENDINGS = ("commit", "rollback")
COMMITS = (f"{PACKAGE}.core.db",)


def prints(house: House) -> Iterator[Violation]:
    """Words to the terminal that are no log line; `typer.echo` is the operator's commands' alone."""
    for module in house.modules.values():
        if module.dotted == LOG:
            continue
        for use in module.uses:
            if use.comes_from(*PRINTERS) and not (use.origin == ECHO and _may_echo(module)):
                yield module.violation("print", use.node, f"{use.origin} beside the log")
        for node in module.nodes:
            if isinstance(node, ast.Constant) and _is_device(node.value):
                yield module.violation("print", node, "a way around the log")


def _is_device(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and value.lstrip("/").startswith(DEVICES)


def _may_echo(module: Module) -> bool:
    name = module.dotted.removeprefix(f"{PACKAGE}.core.")
    return module.package in MAY_ECHO or (module.package == "core" and name in MAY_ECHO_IN_CORE)


def second_logs(house: House) -> Iterator[Violation]:
    """A log that is set up, or opened, anywhere but in the one place."""
    for module in house.modules.values():
        if module.dotted == LOG:
            continue
        for use in module.uses:
            if _sets_up(use):
                yield module.violation("second-log", use.node, f"{use.origin} sets up a log of its own")
        for node in module.nodes:
            if isinstance(node, ast.Attribute) and node.attr in HANDLERS:
                yield module.violation("second-log", node, f"{node.attr} sets up a log of its own")


def _sets_up(use: Use) -> bool:
    if use.comes_from(*OTHER_LOGS) or use.comes_from("logging.config", "logging.handlers"):
        return True
    if use.comes_from("loguru"):
        return use.last in LOGURU_SET_UP or use.comes_from("loguru._logger", "loguru._handler")
    return use.comes_from("logging") and (use.last in STDLIB_SET_UP or use.last.endswith("Handler"))


def commits(house: House) -> Iterator[Violation]:
    """`commit` and `rollback` called, or taken to be called, outside the door to the database."""
    for module in house.modules.values():
        if module.dotted not in COMMITS:
            yield from _commits_in(module)


def _commits_in(module: Module) -> Iterator[Violation]:
    taken = {id(node.func) for node in module.nodes if isinstance(node, ast.Call)}
    taken |= {id(value) for node in module.nodes for value in _handed_on(node)}
    for node in module.nodes:
        match node:
            case ast.Attribute(attr=name) if name in ENDINGS and id(node) in taken:
                yield module.violation("commit", node, f"{name} outside the door to the database")
            case ast.Call(func=ast.Name(id="getattr"), args=[_, name, *_]):
                if any(text.plain in ENDINGS for text in module.texts.of(name)):
                    yield module.violation("commit", node, "commit or rollback outside the door to the database")


def _handed_on(node: ast.AST) -> Iterator[ast.AST]:
    """Attributes that an assignment or an argument takes along without calling them."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Return)) and node.value is not None:
        yield node.value
    elif isinstance(node, ast.Call):
        yield from node.args
        yield from (keyword.value for keyword in node.keywords)
