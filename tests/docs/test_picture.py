"""`docs/architecture.svg`: what the imports say today, and the way of a request as the page beside it tells it."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import page
from tests.picture import FILE, WAY, arrows, drawn, floors, modules, reach, reduced, rooms

USES = modules()
ROOMS = {room.partition(",")[0] for room in rooms(USES).values()}


class TestPicture:
    def test_is_what_the_imports_say(self) -> None:
        assert FILE.read_text("utf-8") == drawn(USES), "it is drawn from the imports: ./dev test picture"

    def test_is_shown_in_the_page(self) -> None:
        assert "](architecture.svg)" in page("architecture")

    def test_has_every_room(self) -> None:
        text = FILE.read_text("utf-8")

        assert {room for room in ROOMS if f">{room}" not in text} == set()

    def test_leaves_out_no_arrow_that_others_do_not_lead_along(self) -> None:
        graph = arrows(USES)
        less = reduced(graph)

        assert {room: reach(room, less) for room in graph} == {room: reach(room, graph) for room in graph}

    def test_changes_with_an_import(self) -> None:
        more = USES | {"core/errors.py": USES["core/errors.py"] | {"core/guarding/source.py"}}

        assert drawn(more) != drawn(USES)


class TestFloors:
    def test_refuses_rooms_that_use_each_other(self) -> None:
        with pytest.raises(ValueError, match="each other: challenges, users"):
            floors({"users": {"challenges"}, "challenges": {"users"}, "core": set()})


class TestWay:
    def test_has_a_place_for_every_step(self) -> None:
        told = page("architecture").partition("## The way of a request")[2].partition("\n## ")[0]

        assert len(re.findall(r"^\d\. ", told, re.MULTILINE)) == len(WAY)
        assert {*WAY} <= {*USES}
