"""Purges as retention orders them, and what the services answer."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

import psycopg
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.codec import decode, encode
from minutier.schemas.events import Executed, Instead, Purge, PurgeExecuted, PurgeOrdered, PurgeOutcome
from minutier.schemas.records import Kind
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support.delivery_service import until

_PURGE = """
    insert into retention.purges
        (id, tenant, cause, state, legal_basis, reason, needs_visa, proposed_by, proposed_at)
    values (%(id)s, %(tenant)s, 'list', 'executing', 'law', 'reason', false, 'officer', now())
"""
_ITEM = """
    insert into retention.purge_items (purge_id, recording_id, tenant, kinds, whole, state, ordered_at)
    values (%(id)s, %(recording)s, %(tenant)s, %(kinds)s, %(whole)s, 'ordered', now())
"""
_HOLD = """
    insert into retention.holds (id, tenant, matter, reason, placed_by, placed_at)
    values (%(id)s, %(tenant)s, 'matter', 'reason', 'officer', now())
"""
_HELD = (
    "insert into retention.held (hold_id, recording_id, tenant) values (%(id)s, %(recording)s, %(tenant)s)"
)
_ENDED = """
    update retention.holds set released_at = now(), released_by = 'officer', release_reason = 'over'
    where released_at is null
        and id in (select hold_id from retention.held where recording_id = %(recording)s)
"""
_LIFTED = "update retention.held set released = true where recording_id = %(recording)s"
_DONE = "update retention.purge_items set state = 'destroyed' where recording_id = %(recording)s"
_REMAINS = "select place, kind, held_rows from {schema}.remains(%(ids)s)"


class Purges:
    """Orders of a tenant's purges on the stream, with what retention keeps of them in its tables."""

    def __init__(self, system: System, js: JetStreamContext, tenant: str = "acme") -> None:
        self.tenant = tenant
        self.objects = Objects(system.objects)
        self._js = js
        self.inside = psycopg.conninfo.make_conninfo(system.administrator_url, dbname="minutier")

    async def order(
        self, recording: UUID, *kinds: Kind, whole: bool | None = None, instead: Instead | None = None
    ) -> PurgeOrdered:
        """Of the whole where no ``kinds`` are named."""
        whole = not kinds if whole is None else whole
        purge = Purge(purge_id=uuid4(), kinds=kinds or tuple(Kind), whole=whole, instead=instead)
        given = {"id": purge.purge_id, "recording": recording, "tenant": self.tenant}
        self._run(_DONE, given)
        self._run(_PURGE, given)
        self._run(_ITEM, given | {"kinds": [kind.value for kind in purge.kinds], "whole": whole})
        order = PurgeOrdered.of(recording, tenant=self.tenant, source="minutier/retention", data=purge)
        await self.publish(order)
        return order

    async def publish(self, order: PurgeOrdered) -> None:
        await self._js.publish(order.nats_subject, encode(order), stream=EVENT_STREAM)

    async def answers(self, order: PurgeOrdered, service: str) -> list[Executed]:
        """What ``service`` has answered, oldest first."""
        found = []
        subject, after = f"{PurgeExecuted.TYPE}.{order.subject}", 0
        info = await self._js.stream_info(EVENT_STREAM, subjects_filter=subject)
        for _ in range((info.state.subjects or {}).get(subject, 0)):
            message = await self._js.get_msg(EVENT_STREAM, seq=after + 1, subject=subject, next=True)
            after = message.seq or 0
            event = decode(message.data or b"")
            if isinstance(event, PurgeExecuted) and event.data.service == service:
                found.append(event.data)
        return [answer for answer in found if answer.order == order.id]

    async def answer(self, order: PurgeOrdered, service: str) -> Executed:
        """The answer of ``service``, once there is one."""

        async def there() -> bool:
            return bool(await self.answers(order, service))

        await until(there)
        return (await self.answers(order, service))[0]

    async def purge(self, recording: UUID, service: str, *kinds: Kind) -> Mapping[str, int]:
        """Order it, and what ``service`` has erased, by place; fails where it has not."""
        answer = await self.answer(await self.order(recording, *kinds), service)
        assert answer.outcome is PurgeOutcome.ERASED
        return {quantity.place: quantity.count for quantity in answer.erased}

    def hold(self, recording: UUID) -> None:
        given = {"id": uuid4(), "recording": recording, "tenant": self.tenant}
        self._run(_HOLD, given)
        self._run(_HELD, given)

    def release(self, recording: UUID) -> None:
        for statement in (_ENDED, _LIFTED):
            self._run(statement, {"recording": recording})

    def remains(self, schema: str, recording: UUID) -> dict[str, int]:
        """Rows of the recording by table, as retention counts them."""
        statement = _REMAINS.format(schema=schema)
        with psycopg.connect(self.inside, options=f"-c minutier.tenants={self.tenant}") as connection:
            rows: Iterable[Any] = connection.execute(statement.encode(), {"ids": [recording]}).fetchall()
        counts: dict[str, int] = {}
        for place, _, count in rows:
            counts[place] = counts.get(place, 0) + count
        return counts

    async def left(self, bucket: str, recording: UUID, below: str = "") -> int:
        """Versions and delete markers in the store."""
        pages = self.objects.kept(bucket, f"{self.tenant}/{recording}/{below}")
        return sum([len(page) async for page in pages])

    def _run(self, statement: str, given: Mapping[str, object]) -> None:
        with psycopg.connect(self.inside, options=f"-c minutier.tenants={self.tenant}") as connection:
            connection.execute(statement.encode(), given)
