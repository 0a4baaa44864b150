"""Load from `wrk`, whose Lua script only picks the next request from a list that was rendered before."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil

from benchmarks.world import shuffled

SCRIPT = """
local host = HOST
local calls = {}
local function call(method, path, token, body)
    local head = method .. " " .. path .. " HTTP/1.1\\r\\nHost: " .. host .. "\\r\\n"
    if token then head = head .. "Authorization: " .. token .. "\\r\\n" end
    if body then
        head = head .. "Content-Type: application/json\\r\\nContent-Length: "
        calls[#calls + 1] = {head = head, body = body, dated = body:find("{day}", 1, true)}
    else
        calls[#calls + 1] = {whole = head .. "\\r\\n"}
    end
end
CALLS
local number = 0
function init(arguments) number = tonumber(arguments[1]) end
function request()
    number = number + 1
    local next = calls[number % #calls + 1]
    if next.whole then return next.whole end
    local body = next.body:gsub("{n}", number)
    if next.dated then body = body:gsub("{day}", os.date("!%Y-%m-%d", 86400 * math.floor(number / #calls))) end
    return next.head .. #body .. "\\r\\n\\r\\n" .. body
end
function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format('\\nJSON{"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}\\n',
        summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
"""
A_MILLION = 1_000_000
BEGUN_AT_MOST = 60
BETWEEN_LOOKS, LOOKS_AT_MOST, SETTLES = 0.1, 10, 0.5  # seconds, but for the second
MUCH_MORE = 4 / 3


class Failed(Exception):
    """A run in which a request failed does not count."""


@dataclass(frozen=True, slots=True)
class Request:
    """`{n}` in a body becomes a number that grows with every request, `{day}` a date that comes once a round."""

    method: str
    path: str
    token: str | None = None
    body: str | None = None


Job = Sequence[Request]  # what a client does for one purpose


@dataclass(slots=True)
class Script:
    """Jobs that are done over and over, as wrk reads them."""

    address: str
    file: Path
    requests_a_job: float
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Jobs a second, and how long single requests took, in milliseconds."""

    rate: float
    p50: float
    p99: float


def require_wrk() -> str:
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("wrk is not installed (on Debian and Ubuntu: apt install wrk)")
    return wrk


def mixed(parts: Sequence[tuple[Sequence[Job], int]], length: int = 1000) -> list[Job]:
    """Jobs of each kind by their share in percent, in an order that is the same at every run."""
    jobs = [kind[number % len(kind)] for kind, share in parts for number in range(length * share // 100)]
    return shuffled(jobs)


def write_script(file: Path, address: str, jobs: Sequence[Job]) -> Script:
    requests = [request for job in jobs for request in job]
    calls = "\n".join(f"call({', '.join(map(_lua, (r.method, r.path, r.token, r.body)))})" for r in requests)
    file.write_text(SCRIPT.replace("HOST", _lua(urlsplit(address).netloc), 1).replace("CALLS", calls, 1))
    return Script(address, file, len(requests) / len(jobs))


def _lua(text: str | None) -> str:
    return "nil" if text is None else json.dumps(text)


def once(address: str, jobs: Sequence[Job]) -> None:
    """Each request once, one after another, so that whatever is made at a first call is there."""
    with httpx2.Client(base_url=address, timeout=60) as client:
        for request in (request for job in jobs for request in job):
            headers = {"Authorization": request.token} if request.token else {}
            client.request(request.method, request.path, headers=headers, content=request.body).raise_for_status()


def run(script: Script, seconds: int, connections: int, workers: int = 1) -> Measured:
    """One run; each of a script goes on with numbers that none before it had.

    wrk opens its connections in one instant, in which a single worker may accept them all; behind nginx, which opens
    them one by one as they are needed, a busy one does not. Such a run is begun anew until each worker has its part.
    """
    load = _even_load(script, seconds, connections, workers)
    said, _ = load.communicate(timeout=seconds + 60)
    if load.returncode:
        raise Failed(f"{script.file.stem}: wrk ended with {load.returncode}")
    told = json.loads(said.partition("\nJSON")[2])
    if told["failed"] or not told["requests"]:
        raise Failed(f"{script.file.stem}: {told['failed']} of {told['requests']} requests failed\n{said}")
    rate = told["requests"] / (told["microseconds"] / 1e6) / script.requests_a_job
    return Measured(rate, told["p50"] / 1000, told["p99"] / 1000)


def _even_load(script: Script, seconds: int, connections: int, workers: int) -> subprocess.Popen[str]:
    for _ in range(BEGUN_AT_MOST):
        script.runs += 1
        command = [require_wrk(), "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
        command += ["--timeout", "30s", "--script", str(script.file), script.address, str(script.runs * A_MILLION)]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if workers == 1 or _is_even(script.address, connections, workers):
            return load
        load.kill()
        load.communicate()
        time.sleep(SETTLES)  # who is still at what was asked would take no connection of the next run
    raise Failed(f"{script.file.stem}: one of {workers} workers took nearly all connections, {BEGUN_AT_MOST} times")


def _is_even(address: str, connections: int, workers: int) -> bool:
    """Whether no worker has taken much more than its share, once all connections are taken."""
    port = urlsplit(address).port
    for _ in range(LOOKS_AT_MOST):
        time.sleep(BETWEEN_LOOKS)
        taken = Counter(each.pid for each in psutil.net_connections("tcp") if each.laddr[1:] == (port,) and each.raddr)
        if taken.total() >= connections and None not in taken:
            break
    return max(taken.values(), default=0) <= MUCH_MORE * connections / workers
