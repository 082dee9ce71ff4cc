"""Checkpoints (检查点): the size and root of the log, signed by a key outside the database.

::

    meterbook/operating/3f2a…          origin: which log
    4711                               size: how many leaves
    base64(root)

    — meterbook/operating/3f2a… base64(key id ‖ Ed25519 signature)
    — meterbook/operating/3f2a… base64(key id ‖ the same key's signature as ssh-keygen -Y makes it)

The text is a C2SP tlog-checkpoint in a signed note, which other people's verifiers read
too; they pass over the second line, which lets ``ssh-keygen -Y verify`` judge the same
text. Whoever keeps a checkpoint can prove later that nothing before it was altered. The
key lies in a file of its own (``METERBOOK_KEY``, else in the user's configuration), never
in the book. Source: audit.md §2.3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import struct
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import NotFound, Refused
from ledger.i18n import _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "ed25519/sha256"
NAMESPACE = "meterbook-checkpoint"
"""What ``ssh-keygen -Y verify -n`` is told: a signature for one purpose is none for another."""

_ED25519 = b"\x01"
_SSH = b"\xffsshsig " + NAMESPACE.encode() + b"\n"
"""0xff: a kind of signature without a number of its own (C2SP signed-note)."""
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


def ssh_key_id(origin: str, public: bytes) -> bytes:
    """The id of the same key's second signature."""
    return hashlib.sha256(origin.encode() + b"\n" + _SSH + public).digest()[:4]


def public_of(key: str) -> tuple[str, bytes]:
    """``(origin, public key)`` of a verifier key.

    Raises:
        ValueError: it is none, or its id is not its own.
    """
    origin, identity, encoded = key.split("+", 2)  # base64 has "+" too, a name never
    decoded = base64.b64decode(encoded, validate=True)
    if decoded[:1] != _ED25519 or len(decoded) != 33 or key_id(origin, decoded[1:]).hex() != identity:
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
        return _note(
            said,
            self.origin,
            self.public,
            self._private.sign(said.encode()),
            self._private.sign(_ssh_signed(said.encode())),
        )


def _note(said: str, origin: str, public: bytes, signature: bytes, ssh_signature: bytes) -> str:
    lines = (key_id(origin, public) + signature, ssh_key_id(origin, public) + ssh_signature)
    return f"{said}\n" + "".join(f"{_DASH}{origin} {base64.b64encode(line).decode()}\n" for line in lines)


def holds(note: str, key: str, size: int, root: bytes) -> bool:
    """Whether a note is, to the letter, what this key's signer says of a log of that size and root."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    origin, public = public_of(key)
    said = text(origin, size, root)
    raw = signatures(note)
    one, two = raw.get(key_id(origin, public), b""), raw.get(ssh_key_id(origin, public), b"")
    if note != _note(said, origin, public, one, two):
        return False
    try:
        verifier = Ed25519PublicKey.from_public_bytes(public)
        verifier.verify(one, said.encode())
        verifier.verify(two, _ssh_signed(said.encode()))
    except InvalidSignature:
        return False
    return True


def signatures(note: str) -> dict[bytes, bytes]:
    """Key id → signature, of every line of a note that is one."""
    found: dict[bytes, bytes] = {}
    for line in note.partition("\n\n")[2].splitlines():
        if not line.startswith(_DASH):
            continue
        try:
            raw = base64.b64decode(line.rsplit(" ", 1)[-1], validate=True)
        except binascii.Error:
            continue
        found[raw[:4]] = raw[4:]
    return found


def read_note(note: str, keys: list[str]) -> Checkpoint:
    """The checkpoint of a note that one of these verifier keys signed.

    Raises:
        ValueError: it is no checkpoint, or none of the keys signed it.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    body, blank, _rest = note.partition("\n\n")
    said = body + "\n"
    lines = body.split("\n")
    if not blank or len(lines) < 3 or not lines[1].isdecimal():
        raise ValueError(_("不是检查点"))
    signed = signatures(note)
    for origin, public in map(public_of, keys):
        signature = signed.get(key_id(origin, public))
        if signature is None or origin != lines[0]:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, said.encode())
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


# -- for ssh-keygen ---------------------------------------------------------------------------------


def ssh_public(public: bytes) -> str:
    """The same public key as ``ssh-keygen`` writes it."""
    return f"ssh-ed25519 {base64.b64encode(_ssh_blob(public)).decode()}"


def ssh_signature(note: str, key: str) -> str:
    """The second signature of a note as a file for ``ssh-keygen -Y verify -s``.

    Raises:
        ValueError: the note has none by this key.
    """
    origin, public = public_of(key)
    raw = signatures(note).get(ssh_key_id(origin, public))
    if raw is None:
        raise ValueError(key)
    blob = b"SSHSIG" + struct.pack(">I", 1) + _string(_ssh_blob(public)) + _string(NAMESPACE.encode())
    blob += _string(b"") + _string(b"sha512") + _string(_string(b"ssh-ed25519") + _string(raw))
    lines = textwrap.wrap(base64.b64encode(blob).decode(), 70)
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def _ssh_signed(said: bytes) -> bytes:
    """What ``ssh-keygen -Y sign`` signs of a text (OpenSSH PROTOCOL.sshsig)."""
    parts = NAMESPACE.encode(), b"", b"sha512", hashlib.sha512(said).digest()
    return b"SSHSIG" + b"".join(map(_string, parts))


def _ssh_blob(public: bytes) -> bytes:
    return _string(b"ssh-ed25519") + _string(public)


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
