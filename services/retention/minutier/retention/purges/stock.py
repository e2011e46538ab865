"""What lies of a recording in the store and in the streams, seen by retention itself."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from nats.js import JetStreamContext
from pydantic import ValidationError

from minutier.retention.purges.domain import Inventory, Item, Rows, StoredVersion
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import OF_PURGES, Stage
from minutier.schemas.references import Location, ObjectRef
from minutier.shared.erasing import places
from minutier.shared.objects import ARTEFACTS, RECORDINGS, Objects
from minutier.shared.topology import DEAD_LETTER_STREAM, EVENT_STREAM

# By stream, the subjects of one recording's messages.
_SUBJECTS = {EVENT_STREAM: "minutier.*.*.*.{id}", DEAD_LETTER_STREAM: "deadletter.*.{id}"}
_OF_PURGES = tuple(f"{event.TYPE}." for event in OF_PURGES)


class Stock:
    """Whatever lies below a recording's number counts, whether or not any service says that it is its own."""

    def __init__(self, objects: Objects, js: Callable[[], JetStreamContext]) -> None:
        self._objects = objects
        self._js = js

    async def take(
        self, tenant: str, item: Item, rows: Sequence[Rows], *, digests: bool = False
    ) -> Inventory:
        """With ``digests``, those of the objects' contents are asked for as well."""
        versions = [
            version
            for bucket, prefix in _prefixes(tenant, item)
            for version in await self._versions(bucket, prefix, digests)
            if version.key not in item.kept
        ]
        messages = await self._messages(item) if item.whole else {}
        return Inventory(tuple(versions), tuple(rows), messages)

    async def clear(self, item: Item) -> None:
        """Only where nothing of the recording is to be left: its messages tell of all kinds at once."""
        if item.whole:
            for stream, subject in _SUBJECTS.items():
                await self._js().purge_stream(stream, subject=subject.format(id=item.recording_id))

    async def discard(self, ref: ObjectRef) -> None:
        await self._objects.erase(ref.bucket, ref.key)

    async def title(self, tenant: str, recording_id: UUID) -> str | None:
        """Of several documents the last that was written counts."""
        prefix = f"{tenant}/{recording_id}/{Stage.INGESTION}/"
        found = sorted(
            [each async for page in self._objects.pages(ARTEFACTS, prefix) for each in page],
            key=lambda each: each.modified,
            reverse=True,
        )
        for each in found:
            read = await self._objects.find(ARTEFACTS, each.key)
            with suppress(ValidationError):
                return read and RecordingDocument.model_validate_json(read[0]).title
        return None

    async def _versions(self, bucket: str, prefix: str, digests: bool) -> list[StoredVersion]:
        found = [
            StoredVersion(
                bucket=bucket,
                key=kept.location.key,
                version=kept.location.version_id,
                size=kept.size,
                marker=kept.is_marker,
            )
            async for page in self._objects.kept(bucket, prefix)
            for kept in page
        ]
        if not digests:
            return found
        return [each if each.marker else await self._digested(each) for each in found]

    async def _digested(self, version: StoredVersion) -> StoredVersion:
        at = Location(bucket=version.bucket, key=version.key, version_id=version.version)
        sha256 = await self._objects.digest_of(at)
        return replace(version, sha256=sha256)

    async def _messages(self, item: Item) -> dict[str, int]:
        counted = {}
        for stream, subject in _SUBJECTS.items():
            filtered = subject.format(id=item.recording_id)
            state = (await self._js().stream_info(stream, subjects_filter=filtered)).state
            found = (state.subjects or {}).items()
            counted[stream] = sum(count for name, count in found if not name.startswith(_OF_PURGES))
        return counted


def _prefixes(tenant: str, item: Item) -> list[tuple[str, str]]:
    if item.whole or item.person is not None:
        return [(bucket, f"{tenant}/{item.recording_id}/") for bucket in (RECORDINGS, ARTEFACTS)]
    return [
        (place.bucket, place.prefix(tenant, item.recording_id)) for place in places(item.kinds, whole=False)
    ]
