"""Where the time of a mixed day goes: one worker under load, watched by py-spy from outside.

    nox -s flame [-- --seconds 20 --folder DIR]

The flame graph is kept as `mixed.svg`, the stacks that the table counts as `mixed.raw`. py-spy reads another process's
memory: on a machine that forbids it (`kernel.yama.ptrace_scope`), run it as root.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import layers, machine, page
from benchmarks.compare import MIXED_CONNECTIONS
from benchmarks.load import Script, require_wrk, run, write_script
from benchmarks.ours import ours_served
from benchmarks.serving import ROOT, Server

PROGRAM = Path(sys.executable).with_name("py-spy")
A_SECOND = 200  # samples
MARGIN = 3  # seconds that the load goes on around the watching
HOTTEST = 25


def main() -> None:
    options = _options()
    require_wrk()
    options.folder.mkdir(parents=True, exist_ok=True)
    stacks, graph = (options.folder / f"mixed.{kind}" for kind in ("raw", "svg"))
    with TemporaryDirectory(dir=options.folder) as folder, ours_served(Path(folder)) as (server, jobs):
        script = write_script(Path(folder) / "mixed.lua", server.address, jobs["mixed"])
        run(script, MARGIN, MIXED_CONNECTIONS)
        _watch(server, script, stacks, "raw", options.seconds)
        _watch(server, script, graph, "flamegraph", options.seconds)
    lines = stacks.read_text("utf-8").splitlines()
    page.print_out(_hottest(lines))
    text = _told(lines, options.seconds)
    page.print_out(text)
    page.put("flame", text)
    page.say(f"the graph is {graph}, its stacks are in {stacks}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=ROOT / ".nox" / "flame", help="where the stacks are kept")
    return parser.parse_args()


def _watch(server: Server, script: Script, to: Path, form: str, seconds: int) -> None:
    worker = server.workers()[0]
    command = [str(PROGRAM), "record", "--pid", str(worker), "--format", form, "--output", str(to)]
    command += ["--rate", str(A_SECOND), "--duration", str(seconds), "--nonblocking"]
    watcher = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    run(script, seconds + MARGIN, MIXED_CONNECTIONS)
    _, said = watcher.communicate(timeout=60)
    if watcher.returncode:
        sys.exit(f"py-spy could not watch process {worker}:\n{said}")


def _hottest(lines: list[str]) -> str:
    counted = layers.hottest(lines)
    rows = [[name, f"{100 * count / counted.total():.1f} %"] for name, count in counted.most_common(HOTTEST)]
    return page.table(["the function that was running", "share"], rows)


def _told(lines: list[str], seconds: int) -> str:
    counted = layers.shares(lines)
    rows = [[each.name, f"{100 * counted[each.name] / counted.total():.0f} %", each.what] for each in layers.ALL]
    rows.append(["other", f"{100 * counted['other'] / counted.total():.0f} %", "what belongs to none of these"])
    about = f"{counted.total():,} samples of one worker in {seconds} s. {machine.described(machine.wrk_version())}"
    return f"{about}\n\n{page.table(['layer', 'share', 'what it is'], rows)}"


if __name__ == "__main__":
    main()
