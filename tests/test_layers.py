"""Who may import whom (architecture §3), read off the source with ``ast``: a new package means editing MAY_IMPORT."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "sphinx_lib"

RULES = {"workflow", "pricing", "stock", "billing", "accounting"}
PURE = {"kernel", "pack"} | RULES
# What lies above `app` writes through its commands, so the store is not in this set.
ABOVE_STORE = PURE | {"app"}
EDGES = {"render", "export", "messages", "portal", "shops"}
EVERYTHING = ABOVE_STORE | EDGES | {"files", "store", "scenario", "testing"}

MAY_IMPORT: dict[str, set[str]] = {
    "kernel": set(),
    "files": {"kernel"},
    "pack": {"kernel", "files"},
    **{layer: {"kernel", "pack"} for layer in RULES},
    "store": {"kernel", "pack"},
    "app": PURE | {"store"},
    **dict.fromkeys(EDGES, ABOVE_STORE | {"files"}),
    "testing": EVERYTHING - {"scenario"},
    "scenario": EVERYTHING | {"sphinx_lib"},
    "demo": ABOVE_STORE | EDGES | {"files"},
    "cli": EVERYTHING | {"demo", "sphinx_lib"},
    "__main__": {"cli"},
    "sphinx_lib": EVERYTHING,  # sphinx_lib/__init__.py: the public names, resolved lazily
}

READERS = {"pack.reader", "pack.load"}  # the two modules that read files
FORBIDDEN_IN_PURE = {
    "alembic", "httpx", "jinja2", "open", "os", "pathlib", "requests", "socket", "sqlalchemy", "subprocess",
    "weasyprint",
}
READERS_MAY = {"open", "pathlib"}

WIRING = {"app.sphinx", "cli"}  # the modules that may ask the machine
AMBIENT = {
    "datetime.date.today", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
    "decimal.getcontext", "os.environ", "os.getenv", "time.time", "uuid.uuid1", "uuid.uuid4",
}

HEAVY = {"alembic", "httpx", "jinja2", "sqlalchemy", "typer", "weasyprint"}


class Import(NamedTuple):
    """One imported name; ``at_load`` is false inside functions and under TYPE_CHECKING, where no cycle can start."""

    line: int
    target: str
    at_load: bool


class Module(NamedTuple):
    """One source file: ``name`` is relative to the package ("pack.reader"), ``layer`` its first part."""

    path: Path
    name: str
    layer: str
    tree: ast.Module
    imports: tuple[Import, ...]


def read_modules(root: Path) -> dict[str, Module]:
    """Every module under ``root`` by full name ("sphinx_lib.pack.reader")."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        parts = parts[:-1] if is_package else parts
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        parents = parts if is_package else parts[:-1]
        imports = tuple(_imports(tree, parents, at_load=True))
        layer = parts[1] if len(parts) > 1 else root.name
        modules[".".join(parts)] = Module(path, ".".join(parts[1:]), layer, tree, imports)
    return modules


