#!/usr/bin/env python3
"""Checks a month-end pack without Meterbook: Python's standard library and verify_proof.py beside it.

    python verify_pack.py [FOLDER] [--key KEY]

``FOLDER`` is the unpacked zip, by default where this file lies. The pack is good if

1. the files are those of manifest.json, no more and no fewer, each with its SHA-256
2. checkpoint/checkpoint.txt is signed, and says the size and root that the manifest says
3. every proof in proofs/ leads to that very checkpoint
4. what was signed (signed/*.json) has the SHA-256 that its signatures in the log say
5. every voucher of journal/journal.csv is level, and opening + debit − credit = closing, account by account

``--key`` is the verifier key you were given by another way than this pack; without it the key in the pack is used,
which shows that the pack is whole, not who made it. Exit code 0: good; 1: not good; 2: cannot be read.

月末资料包验证程序:不依赖 Meterbook,只用 Python 标准库。
"""

# ruff: noqa: T201  printing is its job

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

if (Path(__file__).parent / "verify_proof.py").exists():  # also where Python was told to look nowhere (-I)
    sys.path.insert(0, str(Path(__file__).resolve().parent))
try:
    import verify_proof  # type: ignore[import-not-found]
except ImportError:  # inside Meterbook's own source
    from exports.audit import verify_proof

FORMAT = "meterbook.pack/1"
OWN = {"manifest.json", "SHA256SUMS"}
Bad = verify_proof.Bad


def files(folder: Path, manifest: dict[str, Any]) -> str:
    """Every file of the manifest, and none beside."""
    expected = {file["path"]: file["sha256"] for file in manifest["files"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    there = {name for name in there if "__pycache__" not in name}
    if missing := sorted(set(expected) - there):
        raise Bad(f"缺文件 files are missing: {', '.join(missing)}")
    if strange := sorted(there - set(expected) - OWN):
        raise Bad(f"多出文件 files that do not belong here: {', '.join(strange)}")
    for name, sha in expected.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha:
            raise Bad(f"文件被改动 this file was altered: {name}")
    return f"文件齐全,未改动 all files are there, none altered: {len(expected)}"


def checkpoint(folder: Path, manifest: dict[str, Any], key: str | None) -> str:
    """The checkpoint is signed, and is the manifest's."""
    note = (folder / "checkpoint" / "checkpoint.txt").read_text(encoding="utf-8")
    keys = [key] if key else manifest["keys"]
    size, root, signer = verify_proof.checkpoint_of(note, keys)
    said = manifest["checkpoint"]
    if (size, root.hex()) != (said["size"], said["root"]):
        raise Bad("检查点与清单不符 the checkpoint is not the one of the manifest")
    return f"检查点有效 the checkpoint holds: size {size}, root {root.hex()}, {signer}"


def proofs(folder: Path, key: str | None) -> tuple[list[str], list[list[Any]]]:
    """Every proof holds and ends in the pack's checkpoint; gives also the records proved."""
    note = (folder / "checkpoint" / "checkpoint.txt").read_text(encoding="utf-8")
    records: list[list[Any]] = []
    for path in sorted((folder / "proofs").glob("*.json")):
        proof = json.loads(path.read_text(encoding="utf-8"))
        if proof["checkpoint"] != note:
            raise Bad(f"证明用的是另一检查点 this proof ends in another checkpoint: {path.name}")
        verify_proof.check(proof, key)
        records.append(json.loads(proof["entry"]))
    return [f"证明成立 proofs that hold: {len(records)}"], records


def signatures(folder: Path, records: list[list[Any]]) -> list[str]:
    """What was signed has the hash that stands in its signatures, as the log holds them."""
    proved: dict[str, list[str]] = {}
    for record in records:
        if record[0] == "meterbook.fact/1" and record[3] == "report_signature":
            content = json.loads(record[7])[0]
            proved.setdefault(record[5], []).append(content["step"])
            if json.loads((folder / _beside(record[5])).read_text(encoding="utf-8"))["sha256"] != content["sha256"]:
                raise Bad(f"签字的是另一内容 another content was signed: {record[5]}")
    said = []
    for path in sorted((folder / "signed").glob("*.signatures.json")):
        paper = json.loads(path.read_text(encoding="utf-8"))
        if {one["step"] for one in paper["signatures"]} != set(proved.get(paper["number"], [])):
            raise Bad(f"签字与日志不符 the signatures are not those of the log: {paper['number']}")
        word = "内容已脱敏 masked"
        if paper["content_as_signed"]:
            content = folder / "signed" / path.name.replace(".signatures.json", ".json")
            if hashlib.sha256(content.read_bytes()).hexdigest() != paper["sha256"]:
                raise Bad(f"签字后被改动 altered after it was signed: {paper['number']}")
            word = "内容与签字时相同 as it was signed"
        steps = ", ".join(proved.get(paper["number"], [])) or "-"
        said.append(f"{paper['number']}: {word}; {steps}")
    return said


def books(folder: Path) -> str:
    """The journal is level voucher by voucher, and its turnover is what the balances say."""
    level: dict[str, Decimal] = defaultdict(Decimal)
    turnover: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(), Decimal()])
    for line in _rows(folder / "journal" / "journal.csv"):
        debit, credit = Decimal(line["debit"] or 0), Decimal(line["credit"] or 0)
        level[line["voucher"]] += debit - credit
        turnover[line["account"]][0] += debit
        turnover[line["account"]][1] += credit
    if uneven := sorted(voucher for voucher, rest in level.items() if rest):
        raise Bad(f"借贷不平 not level: {', '.join(uneven[:5])}")
    totals = [Decimal(), Decimal()]
    for row in _rows(folder / "journal" / "balances.csv"):
        opening, debit, credit, closing = (
            Decimal(row[name] or 0) for name in ("opening", "debit", "credit", "closing")
        )
        if opening + debit - credit != closing or [debit, credit] != turnover.pop(row["account"], [0, 0]):
            raise Bad(f"余额与分录不符 the balance is not that of the journal: {row['account']}")
        totals = [totals[0] + opening, totals[1] + closing]
    if any(side != [0, 0] for side in turnover.values()) or any(totals):
        raise Bad("试算不平 the trial balance is not level")
    return f"凭证借贷相等,余额相符 vouchers are level and make the balances: {len(level)}"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _beside(number: str) -> str:
    return f"signed/{number.replace('/', '_')}.signatures.json"


def check(folder: Path, key: str | None = None) -> list[str]:
    """Everything, line by line.

    Raises:
        Bad: the pack is not what was handed over.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise Bad(f"格式不是 the format is not {FORMAT}")
    said = [files(folder, manifest), checkpoint(folder, manifest, key)]
    lines, records = proofs(folder, key)
    said += [*lines, *signatures(folder, records), books(folder)]
    if key is None:
        said.append(
            "注意:公钥取自资料包本身,请与单位另外给您的核对 no --key: compare the key with the one you were given"
        )
    return said


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks a month-end pack without Meterbook. 验证月末资料包。")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).parent), help="the unpacked pack")
    parser.add_argument("--key", help="the verifier key you were given, or a file with it")
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Chinese
    try:
        key = chosen.key
        if key is not None and Path(key).is_file():
            key = Path(key).read_text(encoding="utf-8").strip()
        said = check(Path(chosen.folder), key)
    except Bad as error:
        print(f"不成立 NOT GOOD: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        print(f"读不出 cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("\n".join([*said, "成立 GOOD"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
