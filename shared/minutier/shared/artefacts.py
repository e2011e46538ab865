"""Documents in the object store: the same work has the same key, so doing it again is a no-op."""

import hashlib
import json
from typing import TypeVar
from uuid import UUID

from minutier.schemas.documents import Document
from minutier.schemas.events import Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.objects import ARTEFACTS, Objects

D = TypeVar("D", bound=Document)


def artefact_version(*inputs: str, **parameters: object) -> str:
    """Names the result of a computation by its inputs' digests and its parameters: 32 hex digits."""
    text = json.dumps([inputs, parameters], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Artefacts:
    """Documents by kind. All of it may raise what `Objects` raises."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def find(
        self, kind: type[D], *, tenant: str, recording_id: UUID, stage: Stage, version: str
    ) -> tuple[D, ObjectRef] | None:
        """The document that this work gave when it was done before."""
        found = await self._objects.find(ARTEFACTS, _key(tenant, recording_id, stage, version))
        return found and (kind.model_validate_json(found[0]), found[1])

    async def load(self, kind: type[D], ref: ObjectRef) -> D:
        return kind.model_validate_json(await self._objects.read(ref))

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef:
        key = _key(tenant, document.recording_id, stage, version)
        body = document.model_dump_json(exclude_none=True).encode()
        return await self._objects.write(ARTEFACTS, key, body, "application/json")


def _key(tenant: str, recording_id: UUID, stage: Stage, version: str) -> str:
    return f"{tenant}/{recording_id}/{stage}/{version}.json"
