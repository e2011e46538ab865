"""What the stream of events has, which subscriptions do not touch: reading it again, and removing it."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from minutier.ingestion.domain import Held
from minutier.schemas.codec import UndecodableEvent, decode
from minutier.schemas.events import AnyEvent, RecordingAnnounced
from minutier.shared.topology import DEAD_LETTER_STREAM, EVENT_STREAM, SUBSCRIPTIONS, Consumer


async def events_under(js: JetStreamContext, subject: str) -> AsyncIterator[tuple[int, AnyEvent]]:
    """The events that the stream still has under ``subject``, oldest first, each with its sequence."""
    sequence = 0
    while True:
        try:
            message = await js.get_msg(EVENT_STREAM, seq=sequence + 1, subject=subject, next=True)
        except NotFoundError:
            return
        assert message.seq is not None
        sequence = message.seq
        try:
            event = decode(message.data or b"")
        except UndecodableEvent:
            # Delivery refuses it, and keeps it where an operator looks.
            continue
        yield sequence, event


class StreamAnnouncements:
    def __init__(self, js: Callable[[], JetStreamContext]) -> None:
        self._js = js

    async def of(self, recording_id: UUID) -> AsyncIterator[Held]:
        subject = f"{RecordingAnnounced.TYPE}.{recording_id}"
        async for sequence, event in events_under(self._js(), subject):
            if isinstance(event, RecordingAnnounced):
                yield Held(sequence, event)

    async def remove(self, held: Held) -> None:
        try:
            await self._js().delete_msg(EVENT_STREAM, held.sequence)
        except APIError:
            # Of a message that is gone servers say so in several ways.
            if await self._has(held.sequence):
                raise

    async def remove_undelivered(self, recording_id: UUID) -> None:
        for service, heard in SUBSCRIPTIONS.items():
            if RecordingAnnounced in heard:
                subject = f"deadletter.{Consumer(service, RecordingAnnounced).name}.{recording_id}"
                await self._js().purge_stream(DEAD_LETTER_STREAM, subject=subject)

    async def _has(self, sequence: int) -> bool:
        try:
            await self._js().get_msg(EVENT_STREAM, seq=sequence)
        except NotFoundError:
            return False
        return True
