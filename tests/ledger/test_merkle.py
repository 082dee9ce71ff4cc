"""The tree of the log: published roots, the proofs of RFC 9162, and a tree as the RFC defines it, beside."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import (
    EMPTY,
    Frontier,
    consistency_path,
    inclusion_path,
    later_path,
    leaf_hash,
    leaf_hashes,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# The entries and roots of the certificate-transparency project's own tests (RFC 6962).
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70)


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162 §2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_proof(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 9162 §2.1.4.1, word for word."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*naive_proof(old, leaves[:split], whole=whole), naive_root(leaves[split:])]
    return [*naive_proof(old - split, leaves[split:], whole=False), naive_root(leaves[:split])]


def test_published_roots() -> None:
    """Sizes 1 to 8 have the roots that every implementation of RFC 6962 has."""
    assert root(b"") == EMPTY == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert leaf_hash(b"").hex() == ROOTS[0]
    for size, expected in enumerate(ROOTS, 1):
        assert root(leaf_hashes(ENTRIES[:size])).hex() == expected


def test_example_of_the_rfc() -> None:
    """The tree of seven leaves of RFC 9162 §2.1.5, node by node."""
    leaves = [leaf_hash(bytes([number])) for number in range(7)]
    blob = b"".join(leaves)
    a, b, c, d, e, f, j = leaves
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, m = node_hash(g, h), node_hash(i, j)
    assert root(blob) == node_hash(k, m)
    assert inclusion_path(blob, 0) == [b, h, m]
    assert inclusion_path(blob, 3) == [c, g, m]
    assert inclusion_path(blob, 4) == [f, j, k]
    assert inclusion_path(blob, 6) == [i, k]
    assert consistency_path(blob, 3) == [c, d, g, m]
    assert consistency_path(blob, 4) == [m]
    assert consistency_path(blob, 6) == [i, j, k]


@given(LEAVES, st.data())
def test_like_the_definition(leaves: list[bytes], data: st.DataObject) -> None:
    """Roots and proofs are those of the RFC's own definitions, and hold."""
    blob, size = b"".join(leaves), len(leaves)
    assert root(blob) == naive_root(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(blob, index)
    assert path == naive_path(index, leaves)
    assert verify_inclusion(leaves[index], index, size, path, root(blob))
    old = data.draw(st.integers(1, size))
    between = consistency_path(blob, old)
    assert between == naive_proof(old, leaves)
    assert verify_consistency(old, root(blob[: 32 * old]), size, root(blob), between)


@given(LEAVES, st.data())
def test_a_frontier_goes_on(leaves: list[bytes], data: st.DataObject) -> None:
    """However the leaves come, in one go or many, the frontier is the same; its text gives it back."""
    grown, rest = Frontier(), leaves
    while rest:
        count = data.draw(st.integers(0, len(rest)))
        grown, rest = grown.append(b"".join(rest[:count])), rest[count:]
        assert Frontier.parse(grown.text()) == grown
        if count == 0:
            break
    grown = grown.append(b"".join(rest))
    assert grown == Frontier().append(b"".join(leaves))
    assert (grown.size, grown.root()) == (len(leaves), naive_root(leaves))


@given(LEAVES, st.data())
def test_a_later_leaf_needs_no_older_one(leaves: list[bytes], data: st.DataObject) -> None:
    """From the frontier and what came after it, the path is the one that all leaves give."""
    old = data.draw(st.integers(0, len(leaves) - 1))
    before, later = Frontier().append(b"".join(leaves[:old])), b"".join(leaves[old:])
    index = data.draw(st.integers(0, len(leaves) - old - 1))
    assert later_path(before, later, index) == inclusion_path(b"".join(leaves), old + index)
    with pytest.raises(IndexError):
        later_path(before, later, len(leaves) - old)


@given(LEAVES, st.data())
def test_nothing_else_holds(leaves: list[bytes], data: st.DataObject) -> None:
    """Another leaf, place, size, root or path is refused, and so is another past."""
    blob, size = b"".join(leaves), len(leaves)
    index = data.draw(st.integers(0, size - 1))
    path, top, leaf = inclusion_path(blob, index), root(blob), leaves[index]
    other = sha256(leaf).digest()
    assert not verify_inclusion(other, index, size, path, top)
    assert not verify_inclusion(leaf, index, size, path, other)
    assert not verify_inclusion(leaf, index, size, [*path, other], top)
    assert not verify_inclusion(leaf, -1, size, path, top)
    assert not verify_inclusion(leaf, size, size, path, top)
    if path:
        assert not verify_inclusion(leaf, index, size, path[:-1], top)
        assert not verify_inclusion(leaf, index, size, [other, *path[1:]], top)
    old = data.draw(st.integers(1, size))
    between, before = consistency_path(blob, old), root(blob[: 32 * old])
    assert not verify_consistency(old, other, size, top, between)
    assert not verify_consistency(old, before, size, other, between)
    assert not verify_consistency(old, before, size, top, [*between, other])
    assert not verify_consistency(0, before, size, top, between)
    assert not verify_consistency(size + 1, before, size, top, between)
    for place in range(len(between)):
        assert not verify_consistency(old, before, size, top, [*between[:place], other, *between[place + 1 :]])


@pytest.mark.parametrize("text", ["", "1", "x:", "1:", "2:00", "1:zz", "1:" + "00" * 31, "3:" + "00" * 32])
def test_no_frontier(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Frontier.parse(text)


def test_no_such_leaf() -> None:
    blob = leaf_hashes(ENTRIES)
    for index in (-1, 8):
        with pytest.raises(IndexError):
            inclusion_path(blob, index)
    for old in (0, 9):
        with pytest.raises(IndexError):
            consistency_path(blob, old)
    with pytest.raises(ValueError, match="33"):
        root(b"x" * 33)
