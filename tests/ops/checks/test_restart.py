"""Whether the service runs with what it would be started with."""

from __future__ import annotations

from tests.ops.installation import Installation, serving_unit


class TestRestart:
    def test_is_not_due_when_nothing_was_changed(self, server: Installation) -> None:
        with serving_unit(server):
            assert server.check("restart").state == "ok"

    def test_is_not_due_for_settings_that_say_the_same(self, server: Installation) -> None:
        """The service of this test was started without them: only a file that is younger is looked into."""
        with serving_unit(server):
            server.places.environment.write_text("# nothing\n", encoding="utf-8")

            assert server.check("restart").state == "ok"

    def test_never_tells_the_value_of_a_setting(self, server: Installation) -> None:
        with serving_unit(server):
            server.places.environment.write_text("LIFETRACKER_DATABASE_URL=postgresql://x:secret@y\n", encoding="utf-8")

            found = server.check("restart")

        assert found.says.endswith("has other settings than the service runs with: LIFETRACKER_DATABASE_URL")

    def test_is_skipped_while_the_service_does_not_run(self, server: Installation) -> None:
        assert server.check("restart").state == "skipped"
