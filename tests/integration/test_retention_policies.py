"""Policies, facts and schedules in PostgreSQL: tenants apart, made anew in batches, and found when due."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention.policies.classify import classify
from minutier.retention.policies.close_file import close_file
from minutier.retention.policies.domain import Clock, Disposition, Facts, Kind, Policy, Rule, learn
from minutier.retention.policies.domain import Told as ToldOf
from minutier.retention.policies.recompute import Recompute, recompute_batch
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.schedule import Due, schedule
from minutier.retention.policies.set_policy import InForce, set_policy, withdraw_policy
from minutier.retention.policies.simulate import Month, simulate
from minutier.retention.policies.take_facts import take_facts
from minutier.shared.errors import Permanent
from minutier.shared.tenants import within
from tests.support.retention_policies import PERIODS, TAKEN_IN, default, policy

ROLE = "retention"
DAY = timedelta(days=1)
TABLES = ("tenants", "policies", "recordings", "schedules")
TOLD = ToldOf("livekit", None, TAKEN_IN, frozenset(Kind))
COUNT = "select count(*) from {}"


@pytest.fixture
def registers(engine: AsyncEngine) -> Registers:
    return Registers(engine, PERIODS)


@pytest.fixture
def tenant() -> str:
    return f"t{uuid4().hex[:8]}"


async def take(registers: Registers, tenant: str, *told: ToldOf) -> UUID:
    recording_id = uuid4()
    for one in told or (TOLD,):
        async with registers.of(tenant) as register:
            await take_facts(recording_id, one, register=register)
    return recording_id


async def put(registers: Registers, *some: Policy) -> None:
    for one in some:
        async with registers.of(one.scope.tenant) as register:
            assert await set_policy(one, set_by="officer", register=register) == InForce(one)


async def due(registers: Registers, tenant: str, before: datetime = TAKEN_IN + 40000 * DAY) -> list[Due]:
    async with registers.of(tenant) as register:
        return list(await register.due(before, limit=1000))


async def until_due(registers: Registers, tenant: str, recording_id: UUID) -> dict[Kind, int]:
    found = await due(registers, tenant)
    return {one.kind: (one.due_at - TAKEN_IN).days for one in found if one.recording_id == recording_id}


async def catch_up(registers: Registers) -> None:
    await Recompute(registers, periods=PERIODS).catch_up()


async def test_what_is_set_is_read_as_it_was(registers: Registers, tenant: str) -> None:
    rules = {Kind.MEDIA: Rule(Clock.MEETING, 30, 60), Kind.MINUTES: Rule(Clock.FILE_CLOSED, 1)}
    some = policy(
        "Boards",
        rules,
        tenant=tenant,
        source="livekit",
        record_class="board",
        label="Comité social",
        disposition=Disposition.PROPOSE,
    )
    await put(registers, some)
    async with registers.of(tenant) as register:
        await register.mark(public_body=True)
        found = await register.tenant()
        (version,) = await register.versions(some.id)
    assert (found.public_body, found.revision) == (True, 2)
    assert {one.name: one for one in found.policies} == {"Default": default(tenant), "Boards": some}
    assert (version.policy, version.set_by) == (some, "officer")
    assert datetime.now(UTC) - version.set_at < timedelta(minutes=5)


async def test_facts_are_read_as_they_were(registers: Registers, tenant: str) -> None:
    met_at, closed_at = TAKEN_IN - 2 * DAY, TAKEN_IN + DAY
    recording_id = await take(registers, tenant, TOLD, ToldOf(met_at=met_at))
    labels = {"Comité social", "2026"}
    async with registers.of(tenant) as register:
        await classify(recording_id, record_class="board", labels=labels, register=register)
        await close_file(recording_id, at=closed_at, now=closed_at, register=register)
        found = await register.find(recording_id)
    assert found == Facts(
        tenant, "livekit", "board", frozenset(labels), met_at, TAKEN_IN, closed_at, kinds=frozenset(Kind)
    )


async def test_what_is_told_at_the_same_time_is_all_kept(registers: Registers, tenant: str) -> None:
    recording_id = uuid4()
    tellings = [
        TOLD,
        ToldOf(met_at=TAKEN_IN - DAY),
        ToldOf("livekit", TAKEN_IN - 2 * DAY, TAKEN_IN + DAY, frozenset({Kind.MINUTES})),
    ] * 2
    Random(1).shuffle(tellings)

    async def tell(told: ToldOf) -> None:
        async with registers.of(tenant) as register:
            await take_facts(recording_id, told, register=register)

    await asyncio.gather(*map(tell, tellings))
    expected = Facts(tenant)
    for told in tellings:
        expected = learn(expected, told)
    async with registers.of(tenant) as register:
        assert await register.find(recording_id) == expected
        assert len(await register.versions(default(tenant).id)) == 1
    assert await until_due(registers, tenant, recording_id) == PERIODS


async def test_tenants_are_kept_apart_by_the_database(
    registers: Registers, engine: AsyncEngine, tenant: str
) -> None:
    recording_id = await take(registers, tenant)
    for table in TABLES[1:]:
        for confined in ([], ["nobody"]):
            async with within(engine, *confined) as session:
                rows = await (await session.connection()).execute(text(COUNT.format(table)))
                assert rows.scalar_one() == 0, table
    async with within(engine, "nobody") as session:
        connection = await session.connection()
        for statement in (
            "update recordings set labels = '{}' where id = :id",
            "delete from schedules where recording_id = :id",
        ):
            assert (await connection.execute(text(statement), {"id": recording_id})).rowcount == 0
        marked = await connection.execute(
            text("update tenants set public_body = true where tenant = :tenant"), {"tenant": tenant}
        )
        assert marked.rowcount == 0
    with pytest.raises(Permanent, match="another_tenants"):
        async with registers.of("other") as register:
            await take_facts(recording_id, TOLD, register=register)
    async with registers.of("other") as register:
        assert await register.find(recording_id) is None
        assert recording_id not in await register.page(limit=1000, after=None)


async def test_the_service_owns_nothing_and_versions_stay(registers: Registers, engine: AsyncEngine) -> None:
    await put(registers, policy(tenant="acme"))
    async with engine.connect() as connection:
        protected = await connection.execute(
            text(
                "select relname from pg_class where relnamespace = 'retention'::regnamespace "
                "and relrowsecurity and relforcerowsecurity"
            )
        )
        assert {name for (name,) in protected} >= set(TABLES)
        owned = text("select relname from pg_class where relowner = current_user::regrole and relkind = 'r'")
        assert list(await connection.execute(owned)) == []
    for statement, refused in (
        ("update policies set name = ''", "permission denied"),
        ("delete from policies", "permission denied"),
        ("alter table policies disable row level security", "must be owner"),
    ):
        with pytest.raises(ProgrammingError, match=refused):
            async with within(engine, "acme") as session:
                await (await session.connection()).execute(text(statement))


async def test_batches_that_a_kill_interrupts_are_gone_on_with(
    registers: Registers, engine: AsyncEngine, tenant: str
) -> None:
    taken = [await take(registers, tenant) for _ in range(7)]
    await put(registers, policy(tenant=tenant, days=200))
    async with registers.of(tenant) as register:
        assert await recompute_batch(register, limit=3) == 3
    with suppress(asyncio.CancelledError):
        async with registers.of(tenant) as register:
            assert await recompute_batch(register, limit=3) == 3
            raise asyncio.CancelledError
    assert len(await due(registers, tenant)) == 3 * len(Kind)
    assert tenant in await registers.behind()
    await asyncio.gather(catch_up(Registers(engine, PERIODS)), catch_up(registers))
    await catch_up(registers)
    assert tenant not in await registers.behind()
    for recording_id in taken:
        assert await until_due(registers, tenant, recording_id) == dict.fromkeys(Kind, 200)


async def test_replicas_take_different_batches(registers: Registers, tenant: str) -> None:
    for _ in range(4):
        await take(registers, tenant)
    await put(registers, policy(tenant=tenant))
    async with registers.of(tenant) as one, registers.of(tenant) as other:
        first, second = await one.behind(limit=2), await other.behind(limit=10)
    assert (len(first), len(second)) == (2, 2)
    assert not first.keys() & second.keys()


async def test_of_two_who_set_a_version_at_once_one_does(registers: Registers, tenant: str) -> None:
    await put(registers, policy(tenant=tenant))

    async def change(days: int) -> object:
        async with registers.of(tenant) as register:
            return await set_policy(
                policy(days=days, version=2, tenant=tenant), set_by="b", register=register
            )

    outcomes = await asyncio.gather(*(change(days) for days in range(10, 14)))
    assert [type(outcome) for outcome in outcomes].count(InForce) == 1
    async with registers.of(tenant) as register:
        assert (await register.tenant()).revision == 3


async def test_a_policy_that_changes_while_facts_are_taken_is_caught_up_with(
    registers: Registers, tenant: str
) -> None:
    recording_id = uuid4()
    async with registers.of(tenant) as register:
        await register.tenant()
    async with registers.of(tenant) as taking:
        await take_facts(recording_id, TOLD, register=taking)
        await put(registers, policy(tenant=tenant, days=700))
        await catch_up(registers)
    assert await due(registers, tenant) == []
    await catch_up(registers)
    assert await until_due(registers, tenant, recording_id) == dict.fromkeys(Kind, 700)


async def test_clocks_that_wait_are_not_due(registers: Registers, tenant: str) -> None:
    await put(registers, policy(tenant=tenant, days=5, clock=Clock.FILE_CLOSED))
    recording_id = await take(registers, tenant)
    assert await due(registers, tenant) == []
    async with registers.of(tenant) as register:
        await close_file(recording_id, at=TAKEN_IN + DAY, now=TAKEN_IN + DAY, register=register)
    assert await until_due(registers, tenant, recording_id) == dict.fromkeys(Kind, 6)


async def test_what_is_due_is_read_in_pages_by_an_index(
    registers: Registers, engine: AsyncEngine, tenant: str
) -> None:
    for number in range(5):
        await take(registers, tenant, ToldOf("livekit", None, TAKEN_IN + (number % 2) * DAY, frozenset(Kind)))
    everything = await due(registers, tenant)
    assert len(everything) == 5 * len(Kind)
    paged: list[Due] = []
    while True:
        async with registers.of(tenant) as register:
            page = await register.due(TAKEN_IN + 40000 * DAY, limit=3, after=paged[-1] if paged else None)
        paged.extend(page)
        if len(page) < 3:
            break
    assert paged == everything
    assert len(await due(registers, tenant, TAKEN_IN + 120 * DAY + timedelta(seconds=1))) == 3
    async with within(engine, tenant) as session:
        connection = await session.connection()
        await connection.execute(text("set local enable_seqscan = off"))
        asked = "explain select * from schedules where tenant = :tenant and due_at < now() order by due_at"
        plan = await connection.execute(text(asked), {"tenant": tenant})
        assert any("schedules_due" in line for (line,) in plan)


async def test_a_simulation_agrees_with_what_then_comes_due(registers: Registers, tenant: str) -> None:
    drawn = Random(5)
    for _ in range(25):
        taken_in = TAKEN_IN + drawn.randrange(200) * DAY
        kinds = frozenset(drawn.sample(list(Kind), 2))
        await take(registers, tenant, ToldOf(drawn.choice(["livekit", "visio"]), None, taken_in, kinds))
    rules = {Kind.MEDIA: Rule(Clock.INGESTION, 60, 30), Kind.MINUTES: Rule(Clock.INGESTION, 10)}
    tried = policy("Tried", rules, tenant=tenant, source="visio")
    await put(registers, policy("Other", {Kind.MINUTES: Rule(Clock.INGESTION, 20)}, tenant=tenant))
    since, until = TAKEN_IN + 20 * DAY, TAKEN_IN + 220 * DAY
    said = await simulate(tried, since=since, until=until, registers=registers, batch=4, sample=5)
    await put(registers, tried)
    await catch_up(registers)
    found = [one for one in await due(registers, tenant, until) if one.policy_id == tried.id]
    found = [one for one in found if one.due_at >= since]
    assert found
    assert said.counts == Counter((Month(one.due_at.year, one.due_at.month), one.kind) for one in found)
    assert said.sample == tuple(found[:5])
    assert said.recordings_seen == 25


async def test_what_is_written_down_is_what_follows_from_policies_and_facts(
    registers: Registers, tenant: str
) -> None:
    taken = [await take(registers, tenant) for _ in range(3)]
    some = policy(tenant=tenant, days=500, intermediate=100)
    await put(registers, some)
    async with registers.of(tenant) as register:
        await withdraw_policy(some.id, version=2, set_by="officer", register=register)
    await put(registers, policy(tenant=tenant, days=77, version=3))
    await catch_up(registers)
    async with registers.of(tenant) as register:
        in_force = (await register.tenant()).policies
        page = await register.page(limit=10, after=None)
    assert set(page) == set(taken)
    expected = {
        (recording_id, kind, decision.due_at)
        for recording_id, facts in page.items()
        for kind, decision in schedule(in_force, facts).items()
    }
    assert {(one.recording_id, one.kind, one.due_at) for one in await due(registers, tenant)} == expected
