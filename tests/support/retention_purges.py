"""Purges over the real servers, with services that answer as they are told."""

import io
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from minio import Minio
from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention.audit.repository import AuditLogs
from minutier.retention.desk import Books, Desk, Desks
from minutier.retention.erasures.repository import Files
from minutier.retention.holds.place import place_hold
from minutier.retention.holds.repository import Boards
from minutier.retention.policies.domain import Kind, Told
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.take_facts import take_facts
from minutier.retention.purges.approve import Approval, approve
from minutier.retention.purges.carry_out import CarryOut
from minutier.retention.purges.domain import Item, Purge
from minutier.retention.purges.execute import take_answers
from minutier.retention.purges.propose import Wish, propose_list
from minutier.retention.purges.repository import Ledgers
from minutier.retention.purges.stock import Stock
from minutier.retention.records.repository import Logs
from minutier.schemas.choreography import erasing
from minutier.schemas.codec import decode
from minutier.schemas.events import Executed, Made, PurgeExecuted, PurgeOrdered, PurgeOutcome
from minutier.schemas.records import Quantity
from minutier.schemas.retained import kept
from minutier.shared.artefacts import Artefacts
from minutier.shared.delivery import begin
from minutier.shared.objects import ARTEFACTS, RECORDINGS, Objects
from minutier.shared.proofs.signing import SigningKey
from tests.support.retention_holds import hold
from tests.support.retention_policies import PERIODS

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
LONG_AGO = START - timedelta(days=400)
PROPOSER, APPROVER = "acme/officer", "acme/officer-2"
GRACE = timedelta(hours=24)
REMINDING = timedelta(minutes=15)

# By service: what it erases of the store, as the real ones do.
OF_SERVICES = {
    "ingestion": [(RECORDINGS, ""), (ARTEFACTS, "ingestion/")],
    "diarization": [(ARTEFACTS, "diarization/")],
    "transcription": [(ARTEFACTS, "transcription/")],
    "attribution": [(ARTEFACTS, "attribution/")],
    "summarisation": [(ARTEFACTS, "summarisation/")],
    "query": [],
}
_ORDERS = text("select body from outbox where recording_id = :id order by position")


