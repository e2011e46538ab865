"""How a service lets go of what it has of a recording, once retention has ordered it.

Objects go before rows, so that what fails half-way is found again and done again. While a legal hold covers
the recording, which nobody can place meanwhile, nothing goes.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.schemas.events import AnyEvent, Executed, PurgeExecuted, PurgeOrdered, PurgeOutcome, Stage
from minutier.schemas.records import Kind, Quantity
from minutier.shared import cancellations, inbox, outbox, tombstones
from minutier.shared.delivery import Work
from minutier.shared.objects import ARTEFACTS, RECORDINGS, Objects
from minutier.shared.topology import Consumer

OBJECT_VERSIONS, ROWS = "object_versions", "rows"
INDEX_ENTRIES, STREAM_MESSAGES = "index_entries", "stream_messages"

_IS_HELD = text("select retention.is_held(:id)")

# Erases the service's own rows, in the transaction of the answer, and tells how many there were; before them
# what lies where no `Place` is.
Rows = Callable[[AsyncSession, PurgeOrdered], Awaitable[Iterable[Quantity]]]
# Removes what an event refers to that lies where no `Place` is.
Discard = Callable[[AnyEvent], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """Where a service keeps objects, ``below`` a recording's prefix in a bucket.

    What is of no kind is destroyed with the whole.
    """

    bucket: str
    below: str
    kind: Kind | None
    service: str

    def prefix(self, tenant: str, recording_id: UUID) -> str:
        return f"{tenant}/{recording_id}/{self.below}"


PLACES = (
    Place(RECORDINGS, "", Kind.MEDIA, "ingestion"),
    Place(ARTEFACTS, f"{Stage.INGESTION}/", None, "ingestion"),
    Place(ARTEFACTS, f"{Stage.DIARIZATION}/", Kind.TRANSCRIPT, "diarization"),
    Place(ARTEFACTS, f"{Stage.TRANSCRIPTION}/", Kind.TRANSCRIPT, "transcription"),
    Place(ARTEFACTS, f"{Stage.ATTRIBUTION}/", Kind.TRANSCRIPT, "attribution"),
    Place(ARTEFACTS, f"{Stage.SUMMARISATION}/", Kind.MINUTES, "summarisation"),
)


def places(kinds: Iterable[Kind], *, whole: bool) -> Sequence[Place]:
    """Those that are empty once this is destroyed."""
    wanted = set(kinds)
    return [place for place in PLACES if whole or place.kind in wanted]


async def no_rows(session: AsyncSession, order: PurgeOrdered) -> Iterable[Quantity]:
    """Of a service that has none but those of the delivery of events."""
    return ()


async def nothing(event: AnyEvent) -> None:
    """Of a service that keeps all its objects in its places."""


class Eraser:
    """What one service does about an order. Doing it again changes nothing."""

    def __init__(
        self, service: str, *, engine: AsyncEngine, objects: Objects, rows: Rows, discard: Discard
    ) -> None:
        self._service = service
        self._consumer = Consumer(service, PurgeOrdered).name
        self._engine = engine
        self._objects = objects
        self._rows = rows
        self._discard = discard

    async def answer(self, order: PurgeOrdered, work: Work) -> None:
        """Erase what is ordered, and say so. Raises what the store and the database raise."""
        if order.data.whole and not await self._held(order.subject):
            await tombstones.raise_for(self._engine, order.subject)
        async with work.transaction() as transaction:
            session = transaction.session
            connection = await session.connection()
            # Whoever places a hold now waits until this has ended.
            if await is_held(connection, order.subject):
                await tombstones.take_down(connection, order.subject)
                transaction.publish(self._answer(order, PurgeOutcome.HELD))
                return
            gone = [await self._erase_objects(order, order.data.kinds, whole=order.data.whole)]
            gone += await self._rows(session, order)
            if order.data.whole:
                gone.append(await self._forget(connection, order))
            transaction.publish(self._answer(order, PurgeOutcome.ERASED, gone))

    async def again(self, event: AnyEvent) -> None:
        """Something was to be done for a recording of which nothing is left: what it has stored goes too.

        Unless a hold covers it by now, as it does where a purge was stopped or a backup was restored.
        """
        async with self._engine.begin() as connection:
            if await is_held(connection, event.subject):
                return
            await self._discard(event)
            await self._erase_objects(event, (), whole=True)

    def _answer(
        self, order: PurgeOrdered, outcome: PurgeOutcome, gone: Iterable[Quantity] = ()
    ) -> PurgeExecuted:
        return PurgeExecuted.of(
            order.subject,
            tenant=order.tenant,
            source=f"minutier/{self._service}",
            id=uuid5(order.id, self._service),
            data=Executed(
                purge_id=order.data.purge_id,
                order=order.id,
                service=self._service,
                outcome=outcome,
                erased=_sum(gone),
            ),
        )

    async def _held(self, recording_id: UUID) -> bool:
        async with self._engine.connect() as connection:
            return await is_held(connection, recording_id)

    async def _erase_objects(self, of: AnyEvent, kinds: Iterable[Kind], *, whole: bool) -> Quantity:
        count = size = 0
        for place in places(kinds, whole=whole):
            if place.service == self._service:
                gone = await self._objects.erase(place.bucket, place.prefix(of.tenant, of.subject))
                count, size = count + gone.versions, size + gone.bytes
        return Quantity(place=OBJECT_VERSIONS, count=count, bytes=size)

    async def _forget(self, connection: AsyncConnection, order: PurgeOrdered) -> Quantity:
        """What the delivery of its events has kept."""
        rows = await inbox.forget(connection, order.subject, but=self._consumer)
        rows += await outbox.forget(connection, order.subject)
        rows += await cancellations.forget(connection, order.subject)
        return Quantity(place=ROWS, count=rows)


async def is_held(connection: AsyncConnection, recording_id: UUID) -> bool:
    """Whether a legal hold covers the recording; until the transaction ends that does not change."""
    return bool((await connection.execute(_IS_HELD, {"id": recording_id})).scalar_one())


def _sum(quantities: Iterable[Quantity]) -> tuple[Quantity, ...]:
    """One quantity for each place, of those where there was anything."""
    counts: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for each in quantities:
        counts[each.place] = counts.get(each.place, 0) + each.count
        if each.bytes is not None:
            sizes[each.place] = sizes.get(each.place, 0) + each.bytes
    return tuple(
        Quantity(place=place, count=count, bytes=sizes.get(place)) for place, count in counts.items() if count
    )
