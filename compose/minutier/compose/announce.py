"""Handing a local file in: upload it, and announce it as a meeting server would."""

import asyncio
import hashlib
from pathlib import Path
from uuid import UUID, uuid4

import nats

from minutier.schemas.codec import encode
from minutier.schemas.events import Announcement, Location, RecordingAnnounced, recording_id
from minutier.shared import topology
from minutier.shared.objects import UPLOADS, Objects
from minutier.shared.settings import NatsSettings, ObjectSettings

SOURCE = "command-line"


async def announce(
    file: Path, *, tenant: str, title: str | None, language: str | None, external_id: str | None = None
) -> UUID:
    """The recording's id; the same file is the same recording unless ``external_id`` is given.

    The object's name tells nothing of the local file's. Raises what the servers' clients raise.
    """
    if external_id is None:
        external_id = await asyncio.to_thread(_digest, file)
    location = Location(bucket=UPLOADS, key=f"{uuid4()}/media")
    await Objects(ObjectSettings()).upload(location.bucket, location.key, file, "application/octet-stream")
    recording = recording_id(tenant, SOURCE, external_id)
    event = RecordingAnnounced.of(
        recording,
        tenant=tenant,
        source=f"minutier/{SOURCE}",
        data=Announcement(
            source=SOURCE, external_id=external_id, title=title, language=language, mix=location
        ),
    )
    settings = NatsSettings()
    client = await nats.connect(
        settings.url,
        token=settings.token.get_secret_value() if settings.token else None,
        name="minutier-command-line",
        connect_timeout=int(settings.timeout_seconds),
        allow_reconnect=False,
    )
    try:
        await client.jetstream(timeout=settings.timeout_seconds).publish(
            event.nats_subject,
            encode(event),
            stream=topology.EVENT_STREAM,
            timeout=settings.timeout_seconds,
            headers={"Nats-Msg-Id": str(event.id)},
        )
    finally:
        await client.close()
    return recording


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
