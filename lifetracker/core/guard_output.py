"""The guards of what a process says: one log, set up once, and no print beside it; and of who commits."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lifetracker.core.guard_source import PACKAGE, House, Module, Use, Violation
from lifetracker.core.guard_sql import ends_a_unit

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
    *("typer.echo_via_pager", "typer.get_text_stream", "typer.get_binary_stream", "typer.rich_utils", "sys.excepthook"),
    *("tqdm", "devtools", "pdb"),
    *("traceback.print_exc", "traceback.print_exception", "traceback.print_stack", "traceback.print_last"),
    *("traceback.print_tb", "traceback.print_list", "contextlib.redirect_stdout", "contextlib.redirect_stderr"),
    *("faulthandler.dump_traceback", "logging.lastResort", "os.system", "posix.write", "curses"),
)
TERMINAL = (1, 2)  # descriptors
ECHO = "typer.echo"
TALK = ("typer.confirm", "typer.prompt", "typer.progressbar", "typer.launch")  # where there is somebody to talk to
OPENING = ("builtins.open", "io.open", "io.FileIO", "os.fdopen", "os.write", "os.writev")  # a file, or a descriptor
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
OTHER_LOGS = ("structlog", "logbook", "logzero", "syslog", "systemd.journal", "eliot", "picologging", "sentry_sdk")
ENDINGS = ("commit", "rollback")
COMMITS = (f"{PACKAGE}.core.db",)
STATEMENTS = f"{PACKAGE}.core.db_repository"  # what the door says to the database
MAY_SET_UP = ("__main__", "main", "cli", "ops", "migrations", "core")


def prints(house: House) -> Iterator[Violation]:
    """Words to the terminal that are no log line; `typer.echo` is the operator's commands' alone."""
    for module in house.modules.values():
        if module.dotted == LOG:
            continue
        for use in module.uses:
            if use.comes_from(*PRINTERS, *TALK) and not (use.origin in (ECHO, *TALK) and _may_echo(module)):
                yield module.violation("print", use.node, f"{use.origin} beside the log")
        for node in module.nodes:
            if (isinstance(node, ast.Constant) and _is_device(node.value)) or _opens_number(module, node):
                yield module.violation("print", node, "a way around the log")


def _opens_number(module: Module, node: ast.AST) -> bool:
    """`open(1, "w")`, and what was imported to do so: a descriptor that is no constant is that of a file."""
    match node:
        case ast.Call(func=function, args=[stream, *_]) if module.names.origins(function) & {*OPENING}:
            numbers = [
                value for name, value in module.texts.given if isinstance(stream, ast.Name) and name == stream.id
            ]
            return any(isinstance(each, ast.Constant) and each.value in TERMINAL for each in [stream, *numbers])
    return False


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
            case ast.Call() if module.attribute(node) in ENDINGS or _says_commit(module, node):
                yield module.violation("commit", node, "commit or rollback outside the door to the database")
            case ast.Attribute(attr="autocommit", ctx=ast.Store()):
                yield module.violation("commit", node, "a connection that commits by itself")
            case ast.keyword(arg="isolation_level", value=ast.Constant(value=str(level)) as chosen):
                if level.lower() == "autocommit":
                    yield module.violation("commit", chosen, "a connection that commits by itself")
            case ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="begin")) as begun):
                yield module.violation("commit", begun, "begin() commits at the end of its block")


def _says_commit(module: Module, call: ast.Call) -> bool:
    """`execute("COMMIT")`, `exec(text("ROLLBACK"))`: one word alone is no SQL until it is handed to what runs it."""
    match call:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[said, *_]):
            runs = name == "text" or name.startswith("exec")
            return runs and module.dotted != STATEMENTS and any(ends_a_unit(t.plain) for t in module.texts.of(said))
    return False


def _handed_on(node: ast.AST) -> Iterator[ast.AST]:
    """Attributes that an assignment or an argument takes along without calling them."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Return, ast.Yield)) and node.value is not None:
        yield node.value
    elif isinstance(node, ast.Call):
        yield from node.args
        yield from (keyword.value for keyword in node.keywords)
