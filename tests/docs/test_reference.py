"""Pages written from data say what the data says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_statement_dialects_are_up_to_date() -> None:
    """Else: python scripts/statement_dialects.py."""
    module = script("statement_dialects")
    assert module.render() == module.PAGE.read_text(encoding="utf-8")
