"""The stream's announcements, which subscriptions do not touch: finding them again, and removing them."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from minutier.ingestion.domain import Held
from minutier.schemas.codec import UndecodableEvent, decode
from minutier.schemas.events import RecordingAnnounced
from minutier.shared.topology import EVENT_STREAM


class StreamAnnouncements:
    def __init__(self, js: Callable[[], JetStreamContext]) -> None:
        self._js = js

    async def of(self, recording_id: UUID) -> AsyncIterator[Held]:
        sequence = 0
        while True:
            try:
                message = await self._js().get_msg(
                    EVENT_STREAM,
                    seq=sequence + 1,
                    subject=f"{RecordingAnnounced.TYPE}.{recording_id}",
                    next=True,
                )
            except NotFoundError:
                return
            assert message.seq is not None
            sequence = message.seq
            try:
                event = decode(message.data or b"")
            except UndecodableEvent:
                # Delivery refuses it, and keeps it where an operator looks.
                continue
            if isinstance(event, RecordingAnnounced):
                yield Held(sequence, event)

    async def remove(self, held: Held) -> None:
        try:
            await self._js().delete_msg(EVENT_STREAM, held.sequence)
        except NotFoundError:
            return
