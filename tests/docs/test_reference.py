"""Pages written from data say what the data says."""

from __future__ import annotations

import importlib.util
import re
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


def test_what_is_said_of_commands_rules_and_registers_is_up_to_date() -> None:
    """Else: python scripts/reference.py."""
    pages = script("reference").pages()
    assert len(pages) == 8
    for page, text in pages.items():
        assert text == page.read_text(encoding="utf-8"), page.name


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    """docs/README.md names each page once; no link of any page is dead."""
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text(encoding="utf-8")
    linked = [docs / target for target in re.findall(r"]\(([\w./-]+\.md)", index)]
    pages = {page for page in docs.rglob("*.md") if page.parent.name != "adr" and page.name != "README.md"}
    assert pages <= set(linked), sorted(str(page) for page in pages - set(linked))
    for page in [*docs.rglob("*.md"), ROOT / "README.md"]:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"]\((?!https?:)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
