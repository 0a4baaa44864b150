"""Whose code and backups are, where all is well."""

from __future__ import annotations

from tests.ops.installation import Installation, back_up


class TestBackups:
    def test_are_roots_with_all_that_lies_beside_them(self, server: Installation) -> None:
        """The lock, the code of releases that went, and a backup that is being made, which is lent to the service."""
        name = back_up(server, hours=1)
        (server.places.backups / ".lock").touch(mode=0o600)
        (server.places.backups / "code").mkdir(mode=0o700)
        (server.places.backups / "code/x.tar.gz").touch(mode=0o644)
        (server.places.backups / f"{name}.partial").mkdir(mode=0o777)
        (server.places.backups / name / "life_tracker.db").touch()
        (server.places.backups / name / "life_tracker.db").chmod(0o600)

        assert server.check("backup access").state == "ok", server.check("backup access").says


class TestCode:
    def test_is_roots(self, server: Installation) -> None:
        assert server.check("code owner").state == "ok"
