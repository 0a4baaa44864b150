"""What can be checked here, a session each: `./dev test` runs those marked as default, `./dev test all` what CI runs
beyond them, `./dev test NAME` one of them.

Sessions run in the environment that `./dev` prepared from the lock files; `everywhere` and `clients` make their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

nox.options.default_venv_backend = "none"
nox.options.error_on_missing_interpreters = False

HERE = Path(__file__).parent
PYTHON = sys.executable  # of the environment that nox itself runs in
HALVES = ("--numprocesses", "2", "--dist", "worksteal")  # two at a time, none idle while the other has a queue
QUICK = ("-m", "not slow and not thorough")
WHOLE = ("-m", "not slow")
BEYOND = ("whole", "accidents", "tests_postgres", "previous", "fuzz_short", "clients", "e2e", "everywhere")
LOCKS = ("requirements.lock", "requirements-dev.lock")
CLIENTS = HERE / "tests" / "clients"  # has locks of its own
CORE_TESTS = "tests/core"
OTHER_PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@nox.session(name="all", default=False)
def beyond(session: nox.Session) -> None:
    """What CI runs beyond the default: all the tests, on both engines, accidents, fuzzing, a server of its own."""
    for name in BEYOND:
        session.notify(name)


@nox.session
def lint(session: nox.Session) -> None:
    """Judge style and layout of the code (ruff)."""
    session.run(PYTHON, "-m", "ruff", "check", ".")
    session.run(PYTHON, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check every type, strictly (mypy)."""
    session.run(PYTHON, "-m", "mypy")


@nox.session
def guards(session: nox.Session) -> None:
    """Hold the source against the rules of the architecture, and a fresh database against its invariants."""
    with TemporaryDirectory() as folder:
        here = {"LIFETRACKER_DATABASE_URL": f"sqlite:///{folder}/life_tracker.db"}
        session.run(PYTHON, "-m", "lifetracker", "db", "upgrade", env=here)
        session.run(PYTHON, "-m", "lifetracker", "smoke", env=here)


@nox.session(default=False)
def previous(session: nox.Session) -> None:
    """Run the release before on the schema of today, and today's code on one that a release to come expands."""
    session.run(PYTHON, "-m", "tests.previous")


@nox.session(default=False)
def tests_postgres(session: nox.Session) -> None:
    """Run the same tests on a real PostgreSQL 18, which a wheel brings along."""
    engine = {"LIFETRACKER_TEST_ENGINE": "postgres"}
    session.run(PYTHON, "-m", "pytest", *HALVES, *WHOLE, *session.posargs, env=engine)


