"""Origins as browsers write them; what is refused stands in `test_config.py`."""

from __future__ import annotations

import pytest

from lifetracker.core.origins import parse


class TestParse:
    @pytest.mark.parametrize(
        ("given", "origins"),
        [
            ("", ()),
            (" , ", ()),
            ("[]", ()),
            ("https://app.example", ("https://app.example",)),
            (" https://a.example , http://localhost:5173,", ("https://a.example", "http://localhost:5173")),
            (
                "https://a.example http://b.example:8080\nhttps://c",
                ("https://a.example", "http://b.example:8080", "https://c"),
            ),
            ('["https://a.example", "http://b.example"]', ("https://a.example", "http://b.example")),
            ('"https://a.example"', ("https://a.example",)),
            ("*", ("*",)),
        ],
    )
    def test_takes_a_list_in_each_form(self, given: str, origins: tuple[str, ...]) -> None:
        assert parse(given) == origins

    @pytest.mark.parametrize(
        ("given", "written"),
        [
            ("https://app.example/", "https://app.example"),
            ("HTTPS://App.Example", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("http://app.example:80/", "http://app.example"),
            ("https://app.example:80", "https://app.example:80"),
            ("http://localhost:08080", "http://localhost:8080"),
            ("https://пример.рф", "https://xn--e1afmkfd.xn--p1ai"),
            ("https://Bücher.example", "https://xn--bcher-kva.example"),
            ("https://xn--strae-oqa.example", "https://xn--strae-oqa.example"),
            ("http://192.168.1.5:8080", "http://192.168.1.5:8080"),
            ("http://[0:0:0:0:0:0:0:1]:5173", "http://[::1]:5173"),
            ("http://my_box", "http://my_box"),
            ("capacitor://localhost", "capacitor://localhost"),
            (
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            ),
        ],
    )
    def test_writes_each_as_browsers_do(self, given: str, written: str) -> None:
        assert parse(given) == (written,)

    def test_names_each_once(self) -> None:
        assert parse("https://a.example,https://a.example/,https://A.example:443") == ("https://a.example",)

    def test_tells_which_one_is_wrong(self) -> None:
        with pytest.raises(ValueError, match=r"^origin 2 has no scheme: an origin is written as https://app\.example"):
            parse("https://a.example b.example")
