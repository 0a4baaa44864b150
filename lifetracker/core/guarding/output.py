"""The guards of what a process says: one log, set up once, and no print beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lifetracker.core.guarding.rooms import PACKAGE
from lifetracker.core.guarding.source import House, Module, Use, Violation

PRINTERS = (
    *("builtins.print", "builtins.breakpoint", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"),
    *("sys.displayhook", "sys.excepthook", "pprint", "warnings.showwarning", "logging.lastResort", "this"),
    *(f"traceback.print_{what}" for what in ("exc", "exception", "stack", "last", "tb", "list")),
    *("contextlib.redirect_stdout", "contextlib.redirect_stderr", "faulthandler.dump_traceback", "faulthandler.enable"),
    *("os.system", "posix.write", "pdb", "code", "getpass", "curses", "pty", "dis", "doctest", "cProfile", "profile"),
    *(f"typer.{what}" for what in ("echo", "secho", "style", "echo_via_pager", "get_text_stream")),
    *("typer.get_binary_stream", "typer.rich_utils", "click", "rich", "icecream", "colorama", "tabulate", "tqdm"),
    *("devtools", "termcolor", "blessed", "prompt_toolkit", "textual", "questionary", "yaspin", "halo", "snoop"),
    *("pysnooper", "prettyprinter", "alive_progress", "progressbar", "rich_click", "multiprocessing.log_to_stderr"),
)
TERMINAL = (1, 2)  # descriptors
ECHO = "typer.echo"
TALK = ("typer.confirm", "typer.prompt", "typer.progressbar", "typer.launch")  # where there is somebody to talk to
# A file, or a descriptor.
OPENING = (
    *("builtins.open", "io.open", "io.FileIO", "os.fdopen", "os.write", "os.writev", "os.pwrite", "os.dup", "os.dup2"),
    *("os.sendfile", "socket.socket"),
)
DESCRIPTOR = ("fd", "file", "out_fd", "fileno")
MAY_ECHO = ("cli", "ops")
MAY_ECHO_IN_CORE = ("guards", "smoke")
LOG = f"{PACKAGE}.core.logging"
DEVICES = ("dev/stdout", "dev/stderr", "dev/tty", "dev/fd/", "proc/self/fd/")  # below the root
LOGURU_SET_UP = ("add", "remove", "configure", "level", "reinstall", "start", "stop", "enable", "disable")
STDLIB_SET_UP = (
    *("basicConfig", "addHandler", "removeHandler", "dictConfig", "fileConfig", "setLogRecordFactory"),
    *("setLoggerClass", "captureWarnings", "disable", "addLevelName", "listen", "Logger", "setLevel"),
    *("handlers", "propagate", "disabled", "addFilter", "removeFilter", "filters", "setFormatter"),
)
HANDLERS = ("addHandler", "basicConfig", "dictConfig", "fileConfig")  # whatever they are called on
OTHER_LOGS = (
    *("structlog", "logbook", "logzero", "syslog", "systemd.journal", "eliot", "picologging", "sentry_sdk", "absl"),
    *("logging_tree", "pythonjsonlogger", "coloredlogs", "colorlog", "daiquiri", "twiggy", "verboselogs", "aiologger"),
    *("ecs_logging", "json_logging", "graypy", "watchtower", "logging_loki", "logfire", "rollbar", "raven"),
    *("opentelemetry", "google.cloud.logging", "cysystemd"),
)
MAY_SET_UP = ("__main__", "main", "application", "cli", "ops", "migrations", "core")


def prints(house: House) -> Iterator[Violation]:
    """Words to the terminal that are no log line; `typer.echo` is the operator's commands' alone."""
    for module in house.modules.values():
        if module.dotted == LOG:
            continue
        for use in module.uses:
            if use.comes_from(*PRINTERS, *TALK) and not (use.origin in (ECHO, *TALK) and _may_echo(module)):
                yield module.violation("print", use.node, f"{use.origin} beside the log")
        for node in module.tree.each(ast.Constant, ast.Call):
            if (isinstance(node, ast.Constant) and _is_device(node.value)) or _opens_number(module, node):
                yield module.violation("print", node, "a way around the log")


def _opens_number(module: Module, node: ast.AST) -> bool:
    """`open(1, "w")`, and what was imported to do so: a descriptor that is no constant is that of a file."""
    if not isinstance(node, ast.Call) or not module.names.origins(node.func) & {*OPENING}:
        return False
    streams = [*node.args[:1], *(word.value for word in node.keywords if word.arg in DESCRIPTOR)]
    named = {stream.id for stream in streams if isinstance(stream, ast.Name)}
    numbers = [value for name, value in module.texts.given if name in named]
    return any(isinstance(each, ast.Constant) and each.value in TERMINAL for each in (*streams, *numbers))


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
            if _sets_up(use) or (use.origin == f"{LOG}.set_up" and module.package not in MAY_SET_UP):
                yield module.violation("second-log", use.node, f"{use.origin} sets up a log of its own")
        for node in module.tree.each(ast.Attribute, ast.Call):
            if module.attribute(node) in HANDLERS:
                yield module.violation("second-log", node, f"{module.attribute(node)} sets up a log of its own")


def _sets_up(use: Use) -> bool:
    if use.comes_from(*OTHER_LOGS) or use.comes_from("logging.config", "logging.handlers"):
        return True
    if use.comes_from("loguru"):
        return use.last in LOGURU_SET_UP or use.comes_from("loguru._logger", "loguru._handler")
    return use.comes_from("logging") and (use.last in STDLIB_SET_UP or use.last.endswith("Handler"))
