"""Fuzzing as one command: serves the application on a database of its own and lets schemathesis loose on it.

    python -m tests.fuzz.run --examples 200 [--seed N]

Exit code 1 when schemathesis finds anything, when an operation was never answered 2xx, or when the server's log tells
of a bug. The same seed makes the same requests, but for the ids and instants in them.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx2

from tests.fuzz import report
from tests.fuzz.served import Place, child, served, surroundings
from tests.fuzz.world import ANNA, BORIS, DEADLY, Refused, World

# Whether what fits the document is accepted is for our own tests to say: that a check has no unit, or that a day is
# not in the future, cannot be written into a JSON Schema.
CHECKS = ("--checks", "all", "--exclude-checks", "positive_data_acceptance")
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = ("schemathesis.cli", "--config-file", str(CONFIGURATION), "--no-color", "run")
HALF = "^/challenges"  # of the work, so that two cores can share it
ALONE = ["--phases", "examples,coverage,fuzzing"]
# Calls that follow from each other's answers, as often as there is time: Hypothesis gives a chain up when the same
# calls go differently the second time, as they do where something is kept, and is then begun anew.
CHAINS = ["--phases", "stateful", "--max-time", "60"]
CHAINS_FROM = 50  # examples: they take too long for a run in passing


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("fuzz: ended from outside"))
    _say(f"fuzz: {options.examples} examples an operation; --seed {options.seed} repeats them")
    with TemporaryDirectory(prefix="lifetracker-fuzz-") as folder:
        return _fuzz(Path(folder), options.examples, options.seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=15, help="how many an operation and phase (default: 15)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of a run to be repeated")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _fuzz(folder: Path, examples: int, seed: int) -> int:
    with served(folder) as place:
        document = httpx2.get(f"{place.url}/openapi.json").json()
        problems = _settle(place, seed) or _let_loose(place, examples, seed)
    tally = report.count_calls(document, place.calls)
    problems += [f"{name} was never answered 2xx (dressing.py can help)" for name in report.never_succeeded(tally)]
    if bug := place.first_bug():
        _say(bug)
        problems.append("the server's log tells of a bug")
    _say(report.table(tally))
    for problem in problems:
        _say(f"fuzz: {problem}")
    _say(report.closing_line(tally, failed=bool(problems)))
    return 1 if problems else 0


def _settle(place: Place, seed: int) -> list[str]:
    """Make what the calls need; what went wrong in doing so."""
    place.calls.touch()
    try:
        World(place, Random(seed)).settle()
    except Refused as refused:
        return [str(refused)]
    return []


def _let_loose(place: Place, examples: int, seed: int) -> list[str]:
    """Several runs at once, of which the first is told of as it goes; what speaks against them."""
    common = ["--max-examples", str(examples), "--seed", str(seed), *CHECKS]
    runs = [
        (ANNA, [*_deadly("exclude"), "--include-path-regex", HALF, *ALONE]),
        (ANNA, [*_deadly("exclude"), "--exclude-path-regex", HALF, *ALONE]),
        (ANNA, [*_deadly("include"), *ALONE]),
    ]
    if examples >= CHAINS_FROM:  # as Boris: in a chain, what was deleted must stay so
        runs.append((BORIS, [*_deadly("exclude"), *CHAINS]))
    with ExitStack() as block:
        started, outputs = [], []
        for number, (token, chosen) in enumerate(runs):
            output = block.enter_context((place.folder / f"run{number}.txt").open("w+b")) if number else None
            command = [*SCHEMATHESIS, f"{place.url}/openapi.json", *common, *chosen]
            started.append(block.enter_context(child(command, place.folder, _settings(place, seed, token), output)))
            outputs.append(output)
        codes = [run.wait() for run in started]
        for output in filter(None, outputs):
            output.seek(0)
            _say(output.read().decode())
    return [f"schemathesis ended with exit code {code}" for code in codes if code != 0]


def _deadly(how: str) -> list[str]:
    """The deadly calls alone (`include`), or all others (`exclude`)."""
    return [argument for name in DEADLY for argument in (f"--{how}-name", name)]


def _settings(place: Place, seed: int, token: str) -> dict[str, str]:
    """For schemathesis and our hooks: who calls, and who asks for the same things in vain."""
    people = place.folder / f"{token}.json"
    tokens = {"caller": token, "other": BORIS if token == ANNA else ANNA}
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
        for name, token in tokens.items()
    ]
    people.write_text(json.dumps({"auth": entries}))  # in the form of Web Fuzzing Commons
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "FUZZ_SEED": str(seed), "FUZZ_TOKEN": token}
    return surroundings(place) | hooks | {"FUZZ_PEOPLE": str(people)}


if __name__ == "__main__":
    sys.exit(main())
