"""A PostgreSQL cluster for the tests: the machine's binaries, a folder of its own, gone at the end.

It listens on a socket in that folder only. PostgreSQL refuses to run as root, so as
root it runs under the system user ``postgres``.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM_USER = "postgres"


class NoPostgres(Exception):
    """Why no cluster can be started here."""


def binaries() -> Path:
    """The folder of initdb, pg_ctl and postgres: the newest version installed."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0,
        reverse=True,
    )
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for folder in [*packaged, *on_path]:
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoPostgres("no initdb, pg_ctl, postgres on PATH or in /usr/lib/postgresql/*/bin")


def _as_server(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    if shutil.which("runuser"):
        return ["runuser", "-u", SYSTEM_USER, "--", *command]
    return ["su", SYSTEM_USER, "-s", "/bin/sh", "-c", shlex.join(command)]


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        _as_server(command),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        log = folder / "log"
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise NoPostgres(f"{command[0]} failed: {done.stdout[-2000:]} {said}")


@contextmanager
def cluster() -> Iterator[str]:
    """A running cluster; gives the URL of its superuser on the database ``postgres``."""
    where = binaries()
    # Sockets have short paths (108 bytes): not under a long TMPDIR.
    base = "/tmp" if os.access("/tmp", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="mb-pg-", dir=base))
    stop = [str(where / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"]
    caretaker = _caretaker(stop, folder)
    try:
        if os.geteuid() == 0:
            try:
                user = pwd.getpwnam(SYSTEM_USER)
            except KeyError:
                raise NoPostgres("root needs the system user postgres to run it") from None
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        _run(
            [
                str(where / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
            ],
            folder,
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_wal_size": "4GB",
            "max_connections": "50",
            "autovacuum": "off",
        }
        with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        _run([str(where / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "start"], folder)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        caretaker.communicate(timeout=60)


def _caretaker(stop: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Stops the cluster and removes its folder once our end of its input is closed.

    The system closes it too when the tests are killed, so that nothing is left behind.
    """
    # A cluster that never started has nothing to stop; its folder goes all the same.
    script = f"cat >/dev/null; {shlex.join(_as_server(stop))} >/dev/null 2>&1; rm -rf {shlex.quote(str(folder))}"
    return subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE, cwd="/", start_new_session=True)
