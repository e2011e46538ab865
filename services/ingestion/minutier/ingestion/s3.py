"""The object store: where recordings are fetched from, and where they are kept."""

from pathlib import Path

from minutier.ingestion.domain import is_addressable
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import Stage
from minutier.schemas.references import Link, Location, ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared.artefacts import Artefacts
from minutier.shared.errors import ObjectMissing
from minutier.shared.objects import RECORDINGS, UPLOADS, Objects, ObjectTooLarge


class S3Store:
    """Reads only from ``allowed_buckets``: an announcement is a request from outside."""

    def __init__(self, objects: Objects, artefacts: Artefacts, *, allowed_buckets: frozenset[str]) -> None:
        self._objects = objects
        self._artefacts = artefacts
        self._allowed = allowed_buckets

    async def take(self, location: Location | Link, into: Path, *, limit: int) -> ObjectRef | RejectionReason:
        if isinstance(location, Link) or location.bucket not in self._allowed:
            return RejectionReason.FORBIDDEN_LOCATION
        if not is_addressable(location.key):
            return RejectionReason.NOT_FOUND
        try:
            return await self._objects.download(location, into, limit=limit)
        except ObjectMissing:
            return RejectionReason.NOT_FOUND
        except ObjectTooLarge:
            return RejectionReason.TOO_LARGE

    async def keep(self, file: Path, key: str, content_type: str) -> ObjectRef:
        return await self._objects.upload(RECORDINGS, key, file, content_type)

    async def describe(self, document: RecordingDocument, *, tenant: str, version: str) -> ObjectRef:
        return await self._artefacts.store(document, tenant=tenant, stage=Stage.INGESTION, version=version)

    async def discard(self, location: Location | Link) -> None:
        if isinstance(location, Location) and location.bucket == UPLOADS and is_addressable(location.key):
            await self._objects.remove(location)
