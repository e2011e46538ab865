"""What summarisation needs from outside."""

from typing import Protocol, TypeVar
from uuid import UUID

from minutier.schemas.base import Model
from minutier.schemas.documents import Document, Engine
from minutier.schemas.events import Stage
from minutier.schemas.fallbacks import Failure
from minutier.schemas.references import ObjectRef
from minutier.shared.worker import Report
from minutier.summarisation.domain import Meeting, Minutes

D = TypeVar("D", bound=Document)


class Artefacts(Protocol):
    """Documents in the object store; raises `Permanent` where one is missing or was changed."""

    async def find(
        self, kind: type[D], *, tenant: str, recording_id: UUID, stage: Stage, version: str
    ) -> tuple[D, ObjectRef] | None: ...

    async def load(self, kind: type[D], ref: ObjectRef) -> D: ...

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef: ...


class Writer(Protocol):
    """Writes minutes, which depend on the meeting and on what ``engine`` and ``model`` say."""

    @property
    def engine(self) -> Engine: ...

    @property
    def model(self) -> Model: ...

    async def write(self, meeting: Meeting, report: Report) -> Minutes:
        """Minutes that cite only passages of the meeting. Raises `CannotWrite`."""
        ...


class CannotWrite(Exception):
    """The writer cannot be had for this meeting; the reason holds nothing of it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure
