"""Which database is backed up."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifetracker.ops.backups.live_database import NAME, live_database
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused


def named(root: Path, url: str) -> Places:
    places = Places(root)
    places.etc.mkdir(parents=True)
    places.environment.write_text(f"{NAME}={url}\n")
    return places


class TestSourceOf:
    def test_is_what_the_server_names_below_the_root_of_a_trial(self, tmp_path: Path) -> None:
        live = live_database(named(tmp_path, "sqlite:////var/lib/lifetracker/life_tracker.db"))

        assert live.file == tmp_path / "var/lib/lifetracker/life_tracker.db"

    def test_may_be_named_with_the_trials_own_path(self, tmp_path: Path) -> None:
        assert live_database(named(tmp_path, f"sqlite:///{tmp_path}/here.db")).file == tmp_path / "here.db"

    def test_is_that_of_this_process_where_no_server_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "sqlite:////srv/mine.db")

        assert live_database(Places(tmp_path)).file == Path("/srv/mine.db")

    def test_is_no_file_on_postgresql(self, tmp_path: Path) -> None:
        live = live_database(named(tmp_path, "postgresql+psycopg://user:secret@host/name"))

        assert (live.engine, live.file, live.size) == ("postgresql", None, 0)

    @pytest.mark.parametrize("url", ["mysql://user:secret@host/name", "sqlite:///:memory:", "nonsense"])
    def test_refuses_what_is_none_and_tells_no_secret(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(Refused) as refused:
            live_database(named(tmp_path, url))

        assert NAME in str(refused.value)
        assert "secret" not in str(refused.value)
