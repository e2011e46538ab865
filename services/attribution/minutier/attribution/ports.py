"""What attribution needs from outside."""

from typing import Protocol, TypeVar

from minutier.schemas.documents import Document
from minutier.schemas.events import Stage
from minutier.schemas.references import ObjectRef

D = TypeVar("D", bound=Document)


class Artefacts(Protocol):
    """Documents in the object store; raises `Permanent` where one is missing or was changed."""

    async def load(self, kind: type[D], ref: ObjectRef) -> D: ...

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef: ...
