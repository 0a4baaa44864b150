"""The guards: what the architecture forbids, as a table of rules, and the run that holds a source tree against it.

Each rule is one row: what it forbids, why, and what to do instead. `EXCEPTIONS` can only shrink: one that matches
nothing any more is a violation itself. This module and its readers (`guarding/`) are frozen: see `frozen.json`.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from lifetracker.core.guarding import commits as ends
from lifetracker.core.guarding import imports, layers, output, pins, sql
from lifetracker.core.guarding.rooms import PACKAGE
from lifetracker.core.guarding.source import House, Violation

HERE = Path(__file__).resolve().parents[1]


class Form(StrEnum):
    """How a report is told."""

    text = "text"
    json = "json"


class NothingThere(Exception):
    """What was asked about is not there; the text says so."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is forbidden, why, and the way out; `find` names each place that does it."""

    id: str
    what: str
    why: str
    instead: str
    find: Callable[[House], Iterator[Violation]]


@dataclass(frozen=True, slots=True)
class Exemption:
    """A place that may do what a rule forbids: `path`, the words its violation says, and the reason."""

    rule: str
    path: str
    says: str
    reason: str


RULES = (
    Rule(
        "sql-text",
        "text(), literal_column(), exec_driver_sql() and their kin stand in repositories and migrations only",
        "A question that is spread over the code can be neither read nor planned nor moved in one place.",
        "Ask a repository: give the question a name there, and call it.",
        sql.text_constructs,
    ),
    Rule(
        "raw-sql",
        "SQL as a string, whole or glued, stands in repositories and migrations only",
        "A string of SQL is one edit away from an injection, and no type checker reads it.",
        "Construct the question in a repository. If it is prose that SQLite takes for SQL, reword it.",
        sql.raw_sql,
    ),
    Rule(
        "sql-machinery",
        "SQLAlchemy, SQLModel and database drivers stay out of routers, services, schemas and pure modules",
        "Rules that know the database cannot be tried without it, and begin to ask it behind the repository's back.",
        "Let the repository answer plain rows and values; a service gets a Transaction and hands it on.",
        sql.machinery,
    ),
    Rule(
        "layer",
        "router → service → repository → models, and of other packages only service, schemas and pure modules",
        "A request has one way through the house. Every shortcut is a second one that nobody looks after.",
        "Call the service; if it lacks the answer, let it learn it. Ids and plain values cross packages, not rows.",
        layers.crossed_layers,
    ),
    Rule(
        "direction",
        "migrations, application, cli → ops → daily_log → challenges → templates → users → core, and never back",
        "Packages that need each other are one package with two names.",
        "Declare a typed Hook on the right and fill it in wiring.py, or move what both need to the right.",
        layers.crossed_directions,
    ),
    Rule(
        "cycle",
        "modules that need each other to be imported",
        "Which of them comes first then decides whether the program starts.",
        "Move what both need into a third module.",
        imports.cycles,
    ),
    Rule(
        "hidden",
        "imports inside functions, and code that is loaded or made at run time",
        "What no reader sees, no guard and no reviewer sees.",
        "Import at the top of the module; choose between modules with an `if` there.",
        imports.hidden_imports,
    ),
    Rule(
        "http",
        "FastAPI, Starlette and what loads them stand in routers, dependencies, core/http and the application only",
        "A rule that raises HTTPException can be used by HTTP alone, and not by the command line or an import.",
        "Raise a Problem, which belongs to the rule, and let the one handler answer it.",
        layers.http_below_router,
    ),
    Rule(
        "print",
        "print and its like; typer.echo outside the operator's commands",
        "What is printed has no time, no level and no request id, and may hold a secret that the log would blot out.",
        "Log it with loguru's logger; a command of the operator's echoes in cli or ops.",
        output.prints,
    ),
    Rule(
        "second-log",
        "sinks, handlers and levels set up outside core/logging.py",
        "Two logs disagree about what happened, and the second one does not hide tokens and addresses.",
        "Use `from loguru import logger` and its methods; change the set-up in core/logging.py.",
        output.second_logs,
    ),
    Rule(
        "commit",
        "commit and rollback outside core/db/units.py",
        "A unit of work that commits half way can leave half of it behind.",
        "Let the door do it: hand the work to Database.write. Raise to undo it, or tx.discard().",
        ends.commits,
    ),
    Rule(
        "frozen",
        "files of the frozen core that differ from their pins",
        "Whoever may change the guards may change anything: it must be a step of its own, with a reason.",
        'Undo the change, or pin it on purpose: lifetracker freeze --reason "…", in a commit of its own.',
        pins.changed_pins,
    ),
    Rule(
        "no-place",
        "modules and packages below lifetracker/ that the order does not name",
        "A package without a place may use, and be used by, anything.",
        "Put it into a feature, or give it a place in guarding/layers.ORDER.",
        layers.without_place,
    ),
    Rule(
        "missing-room",
        "rooms that the guards look after and cannot find",
        "A rule about a room that was moved away guards nothing, and says nothing of it.",
        "Put the room back, or teach the guards its new name.",
        layers.missing_rooms,
    ),
    Rule(
        "unreadable",
        "files that cannot be parsed, links, and code that is no Python source",
        "What cannot be read cannot be judged, and what cannot be judged is not let through.",
        "Mend the file, or move it out of the package.",
        layers.unreadable,
    ),
)

