"""The auditor's own program: it needs nothing of ours, takes what is good and nothing else."""

from __future__ import annotations

import ast
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.audit import verify_proof
from exports.audit.verify_proof import Bad, check, signed_by
from ledger.checkpoint import Signer, memory_signer, ssh_signature
from ledger.merkle import consistency_path, inclusion_path, leaf_hashes, root
from tests.ledger.test_checkpoint import VECTORS

SCRIPT = Path(verify_proof.__file__)
ORIGIN = "meterbook/W/3f2a"
SIGNER = memory_signer(ORIGIN)


def texts(count: int) -> list[str]:
    return [json.dumps(["meterbook.entry/1", "W", str(number), "水费"], ensure_ascii=False) for number in range(count)]


def announcement(key: str) -> str:
    return json.dumps(["meterbook.key/1", "W", "1", "id", key, "admin", "2023-06-30T00:00:00Z"])


def note(entries: list[str], size: int, signer: Signer = SIGNER) -> str:
    return signer.sign(size, root(leaf_hashes([entry.encode() for entry in entries[:size]])))


def proof_of(entries: list[str], index: int, size: int | None = None, signer: Signer = SIGNER) -> dict[str, Any]:
    """One entry, its place and path, and the checkpoint over the first ``size``."""
    size = size or len(entries)
    blob = leaf_hashes([entry.encode() for entry in entries[:size]])
    path = [step.hex() for step in inclusion_path(blob, index)]
    return {"entry": entries[index], "index": index, "path": path, "checkpoint": note(entries, size, signer)}


def bundle(entries: list[str], index: int, old: int | None = None) -> dict[str, Any]:
    blob = leaf_hashes([entry.encode() for entry in entries])
    made = {"format": verify_proof.FORMAT, **proof_of(entries, index), "keys": [{"vkey": SIGNER.vkey}]}
    if old:
        made["consistency"] = {"size": old, "path": [step.hex() for step in consistency_path(blob, old)]}
    return made


def test_nothing_but_the_standard_library() -> None:
    """The script imports Python's own modules alone: it is to run where nothing is installed."""
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = [
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert set(names) <= set(sys.stdlib_module_names)


# --- Ed25519 ------------------------------------------------------------------------------


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_published_signatures(secret: str, public: str, message: str, signature: str) -> None:
    """RFC 8032 §7.1: each holds, and with any one bit changed it does not."""
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert signed_by(key, text, signed)
    assert not signed_by(key, text + b"x", signed)
    for place in (0, 31, 32, 63):
        changed = bytearray(signed)
        changed[place] ^= 1
        assert not signed_by(key, text, bytes(changed))
    assert not signed_by(key[:-1], text, signed)
    assert not signed_by(key, text, signed[:-1])


def test_one_signature_has_one_form() -> None:
    """S + L would pass a careless check: RFC 8032 §5.1.7 forbids it."""
    key, text, signed = (bytes.fromhex(part) for part in VECTORS[1][1:])
    larger = int.from_bytes(signed[32:], "little") + verify_proof.L
    assert not signed_by(key, text, signed[:32] + larger.to_bytes(32, "little"))


@pytest.mark.parametrize("y", [2, verify_proof.P, verify_proof.P + 1, 2**255 - 1, 1 | 1 << 255])
def test_no_point(y: int) -> None:
    """What is no point of the curve, or not written the one way, is no key."""
    assert verify_proof.point_of(y.to_bytes(32, "little")) is None


@settings(max_examples=15)
@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32), st.integers(0, 511))
def test_like_the_library(message: bytes, secret: bytes, bit: int) -> None:
    """Our Ed25519 and OpenSSL's say the same, of a signature and of one with a bit turned."""
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes_raw()
    signed = bytearray(private.sign(message))
    assert signed_by(public, message, bytes(signed))
    signed[bit // 8] ^= 1 << bit % 8
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(signed), message)
        theirs = True
    except InvalidSignature:
        theirs = False
    assert signed_by(public, message, bytes(signed)) == theirs


# --- proofs -----------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.data())
def test_good(data: st.DataObject) -> None:
    """Any entry of any log is proved, against any checkpoint of its past."""
    entries = texts(data.draw(st.integers(1, 40)))
    index = data.draw(st.integers(0, len(entries) - 1))
    old = data.draw(st.integers(1, len(entries)))
    said = check(bundle(entries, index, old), SIGNER.vkey, note(entries, old))
    assert any(f"leaf {index}, size {len(entries)}" in line for line in said)
    assert any(f"{old} of {len(entries)}" in line for line in said)


ENTRIES = texts(11)


