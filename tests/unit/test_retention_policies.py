"""Policies are set, recordings are told of and classified, and schedules follow."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minutier.retention.policies.classify import classify
from minutier.retention.policies.close_file import close_file, reopen_file
from minutier.retention.policies.domain import (
    MOST_POLICIES,
    Clock,
    Disposition,
    Facts,
    Kind,
    Policy,
    Rule,
    default_id,
)
from minutier.retention.policies.explain import explain
from minutier.retention.policies.recompute import Recompute, follow_settings, recompute_batch
from minutier.retention.policies.schedule import Phase, StartReason, schedule
from minutier.retention.policies.set_policy import (
    InForce,
    NoSuchPolicy,
    Overtaken,
    TooMany,
    set_policy,
    withdraw_policy,
)
from minutier.retention.policies.simulate import LONGEST, Month, simulate
from minutier.retention.policies.take_facts import take_facts, told_by
from minutier.retention.settings import RetentionSettings
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import AnyEvent, RecordingDescribed, RecordingIngested, TextReceived
from minutier.shared.errors import Permanent
from minutier.shared.rounds import repeat
from minutier.shared.settings import InvalidSettings
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.retention_policies import (
    PERIODS,
    TAKEN_IN,
    TENANT,
    Registers,
    default,
    facts,
    policies,
    policy,
    recordings,
)

DAY = timedelta(days=1)


async def tell(registers: Registers, documents: Documents, *events: Any) -> None:
    """As the handler does."""
    for event in events:
        known = await told_by(event, documents=documents)
        if known is None:
            continue
        async with registers.of(event.tenant) as register:
            await take_facts(event.subject, known, register=register)


async def put(registers: Registers, *some: Policy) -> None:
    for one in some:
        async with registers.of(one.scope.tenant) as register:
            assert await set_policy(one, set_by="officer", register=register) == InForce(one)


async def keep(registers: Registers, about: dict[UUID, Facts]) -> None:
    for recording_id, known in about.items():
        async with registers.of(known.tenant) as register:
            await register.add(recording_id)
            await register.keep(recording_id, known)


async def catch_up(registers: Registers) -> None:
    await Recompute(registers, periods=PERIODS).catch_up()


def days(registers: Registers, recording_id: UUID = RECORDING) -> dict[Kind, int | None]:
    """Until each kind is due, since the recording was taken in."""
    known = registers.rows.recordings[recording_id]
    assert known.ingested_at
    return {
        kind: (decision.due_at - known.ingested_at).days if decision.due_at else None
        for kind, decision in registers.rows.schedules[recording_id].items()
    }


async def test_what_is_taken_in_has_the_default_periods() -> None:
    registers, documents = Registers(), Documents()
    await tell(registers, documents, told.ingested())
    assert days(registers) == PERIODS


async def test_a_text_has_no_media() -> None:
    registers, documents = Registers(), Documents()
    await tell(registers, documents, told.received())
    assert days(registers) == {kind: PERIODS[kind] for kind in Kind if kind is not Kind.MEDIA}


@pytest.mark.parametrize("event", [told.rejected(), told.failed("ingestion")])
async def test_what_was_not_taken_in_is_kept_as_long_as_an_access_log(event: AnyEvent) -> None:
    registers = Registers()
    await tell(registers, Documents(), event)
    assert days(registers) == {Kind.ACCESS_LOG: PERIODS[Kind.ACCESS_LOG]}
    assert registers.rows.recordings[RECORDING].ingested_at == event.time


async def test_what_is_taken_in_after_all_counts_from_then() -> None:
    registers = Registers()
    taken_in = told.ingested().model_copy(update={"time": TAKEN_IN + 30 * DAY})
    await tell(registers, Documents(), told.rejected(), taken_in, told.failed("ingestion", seconds=20))
    assert registers.rows.recordings[RECORDING].ingested_at == taken_in.time
    assert days(registers) == PERIODS


@pytest.mark.parametrize("event", [told.failed("summarisation"), told.failed("ingestion", tenant="unknown")])
async def test_other_failures_make_no_recording(event: AnyEvent) -> None:
    registers = Registers()
    await tell(registers, Documents(), event)
    assert registers.rows.recordings == {}


async def test_an_event_of_another_tenant_changes_nothing() -> None:
    registers, documents = Registers(), Documents()
    await tell(registers, documents, told.ingested())
    with pytest.raises(Permanent, match="another_tenants"):
        await tell(registers, documents, told.ingested(tenant="other"))
    assert registers.rows.recordings[RECORDING].tenant == TENANT
    assert await registers.tenants() == [TENANT]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=7), st.randoms())
async def test_events_may_come_in_any_order_and_twice(drawn: list[int], random: Random) -> None:
    documents = Documents()

    def document(days_before: int | None) -> Any:
        met_at = None if days_before is None else TAKEN_IN - days_before * DAY
        return documents.keep(RecordingDocument(recording_id=RECORDING, title="Secret", started_at=met_at))

    possible = [
        told.ingested(document(None)),
        told.ingested(document(3)),
        told.received(document=document(5)),
        told.described(document(2)),
        told.described(told.REF),
        told.rejected(),
        told.failed("ingestion"),
    ]
    events = [possible[number] for number in drawn]
    ordered, shuffled = Registers(), Registers()
    for registers in (ordered, shuffled):
        await put(registers, policy("Meetings", 500, clock=Clock.MEETING))
    await tell(ordered, documents, *events)
    events.extend(events[:2])
    random.shuffle(events)
    await tell(shuffled, documents, *events)
    assert ordered.rows.recordings == shuffled.rows.recordings
    assert ordered.rows.schedules == shuffled.rows.schedules


async def test_the_time_of_the_meeting_is_read_from_its_document_and_nothing_else_is() -> None:
    registers, documents = Registers(), Documents()
    met_at = TAKEN_IN - 2 * DAY
    ref = documents.keep(RecordingDocument(recording_id=RECORDING, title="Secret plans", started_at=met_at))
    await put(registers, policy(days=400, clock=Clock.MEETING))
    await tell(registers, documents, told.ingested(ref))
    decision = registers.rows.schedules[RECORDING][Kind.MEDIA]
    assert decision.due_at == met_at + 400 * DAY
    assert "Secret" not in repr(registers.rows)


async def test_what_is_described_before_it_is_taken_in_has_no_schedule_yet() -> None:
    registers, documents = Registers(), Documents()
    met_at = told.START - DAY
    ref = documents.keep(RecordingDocument(recording_id=RECORDING, started_at=met_at))
    await tell(registers, documents, told.described(ref))
    assert registers.rows.schedules[RECORDING] == {}
    await tell(registers, documents, told.ingested())
    assert registers.rows.recordings[RECORDING].met_at == met_at
    assert days(registers) == PERIODS


@pytest.mark.parametrize("event", [told.ingested(), told.received(document=told.REF), told.described()])
async def test_of_a_meeting_whose_document_is_gone_the_time_is_unknown(
    event: RecordingIngested | TextReceived | RecordingDescribed,
) -> None:
    known = await told_by(event, documents=Documents())
    assert known is not None
    assert known.met_at is None


@pytest.mark.parametrize(
    "told_at",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=14))),
    ],
)
async def test_a_clock_that_was_never_set_tells_nothing(told_at: datetime) -> None:
    documents = Documents()
    ref = documents.keep(RecordingDocument(recording_id=RECORDING, started_at=told_at))
    known = await told_by(told.described(ref), documents=documents)
    assert known is not None
    assert known.met_at is None


async def test_a_class_and_labels_decide_at_once() -> None:
    registers, documents = Registers(), Documents()
    await put(registers, policy("Boards", 3000, record_class="board"), policy("Budget", 4000, label="budget"))
    await tell(registers, documents, told.ingested())
    for record_class, labels, expected in (
        ("board", set(), 3000),
        ("board", {"budget"}, 4000),
        (None, {"other"}, 120),
    ):
        async with registers.of(TENANT) as register:
            decided = await classify(RECORDING, record_class=record_class, labels=labels, register=register)
        assert decided == registers.rows.schedules[RECORDING]
        assert days(registers)[Kind.MEDIA] == expected


async def test_what_is_unknown_can_be_neither_classified_nor_closed_nor_explained() -> None:
    registers = Registers()
    async with registers.of(TENANT) as register:
        assert await classify(RECORDING, record_class=None, labels=set(), register=register) is None
        assert await close_file(RECORDING, at=TAKEN_IN, now=TAKEN_IN, register=register) is None
        assert await reopen_file(RECORDING, register=register) is None
        assert await explain(RECORDING, now=TAKEN_IN, register=register) is None
    assert registers.rows.recordings == {}


async def test_the_clock_of_a_file_runs_while_it_is_closed() -> None:
    registers, documents = Registers(), Documents()
    await put(registers, policy(days=10, clock=Clock.FILE_CLOSED))
    await tell(registers, documents, told.ingested())
    assert set(days(registers).values()) == {None}
    async with registers.of(TENANT) as register:
        with pytest.raises(ValueError, match="a time that has passed"):
            await close_file(RECORDING, at=TAKEN_IN + DAY, now=TAKEN_IN, register=register)
        await close_file(RECORDING, at=TAKEN_IN + 50 * DAY, now=TAKEN_IN + 60 * DAY, register=register)
    assert registers.rows.schedules[RECORDING][Kind.MEDIA].due_at == TAKEN_IN + 60 * DAY
    async with registers.of(TENANT) as register:
        await reopen_file(RECORDING, register=register)
    assert set(days(registers).values()) == {None}


async def test_a_policy_changes_by_versions_that_stay_readable() -> None:
    registers, documents = Registers(), Documents()
    await tell(registers, documents, told.ingested())
    first, second = policy(days=200), policy(days=50, version=2)
    await put(registers, first)
    await catch_up(registers)
    assert days(registers)[Kind.MEDIA] == 200
    await put(registers, second)
    await catch_up(registers)
    assert days(registers)[Kind.MEDIA] == 50
    async with registers.of(TENANT) as register:
        withdrawn = await withdraw_policy(first.id, version=3, set_by="officer", register=register)
        versions = await register.versions(first.id)
        assert isinstance(withdrawn, InForce)
        assert [one.policy for one in versions] == [withdrawn.policy, second, first]
        again = await withdraw_policy(first.id, version=4, set_by="officer", register=register)
        assert again == NoSuchPolicy()
    await catch_up(registers)
    assert days(registers) == PERIODS


async def test_of_two_who_set_the_same_version_one_is_told_so() -> None:
    registers = Registers()
    await put(registers, policy(days=10))
    async with registers.of(TENANT) as register:
        assert await set_policy(policy(days=20), set_by="b", register=register) == Overtaken(1)
        withdrawn = await withdraw_policy(policy().id, version=1, set_by="b", register=register)
        assert withdrawn == Overtaken(1)
        new = await set_policy(policy("New", version=2), set_by="b", register=register)
        assert new == Overtaken(0)
    assert registers.rows.tenants[TENANT] == 2


async def test_there_are_only_so_many_policies() -> None:
    registers = Registers()
    await put(registers, *(policy(f"P{number}") for number in range(MOST_POLICIES - 1)))
    async with registers.of(TENANT) as register:
        assert await set_policy(policy("More"), set_by="b", register=register) == TooMany()
        changed = policy("P0", 99, version=2)
        assert await set_policy(changed, set_by="b", register=register) == InForce(changed)
        await withdraw_policy(changed.id, version=3, set_by="b", register=register)
        assert await set_policy(policy("More"), set_by="b", register=register) == InForce(policy("More"))


async def test_a_policy_is_for_its_own_tenant() -> None:
    async with Registers().of("other") as register:
        with pytest.raises(ValueError, match="within its own tenant"):
            await set_policy(policy(), set_by="officer", register=register)


async def test_the_default_follows_the_settings_until_somebody_sets_it() -> None:
    registers, documents = Registers(), Documents()
    await tell(registers, documents, told.ingested())
    longer = {**PERIODS, Kind.MEDIA: 200}
    for _ in range(2):
        async with registers.of(TENANT) as register:
            await follow_settings(register, longer)
    await catch_up(registers)
    assert days(registers) == longer
    assert len(registers.rows.versions[TENANT]) == 2
    await put(registers, default(version=3, media=7))
    async with registers.of(TENANT) as register:
        await follow_settings(register, PERIODS)
    await catch_up(registers)
    assert days(registers)[Kind.MEDIA] == 7


async def test_the_default_cannot_be_withdrawn() -> None:
    async with Registers().of(TENANT) as register:
        with pytest.raises(ValueError, match="give it other rules"):
            await withdraw_policy(default_id(TENANT), version=2, set_by="officer", register=register)


ids = st.integers(1, 10**6).map(lambda number: UUID(int=number))
known = st.dictionaries(ids, recordings(), max_size=6)


@given(policies(), policies(), known, st.integers(1, 3))
@settings(max_examples=50)
async def test_schedules_made_anew_are_those_made_from_scratch(
    before: list[Policy], after: list[Policy], about: dict[UUID, Facts], limit: int
) -> None:
    registers = Registers()
    await keep(registers, about)
    await put(registers, *before[1:])
    await catch_up(registers)
    async with registers.of(TENANT) as register:
        for one in before[1:]:
            await withdraw_policy(one.id, version=2, set_by="officer", register=register)
        for one in after[1:]:
            last = await register.versions(one.id)
            version = last[0].policy.version + 1 if last else 1
            await set_policy(Policy(**{**vars(one), "version": version}), set_by="b", register=register)
        in_force = (await register.tenant()).policies
    # Batches that a kill has interrupted are gone on with.
    async with registers.of(TENANT) as register:
        await recompute_batch(register, limit=limit)
    await catch_up(registers)
    assert registers.rows.schedules == {
        recording_id: schedule(in_force, facts) for recording_id, facts in about.items()
    }
    assert await registers.behind() == []


@given(policies(), known, recordings())
@settings(max_examples=50)
async def test_a_simulation_agrees_with_what_then_comes_due(
    some: list[Policy], about: dict[UUID, Facts], more: Facts
) -> None:
    registers = Registers()
    await keep(registers, {**about, RECORDING: more})
    tried, others = (some[1], some[2:]) if len(some) > 1 else (default(version=2, media=3), [])
    await put(registers, *others)
    since, until = TAKEN_IN - 100 * DAY, TAKEN_IN + 700 * DAY
    said = await simulate(tried, since=since, until=until, registers=registers, batch=2, sample=3)
    await put(registers, tried)
    await catch_up(registers)
    async with registers.of(TENANT) as register:
        found = await register.due(until, limit=1000)
    due = [one for one in found if one.policy_id == tried.id and one.due_at >= since]
    assert said.sample == tuple(due[:3])
    assert said.counts == Counter((Month(one.due_at.year, one.due_at.month), one.kind) for one in due)
    assert said.recordings_seen == len({**about, RECORDING: more})


async def test_a_simulation_changes_nothing_and_is_for_a_time_that_is_one() -> None:
    registers = Registers()
    await keep(registers, {RECORDING: facts()})
    before = repr(registers.rows.recordings), repr(registers.rows.schedules)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    said = await simulate(policy(days=40), since=since, until=since + 365 * DAY, registers=registers)
    assert said.counts == dict.fromkeys([(Month(2026, 2), kind) for kind in Kind], 1)
    assert (repr(registers.rows.recordings), repr(registers.rows.schedules)) == before
    for until in (since, since - DAY, since + LONGEST + DAY):
        with pytest.raises(ValueError, match="ends after it begins"):
            await simulate(policy(), since=since, until=until, registers=registers)


async def test_an_explanation_is_by_the_policies_in_force_now() -> None:
    registers, documents = Registers(), Documents()
    await tell(registers, documents, told.ingested())
    some = {Kind.MEDIA: Rule(Clock.MEETING, 10, 20)}
    await put(registers, policy(days=some))
    async with registers.of(TENANT) as register:
        await register.mark(public_body=True)
        explained = await explain(RECORDING, now=told.START + 15 * DAY, register=register)
    assert explained is not None
    media = explained.schedule[Kind.MEDIA]
    assert (media.policy, media.term.start.reason) == (policy(days=some), StartReason.MEETING_UNKNOWN)
    assert explained.phases[Kind.MEDIA] is Phase.INTERMEDIATE
    assert explained.phases[Kind.MINUTES] is Phase.CURRENT
    assert set(explained.dispositions.values()) == {Disposition.PROPOSE}


async def test_what_older_policies_decided_is_not_due_until_it_is_decided_anew() -> None:
    registers, documents = Registers(), Documents()
    await tell(registers, documents, told.ingested())
    await put(registers, policy(days=3000))
    later = TAKEN_IN + 500 * DAY
    async with registers.of(TENANT) as register:
        assert await register.due(later, limit=10) == []
    await catch_up(registers)
    async with registers.of(TENANT) as register:
        assert await register.due(later, limit=10) == []
        assert len(await register.due(TAKEN_IN + 3001 * DAY, limit=10)) == len(Kind)


class Failing(Registers):
    """Cannot be reached at first; ``done`` once nothing is behind."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 2
        self.done = asyncio.Event()

    async def behind(self) -> Sequence[str]:
        if self.failures:
            self.failures -= 1
            raise OSError
        found = await super().behind()
        if not found:
            self.done.set()
        return found


async def test_what_fails_is_tried_again() -> None:
    registers, documents = Failing(), Documents()
    await tell(registers, documents, told.ingested())
    await put(registers, policy(days=200))
    running = asyncio.create_task(
        repeat(Recompute(registers, periods=PERIODS).follow, named="schedules", seconds=0)
    )
    try:
        async with asyncio.timeout(10):
            await registers.done.wait()
    finally:
        running.cancel()
    assert days(registers)[Kind.MEDIA] == 200


def test_periods_are_days(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RetentionSettings().periods == PERIODS
    monkeypatch.setenv("MINUTIER_RETENTION_ACCESS_LOG_DAYS", "0")
    with pytest.raises(InvalidSettings):
        RetentionSettings()
