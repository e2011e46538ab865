"""The object store: where recordings are kept, and where uploads are removed."""

from pathlib import Path

from minutier.ingestion.domain import is_addressable
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import Stage
from minutier.schemas.references import Link, Location, ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import RECORDINGS, UPLOADS, Objects


class S3Store:
    def __init__(self, objects: Objects, artefacts: Artefacts) -> None:
        self._objects = objects
        self._artefacts = artefacts

    async def keep(self, file: Path, key: str, content_type: str) -> ObjectRef:
        return await self._objects.upload(RECORDINGS, key, file, content_type)

    async def known(self, key: str) -> ObjectRef | None:
        return await self._objects.known(Location(bucket=RECORDINGS, key=key))

    async def fetch(self, ref: ObjectRef, into: Path) -> None:
        await self._objects.fetch(ref, into)

    async def describe(self, document: RecordingDocument, *, tenant: str, version: str) -> ObjectRef:
        return await self._artefacts.store(document, tenant=tenant, stage=Stage.INGESTION, version=version)

    async def discard(self, location: Location | Link) -> None:
        if isinstance(location, Location) and location.bucket == UPLOADS and is_addressable(location.key):
            await self._objects.remove(location)
