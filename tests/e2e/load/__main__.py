"""`run` sends requests until SIGTERM and prints a summary, `verify` prints it again with what is missing."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from .account import Json, verify
from .sending import Load


def main() -> None:
    options = _options()
    _say(_run(options) if options.what == "run" else verify(json.loads(Path(options.record).read_text())))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="load", description=__doc__)
    parser.add_argument("what", choices=["run", "verify"])
    parser.add_argument("--base", help="where the API is: https://…/api")
    parser.add_argument("--ca", help="the certificate of who signed the site's")
    parser.add_argument("--record", required=True, help="a file for what was acknowledged")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second, all connections together")
    parser.add_argument("--connections", type=int, default=8, help="each from a loopback address of its own")
    parser.add_argument("--seconds", type=float, default=3600.0, help="at most; SIGTERM ends it before")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> Json:
    load = Load(options.base, options.ca)
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: load.over.set())
    load.settle_in()
    _say("sending")
    load.send_all(options.rate, options.connections, options.seconds)
    Path(options.record).write_text(json.dumps(load.record()))
    return load.summary()


def _say(told: object) -> None:
    sys.stdout.write((told if isinstance(told, str) else json.dumps(told)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
