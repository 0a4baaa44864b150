"""Section 5 of the runbook, pasted into a shell as people do: it goes on after a line that failed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.ops.installation import prefer

SITE = "habits.example.org"
SECTION = next(block.text for block in blocks("operations", "sh server") if "certbot certonly" in block.text)
NOT_HERE = ("apt-get", "nginx", "systemctl", "sleep", "curl")
FAILS = "#!/bin/sh\nexit 1\n"
ISSUES = "#!/bin/sh\nmkdir -p {live} && echo new >{live}/fullchain.pem && echo new >{live}/privkey.pem\n"


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    """With the certificate of the first days in it."""
    folder = tmp_path / "etc/lifetracker/tls"
    folder.mkdir(parents=True)
    for name in ("fullchain.pem", "privkey.pem"):
        (folder / name).write_text("first\n", encoding="utf-8")
    return folder


@pytest.fixture
def programs(tmp_path: Path, tls: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in NOT_HERE:
        put(folder / name, "#!/bin/sh\n")
    monkeypatch.setenv("PATH", prefer(folder))
    return folder


def put(program: Path, text: str) -> None:
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)


def paste(root: Path, site: str) -> None:
    text = SECTION.replace("/etc/", f"{root}/etc/").replace("/var/", f"{root}/var/")
    subprocess.run(["sh"], input=f"SITE={site}\n{text}", text=True, check=False, capture_output=True)


class TestCertificate:
    def test_is_the_new_one_afterwards(self, tmp_path: Path, tls: Path, programs: Path) -> None:
        put(programs / "certbot", ISSUES.format(live=tmp_path / "etc/letsencrypt/live" / SITE))

        paste(tmp_path, SITE)

        assert [(tls / name).read_text() for name in ("fullchain.pem", "privkey.pem")] == ["new\n", "new\n"]

    def test_is_the_one_that_was_there_where_certbot_fails(self, tmp_path: Path, tls: Path, programs: Path) -> None:
        put(programs / "certbot", FAILS)

        paste(tmp_path, SITE)

        assert [(tls / name).read_text() for name in ("fullchain.pem", "privkey.pem")] == ["first\n", "first\n"]

    @pytest.mark.parametrize("site", [SITE, ""])
    def test_is_the_one_that_was_there_where_none_came_under_the_name(
        self, tmp_path: Path, tls: Path, programs: Path, site: str
    ) -> None:
        """certbot calls it otherwise where a folder of that name stands; and a new shell has no SITE."""
        put(programs / "certbot", ISSUES.format(live=tmp_path / "etc/letsencrypt/live" / f"{SITE}-0001"))

        paste(tmp_path, site)

        assert [(tls / name).read_text() for name in ("fullchain.pem", "privkey.pem")] == ["first\n", "first\n"]
