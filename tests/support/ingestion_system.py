"""Announcing to a running ingestion service, and what it tells and leaves."""

import asyncio
import io
from typing import TypeVar
from uuid import UUID

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from minutier.compose.embedded import System
from minutier.schemas.codec import decode, encode
from minutier.schemas.events import AnyEvent, RecordingAnnounced
from minutier.schemas.references import Location, ObjectRef
from minutier.shared.objects import UPLOADS, Objects, client
from minutier.shared.topology import EVENT_STREAM

E = TypeVar("E", bound=AnyEvent)

SECONDS = 60


async def put(system: System, body: bytes, key: str, bucket: str = UPLOADS) -> Location:
    result = await asyncio.to_thread(
        client(system.objects).put_object, bucket, key, io.BytesIO(body), len(body)
    )
    return Location(bucket=bucket, key=key, version_id=result.version_id)


async def announce(js: JetStreamContext, *events: RecordingAnnounced) -> None:
    for event in events:
        await js.publish(
            event.nats_subject, encode(event), stream=EVENT_STREAM, headers={"Nats-Msg-Id": str(event.id)}
        )


async def last(js: JetStreamContext, stream: str, subject: str) -> RawStreamMsg:
    """The newest message, once there is one."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await js.get_last_msg(stream, subject)
            except NotFoundError:
                await asyncio.sleep(0.05)


async def told(js: JetStreamContext, kind: type[E], id: UUID) -> E:
    event = decode((await last(js, EVENT_STREAM, f"{kind.TYPE}.{id}")).data or b"")
    assert isinstance(event, kind)
    return event


async def count(js: JetStreamContext, subject: str) -> int:
    info = await js.stream_info(EVENT_STREAM, subjects_filter=subject)
    return sum((info.state.subjects or {}).values())


async def until_forgotten(js: JetStreamContext, *events: RecordingAnnounced) -> None:
    async with asyncio.timeout(SECONDS):
        for event in events:
            while True:
                if not await count(js, event.nats_subject):
                    break
                await asyncio.sleep(0.05)


async def keys(system: System, bucket: str) -> set[str]:
    listed = await asyncio.to_thread(
        lambda: list(client(system.objects).list_objects(bucket, recursive=True))
    )
    return {entry.object_name for entry in listed}


async def log_of(system: System) -> str:
    """All that the service has written."""
    return await asyncio.to_thread((system.directory.logs / "ingestion.log").read_text)


async def body_of(system: System, ref: ObjectRef) -> bytes:
    """Raises where the bytes are not those that the reference was made for."""
    return await Objects(system.objects).read(ref)
