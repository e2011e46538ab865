"""Jobs of La Suite Meet's summary service: asked for as its backend does, and heard by nobody's models."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from minutier.compose.embedded import System
from minutier.schemas.codec import decode, encode
from minutier.schemas.events import AnyEvent, JobCompleted, Stage, TranscriptAttributed, recording_id
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support.summarisation_fakes import attributed, transcript

SECONDS = 60
OWNER, EMAIL, TITLE = "owner-of-the-library", "anneliese@example.org", "Bibliothèque de quartier"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def ask(http: httpx.AsyncClient, url: str, **fields: Any) -> str:
    """As La Suite Meet's backend does; the id of the job."""
    body = {"user_sub": OWNER, "language": None, "cloud_storage_url": url, "metadata": None} | fields
    response = await http.post("/api/v2/async-jobs/transcribe/", json=body)
    answer = response.raise_for_status().json()
    assert answer == {"job_id": answer["job_id"], "type": "transcript", "status": "pending"}
    return str(answer["job_id"])


def docs(**fields: Any) -> dict[str, Any]:
    return {"user_email": EMAIL, "title": TITLE, "download_link": "https://meet.example.org/r"} | fields


def recording_of(job_id: str, tenant: str = "acme") -> UUID:
    return recording_id(tenant, "lasuite-meet", job_id)


async def publish(js: JetStreamContext, event: AnyEvent) -> None:
    await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)


async def hear(system: System, js: JetStreamContext, recording: UUID, *, tenant: str = "acme") -> None:
    """What comes of a recording once models have listened to it."""
    document = transcript(recording=recording)
    ref = await Artefacts(Objects(system.objects)).store(
        document, tenant=tenant, stage=Stage.ATTRIBUTION, version="1"
    )
    await publish(
        js,
        TranscriptAttributed.of(
            recording, tenant=tenant, source="minutier/tests", data=attributed(ref, document)
        ),
    )


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if true():
                return
            await asyncio.sleep(0.05)


async def events(js: JetStreamContext, kind: type[AnyEvent], recording: UUID) -> list[AnyEvent]:
    found: list[AnyEvent] = []
    sequence = 1
    with suppress(NotFoundError):
        while True:
            message = await js.get_msg(
                EVENT_STREAM, seq=sequence, subject=f"{kind.TYPE}.{recording}", next=True
            )
            found.append(decode(message.data or b""))
            sequence = (message.seq or 0) + 1
    return found


async def completed(js: JetStreamContext, recording: UUID) -> set[str]:
    """The jobs that ended with what came of this recording."""
    found = await events(js, JobCompleted, recording)
    return {str(event.data.job_id) for event in found if isinstance(event, JobCompleted)}
