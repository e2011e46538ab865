"""What is left of a recording that one person is erased from, written as retention writes it."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from minutier.schemas.documents import (
    DiarizationDocument,
    Document,
    ErasureDocument,
    RecordingDocument,
    Silence,
    TranscriptDocument,
    TranscriptionDocument,
)
from minutier.schemas.events import Instead, PurgeOrdered, Stage
from minutier.schemas.records import Kind
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from tests.support.purging import Purges
from tests.support.summarisation_fakes import transcript as meeting

KINDS = (Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES)
# What nobody may find any more, in a document or a name.
SECRET = "xylophone"


class Erasing:
    """One person's erasure from recordings, each as one order of a purge."""

    def __init__(self, purges: Purges) -> None:
        self.purges = purges
        self.objects: Objects = purges.objects
        self._artefacts = Artefacts(purges.objects)

    async def write(self, document: Document, stage: Stage, version: str | None = None) -> ObjectRef:
        version = version or uuid4().hex
        return await self._artefacts.store(document, tenant=self.purges.tenant, stage=stage, version=version)

    async def instead(
        self,
        recording: UUID,
        *,
        silences: Sequence[Silence] = (),
        transcript: TranscriptDocument | None = None,
        described: RecordingDocument | None = None,
        turns: DiarizationDocument | None = None,
        transcription: TranscriptionDocument | None = None,
    ) -> Instead:
        """Documents without the person, each in the place of the service whose it is."""
        plan = ErasureDocument(
            recording_id=recording,
            speakers=("speaker-2",),
            segments=("s2",),
            spans=(),
            silences=tuple(silences),
        )
        return Instead(
            plan=await self.write(plan, Stage.ATTRIBUTION),
            transcript=await self.write(transcript or meeting(recording=recording), Stage.ATTRIBUTION),
            recording=described and await self.write(described, Stage.INGESTION),
            turns=turns and await self.write(turns, Stage.DIARIZATION),
            transcription=transcription and await self.write(transcription, Stage.TRANSCRIPTION),
        )

    async def order(self, recording: UUID, instead: Instead, kinds: Sequence[Kind] = KINDS) -> PurgeOrdered:
        return await self.purges.order(recording, *kinds, instead=instead)

    async def keys(self, bucket: str, recording: UUID) -> set[str]:
        """Of what is in the store, in any version."""
        prefix = f"{self.purges.tenant}/{recording}/"
        return {each.location.key async for page in self.objects.kept(bucket, prefix) for each in page}
