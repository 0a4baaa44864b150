"""Entity tags: in units, and over HTTP with a challenge."""

from __future__ import annotations

from typing import ClassVar

import pytest

from lifetracker.core.http.etags import Exists, Stale, is_unchanged, refuse_existing, refuse_stale, tag_of
from lifetracker.core.schemas import Shown
from tests.people import Client, FrozenClock, refusal


class Thing(Shown):
    DERIVED: ClassVar[frozenset[str]] = frozenset({"status"})
    title: str = "Walk"
    status: str = "active"


NOW = Thing()
TAG = tag_of(NOW)
LATER = Thing(status="completed")  # nobody wrote
CHANGED = Thing(title="Run")
OTHER_TAG = tag_of(CHANGED)


class TestTagOf:
    def test_is_quoted_and_the_same_for_the_same(self) -> None:
        assert tag_of(Thing()) == TAG
        assert TAG.startswith('"')
        assert TAG.endswith('"')
        assert TAG.isascii()

    def test_is_another_for_all_that_shows(self) -> None:
        assert len({TAG, tag_of(LATER), tag_of(CHANGED)}) == 3


class TestRefuseStale:
    @pytest.mark.parametrize(
        "if_match",
        [None, TAG, f"W/{TAG}", "*", " * ", f'"x", {TAG}', f"{OTHER_TAG},W/{TAG}", f" {TAG} "],
    )
    def test_lets_pass_what_matches(self, if_match: str | None) -> None:
        refuse_stale(if_match, lambda: NOW)

    def test_lets_pass_what_changed_without_a_write(self) -> None:
        refuse_stale(TAG, lambda: LATER)

    @pytest.mark.parametrize(
        "if_match",
        [
            *(OTHER_TAG, f"{OTHER_TAG}, {OTHER_TAG}", '"x"', "", "W/", '"*"', "x.y"),
            *(TAG.strip('"'), f"{TAG}x", TAG[:-1], f'{TAG[:-1]}x"', f'{TAG.partition(".")[0]}"', f"w/{TAG}"),
        ],
    )
    def test_refuses_what_does_not(self, if_match: str) -> None:
        with pytest.raises(Stale) as refused:
            refuse_stale(if_match, lambda: NOW)

        assert (refused.value.status, refused.value.code) == (412, "stale")

    def test_refuses_what_was_written_since(self) -> None:
        with pytest.raises(Stale):
            refuse_stale(TAG, lambda: CHANGED)

    @pytest.mark.parametrize("if_match", [TAG, "*"])
    def test_refuses_where_nothing_is_there(self, if_match: str) -> None:
        with pytest.raises(Stale):
            refuse_stale(if_match, lambda: None)

    def test_asks_nothing_of_who_did_not_ask(self) -> None:
        refuse_stale(None, lambda: pytest.fail("nobody asked"))


class TestMarkedTag:
    """By a proxy that compressed the answer: it is ours still."""

    @pytest.mark.parametrize("mark", ["-gzip", "--gzip", ";gzip", "-br", ";br", "-zstd", "-deflate"])
    @pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', '"a,b", {}', '{} , "y"', '"",{}'])
    def test_matches(self, mark: str, form: str) -> None:
        marked = form.format(f'{TAG[:-1]}{mark}"')

        refuse_stale(marked, lambda: NOW)
        assert is_unchanged(marked, TAG)

    @pytest.mark.parametrize("mark", ["-x", "-gzip-gzip", "gzip", "_gzip", "-gzip ", ",gzip", "-GZIP2"])
    def test_of_another_kind_does_not(self, mark: str) -> None:
        marked = f'{TAG[:-1]}{mark}"'

        assert not is_unchanged(marked, TAG)
        with pytest.raises(Stale):
            refuse_stale(marked, lambda: NOW)

    def test_is_no_less_another_one_when_it_is_marked(self) -> None:
        with pytest.raises(Stale):
            refuse_stale(f'{OTHER_TAG[:-1]}-gzip"', lambda: NOW)

    def test_is_found_in_a_list_with_commas_in_quotes(self) -> None:
        assert is_unchanged(f'"a, b", "c,", W/",d" , {TAG}', TAG)
        assert not is_unchanged(f'"a, {TAG[1:-1]}, b"', TAG)

    def test_is_found_in_a_long_list_at_once(self) -> None:
        assert is_unchanged('",' * 20_001 + '"' + f",{TAG}", TAG) in (True, False)
        assert is_unchanged('"x",' * 20_000 + TAG, TAG)


