"""A bare server below another root, made ready by `server init` itself or by the commands that it prints."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import psutil
import pytest

from lifetracker.ops.places import Places
from lifetracker.ops.refusal import Refused
from lifetracker.ops.server import init as server_init
from lifetracker.ops.server import steps as server_steps
from lifetracker.ops.started_from import TREE
from tests.ops.installation import prefer

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl here")
pytestmark = needs_openssl
ASKED = """#!/bin/sh
echo "$(basename $0) $*" >>{log}
case "$1" in
    is-enabled) cat {log}.enabled 2>/dev/null;;
    enable) echo enabled >{log}.enabled;;
    show) echo "NeedDaemonReload=no";;
esac
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "root")


def init(places: Places, site: str | None = None, *, only_print: bool = False) -> list[str]:
    """What was told."""
    said: list[str] = []
    server_init.init(places, site, said.append, only_print=only_print)
    return said


def paste(commands: list[str]) -> None:
    subprocess.run(["sh", "-eu"], input="\n".join(commands), text=True, check=True, stdout=subprocess.DEVNULL)


def found(root: Path) -> dict[str, tuple[str, object]]:
    """Every path below: its mode, and its bytes or where it leads, but for the key and certificate, which are new."""
    return {
        str(path.relative_to(root)): (stat.filemode(path.lstat().st_mode), _content(path)) for path in root.rglob("*")
    }


