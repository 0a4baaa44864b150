"""nginx's site: judged by gixy and by nginx itself, and asked through a real nginx as clients would."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from lifetracker.ops.server import state as server_state
from tests.ops import edge as edges
from tests.ops.edge import SITE, Answer, Edge
from tests.ops.installation import Installation

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
with_nginx = pytest.mark.skipif(NGINX is None, reason="there is no nginx here (apt-get install nginx-light)")
CLOSED = ("/api/docs", "/api/openapi.json", "/api/metrics", "/api/health/deep", "/api/swagger-ui-bundle.js")
SECURITY = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edges.edge(tmp_path_factory.mktemp("edge")) as made:
        yield made


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """With the service away, and impatient."""
    impatient = {
        "client_header_timeout 10s": "client_header_timeout 1s",
        "client_body_timeout 15s": "client_body_timeout 1s",
    }
    with edges.edge(tmp_path_factory.mktemp("alone"), away=True, changes=impatient) as made:
        yield made


class TestSite:
    @pytest.mark.thorough
    def test_is_clean_by_gixy(self, tmp_path: Path) -> None:
        """Alone, and in a whole configuration. Which nginx has which hole is not asked: distributions mend theirs."""
        config = edges.lay_site(tmp_path, http=1080, https=1443, backend=8000)

        for file in (SITE, config):
            gixy = Path(sys.executable).with_name("gixy")
            done = subprocess.run([gixy, "--format", "json", file], capture_output=True, text=True, check=False)
            assert json.loads(done.stdout) == []

    def test_would_not_be_clean_with_a_sin_in_it(self, tmp_path: Path) -> None:
        file = tmp_path / "site.conf"
        file.write_text(SITE.read_text(encoding="utf-8").replace("$host", "$http_host"), encoding="utf-8")

        gixy = Path(sys.executable).with_name("gixy")
        done = subprocess.run([gixy, "--format", "json", file], capture_output=True, text=True, check=False)
        assert [each["plugin"] for each in json.loads(done.stdout)] == ["host_spoofing"]

    def test_uses_nothing_that_nginx_1_18_does_not_know(self) -> None:
        """`http2 on;` came with 1.25.1 and stops every nginx before; `listen … http2` is a warning since."""
        text = SITE.read_text(encoding="utf-8")
        assert "listen 443 ssl http2;" in text
        assert "http2 on" not in text

    @with_nginx
    def test_is_loaded_by_nginx(self, tmp_path: Path) -> None:
        config = edges.lay_site(tmp_path, http=1080, https=1443, backend=8000)

        done = subprocess.run(
            [edges.program(), "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True, check=False
        )

        assert done.returncode == 0, done.stderr
        complaints = [line for line in done.stderr.splitlines() if "[warn]" in line and "http2" not in line]
        assert complaints == []

    @with_nginx
    def test_is_known_to_have_been_read(self, edge: Edge, server: Installation) -> None:
        server.systemd_of("nginx.service", MainPID=(edge.folder / "nginx.pid").read_text(encoding="utf-8").strip())

        assert server_state.nginx_has_read([edge.folder / "site.conf"])


@with_nginx
class TestProxy:
    def test_leads_http_to_https(self, edge: Edge) -> None:
        answer = edge.ask_http("/api/challenges?page=2")

        assert (answer.status, answer.headers["location"]) == (301, f"https://{edges.NAME}/api/challenges?page=2")

    def test_serves_no_api_without_tls(self, edge: Edge) -> None:
        before = len(edge.seen)

        edge.ask_http("/api/health")

        assert len(edge.seen) == before

    @pytest.mark.parametrize(
        ("asked", "reaches"),
        [
            ("/api/health", "/health"),
            ("/api/challenges?page=2&q=%2Fapi", "/challenges?page=2&q=%2Fapi"),
            ("/api/api/x", "/api/x"),
            ("/api/", "/"),
        ],
    )
    def test_strips_its_prefix(self, edge: Edge, asked: str, reaches: str) -> None:
        assert edge.ask(asked).status == 200
        assert edge.seen[-1][0] == reaches

    def test_leads_what_lacks_the_slash_to_it(self, edge: Edge) -> None:
        answer = edge.ask("/api")

        assert answer.status == 301
        assert answer.headers["location"].startswith(f"https://{edges.NAME}")

    def test_keeps_connections_to_the_service(self, edge: Edge) -> None:
        edge.ask("/api/health")

        assert edge.seen[-1][1].get("connection", "") == ""

    def test_lets_go_of_them_before_the_service_does(self) -> None:
        """Else a request would meet a connection that is just being closed, and there is nobody else to ask."""
        kept = re.search(r"keepalive_timeout (\d+)s;  # shorter", SITE.read_text(encoding="utf-8"))

        assert kept
        assert int(kept[1]) < uvicorn.Config("").timeout_keep_alive

    def test_names_client_and_scheme_and_drops_what_the_client_claims(self, edge: Edge) -> None:
        claims = {
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Prefix": "/evil",
            "Forwarded": "for=203.0.113.9",
        }

        edge.ask("/api/health", headers=claims)

        headers = edge.seen[-1][1]
        assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")
        assert not {"x-forwarded-host", "x-forwarded-prefix", "forwarded"} & set(headers)
        assert "evil" not in str(headers)

    def test_passes_on_what_the_service_says_of_coming_back(self, edge: Edge) -> None:
        answer = edge.ask("/api/busy")

        assert (answer.status, answer.headers["retry-after"]) == (503, "7")

    def test_answers_what_is_no_request_without_the_service(self, edge: Edge) -> None:
        before = len(edge.seen)

        answers = [
            edge.send(b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
            edge.ask("/api/health", method="TRACE"),
            edge.ask("/api/" + "x" * 9000),
        ]

        assert [answer.status for answer in answers] == [400, 400, 414]
        assert len(edge.seen) == before


@with_nginx
class TestClosed:
    @pytest.mark.parametrize("path", CLOSED)
    def test_is_nothing_to_the_world(self, edge: Edge, path: str) -> None:
        assert_closed(edge, path)

    @pytest.mark.parametrize(
        "path",
        [
            "/api/%64ocs",
            "/api//docs",
            "//api//docs",
            "/api/./docs",
            "/api/x/../docs",
            "/api/x/%2e%2e/docs",
            "/api/%2e/docs",
            "/api/docs/",
            "/api/docs/oauth2-redirect",
            "/api/openapi%2ejson",
            "/api/health//deep",
            "/api/health/%64eep",
            "/api/health/./deep",
            "/api/health%2Fdeep",
            "/%61pi/metrics",
            "/api/metrics?x=1",
            "/api/metrics;x",
        ],
    )
    def test_is_nothing_however_it_is_spelled(self, edge: Edge, path: str) -> None:
        assert_closed(edge, path)

    @pytest.mark.parametrize("path", ["/api/DOCS", "/api/Health/Deep", "/API/metrics", "/api/docs%20", "/api/%2fdocs"])
    def test_reaches_the_service_in_no_spelling_that_it_would_know(self, edge: Edge, path: str) -> None:
        before = len(edge.seen)

        edge.ask(path)

        assert not {line for line, _ in edge.seen[before:]} & {name.removeprefix("/api") for name in CLOSED}

    @pytest.mark.parametrize(
        "path", ["/", "/health", "/apix", "/.git/config", "/api/../health", "/lifetracker/too_long"]
    )
    def test_is_all_that_is_not_below_api(self, edge: Edge, path: str) -> None:
        assert_closed(edge, path)


def assert_closed(edge: Edge, path: str) -> None:
    before = len(edge.seen)

    answer = edge.ask(path)

    assert (answer.status, answer.problem["code"]) == (404, "not_found")
    assert len(edge.seen) == before


@pytest.mark.thorough
@with_nginx
class TestLimits:
    def test_refuses_a_body_over_a_mebibyte(self, edge: Edge) -> None:
        before = len(edge.seen)

        answer = edge.ask("/api/challenges", method="POST", headers={"Content-Length": str(1024**2 + 1)})

        assert (answer.status, answer.problem["code"], answer.problem["status"]) == (413, "body_too_large", 413)
        assert len(edge.seen) == before

    def test_takes_a_body_of_a_mebibyte(self, edge: Edge) -> None:
        assert edge.ask("/api/challenges", method="POST", body=b"x" * 1024**2).status == 200

    def test_takes_a_larger_one_where_files_are_imported(self, edge: Edge) -> None:
        assert edge.ask("/api/users/me/import", method="POST", body=b"x" * (2 * 1024**2)).status == 200
        too_much = {"Content-Length": str(32 * 1024**2 + 1)}
        assert edge.ask("/api/users/me/import", method="POST", headers=too_much).status == 413

    def test_refuses_a_flood(self, tmp_path: Path) -> None:
        few = {
            "burst=400 nodelay;\n        rewrite": "burst=3 nodelay;\n        rewrite",
            "rate=100r/s": "rate=1r/s",
        }
        with edges.edge(tmp_path, changes=few) as narrow:
            answers = [narrow.ask("/api/health") for _ in range(8)]

        refused = [answer for answer in answers if answer.status != 200]
        assert len(refused) >= 3
        assert {(answer.status, answer.problem["code"]) for answer in refused} == {(429, "too_many_requests")}
        assert {answer.headers["retry-after"] for answer in refused} == {"1"}

    def test_are_wide_enough_for_people(self, edge: Edge) -> None:
        assert {edge.ask("/api/health").status for _ in range(60)} == {200}


@with_nginx
class TestServiceIsAway:
    def test_is_a_problem_that_says_when_to_come_back(self, alone: Edge) -> None:
        answer = alone.ask("/api/health")

        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert (answer.problem["code"], answer.problem["status"]) == ("unavailable", 503)

    def test_is_told_of_writes_too(self, alone: Edge) -> None:
        assert alone.ask("/api/challenges", method="POST", body=b"{}").status == 503


@pytest.mark.thorough
@with_nginx
class TestSlowClients:
    def test_are_not_waited_for_in_their_headers(self, alone: Edge) -> None:
        assert ended_after(alone, b"GET /api/health HTTP/1.1\r\nHost: x\r\n") < 8

    def test_are_not_waited_for_in_their_body(self, alone: Edge) -> None:
        head = b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
        assert ended_after(alone, head) < 8

    def test_keep_nobody_else_waiting(self, edge: Edge) -> None:
        idle = [edge.connect() for _ in range(50)]
        try:
            assert edge.ask("/api/health").status == 200
        finally:
            for connection in idle:
                connection.close()

    def test_have_bounds_of_seconds(self) -> None:
        text = SITE.read_text(encoding="utf-8")
        for bound in ("client_header_timeout 10s", "client_body_timeout 15s", "send_timeout 15s"):
            assert f"{bound};" in text


def ended_after(edge: Edge, begun: bytes) -> float:
    """How long, in seconds, nginx keeps a connection on which no more comes."""
    began = time.monotonic()
    with edge.connect() as connection:
        connection.sendall(begun)
        while connection.recv(4096):
            pass
    return time.monotonic() - began


@with_nginx
class TestHeaders:
    def test_are_on_every_answer(self, edge: Edge, alone: Edge) -> None:
        answers = {
            "served": edge.ask("/api/health"),
            "not found by the service": edge.ask("/api/nothing"),
            "busy": edge.ask("/api/busy"),
            "closed": edge.ask("/api/docs"),
            "elsewhere": edge.ask("/elsewhere"),
            "too large": edge.ask("/api/x", method="POST", headers={"Content-Length": "99999999"}),
            "no request": edge.send(b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
            "too long": edge.ask("/api/" + "x" * 9000),
            "away": alone.ask("/api/health"),
        }

        lacking = {what: sorted(SECURITY.items() - answer.headers.items()) for what, answer in answers.items()}
        assert lacking == {what: [] for what in answers}

    def test_do_not_tell_which_nginx_it_is(self, edge: Edge) -> None:
        assert {edge.ask(path).headers["server"] for path in ("/api/health", "/nowhere")} == {"nginx"}

    @pytest.mark.parametrize("status", [400, 404, 413, 414, 503])
    def test_call_every_refusal_a_problem(self, edge: Edge, alone: Edge, status: int) -> None:
        refusals: dict[int, Answer] = {
            400: edge.send(b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
            404: edge.ask("/api/docs"),
            413: edge.ask("/api/x", method="POST", headers={"Content-Length": "99999999"}),
            414: edge.ask("/api/" + "x" * 9000),
            503: alone.ask("/api/health"),
        }

        problem = refusals[status].problem
        assert problem["status"] == status == refusals[status].status
        assert problem["type"] == f"urn:lifetracker:problem:{problem['code']}"


@with_nginx
class TestLog:
    @pytest.mark.parametrize(
        ("target", "room"),
        [
            ("/api/invites/s3cret?code=s3cret", "/api/invites"),
            ("/api/shared/s3cret/heatmap.svg", "/api/shared"),
            ("/api/%73hared/s3cret", "(elsewhere)"),
            ("/api/challenges/7/log/today", "/api/challenges"),
            ("/api/daily-log?from=2026-03-01", "/api/daily-log"),
            ("/api/S3CRET", "(elsewhere)"),
            ("/api/secretly", "(elsewhere)"),
            ("/s3cret", "(elsewhere)"),
        ],
    )
    def test_tells_the_room_of_a_request_and_no_more(self, edge: Edge, target: str, room: str) -> None:
        mark = f"asks {target.encode().hex()}"

        edge.ask(target, headers={"User-Agent": mark, "Referer": "https://x/s3cret"})

        line = logged(edge, mark)
        assert f'"GET {room}" ' in line
        assert "secret" not in line.replace("s3", "se").lower()

    def test_tells_no_more_of_who_is_led_to_https(self, edge: Edge) -> None:
        edge.ask_http("/api/shared/s3cret")

        assert "s3cret" not in logged(edge, '"GET /api/shared" 301')

    @pytest.mark.parametrize("target", ["/api/invites/s3cret", "/api/shared/s3cret/badge.svg", "/api/%73hared/s3cret"])
    def test_holds_no_secret_while_the_service_is_away(self, alone: Edge, target: str) -> None:
        alone.ask(target)
        alone.ask("/api/health")

        errors = (alone.folder / "error.log").read_text(encoding="utf-8")
        assert "/api/health" in errors
        assert "s3cret" not in errors


def logged(edge: Edge, mark: str) -> str:
    """The line with `mark`, which nginx writes once the answer is out."""
    for _ in range(400):
        lines = (edge.folder / "access.log").read_text(encoding="utf-8").splitlines()
        if found := [line for line in lines if mark in line]:
            return found[-1]
        time.sleep(0.025)
    raise AssertionError(f"nothing is logged of {mark}")


@with_nginx
class TestTls:
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_speaks_what_is_sound(self, edge: Edge, version: ssl.TLSVersion) -> None:
        with edge.connect(only(version)) as connection:
            assert connection.version() == version.name.replace("_", ".")

    @pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
    def test_speaks_nothing_older(self, edge: Edge, version: str) -> None:
        asked = f"-{version.lower()}".replace("tlsv", "tls")
        done = subprocess.run(
            ["openssl", "s_client", asked, "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{edge.https}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip

        assert done.returncode != 0
        assert "alert protocol version" in done.stderr

    def test_is_spoken_by_several_at_once(self, edge: Edge) -> None:
        statuses: list[int] = []
        threads = [threading.Thread(target=lambda: statuses.append(edge.ask("/api/health").status)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert statuses == [200] * 10


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    return context
