"""The use case: somebody says that they will upload a recording, and does."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import structlog
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field

from minutier.ingestion import repository
from minutier.ingestion.announce import Transactions, expect, heed_purges
from minutier.ingestion.domain import Identity
from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.people import Email, owned_by, together
from minutier.ingestion.uploads import repository as uploads_repository
from minutier.schemas.base import ID_CHARACTERS, TITLE_CHARACTERS, Contract, Language, Text
from minutier.schemas.clock import now
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import Announcement, ParticipantName
from minutier.shared.objects import upload_location

log = structlog.get_logger(__name__)

SOURCE = "upload"

# An upload that was begun in time may end a little later.
_GRACE = timedelta(minutes=10)


def _whole(value: object) -> object:
    """In JSON, 2.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Details(Contract):
    """What is known of a recording before it comes."""

    model_config = ConfigDict(strict=True)

    external_id: Text | None = Field(
        None,
        min_length=1,
        max_length=ID_CHARACTERS,
        description="unique among your uploads; made up if not given",
    )
    title: Text | None = Field(None, max_length=TITLE_CHARACTERS)
    language: Language | None = None
    speakers: Annotated[int, Field(ge=1, le=64), BeforeValidator(_whole)] | None = Field(
        None, description="number of speakers, if known"
    )
    started_at: AwareDatetime | None = None
    participants: tuple[ParticipantName, ...] = Field((), max_length=500, description="display names")
    owner: Email | None = Field(None, description="whose recording it is, by e-mail")
    participant_emails: tuple[Email, ...] = Field(
        (), max_length=500, description="who was there, and may read it"
    )

    @property
    def people(self) -> tuple[Person, ...]:
        there = [Person(part=Part.PARTICIPANT, email=email) for email in self.participant_emails]
        return together([*owned_by(self.owner), *there])


@dataclass(frozen=True)
class Promise:
    """A recording that may be sent until ``expires_at``."""

    recording_id: UUID
    expires_at: datetime


class UploadTaker:
    """What may name people waits in the database, not in the address, and goes once it is announced."""

    def __init__(self, transactions: Transactions, hand_in: HandIn, *, lasting: timedelta) -> None:
        self._transactions = transactions
        self._hand_in = hand_in
        self._lasting = lasting

    async def promise(self, tenant: str, details: Details) -> Promise | None:
        """Expect a recording; ``None`` where it was taken in before. Raises `Purged`."""
        named = details.model_copy(update={"external_id": details.external_id or str(uuid4())})
        identity = Identity(tenant, SOURCE, str(named.external_id))
        expires_at = now() + self._lasting
        async with self._transactions() as transaction:
            session = transaction.session
            if await repository.is_taken_in(session, identity.recording_id):
                return None
            await expect(transaction, identity, due_at=expires_at + _GRACE)
            await uploads_repository.promise(
                session, identity, named.model_dump(mode="json"), expires_at=expires_at
            )
        return Promise(identity.recording_id, expires_at)

    async def take(self, tenant: str, recording_id: UUID, file: Path) -> bool:
        """Announce the promised recording; false where it came before, and then nothing is done.

        Raises `Purged`.
        """
        async with self._transactions() as transaction:
            await heed_purges(transaction.session, recording_id)
            kept = await uploads_repository.promised(transaction.session, tenant, recording_id)
        if kept is None:
            return False
        location = upload_location()
        details = Details.model_validate(kept, strict=False)
        announcement = Announcement(
            source=SOURCE,
            mix=location,
            people=details.people,
            **details.model_dump(exclude={"owner", "participant_emails"}),
        )
        await self._hand_in.announce(tenant, announcement, {location: file})
        # What is announced is kept in the announcement, and only for as long as that is there.
        async with self._transactions() as transaction:
            await uploads_repository.forget(transaction.session, recording_id)
        return True

    async def keep_forgetting(self) -> None:
        """Until cancelled, remove what is known of uploads that did not come in time."""
        while True:
            try:
                async with self._transactions() as transaction:
                    await uploads_repository.forget_expired(transaction.session)
            except Exception as error:
                log.warning("expired uploads not forgotten", exc_info=error)
            await asyncio.sleep(self._lasting.total_seconds())
