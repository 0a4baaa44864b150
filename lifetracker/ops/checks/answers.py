"""Checks of what the service answers: inside, outside, and which release it is that does."""

from __future__ import annotations

from http import HTTPStatus

from lifetracker.ops.checks.verdict import Verdict, failed, ok, skipped
from lifetracker.ops.places import Places
from lifetracker.ops.probe import Answer, NoAnswer, ask

DEEP_ANSWERS_WITHIN = 15.0  # it waits for the database's lock as long as a write would


def inside(places: Places) -> Verdict:
    return _healthy(f"{places.read_config().url}/health")


def outside(places: Places) -> Verdict:
    """Through nginx and TLS, as clients come; whose certificate it is has a check of its own."""
    address = places.read_config().outside
    return _healthy(f"{address}/health") if address else skipped('server.toml says public_url = ""')


def _healthy(url: str) -> Verdict:
    try:
        answer = ask(url)
    except NoAnswer as nobody:
        return failed(str(nobody))
    return ok(f"{url} says ok") if _is_ok(answer) else failed(f"{url} answers {answer}")


def _is_ok(answer: Answer) -> bool:
    return answer.status == HTTPStatus.OK and answer.body.get("status") == "ok"


def deep(places: Places) -> Verdict:
    """That the service can commit a row, to the file that the path names."""
    url = f"{places.read_config().url}/health/deep"
    try:
        answer = ask(url, seconds=DEEP_ANSWERS_WITHIN)
    except NoAnswer as nobody:
        return failed(str(nobody))
    if answer.status == HTTPStatus.OK:
        return ok(f"{url} says ok")
    checks = answer.body.get("checks")
    wrong = [said for said in checks.values() if isinstance(said, str) and said != "ok"] if checks else []
    return failed(f"{url} answers {answer.status}: {'; '.join(wrong)}" if wrong else f"{url} answers {answer}")


def release_is_the_linked_one(places: Places) -> Verdict:
    """Where somebody answers; that somebody does is what the checks before this one look at."""
    linked, config = linked_release(places), places.read_config()
    addresses = [f"{address}/health" for address in (config.url, config.outside) if address]
    answering = {url: answer.body.get("release") for url in addresses if (answer := _asked(url))}
    if not answering:
        return failed(f"nobody answers; linked is {linked}")
    others = [f"{url} is answered by release {release}" for url, release in answering.items() if release != linked]
    return failed(f"{'; '.join(others)}; linked is {linked}") if others else ok(f"{linked} answers, and is linked")


def _asked(url: str) -> Answer | None:
    """None, too, where nginx answers for a service that is away."""
    try:
        answer = ask(url)
    except NoAnswer:
        return None
    of_nobody = answer.status != HTTPStatus.OK and "release" not in answer.body
    return None if of_nobody else answer


def linked_release(places: Places) -> str:
    """The id of the release that is linked: its folder's name."""
    return places.live.resolve(strict=True).name
