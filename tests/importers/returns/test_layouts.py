"""Every layout has a sample of its own beside what we expect of it, and is recognised alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from importers.returns import load_layouts, read_return
from importers.returns.layout import SHIPPED
from importers.statements import user_folder
from importers.statements.dialect import FILE_MAX
from ledger.errors import ConfigError, ImportRejected

HERE = Path(__file__).parent / "layouts"
NAMES = sorted(path.parent.name for path in HERE.glob("*/expected.toml"))


def sample(name: str) -> Path:
    return next(path for path in (HERE / name).iterdir() if path.stem == "sample")


def expected(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name / "expected.toml").read_text(encoding="utf-8"))


def test_no_layout_without_a_sample() -> None:
    assert sorted(path.stem for path in SHIPPED.glob("*.toml")) == NAMES
    assert [layout.name for layout in load_layouts()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_sample_gives_its_figures(name: str) -> None:
    """Layout, batch, day, counts, sums, outcomes and findings of ``expected.toml``; absent means null."""
    want, seen = expected(name), read_return(sample(name)).as_json()
    assert {key: want.get(key) for key in seen if key not in ("outcomes", "findings")} == {
        key: seen[key] for key in seen if key not in ("outcomes", "findings")
    }
    assert (want["outcomes"], want["findings"]) == (seen["outcomes"], [one["code"] for one in seen["findings"]])


@pytest.mark.parametrize("name", NAMES)
def test_sample_fits_one_layout_only(name: str) -> None:
    with pytest.raises(ImportRejected):
        read_return(sample(name), layouts=[layout for layout in load_layouts() if layout.name != name])


# -- a user's own ----------------------------------------------------------------------------------

MINE = (SHIPPED / "pipe_send.toml").read_text(encoding="utf-8").replace('name = "pipe_send"', 'name = "mine"')


def test_the_folder_stands_beside_the_book_or_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METERBOOK_LAYOUTS", raising=False)
    assert user_folder(tmp_path / "book.db", "layouts") is None
    (tmp_path / "layouts").mkdir()
    assert user_folder(tmp_path / "book.db", "layouts") == tmp_path / "layouts"
    monkeypatch.setenv("METERBOOK_LAYOUTS", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="METERBOOK_LAYOUTS"):
        user_folder(None, "layouts")


def test_a_users_layouts_join_the_shipped(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE, encoding="utf-8")
    (tmp_path / "new.toml").touch()
    assert {layout.name for layout in load_layouts(tmp_path)} == {*NAMES, "mine"}


@pytest.mark.parametrize(
    ("text", "file", "key"),
    [
        (MINE.replace('"mine"', '"../mine"'), "a.toml", "name"),
        (MINE.replace("[header]", 'include = "/etc/passwd"\n[header]'), "a.toml", "include"),
        (MINE.replace('delimiter = "|"', 'delimiter = "\\u001b"'), "a.toml", "delimiter"),
        (MINE.replace("[row]", f"[rows]\nfooter = {['x'] * 61}\n[row]"), "a.toml", "rows.footer"),
        (MINE.replace("[row]", f'[rows]\nfooter = "{"时" * 121}"\n[row]'), "a.toml", "rows.footer"),
        (MINE.replace('amount = "yuan"', 'amount = "yuan"\nfee_negative = "no"'), "a.toml", "fee_negative"),
        (MINE.replace('purpose = "send"', 'purpose = "settlement"'), "a.toml", "columns.reference"),
        ("x = " + "[" * 50_000, "a.toml", ""),
        ("#" * (FILE_MAX + 1), "a.toml", ""),
        (MINE + "\n", "b.toml", "name"),
    ],
)
def test_a_hostile_layout_is_refused_with_file_and_key(text: str, file: str, key: str, tmp_path: Path) -> None:
    """Unknown keys, wrong types, long or unprintable words, deep nesting, a name twice."""
    if file == "b.toml":
        (tmp_path / "a.toml").write_text(MINE, encoding="utf-8")
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_layouts(tmp_path)
    assert (file, key) == (refused.value.faults[0].file, refused.value.faults[0].column or "")


def test_files_that_are_no_plain_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").mkdir()
    with pytest.raises(ConfigError, match=r"c\.toml"):
        load_layouts(tmp_path)
