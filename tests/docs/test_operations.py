"""The pages for operators, against the program: what they name exists, and what can be met is in them."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from lifetracker import ops
from lifetracker.cli import commands as cli
from lifetracker.core.config import PREFIX, Settings
from lifetracker.ops.checks.ops_check import CHECKS
from lifetracker.ops.places import Places, ServerConfig
from lifetracker.ops.refusal import Refused
from lifetracker.ops.server import init as server_init
from tests.docs.pages import OPERATORS, ROOT, blocks, commands, page, prose

OPS = Path(ops.__file__).parent
TEXT = "\n".join(page(name) for name in OPERATORS)
PROSE = " ".join(prose(name) for name in OPERATORS)
COMMANDS = sorted({command for name in OPERATORS for command in commands(name)})
OUR_PATH = re.compile(r"(?<![\w~/.])/(?:opt|etc|usr/local/bin|var/lib|var/backups)/lifetracker[\w./-]*")
# Makes people to look at, on a desk; no operator of a server meets it.
OF_NO_SERVER = {"seeding/seed.py"}
SHORTEST = 12  # characters of a sentence by which it is recognized
# Refusals whose own words are none: they hand on another's, which is in the pages or is a program's.
HANDED_ON = {
    ("release/archive.py", "{path}: {refused}"),
    ("backups/file_repository.py", "{file}: {said}"),
    ("places.py", "{self.config}: {wrong}"),
    ("backups/server_repository.py", "PostgreSQL: {str(error.orig).strip().partition(chr(10))[0]}"),
}


class TestCommands:
    def test_are_found(self) -> None:
        assert {command.split()[0] for command in COMMANDS} >= {
            *("server", "release", "deploy", "rollback", "backup", "restore", "ops-check", "users"),
        }

    @pytest.mark.parametrize("command", COMMANDS)
    def test_exist_with_the_options_that_are_shown(self, command: str) -> None:
        whole, words = typer.main.get_command(cli.app), shlex.split(command)
        found, rest = _descend(whole, words)

        context = found.context_class(found, info_name=command)
        _, left, _ = found.make_parser(context).parse_args(rest)

        assert not hasattr(found, "commands") or not rest, f"{command!r} names no command"
        assert left == []

    def test_of_every_kind_that_runs_on_a_server_are_told(self) -> None:
        told = {command.split()[0] for command in COMMANDS}

        assert {each.name or "" for each in _ops_commands()} - told == set()

    def test_leave_no_option_of_theirs_untold(self) -> None:
        """But for `--root`, which is for trials."""
        whole = typer.main.get_command(cli.app)
        for name in ("deploy", "rollback", "backup", "restore", "ops-check"):
            parameters = whole.commands[name].params  # type: ignore[attr-defined]
            options = {option for each in parameters for option in each.opts if option.startswith("--")}
            assert {option for option in options if option not in TEXT} <= {"--root"}, name


def _descend(command: Any, words: list[str]) -> tuple[Any, list[str]]:
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _ops_commands() -> Iterator[Any]:
    whole: Any = typer.main.get_command(cli.app)
    yield from (each for name, each in whole.commands.items() if name in ("server", "release"))
    yield from (whole.commands[name] for name in ("deploy", "rollback", "backup", "restore", "ops-check"))


class TestSettings:
    def test_that_are_named_exist(self) -> None:
        named = set(re.findall(rf"{PREFIX}([A-Z_]+)", TEXT))

        assert named
        assert {name.lower() for name in named} <= set(Settings.model_fields)

    def test_of_the_server_are_all_listed_with_their_defaults(self) -> None:
        table = re.findall(r"^\| `(\w+ = .*?)` \| (.*?) \|", page("operations"), re.MULTILINE)
        told = {name: value for line, _ in table for name, value in tomllib.loads(line.replace("…", "x")).items()}
        fields = ServerConfig.model_fields

        assert set(told) == set(fields)
        assert ServerConfig.model_validate(told)
        assert all(told[name] == fields[name].default for name in told if name != "public_url")


class TestPaths:
    def test_that_are_named_are_made_by_us(self, tmp_path: Path) -> None:
        server_init.init(Places(tmp_path), None, lambda _: None)
        places = Places(tmp_path)
        live = [places.live, places.releases, places.backups, places.data, places.new]
        made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}

        named = {found.rstrip("./") for found in OUR_PATH.findall(TEXT)}
        unknown = {
            path
            for path in named
            if path.lstrip("/") not in made
            and not any((tmp_path / path.lstrip("/")).is_relative_to(each) for each in live)
        }

        assert {"/opt/lifetracker/api", "/etc/lifetracker/server.toml"} <= named
        assert unknown - {"/opt/lifetracker/deploy/journal.jsonl"} == set()

    def test_below_the_live_release_are_in_it(self) -> None:
        named = set(re.findall(r"/opt/lifetracker/api/((?:systemd|docs|nginx)/[\w./-]*)", TEXT))

        assert named
        assert [name for name in named if not (ROOT / name).exists()] == []

    def test_of_units_are_those_that_there_are(self) -> None:
        named = set(re.findall(r"\blifetracker-[a-z]+\.(?:service|socket|timer)\b", TEXT))

        assert named == {path.name for path in (ROOT / "systemd").glob("lifetracker-*.*") if path.is_file()}

    def test_to_other_pages_lead_somewhere(self) -> None:
        for name in OPERATORS:
            for target, _, anchor in (link.partition("#") for link in re.findall(r"\]\((?!http)([^)]+)\)", page(name))):
                text = (ROOT / "docs" / target).read_text(encoding="utf-8") if target else page(name)
                assert not anchor or anchor in _anchors(text), f"{name}: {target}#{anchor}"


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


class TestSteps:
    def test_of_a_deploy_are_told_in_their_order(self) -> None:
        table = page("deploy").partition("## The steps")[2].partition("\n## ")[0]

        told = re.findall(r"^\| `([a-z -]+)` \|", table, re.MULTILINE)

        files = ("deploying/deploy.py", "deploying/judging.py", "deploying/undertaking.py", "journal.py")
        assert set(told) == {name for file in files for name in _steps(OPS / file)}
        assert told.index("backup code") < told.index("migration") < told.index("swap") < told.index("smoke")


def _steps(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(attr="step"), args=[ast.Constant(value=str(name)), *_]):
                yield name
            case ast.Assign(targets=[ast.Name(id="PUT_BACK")], value=ast.Constant(value=str(name))):
                yield name


class TestChecks:
    def test_each_have_a_section_in_the_order_of_the_table(self) -> None:
        headings = re.findall(r"^### (.*)$", page("ops-check"), re.MULTILINE)

        assert headings == [each.name for each in CHECKS]


def refusals() -> Iterator[tuple[str, str, str]]:
    """File, sentence as its source has it, and the piece of it that it is recognized by."""
    for file in sorted(OPS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[(ast.JoinedStr() | ast.Constant()) as told, *_]) if (
                    name in _kinds()
                ):
                    yield file.relative_to(OPS).as_posix(), _source(told), _telling(list(_pieces(told)))


def _telling(pieces: list[str]) -> str:
    """The first piece that a sentence can be recognized by, else the longest."""
    return next((piece for piece in pieces if len(piece) >= SHORTEST), max(pieces, key=len, default=""))


def _kinds() -> set[str]:
    for module in pkgutil.walk_packages([str(OPS)], "lifetracker.ops."):
        importlib.import_module(module.name)
    kinds, unseen = set[type]([Refused]), [Refused]
    while unseen:
        below = unseen.pop().__subclasses__()
        kinds |= {*below}
        unseen += below
    return {kind.__name__ for kind in kinds}


def _source(told: ast.expr) -> str:
    parts = told.values if isinstance(told, ast.JoinedStr) else [told]
    return "".join(
        f"{{{ast.unparse(each.value)}}}" if isinstance(each, ast.FormattedValue) else ast.literal_eval(each)
        for each in parts
    )


def _pieces(told: ast.expr) -> Iterator[str]:
    """What stands between holes, and of that what stands before a colon or a semicolon: the pages end there."""
    parts = told.values if isinstance(told, ast.JoinedStr) else [told]
    for each in parts:
        if isinstance(each, ast.Constant):
            for piece in re.split(r"[:;\n]", str(each.value).replace("`", "")):
                yield " ".join(piece.split())


REFUSALS = list(refusals())


class TestRefusals:
    def test_are_found(self) -> None:
        assert len(REFUSALS) > 70

    @pytest.mark.parametrize(("file", "sentence", "piece"), REFUSALS, ids=[each[1][:60] for each in REFUSALS])
    def test_are_each_in_the_pages(self, file: str, sentence: str, piece: str) -> None:
        if (file, sentence) in HANDED_ON or file in OF_NO_SERVER:
            return

        assert piece in PROSE, f"{file} may say {sentence!r}: no page tells what that means"

    def test_that_are_handed_on_or_of_no_server_still_are(self) -> None:
        assert {(file, sentence) for file, sentence, _ in REFUSALS} >= HANDED_ON
        assert {file for file, _, _ in REFUSALS} >= OF_NO_SERVER


class TestBlocks:
    def test_of_a_kind_that_the_runbook_is_made_of_are_there(self) -> None:
        kinds = {block.kind for block in blocks("operations")}

        assert kinds == {
            "sh server",
            "sh desk",
            "sh ubuntu-22.04",
            "sh socket",
            "sh workers",
            "sh docs",
            "sh postgresql",
            "text",
        }
