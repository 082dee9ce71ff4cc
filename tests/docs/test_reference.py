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


def test_what_is_read_for_banks_is_up_to_date() -> None:
    """Else: python scripts/import_formats.py."""
    for page, text in script("import_formats").pages().items():
        assert text == page.read_text(encoding="utf-8"), page.name
