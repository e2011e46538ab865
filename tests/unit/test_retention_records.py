"""Disposal records join their log in order, whatever the batches, and what is done to the log is found."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.retention.audit.domain import Head
from minutier.retention.audit.verify import Integrity, State
from minutier.retention.records.anchor import Heads, anchor
from minutier.retention.records.domain import NoKey
from minutier.retention.records.ports import Kept
from minutier.retention.records.verify import integrity
from minutier.shared.objects import AUDIT
from minutier.shared.proofs.findings import Verdict
from minutier.shared.proofs.issue import written
from minutier.shared.proofs.merkle import Node, consistency_nodes, consistency_path, extends
from minutier.shared.proofs.opening import open_head, parsed
from minutier.shared.proofs.verify import verify_proof
from minutier.shared.proofs.verify_log import verify_log
from tests.support.proofs import KEY, KEYS, TENANT, key_of
from tests.support.retention_audit import Store
from tests.support.retention_records import Logs, draft

NOW = datetime(2026, 6, 1, tzinfo=UTC)
# Batches of numbers of drafts; a number that comes again is one that was issued before.
BATCHES = st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=5), min_size=1, max_size=6)


@given(BATCHES)
async def test_whatever_the_batches_every_record_is_proven_by_every_later_head(
    batches: list[list[int]],
) -> None:
    logs = Logs()
    heads = []
    for batch in batches:
        async with logs.of(TENANT) as log:
            entries = await log.append_all([draft(number) for number in batch])
            assert [entry.record.recording_id for entry in entries] == [
                draft(number).recording_id for number in batch
            ]
            heads.append(await log.head(NOW))
    numbers = list(dict.fromkeys(number for batch in batches for number in batch))
    async with logs.of(TENANT) as log:
        kept = await log.batch(0, 100)
        assert [each.recording_id for each in kept] == [draft(number).recording_id for number in numbers]
        for each in kept:
            entry = await log.find(each.id)
            assert entry is not None
            proof = written(await log.proof(entry, NOW))
            assert verify_proof(proof, KEYS).verdict is Verdict.PROVEN
    last = heads[-1].head
    nodes = {Node(each.index, level): root for each in kept for level, root in enumerate(each.nodes)}
    for earlier in (head.head for head in heads):
        sizes = (earlier.tree_size, last.tree_size)
        path = consistency_path(*sizes, {node: nodes[node] for node in consistency_nodes(*sizes)})
        assert extends(bytes.fromhex(earlier.root), sizes[0], bytes.fromhex(last.root), sizes[1], path)
    lines = [*(each.entry for each in kept), written(heads[-1])]
    assert verify_log(lines, KEYS).verdict is Verdict.PROVEN


async def test_nothing_is_issued_without_a_key() -> None:
    with pytest.raises(NoKey, match="MINUTIER_RETENTION_SIGNING_KEY"):
        async with Logs(None).of(TENANT) as log:
            await log.append(draft())


class House:
    """A log with its store."""

    def __init__(self) -> None:
        self.logs, self.store = Logs(), Store()
        self.heads = Heads(self.store, KEY)

    async def append(self, *numbers: int) -> None:
        async with self.logs.of(TENANT) as log:
            await log.append_all([draft(number) for number in numbers])

    async def anchor(self) -> None:
        await anchor(TENANT, logs=self.logs, heads=self.heads)

    async def look(self) -> Integrity:
        return await integrity(TENANT, logs=self.logs, heads=self.heads)

    @property
    def kept(self) -> list[Kept]:
        return self.logs.rows[TENANT].kept


@pytest.fixture
def house() -> House:
    return House()


async def test_heads_that_moved_are_anchored_as_they_are_handed_out(house: House) -> None:
    assert await house.look() == Integrity(State.WHOLE, 0)
    await house.anchor()
    assert house.store.kept == []
    await house.append(0, 1)
    assert await house.look() == Integrity(State.UNANCHORED, 2)
    for _ in range(2):
        await house.anchor()
    await house.append(2)
    await house.anchor()
    opened = [open_head(body, parsed(body), KEYS) for _, body, _ in house.store.kept]
    assert [(each.head.tree_size, each.problem) for each in opened] == [(2, None), (3, None)]
    assert [(location.bucket, location.key) for location, _, _ in house.store.kept] == [
        (AUDIT, f"{TENANT}/heads/{each.head.tree_size:012d}-{each.head.root}.json") for each in opened
    ]
    assert await house.look() == Integrity(State.WHOLE, 3, 3)


async def test_a_kill_between_the_head_and_its_note_leaves_nothing_behind(house: House) -> None:
    await house.append(0)
    async with house.logs.of(TENANT) as log:
        head = (await log.head(NOW)).head
    await house.heads.put(TENANT, Head(head.tree_size, head.root))
    await house.anchor()
    assert len(house.store.kept) == 2
    assert await house.look() == Integrity(State.WHOLE, 1, 1)


def changed(**fields: Any) -> Callable[[Kept], Kept]:
    return lambda kept: replace(kept, **fields)


OTHER = UUID(int=77)
CHANGES: dict[str, Callable[[Kept], Kept]] = {
    "the record": lambda kept: replace(kept, entry=kept.entry.replace(b'"count":37', b'"count":36')),
    "its id": changed(id=OTHER),
    "its recording": changed(recording_id=OTHER),
    "its purge": changed(purge_id=OTHER),
    "a node": lambda kept: replace(kept, nodes=(b"\0" * 32, *kept.nodes[1:])),
    "all of it": changed(entry=b"{}"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_row_that_was_changed_is_found(
    house: House, change: Callable[[Kept], Kept], place: int
) -> None:
    await house.append(0, 1, 2)
    house.kept[place] = change(house.kept[place])
    assert await house.look() == Integrity(State.CHANGED, place, number=place + 1)


async def _remove(house: House) -> None:
    del house.kept[1]


async def _cut(house: House) -> None:
    del house.kept[2:]


async def _write_anew(house: House) -> None:
    """By whoever has the key."""
    del house.kept[1:]
    await house.append(7, 8)


async def _sign_with_another(house: House) -> None:
    del house.kept[2:]
    house.logs.key = key_of("another")
    await house.append(2)


@pytest.mark.parametrize(
    ("doing", "state", "number"),
    [
        (_remove, State.MISSING, 2),
        (_cut, State.CUT, 3),
        (_write_anew, State.FORKED, 3),
        (_sign_with_another, State.CHANGED, 3),
    ],
)
async def test_what_was_done_to_the_log_is_found(
    house: House, doing: Callable[[House], Awaitable[None]], state: State, number: int
) -> None:
    await house.append(0, 1, 2)
    await house.anchor()
    await doing(house)
    found = await house.look()
    assert (found.state, found.number) == (state, number)


async def test_what_a_former_key_has_signed_stands(house: House) -> None:
    await house.append(0, 1)
    await house.anchor()
    new = key_of("new")
    house.logs.key = new
    house.heads = Heads(house.store, new, former={KEY.public.id: KEY.public})
    await house.append(2)
    assert await house.look() == Integrity(State.WHOLE, 3, 2)
    house.heads = Heads(house.store, new)
    assert (await house.look()).state is State.CHANGED


async def test_heads_of_others_say_nothing(house: House) -> None:
    await house.append(0)
    await house.anchor()
    foreign = Heads(house.store, key_of("another"))
    await foreign.put(TENANT, Head(1, "e" * 64))
    await foreign.put(TENANT, Head(7, "f" * 64))
    await house.store.write(AUDIT, f"{TENANT}/heads/000000000009-{'a' * 64}.json", b"[]", "")
    assert await house.look() == Integrity(State.WHOLE, 1, 1, ignored=3)
