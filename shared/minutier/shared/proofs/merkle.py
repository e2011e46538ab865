"""The Merkle tree of RFC 9162, section 2.1, over SHA-256, for a log that only grows.

Hashes are 32 bytes. Everything here is O(log n): an append and every proof need a few nodes, and a log keeps
those beside its leaves. Appending leaf n completes the subtrees that end with it, and `Frontier.append` gives
their roots, the leaf itself first; they are kept in the row of leaf n, two on average. A `Node` names one of
them by that row and its place therein.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()


def leaf_hash(content: bytes) -> bytes:
    """Leaves and nodes begin with different bytes, so that no node passes for a leaf."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Node(NamedTuple):
    """The root of the perfect subtree over the ``2**level`` leaves that end with leaf ``last``."""

    last: int
    level: int


@dataclass(frozen=True)
class Frontier:
    """A tree of ``size`` leaves as far as appending and its root need it: its perfect subtrees' roots.

    Raises `ValueError` where these are not as many as the size has bits that are 1.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or self.size.bit_count() != len(self.peaks):
            raise ValueError("the frontier of a tree has a hash for each bit of its size that is 1")
        if any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise ValueError("a hash has 32 bytes")

    @classmethod
    def of(cls, size: int, nodes: Mapping[Node, bytes]) -> "Frontier":
        """From the nodes that `frontier_nodes` names."""
        return cls(size, tuple(nodes[node] for node in frontier_nodes(size)))

    def append(self, leaf: bytes) -> tuple["Frontier", tuple[bytes, ...]]:
        """The tree with one more leaf hash, and the roots that this completes, by level from 0."""
        peaks = list(self.peaks)
        completed = [leaf]
        size = self.size
        while size & 1:
            completed.append(node_hash(peaks.pop(), completed[-1]))
            size >>= 1
        return Frontier(self.size + 1, (*peaks, completed[-1])), tuple(completed)

    def root(self) -> bytes:
        return _folded(self.peaks) if self.peaks else EMPTY_ROOT


def frontier_nodes(size: int) -> tuple[Node, ...]:
    """What `Frontier.of` needs."""
    return tuple(_perfect(range(size)))


def inclusion_nodes(index: int, size: int) -> tuple[Node, ...]:
    """What `inclusion_path` needs. Raises `ValueError` where the tree has no such leaf."""
    return tuple(node for part in _inclusion(index, size) for node in _perfect(part))


def inclusion_path(index: int, size: int, nodes: Mapping[Node, bytes]) -> tuple[bytes, ...]:
    """The proof that leaf ``index`` is in the tree of ``size`` leaves, from the leaf up."""
    return tuple(_root(part, nodes) for part in _inclusion(index, size))


def consistency_nodes(old: int, new: int) -> tuple[Node, ...]:
    """What `consistency_path` needs. Raises `ValueError` unless ``0 < old <= new``."""
    return tuple(node for part in _consistency(old, new) for node in _perfect(part))


def consistency_path(old: int, new: int, nodes: Mapping[Node, bytes]) -> tuple[bytes, ...]:
    """The proof that the tree of ``new`` leaves begins with that of ``old`` leaves."""
    return tuple(_root(part, nodes) for part in _consistency(old, new))


def includes(root: bytes, size: int, leaf: bytes, index: int, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that the tree with this root and size has ``leaf`` at ``index``."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def extends(old_root: bytes, old: int, new_root: bytes, new: int, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that the tree of ``new`` leaves begins with that of ``old`` leaves."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    hashes = list(path)
    if old.bit_count() == 1:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    found_old = found_new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            found_old, found_new = node_hash(sibling, found_old), node_hash(sibling, found_new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found_new = node_hash(found_new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


def _inclusion(index: int, size: int) -> list[range]:
    """The ranges of leaves whose roots prove the inclusion, smallest first."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    parts, part = [], range(size)
    while len(part) > 1:
        left, right = _halves(part)
        part, beside = (left, right) if index in left else (right, left)
        parts.append(beside)
    return parts[::-1]


def _consistency(old: int, new: int) -> list[range]:
    """The ranges of leaves whose roots prove that one tree begins with the other, smallest first."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves grew out of none of {old}")
    parts, part = [], range(new)
    while part.stop > old:
        left, right = _halves(part)
        part, beside = (left, right) if old <= left.stop else (right, left)
        parts.append(beside)
    # The verifier has the root of the old tree itself.
    return parts[::-1] if part.start == 0 else [part, *parts[::-1]]


def _halves(part: range) -> tuple[range, range]:
    """As the tree is split: the left half is perfect, and at least as large as the right one."""
    middle = part.start + (1 << (len(part) - 1).bit_length() - 1)
    return range(part.start, middle), range(middle, part.stop)


def _root(part: range, nodes: Mapping[Node, bytes]) -> bytes:
    return _folded([nodes[node] for node in _perfect(part)])


def _perfect(part: range) -> Iterator[Node]:
    """The perfect subtrees that ``part`` of the tree is made of, from the left."""
    start, rest = part.start, len(part)
    while rest:
        level = rest.bit_length() - 1
        start, rest = start + (1 << level), rest - (1 << level)
        yield Node(start - 1, level)


def _folded(peaks: Sequence[bytes]) -> bytes:
    *others, found = peaks
    for peak in reversed(others):
        found = node_hash(peak, found)
    return found
