"""No password is printed: addresses, messages, drivers' words, a wrong password on a real server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from ledger import redact
from ledger.errors import Refused
from ledger.storage import Store
from tests.docs.test_tutorial import run
from tests.test_cli import shell

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-xyzzy"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}@h/db",
        f"postgres://u:{SECRET}@h:5432/db?sslmode=require",
        f"postgresql://u:a {SECRET}@{SECRET}@h/db",
        f"postgresql://u@h/db?password={SECRET}&sslmode=require",
        f"postgresql://:{SECRET}@h/db",
        f"postgresql+psycopg://u:p:{SECRET}@h/db",
    ],
)
def test_addresses_keep_no_password(url: str) -> None:
    assert SECRET not in redact.address(url)
    assert redact.address(url).endswith(("@h/db", "sslmode=require", "***", "@h:5432/db?sslmode=require"))
    assert redact.has_secret(url)


@pytest.mark.parametrize(
    "url", ["sqlite:///C:/账簿/a@b.db", "sqlite://", "postgresql://u@h/db", "postgresql:///db?host=/run/x"]
)
def test_addresses_without_password_stay(url: str) -> None:
    assert (redact.address(url), redact.has_secret(url)) == (url, False)


def test_running_text() -> None:
    """In the middle of a sentence, as libpq writes it, or as a known word."""
    assert redact.text(f'at postgresql://u:{SECRET}@h/db "x"') == 'at postgresql://u:***@h/db "x"'
    assert redact.text(f"host=h password='{SECRET} b' user=u") == "host=h password=*** user=u"
    assert redact.text(f"FATAL {SECRET}", SECRET) == "FATAL ***"
    assert redact.numbers("卡 6200000000000103 单 20230609001") == "卡 ****0103 单 20230609001"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}@h:54x/db",
        f"postgresql://u:a@{SECRET}@h/db",
        f"nonsense {SECRET}",
        f"mysql://u:{SECRET}@h/db",
    ],
)
def test_a_wrong_address_is_not_repeated(url: str) -> None:
    """What cannot be read as an address may hold a password anywhere."""
    with pytest.raises(Exception) as caught:
        Store(url)
    assert SECRET not in str(caught.value)


def test_a_refused_login_tells_no_password(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server asks for a password and the wrong one is given: nothing printed holds it."""
    folder = make_url(postgres_url).query["host"]
    refused = f"postgresql://nobody:{SECRET}@/postgres?host={folder}"
    with pytest.raises(Refused) as caught, Store(refused).reading():
        pass
    assert "nobody" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    monkeypatch.setenv("METERBOOK_DB", refused)
    for command in ("doctor", "report R25"):
        status, text = run(f"meterbook {command}")
        assert (status, SECRET in text) == (1, False), command
    done = shell("backup", "--db", refused, METERBOOK_DB="")
    assert (done.returncode, SECRET in done.stdout + done.stderr) == (1, False)
    assert "METERBOOK_DB" in done.stderr  # a password on the command line is warned of


def test_a_fault_of_ours_is_told_without_passwords() -> None:
    """A traceback is printed, and a password in its message is not."""
    code = (
        "import cli, commands.common as c\n"
        f"def broken(db): raise ZeroDivisionError('postgresql://u:{SECRET}@h/db')\n"
        "cli.open_ledger = broken\n"
        "import sys; sys.argv = ['meterbook', 'post', 'charge', 'x.csv']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert f"u:{SECRET}" not in done.stderr.replace(code, "")
