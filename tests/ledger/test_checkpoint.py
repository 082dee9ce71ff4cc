"""Checkpoints: published signatures, notes as other verifiers read them, keys that are kept well."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import checkpoint
from ledger.checkpoint import Signer, holds, memory_signer, public_of, read_note, ssh_public, ssh_signature, vkey
from ledger.errors import NotFound, Refused
from ledger.merkle import EMPTY

ORIGIN = "meterbook/operating/3f2a"

# RFC 8032 §7.1: secret key, public key, message, signature
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


def signer(secret: str = VECTORS[0][0]) -> Signer:
    return Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)))


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_published_signatures(secret: str, public: str, message: str, signature: str) -> None:
    """The library signs as RFC 8032 says."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert private.public_key().public_bytes_raw().hex() == public
    assert private.sign(bytes.fromhex(message)).hex() == signature


def test_golden_note() -> None:
    """A note, to the letter: whoever kept one of ours reads it for ever."""
    note = signer().sign(0, EMPTY)
    assert note.split("\n\n")[0] == f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert signer().vkey == f"{ORIGIN}+{signer().key_id}+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
    assert [line.split(" ")[1] for line in note.split("\n\n")[1].splitlines()] == [ORIGIN, ORIGIN]
    assert holds(note, signer().vkey, 0, EMPTY)


def test_example_of_the_specification() -> None:
    """The verifier key of C2SP signed-note's own example is read, its id is what it says."""
    origin, public = public_of("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert origin == "PeterNeumann"
    assert checkpoint.key_id(origin, public).hex() == "c74f20a3"
    assert vkey(origin, public) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_read_again() -> None:
    other = memory_signer(ORIGIN)
    note = signer().sign(17, EMPTY)
    said = read_note(note, [other.vkey, signer().vkey])
    assert (said.origin, said.size, said.root) == (ORIGIN, 17, EMPTY)
    with pytest.raises(ValueError, match="签名"):
        read_note(note, [other.vkey])
    with pytest.raises(ValueError, match="签名"):
        read_note(note, [vkey("meterbook/other/1", signer().public)])


def test_not_a_letter_may_differ() -> None:
    """Every change of a note is seen, those that other readers would pass over too."""
    key, note = signer().vkey, signer().sign(17, EMPTY)
    assert holds(note, key, 17, EMPTY)
    for place, letter in enumerate(note):
        for changed in (note[:place] + note[place + 1 :], note[:place] + chr(ord(letter) ^ 1) + note[place + 1 :]):
            assert changed == note or not holds(changed, key, 17, EMPTY), place
    assert not holds(note + "\n", key, 17, EMPTY)
    assert not holds(note, key, 18, EMPTY)
    assert not holds(note, key, 17, bytes(32))
    assert not holds(note, memory_signer(ORIGIN).vkey, 17, EMPTY)
    assert not holds("", key, 17, EMPTY)


@pytest.mark.parametrize("text", ["", "x", "a\nb\nc\n\n", "\n\n\n", "o\n-1\nAA==\n\n— o AAAA\n", "o\n１x\n\n\n— o é\n"])
def test_no_note(text: str) -> None:
    with pytest.raises(ValueError, match=r"检查点"):
        read_note(text, [signer().vkey])


@pytest.mark.parametrize(
    "text", ["", "a+b", "a+b+c", f"{ORIGIN}+00000000+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"]
)
def test_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        public_of(text)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen on this machine")
def test_ssh_keygen_judges_too(tmp_path: Path) -> None:
    """``ssh-keygen -Y verify`` takes the checkpoint, and refuses another text, key and purpose."""
    ours, note = signer(), signer().sign(17, EMPTY)
    text = checkpoint.text(ORIGIN, 17, EMPTY)

    def judged(text: str, by: Signer, purpose: str) -> bool:
        (tmp_path / "signers").write_text(f"meterbook {ssh_public(by.public)}\n")
        (tmp_path / "sig").write_text(ssh_signature(note, ours.vkey))
        command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "meterbook", "-n", purpose, "-s", "sig"]
        done = subprocess.run(command, cwd=tmp_path, input=text.encode(), capture_output=True, check=False)
        return done.returncode == 0

    assert judged(text, ours, checkpoint.NAMESPACE)
    assert not judged(text.replace("17", "18"), ours, checkpoint.NAMESPACE)
    assert not judged(text, memory_signer(ORIGIN), checkpoint.NAMESPACE)
    assert not judged(text, ours, "file")


def test_key_file(tmp_path: Path) -> None:
    """A key is made once, for its owner alone, and never replaced."""
    path = tmp_path / "new" / "book.key"
    with pytest.raises(NotFound, match=r"book\.key"):
        checkpoint.load_signer(ORIGIN, path)
    checkpoint.create_key(path)
    first = checkpoint.load_signer(ORIGIN, path)
    checkpoint.create_key(path)
    assert checkpoint.load_signer(ORIGIN, path).vkey == first.vkey
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"zz", b"00", "密钥".encode(), b"\xff\xfe", b"00" * 33])
def test_no_key_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "book.key"
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"book\.key"):
        checkpoint.load_signer(ORIGIN, path)


def test_where_the_key_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``METERBOOK_KEY``, else the user's configuration; the name of the log is a safe file name."""
    monkeypatch.setenv("METERBOOK_KEY", str(tmp_path / "k"))
    assert checkpoint.key_path(ORIGIN) == tmp_path / "k"
    monkeypatch.delenv("METERBOOK_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    assert checkpoint.key_path("meterbook/水务/../x:y") == tmp_path / "meterbook" / "meterbook-..-x-y.key"
