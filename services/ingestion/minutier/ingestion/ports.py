"""What taking a recording in needs from outside."""

from pathlib import Path
from typing import Protocol

from minutier.ingestion.domain import Limits
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import Location, ObjectRef, RejectionReason


class Normaliser(Protocol):
    async def normalise(self, source: Path, target: Path, limits: Limits) -> float | RejectionReason:
        """Decode all of ``source`` into 16 kHz mono FLAC; the duration in seconds, or why not."""
        ...


class Store(Protocol):
    async def take(self, location: Location, into: Path, *, limit: int) -> ObjectRef | RejectionReason:
        """Stream what was announced into a file, byte for byte."""
        ...

    async def keep(self, file: Path, key: str, content_type: str) -> ObjectRef:
        """Keep a file among the recordings; the same bytes under the same key once only."""
        ...

    async def describe(self, document: RecordingDocument, *, tenant: str, version: str) -> ObjectRef:
        """Keep what the meeting server told."""
        ...
