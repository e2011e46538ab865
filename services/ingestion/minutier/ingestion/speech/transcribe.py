"""The use case: somebody sends a file and waits for its transcript."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.people import owned_by
from minutier.ingestion.speech.domain import Outcome
from minutier.schemas.clock import now
from minutier.schemas.events import Announcement
from minutier.shared.objects import digest, upload_location

SOURCE = "speech-api"


class Outcomes(Protocol):
    async def wait(self, recording_id: UUID, *, since: datetime) -> Outcome:
        """How the recording that was announced after ``since`` ends; waits for as long as it takes."""
        ...


@dataclass(frozen=True)
class Begun:
    """A recording that was announced after ``since``, or was known then."""

    recording_id: UUID
    since: datetime


@dataclass(frozen=True)
class Unfinished:
    """It takes longer than anybody waits for."""

    recording_id: UUID


async def begin(
    file: Path, tenant: str, language: str | None, *, owner: str | None, hand_in: HandIn
) -> Begun:
    """Hand ``file`` in, for whoever has the e-mail ``owner``.

    The same bytes in the same language for the same owner are the same recording: clients that give up
    waiting send the file again, and are to find what they began.
    """
    location = upload_location()
    people = owned_by(owner)
    heard = [await asyncio.to_thread(digest, file), language or "", *(str(each.email) for each in people)]
    announcement = Announcement(
        source=SOURCE,
        external_id=hashlib.sha256("\n".join(heard).encode()).hexdigest(),
        language=language,
        people=people,
        mix=location,
    )
    since = now()
    announced = await hand_in.announce(tenant, announcement, {location: file})
    return Begun(announced.recording_id, since)


async def finish(begun: Begun, *, outcomes: Outcomes, seconds: float) -> Outcome | Unfinished:
    """What comes of it within ``seconds``; whoever waits no longer takes nothing from it."""
    try:
        async with asyncio.timeout(seconds):
            return await outcomes.wait(begun.recording_id, since=begun.since)
    except TimeoutError:
        return Unfinished(begun.recording_id)
