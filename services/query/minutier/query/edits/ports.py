"""What laying edits over a transcript needs from outside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from minutier.query.domain import Entry
from minutier.query.edits.domain import AnyLayer
from minutier.schemas.documents import TranscriptDocument
from minutier.schemas.events import AnyEvent

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession


class Layers(Protocol):
    async def of(self, entry: Entry) -> tuple[AnyLayer, ...]:
        """All that were laid over a recording's transcript, the earliest first."""
        ...


class Index(Protocol):
    """What search finds."""

    async def reindex(
        self, session: "AsyncSession", tenant: str, recording_id: UUID, transcript: TranscriptDocument
    ) -> None:
        """Have ``transcript`` found from when the transaction of ``session`` ends well."""
        ...


class Editing(Protocol):
    """A transaction in which nobody else edits the recording."""

    @property
    def entry(self) -> Entry: ...

    @property
    def layers(self) -> Sequence[AnyLayer]:
        """All there are, the earliest first."""
        ...

    async def lay(self, layer: AnyLayer) -> None:
        """Keep another layer, for good."""
        ...

    async def index(self, transcript: TranscriptDocument) -> None:
        """Have search find what ``transcript`` says."""
        ...

    def publish(self, event: AnyEvent) -> None:
        """Have an event sent, once the transaction has ended well."""
        ...


# Raises `LookupError` where there is no recording of the tenant with this id, and `Purged`.
Editor = Callable[[str, UUID], AbstractAsyncContextManager[Editing]]