class TestRefuseExisting:
    @pytest.mark.parametrize("if_none_match", [None, "*", TAG, '"x"'])
    def test_lets_pass_where_nothing_is(self, if_none_match: str | None) -> None:
        refuse_existing(if_none_match, lambda: None)

    @pytest.mark.parametrize("if_none_match", ["*", " * ", TAG, f"W/{TAG}", f'"x", {TAG}'])
    def test_refuses_what_is_there(self, if_none_match: str) -> None:
        with pytest.raises(Exists) as refused:
            refuse_existing(if_none_match, lambda: NOW)

        assert (refused.value.status, refused.value.code) == (412, "exists")

    @pytest.mark.parametrize("if_none_match", [None, '"x"', OTHER_TAG])
    def test_lets_pass_what_is_not_named(self, if_none_match: str | None) -> None:
        refuse_existing(if_none_match, lambda: NOW)


class TestIsUnchanged:
    @pytest.mark.parametrize("if_none_match", [TAG, f"W/{TAG}", "*", f'"x", W/{TAG}', f"{TAG},{OTHER_TAG}"])
    def test_is_true_for_a_tag_that_is_still_right(self, if_none_match: str) -> None:
        assert is_unchanged(if_none_match, TAG)

    @pytest.mark.parametrize("if_none_match", [None, "", OTHER_TAG, tag_of(LATER), TAG.strip('"')])
    def test_is_false_for_any_other(self, if_none_match: str | None) -> None:
        assert not is_unchanged(if_none_match, TAG)


class TestOverHttp:
    def test_answers_304_without_a_body(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}"
        tag = anna.get(path).headers["ETag"]

        answer = anna.get(path, headers={"If-None-Match": f'"x", W/{tag}'})

        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag

    def test_answers_in_full_once_the_body_shows_another_status(self, anna: Client, clock: FrozenClock) -> None:
        path = f"/challenges/{anna.starts(start_date='2026-03-12')}"
        tag = anna.get(path).headers["ETag"]
        clock.pass_(days=1)

        answer = anna.get(path, headers={"If-None-Match": tag})

        assert answer.json()["status"] == "active"
        assert anna.patch(path, json={"title": "Run"}, headers={"If-Match": tag}).status_code == 200

    def test_reads_a_list_that_is_spread_over_several_headers(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}"
        tag = anna.get(path).headers["ETag"]

        assert anna.get(path, headers=[("If-None-Match", '"x"'), ("If-None-Match", tag)]).status_code == 304
        assert anna.patch(path, json={}, headers=[("If-Match", '"x"'), ("If-Match", tag)]).status_code == 200

    def test_refuses_a_change_of_what_was_changed_since(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}"
        tag = anna.get(path).headers["ETag"]
        anna.changed(path, {"title": "Run"})

        for answer in (
            anna.patch(path, json={"title": "Swim"}, headers={"If-Match": tag}),
            anna.delete(path, headers={"If-Match": tag}),
        ):
            assert refusal(answer) == (412, "stale")
        assert anna.got(path)["title"] == "Run"

    def test_is_the_same_in_the_answer_that_made_it(self, anna: Client) -> None:
        made = anna.post("/challenges", json={"title": "Walk"})

        assert anna.get(made.headers["Location"]).headers["ETag"] == made.headers["ETag"]

    def test_writes_only_where_nothing_is_if_that_is_asked(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"
        fresh = {"If-None-Match": "*"}

        made = anna.put(path, json={}, headers=fresh)
        again = anna.put(path, json={"value": 0}, headers=fresh)

        assert (made.status_code, refusal(again)) == (201, (412, "exists"))
        assert anna.got(path)["value"] == 1

    def test_judges_what_must_be_there_first(self, anna: Client) -> None:
        path = f"/challenges/{anna.starts()}/log/today"

        assert refusal(anna.put(path, json={}, headers={"If-Match": "*", "If-None-Match": "*"})) == (412, "stale")
        tag = anna.put(path, json={}).headers["ETag"]
        assert refusal(anna.put(path, json={}, headers={"If-Match": tag, "If-None-Match": "*"})) == (412, "exists")
        assert anna.put(path, json={"value": 0}, headers={"If-Match": tag, "If-None-Match": '"x"'}).status_code == 200
