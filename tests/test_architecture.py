"""The shape of the program, held by machine: imports, SQL, licences, the README's table."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.documents import KINDS

ROOT = Path(__file__).parents[1]
DATABASE = {"sqlalchemy", "psycopg", "psycopg_pool", "sqlite3"}
READING_ROOM = {"beancount", "beanquery", "beangulp", "fava"}
SQL = re.compile(
    r"^\s*(SELECT\s+.+\s+FROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|TRIGGER|INDEX)|WITH\s+\w+\s+AS\s*\()",
    re.IGNORECASE | re.DOTALL,
)


def modules() -> list[Path]:
    """Every source file of ours, relative to the repository."""
    found = [
        path for package in ("ledger", "importers", "exports", "commands") for path in (ROOT / package).rglob("*.py")
    ]
    return [path.relative_to(ROOT) for path in (*found, ROOT / "cli.py") if path.exists()]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Top-level package and line of every import, those inside functions too."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node.lineno


def offenders(packages: set[str], allowed: tuple[str, ...]) -> list[str]:
    """Where one of ``packages`` is imported outside the files and folders ``allowed``."""
    return [
        f"{path.as_posix()}:{line} imports {package}"
        for path in modules()
        if not path.as_posix().startswith(allowed)
        for package, line in imports(path)
        if package in packages
    ]


def test_imports_run_one_way() -> None:
    """The contracts of .importlinter hold (ADR 7)."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_storage_knows_databases() -> None:
    """Database drivers stand in ledger/storage alone."""
    assert offenders(DATABASE, ("ledger/storage/",)) == []


def test_only_storage_holds_sql() -> None:
    """No SQL text elsewhere: one place to read, one to mend."""
    found = [
        f"{path.as_posix()}:{node.lineno}"
        for path in modules()
        if not path.as_posix().startswith("ledger/storage/")
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    assert found == []


def test_beancount_is_kept_apart() -> None:
    """GPL code is imported by what exists for beancount users, and by nothing else (ADR 8)."""
    assert offenders(READING_ROOM, ("exports/beancount.py", "exports/fava/", "importers/beangulp.py")) == []


def test_nothing_of_ours_imports_the_beangulp_importers() -> None:
    """importers/beangulp.py is for beancount users; no module of ours may come to need it."""
    named = re.compile(r"importers\.beangulp|from importers import .*beangulp")
    paths = [path for path in modules() if path.as_posix() != "importers/beangulp.py"]
    assert [path.as_posix() for path in paths if named.search((ROOT / path).read_text(encoding="utf-8"))] == []


def test_core_starts_without_the_reading_room() -> None:
    """The command line loads where neither beancount nor fava is installed."""
    if not (ROOT / "cli.py").exists():
        pytest.skip("no command line yet")
    blocked = ", ".join(f"{name!r}: None" for name in sorted(READING_ROOM))
    code = f"import sys; sys.modules.update({{{blocked}}}); import cli"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_readme_finds_every_event() -> None:
    """Each kind that posts has a row in the README's table, and a rule file of its name."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| Event |") : readme.index("Master data and memoranda")]
    named = set(re.findall(r"`([a-z_]+)`", re.sub(r"`ledger/postings/`", "", table)))
    posting = {name for name, kind in KINDS.items() if kind.posts}
    assert posting - named == set()
    assert named - set(KINDS) == set()
    assert {name for name in posting if not (ROOT / "ledger" / "postings" / f"{name}.py").exists()} == set()