class Office:
    """A tenant with recordings in the store, whose services answer when they are asked to."""

    def __init__(self, engine: AsyncEngine, objects: Objects, client: Minio, js: JetStreamContext) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self.now = START
        self.key = SigningKey.generate()
        self.engine = engine
        self.client = client
        self.objects = objects
        self.js = js
        books = Books(
            Registers(engine, PERIODS),
            Boards(engine),
            Ledgers(engine),
            AuditLogs(engine),
            Logs(engine, self.key),
            Files(),
        )
        self.desks = Desks(lambda: begin(engine, lambda: None), books)
        self.stock, self.documents = Stock(objects, lambda: js), Artefacts(objects)
        self.carrying_out = CarryOut(
            self.desks,
            Ledgers(engine),
            self.stock,
            self.documents,
            engine,
            reminding=REMINDING,
            clock=lambda: self.now,
        )

    def desk(self) -> AbstractAsyncContextManager[Desk]:
        return self.desks.of(self.tenant)

    async def take_in(self, *, at: datetime = LONG_AGO) -> UUID:
        """A recording with two versions of its audio, a delete marker, and a document of each stage."""
        recording = uuid4()
        async with self.desk() as desk:
            await take_facts(recording, Told("livekit", None, at, frozenset(Kind)), register=desk.register)
        audio = f"{self.tenant}/{recording}/audio.flac"
        for content in (b"first", b"second"):
            self.put(RECORDINGS, audio, content)
        self.client.remove_object(RECORDINGS, audio)
        for stage in ("ingestion", "diarization", "transcription", "attribution", "summarisation"):
            self.put(ARTEFACTS, f"{self.tenant}/{recording}/{stage}/1.json", stage.encode())
        return recording

    def put(self, bucket: str, key: str, content: bytes) -> None:
        self.client.put_object(bucket, key, io.BytesIO(content), len(content))

    async def propose(self, *recordings: UUID, kinds: Iterable[Kind] = tuple(Kind)) -> Purge:
        wish = Wish("They were a test.", "GDPR, article 17(1)(a)", frozenset(kinds), PROPOSER, self.now)
        async with self.desk() as desk:
            purge = await propose_list(wish, recordings, register=desk.register, purges=desk.purges)
        assert isinstance(purge, Purge)
        return purge

    async def find(self, purge: Purge) -> Purge:
        async with self.desk() as desk:
            found = await desk.purges.find(purge.id)
        assert found is not None
        return found

    async def approve(self, purge: Purge, *, by: str = APPROVER) -> Purge:
        """Of what was counted, with a made-up entry of the audit log."""
        counted = await self.find(purge)
        assert counted.inventory is not None
        async with self.desk() as desk:
            agreed = await approve(
                purge.id,
                Approval(by, self.now, counted.inventory),
                grace=GRACE,
                purges=desk.purges,
            )
            assert agreed is not None
            await desk.purges.keep(with_hashes(agreed))
        return await self.find(purge)

    async def go_on(self) -> None:
        await self.carrying_out.go_on(self.tenant)

    async def wait(self, time: timedelta) -> None:
        self.now += time
        await self.go_on()

    async def ordered(self, *recordings: UUID, kinds: Iterable[Kind] = tuple(Kind)) -> Purge:
        """A purge of these that was proposed, counted, approved, and ordered after the time of grace."""
        purge = await self.propose(*recordings, kinds=kinds)
        await self.go_on()
        await self.approve(purge)
        await self.wait(GRACE)
        return await self.find(purge)

    async def orders(self, recording: UUID) -> list[PurgeOrdered]:
        async with self.engine.begin() as connection:
            bodies = (await connection.execute(_ORDERS, {"id": recording})).scalars().all()
        return [event for event in map(decode, bodies) if isinstance(event, PurgeOrdered)]

    async def answer(
        self,
        recording: UUID,
        *services: str,
        outcome: PurgeOutcome = PurgeOutcome.ERASED,
        erase: bool = True,
        order: PurgeOrdered | None = None,
        made: Sequence[Made] = (),
    ) -> None:
        """As each of ``services`` answers the last order, or ``order``; all of them where none is named.

        What was ``made`` instead of what goes has been put into the store before.
        """
        order = order or (await self.orders(recording))[-1]
        for service in services or erasing():
            count = 0
            if erase and outcome is PurgeOutcome.ERASED:
                for bucket, below in OF_SERVICES[service]:
                    gone = await self.objects.erase(
                        bucket,
                        f"{self.tenant}/{recording}/{below}",
                        keeping=kept(order.data.instead, made),
                    )
                    count += gone.versions
            told = PurgeExecuted.of(
                recording,
                tenant=self.tenant,
                source=f"minutier/{service}",
                data=Executed(
                    purge_id=order.data.purge_id,
                    order=order.id,
                    service=service,
                    outcome=outcome,
                    erased=(Quantity(place="object_versions", count=count),),
                    made=tuple(made),
                ),
            )
            async with self.desk() as desk:
                await take_answers([told], now=self.now, purges=desk.purges)

    async def item(self, purge: Purge, recording: UUID) -> Item:
        async with self.desk() as desk:
            items = await desk.purges.items(purge.id, limit=100)
        (found,) = [item for item in items if item.recording_id == recording]
        return found

    async def hold(self, recording: UUID) -> None:
        async with self.desk() as desk:
            await place_hold(hold(tenant=self.tenant), [recording], holds=desk.holds)

    async def saved(self, recording: UUID) -> list[tuple[str, str, bytes]]:
        """A backup of what the store has of a recording, without versions that were replaced."""
        found = []
        for bucket in (RECORDINGS, ARTEFACTS):
            prefix = f"{self.tenant}/{recording}/"
            for listed in self.client.list_objects(bucket, prefix, recursive=True):
                assert listed.object_name is not None
                with self.client.get_object(bucket, listed.object_name) as response:
                    found.append((bucket, listed.object_name, response.read()))
        return found

    async def restore(self, saved: Iterable[tuple[str, str, bytes]]) -> None:
        for bucket, key, content in saved:
            self.put(bucket, key, content)

    async def left(self, recording: UUID) -> int:
        """Versions and delete markers in the store."""
        count = 0
        for bucket in (RECORDINGS, ARTEFACTS):
            async for page in self.objects.kept(bucket, f"{self.tenant}/{recording}/"):
                count += len(page)
        return count


def with_hashes(purge: Purge) -> Purge:
    return replace(purge, proposal="1" * 64, approval="2" * 64)
