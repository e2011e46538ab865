"""What erasures need from outside."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from minutier.retention.erasures.domain import Refusal, Request
from minutier.schemas.documents import Document
from minutier.schemas.events import AnyEvent, Ingested, Instead, Made, Stage
from minutier.schemas.references import ObjectRef

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Lying:
    """Where the newest documents of a recording lie; ``recordings`` are all that tell of the meeting.

    ``edited`` is the transcript as people had it read when they last said who somebody is; there is none
    where the machine has made another since.
    """

    ingested: Ingested | None = None
    recordings: tuple[ObjectRef, ...] = ()
    turns: ObjectRef | None = None
    transcription: ObjectRef | None = None
    transcript: ObjectRef | None = None
    edited: ObjectRef | None = None
    minutes: ObjectRef | None = None

    @property
    def keys(self) -> frozenset[str]:
        """Of all these objects, media included."""
        media = []
        if self.ingested is not None:
            media = [track.audio for track in self.ingested.tracks]
            media += [self.ingested.audio] if self.ingested.audio is not None else []
        named = [self.turns, self.transcription, self.transcript, self.edited, self.minutes]
        return frozenset(ref.key for ref in [*media, *self.recordings, *named] if ref is not None)


class Shelf(Protocol):
    """Where the documents of one tenant's recordings lie, in one transaction."""

    async def note(self, event: AnyEvent) -> None:
        """What ``event`` refers to counts from then on, unless something was wanted later."""
        ...

    async def of(self, recording_id: UUID) -> Lying: ...

    async def forget(self, recordings: Collection[UUID]) -> None:
        """Nothing of these recordings lies anywhere any more."""
        ...

    async def replace(
        self, recording_id: UUID, instead: Instead, made: Sequence[Made], *, at: datetime
    ) -> None:
        """Nothing but this lies there any more; what was wanted before ``at`` does not count."""
        ...


class Requests(Protocol):
    """One tenant's requests of persons to be erased, in one transaction."""

    async def add(self, request: Request) -> None: ...

    async def find(self, request_id: UUID, *, locked: bool = False) -> Request | None: ...

    async def page(
        self,
        *,
        limit: int,
        after: UUID | None = None,
        recording_id: UUID | None = None,
        purge_id: UUID | None = None,
        unanswered: bool = False,
    ) -> Sequence[Request]:
        """The last that was registered first: all, or those of a recording, of a purge, or not answered."""
        ...

    async def refuse(self, request_id: UUID, refusal: Refusal) -> None: ...

    async def propose(self, request_id: UUID, purge_id: UUID) -> None:
        """From then on the request goes the way of this purge."""
        ...

    async def complete(self, purge_id: UUID, at: datetime) -> None:
        """What this purge was for, if it was for a request, is done."""
        ...


class Documents(Protocol):
    """Documents in the object store; raises `Permanent` where one is missing or was changed."""

    async def load(self, kind: type[D], ref: ObjectRef) -> D: ...

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef: ...
