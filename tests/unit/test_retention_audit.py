"""Whatever is done to a chain is found, by itself or by its anchors; and the log keeps no texts."""

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from minutier.retention.audit.accesses import Accesses, anchor_accesses, verify_accesses
from minutier.retention.audit.anchor import Anchoring, Anchors, integrity
from minutier.retention.audit.domain import NOTHING, Action, Deed, Entry, Head
from minutier.retention.audit.ports import Anchored
from minutier.retention.audit.verify import Chain, Integrity, State, verify
from minutier.retention.audit.watch import Watch
from minutier.retention.settings import RetentionSettings
from minutier.schemas.references import Location
from minutier.shared.objects import AUDIT
from minutier.shared.proofs.signing import SigningKey
from minutier.shared.settings import InvalidSettings
from tests.support.retention_audit import AuditLogs, Store, chain, deed, deeds
from tests.support.retention_policies import TENANT

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
CHAINS = st.lists(deeds, min_size=1, max_size=8).map(lambda some: chain(*some))


async def checked(
    entries: Sequence[Entry], anchored: Sequence[Head] = (), *, foreign: Set[str] = frozenset()
) -> Integrity:
    """Anchors of the heads ``foreign`` are not ours."""

    async def read(after: int, limit: int) -> Sequence[Entry]:
        return [entry for entry in entries if entry.number > after][:limit]

    async def anchors() -> AsyncIterator[Anchored]:
        for head in sorted(anchored, key=lambda each: each.number):
            yield Anchored(head.number, head.hash, Location(bucket=AUDIT, key=head.hash))

    async def trusted(anchor: Anchored) -> bool:
        return anchor.hash not in foreign

    return await verify(Chain(read), anchors(), trusted)


@given(CHAINS, st.data())
async def test_what_was_written_is_whole(entries: list[Entry], data: st.DataObject) -> None:
    anchored = data.draw(st.lists(st.sampled_from(entries), min_size=1))
    found = await checked(entries, [entry.head for entry in anchored])
    assert found == Integrity(State.WHOLE, len(entries), max(entry.number for entry in anchored))


CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "tenant": st.text(),
    "at": st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
    "actor": st.text(),
    "action": st.text(),
    "things": st.dictionaries(st.text(), st.text(), max_size=2),
    "detail": st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text(), max_size=2),
    "previous": st.text("0123456789abcdef", min_size=64, max_size=64),
    "hash": st.text("0123456789abcdef", min_size=64, max_size=64),
}


@given(CHAINS, st.sampled_from(sorted(CHANGES)), st.data())
async def test_any_change_is_found(entries: list[Entry], name: str, data: st.DataObject) -> None:
    """Where it is, also without an anchor."""
    place = data.draw(st.integers(0, len(entries) - 1))
    before = getattr(entries[place], name)
    drawn = data.draw(CHANGES[name])
    after = before + drawn if name == "at" else drawn
    assume(after != before)
    changed = [*entries[:place], replace(entries[place], **{name: after}), *entries[place + 1 :]]
    assert await checked(changed) == Integrity(State.CHANGED, place, number=place + 1)


@given(st.lists(deeds, min_size=2, max_size=8).map(lambda some: chain(*some)), deeds, st.data())
async def test_an_entry_that_was_forged_is_found(
    entries: list[Entry], instead: Deed, data: st.DataObject
) -> None:
    """Its own hash is right, and the next one may even name that: its own hash then is not."""
    place = data.draw(st.integers(0, len(entries) - 2))
    (forged,) = chain(instead, after=entries[place - 1].head if place else NOTHING)
    assume(forged.hash != entries[place].hash)
    following = entries[place + 1]
    for after in (following, replace(following, previous=forged.hash)):
        found = await checked([*entries[:place], forged, after, *entries[place + 2 :]])
        assert found == Integrity(State.CHANGED, place + 1, number=place + 2)


@given(CHAINS, st.data())
async def test_what_is_removed_is_found(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    left = [*entries[:place], *entries[place + 1 :]]
    state = State.CUT if place == len(entries) - 1 else State.MISSING
    found = await checked(left, [entries[-1].head])
    assert (found.state, found.entries, found.number) == (state, place, place + 1)


@given(st.lists(deeds, min_size=2, max_size=8).map(lambda some: chain(*some)), st.data())
async def test_another_order_is_found(entries: list[Entry], data: st.DataObject) -> None:
    one, other = data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True))
    swapped = list(entries)
    swapped[one] = replace(entries[other], number=one + 1)
    swapped[other] = replace(entries[one], number=other + 1)
    found = await checked(swapped)
    assert (found.state, found.number) == (State.CHANGED, min(one, other) + 1)