def changed(**new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda proof: proof.update(new)


BAD: dict[str, Callable[[dict[str, Any]], None]] = {
    "format": changed(format="meterbook.proof/2"),
    "entry": changed(entry=ENTRIES[3]),
    "a letter of the entry": lambda proof: proof.update(entry=proof["entry"].replace("水费", "水贵")),
    "index": changed(index=3),
    "index beyond": changed(index=11),
    "index before": changed(index=-1),
    "path shorter": lambda proof: proof["path"].pop(),
    "path longer": lambda proof: proof["path"].append("00" * 32),
    "path swapped": lambda proof: proof["path"].reverse(),
    "size": lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("\n11\n", "\n12\n")),
    "another signer": changed(checkpoint=note(ENTRIES, 11, memory_signer(ORIGIN))),
    "another log": changed(checkpoint=note(ENTRIES, 11, memory_signer("meterbook/X/1"))),
    "no signature": lambda proof: proof.update(checkpoint=proof["checkpoint"].partition("— ")[0]),
    "consistency": lambda proof: proof["consistency"]["path"].reverse(),
    "consistency of another size": lambda proof: proof["consistency"].update(size=5),
}


@pytest.mark.parametrize("how", BAD)
def test_bad(how: str) -> None:
    """Whatever is changed in a proof, it no longer holds."""
    proof = bundle(ENTRIES, 6, 4)
    check(proof, SIGNER.vkey, note(ENTRIES, 4))
    BAD[how](proof)
    with pytest.raises(Bad):
        check(proof, SIGNER.vkey, note(ENTRIES, 4))


def test_another_past() -> None:
    """A kept checkpoint of another history, of another key or of a longer log is refused."""
    proof = bundle(ENTRIES, 6, 4)
    for kept in (
        note(list(reversed(ENTRIES)), 4),
        note(ENTRIES, 4, memory_signer(ORIGIN)),
        note(texts(12), 12),
        note(ENTRIES, 5),
    ):
        with pytest.raises(Bad):
            check(proof, SIGNER.vkey, kept)
    check(bundle(ENTRIES, 6), SIGNER.vkey, note(ENTRIES, 11))  # the very same checkpoint needs no path


def test_keys_follow_each_other() -> None:
    """A later key counts where an earlier one signed its announcement, and only there."""
    new, stranger = memory_signer(ORIGIN), memory_signer(ORIGIN)
    entries = [*texts(5), announcement(new.vkey), *texts(3)]
    made: dict[str, Any] = {
        "format": verify_proof.FORMAT,
        **proof_of(entries, 2, signer=new),
        "keys": [{"vkey": SIGNER.vkey}, {"vkey": new.vkey, "announced": proof_of(entries, 5, 6)}],
        "consistency": bundle(entries, 2, 6)["consistency"],
    }
    said = check(made, SIGNER.vkey, note(entries, 6))
    assert any(new.vkey in line for line in said)
    check(made, new.vkey)  # whoever was given the new key needs no history of it
    for how in ("another signer", "another entry", "not announced", "another key"):
        forged = copy.deepcopy(made)
        if how == "another signer":
            forged["keys"][1]["announced"] = proof_of(entries, 5, 6, stranger)
        elif how == "another entry":
            forged["keys"][1]["announced"] = proof_of(entries, 4, 6)
        elif how == "not announced":
            del forged["keys"][1]["announced"]
        else:
            forged["checkpoint"] = note(entries, len(entries), stranger)
            forged["keys"][1]["vkey"] = stranger.vkey
        if how == "another entry":
            forged["keys"][1]["announced"]["entry"] = announcement(new.vkey)
        with pytest.raises(Bad):
            check(forged, SIGNER.vkey)


# --- the program ----------------------------------------------------------------------------------


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """In isolation: no site-packages, no folder of ours."""
    command = [sys.executable, "-I", "-S", str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_as_a_program(tmp_path: Path) -> None:
    """0 good, 1 not good, 2 unreadable; the key as text or file; never a traceback."""
    (tmp_path / "proof.json").write_text(json.dumps(bundle(ENTRIES, 6, 4)), encoding="utf-8")
    (tmp_path / "kept.txt").write_text(note(ENTRIES, 4), encoding="utf-8")
    (tmp_path / "key.txt").write_text(SIGNER.vkey + "\n", encoding="utf-8")
    other = memory_signer(ORIGIN).vkey
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "sig.txt").write_text(ssh_signature(note(ENTRIES, 4), SIGNER.vkey))
    for code, arguments in {
        0: [
            ["proof.json"],
            ["proof.json", "--key", "key.txt"],
            ["proof.json", "--key", SIGNER.vkey, "--against", "kept.txt"],
        ],
        1: [["proof.json", "--key", other], ["proof.json", "--against", "sig.txt"]],
        2: [
            ["none.json"],
            ["list.json"],
            ["binary.json"],
            ["proof.json", "--key", "x"],
            [],
            ["proof.json", "--against", "none"],
        ],
    }.items():
        for line in arguments:
            done = run(*line, folder=tmp_path)
            assert done.returncode == code, (line, done.stdout, done.stderr)
            assert "Traceback" not in done.stderr
    assert "GOOD" in run("proof.json", folder=tmp_path).stdout
    assert "--key" in run("proof.json", folder=tmp_path).stdout
