"""The Merkle tree against published vectors, and all sizes against the definition."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.shared.proofs.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    consistency_nodes,
    consistency_path,
    extends,
    frontier_nodes,
    includes,
    inclusion_nodes,
    inclusion_path,
    leaf_hash,
    node_hash,
)

# The leaves and roots that Certificate Transparency publishes for RFC 6962, whose tree RFC 9162 keeps.
PUBLISHED_LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
PUBLISHED_INCLUSIONS = {
    (0, 1): (),
    (0, 8): (A, B, C),
    (5, 8): (D, E, PUBLISHED_ROOTS[4]),
    (2, 3): (PUBLISHED_ROOTS[2],),
    (1, 5): (PUBLISHED_ROOTS[1], B, D),
}
PUBLISHED_CONSISTENCIES = {
    (1, 1): (),
    (1, 8): (A, B, C),
    (6, 8): (F, E, PUBLISHED_ROOTS[4]),
    (2, 5): (B, D),
}

MOST = 33


class Tree:
    """A log's rows: what each append completed."""

    def __init__(self, contents: list[bytes]) -> None:
        self.leaves = [leaf_hash(content) for content in contents]
        self.nodes: dict[Node, bytes] = {}
        self.frontiers = [Frontier()]
        for last, leaf in enumerate(self.leaves):
            frontier, completed = self.frontiers[-1].append(leaf)
            self.frontiers.append(frontier)
            self.nodes |= {Node(last, level): root for level, root in enumerate(completed)}

    def root(self, size: int) -> bytes:
        return self.frontiers[size].root()

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """From the nodes that are said to be needed, and no others."""
        return inclusion_path(index, size, {node: self.nodes[node] for node in inclusion_nodes(index, size)})

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        return consistency_path(old, new, {node: self.nodes[node] for node in consistency_nodes(old, new)})


TREE = Tree([b"entry %d" % number for number in range(MOST)])
PUBLISHED = Tree(PUBLISHED_LEAVES)


def defined(leaves: list[bytes]) -> bytes:
    """The root as RFC 9162 defines it, by recursion over all leaves."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + defined(leaves[:split]) + defined(leaves[split:])).digest()


def hexes(path: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(step.hex() for step in path)


def test_the_roots_are_the_published_ones() -> None:
    assert [PUBLISHED.root(size).hex() for size in range(9)] == PUBLISHED_ROOTS
    assert EMPTY_ROOT.hex() == PUBLISHED_ROOTS[0]


@pytest.mark.parametrize(("index", "size"), PUBLISHED_INCLUSIONS)
def test_the_inclusion_proofs_are_the_published_ones(index: int, size: int) -> None:
    assert hexes(PUBLISHED.inclusion(index, size)) == PUBLISHED_INCLUSIONS[index, size]


@pytest.mark.parametrize(("old", "new"), PUBLISHED_CONSISTENCIES)
def test_the_consistency_proofs_are_the_published_ones(old: int, new: int) -> None:
    assert hexes(PUBLISHED.consistency(old, new)) == PUBLISHED_CONSISTENCIES[old, new]


def test_every_size_has_the_root_that_the_rfc_defines() -> None:
    assert [TREE.root(size) for size in range(MOST + 1)] == [
        defined(TREE.leaves[:size]) for size in range(MOST + 1)
    ]


def test_every_leaf_of_every_size_is_proven_and_nothing_else_is() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            path = TREE.inclusion(index, size)
            for at in range(MOST + 1):
                assert includes(TREE.root(size), size, TREE.leaves[index], at, path) == (at == index)
            assert not includes(TREE.root(size), size, TREE.leaves[index - 1], index, path) or size == 1
            assert not includes(TREE.root(size), size, TREE.leaves[index], index, (*path, EMPTY_ROOT))
            assert not path or not includes(TREE.root(size), size, TREE.leaves[index], index, path[:-1])


def test_every_size_is_consistent_with_every_larger_one_and_no_other_tree_is() -> None:
    other = Tree([b"changed", *(b"entry %d" % number for number in range(1, MOST))])
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            path = TREE.consistency(old, new)
            assert extends(TREE.root(old), old, TREE.root(new), new, path)
            assert not extends(other.root(old), old, TREE.root(new), new, path)
            assert not extends(TREE.root(old), old, other.root(new), new, path)
            assert not extends(TREE.root(old), old, TREE.root(new), new, (*path, EMPTY_ROOT))
            assert not path or not extends(TREE.root(old), old, TREE.root(new), new, path[:-1])
        assert extends(EMPTY_ROOT, 0, TREE.root(new), new, ())
        assert not extends(TREE.root(new), new, TREE.root(1), 1, ()) or new == 1


@given(st.integers(2, MOST), st.data())
def test_a_proof_with_one_bit_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = list(TREE.inclusion(index, size))
    step, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
    path[step] = (int.from_bytes(path[step]) ^ 1 << bit).to_bytes(32)
    assert not includes(TREE.root(size), size, TREE.leaves[index], index, path)
    old = data.draw(st.integers(1, size - 1))
    grown = list(TREE.consistency(old, size))
    step = data.draw(st.integers(0, len(grown) - 1))
    grown[step] = (int.from_bytes(grown[step]) ^ 1 << bit).to_bytes(32)
    assert not extends(TREE.root(old), old, TREE.root(size), size, grown)


def test_a_root_above_the_tree_s_own_is_none() -> None:
    """Whoever makes such roots could prove anything below them."""
    above = EMPTY_ROOT
    assert not includes(node_hash(above, TREE.root(1)), 1, TREE.leaves[0], 0, (above,))
    old, new = node_hash(above, TREE.root(3)), node_hash(above, TREE.root(4))
    assert not extends(old, 3, new, 4, (*TREE.consistency(3, 4), above))


def test_a_root_within_the_tree_is_none() -> None:
    assert not includes(TREE.root(4), 8, TREE.leaves[0], 0, TREE.inclusion(0, 4))
    assert not extends(TREE.root(3), 3, TREE.root(4), 8, TREE.consistency(3, 4))


def test_appending_goes_on_from_what_the_rows_hold() -> None:
    for size in range(MOST):
        nodes = {node: TREE.nodes[node] for node in frontier_nodes(size)}
        again, _ = Frontier.of(size, nodes).append(TREE.leaves[size])
        assert again == TREE.frontiers[size + 1]


def test_few_nodes_are_needed_of_a_large_log() -> None:
    size = 2**40 + 2**20 + 1
    assert len(frontier_nodes(size)) == 3
    assert len(inclusion_nodes(size - 2, size)) <= 42
    assert len(consistency_nodes(2**40 - 1, size)) <= 82


def test_a_node_is_no_leaf() -> None:
    left, right = leaf_hash(b"one"), leaf_hash(b"two")
    assert node_hash(left, right) != leaf_hash(left + right)


@pytest.mark.parametrize(
    ("size", "peaks"), [(-1, ()), (0, (EMPTY_ROOT,)), (3, (EMPTY_ROOT,)), (1, (b"short",))]
)
def test_a_frontier_that_none_can_be_is_refused(size: int, peaks: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="hash"):
        Frontier(size, peaks)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_that_there_is_not_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_nodes(index, size)
    assert not includes(EMPTY_ROOT, size, EMPTY_ROOT, index, ())


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_proof_that_a_tree_shrank_or_came_of_nothing(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="grew out of none"):
        consistency_nodes(old, new)
