"""What backup and restore have done to a database, on SQLite or PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from lifetracker.core.release import advice_without_database
from lifetracker.ops.backups.child import ask
from lifetracker.ops.backups.live_database import NAME, LiveDatabase
from lifetracker.ops.backups.manifest import DATABASE, Backup, Facts, Unsound
from lifetracker.ops.places import USER
from lifetracker.ops.refusal import Refused

DUMP = "dump"


def require_there(live: LiveDatabase) -> None:
    """A file is there; whether a server answers is found out by asking it."""
    if live.file is not None and not live.file.is_file():
        raise Refused(f"there is no database at {live.file}: {advice_without_database()}")


def copy(live: LiveDatabase, folder: Path) -> Facts:
    """A whole, checked copy, as the service's user, into a folder of its own; and what it holds."""
    to = folder / DATABASE[live.engine]
    if live.file is not None:
        return Facts.model_validate(ask("copy", live.file, to, user=USER))
    return Facts.model_validate(ask("dump", to, user=USER, module=DUMP, environment={NAME: live.url}))


def refresh(live: LiveDatabase, folder: Path) -> Facts:
    """The copy in a folder, brought to what a file holds that nobody has open; and what it holds then."""
    to = folder / DATABASE[live.engine]
    return Facts.model_validate(ask("refresh", live.file or to, to, user=USER))


def keep(live: LiveDatabase, folder: Path) -> Facts:
    """The bytes of a file that is damaged, and of its log, as they are; on PostgreSQL what can be dumped."""
    to = folder / DATABASE[live.engine]
    if live.file is not None:
        ask("keep", live.file, to, user=USER)
    else:
        ask("keep", to, user=USER, module=DUMP, environment={NAME: live.url})
    return Facts(tables={}, revision=None)


def try_out(backup: Backup, folder: Path, live: LiveDatabase) -> Facts:
    """Restores a backup into a folder, or a database, of its own, and counts what came out of it."""
    with backup.database.open("rb") as given:
        if backup.manifest.engine == "sqlite":
            to = folder / backup.database.name
            return Facts.model_validate(ask("receive", to, to, user=USER, given=given))
        environment = {NAME: live.url}
        return Facts.model_validate(ask("try", user=USER, module=DUMP, given=given, environment=environment))


def require_same(backup: Backup, found: Facts) -> None:
    """What came out is what went in, row for row as far as counting tells; else `Unsound`."""
    said = backup.manifest
    names = sorted({*said.tables, *found.tables})
    wrong = [
        f"{name}: {found.tables.get(name)} instead of {said.tables.get(name)} rows"
        for name in names
        if found.tables.get(name) != said.tables.get(name)
    ]
    if found.revision != said.revision:
        wrong.append(f"schema {found.revision} instead of {said.revision}")
    if wrong:
        raise Unsound(f"backup {backup.id} does not hold what its manifest says: {'; '.join(wrong)}")
