"""Checks of what the service answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.ops.installation import RELEASE, Installation, answering, serving_unit
from tests.ports import free_port

WELL = {"status": "ok", "version": "1", "database": "ok", "release": RELEASE}
ILL = {"status": "fail", "version": "1", "database": "fail", "release": RELEASE}
OLD = {**WELL, "release": "20261101T081500Z-ffffffffffff"}


@pytest.fixture
def inside(server: Installation) -> Iterator[dict[str, tuple[int, Any]]]:
    """What the service answers, by path: it can be changed."""
    answers: dict[str, tuple[int, Any]] = {"/health": (200, WELL), "/health/deep": (200, {"status": "ok"})}
    with answering(answers) as address:
        server.configure(public_url="", url=address)
        yield answers


@pytest.fixture
def outside(server: Installation, inside: dict[str, tuple[int, Any]]) -> Iterator[dict[str, tuple[int, Any]]]:
    """The same for what clients meet."""
    answers: dict[str, tuple[int, Any]] = {"/api/health": (200, WELL)}
    with answering(answers) as address:
        server.configure(public_url=f"{address}/api", url=server.places.read_config().url)
        yield answers


@pytest.mark.usefixtures("inside")
class TestHealth:
    def test_holds_when_the_service_says_ok(self, server: Installation) -> None:
        assert server.check("health").state == "ok"

    @pytest.mark.parametrize("answer", [(503, ILL), (200, ILL), (200, "welcome"), (404, {"detail": "nothing"})])
    def test_fails_when_it_says_anything_else(
        self, server: Installation, inside: dict[str, tuple[int, Any]], answer: tuple[int, Any]
    ) -> None:
        inside["/health"] = answer

        found = server.check("health")

        assert found.state == "failed"
        assert f"/health answers {answer[0]}" in found.says

    def test_fails_when_nobody_answers(self, server: Installation) -> None:
        server.configure(url=f"http://127.0.0.1:{free_port()}")

        assert "does not answer" in server.check("health").says


class TestHealthOutside:
    @pytest.mark.usefixtures("outside")
    def test_holds_when_clients_get_an_ok(self, server: Installation) -> None:
        assert server.check("health outside").state == "ok"

    def test_fails_when_they_get_another_answer(
        self, server: Installation, outside: dict[str, tuple[int, Any]]
    ) -> None:
        outside["/api/health"] = (502, b"<h1>Bad Gateway</h1>")

        found = server.check("health outside")

        assert found.state == "failed"
        assert "502 (Bad Gateway)" in found.says

    def test_is_skipped_where_there_is_no_outside(self, server: Installation) -> None:
        assert server.check("health outside").state == "skipped"


@pytest.mark.usefixtures("inside")
class TestDeepHealth:
    def test_holds_when_a_row_can_be_committed(self, server: Installation) -> None:
        assert server.check("deep health").state == "ok"

    def test_fails_and_says_why_when_it_cannot(self, server: Installation, inside: dict[str, tuple[int, Any]]) -> None:
        inside["/health/deep"] = (
            503,
            {"status": "fail", "checks": {"write": "the disk is full", "file": "ok", "disk": {}}},
        )

        found = server.check("deep health")

        assert found.state == "failed"
        assert found.says.endswith("/health/deep answers 503: the disk is full")


@pytest.mark.usefixtures("outside")
class TestRelease:
    def test_holds_when_the_linked_one_answers_everywhere(self, server: Installation) -> None:
        found = server.check("release")

        assert (found.state, found.says) == ("ok", f"{RELEASE} answers, and is linked")

    def test_fails_when_an_old_process_answers(self, server: Installation, inside: dict[str, tuple[int, Any]]) -> None:
        inside["/health"] = (200, OLD)

        found = server.check("release")

        assert found.state == "failed"
        assert f"/health is answered by release {OLD['release']}; linked is {RELEASE}" in found.says

    def test_fails_when_another_answers_outside(
        self, server: Installation, outside: dict[str, tuple[int, Any]]
    ) -> None:
        outside["/api/health"] = (503, {**OLD, "status": "fail"})

        assert "/api/health is answered by" in server.check("release").says

    def test_fails_when_what_answers_is_no_release(
        self, server: Installation, inside: dict[str, tuple[int, Any]]
    ) -> None:
        inside["/health"] = (200, {"status": "ok", "release": None})

        assert "release None" in server.check("release").says

    def test_leaves_an_outside_that_is_away_to_its_own_check(
        self, server: Installation, outside: dict[str, tuple[int, Any]]
    ) -> None:
        outside["/api/health"] = (502, b"<h1>Bad Gateway</h1>")

        assert server.check("release").state == "ok"


class TestReleaseWithoutService:
    def test_fails_when_nobody_answers(self, server: Installation) -> None:
        server.configure(public_url="", url=f"http://127.0.0.1:{free_port()}")

        assert server.check("release").says == f"nobody answers; linked is {RELEASE}"

    def test_fails_when_a_process_that_names_none_answers(self, server: Installation) -> None:
        with serving_unit(server):
            assert "release None" in server.check("release").says

    def test_fails_when_nothing_is_linked(self, server: Installation) -> None:
        server.places.live.unlink()

        assert server.check("release").state == "failed"
