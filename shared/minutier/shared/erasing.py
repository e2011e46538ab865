"""How a service lets go of what it has of a recording, once retention has ordered it.

Objects go before rows, so that what fails half-way is found again and done again. While a legal hold covers
the recording, which nobody can place meanwhile, nothing goes. Where one person is erased, what takes the
place of something is made before that goes.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.schemas.events import (
    AnyEvent,
    Executed,
    Instead,
    Made,
    PurgeExecuted,
    PurgeOrdered,
    PurgeOutcome,
    Stage,
)
from minutier.schemas.records import Kind, Quantity
from minutier.schemas.references import Location
from minutier.schemas.retained import kept
from minutier.shared import cancellations, erasures, inbox, outbox, tombstones
from minutier.shared.delivery import Work
from minutier.shared.objects import ARTEFACTS, RECORDINGS, EraseRefused, Objects
from minutier.shared.side_by_side import side_by_side
from minutier.shared.together import Joined, Part, Together, transaction
from minutier.shared.topology import Consumer

OBJECT_VERSIONS, ROWS = "object_versions", "rows"
INDEX_ENTRIES, STREAM_MESSAGES = "index_entries", "stream_messages"

# As many orders are carried out at a time, and of so many of them objects.
ORDERS, _AT_ONCE = 25, 4

_IS_HELD = text("select retention.is_held(:id)")
# Whoever places holds takes their locks in this order too.
_ARE_HELD = text("""
    select id from (
        select id from unnest(cast(:ids as uuid[])) as asked (id) order by retention.lock_number(id) offset 0
    ) as asked
    where retention.is_held(id)
