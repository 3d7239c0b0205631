"""The rooms of ``src/podstead``, their floors, and which import breaks them: ``python -m tests.support.rooms`` prints them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[2] / "src/podstead"

#: From the ground up. A room imports only what stands on a floor below it; rooms of one floor do not know each other.
FLOORS: Final[tuple[frozenset[str], ...]] = tuple(
    map(
        frozenset,
        (
            {"ground"},
            {"ids", "document"},
            {"inventory", "host"},
            {"provision", "proof", "control"},
            {"visit"},
            {"remote"},
            {"fleet"},
            {"report"},
            {"cli"},
            {"doors"},
        ),
    )
)
GROUND: Final = frozenset({"errors", "version", "suggest", "printable", "plural"})
DOORS: Final = frozenset({"", "__main__", "api", "deploys"})
_FLOOR: Final = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """One module imports another; both without ``podstead.`` (the package itself is the empty string)."""

    importer: str
    imported: str

    @property
    def upward(self) -> bool:
        """Whether it does not go down; within a room everything may know everything."""
        one, other = room_of(self.importer), room_of(self.imported)
        return one != other and _FLOOR[one] <= _FLOOR[other]

    def __str__(self) -> str:
        one, other = room_of(self.importer), room_of(self.imported)
        return f"{self.importer} imports {self.imported}: {one} does not stand above {other}"


def room_of(module: str) -> str:
    """The room of a module; raises ValueError for one that lies at the top and belongs in a room."""
    first, _, rest = module.partition(".")
    if not rest and first in GROUND:
        return "ground"
    if not rest and first in DOORS:
        return "doors"
    if first in _FLOOR:
        return first
    raise ValueError(f"{module} stands in no room: a module belongs in one of {', '.join(sorted(_FLOOR))}")


def modules() -> Mapping[str, Path]:
    """Every module, and its file."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports() -> frozenset[Import]:
    """Every import of one module by another; those inside functions count, and so do the packages on the way."""
    known = modules()
    return frozenset(
        Import(importer, passed)
        for importer, path in known.items()
        for imported in _imported(ast.parse(path.read_text(encoding="utf-8")), known)
        for passed in (imported, *_packages(imported))
        if passed != importer and not importer.startswith(f"{passed}.")
    )


def _packages(module: str) -> Iterator[str]:
    """The packages that Python runs before the module."""
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def _imported(tree: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "podstead":
            base = node.module.partition(".")[2]
            for name in (alias.name for alias in node.names):
                inner = f"{base}.{name}".lstrip(".")
                yield inner if inner in known else base
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.partition(".")[2] for alias in node.names if alias.name.split(".")[0] == "podstead"
            )


def circle(found: frozenset[Import]) -> tuple[str, ...]:
    """Modules that import each other in a circle, the first also as the last; empty when there is none."""
    graph: dict[str, set[str]] = {}
    for one in found:
        graph.setdefault(one.importer, set()).add(one.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def main() -> int:
    """Print each floor with its rooms and what each room imports; exit 1 when an import goes up."""
    found = imports()
    edges = {(room_of(one.importer), room_of(one.imported)) for one in found}
    for number, rooms in reversed(list(enumerate(FLOORS))):
        for room in sorted(rooms):
            below = sorted(other for one, other in edges if one == room and other != room)
            sys.stdout.write(f"{number}  {room:<10} -> {' '.join(below) or '-'}\n")
    wrong = sorted(one for one in found if one.upward)
    sys.stdout.write("".join(f"wrong: {one}\n" for one in wrong))
    sys.stdout.write(f"{len(found)} imports, {len(wrong)} going up\n")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
