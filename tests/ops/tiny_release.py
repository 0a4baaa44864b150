"""A release small enough to be deployed in half a second: it answers the commands that deploy asks a release.

`behaviour.json` beside the package says what it is: the schema it wants, those it can serve, and what fails in it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lifetracker.ops.release.archive import ReleaseManifest

RUNS = """
import json, os, sqlite3, sys, time
from pathlib import Path

ME = json.loads((Path(__file__).parent / "behaviour.json").read_text())


def database():
    return sqlite3.connect(os.environ["LIFETRACKER_DATABASE_URL"].removeprefix("sqlite:///"), isolation_level=None)


def schema(db):
    return db.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def serves(revision):
    later = revision >= ME["schema"]
    if "those left open" in ME["serves"] and later and revision.endswith("open"):
        return True
    return revision in ME["serves"] or (ME["serves"] == ["newer"] and later)


def upgrade(db):
    db.execute("BEGIN IMMEDIATE")
    db.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
    newest = db.execute("SELECT max(version_num) FROM alembic_version").fetchone()[0]
    if newest and newest > ME["schema"] and not serves(newest):
        sys.exit("it was made by a newer release")
    db.execute("CREATE TABLE IF NOT EXISTS daily_log (id INTEGER PRIMARY KEY, note TEXT)")
    db.execute("DELETE FROM alembic_version")
    db.execute("INSERT INTO alembic_version VALUES (?)", (ME["schema"],))
    if "migration" in ME["fails"]:
        sys.exit("the migration fails")
    time.sleep(ME["migrates_for"])
    db.execute("COMMIT")


if __name__ == "__main__":
    command = " ".join(sys.argv[1:3] if sys.argv[1] == "db" else sys.argv[1:2])
    if command in ME["fails"]:
        sys.exit(f"{command} fails")
    if command == "db upgrade":
        upgrade(database())
    if command == "db serves" and not serves(schema(database())):
        sys.exit("this code cannot serve that schema")
"""

SERVES = """
import json
from lifetracker.__main__ import ME

if "import" in ME["fails"]:
    raise ImportError("this release cannot be imported")
"""

# What stands where a release's uvicorn does: answers /health, and acknowledges a note once it is committed; none while
# it is on trial.
UVICORN = """#!{python} -S
import http.server, json, os, sys
from pathlib import Path

sys.path.insert(0, os.getcwd())
import lifetracker.main
from lifetracker.__main__ import ME, database, schema, serves

RELEASE = json.loads(Path("release.json").read_text())["id"]
if "start" in ME["fails"]:
    sys.exit("this release does not start")
if not serves(schema(database())):
    sys.exit("this code cannot serve that schema")


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        well = "health" not in ME["fails"]
        self.answer({{"status": "ok" if well else "fail", "release": RELEASE}})

    def do_POST(self):
        note = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if os.path.exists(os.getcwd() + ".on_trial"):
            self.answer({{"code": "busy"}}, 503)
            return
        database().execute("INSERT INTO daily_log (note) VALUES (?)", (note,))
        self.answer({{"note": note}})

    def answer(self, body, status=200):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


@dataclass(frozen=True)
class Behaviour:
    schema: str = "0001"
    serves: tuple[str, ...] = ("0001",)
    fails: tuple[str, ...] = ()
    migrates_for: float = 0.0


def files_of(version: str, behaviour: Behaviour) -> dict[str, bytes]:
    """What its archive holds, but for the manifest."""
    texts = {
        "__main__.py": "",
        "requirements.lock": "",
        "lifetracker/__init__.py": f'__version__ = "{version}"\n',
        "lifetracker/__main__.py": RUNS,
        "lifetracker/main.py": SERVES,
        "lifetracker/behaviour.json": json.dumps(asdict(behaviour)),
    }
    return {name: text.encode() for name, text in texts.items()}


def manifest_of(version: str, files: dict[str, bytes], python: str) -> ReleaseManifest:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return ReleaseManifest(version=version, pythons=(python,), files=digests, wheels={})


def write_uvicorn(venv: Path) -> None:
    program = venv / "bin" / "uvicorn"
    program.write_text(UVICORN.format(python=venv / "bin" / "python"))
    program.chmod(0o755)
