"""Hooks: a question one package asks, answered by another that it may not import."""

from __future__ import annotations

import pytest

from lifetracker.core.hooks import Hook


class TestHook:
    def test_answers_what_it_was_filled_with(self) -> None:
        hook: Hook[[int], str] = Hook("number_in_words")
        hook.fill(lambda number: f"number {number}")

        assert hook(1) == "number 1"

    def test_says_who_forgot_to_fill_it(self) -> None:
        hook: Hook[[], None] = Hook("running_attempts")

        with pytest.raises(RuntimeError, match=r"nobody filled the hook running_attempts: call .*wiring\.connect\(\)"):
            hook()
