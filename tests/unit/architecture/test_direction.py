"""The house stands as designed: imports go one way, the core is pure, and nothing shadows the standard library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "operator"
CORE = ("model", "facts", "history", "diagnosis", "tuning", "change")
MODULES = sorted((SOURCES / "probetuner").rglob("*.py"))
PURE = [path for path in MODULES if path.relative_to(SOURCES / "probetuner").parts[0] in CORE]

_CLOCKS = {("time", "time"), ("time", "monotonic"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}
_NO_PART_OF_THE_CORE = {"asyncio", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess", "threading"}
_SAVED_FORM, _STATUS = "probetuner/history/codec.py", "probetuner/change/status.py"
_LIBRARIES_BY_LEAVE = {_SAVED_FORM: {"msgspec"}, _STATUS: {"yaml"}}


def test_imports_go_one_way() -> None:
    """The contracts of pyproject.toml hold."""
    lint_imports = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_source_root_is_no_package() -> None:
    """`operator/__init__.py` would shadow the standard library's operator for everything that runs from here."""
    assert not (SOURCES / "__init__.py").exists()
    assert not (ROOT / "tests" / "operator").exists()


def test_no_module_shadows_what_everybody_imports() -> None:
    """A module that is run from its own folder would be taken for the standard library's."""
    folders = (SOURCES / "probetuner", ROOT / "tests")
    names = {path.stem for folder in folders for path in folder.rglob("*.py")}

    assert not names & {"logging", "operator", "queue", "select", "signal", "types"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(SOURCES)))
def test_the_core_reads_no_clock_and_does_no_io(path: Path) -> None:
    """The core takes values and returns values: no clock, no files, no threads, no logs, only the standard library."""
    tree = ast.parse(path.read_text())
    imported = {name.split(".")[0] for node in ast.walk(tree) for name in _imports(node)}
    called = {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    opened = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in {"open", "print", "input"}]

    allowed = set(sys.stdlib_module_names) - _NO_PART_OF_THE_CORE | {"probetuner"}
    assert imported <= allowed | _LIBRARIES_BY_LEAVE.get(path.relative_to(SOURCES).as_posix(), set())
    assert not called & _CLOCKS
    assert opened == []


def _imports(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module)):
            return [module]
    return []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCES)))
def test_modules_stay_small(path: Path) -> None:
    """A room that grows past 300 lines is two rooms."""
    assert len(path.read_text().splitlines()) <= 300
