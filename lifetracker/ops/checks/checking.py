"""A table of checks gone through, and told: side by side, each bounded, and none can take the others along."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import asdict, dataclass
from threading import Thread

from lifetracker.ops.checks.verdict import State, Verdict, failed
from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused

ALL_TAKE_AT_MOST = 150.0  # each has its own bounds below this one, for what hangs in the kernel
SHOWN = {State.ok: "ok", State.warning: "WARN", State.failed: "FAIL", State.skipped: "skip"}


@dataclass(frozen=True, slots=True)
class Check:
    """`judge` answers for an installation; `do` is what its operator does when it has failed, or warns."""

    name: str
    looks_at: str
    judge: Callable[[Places], Verdict]
    do: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found; `do` is None where there is nothing to do."""

    check: str
    state: State
    says: str
    do: str | None


def go_through(places: Places, checks: Sequence[Check], *, seconds: float = ALL_TAKE_AT_MOST) -> list[Outcome]:
    """What every check found, in the table's order. They run side by side; none raises, none outlasts `seconds`."""
    ends = time.monotonic() + seconds
    begun = [(check, _begin(check, places)) for check in checks]
    return [_outcome(check, _awaited(verdict, ends)) for check, verdict in begun]


def _begin(check: Check, places: Places) -> Future[Verdict]:
    """In a thread that nobody waits for: one that hangs on a disk must not keep the rest from being told."""
    verdict: Future[Verdict] = Future()
    Thread(target=lambda: verdict.set_result(_judge(check, places)), name=check.name, daemon=True).start()
    return verdict


def _judge(check: Check, places: Places) -> Verdict:
    try:
        return check.judge(places)
    except Exception as error:  # whatever keeps us from looking: what was not seen to be well is not well
        kind = "" if isinstance(error, Refused) else f"{type(error).__name__}: "
        return failed(f"cannot be looked at: {kind}{error}")


def _awaited(verdict: Future[Verdict], ends: float) -> Verdict:
    try:
        return verdict.result(timeout=max(0.0, ends - time.monotonic()))
    except NotInTime:
        return failed("not done in time")


def _outcome(check: Check, verdict: Verdict) -> Outcome:
    do = check.do if verdict.state in (State.failed, State.warning) else None
    return Outcome(check.name, verdict.state, " ".join(verdict.says.split()), do)


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.state is State.failed]


def told(outcomes: Sequence[Outcome]) -> str:
    """A table for people: a line a check, what to do below each that needs it, and the verdict as the last line."""
    width = max(len(outcome.check) for outcome in outcomes)
    lines = [line for outcome in outcomes for line in _lines(outcome, width)]
    return "\n".join([*lines, _verdict(outcomes)])


def _lines(outcome: Outcome, width: int) -> list[str]:
    line = f"{SHOWN[outcome.state]:<4}  {outcome.check:<{width}}  {outcome.says}"
    return [line, f"{'':<4}  {'':<{width}}  -> {outcome.do}"] if outcome.do else [line]


def _verdict(outcomes: Sequence[Outcome]) -> str:
    count = len(failures(outcomes))
    return f"OPS CHECK FAILED: {count} of {len(outcomes)}" if count else "OPS CHECK OK"


def as_json(outcomes: Sequence[Outcome]) -> str:
    """`[{"check", "state", "says", "do"}]`; `do` is null where there is nothing to do."""
    return json.dumps([asdict(outcome) for outcome in outcomes], ensure_ascii=False, indent=1)
