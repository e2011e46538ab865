"""What jobs need from outside."""

from typing import Any, Protocol, TypeVar
from uuid import UUID

from minutier.ingestion.jobs.domain import Job
from minutier.ingestion.tenants import Tenant
from minutier.schemas.documents import Document, Person, TranscriptDocument
from minutier.schemas.events import Announcement, Stage
from minutier.schemas.references import ObjectRef

D = TypeVar("D", bound=Document)


class Jobs(Protocol):
    async def find(self, job_id: UUID) -> Job | None: ...

    async def result_of(self, job: Job) -> ObjectRef | None:
        """The newest document of the kind that was asked for."""
        ...

    async def keep_told(self, job_id: UUID) -> None:
        """The tenant's webhook has accepted the result."""
        ...


class Documents(Protocol):
    """Documents in the object store; raises `Permanent` where one is missing or was changed."""

    async def load(self, kind: type[D], ref: ObjectRef) -> D: ...

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef: ...


class Taker(Protocol):
    """Takes jobs, and sets the work for them going."""

    async def transcribe(self, job: Job, announcement: Announcement) -> None:
        """Raises `Purged`."""
        ...

    async def summarise(self, job: Job, text: TranscriptDocument, *, owner: Person) -> None: ...


class Docs(Protocol):
    async def create(self, tenant: Tenant, *, title: str, content: str, email: str, sub: str) -> str:
        """The id of a document that was made for its owner, or nothing. Raises `NotAccepted`."""
        ...


class Callbacks(Protocol):
    async def send(self, tenant: Tenant, payload: dict[str, Any]) -> None:
        """Tell the tenant's webhook, if there is one. Raises `NotAccepted`."""
        ...


class NotAccepted(Exception):
    """Somebody else's server could not be reached, or did not take what it was sent."""
