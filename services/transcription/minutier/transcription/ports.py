"""What transcription needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import UUID

from minutier.schemas.base import Model
from minutier.schemas.documents import Document
from minutier.schemas.events import Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.worker import Report
from minutier.transcription.domain import Passage
from minutier.transcription.speech import Span

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Heard:
    """One track: where there is speech, the words of it, and how long the track is in seconds."""

    speech: tuple[Span, ...]
    passages: tuple[Passage, ...]
    duration: float


@dataclass(frozen=True)
class Recognised:
    language: str
    language_probability: float
    language_given: bool
    tracks: tuple[Heard, ...]


class Recogniser(Protocol):
    """Both methods may raise `WorkerDied` and `WorkerTimedOut`, and `Permanent` without usable weights."""

    async def model(self) -> Model:
        """What will recognise, so that a result can be explained and repeated."""
        ...

    async def recognise(
        self, tracks: Sequence[Path], language: str | None, *, seconds: float, report: Report
    ) -> Recognised:
        """Recognise normalised FLAC files of one recording, ``seconds`` long altogether."""
        ...


class Audio(Protocol):
    async def fetch(self, ref: ObjectRef, into: Path) -> None:
        """Stream an object into a file; raises `Permanent` where it is missing or was changed."""
        ...


class Artefacts(Protocol):
    """Documents in the object store."""

    async def find(
        self, kind: type[D], *, tenant: str, recording_id: UUID, stage: Stage, version: str
    ) -> tuple[D, ObjectRef] | None: ...

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef: ...