def _content(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    return path.read_bytes() if path.is_file() and path.parent.name != "tls" else None


class TestInit:
    def test_makes_all_that_a_deploy_needs(self, places: Places) -> None:
        init(places)

        folders = (places.releases, places.venvs, places.deploy, places.data, places.backups)
        assert all(folder.is_dir() for folder in folders)
        assert places.read_environment()["LIFETRACKER_DATABASE_URL"].startswith("sqlite:///")
        assert (places.units / "lifetracker-api.service").is_file()

    def test_keeps_to_itself_what_others_must_not_read(self, places: Places) -> None:
        init(places)

        closed = {places.deploy: 0o700, places.etc / "tls": 0o700, places.data: 0o750, places.environment: 0o640}
        assert {path: stat.S_IMODE(path.stat().st_mode) for path in closed} == closed
        assert stat.S_IMODE((places.etc / "tls/privkey.pem").stat().st_mode) == 0o600

    def test_twice_is_once(self, places: Places) -> None:
        init(places)
        before = found(places.root)

        said = init(places)

        assert found(places.root) == before
        assert {line.partition(":")[0] for line in said[:-1]} == {"# as it should be"}

    def test_ends_what_was_begun(self, places: Places) -> None:
        init(places)
        whole = found(places.root)
        (places.units / "lifetracker-backup.timer").unlink()
        places.data.rmdir()
        places.environment.chmod(0o666)

        init(places)

        assert found(places.root) == whole

    def test_names_the_site_everywhere(self, places: Places) -> None:
        init(places, "habits.example.org")

        site = places.nginx / "sites-enabled" / "habits.example.org.conf"
        assert "server_name habits.example.org;" in site.read_text()
        assert "api.lifetracker.site" not in site.read_text()
        assert places.read_config().outside == "https://habits.example.org/api"

    def test_says_what_to_do_next(self, places: Places) -> None:
        assert re.fullmatch(r"# next: python\S* ARCHIVE deploy", init(places)[-1])


class TestWhatTheOperatorWrote:
    def test_stays_in_the_settings(self, places: Places) -> None:
        init(places)
        places.environment.write_text("WEB_CONCURRENCY=4\n")
        places.config.write_text("keep_releases = 9\n")

        init(places)

        assert places.environment.read_text() == "WEB_CONCURRENCY=4\n"
        assert places.read_config().keep_releases == 9

    def test_stays_in_the_site_with_the_new_one_beside(self, places: Places) -> None:
        init(places)
        site = places.nginx / "sites-available" / "api.lifetracker.site.conf"
        ours = site.read_text()
        site.write_text("# mine\n")

        said = init(places)

        assert (site.read_text(), site.with_name(f"{site.name}.new").read_text()) == ("# mine\n", ours)
        assert any("was edited" in line for line in said)

    def test_stays_in_a_certificate(self, places: Places) -> None:
        init(places)
        chain = places.etc / "tls/fullchain.pem"
        chain.write_text("a real one")

        init(places)

        assert chain.read_text() == "a real one"

    def test_is_asked_for_where_only_the_key_is_there(self, places: Places) -> None:
        init(places)
        (places.etc / "tls/fullchain.pem").unlink()

        with pytest.raises(Refused, match="only one is there"):
            init(places)

    def test_is_a_certificate_no_more_where_its_links_lead_nowhere(self, places: Places) -> None:
        """As a pasted section 5 left them when certbot had failed."""
        init(places)
        tls, made = places.etc / "tls", found(places.root)
        for name in ("fullchain.pem", "privkey.pem"):
            (tls / name).unlink()
            (tls / name).symlink_to(f"/etc/letsencrypt/live/api.lifetracker.site/{name}")

        printed = init(places, only_print=True)
        said = init(places)

        assert found(places.root) == made
        assert any("led nowhere" in line for line in said)
        assert any(line.startswith("rm -f ") for line in printed)

    def test_stays_where_the_site_was_copied_and_edited(self, places: Places) -> None:
        init(places)
        enabled = places.nginx / "sites-enabled" / "api.lifetracker.site.conf"
        enabled.unlink()
        enabled.write_text("# mine\n")

        said = init(places)

        assert enabled.read_text() == "# mine\n"
        assert any("is a copy, otherwise than" in line for line in said)

    @pytest.mark.parametrize("lay", ["copy", "link that leads nowhere"])
    def test_gives_way_to_the_link_where_it_holds_nothing_of_theirs(self, places: Places, lay: str) -> None:
        init(places)
        made = found(places.root)
        enabled = places.nginx / "sites-enabled" / "api.lifetracker.site.conf"
        site = enabled.read_bytes()
        enabled.unlink()
        if lay == "copy":
            enabled.write_bytes(site)
        else:
            enabled.symlink_to("../sites-available/gone.conf")

        init(places)

        assert found(places.root) == made

    def test_is_kept_beside_a_unit_that_is_ours(self, places: Places) -> None:
        init(places)
        unit = places.units / "lifetracker-api.service"
        ours = unit.read_bytes()
        unit.write_bytes(b"[Service]\n")

        init(places)

        assert (unit.read_bytes(), unit.with_name(f"{unit.name}.old").read_bytes()) == (ours, b"[Service]\n")

    def test_is_no_mask_of_a_unit_of_ours(self, places: Places) -> None:
        init(places)
        unit = places.units / "lifetracker-backup.service"
        ours = unit.read_bytes()
        unit.unlink()
        unit.symlink_to("/dev/null")

        init(places)

        assert (unit.is_symlink(), unit.read_bytes()) == (False, ours)

    def test_is_not_a_folder_of_ours(self, places: Places) -> None:
        places.home.parent.mkdir(parents=True)
        places.home.write_text("mine")

        with pytest.raises(Refused, match="move away what stands there"):
            init(places)

    def test_is_refused_before_anything_is_made(self, places: Places) -> None:
        (places.etc / "tls").mkdir(parents=True)
        (places.etc / "tls/privkey.pem").write_text("theirs")
        before = found(places.root)

        with pytest.raises(Refused, match="only one is there"):
            init(places)

        assert found(places.root) == before


class TestSite:
    @pytest.mark.parametrize("name", ["localhost", "a b.org", 'x".org', "x.org; }", "-a.org", "Habits.Example.org", ""])
    def test_refuses_what_is_no_name(self, places: Places, name: str) -> None:
        with pytest.raises(Refused, match="no name of a site"):
            init(places, name)

    def test_that_is_empty_may_be_a_shell_that_lost_it(self, places: Places) -> None:
        init(places)

        with pytest.raises(Refused, match=r"'' is no name of a site.*is SITE set in this shell"):
            init(places, "")

    def test_that_cannot_be_is_refused_in_the_operators_file_as_well(self, places: Places) -> None:
        init(places)
        places.config.write_text('site = ""\n')

        with pytest.raises(Refused, match="no name of a site"):
            init(places)

    def test_is_changed_in_one_place_only(self, places: Places) -> None:
        init(places, "habits.example.org")

        with pytest.raises(Refused, match="to give it another name"):
            init(places, "other.example.org")
        init(places, "habits.example.org")


class TestPrint:
    def test_changes_nothing(self, places: Places) -> None:
        places.root.mkdir()

        init(places, only_print=True)

        assert found(places.root) == {}

    def test_tells_commands_that_do_the_same_when_they_are_pasted(self, places: Places, tmp_path: Path) -> None:
        other = Places(tmp_path / "other")
        init(other)

        paste(init(places, only_print=True))

        assert found(places.root) == found(other.root)

    def test_names_no_file_of_the_archive_that_it_may_run_from(self, places: Places) -> None:
        """Which are gone when somebody pastes."""
        assert str(TREE) not in "\n".join(init(places, only_print=True))

    def test_tells_nothing_to_do_where_nothing_is(self, places: Places) -> None:
        init(places)

        assert all(line.startswith("# ") for line in init(places, only_print=True))

    def test_of_a_real_server_tells_what_belongs_to_the_machine(self) -> None:
        said = "\n".join(init(Places(), "habits.example.org", only_print=True))

        for command in ("useradd --system", "systemctl daemon-reload", "systemctl enable", "nginx -t"):
            assert command in said


class TestMachine:
    """The steps that are left out below another root, on their own, with stand-ins for systemctl and nginx."""

    @pytest.fixture
    def log(self, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        init(places)
        programs, log = tmp_path / "programs", tmp_path / "log"
        programs.mkdir()
        for name in ("systemctl", "nginx"):
            (programs / name).write_text(ASKED.format(log=log))
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", prefer(programs))
        return log

    def tell(self, places: Places, log: Path, *, units_changed: bool, edge_changed: bool) -> list[str]:
        steps = server_steps._told_to_the_machine(places, "api.lifetracker.site", units_changed, edge_changed)
        for step in steps:
            if not step.is_so():
                server_init._run(step)
        asked = log.read_text().splitlines()
        return [line for line in asked if not line.startswith(("systemctl show", "systemctl is-enabled"))]

    def test_is_told_what_changed(self, places: Places, log: Path) -> None:
        asked = self.tell(places, log, units_changed=True, edge_changed=True)

        assert asked == [
            "systemctl daemon-reload",
            "systemctl enable lifetracker-api.service",
            "nginx -t",
            "systemctl reload-or-restart nginx",
        ]

    def test_is_told_again_what_a_run_that_was_ended_did_not_tell(
        self, places: Places, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No nginx is younger than the site that was just written; others here may run one of their own."""
        monkeypatch.setattr(psutil, "process_iter", lambda _: [])

        asked = self.tell(places, log, units_changed=False, edge_changed=False)

        assert "nginx -t" in asked
        assert "systemctl daemon-reload" not in asked


class TestRefusals:
    def test_name_the_package_that_lacks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root comes as far")
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(Refused, match="apt-get install systemd"):
            init(Places())

    def test_ask_for_root(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)

        with pytest.raises(Refused, match="sudo"):
            init(Places())

    @pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd runs this machine")
    def test_want_a_machine_that_systemd_runs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("systemctl", "nginx", "openssl"):
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(os, "geteuid", lambda: 0)

        with pytest.raises(Refused, match="systemd does not run this machine"):
            init(Places())


class TestCommand:
    """What `server init` lays into /usr/local/bin."""

    @pytest.mark.skipif(Path("/opt/lifetracker/api").exists(), reason="there is a LifeTracker on this machine")
    def test_says_so_where_nothing_is_deployed(self, places: Places) -> None:
        init(places)

        command = places.root / server_steps.COMMAND
        done = subprocess.run([command, "deploy", "--status"], capture_output=True, text=True, check=False)

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("lifetracker: nothing is deployed here yet")
