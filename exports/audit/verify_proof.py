#!/usr/bin/env python3
"""Checks a Meterbook proof without Meterbook: Python's standard library alone, one file to read.

    python verify_proof.py PROOF.json [--key KEY] [--against CHECKPOINT]

``PROOF.json`` comes from ``meterbook prove``. It is good if

1. the entry's bytes hash to a leaf, and the path leads from that leaf to the root (RFC 9162 §2.1.3.2)
2. the checkpoint says that size and root, and its Ed25519 signature holds (RFC 8032, written out below)
3. the key is yours: ``--key`` is the verifier key you were given, as text or as a file. Without it the
   key in the proof itself is used, which shows that the proof is whole, not who made it. A later
   key counts because a checkpoint signed by an earlier one holds the leaf that announces it.
4. ``--against``: the checkpoint you kept is a beginning of this log (RFC 9162 §2.1.4.2)

Exit code 0: good; 1: not good; 2: cannot be read.

凭证验证程序:不依赖 Meterbook,只用 Python 标准库。
"""

# ruff: noqa: T201  printing is its job

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

FORMAT = "meterbook.proof/1"


class Bad(Exception):
    """The proof does not hold."""


# -- the tree (RFC 9162 §2.1) ----------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that a path leads to from a leaf, or None if it is no path of such a tree."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if place % 2 or place == last:
            found = node_hash(step, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def consistent(old: int, old_root: bytes, size: int, root: bytes, path: list[bytes]) -> bool:
    """Whether the tree of ``size`` and ``root`` begins with the tree of ``old`` and ``old_root``."""
    if old == size:
        return not path and old_root == root
    if not 0 < old < size or not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else path
    place, last = old - 1, size - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == root


# -- Ed25519 (RFC 8032 §5.1, points as X, Y, Z, T) -----------------------------------------------

Point = tuple[int, int, int, int]

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(count: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while count:
        if count & 1:
            result = add(result, point)
        point = add(point, point)
        count >>= 1
    return result


def x_of(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if y >= P or (square == 0 and sign):
        return None
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def point_of(encoded: bytes) -> Point | None:
    number = int.from_bytes(encoded, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def encoded_point(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = x_of(BASE_Y, 0) or 0
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature holds: S·B − k·A = R."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key = point_of(public)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    minus = (P - key[0], key[1], key[2], P - key[3])
    found = add(times(scalar, BASE), times(int.from_bytes(digest, "little") % L, minus))
    return encoded_point(found) == signature[:32]


# -- checkpoints: C2SP signed notes ---------------------------------------------------------------


def key_of(text: str) -> tuple[str, bytes, bytes]:
    """``(origin, key id, public key)`` of a verifier key ``origin+id+base64``."""
    origin, identity, encoded = text.strip().split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    known = hashlib.sha256(origin.encode() + b"\n" + raw).digest()[:4]
    if raw[:1] != b"\x01" or len(raw) != 33 or known.hex() != identity:
        raise Bad(f"不是验证公钥 no verifier key: {text.strip()}")
    return origin, known, raw[1:]


def checkpoint_of(note: str, keys: list[str]) -> tuple[int, bytes, str]:
    """``(size, root, key)`` of a checkpoint that one of these keys signed."""
    body, _blank, rest = note.partition("\n\n")
    for key in keys:
        origin, identity, public = key_of(key)
        for line in rest.splitlines():
            raw = base64.b64decode(line.rpartition(" ")[2])
            if line.startswith("— ") and raw[:4] == identity and signed_by(public, (body + "\n").encode(), raw[4:]):
                said, size, root = body.split("\n")[:3]
                if said != origin:
                    raise Bad(f"检查点属于另一日志 the checkpoint is of another log: {said}")
                return int(size), base64.b64decode(root, validate=True), key
    raise Bad("检查点不是由可信公钥签名的 the checkpoint is not signed by a key that is trusted")


# -- the proof ----------------------------------------------------------------------------------


def included(proof: dict[str, Any], keys: list[str]) -> tuple[int, bytes, str]:
    """Hold an entry to its checkpoint; gives the checkpoint's size and root, and the key that signed it."""
    size, root, key = checkpoint_of(proof["checkpoint"], keys)
    path = [bytes.fromhex(step) for step in proof["path"]]
    if root_of(leaf_hash(proof["entry"].encode()), int(proof["index"]), size, path) != root:
        raise Bad("内容与检查点不符 the entry is not what the checkpoint holds")
    return size, root, key


def check(proof: dict[str, Any], key: str | None = None, kept: str | None = None) -> list[str]:
    """Hold a proof to a key and to a kept checkpoint; gives what was found, line by line.

    Raises:
        Bad: it does not hold.
    """
    if proof.get("format") != FORMAT:
        raise Bad(f"格式不是 the format is not {FORMAT}")
    keys = [key or proof["keys"][0]["vkey"]]
    for later in proof["keys"]:
        if later["vkey"] in keys or "announced" not in later:
            continue
        try:
            included(later["announced"], keys)
        except Bad:
            continue  # announced by a key that is not ours; whatever it signed will not count either
        tag, *fields = json.loads(later["announced"]["entry"])
        if tag == "meterbook.key/1" and later["vkey"] in fields:
            keys.append(later["vkey"])
    size, root, signer = included(proof, keys)
    said = [
        f"凭证在日志中 the entry is in the log: leaf {proof['index']}, size {size}, root {root.hex()}",
        f"签名有效 the signature holds: {signer}",
    ]
    if kept is not None:
        old, old_root, _signer = checkpoint_of(kept, keys)
        between = proof.get("consistency") or {"size": size, "path": []}
        if old > size:
            raise Bad(f"保存的检查点更新 the checkpoint you kept is newer: {old} > {size}")
        if between["size"] != old and old != size:
            raise Bad(f"证明中没有从 {old} 起的路径 no path from {old}: meterbook prove … --against CHECKPOINT")
        path = [] if old == size else [bytes.fromhex(step) for step in between["path"]]
        if not consistent(old, old_root, size, root, path):
            raise Bad(f"历史与保存的检查点不符 the log does not begin with the checkpoint you kept ({old} leaves)")
        said.append(f"与保存的检查点一致 the log begins with the checkpoint you kept: {old} of {size} leaves")
    if key is None:
        said.append(
            "注意:公钥取自证明本身,请与单位给您的核对 no --key: compare the key above with the one you were given"
        )
    return said


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Checks a Meterbook proof without Meterbook. 验证凭证,不依赖 Meterbook。"
    )
    parser.add_argument("proof", help="PROOF.json of `meterbook prove`")
    parser.add_argument("--key", help="the verifier key you were given, or a file with it")
    parser.add_argument("--against", help="a file with the checkpoint you kept")
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Chinese
    try:
        proof = json.loads(Path(chosen.proof).read_text(encoding="utf-8"))
        key = chosen.key
        if key is not None and Path(key).is_file():
            key = Path(key).read_text(encoding="utf-8").strip()
        kept = None if chosen.against is None else Path(chosen.against).read_text(encoding="utf-8")
        said = check(proof, key, kept)
        entry = json.dumps(json.loads(proof["entry"]), ensure_ascii=False)
    except Bad as error:
        print(f"不成立 NOT GOOD: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        print(f"读不出 cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("\n".join([entry, *said, "成立 GOOD"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