@nox.session(default=False)
def fuzz_short(session: nox.Session) -> None:
    """Send generated requests to a served application (schemathesis), few enough for every run."""
    session.run(PYTHON, "-m", "tests.fuzz.run", "--examples", "15")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the quick tests, those of every room on SQLite."""
    session.run(PYTHON, "-m", "pytest", *HALVES, *QUICK, *session.posargs)


@nox.session(default=False)
def whole(session: nox.Session) -> None:
    """Run the thorough tests, too, all but those of `accidents`, and measure the branches that they all reach."""
    thorough = {"LIFETRACKER_TEST_THOROUGHLY": "1"}
    session.run(PYTHON, "-m", "coverage", "erase")
    session.run(PYTHON, "-m", "coverage", "run", "-m", "pytest", *HALVES, *WHOLE, *session.posargs, env=thorough)
    session.run(PYTHON, "-m", "coverage", "combine", "--quiet")
    session.run(PYTHON, "-m", "coverage", "report")


@nox.session(default=False)
def accidents(session: nox.Session) -> None:
    """Deploy, roll back, back up, restore and serve with real processes, and kill each of them at every step."""
    session.run(PYTHON, "-m", "pytest", *HALVES, "-m", "slow", *session.posargs)


@nox.session(default=False)
def everywhere(session: nox.Session) -> None:
    """Run the quick tests on the newest other CPython up to 3.14 that this machine has, those of `core` on the rest."""
    others = _other_pythons()
    for version, python in others:
        own = _fresh_python(session, str(python), f"python{version}", *LOCKS)
        where = [] if (version, python) == others[-1] else [CORE_TESTS]
        session.run(own, "-m", "pytest", *HALVES, *QUICK, *where, *session.posargs, external=True)


@nox.session(default=False)
def clients(session: nox.Session) -> None:
    """Generate clients in Python and TypeScript, check their types, walk the README's tour with each.

    The document is linted, too. Skipped without Node.js and its npm. What it installs lies in .nox/clients and in
    tests/clients/node_modules.
    """
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        session.skip(f"no client in TypeScript can be made here: there is no {' and no '.join(missing)}")
    own = _fresh_python(session, PYTHON, "clients", str(CLIENTS / "requirements.lock"))
    session.run("npm", "ci", "--ignore-scripts", "--prefix", str(CLIENTS), external=True)
    session.run(PYTHON, "-m", "tests.clients.run", own)


@nox.session(default=False)
def e2e(session: nox.Session) -> None:
    """Put a server through its life and its accidents: real systemd, nginx and TLS, in containers.

    As root on Debian or Ubuntu, else skipped. The first run makes two Debian trees from packages (a minute or two) and
    keeps them in .nox/e2e; the tests then take about three minutes. `-- --whole` adds the long ones, `-- -k WORD`
    chooses; what else stands there is pytest's.
    """
    reason = session.run(PYTHON, "-m", "tests.e2e.trees", "--why-not", silent=True, log=False)
    if reason:
        session.skip(f"no server can be booted here: {str(reason).strip()}")
    session.run(PYTHON, "-m", "tests.e2e.trees")
    chosen = [each for each in session.posargs if each != "--whole"]
    mode = {"LIFETRACKER_E2E": "whole" if "--whole" in session.posargs else "short"}
    session.run(PYTHON, "-m", "pytest", "-m", "e2e", "--durations", "10", *chosen, "tests/e2e", env=mode)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """The long fuzzing: 200 examples for every operation, each of which must also have succeeded once."""
    session.run(PYTHON, "-m", "tests.fuzz.run", "--examples", "200")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """The same jobs by PocketBase, by us and by an empty endpoint; a whole run takes ten minutes (needs wrk).

    `-- --only tick,today --seconds 3 --rounds 3` is a quick look; it writes nothing.
    """
    session.run(PYTHON, "-m", "benchmarks.compare", *session.posargs)


@nox.session(default=False)
def flat(session: nox.Session) -> None:
    """The same calls at ten thousand entries and at ten million; half an hour and 3 GB of disk (needs wrk)."""
    session.run(PYTHON, "-m", "benchmarks.flat", *session.posargs)


@nox.session(default=False)
def beside(session: nox.Session) -> None:
    """How long `/health` takes while somebody with ten years of fifty challenges asks for all of it; five minutes."""
    session.run(PYTHON, "-m", "benchmarks.beside", *session.posargs)


@nox.session(default=False)
def flame(session: nox.Session) -> None:
    """Watch a worker through a mixed day with py-spy, and tell the share of each layer (needs wrk)."""
    session.run(PYTHON, "-m", "benchmarks.flame", *session.posargs)


@nox.session(default=False)
def document(session: nox.Session) -> None:
    """Write docs/openapi.json anew, from the application."""
    session.run(PYTHON, "-m", "tests.document")


@nox.session(default=False)
def picture(session: nox.Session) -> None:
    """Draw docs/architecture.svg anew, from the imports in the source."""
    session.run(PYTHON, "-m", "tests.picture")


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Make Python's lock files anew, for every supported version and platform, from what pyproject.toml asks for.

    And from tests/clients/requirements.in; in that folder `npm install --package-lock-only` makes npm's.
    """
    compile_ = (
        PYTHON, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version",
        "3.11", "--no-emit-index-url", "--no-annotate", "--no-header", "--upgrade",
    )  # fmt: skip
    session.run(*compile_, "--extra", "postgres", "pyproject.toml", "-o", LOCKS[0])
    mine = [line.partition("==")[0] for line in (HERE / LOCKS[0]).read_text().splitlines() if "==" in line]
    skipped = [option for name in mine for option in ("--no-emit-package", name)]
    session.run(*compile_, "--group", "dev", "-c", LOCKS[0], *skipped, "pyproject.toml", "-o", LOCKS[1])
    session.run(*compile_, str(CLIENTS / "requirements.in"), "-o", str(CLIENTS / "requirements.lock"))


def _fresh_python(session: nox.Session, python: str, name: str, *locks: str) -> str:
    """The Python of a new environment in .nox, which holds what these lock files name."""
    folder = HERE / ".nox" / name
    own = str(folder / "bin" / "python")
    session.run(python, "-m", "venv", "--clear", str(folder), external=True)
    for lock in locks:
        session.run(
            own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
            "-r", lock, external=True,
        )  # fmt: skip
    return own


def _other_pythons() -> list[tuple[str, Path]]:
    """Version and path of each supported CPython that is here, but for the one that runs this."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = ((version, _find_python(version)) for version in OTHER_PYTHONS if version != running)
    return [(version, python) for version, python in found if python is not None]


def _find_python(version: str) -> Path | None:
    """On the PATH, or where pyenv keeps them."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places = [shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python{version}")]
    for place in places:
        if place and _is_cpython(place, version):
            return Path(place)
    return None


def _is_cpython(python: str | Path, version: str) -> bool:
    ask = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=False)
    return answer.stdout.split() == ["cpython", version]
