"""Checks of what stands before the service: nginx and its certificate."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from lifetracker.ops import shell
from lifetracker.ops.checks.verdict import State, Verdict, failed, ok, skipped, warning
from lifetracker.ops.places import Places
from lifetracker.ops.probe import ANSWERS_WITHIN

FAILS_UNDER, WARNS_UNDER = 7, 21
DAY = 24 * 60 * 60
UNKNOWN_ISSUER = (18, 19, 20, 21)  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT and its neighbours
NGINX_TAKES_AT_MOST = 15.0


def nginx_would_load(places: Places) -> Verdict:
    if not shell.has("nginx"):
        return failed("nginx is not installed") if places.read_config().outside else skipped("there is no nginx here")
    try:
        shell.run(["nginx", "-t", "-q", "-c", places.nginx / "nginx.conf"], seconds=NGINX_TAKES_AT_MOST)
    except shell.ProgramFailed as broken:
        return failed(" ".join(str(broken).splitlines()[1:3]) or str(broken))
    return ok("nginx -t finds nothing wrong")


def certificate_lasts(places: Places) -> Verdict:
    """That the certificate which is served, not the one in a file, is good for clients, and for how many days."""
    address = places.read_config().outside
    if not address or urlsplit(address).scheme != "https":
        return skipped(f"{address} is not TLS" if address else 'server.toml says public_url = ""')
    host, port = urlsplit(address).hostname or "", urlsplit(address).port or 443
    try:
        return _judge(host, port)
    except ssl.SSLCertVerificationError as wrong:
        return failed(f"no client takes the certificate of {host}:{port}: {wrong.verify_message}")
    except OSError as error:
        return failed(f"no certificate to be had from {host}:{port}: {error}")


def _judge(host: str, port: int) -> Verdict:
    """One that only this machine's list of authorities does not know is judged by its days, and told."""
    try:
        return _judge_days(_seen(host, port, ssl.create_default_context()))
    except ssl.SSLCertVerificationError as untrusted:
        if untrusted.verify_code not in UNKNOWN_ISSUER:
            raise
        itself = ssl.get_server_certificate((host, port), timeout=ANSWERS_WITHIN)
        days = _judge_days(_seen(host, port, _trusting_only(itself)))
        said = f"{days.says}, but clients cannot know who issued it: {untrusted.verify_message}"
        return failed(said) if days.state is State.failed else warning(said)


def _judge_days(certificate: Any) -> Verdict:
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // DAY)
    said = f"{days} days left, until {certificate['notAfter']}"
    if days < FAILS_UNDER:
        return failed(said)
    return warning(said) if days < WARNS_UNDER else ok(said)


def _seen(host: str, port: int, context: ssl.SSLContext) -> Any:
    """What `getpeercert()` tells of the certificate that a client meets."""
    with (
        socket.create_connection((host, port), timeout=ANSWERS_WITHIN) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        return tls.getpeercert()


def _trusting_only(certificate: str) -> ssl.SSLContext:
    """Python tells what stands in a certificate only when it was verified: so this one is, against itself."""
    context = ssl.create_default_context(cadata=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
