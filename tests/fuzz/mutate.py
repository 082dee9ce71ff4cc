"""Mutations that know what a bank's file is made of: lines, fields, digits, encodings, members of an archive."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

SEPARATORS = (b",", b"|", b"\t", b";", b":", b"<", b">", b"\r")
NUMBERS = (
    b"0", b"0.00", b"-1", b"-0.01", b"1.005", b"1e3", b"9999999999999", b"9999999999999.99", b"10000000000000",
    b"99999999999999999999", b"1,234.50", b"1,23", b"+5", b"5-", b"NaN", b"\xef\xbc\x91", b"\xd9\xa3", b"1_000", b".5", b"5.",
)  # fmt: skip
WORDS = (
    b"", b" ", b"\xe3\x80\x80", b"\xc2\xa0", b'"', b'""', b"'", b"=1+1", b"\x00", b"\x1a", b"\x85", b"\xef\xbb\xbf", b"\xff\xfe",
    b"20240230", b"2024-02-30", b"0000-00-00", b"9999-12-31", b"00010101", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"-", b"--", b"/",
    "合计".encode(), "期初余额".encode(), "成功".encode(), "水费".encode("gb18030"), b"^", b"88,", b":61:", b":62F:", b"&#55296;",
    b"&#0;", b"]]>", b"<!--", b"<![CDATA[", b"{4:", b"-}", b"_xD800_", b"_x0001_", b"\x01", b"\x02", b"\n", b"\r\n", b"\r", b"\t",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be", "iso-8859-1", "cp1252")

Mutation = Callable[[bytes, Random], bytes]


def text(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """One to four changes of a text file."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        way = random.choice(WAYS)
        content = way(content, random) if way is not _splice else _splice(content, random, others)
    return content


def _lines(content: bytes, random: Random) -> bytes:
    lines = content.split(b"\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            lines[at], lines[other] = lines[other], lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            del lines[at]
        case 3:
            lines[1:] = reversed(lines[1:])
        case 4:
            lines[at : at + 2] = [b"".join(lines[at : at + 2])]
    return b"\n".join(lines)


def _fields(content: bytes, random: Random) -> bytes:
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    marks = [mark for mark in SEPARATORS if mark in lines[at]]
    if not marks:
        return content
    mark = random.choice(marks)
    fields = lines[at].split(mark)
    one, other = random.randrange(len(fields)), random.randrange(len(fields))
    match random.randrange(5):
        case 0:
            fields[one], fields[other] = fields[other], fields[one]
        case 1:
            fields.insert(one, fields[other])
        case 2:
            del fields[one]
        case 3:
            fields[one] = random.choice(WORDS)
        case 4:
            fields[one] = random.choice(NUMBERS)
    lines[at] = mark.join(fields)
    return b"\n".join(lines)


def _digits(content: bytes, random: Random) -> bytes:
    runs = list(re.finditer(rb"[0-9][0-9.,]*", content))
    if not runs:
        return content
    run = random.choice(runs)
    new = random.choice(NUMBERS)
    if random.random() < 0.6:
        new = re.sub(rb"[0-9]", lambda _digit: b"%d" % random.randrange(10), run[0])
    return content[: run.start()] + new + content[run.end() :]


def _bytes(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    end = at + random.choice((0, 0, 1, 1, 4, 40))
    return content[:at] + random.choice((*WORDS, *NUMBERS, bytes([random.randrange(256)]))) + content[end:]


def _cut(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] if random.random() < 0.7 else content[at:]


def _encode(content: bytes, random: Random) -> bytes:
    for encoding in ("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding).encode(random.choice(ENCODINGS), errors="replace")
        except UnicodeDecodeError:
            continue
    return content


def _ends(content: bytes, random: Random) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", random.choice((b"\n", b"\r\n", b"\r")))


def _splice(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    other = random.choice(others)
    begin = random.randrange(len(other) + 1)
    at = random.randrange(len(content) + 1)
    return content[:at] + other[begin : begin + random.randrange(1, 200)] + content[at:]


WAYS: tuple[Callable[..., bytes], ...] = (
    _lines,
    _lines,
    _fields,
    _fields,
    _fields,
    _digits,
    _digits,
    _bytes,
    _bytes,
    _cut,
    _encode,
    _ends,
    _splice,
)


def archive(content: bytes, random: Random, others: Sequence[bytes], change: Mutation | None = None) -> bytes:
    """An archive whose members are sound and one of whose members is not; now and then the archive itself is not."""
    if random.random() < 0.1:
        return _bytes(content, random)
    members = unzipped(content) or unzipped(random.choice(others))
    name = random.choice(sorted(members, key=lambda one: ("sheet" not in one, one))[: random.choice((1, 2, 20))])
    if random.random() < 0.05:
        members[random.choice(["xl/workbook.xml", name, "xl/x.xml"])] = members.pop(name)
    else:
        members[name] = change(members[name], random) if change else text(members[name], random, list(members.values()))
    return zipped(members)


def unzipped(content: bytes) -> dict[str, bytes]:
    """The members of an archive; none of one that is broken."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            return {name: source.read(name)[:20_000] for name in source.namelist()[:20]}
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError, KeyError):
        return {}


def zipped(members: dict[str, bytes]) -> bytes:
    """Stored, not packed: quick to make, and the fuzzer sees what is in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        for name, data in members.items():
            target.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


def binary(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A few bytes or a 16-bit length changed in place: records of .xls keep their alignment."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        at = random.randrange(max(len(changed) - 2, 1))
        match random.randrange(5):
            case 0:
                changed[at] = random.randrange(256)
            case 1:
                changed[at : at + 2] = random.choice((0, 1, 0xFFFF, 0x7FFF, random.randrange(65536))).to_bytes(
                    2, "little"
                )
            case 2:
                changed[at] ^= 1 << random.randrange(8)
            case 3:
                size = random.randrange(1, 64)
                other = random.randrange(len(changed))
                changed[at : at + size] = changed[other : other + size][: len(changed) - at]
            case 4:
                del changed[random.randrange(len(changed)) :]
                changed += bytes(random.randrange(0, 600))
        if not changed:
            changed += random.choice(others)
    return bytes(changed)