""")

# Erases the service's own rows, in the transaction of the answer, and tells how many there were; before them
# what lies where no `Place` is.
Rows = Callable[[AsyncSession, PurgeOrdered], Awaitable[Iterable[Quantity]]]
# Removes what an event refers to that lies where no `Place` is.
Discard = Callable[[AnyEvent], Awaitable[None]]


@dataclass(frozen=True)
class Replaced:
    """What a service has ``made`` in place of what goes, and what it will ``tell`` of that."""

    made: tuple[Made, ...] = ()
    tell: Sequence[AnyEvent] = ()


# Makes what takes a place where one person is erased: the same order, or a later one of the same purge, gives
# what was made before.
Replace = Callable[[PurgeOrdered], Awaitable[Replaced]]


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


def places(kinds: Iterable[Kind], *, whole: bool, instead: Instead | None = None) -> Sequence[Place]:
    """Those that are empty once this is destroyed, but for what is there ``instead``."""
    wanted: set[Kind | None] = {*kinds}
    if instead is not None and instead.recording is not None:
        wanted.add(None)
    return [place for place in PLACES if whole or place.kind in wanted]


async def no_rows(session: AsyncSession, order: PurgeOrdered) -> Iterable[Quantity]:
    """Of a service that has none but those of the delivery of events."""
    return ()


async def nothing(event: AnyEvent) -> None:
    """Of a service that keeps all its objects in its places."""


async def nothing_instead(order: PurgeOrdered) -> Replaced:
    """Of a service for which retention has written what is there instead."""
    return Replaced()


class Eraser:
    """What one service does about an order. Doing it again changes nothing."""

    def __init__(
        self,
        service: str,
        *,
        engine: AsyncEngine,
        objects: Objects,
        rows: Rows,
        discard: Discard,
        replace: Replace,
    ) -> None:
        self._service = service
        self._consumer = Consumer(service, PurgeOrdered).name
        self._engine = engine
        self._objects = objects
        self._rows = rows
        self._discard = discard
        self._replace = replace
        self._together = Together(self._answer_all, most=ORDERS)
        self._alone = asyncio.Lock()

    async def answer(self, order: PurgeOrdered, work: Work) -> None:
        """Erase what is ordered, and say so. Raises what the store, the database and `Replace` raise."""
        if order.data.instead is None:
            await self._together.join(work)
        else:
            # What takes the place of something may be long in the making.
            async with self._alone:
                await self._erase_person(order, order.data.instead, work)

    async def _answer_all(self, joined: Sequence[Joined]) -> None:
        await self._raise_tombstones([_order(each.work.event) for each in joined])
        async with transaction(joined) as parts:
            if not parts:
                return
            connection = await parts[0].session.connection()
            # Whoever places a hold now waits until this has ended.
            held = await are_held(connection, [part.event.subject for part in parts])
            for part in parts:
                if part.event.subject in held:
                    await tombstones.take_down(connection, part.event.subject)
                    part.publish(self._answer(_order(part.event), PurgeOutcome.HELD))
            await self._erase_all([part for part in parts if part.event.subject not in held], connection)

    async def _raise_tombstones(self, orders: Iterable[PurgeOrdered]) -> None:
        """From then on nothing has an effect."""
        whole = {order.subject for order in orders if order.data.whole}
        if not whole:
            return
        async with self._engine.connect() as connection:
            held = await are_held(connection, whole)
        await tombstones.raise_for(self._engine, *(whole - held))

    async def _erase_all(self, parts: Sequence[Part], connection: AsyncConnection) -> None:
        orders = [_order(part.event) for part in parts]
        objects = await side_by_side(orders, self._erase_ordered, most=_AT_ONCE)
        rows = [[*await self._rows(part.session, _order(part.event))] for part in parts]
        delivery = await self._forget(connection, [order.subject for order in orders if order.data.whole])
        for part, order, stored, theirs in zip(parts, orders, objects, rows, strict=True):
            told = Quantity(place=ROWS, count=delivery[order.subject])
            part.publish(self._answer(order, PurgeOutcome.ERASED, [stored, *theirs, told]))

    async def _erase_ordered(self, order: PurgeOrdered) -> Quantity:
        return await self._erase_objects(order, places(order.data.kinds, whole=order.data.whole))

    async def _erase_person(self, order: PurgeOrdered, instead: Instead, work: Work) -> None:
        await work.take()
        held = await self._held(order.subject)
        replaced = Replaced() if held else await self._prepare(order)
        async with work.transaction() as transaction:
            session = transaction.session
            connection = await session.connection()
            if await is_held(connection, order.subject):
                await self._let_be(connection, order, work.stored)
                transaction.publish(self._answer(order, PurgeOutcome.HELD))
                return
            wanted = places(order.data.kinds, whole=False, instead=instead)
            gone = [await self._erase_objects(order, wanted, keeping=kept(instead, replaced.made))]
            gone += await self._rows(session, order)
            transaction.publish(self._answer(order, PurgeOutcome.ERASED, gone, replaced.made))
            for event in replaced.tell:
                transaction.publish(event)

    async def again(self, event: AnyEvent, stored: Iterable[Location]) -> None:
        """Something was to be done for a recording of which nothing is left, or of which something else is
        left by now: what it has ``stored`` goes too.

        Unless a hold covers it by now, as it does where a purge was stopped or a backup was restored.
        """
        async with self._engine.begin() as connection:
            if await is_held(connection, event.subject):
                return
            if await tombstones.stands_for(connection, event.subject):
                await self._discard(event)
                await self._erase_objects(event, PLACES)
            elif await erasures.are_kept(connection) and await erasures.cover(
                connection, event.subject, event.wanted_since
            ):
                await self._discard(event)
                await self._take_back(stored)

    async def _prepare(self, order: PurgeOrdered) -> Replaced:
        """From then on nothing has an effect that was wanted before."""
        replaced = await self._replace(order)
        async with self._engine.connect() as connection:
            does_work = await erasures.are_kept(connection)
        if does_work:
            await erasures.note(self._engine, order)
        return replaced

    async def _let_be(
        self, connection: AsyncConnection, order: PurgeOrdered, stored: Iterable[Location]
    ) -> None:
        """As it was before the order."""
        if await erasures.are_kept(connection):
            await erasures.take_down(connection, order)
        # What was made when the hold came is itself held, and goes with the rest.
        with suppress(EraseRefused):
            await self._take_back(stored)

    async def _take_back(self, stored: Iterable[Location]) -> None:
        for location in stored:
            await self._objects.erase(location.bucket, location.key)

    def _answer(
        self,
        order: PurgeOrdered,
        outcome: PurgeOutcome,
        gone: Iterable[Quantity] = (),
        made: tuple[Made, ...] = (),
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
                made=made,
            ),
        )

    async def _held(self, recording_id: UUID) -> bool:
        async with self._engine.connect() as connection:
            return await is_held(connection, recording_id)

    async def _erase_objects(
        self, of: AnyEvent, places: Iterable[Place], *, keeping: Collection[str] = ()
    ) -> Quantity:
        count = size = 0
        for place in places:
            if place.service == self._service:
                prefix = place.prefix(of.tenant, of.subject)
                gone = await self._objects.erase(place.bucket, prefix, keeping=keeping)
                count, size = count + gone.versions, size + gone.bytes
        return Quantity(place=OBJECT_VERSIONS, count=count, bytes=size)

    async def _forget(self, connection: AsyncConnection, recordings: Collection[UUID]) -> Counter[UUID]:
        """What the delivery of their events has kept; how many rows of each."""
        if not recordings:
            return Counter()
        rows = await inbox.forget(connection, recordings, but=self._consumer)
        rows += await outbox.forget(connection, recordings)
        rows += await cancellations.forget(connection, recordings)
        return rows + await erasures.forget(connection, recordings)


async def is_held(connection: AsyncConnection, recording_id: UUID) -> bool:
    """Whether a legal hold covers the recording; until the transaction ends that does not change."""
    return bool((await connection.execute(_IS_HELD, {"id": recording_id})).scalar_one())


async def are_held(connection: AsyncConnection, recordings: Iterable[UUID]) -> set[UUID]:
    """Those of them that a legal hold covers; until the transaction ends that does not change."""
    return set((await connection.execute(_ARE_HELD, {"ids": list(recordings)})).scalars())


def _order(event: AnyEvent) -> PurgeOrdered:
    assert isinstance(event, PurgeOrdered)
    return event


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
