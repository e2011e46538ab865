"""Handing a local file in: upload it, and announce it as a meeting server would."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from minio.error import MinioException
from pydantic import ValidationError
from urllib3.exceptions import HTTPError

from minutier.compose.connection import Connection
from minutier.compose.failures import Failure, Status, WrongUsage
from minutier.compose.jetstream import jetstream
from minutier.compose.people import PARTICIPANT
from minutier.schemas.codec import encode
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import Announcement, RecordingAnnounced, recording_id
from minutier.schemas.references import Location
from minutier.shared.objects import Objects, digest, upload_location
from minutier.shared.topology import EVENT_STREAM

SOURCE = "command-line"


@dataclass(frozen=True)
class Details:
    """What is said of a recording; ``owner`` and ``participants`` by e-mail.

    Raises `Unacceptable` where no recording could be handed in so.
    """

    tenant: str
    title: str | None = None
    language: str | None = None
    owner: str | None = None
    participants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.announced(upload_location(), external_id="any")

    def announced(self, location: Location, *, external_id: str) -> RecordingAnnounced:
        """What tells of a recording that lies at ``location``."""
        try:
            return RecordingAnnounced.of(
                recording_id(self.tenant, SOURCE, external_id),
                tenant=self.tenant,
                source=f"minutier/{SOURCE}",
                data=Announcement(
                    source=SOURCE,
                    external_id=external_id,
                    title=self.title,
                    language=self.language,
                    people=tuple(self._people()),
                    mix=location,
                ),
            )
        except ValidationError as error:
            raise Unacceptable(error) from None

    def owned_by(self, owner: str | None) -> "Details":
        """The same, and whose it is where that is not said."""
        return self if self.owner else replace(self, owner=owner)

    def _people(self) -> Iterator[Person]:
        """Raises `Unacceptable`."""
        owners = () if self.owner is None else (self.owner,)
        for part, emails in ((Part.OWNER, owners), (Part.PARTICIPANT, self.participants)):
            for email in emails:
                try:
                    yield Person(part=part, email=email)
                except ValidationError as error:
                    raise Unacceptable(error, option=part.value) from None


class Unacceptable(WrongUsage):
    """An argument is not of the form that the event asks for."""

    def __init__(self, error: ValidationError, *, option: str | None = None) -> None:
        faults = [
            f"--{option or fault['loc'][-1]}: {fault['msg']}" for fault in error.errors(include_input=False)
        ]
        super().__init__(
            f"{'; '.join(faults)}. A tenant is small letters, digits and dashes, a language a code like "
            "'en', and people are named by their e-mail addresses."
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
    details: Details,
    *,
    external_id: str | None = None,
) -> str:
    """The recording's id; the same file is the same recording unless ``external_id`` is given.

    In the embedded system it is its participant's where nobody else is named. The object's name tells nothing
    of the local file's. Raises `NotStored`, `Unanswered`, or `OSError` where the file cannot be read.
    """
    if connection.directory is not None:
        details = details.owned_by(PARTICIPANT.email)
    if external_id is None:
        external_id = await asyncio.to_thread(digest, file)
    location = upload_location()
    event = details.announced(location, external_id=external_id)
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
