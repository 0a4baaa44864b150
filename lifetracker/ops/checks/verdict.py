"""What a check of an installation finds: a state, and a sentence with its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

NAMED = 5


class State(StrEnum):
    ok = "ok"
    warning = "warning"
    failed = "failed"
    skipped = "skipped"


@dataclass(frozen=True, slots=True)
class Verdict:
    state: State
    says: str


def ok(says: str) -> Verdict:
    return Verdict(State.ok, says)


def warning(says: str) -> Verdict:
    """Something to see to that forbids nothing."""
    return Verdict(State.warning, says)


def failed(says: str) -> Verdict:
    """Something that forbids a deploy."""
    return Verdict(State.failed, says)


def skipped(says: str) -> Verdict:
    """There is nothing here to look at; the sentence says why."""
    return Verdict(State.skipped, says)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Of those that say something of one thing: what is wrong, each of it; where nothing is, what the first says."""
    failures = [each for each in verdicts if each.state is State.failed]
    wrong = failures + [each for each in verdicts if each.state is State.warning]
    if not wrong:
        return verdicts[0]
    return Verdict(wrong[0].state, "; ".join(each.says for each in wrong))


def judged(wrong: Iterable[str], doubtful: Iterable[str], well: str) -> Verdict:
    """Failed by whatever is wrong, else a warning of whatever is doubtful, else well; a few of many are named."""
    for found, verdict in ((list(wrong), failed), (list(doubtful), warning)):
        if found:
            more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
            return verdict("; ".join(found[:NAMED]) + more)
    return ok(well)