def _imports(node: ast.AST, parents: tuple[str, ...], *, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(child.lineno, alias.name, at_load) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            above = parents[: len(parents) - child.level + 1] if child.level else ()
            source = ".".join((*above, *([child.module] if child.module else [])))
            yield from (Import(child.lineno, f"{source}.{alias.name}", at_load) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            yield from _imports(ast.Module(child.body, []), parents, at_load=False)
            yield from _imports(ast.Module(child.orelse, []), parents, at_load=at_load)
        else:
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(child, parents, at_load=at_load and not deferred)


def findings(root: Path) -> list[str]:
    """Everything that breaks the direction of dependencies under ``root``, as ``file:line: what is wrong``."""
    modules = read_modules(root)
    found = []
    for module in modules.values():
        place = module.path.relative_to(root.parent).as_posix()
        checks = (_layers(module, modules, root.name), _impure(module), _ambient(module))
        found += [f"{place}:{line}: {text}" for check in checks for line, text in check]
    return [*found, *_cycle(modules, root.name)]


def _layers(module: Module, modules: dict[str, Module], package: str) -> Iterator[tuple[int, str]]:
    if module.layer not in MAY_IMPORT:
        yield 1, f"{module.layer} is not in MAY_IMPORT: decide what it may import"
        return
    for line, target, _ in module.imports:
        home = _home(target, modules, package)
        if home is None:
            continue
        layer = modules[home].layer
        if layer not in MAY_IMPORT[module.layer] | {module.layer}:
            yield line, f"{module.layer} must not import {layer}"


def _home(target: str, modules: dict[str, Module], package: str) -> str | None:
    """The module that ``target`` is or lives in; None outside the package."""
    if target.split(".")[0] != package:
        return None
    while target not in modules:
        target = target.rpartition(".")[0]
    return target


def _impure(module: Module) -> Iterator[tuple[int, str]]:
    if module.layer not in PURE:
        return
    forbidden = FORBIDDEN_IN_PURE - (READERS_MAY if module.name in READERS else set())
    used = [(line, target.split(".")[0]) for line, target, _ in module.imports]
    calls = (node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    used += [(call.lineno, "open") for call in calls if isinstance(call, ast.Name) and call.id == "open"]
    yield from ((line, f"{module.layer} must not use {name}") for line, name in used if name in forbidden)


def _ambient(module: Module) -> Iterator[tuple[int, str]]:
    if module.name in WIRING:
        return
    origins = _origins(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and (name := _dotted(node, origins)) in AMBIENT:
            yield node.lineno, f"{name} belongs in app/sphinx.py: take it as a parameter"


def _origins(tree: ast.Module) -> dict[str, str]:
    """Local name -> what was imported under it: ``from datetime import date as d`` gives d -> datetime.date."""
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                origins[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            origins |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return origins


def _dotted(node: ast.expr, origins: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, origins)}.{node.attr}"
    return origins.get(node.id, "") if isinstance(node, ast.Name) else ""


def _cycle(modules: dict[str, Module], package: str) -> list[str]:
    """The first ring of modules that import each other while they load."""
    graph: dict[str, set[str]] = {}
    for name, module in modules.items():
        homes = {_home(target, modules, package) for _, target, at_load in module.imports if at_load}
        graph[name] = {home for home in homes if home is not None} - {name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # graphlib lists the ring from imported to importer.
        return [f"import cycle: {' -> '.join(reversed(error.args[1]))}"]
    return []


def test_the_package_keeps_the_direction_of_dependencies() -> None:
    assert PACKAGE.is_dir()
    assert findings(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "source", "finding"),
    [
        ("kernel/a.py", "import sphinx_lib.store", "kernel/a.py:1: kernel must not import store"),
        ("kernel/a.py", "\nfrom sphinx_lib.store import tables", "kernel/a.py:2: kernel must not import store"),
        ("kernel/a.py", "from sphinx_lib import store", "kernel/a.py:1: kernel must not import store"),
        ("kernel/a.py", "from ..store import tables", "kernel/a.py:1: kernel must not import store"),
        ("kernel/a.py", "def f():\n    from sphinx_lib.store import x", "kernel/a.py:2: kernel must not import store"),
        ("pricing/a.py", "from sphinx_lib.stock import x", "pricing/a.py:1: pricing must not import stock"),
        ("render/a.py", "from sphinx_lib.export import x", "render/a.py:1: render must not import export"),
        ("export/a.py", "from sphinx_lib.store import x", "export/a.py:1: export must not import store"),
        ("kernel/a.py", "from sphinx_lib import Sphinx", "kernel/a.py:1: kernel must not import sphinx_lib"),
        ("fresh/a.py", "", "fresh/a.py:1: fresh is not in MAY_IMPORT: decide what it may import"),
        ("stock/a.py", "import sqlalchemy.orm as o", "stock/a.py:1: stock must not use sqlalchemy"),
        ("pack/models.py", "from pathlib import Path", "pack/models.py:1: pack must not use pathlib"),
        ("pack/reader.py", "import os", "pack/reader.py:1: pack must not use os"),
        ("billing/a.py", "def f(p):\n    return open(p)", "billing/a.py:2: billing must not use open"),
        (
            "store/a.py",
            "from datetime import datetime as d\nd.now(None)",
            "store/a.py:2: datetime.datetime.now belongs in app/sphinx.py: take it as a parameter",
        ),
        (
            "store/a.py",
            "import uuid\nmake = uuid.uuid4",
            "store/a.py:2: uuid.uuid4 belongs in app/sphinx.py: take it as a parameter",
        ),
        (
            "app/session.py",
            "import os\nos.environ['X']",
            "app/session.py:2: os.environ belongs in app/sphinx.py: take it as a parameter",
        ),
    ],
)
def test_each_breach_is_reported_with_its_file_and_line(file: str, source: str, finding: str, tmp_path: Path) -> None:
    assert findings(_tree(tmp_path, {file: source})) == [f"sphinx_lib/{finding}"]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("pack/reader.py", "from pathlib import Path\nfrom sphinx_lib.kernel import x\nopen('x')"),
        ("app/sphinx.py", "import os\nfrom datetime import datetime\nos.environ, datetime.now(None)"),
        ("export/a.py", "from sphinx_lib.accounting import x\nfrom sphinx_lib.app import y\nimport os"),
        ("cli.py", "from sphinx_lib import Sphinx\nfrom sphinx_lib.store import x"),
    ],
)
def test_what_the_layers_allow_is_not_reported(file: str, source: str, tmp_path: Path) -> None:
    assert findings(_tree(tmp_path, {file: source})) == []


def test_modules_that_import_each_other_while_they_load_are_reported(tmp_path: Path) -> None:
    sources = {"a": "from sphinx_lib.pack import b", "b": "from .c import x", "c": "from .a import y"}
    (found,) = findings(_tree(tmp_path, {f"pack/{name}.py": source for name, source in sources.items()}))
    ring = found.removeprefix("import cycle: ").split(" -> ")
    assert ring[0] == ring[-1]
    # The ring may start anywhere; going round it twice shows it whole, importer first.
    twice = " -> ".join(name.removeprefix("sphinx_lib.pack.") for name in ring[:-1] * 2)
    assert "a -> b -> c -> a" in twice


def test_an_import_for_types_or_inside_a_function_makes_no_cycle(tmp_path: Path) -> None:
    later = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import x\ndef f():\n    from .a import y"
    assert findings(_tree(tmp_path, {"pack/a.py": "from .b import z", "pack/b.py": later})) == []


def _tree(folder: Path, files: dict[str, str]) -> Path:
    root = folder / "sphinx_lib"
    for layer in (*MAY_IMPORT.keys() - {"cli", "__main__", "sphinx_lib"}, "."):
        (root / layer).mkdir(parents=True, exist_ok=True)
        (root / layer / "__init__.py").touch()
    for name, source in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(source, encoding="utf-8")
    return root


def _loaded_by(module: str) -> set[str]:
    program = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_library_loads_nothing_heavy() -> None:
    """Architecture §4.19: a host that never prints a PDF never pays for WeasyPrint."""
    assert _loaded_by("sphinx_lib") & HEAVY == set()


def test_the_probe_for_heavy_imports_sees_them() -> None:
    assert "jinja2" in _loaded_by("jinja2")
