"""What becomes of a deploy or rollback that was killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lifetracker.ops.deploying import undertaking
from lifetracker.ops.deploying.recover import recover
from lifetracker.ops.refusal import Refused
from lifetracker.ops.release import releases
from lifetracker.ops.telling import Teller
from tests.ops.installation import Installation
from tests.ops.undertaken import Half, half, leftovers

QUIET = Teller(quiet=True)


@pytest.fixture
def undertaken(server: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Half]:
    monkeypatch.setattr(undertaking, "HEALTHY_WITHIN", 0.2)
    with half(server) as made:
        yield made


def ended(undertaken: Half) -> tuple[str | None, str | None]:
    """What is live, and how it ended."""
    return undertaken.live, undertaken.journal.read()[-1].outcome


class TestRecover:
    def test_finds_nothing_to_do_where_nothing_was_cut_short(self, undertaken: Half) -> None:
        left = leftovers(undertaken.places)

        assert not recover(undertaken.places, QUIET)
        assert not [path for path in left if path.exists() or path.is_symlink()]

    @pytest.mark.parametrize("steps", [(), ("unpack",), ("backup database", "migration")])
    def test_undoes_what_had_not_come_to_the_switch(self, undertaken: Half, steps: tuple[str, ...]) -> None:
        undertaken.answer("r1")
        undertaken.work(*steps)

        assert recover(undertaken.places, QUIET)
        assert ended(undertaken) == ("r1", "failed")
        assert undertaken.told_systemd == []  # and the new one was never tried

    def test_finishes_what_had(self, undertaken: Half) -> None:
        undertaken.work("migration", "swap")
        undertaken.link("r2")
        undertaken.answer("r2")

        assert recover(undertaken.places, QUIET)
        assert ended(undertaken) == ("r2", "done")

    def test_undoes_what_cannot_be_finished(self, undertaken: Half) -> None:
        undertaken.work("migration", "swap")
        undertaken.link("r2")
        undertaken.answer("r1")

        assert recover(undertaken.places, QUIET)
        assert ended(undertaken) == ("r1", "failed")

    def test_goes_on_putting_back_what_was_being_put_back(self, undertaken: Half) -> None:
        undertaken.work("migration", "swap", "put back")
        undertaken.link("r2")
        undertaken.answer("r1")

        assert recover(undertaken.places, QUIET)
        assert ended(undertaken) == ("r1", "failed")
        assert undertaken.told_systemd == []

    def test_twice_is_once(self, undertaken: Half) -> None:
        undertaken.answer("r1")
        undertaken.work("unpack")
        recover(undertaken.places, QUIET)
        after = ended(undertaken)

        assert not recover(undertaken.places, QUIET)
        assert ended(undertaken) == after

    def test_bars_nothing_though_what_is_live_does_not_answer(self, undertaken: Half) -> None:
        undertaken.work("swap", "put back")

        with pytest.raises(Refused, match="does not answer"):
            recover(undertaken.places, QUIET)
        assert not recover(undertaken.places, QUIET)

    def test_puts_back_when_it_is_interrupted_itself(self, undertaken: Half, monkeypatch: pytest.MonkeyPatch) -> None:
        undertaken.work("migration", "swap")
        undertaken.link("r2")
        undertaken.answer("r1")
        switch = releases.switch

        def interrupt(*_: object) -> None:
            monkeypatch.setattr(releases, "switch", switch)
            raise KeyboardInterrupt

        monkeypatch.setattr(releases, "switch", interrupt)

        with pytest.raises(KeyboardInterrupt):
            recover(undertaken.places, QUIET)
        assert ended(undertaken) == ("r1", "failed")

    def test_tells_what_was_cut_short_and_where(self, undertaken: Half, capsys: pytest.CaptureFixture[str]) -> None:
        undertaken.answer("r1")
        undertaken.work("unpack")

        recover(undertaken.places, Teller())

        assert "cut short at 'unpack'" in capsys.readouterr().out
