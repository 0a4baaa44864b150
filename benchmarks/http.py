"""Requests a second and p99 of the main calls beside an empty FastAPI endpoint, in one run on one machine.

    nox -s bench [-- --seconds 4 --rounds 3 --connections 16]

Every figure is the median of alternating rounds, so that a noisy minute hits all of them alike; what counts is the
ratio to the empty endpoint. The load comes from wrk on the same machine, and takes its share of the cores.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

DAYS_OF_LOG = 30
CHALLENGES = 10
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
AIMS = {"PUT an entry": 0.25, "GET /challenges/{id}": 0.35}


@dataclass
class Call:
    """One call as wrk makes it; `rates` and `p99s` fill up round by round."""

    name: str
    url: str
    script: str = ""
    rates: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)


def main() -> None:
    options = _options()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (on Debian and Ubuntu: apt install wrk)")
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, shared with wrk")
    print(
        f"{options.connections} connections, {options.rounds} rounds of {options.seconds} s, {DAYS_OF_LOG} days of log"
    )
    for workers in (1, 2):
        with TemporaryDirectory() as folder:
            calls = _measure(Path(folder), workers, options)
        _print_table(workers, calls)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    return parser.parse_args()


def _measure(folder: Path, workers: int, options: argparse.Namespace) -> list[Call]:
    environment = {
        **os.environ,
        "LIFETRACKER_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "LIFETRACKER_LIMITS": "off",
        "LIFETRACKER_LOG_LEVEL": "WARNING",
    }
    subprocess.run(
        [sys.executable, "-m", "lifetracker", "db", "upgrade"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    with ExitStack() as servers:
        empty = servers.enter_context(_served("benchmarks.empty:app", workers, environment))
        ours = servers.enter_context(_served("lifetracker.main:app", workers, environment))
        calls = _calls(folder, empty, ours)
        for _ in range(options.rounds):
            for call in calls:
                _load(call, options)
    return calls


@contextmanager
def _served(app: str, workers: int, environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--workers", str(workers), "--no-access-log"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/openapi.json")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx2.get(url)
            return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def _calls(folder: Path, empty: str, ours: str) -> list[Call]:
    token, ids = _settle_in(ours)
    reading = folder / "read.lua"
    reading.write_text(f'wrk.headers["Authorization"] = "Bearer {token}"\n')
    return [
        Call("empty FastAPI endpoint", f"{empty}/empty"),
        Call("GET /challenges/{id}", f"{ours}/challenges/{ids[0]}", str(reading)),
        Call("GET /today", f"{ours}/today", str(reading)),
        Call("PUT an entry", ours, str(_ticking(folder, token, ids))),
    ]


def _settle_in(ours: str) -> tuple[str, list[int]]:
    """A person with ten challenges and a month of log; answers their token and the challenges' ids."""
    account = {"email": "bench@example.test", "password": "correct horse"}
    form = {"grant_type": "password", "username": account["email"], "password": account["password"]}
    start = date.today() - timedelta(days=DAYS_OF_LOG)  # noqa: DTZ011  the person lives in UTC, as the server does
    with httpx2.Client(base_url=ours) as client:
        client.post("/users", json=account).raise_for_status()
        token = client.post("/auth/token", data=form).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        ids = [
            _start(client, {"title": f"Challenge {number}", "start_date": start.isoformat()})
            for number in range(CHALLENGES)
        ]
        for challenge_id in ids:
            for number in range(DAYS_OF_LOG):
                day = start + timedelta(days=number)
                client.put(f"/challenges/{challenge_id}/log/{day}", json={}).raise_for_status()
    return token, ids


def _start(client: httpx2.Client, fields: dict[str, Any]) -> int:
    challenge_id: int = client.post("/challenges", json=fields).raise_for_status().json()["id"]
    return challenge_id


def _ticking(folder: Path, token: str, ids: list[int]) -> Path:
    """A script that writes a new value at every call: an unchanged entry would not be written at all."""
    script = folder / "tick.lua"
    script.write_text(
        f"""
        local headers = {{["Authorization"] = "Bearer {token}", ["Content-Type"] = "application/json"}}
        local ids = {{{", ".join(map(str, ids))}}}
        local number = 0
        function request()
            number = number + 1
            local path = "/challenges/" .. ids[number % #ids + 1] .. "/log/today"
            return wrk.format("PUT", path, headers, '{{"value": ' .. number .. '}}')
        end
        """
    )
    return script


def _load(call: Call, options: argparse.Namespace) -> None:
    command = ["wrk", "--threads", "1", "--connections", str(options.connections), "--duration", f"{options.seconds}s"]
    script = ["--script", call.script] if call.script else []
    said = subprocess.run([*command, "--latency", *script, call.url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{call.name} was refused:\n{said}")
    call.rates.append(float(_found(r"Requests/sec:\s+([\d.]+)", said)))
    amount, unit = _found(r"99%\s+([\d.]+)", said), _found(r"99%\s+[\d.]+([a-z]+)", said)
    call.p99s.append(float(amount) * MILLISECONDS[unit])


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise SystemExit(f"wrk said something unexpected:\n{said}")
    return match[1]


def _print_table(workers: int, calls: list[Call]) -> None:
    floor = statistics.median(calls[0].rates)
    print(f"\n{workers} worker{'s' if workers > 1 else ''}")
    print(f"{'call':<26}{'requests/s':>12}{'spread':>18}{'p99 ms':>10}{'of empty':>10}{'aim':>6}")
    for call in calls:
        rate = statistics.median(call.rates)
        spread = f"{min(call.rates):.0f} to {max(call.rates):.0f}"
        aim = f"{AIMS[call.name]:.0%}" if call.name in AIMS else ""
        p99 = statistics.median(call.p99s)
        print(f"{call.name:<26}{rate:>12.0f}{spread:>18}{p99:>10.1f}{rate / floor:>10.0%}{aim:>6}")


if __name__ == "__main__":
    main()
