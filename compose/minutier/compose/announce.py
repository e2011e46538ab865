"""Handing a local file in: upload it, and announce it as a meeting server would."""

import asyncio
from pathlib import Path

from minio.error import MinioException
from pydantic import ValidationError
from urllib3.exceptions import HTTPError

from minutier.compose.connection import Connection
from minutier.compose.failures import Failure, Status, WrongUsage
from minutier.compose.jetstream import jetstream
from minutier.schemas.codec import encode
from minutier.schemas.events import Announcement, RecordingAnnounced, recording_id
from minutier.schemas.references import Location
from minutier.shared.objects import Objects, digest, upload_location
from minutier.shared.topology import EVENT_STREAM

SOURCE = "command-line"


class Unacceptable(WrongUsage):
    """An argument is not of the form that the event asks for."""

    def __init__(self, error: ValidationError) -> None:
        faults = [f"--{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors(include_input=False)]
        super().__init__(
            f"{'; '.join(faults)}. A tenant is small letters, digits and dashes, a language a code like 'en'."
        )


class NotStored(Failure):
    """The object store did not take the file."""

    status = Status.UNREACHABLE

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"The object store did not take the file ({type(error).__name__}). See 'minutier status'; with "
            "a store of your own, check MINUTIER_OBJECTS_*."
        )


async def announce(
    file: Path,
    connection: Connection,
    *,
    tenant: str,
    title: str | None = None,
    language: str | None = None,
    external_id: str | None = None,
) -> str:
    """The recording's id; the same file is the same recording unless ``external_id`` is given.

    The object's name tells nothing of the local file's. Raises `Unacceptable` before anything is
    sent, `NotStored`, `Unanswered`, or `OSError` where the file cannot be read.
    """
    if external_id is None:
        external_id = await asyncio.to_thread(digest, file)
    location = upload_location()
    event = _announced(location, tenant=tenant, title=title, language=language, external_id=external_id)
    try:
        await Objects(connection.objects).upload(
            location.bucket, location.key, file, "application/octet-stream"
        )
    except (MinioException, HTTPError) as error:
        raise NotStored(error) from None
    async with jetstream(connection.nats) as js:
        await js.publish(
            event.nats_subject,
            encode(event),
            stream=EVENT_STREAM,
            headers={"Nats-Msg-Id": str(event.id)},
        )
    return str(event.subject)


def check(*, tenant: str, language: str | None) -> None:
    """Raises `Unacceptable` where no file could be handed in so."""
    _announced(upload_location(), tenant=tenant, title=None, language=language, external_id="any")


def _announced(
    location: Location, *, tenant: str, title: str | None, language: str | None, external_id: str
) -> RecordingAnnounced:
    try:
        return RecordingAnnounced.of(
            recording_id(tenant, SOURCE, external_id),
            tenant=tenant,
            source=f"minutier/{SOURCE}",
            data=Announcement(
                source=SOURCE, external_id=external_id, title=title, language=language, mix=location
            ),
        )
    except ValidationError as error:
        raise Unacceptable(error) from None
