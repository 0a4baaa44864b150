"""`docs/architecture.svg`: the rooms of the house, which of them use which, and the way of a request through them.

    python -m tests.picture

draws it anew from the imports in the source; only which side a room stands on is decided here. An arrow that others
lead along already is left out: where A uses B and B uses C, nobody has to see that A uses C.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import mean
from textwrap import wrap

PACKAGE = Path(__file__).parents[1] / "lifetracker"
FILE = Path(__file__).parents[1] / "docs" / "architecture.svg"

# Where each step of "The way of a request" in docs/architecture.md happens, in their order.
WAY = (
    "core/http/edge.py",
    "users/dependencies.py",
    "core/http/route.py",
    "daily_log/router.py",
    "core/db/waiting.py",
    "daily_log/service.py",
    "core/db/units.py",
)
LANES = ("ops", "", "core")  # from left to right; the features, and what is above them, in the middle
ABOVE, BELOW = "above its folders", "below its folders"

Graph = dict[str, set[str]]


def modules() -> Graph:
    """What each module of the house imports of it, by their paths below `lifetracker/`. What a folder says of itself
    is none."""
    files = [file for file in sorted(PACKAGE.rglob("*.py")) if file.stem != "__init__" and "versions" not in file.parts]
    return {_path(file): set(_imported(ast.parse(file.read_bytes()))) - {_path(file)} for file in files}


def _path(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from filter(None, (_file_of(f"{node.module}.{alias.name}") for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from filter(None, (_file_of(alias.name) for alias in node.names))


def _file_of(dotted: str) -> str | None:
    """The module that a name is, or lies in; None for what is none of ours. A folder hands on what lies in it."""
    package, *parts = dotted.split(".")
    place = PACKAGE.joinpath(*parts)
    for each in (place, place.parent) if package == PACKAGE.name and parts else ():
        if each.with_suffix(".py").is_file():
            return _path(each.with_suffix(".py"))
        if (each / "__init__.py").is_file() and each != PACKAGE:
            return _path(each / "__init__.py")
    return None


def rooms(uses: Graph) -> dict[str, str]:
    """By module its room: a package, or a folder of one. Where a package has folders, its other files are one room
    above them and one below; a file that stands between folders is a room by itself."""
    reached = {module: reach(module, uses) for module in uses}
    needed = {other for module, others in reached.items() if _folder(module) for other in others}
    return {module: _room(module, reached[module], module in needed) for module in uses}


def _room(module: str, reached: set[str], is_needed: bool) -> str:
    package = _package(module)
    if _folder(module) or not any((PACKAGE / package).glob("*/*.py")) or package == "migrations":
        return _folder(module) or package
    if not any(_folder(each).startswith(f"{package}/") for each in reached):
        return f"{package}, {BELOW}"
    return module.removesuffix(".py") if is_needed else f"{package}, {ABOVE}"


def _package(module: str) -> str:
    return module.partition("/")[0].removesuffix(".py")


def _folder(module: str) -> str:
    """`core/db` of `core/db/door.py`; nothing for what lies in no folder of a package."""
    return "/".join(module.split("/")[:2]) if module.count("/") > 1 else ""


def arrows(uses: Graph) -> Graph:
    """Which room uses which."""
    room_of = rooms(uses)
    graph: Graph = {room: set() for room in room_of.values()}
    for module, others in uses.items():
        for other in others:
            graph[room_of[module]].add(room_of.get(other) or other.removesuffix("/__init__.py"))
    return {room: others - {room} for room, others in graph.items()}


def reach(start: str, graph: Graph) -> set[str]:
    """All that is used, by whatever way."""
    seen: set[str] = set()
    ahead = [*graph.get(start, ())]
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            ahead += graph.get(here, ())
    return seen


def reduced(graph: Graph) -> Graph:
    """Without the arrows that others lead along."""
    far = {one: {each for other in uses for each in reach(other, graph)} for one, uses in graph.items()}
    return {one: uses - far[one] for one, uses in graph.items()}


def floors(graph: Graph) -> list[list[str]]:
    """From those that nobody uses down to those that use nobody; `ValueError` where rooms use each other."""
    if circle := sorted(one for one in graph if one in reach(one, graph)):
        raise ValueError(f"these rooms use each other: {', '.join(circle)}")
    depth = dict.fromkeys(graph, 0)
    for _ in graph:
        for one, uses in graph.items():
            depth |= {other: max(depth[other], depth[one] + 1) for other in uses}
    return [sorted(one for one in graph if depth[one] == floor) for floor in range(max(depth.values()) + 1)]


@dataclass
class Box:
    """A room in the picture: `told` are its modules where its name does not say where they lie."""

    name: str
    told: list[str]
    steps: list[int]
    x: float = 0
    y: float = 0

    @property
    def lane(self) -> int:
        package = self.name.partition(",")[0].partition("/")[0]
        return LANES.index(package) if package in LANES else 1

    @property
    def width(self) -> float:
        return max(70, max(map(len, (self.name, *self.told))) * LETTER + 18)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def height(self) -> float:
        return LINE * (1 + len(self.told)) + 11


LINE, LETTER, APART, RISE, MARGIN = 14, 6.3, 16, 26, 20
STYLE = """
text { font: 11px ui-sans-serif, system-ui, sans-serif; fill: #1f2933; text-anchor: middle }
.name { font-weight: 600 } .told { fill: #52606d } .step { fill: #fff; font-size: 9px; font-weight: 600 }
.lane { fill: #f0f4f8 } .room { fill: #fff; stroke: #829ab1 } .step-at { fill: #ba2525 }
path { fill: none; stroke: #829ab1; marker-end: url(#tip) } .tip { fill: #829ab1; stroke: none }
"""


def drawn(uses: Graph) -> str:
    """The picture, as the file holds it."""
    graph = reduced(arrows(uses))
    room_of = rooms(uses)
    rows = [[_box(room, room_of) for room in floor] for floor in floors(graph)]
    lanes = _place(rows, graph)
    boxes = {box.name: box for row in rows for box in row}
    height = max(box.y + box.height for box in boxes.values()) + MARGIN
    parts = [f'<rect class="lane" x="{x:.0f}" y="0" width="{width:.0f}" height="{height:.0f}"/>' for x, width in lanes]
    parts += [_arrow(boxes[one], boxes[other]) for one in boxes for other in sorted(graph[one])]
    parts += [part for box in boxes.values() for part in _shown(box)]
    x, width = lanes[-1]
    return "\n".join((HEAD.format(width=x + width, height=height, style=STYLE), *parts, "</svg>\n"))


HEAD = """<!-- Drawn from the imports in the source: ./dev test picture -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}">
<style>{style}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path class="tip" d="M0 0 8 4 0 8z" style="marker-end: none"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>"""


def _box(name: str, room_of: dict[str, str]) -> Box:
    names = [Path(module).stem for module, room in room_of.items() if room == name and "," in name]
    steps = [number for number, module in enumerate(WAY, 1) if room_of[module] == name]
    return Box(name, wrap(", ".join(names), 34), steps)


def _place(rows: list[list[Box]], graph: Graph) -> list[tuple[float, float]]:
    """Give each box its place, below those that use it; where each lane begins, and how wide it is."""
    widths = [max(_width(box for box in row if box.lane == lane) for row in rows) + 2 * MARGIN for lane in range(3)]
    begins = [sum(widths[:lane]) + APART * lane for lane in range(3)]
    y = float(MARGIN)
    for floor, row in enumerate(rows):
        above = [box for each in rows[:floor] for box in each]
        row.sort(key=lambda box: mean([each.middle for each in above if box.name in graph[each.name]] or [0]))
        for lane, (begin, width) in enumerate(zip(begins, widths, strict=True)):
            x = begin + (width - _width(box for box in row if box.lane == lane)) / 2
            for box in (box for box in row if box.lane == lane):
                box.x, box.y = x, y
                x += box.width + APART
        y += max(box.height for box in row) + RISE
    return list(zip(begins, widths, strict=True))


def _width(boxes: Iterable[Box]) -> float:
    widths = [box.width for box in boxes]
    return sum(widths) + APART * (len(widths) - 1) if widths else 0


def _arrow(one: Box, other: Box) -> str:
    x, y, to_x, to_y = one.middle, one.y + one.height, other.middle, other.y
    return f'<path d="M{x:.0f} {y:.0f}C{x:.0f} {y + RISE:.0f} {to_x:.0f} {to_y - RISE:.0f} {to_x:.0f} {to_y:.0f}"/>'


def _shown(box: Box) -> Iterator[str]:
    place = f'x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'
    yield f'<rect class="room" {place} rx="4"/>'
    for line, said in enumerate((box.name, *box.told)):
        kind = "told" if line else "name"
        yield f'<text class="{kind}" x="{box.middle:.0f}" y="{box.y + LINE * (line + 1) + 3:.0f}">{escape(said)}</text>'
    for place_of, number in enumerate(reversed(box.steps)):
        x = box.x + box.width - 4 - 15 * place_of
        yield f'<circle class="step-at" cx="{x:.0f}" cy="{box.y:.0f}" r="7"/>'
        yield f'<text class="step" x="{x:.0f}" y="{box.y + 3:.0f}">{number}</text>'


if __name__ == "__main__":
    FILE.write_text(drawn(modules()), "utf-8")
