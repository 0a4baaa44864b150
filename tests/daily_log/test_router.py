"""The daily log over HTTP: statuses and headers, tags, and bodies and paths that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from lifetracker.core.schemas import MAX_ID
from tests.people import Client, FrozenClock, refusal

PAGES: dict[str, Any] = {"kind": "measure", "target": 20, "unit": "pages"}
PATHS_WITH_A_DAY: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("PUT", "/challenges/{}/log/{}", {}),
    ("POST", "/challenges/{}/log/{}/add", {"amount": 1}),
    ("GET", "/challenges/{}/log/{}", None),
    ("DELETE", "/challenges/{}/log/{}", None),
)
PATHS_WITH_A_CHALLENGE = (
    *((method, path.format("{}", "today"), body) for method, path, body in PATHS_WITH_A_DAY),
    ("GET", "/challenges/{}/log", None),
    ("GET", "/challenges/{}/stats", None),
)

BODIES_THAT_CANNOT_BE: tuple[tuple[Any, str, str], ...] = (
    ({"value": -1}, "value", "greater_than_equal"),
    ({"value": -0.000001}, "value", "greater_than_equal"),
    ({"value": 1e10}, "value", "less_than_equal"),
    ({"value": True}, "value", "float_type"),
    ({"value": "5"}, "value", "float_type"),
    ({"value": []}, "value", "float_type"),
    ({"skipped": "yes"}, "skipped", "bool_type"),
    ({"skipped": 1}, "skipped", "bool_type"),
    ({"skipped": True, "value": 1}, "", "skipped_with_value"),
    ({"skipped": True, "value": 0}, "", "skipped_with_value"),
    ({"note": 5}, "note", "string_type"),
    ({"note": "x" * 10_001}, "note", "too_long"),
    ({"note": "x" * 100_000}, "note", "too_long"),
    ({"note": "a\0b"}, "note", "nul_character"),
    ({"vlaue": 1}, "vlaue", "unknown_field"),
    ({"date": "2026-03-11"}, "date", "unknown_field"),
    ([], "", "object_type"),
)


class TestPutEntry:
    def test_answers_201_with_its_place_when_it_is_new(self, anna: Client) -> None:
        walk = anna.starts()

        response = anna.put(f"/challenges/{walk}/log/today", json={})

        assert response.status_code == 201
        assert response.headers["Location"] == f"/challenges/{walk}/log/2026-03-11"
        assert anna.get(response.headers["Location"]).is_success

    def test_answers_200_without_a_place_when_it_was_there(self, anna: Client) -> None:
        walk = anna.starts()
        anna.logged(walk)

        response = anna.put(f"/challenges/{walk}/log/today", json={"value": 0})

        assert response.status_code == 200
        assert "Location" not in response.headers

    @pytest.mark.parametrize("note", ["", "x" * 10_000, "☔ 🏃🏽‍♀️ été ‮", "'); DROP TABLE daily_log; --", "\t\n\r\x01"])
    def test_keeps_a_note_to_the_letter(self, anna: Client, note: str) -> None:
        walk = anna.starts()

        assert anna.logged(walk, note=note)["note"] == note
        assert anna.got(f"/challenges/{walk}/log/today")["note"] == note

    def test_refuses_a_body_that_cannot_be(self, anna: Client, subtests: pytest.Subtests) -> None:
        walk = anna.starts(**PAGES)

        for body, field, code in BODIES_THAT_CANNOT_BE:
            with subtests.test(body=str(body)[:60]):
                response = anna.put(f"/challenges/{walk}/log/today", json=body)

                assert refusal(response) == (422, "invalid")
                assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
        assert anna.get(f"/challenges/{walk}/log/today").status_code == 404

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
    def test_refuses_numbers_that_json_does_not_have(self, anna: Client, value: str) -> None:
        assert refusal(sent(anna, f'{{"value": {value}}}')) == (422, "invalid_json")

    @pytest.mark.parametrize("body", ["{", "value=1", '{"note": "\\ud800"}', '{"value": 1}{'])
    def test_refuses_what_is_not_json(self, anna: Client, body: str) -> None:
        assert refusal(sent(anna, body)) == (422, "invalid_json")

    @pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}])
    @pytest.mark.parametrize("body", [b"", None, iter([b""])])
    def test_ticks_where_nothing_is_sent(self, anna: Client, headers: dict[str, str], body: Any) -> None:
        walk = anna.starts()

        made = anna.put(f"/challenges/{walk}/log/today", content=body, headers=headers)

        assert (made.status_code, made.json()["value"], made.json()["outcome"]) == (201, 1, "done")

    @pytest.mark.parametrize("body", ["{}", "null", " {} "])
    def test_ticks_where_nothing_is_said(self, anna: Client, body: str) -> None:
        headers = {"Content-Type": "application/json"}

        made = anna.put(f"/challenges/{anna.starts()}/log/today", content=body, headers=headers)

        assert made.json()["value"] == 1

    @pytest.mark.parametrize("value", ["1e400", "-1e400", "1" + "0" * 400])
    def test_refuses_numbers_beyond_all_bounds(self, anna: Client, value: str) -> None:
        assert sent(anna, f'{{"value": {value}}}').status_code == 422

    def test_takes_the_most_and_the_least(self, anna: Client) -> None:
        read = anna.starts(**PAGES)

        assert anna.logged(read, value=1e9)["value"] == 1e9
        assert anna.logged(read, value=1e-6)["value"] == 1e-6
        assert str(anna.logged(read, value=-0.0)["value"]) == "0.0"

    def test_refuses_a_token_that_may_only_read(self, anna: Client, app: FastAPI) -> None:
        walk = anna.starts()
        token = anna.made("/users/me/tokens", {"name": "watch", "scope": "read"})["token"]
        watch = Client(app, token)

        assert refusal(watch.put(f"/challenges/{walk}/log/today", json={})) == (403, "read_only_token")
        assert watch.got("/today")["due"] == 1


class TestAddToEntry:
    def test_answers_201_with_its_place_when_it_is_new(self, anna: Client) -> None:
        read = anna.starts(**PAGES)

        response = anna.post(f"/challenges/{read}/log/today/add", json={"amount": 5})

        assert response.status_code == 201
        assert response.headers["Location"] == f"/challenges/{read}/log/2026-03-11"

    def test_answers_200_when_it_was_there(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        anna.logged(read, value=5)

        assert anna.post(f"/challenges/{read}/log/today/add", json={"amount": 5}).status_code == 200

    @pytest.mark.parametrize("body", [{}, {"amount": None}, {"amount": "5"}, {"amount": True}, {"amount": 1.1e9}])
    def test_refuses_a_body_that_cannot_be(self, anna: Client, body: dict[str, Any]) -> None:
        read = anna.starts(**PAGES)

        assert refusal(anna.post(f"/challenges/{read}/log/today/add", json=body)) == (422, "invalid")

    def test_tags_the_entry_as_it_then_is(self, anna: Client) -> None:
        read = anna.starts(**PAGES)

        response = anna.post(f"/challenges/{read}/log/today/add", json={"amount": 5})

        assert response.headers["ETag"] == anna.get(f"/challenges/{read}/log/today").headers["ETag"]


class TestTags:
    @pytest.mark.parametrize("entry", [{}, {"value": 3}, {"skipped": True}, {"value": None, "note": "🏃"}])
    def test_are_the_same_for_put_and_get(self, anna: Client, entry: dict[str, Any]) -> None:
        path = f"/challenges/{anna.starts()}/log/today"

        new, again = anna.put(path, json=entry), anna.put(path, json=entry)

        assert new.headers["ETag"] == again.headers["ETag"] == anna.get(path).headers["ETag"]

    def test_spare_the_body_when_nothing_changed(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        tag = anna.put(path, json={}).headers["ETag"]

        response = anna.get(path, headers={"If-None-Match": tag})

        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)

    def test_match_weak_too(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        tag = anna.put(path, json={}).headers["ETag"]

        assert anna.get(path, headers={"If-None-Match": f'"other", W/{tag}'}).status_code == 304
        assert anna.put(path, json={"value": 0}, headers={"If-Match": f"W/{tag}"}).status_code == 200

    def test_change_with_the_entry(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        tag = anna.put(path, json={}).headers["ETag"]

        changed = anna.put(path, json={"note": "rainy"})

        assert changed.headers["ETag"] != tag
        assert anna.get(path, headers={"If-None-Match": tag}).status_code == 200

    def test_cover_an_outcome_that_a_new_target_changes(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        tag = anna.put(f"/challenges/{read}/log/today", json={"value": 20}).headers["ETag"]
        anna.changed(f"/challenges/{read}", {"target": 30})

        response = anna.get(f"/challenges/{read}/log/today", headers={"If-None-Match": tag})

        assert (response.status_code, response.json()["outcome"]) == (200, "partial")


class TestIfMatch:
    def test_lets_a_write_pass_that_knows_the_entry(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        tag = anna.put(path, json={}).headers["ETag"]

        assert anna.put(path, json={"value": 0}, headers={"If-Match": tag}).status_code == 200

    def test_refuses_a_write_over_what_another_wrote(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        tag = anna.put(path, json={}).headers["ETag"]
        anna.put(path, json={"note": "from the watch"})

        assert refusal(anna.put(path, json={"value": 0}, headers={"If-Match": tag})) == (412, "stale")
        assert refusal(anna.delete(path, headers={"If-Match": tag})) == (412, "stale")
        assert anna.got(path)["note"] == "from the watch"

    @pytest.mark.parametrize("tag", ["*", '"an old one"'])
    def test_refuses_where_nothing_is(self, anna: Client, tag: str) -> None:
        path = f"/challenges/{anna.starts()}/log/today"

        assert refusal(anna.put(path, json={}, headers={"If-Match": tag})) == (412, "stale")
        assert refusal(anna.delete(path, headers={"If-Match": tag})) == (412, "stale")
        assert anna.get(path).status_code == 404

    def test_takes_a_star_for_whatever_is_there(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        anna.put(path, json={})

        assert anna.put(path, json={"value": 0}, headers={"If-Match": "*"}).status_code == 200
        assert anna.delete(path, headers={"If-Match": "*"}).status_code == 204

    def test_compares_only_what_was_written(self, anna: Client) -> None:
        read = anna.starts(**PAGES)
        path = f"/challenges/{read}/log/today"
        tag = anna.put(path, json={"value": 20}).headers["ETag"]
        anna.changed(f"/challenges/{read}", {"target": 30})

        assert anna.put(path, json={"value": 21}, headers={"If-Match": tag}).status_code == 200

    def test_refuses_a_tag_of_an_entry_that_was_erased_and_made_anew(self, anna: Client, clock: FrozenClock) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        tag = anna.put(path, json={}).headers["ETag"]
        anna.delete(path)
        clock.pass_(seconds=1)
        anna.put(path, json={})

        assert refusal(anna.put(path, json={"value": 0}, headers={"If-Match": tag})) == (412, "stale")


class TestPath:
    @pytest.mark.parametrize(
        "day",
        [
            "tomorrow",
            "Today",
            "2026-02-30",
            "2026-3-1",
            "20260311",
            "2026-03-11T00:00",
            "0",
            "1773187200",
            "٢٠٢٦-03-11",
        ],
    )
    def test_refuses_a_day_that_cannot_be(self, anna: Client, day: str) -> None:
        walk = anna.starts()

        for method, path, body in PATHS_WITH_A_DAY:
            response = anna.request(method, path.format(walk, day), json=body)
            assert refusal(response) == (422, "invalid"), (method, path)
            assert [error["field"] for error in response.json()["errors"]] == ["date"]

    @pytest.mark.parametrize("day", ["1969-12-31", "3000-01-01", "0001-01-01", "9999-12-31"])
    def test_refuses_a_day_out_of_the_calendar(self, anna: Client, day: str) -> None:
        response = anna.put(f"/challenges/{anna.starts()}/log/{day}", json={})

        assert refusal(response) == (422, "invalid")
        assert response.json()["errors"][0]["code"] == "date_out_of_range"

    def test_knows_no_challenge_with_an_id_that_cannot_be(self, anna: Client, subtests: pytest.Subtests) -> None:
        for challenge_id in ("999999", "0", "-1", "x", "1.0", str(MAX_ID), "9" * 30, "%00"):
            for method, path, body in PATHS_WITH_A_CHALLENGE:
                with subtests.test(method=method, path=path.format(challenge_id)):
                    assert anna.request(method, path.format(challenge_id), json=body).status_code == 404

    def test_asks_for_a_token(self, anna: Client, visitor: Client) -> None:
        walk = anna.starts()

        for method, path, body in (*PATHS_WITH_A_CHALLENGE, ("GET", "/daily-log", None), ("GET", "/today", None)):
            response = visitor.request(method, path.format(walk), json=body)
            assert refusal(response) == (401, "unauthorized"), (method, path)
            assert response.headers["WWW-Authenticate"] == "Bearer"


class TestQuery:
    @pytest.mark.parametrize(
        ("path", "query"),
        [
            ("/daily-log", {"from": "yesterday"}),
            ("/daily-log", {"to": "2026-02-30"}),
            ("/daily-log", {"limit": "0"}),
            ("/daily-log", {"limit": "201"}),
            ("/daily-log", {"limit": "x"}),
            ("/daily-log", {"cursor": "x" * 1001}),
            ("/today", {"date": "2026-02-30"}),
            ("/today", {"date": ""}),
        ],
    )
    def test_is_refused_when_it_cannot_be(self, anna: Client, path: str, query: dict[str, str]) -> None:
        response = anna.get(path, params=query)

        assert refusal(response) == (422, "invalid")
        assert [error["field"] for error in response.json()["errors"]] == list(query)

    def test_gives_fifty_items_unless_more_are_asked_for(self, anna: Client) -> None:
        walk = anna.starts(start_date="2026-01-01")
        for number in range(52):
            anna.logged(walk, f"2026-0{1 + number // 28}-{1 + number % 28:02}")

        assert len(anna.got("/daily-log")["items"]) == 50
        assert len(anna.got("/daily-log", limit=200)["items"]) == 52


def sent(person: Client, body: str) -> Any:
    """The answer to a `PUT` of this text as today's entry."""
    path = f"/challenges/{person.starts(**PAGES)}/log/today"
    return person.put(path, content=body.encode(), headers={"Content-Type": "application/json"})