EXCEPTIONS: tuple[Exemption, ...] = ()

IDLE = Rule(
    "idle-exception",
    "exceptions that nothing needs any more",
    "An exception that outlives its reason is a hole in a rule that nobody remembers.",
    "Strike it out of guards.EXCEPTIONS.",
    lambda _: iter(()),  # `run` knows what was excused
)


def run(folder: Path = HERE, exceptions: Sequence[Exemption] = EXCEPTIONS) -> list[Violation]:
    """Every violation in the package below `folder`, which is the package itself or holds it, in order."""
    found = judged(_package_in(folder))
    excused = {violation for violation in found for each in exceptions if _excuses(each, violation)}
    idle = [
        Violation(each.path, 1, 1, IDLE.id, f"nothing needs this exception from {each.rule} any more: strike it out")
        for each in exceptions
        if not any(_excuses(each, violation) for violation in found)
    ]
    return sorted({*found, *idle} - excused)


def judged(folder: Path) -> list[Violation]:
    was_on = gc.isenabled()
    gc.disable()  # a tree of syntax is all cycles and all kept: looking for garbage in it takes a third of the time
    try:
        house = House(folder)
        return [violation for rule in RULES for violation in rule.find(house)]
    finally:
        if was_on:
            gc.enable()


def _package_in(folder: Path) -> Path:
    inner = folder / PACKAGE
    found = inner if inner.is_dir() else folder
    if not found.is_dir():
        raise NothingThere(f"there is no folder {found}")
    return found


def _excuses(exemption: Exemption, violation: Violation) -> bool:
    return (exemption.rule, exemption.path) == (violation.rule, violation.path) and exemption.says in violation.message


def told(violations: Sequence[Violation], form: Form = Form.text) -> str:
    """The report: `GUARDS OK` or a line for each as text; a list of objects as JSON."""
    if form is Form.json:
        fields = ("rule", "path", "line", "column", "message")
        return json.dumps([{name: asdict(each)[name] for name in fields} for each in violations], indent=2)
    return "\n".join(map(str, violations)) or "GUARDS OK"


def explained(rule_id: str) -> str:
    """What a rule forbids, why, and the way out; `NothingThere` for one that there is not."""
    rules = {rule.id: rule for rule in (*RULES, IDLE)}
    rule = rules.get(rule_id)
    if rule is None:
        raise NothingThere(f"there is no rule {rule_id}: there are {', '.join(rules)}")
    return f"{rule.id}: {rule.what}\n\nWhy: {rule.why}\nInstead: {rule.instead}"