@given(CHAINS, st.data())
async def test_a_tail_that_was_cut_is_found(entries: list[Entry], data: st.DataObject) -> None:
    left = data.draw(st.integers(0, len(entries) - 1))
    anchored = data.draw(st.integers(left + 1, len(entries)))
    found = await checked(entries[:left], [entries[anchored - 1].head])
    assert found == Integrity(State.CUT, left, anchored, left + 1)


@given(CHAINS, deeds, st.data())
async def test_a_chain_that_was_written_anew_is_found(
    entries: list[Entry], instead: Deed, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    before = entries[:place]
    anew = chain(*[instead] * (len(entries) - place), after=before[-1].head if before else NOTHING)
    assume(anew[0].hash != entries[place].hash)
    anchored = [entry.head for entry in entries[place:]]
    # Whoever does so may anchor what they have written: what was anchored before contradicts it.
    for anchors in (anchored, [*anchored, *(entry.head for entry in anew)]):
        found = await checked([*before, *anew], anchors)
        assert (found.state, found.number) == (State.FORKED, place + 1)


@given(CHAINS, st.integers(1, 30), st.data())
async def test_anchors_of_others_say_nothing(entries: list[Entry], number: int, data: st.DataObject) -> None:
    ours = data.draw(st.sampled_from(entries)).head
    foreign = Head(number, "f" * 64)
    found = await checked(entries, [ours, foreign], foreign={foreign.hash})
    assert found == Integrity(State.WHOLE, len(entries), ours.number, ignored=1)


async def test_without_an_anchor_the_chain_speaks_for_itself_alone() -> None:
    entries = chain(deed(1), deed(2))
    assert await checked(entries) == Integrity(State.UNANCHORED, 2)
    head = entries[-1].head
    assert await checked(entries, [head], foreign={head.hash}) == Integrity(State.UNANCHORED, 2, ignored=1)
    assert await checked([]) == Integrity(State.WHOLE, 0)


async def test_what_is_added_meanwhile_is_not_missed() -> None:
    entries = chain(*map(deed, range(5)))
    written = entries[:2]

    async def read(after: int, limit: int) -> Sequence[Entry]:
        return [entry for entry in written if entry.number > after][:limit]

    async def anchors() -> AsyncIterator[Anchored]:
        for entry in (entries[1], entries[4]):
            written[:] = entries[: entry.number]
            yield Anchored(entry.number, entry.hash, Location(bucket=AUDIT, key=entry.hash))

    async def trusted(anchor: Anchored) -> bool:
        return True

    assert await verify(Chain(read), anchors(), trusted) == Integrity(State.WHOLE, 5, 5)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"actor": ""}, "id of a person or a service"),
        ({"actor": "acme/a\nb"}, "id of a person or a service"),
        ({"actor": "a" * 257}, "256 characters at most"),
        ({"detail": {"reason": "The budget of Mrs Martin"}}, "reason is no code and no id"),
        ({"detail": {"who": "martin@example.org"}}, "who is no code and no id"),
        ({"detail": {"Title": 1}}, "lower-case letters"),
        ({"detail": {f"a{'b' * number}": 1 for number in range(21)}}, "at most 20"),
    ],
)
def test_texts_are_refused(known: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        deed(**known)


@pytest.fixture
def logs() -> AuditLogs:
    return AuditLogs()


async def write(logs: AuditLogs, *numbers: int) -> None:
    for number in numbers:
        async with logs.of(TENANT) as log:
            await log.write(deed(number))


async def anchor(logs: AuditLogs, store: Any, key: SigningKey | None = KEY) -> None:
    await Anchoring(logs, Anchors(store, key)).catch_up()


@pytest.mark.parametrize("locking", [True, False])
@pytest.mark.parametrize("key", [KEY, None])
async def test_heads_that_moved_are_anchored(logs: AuditLogs, locking: bool, key: SigningKey | None) -> None:
    store = Store(locking=locking)
    await write(logs, 1, 2)
    for _ in range(2):
        await anchor(logs, store, key)
    await write(logs, 3)
    await anchor(logs, store, key)
    heads = [entry.head for entry in logs.rows[TENANT].entries][1:]
    assert [each.key for each, _, _ in store.kept] == [
        f"{TENANT}/{head.number:012d}-{head.hash}.json" for head in heads
    ]
    assert all((until is not None) == locking for _, _, until in store.kept)
    assert all((b'"unsigned"' in body) == (key is None) for _, body, _ in store.kept)
    found = await integrity(TENANT, logs=logs, anchors=Anchors(store, key))
    assert found == Integrity(State.WHOLE, 3, 3)


async def test_a_kill_between_entry_and_anchor_leaves_nothing_behind(logs: AuditLogs) -> None:
    """Neither before the anchor is kept, nor before that is written down."""

    class Killed(Exception):
        pass

    class Dying(Store):
        after = False

        async def write(self, *given: Any, **named: Any) -> object:
            if self.after:
                await super().write(*given, **named)
            raise Killed

    await write(logs, 1)
    dying = Dying()
    for dying.after in (False, True):
        await anchor(logs, dying)
        assert logs.rows[TENANT].anchored == 0
    store = Store()
    store.kept = dying.kept
    await anchor(logs, store)
    # The same head twice over is no contradiction.
    assert len(store.kept) == 2
    found = await integrity(TENANT, logs=logs, anchors=Anchors(store, KEY))
    assert found == Integrity(State.WHOLE, 1, 1)


async def test_one_tenant_keeps_no_other_from_being_anchored(logs: AuditLogs) -> None:
    class Picky(Store):
        async def write(self, bucket: str, key: str, *given: Any, **named: Any) -> object:
            if key.startswith("abc/"):
                raise ConnectionError
            return await super().write(bucket, key, *given, **named)

    async with logs.of("abc") as log:
        await log.write(deed())
    await write(logs, 1)
    await anchor(logs, Picky())
    assert (logs.rows["abc"].anchored, logs.rows[TENANT].anchored) == (0, 1)


@pytest.mark.parametrize("key", [OTHER, None])
async def test_only_what_our_key_has_signed_contradicts(logs: AuditLogs, key: SigningKey | None) -> None:
    store = Store()
    await write(logs, 1)
    await anchor(logs, store)
    for head in (Head(1, "f" * 64), Head(7, "e" * 64)):
        await Anchors(store, key).put(TENANT, head)
    await store.write(AUDIT, f"{TENANT}/000000000009-{'a' * 64}.json", b'{"anchor": []}', "")
    await store.write(AUDIT, f"{TENANT}/notes.txt", b"", "")
    found = await integrity(TENANT, logs=logs, anchors=Anchors(store, KEY))
    assert found == Integrity(State.WHOLE, 1, 1, ignored=3)
    await Anchors(store, KEY).put(TENANT, Head(7, "e" * 64))
    found = await integrity(TENANT, logs=logs, anchors=Anchors(store, KEY))
    assert (found.state, found.anchored) == (State.CUT, 7)


async def test_an_anchor_under_another_name_is_not_ours(logs: AuditLogs) -> None:
    """Signed, but for another head: nobody makes it speak for one of their own."""
    store = Store()
    await write(logs, 1)
    await anchor(logs, store)
    ((_, body, _),) = store.kept
    await store.write(AUDIT, f"{TENANT}/000000000001-{'f' * 64}.json", body, "")
    await store.write(AUDIT, f"{TENANT}/000000000002-{'f' * 64}.json", body, "")
    found = await integrity(TENANT, logs=logs, anchors=Anchors(store, KEY))
    assert found == Integrity(State.WHOLE, 1, 1, ignored=2)


async def test_what_was_read_in_query_is_in_the_chain(logs: AuditLogs) -> None:
    store, rows = Store(), logs.rows[TENANT]
    accesses = rows.accesses = {1: "a", 4: "b"}
    for _ in range(2):
        await anchor(logs, store)
    accesses |= {6: "c"}
    await anchor(logs, store)
    assert [(each.action, each.actor, each.detail["through"]) for each in rows.entries] == [
        (Action.ACCESS_LOG_ANCHORED.value, "service:retention", 4),
        (Action.ACCESS_LOG_ANCHORED.value, "service:retention", 6),
    ]
    assert await verify_accesses(logs, TENANT) == Accesses(3)
    accesses[4] = "someone else"
    assert await verify_accesses(logs, TENANT) == Accesses(1, changed=(4,))
    del accesses[4]
    assert await verify_accesses(logs, TENANT) == Accesses(1, changed=(4,))


async def test_what_went_with_a_purge_is_accounted_for_by_its_record(logs: AuditLogs) -> None:
    rows = logs.rows[TENANT]
    accesses = rows.accesses = {1: "a", 2: "b", 3: "c"}
    # Before it was anchored at all.
    rows.erased[2] = (accesses.pop(2), "early")
    await anchor(logs, Store())
    assert await verify_accesses(logs, TENANT) == Accesses(2, purged=1)
    rows.erased[1] = (accesses.pop(1), "open")
    assert await verify_accesses(logs, TENANT) == Accesses(1, purged=1, open=1)
    rows.erased[1] = ("a", "late")
    assert await verify_accesses(logs, TENANT) == Accesses(1, purged=2)


@pytest.mark.parametrize(
    ("row", "of"),
    [
        pytest.param("a", "unproven", id="no record"),
        pytest.param("a", "early", id="a record from before it was read"),
        pytest.param("x", "late", id="another row"),
    ],
)
async def test_what_is_said_to_have_gone_with_a_purge_and_has_not_is_found(
    logs: AuditLogs, row: str, of: str
) -> None:
    rows = logs.rows[TENANT]
    rows.accesses = {1: "a", 2: "b"}
    await anchor(logs, Store())
    del rows.accesses[1]
    rows.erased[1] = (row, of)
    assert await verify_accesses(logs, TENANT) == Accesses(changed=(2,))


async def test_what_an_earlier_version_anchored_is_told_to_be_fewer(logs: AuditLogs) -> None:
    rows = logs.rows[TENANT]
    rows.accesses = {1: "a", 2: "b"}
    async with logs.of(TENANT) as log:
        found = await log.read_accesses(0, form=1)
        assert found
        old = {name: value for name, value in vars(found).items() if name not in ("form", "purged")}
        await log.write(deed(action=Action.ACCESS_LOG_ANCHORED, detail=old))
    assert await verify_accesses(logs, TENANT) == Accesses(2)
    rows.erased[1] = (rows.accesses.pop(1), "late")
    assert await verify_accesses(logs, TENANT) == Accesses(fewer=1)
    rows.accesses = {1: "x", 2: "b"}
    assert await verify_accesses(logs, TENANT) == Accesses(changed=(2,))


async def test_of_many_ranges_each_is_compared(logs: AuditLogs) -> None:
    rows = logs.rows[TENANT]
    accesses = rows.accesses = {}
    for number in range(1, 202):
        accesses[number] = "a"
        async with logs.of(TENANT) as log:
            assert await anchor_accesses(log)
    accesses[201] = "b"
    assert await verify_accesses(logs, TENANT) == Accesses(200, changed=(201,))


async def test_what_is_broken_raises_an_alarm(logs: AuditLogs) -> None:
    """As an error in the log, and as what pages show; one log that cannot be read is not in the way."""

    class Picky(Store):
        async def versions(self, bucket: str, prefix: str) -> AsyncIterator[Sequence[Location]]:
            if prefix == "abc/":
                raise ConnectionError
            async for page in super().versions(bucket, prefix):
                yield page

    store, rows = Picky(), logs.rows[TENANT]
    async with logs.of("abc") as log:
        await log.write(deed())
    rows.accesses = {1: "a"}
    await write(logs, 1, 2)
    await anchor(logs, store)
    watch = Watch(logs, Anchors(store, KEY))
    assert watch.last(TENANT) is None
    with capture_logs() as written:
        await watch.look_at_all()
    assert [each["event"] for each in written] == ["round failed for a tenant"]
    found = watch.last(TENANT)
    assert found
    assert (found.integrity.state, found.accesses) == (State.WHOLE, Accesses(1))
    rows.accesses[1] = "b"
    with capture_logs() as written:
        await watch.look(TENANT)
    assert [(each["event"], each["log_level"]) for each in written] == [
        ("access log is not what it was", "error")
    ]
    rows.entries.pop(1)
    with capture_logs() as written:
        found = await watch.look(TENANT)
    assert found == watch.last(TENANT)
    assert (found.integrity.state, found.integrity.number, found.accesses) == (State.MISSING, 2, None)
    assert [(each["event"], each["log_level"]) for each in written] == [("audit log is broken", "error")]


async def test_where_there_is_no_access_log_nothing_is_written_of_it(logs: AuditLogs) -> None:
    await write(logs, 1)
    await anchor(logs, Store())
    assert len(logs.rows[TENANT].entries) == 1


def test_the_key_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert RetentionSettings().key is None
    KEY.write(tmp_path / "key.pem")
    monkeypatch.setenv("MINUTIER_RETENTION_SIGNING_KEY", str(tmp_path / "key.pem"))
    key = RetentionSettings().key
    assert key is not None
    assert key.public.id == KEY.public.id


@pytest.mark.parametrize(
    ("mode", "content", "why"),
    [
        (0o600, None, "the file cannot be read"),
        (0o600, "secret", "openssl genpkey"),
        (0o644, "secret", "chmod 600"),
    ],
)
def test_what_is_no_key_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int, content: str | None, why: str
) -> None:
    file = tmp_path / "key.pem"
    if content:
        file.write_text(content)
        file.chmod(mode)
    monkeypatch.setenv("MINUTIER_RETENTION_SIGNING_KEY", str(file))
    with pytest.raises(InvalidSettings, match=f"^MINUTIER_RETENTION_SIGNING_KEY: .*{why}") as refused:
        RetentionSettings()
    assert "secret" not in str(refused.value)
