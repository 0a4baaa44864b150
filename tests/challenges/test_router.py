"""Challenges over HTTP: tags, retries, what cannot be, and whose is whose."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from httpx2 import Response

from tests.people import JSON, Client, FrozenClock, refusal

WALK: JSON = {"title": "Walk"}
STALE = (412, "stale")
NO_SUCH = (404, "challenge_not_found")
TURNS = ("pause", "resume", "archive", "unarchive", "restart", "restore")


class TestStartChallenge:
    def test_answers_201_and_where_it_is(self, anna: Client) -> None:
        response = anna.post("/challenges", json=WALK)

        assert response.status_code == 201
        assert response.headers["location"] == f"/challenges/{response.json()['id']}"
        shown = anna.get(response.headers["location"])
        assert (shown.json(), shown.headers["etag"]) == (response.json(), response.headers["etag"])

    def test_refuses_what_is_not_json(self, anna: Client) -> None:
        for body in (
            "{",
            '{"title": "Walk",}',
            '{"title": "Walk", "kind": "measure", "target": NaN}',
            '{"title": "Walk", "kind": "measure", "target": Infinity}',
            '{"title": "Walk", "kind": "measure", "target": -Infinity}',
            '{"title": "\\ud800"}',
            "{'title': 'Walk'}",
            "title=Walk",
            "",
        ):
            assert refusal(sent(anna, body)) == (422, "invalid_json")

    def test_refuses_json_that_cannot_be(self, anna: Client) -> None:
        for body in (
            "[]",
            "null",
            '"Walk"',
            "5",
            '{"title": "Walk", "kind": "measure", "target": 1e999}',
            '{"title": "Walk", "kind": "measure", "target": 1' + "0" * 400 + "}",
            '{"title": "Walk", "duration_days": 1' + "0" * 400 + "}",
            '{"title": "Walk", "start_date": "2026-02-30"}',
            '{"title": "a\\u0000b"}',
        ):
            assert refusal(sent(anna, body)) == (422, "invalid")

    def test_names_the_field_its_code_and_its_limits(self, anna: Client) -> None:
        response = anna.post("/challenges", json=WALK | {"schedule": {"type": "times", "count": 8, "per": "week"}})

        (error,) = response.json()["errors"]
        assert (error["field"], error["code"], error["params"]) == ("schedule.count", "too_many_times", {"le": 7})
        assert error["message"] in response.json()["detail"]


class TestRetries:
    def test_start_one_challenge_with_one_key(self, anna: Client) -> None:
        body = {"template": "75-hard"}

        first, again = (anna.post("/challenges", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))

        assert (first.status_code, again.status_code) == (201, 201)
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
        assert again.headers["etag"] == first.headers["etag"]
        assert len(anna.got("/challenges")["items"]) == 1
        assert anna.got("/templates/75-hard")["times_started"] == 1

    def test_answer_as_at_first_though_it_was_changed_since(self, anna: Client, clock: FrozenClock) -> None:
        first = anna.post("/challenges", json=WALK, headers={"Idempotency-Key": "k"}).json()
        anna.changed(f"/challenges/{first['id']}", {"title": "Run"})
        clock.pass_(days=1)

        assert anna.post("/challenges", json=WALK, headers={"Idempotency-Key": "k"}).json() == first

    def test_refuse_another_body_under_the_same_key(self, anna: Client) -> None:
        anna.post("/challenges", json=WALK, headers={"Idempotency-Key": "k"})

        response = anna.post("/challenges", json={"title": "Run"}, headers={"Idempotency-Key": "k"})

        assert refusal(response) == (422, "idempotency_key_reused")
        assert len(anna.got("/challenges")["items"]) == 1

    def test_are_each_persons_own(self, anna: Client, boris: Client) -> None:
        for person in (anna, boris):
            person.made("/challenges", WALK, headers={"Idempotency-Key": "k"})

        assert [len(person.got("/challenges")["items"]) for person in (anna, boris)] == [1, 1]

    def test_keep_no_refusal(self, anna: Client) -> None:
        key = {"Idempotency-Key": "k"}
        assert refusal(anna.post("/challenges", json={"template": "gone"}, headers=key)) == (404, "template_not_found")

        response = anna.post("/challenges", json=WALK, headers=key)

        assert (response.status_code, "idempotent-replayed" in response.headers) == (201, False)

    def test_take_a_turn_once(self, anna: Client) -> None:
        challenge_id = anna.starts()
        key = {"Idempotency-Key": "k"}

        first, again = (anna.post(f"/challenges/{challenge_id}/pause", json={}, headers=key) for _ in range(2))

        assert (again.status_code, again.json()) == (200, first.json())
        assert refusal(anna.post(f"/challenges/{challenge_id}/pause")) == (409, "already_paused")


class TestShowChallenge:
    def test_answers_304_while_nothing_changed(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)
        tag = made.headers["etag"]

        for form in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            response = anna.get(made.headers["location"], headers={"If-None-Match": form})
            assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)

    def test_answers_200_once_something_changed(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)
        anna.changed(made.headers["location"], {"title": "Run"})

        response = anna.get(made.headers["location"], headers={"If-None-Match": made.headers["etag"]})

        assert (response.status_code, response.json()["title"]) == (200, "Run")
        assert response.headers["etag"] != made.headers["etag"]

    def test_answers_200_once_it_has_another_place(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)
        anna.put("/challenges/order", json={"ids": [anna.starts("Run")]})

        response = anna.get(made.headers["location"], headers={"If-None-Match": made.headers["etag"]})

        assert (response.status_code, response.json()["position"]) == (200, 2)


class TestMidnight:
    def test_changes_the_tag_without_a_write(self, anna: Client, clock: FrozenClock) -> None:
        made = anna.post("/challenges", json=WALK | {"start_date": "2026-03-12"})
        assert made.json()["status"] == "upcoming"

        clock.set("2026-03-12T00:00")

        response = anna.get(made.headers["location"], headers={"If-None-Match": made.headers["etag"]})
        assert (response.status_code, response.json()["status"]) == (200, "active")
        assert response.headers["etag"] != made.headers["etag"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"start_date": "2026-03-12"},
            {"duration_days": 1},
            {"start_date": "2026-03-10", "on_miss": "fail", "allowed_misses": 1},
            {"start_date": "2026-03-10", "on_miss": "restart"},
        ],
    )
    def test_leaves_a_tag_good_for_a_write(self, anna: Client, clock: FrozenClock, fields: JSON) -> None:
        made = anna.post("/challenges", json=WALK | fields)
        clock.set("2026-03-12T00:00")
        assert anna.get(made.headers["location"]).headers["etag"] != made.headers["etag"]

        match = {"If-Match": made.headers["etag"]}

        assert anna.changed(made.headers["location"], {"title": "Run"}, headers=match)["title"] == "Run"
        assert refusal(anna.delete(made.headers["location"], headers=match)) == STALE

    def test_of_an_entry_leaves_a_tag_good_for_a_write(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK | {"start_date": "2026-03-09", "on_miss": "fail"})
        for day in ("2026-03-09", "2026-03-10"):
            anna.logged(made.json()["id"], day)
        assert anna.got(made.headers["location"])["status"] == "active"

        response = anna.delete(made.headers["location"], headers={"If-Match": made.headers["etag"]})

        assert response.status_code == 204


class TestIfMatch:
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    def test_lets_through_who_saw_the_latest(self, anna: Client, method: str) -> None:
        for form in ("{0}", "W/{0}", '"other", {0}', '"other",W/{0}', "*", " * "):
            made = anna.post("/challenges", json=WALK)
            match = {"If-Match": form.format(made.headers["etag"])}
            body = {"title": "Run"} if method == "PATCH" else None
            assert anna.request(method, made.headers["location"], json=body, headers=match).is_success

    def test_lets_who_saw_the_latest_delete_it_forever(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)

        match = {"If-Match": made.headers["etag"]}

        assert anna.delete(made.headers["location"] + "?forever=true", headers=match).status_code == 204
        assert refusal(anna.post(made.headers["location"] + "/restore")) == NO_SUCH

    @pytest.mark.parametrize("query", ["", "?forever=true"])
    def test_refuses_to_delete_what_was_changed_since(self, anna: Client, query: str) -> None:
        made = anna.post("/challenges", json=WALK)
        anna.changed(made.headers["location"], {"title": "Run"})

        response = anna.delete(made.headers["location"] + query, headers={"If-Match": made.headers["etag"]})

        assert refusal(response) == STALE
        assert anna.got(made.headers["location"])["title"] == "Run"

    def test_refuses_a_tag_that_is_none_of_it(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)

        for tag in ('"other"', 'W/"other"', "other", '""', '"', ","):
            response = anna.patch(made.headers["location"], json={"title": "Run"}, headers={"If-Match": tag})
            assert refusal(response) == STALE
        assert anna.got(made.headers["location"]) == made.json()

    def test_refuses_a_tag_of_before_a_change_there_and_back(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)
        for title in ("Run", "Walk"):
            anna.changed(made.headers["location"], {"title": title})

        response = anna.patch(made.headers["location"], json={}, headers={"If-Match": made.headers["etag"]})

        assert refusal(response) == STALE

    def test_refuses_a_tag_of_before_a_turn(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)
        paused = anna.post(made.headers["location"] + "/pause")

        before, after = (
            anna.patch(made.headers["location"], json={}, headers={"If-Match": seen.headers["etag"]})
            for seen in (made, paused)
        )

        assert refusal(before) == STALE
        assert after.status_code == 200

    def test_takes_a_tag_of_before_another_place(self, anna: Client) -> None:
        made = anna.post("/challenges", json=WALK)
        anna.put("/challenges/order", json={"ids": [anna.starts("Run")]})

        match = {"If-Match": made.headers["etag"]}

        assert anna.changed(made.headers["location"], {"title": "Swim"}, headers=match)["title"] == "Swim"

    @pytest.mark.parametrize("forever", [False, True])
    def test_refuses_every_tag_of_what_is_gone(self, anna: Client, forever: bool) -> None:
        made = anna.post("/challenges", json=WALK)
        anna.delete(made.headers["location"], params={"forever": forever})

        for tag in ("*", made.headers["etag"]):
            match = {"If-Match": tag}
            assert refusal(anna.patch(made.headers["location"], json={}, headers=match)) == STALE
            assert refusal(anna.delete(made.headers["location"], headers=match)) == STALE
            assert refusal(anna.delete(f"{made.headers['location']}?forever=true", headers=match)) == STALE


class TestIds:
    def test_that_cannot_be_lead_nowhere(self, anna: Client) -> None:
        for unthinkable in ("0", "-1", "abc", "1.5", "99999999999999999999", "%00", "1e3", "０"):
            assert {refusal(response)[0] for response in every_path(anna, unthinkable)} == {404}

    def test_that_nobody_has_lead_nowhere(self, anna: Client) -> None:
        for unknown in (10**6, 2**63 - 1):
            assert {refusal(response) for response in every_path(anna, unknown)} == {NO_SUCH}

    def test_of_what_is_deleted_lead_nowhere(self, anna: Client) -> None:
        challenge_id = anna.starts()
        anna.delete(f"/challenges/{challenge_id}", params={"forever": "true"})

        assert {refusal(response) for response in every_path(anna, challenge_id)} == {NO_SUCH}


class TestChallengeOfAnother:
    def test_is_not_there(self, anna: Client, boris: Client) -> None:
        """Word for word as where there is none, so that it tells of nothing."""
        challenge_id = anna.starts()
        before = anna.got(f"/challenges/{challenge_id}")

        theirs = [response.json() for response in every_path(boris, challenge_id)]
        nobodys = [response.json() for response in every_path(boris, 10**6)]

        assert theirs == nobodys
        assert {problem["code"] for problem in theirs} == {"challenge_not_found"}
        assert anna.got(f"/challenges/{challenge_id}") == before

    def test_is_stale_whatever_tag_is_given(self, anna: Client, boris: Client) -> None:
        made = anna.post("/challenges", json=WALK)

        for tag in ("*", made.headers["etag"]):
            response = boris.patch(made.headers["location"], json={}, headers={"If-Match": tag})
            assert refusal(response) == STALE

    def test_goes_with_its_account(self, anna: Client, boris: Client) -> None:
        challenge_id, kept = anna.starts(), boris.starts()

        anna.delete("/users/me")

        assert refusal(boris.get(f"/challenges/{challenge_id}")) == NO_SUCH
        assert [item["id"] for item in boris.got("/challenges")["items"]] == [kept]


class TestWhoMay:
    def test_only_who_has_a_token(self, visitor: Client) -> None:
        responses = [
            visitor.get("/challenges"),
            visitor.post("/challenges", json=WALK),
            visitor.put("/challenges/order", json={"ids": []}),
            *every_path(visitor, 1),
        ]

        assert {refusal(response) for response in responses} == {(401, "unauthorized")}
        assert {response.headers["www-authenticate"] for response in responses} == {"Bearer"}

    def test_only_read_with_a_token_for_reading(self, app: FastAPI, anna: Client) -> None:
        challenge_id = anna.starts()
        reader = Client(app, anna.made("/users/me/tokens", {"name": "watch", "scope": "read"})["token"])

        read, *written = every_path(reader, challenge_id)
        written += [reader.post("/challenges", json=WALK), reader.put("/challenges/order", json={"ids": []})]

        assert read.status_code == reader.get("/challenges").status_code == 200
        assert {refusal(response) for response in written} == {(403, "read_only_token")}


class TestPaths:
    def test_have_no_other_methods(self, anna: Client) -> None:
        challenge_id = anna.starts()

        for method, path in (("PUT", ""), ("GET", "/pause"), ("DELETE", "/archive"), ("PATCH", "/restart")):
            response = anna.request(method, f"/challenges/{challenge_id}{path}")
            assert refusal(response) == (405, "method_not_allowed")
            assert response.headers["allow"]


def sent(person: Client, body: str) -> Response:
    """The answer to a body as it stands."""
    return person.post("/challenges", content=body, headers={"Content-Type": "application/json"})


def every_path(person: Client, challenge_id: int | str) -> list[Response]:
    """What each path answers that a challenge's id can be in; the reading one first."""
    path = f"/challenges/{challenge_id}"
    return [
        person.get(path),
        person.patch(path, json={"title": "Mine"}),
        person.delete(path),
        person.delete(path, params={"forever": "true"}),
        *(person.post(f"{path}/{turn}") for turn in TURNS),
    ]
