"""What diarization needs from outside."""

from pathlib import Path
from typing import Protocol
from uuid import UUID

from minutier.diarization.domain import Diarization
from minutier.schemas.base import Model
from minutier.schemas.documents import DiarizationDocument
from minutier.schemas.events import Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.worker import Report


class Diarizer(Protocol):
    @property
    def model(self) -> Model:
        """What tells voices apart, and with which parameters: the same model gives the same turns."""
        ...

    async def diarize(self, audio: Path, *, speakers: int | None, report: Report) -> Diarization:
        """Who speaks when in a 16 kHz mono FLAC file; ``speakers`` is how many there are, if known."""
        ...


class Audio(Protocol):
    async def fetch(self, ref: ObjectRef, into: Path) -> None:
        """Stream an object into a file; raises `Permanent` where it is missing or was changed."""
        ...


class Artefacts(Protocol):
    """Documents in the object store."""

    async def find(
        self,
        kind: type[DiarizationDocument],
        *,
        tenant: str,
        recording_id: UUID,
        stage: Stage,
        version: str,
    ) -> tuple[DiarizationDocument, ObjectRef] | None: ...

    async def store(
        self, document: DiarizationDocument, *, tenant: str, stage: Stage, version: str
    ) -> ObjectRef: ...
