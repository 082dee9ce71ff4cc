"""Checkpoints (检查点): the size and root of the log, signed by a key outside the database.

::

    meterbook/operating/3f2a…          origin: which log
    4711                               size: how many leaves
    base64(root)

    — meterbook/operating/3f2a… base64(key id ‖ Ed25519 signature)

The text is a C2SP tlog-checkpoint in a signed note, which other people's verifiers read
too. Whoever keeps one can prove later that nothing before it was altered. The key lies in
a file of its own (``METERBOOK_KEY``, else in the user's configuration), never in the book.
Source: audit.md §2.3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import NotFound, Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "ed25519/sha256"
_ED25519 = b"\x01"
_DASH = "— "
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note says."""

    origin: str
    size: int
    root: bytes


def vkey(origin: str, public: bytes) -> str:
    """A verifier key as text: ``origin+hex id+base64(0x01 ‖ public key)``."""
    return f"{origin}+{key_id(origin, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def key_id(origin: str, public: bytes) -> bytes:
    """The first four bytes of SHA-256 over name, newline, algorithm and key (C2SP signed-note)."""
    return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]


def public_of(key: str) -> tuple[str, bytes]:
    """``(origin, public key)`` of a verifier key.

    Raises:
        ValueError: it is none, or its id is not its own.
    """
    origin, identity, encoded = key.rsplit("+", 2)
    decoded = base64.b64decode(encoded, validate=True)
    if decoded[:1] != _ED25519 or len(decoded) != 33 or key_id(origin, decoded[1:]).hex() != identity:  # noqa: PLR2004
        raise ValueError(key)
    return origin, decoded[1:]


def text(origin: str, size: int, root: bytes) -> str:
    """What is signed."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


class Signer:
    """A private key and the log it signs for."""

    def __init__(self, origin: str, private: Ed25519PrivateKey) -> None:
        self.origin = origin
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        """The verifier key of this signer."""
        return vkey(self.origin, self.public)

    @property
    def key_id(self) -> str:
        """Its id, hex."""
        return key_id(self.origin, self.public).hex()

    def sign(self, size: int, root: bytes) -> str:
        """A checkpoint as a signed note."""
        said = text(self.origin, size, root)
        signature = self._private.sign(said.encode())
        encoded = base64.b64encode(bytes.fromhex(self.key_id) + signature).decode()
        return f"{said}\n{_DASH}{self.origin} {encoded}\n"


def read_note(note: str, keys: list[str]) -> Checkpoint:
    """The checkpoint of a note that one of these verifier keys signed.

    Raises:
        ValueError: it is no checkpoint, or none of the keys signed it.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    body, blank, signatures = note.partition("\n\n")
    said = body + "\n"
    lines = body.split("\n")
    if not blank or len(lines) < 3:  # noqa: PLR2004
        raise ValueError(_("不是检查点"))
    known = {key_id(*public_of(key)): public_of(key) for key in keys}
    for line in signatures.splitlines():
        if not line.startswith(_DASH):
            continue
        try:
            raw = base64.b64decode(line.rsplit(" ", 1)[-1], validate=True)
        except binascii.Error:
            continue
        (origin, public) = known.get(raw[:4], ("", b""))
        if not public or origin != lines[0]:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], said.encode())
        except InvalidSignature:
            continue
        return Checkpoint(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True))
    raise ValueError(_("检查点的签名不对"))


# -- where the key lies ------------------------------------------------------------------------


def key_path(origin: str) -> Path:
    """The key file of a log: ``METERBOOK_KEY``, else in the user's configuration."""
    if named := os.environ.get("METERBOOK_KEY"):
        return Path(named)
    if os.name == "nt":
        base = Path(os.environ.get("APPDATA", str(Path.home() / "AppData" / "Roaming")))
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config")))
    return base / "meterbook" / f"{_UNSAFE.sub('-', origin)}.key"


def create_key(path: Path) -> None:
    """A new private key in a file that its owner alone reads; an existing one is left alone."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")


def load_signer(origin: str, path: Path) -> Signer:
    """The signer of a key file.

    Raises:
        NotFound: there is no such file.
        Refused: it holds no key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        written = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise NotFound(
            _("找不到签名密钥 {path}:请从建账的机器取来,或用 METERBOOK_KEY 指明").format(path=path)
        ) from None
    except (OSError, UnicodeDecodeError):
        raise Refused(_("读不出签名密钥 {path}").format(path=path)) from None
    try:
        return Signer(origin, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(written)))
    except ValueError:
        raise Refused(_("{path} 不是签名密钥").format(path=path)) from None


def memory_signer(origin: str) -> Signer:
    """A signer for a book in memory, as short-lived as the book."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Signer(origin, Ed25519PrivateKey.generate())


def ssh_public(public: bytes) -> str:
    """The same public key as ``ssh-keygen`` writes it."""
    kind = b"ssh-ed25519"
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", len(public)) + public
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"
