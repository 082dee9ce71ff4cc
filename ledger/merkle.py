"""The Merkle tree of the log (RFC 9162 §2.1), pure: leaves in, roots and proofs out.

::

    leaf = SHA-256(0x00 ‖ bytes)      node = SHA-256(0x01 ‖ left ‖ right)      empty = SHA-256("")

A log only grows, so all that must be kept to go on is its :class:`Frontier`: the roots of
the perfect subtrees it consists of, largest first, one for each bit of its size. Proofs
are those of RFC 9162 §2.1.3 and §2.1.4. Leaf hashes come as one ``bytes`` of 32·n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

WIDTH = 32
EMPTY = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry's bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: Sequence[bytes]) -> bytes:
    """The leaves of many entries, one after the other."""
    return b"".join([sha256(b"\x00" + entry).digest() for entry in entries])


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of ``size`` leaves by the roots of its perfect subtrees, the largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaves: bytes) -> Frontier:
        """The tree with these leaf hashes (32·n bytes) behind its own."""
        old = dict(zip(_heights(self.size), self.hashes, strict=True))
        new: dict[int, bytes] = {}
        level = _split(leaves)
        height = 0
        while level:
            if height in old:
                level.insert(0, old.pop(height))
            if len(level) % 2:
                new[height] = level.pop()
            level = _above(level)
            height += 1
        new |= old
        size = self.size + len(leaves) // WIDTH
        return Frontier(size, tuple(new[height] for height in _heights(size)))

    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.hashes:
            return EMPTY
        found = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            found = node_hash(left, found)
        return found

    def text(self) -> str:
        """``size:hex,hex,…``."""
        return f"{self.size}:" + ",".join(found.hex() for found in self.hashes)

    @classmethod
    def parse(cls, text: str) -> Frontier:
        """The frontier of its text.

        Raises:
            ValueError: it is none.
        """
        size, _colon, listed = text.partition(":")
        hashes = tuple(bytes.fromhex(part) for part in listed.split(",") if part)
        if len(hashes) != len(_heights(int(size))) or any(len(found) != WIDTH for found in hashes):
            raise ValueError(text)
        return cls(int(size), hashes)


def root(leaves: bytes) -> bytes:
    """The root over leaf hashes."""
    return Frontier().append(leaves).root()


def inclusion_path(leaves: bytes, index: int) -> list[bytes]:
    """The hashes that lead from leaf ``index`` (from 0) to the root (RFC 9162 §2.1.3.1).

    Raises:
        IndexError: there is no such leaf.
    """
    size = len(leaves) // WIDTH
    if not 0 <= index < size:
        raise IndexError(index)
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _power_below(high - low)
        if index < middle:
            path.append(_range(leaves, middle, high))
            high = middle
        else:
            path.append(_range(leaves, low, middle))
            low = middle
    return path[::-1]


def later_path(before: Frontier, leaves: bytes, index: int) -> list[bytes]:
    """:func:`inclusion_path` of leaf ``index`` of ``leaves``, which were appended to a tree that only its frontier is kept of.

    What stands to the left of a newer leaf are whole perfect subtrees of the older tree, so the
    path needs no older leaf. The leaf's place in the whole tree is ``before.size + index``.

    Raises:
        IndexError: there is no such leaf.
    """
    count = len(leaves) // WIDTH
    if not 0 <= index < count:
        raise IndexError(index)
    known: dict[tuple[int, int], bytes] = {}
    start = 0
    for height, found in zip(_heights(before.size), before.hashes, strict=True):
        known[start, start + (1 << height)] = found
        start += 1 << height

    def over(low: int, high: int) -> bytes:
        if (low, high) in known:
            return known[low, high]
        if low >= before.size:
            return _range(leaves, low - before.size, high - before.size)
        middle = low + _power_below(high - low)
        return node_hash(over(low, middle), over(middle, high))

    place = before.size + index
    path: list[bytes] = []
    low, high = 0, before.size + count
    while high - low > 1:
        middle = low + _power_below(high - low)
        if place < middle:
            path.append(over(middle, high))
            high = middle
        else:
            path.append(over(low, middle))
            low = middle
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``leaf`` (a leaf hash) is leaf ``index`` of the tree of that size and root (§2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = node_hash(step, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistency_path(leaves: bytes, old: int) -> list[bytes]:
    """The hashes that show that the first ``old`` leaves are what they were (RFC 9162 §2.1.4.1).

    Raises:
        IndexError: the tree was never of that size.
    """
    size = len(leaves) // WIDTH
    if not 0 < old <= size:
        raise IndexError(old)
    path: list[bytes] = []
    low, high, whole = 0, size, True
    kept = old
    while kept != high - low:
        middle = _power_below(high - low)
        if kept <= middle:
            path.append(_range(leaves, low + middle, high))
            high = low + middle
        else:
            path.append(_range(leaves, low, low + middle))
            low, kept, whole = low + middle, kept - middle, False
    if not whole:
        path.append(_range(leaves, low, high))
    return path[::-1]


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of ``size`` and ``root`` begins with the tree of ``old`` and ``old_root`` (§2.1.4.2)."""
    if old == size:
        return not path and old_root == root
    if not 0 < old < size or not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
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


def _heights(size: int) -> list[int]:
    return [height for height in range(size.bit_length() - 1, -1, -1) if size >> height & 1]


def _split(leaves: bytes) -> list[bytes]:
    if len(leaves) % WIDTH:
        raise ValueError(len(leaves))
    return [leaves[start : start + WIDTH] for start in range(0, len(leaves), WIDTH)]


def _above(level: list[bytes]) -> list[bytes]:
    pairs = iter(level)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]


def _range(leaves: bytes, low: int, high: int) -> bytes:
    return root(leaves[low * WIDTH : high * WIDTH])


def _power_below(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1
