"""The use cases: what a recording is without one person, as documents, and as they lie in the store."""

import asyncio
from collections.abc import Collection

from minutier.retention.erasures.ports import Documents as Store
from minutier.retention.erasures.ports import Lying, Shelf
from minutier.retention.erasures.redact import Documents, Redaction, redact
from minutier.retention.purges.domain import Item
from minutier.schemas.documents import (
    DiarizationDocument,
    Document,
    RecordingDocument,
    TranscriptDocument,
    TranscriptionDocument,
)
from minutier.schemas.events import Instead, Stage
from minutier.schemas.records import ErasedPerson
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import artefact_version
from minutier.shared.errors import Permanent


async def read(lying: Lying, *, store: Store) -> Documents | None:
    """`None` where there is no transcript, or some document is not there any more."""
    if lying.transcript is None:
        return None
    try:
        return Documents(
            transcript=await store.load(TranscriptDocument, lying.transcript),
            transcript_digest=lying.transcript.sha256,
            read=await store.load(TranscriptDocument, lying.edited) if lying.edited else None,
            recordings=tuple([await store.load(RecordingDocument, ref) for ref in lying.recordings]),
            turns=await store.load(DiarizationDocument, lying.turns) if lying.turns else None,
            transcription=await store.load(TranscriptionDocument, lying.transcription)
            if lying.transcription
            else None,
            ingested=lying.ingested,
        )
    except Permanent:
        return None


async def prepare(tenant: str, item: Item, *, shelf: Shelf, store: Store) -> Instead | None:
    """Write what there is to be instead; doing it again changes nothing.

    `None` where it is not what was approved any more. What is repeated after a restore may be done already,
    or not yet; another transcript may mean others by the same ids, and is left to people.
    """
    lying = await shelf.of(item.recording_id)
    documents, approved = await read(lying, store=store), item.person
    if documents is None or approved is None:
        return None
    redaction = await asyncio.to_thread(redact, documents, approved.speakers, approved.overlap)
    done_already = item.original is not None and not _speak(documents, approved.speakers)
    if redaction.person != approved and not done_already:
        return None
    return await _written(tenant, item, lying, redaction, store)


def _speak(documents: Documents, speakers: Collection[str]) -> bool:
    return any(segment.speaker in speakers for segment in documents.transcript.segments)


async def _written(tenant: str, item: Item, lying: Lying, redaction: Redaction, store: Store) -> Instead:
    async def write(document: Document, stage: Stage, of: str) -> ObjectRef:
        version = artefact_version(of, purge=item.purge_id, document=type(document).__name__)
        return await store.store(document, tenant=tenant, stage=stage, version=version)

    assert lying.transcript is not None, "what is redacted was read"
    known: ErasedPerson = redaction.person
    return Instead(
        plan=await write(redaction.plan, Stage.ATTRIBUTION, known.transcript),
        transcript=await write(redaction.transcript, Stage.ATTRIBUTION, known.transcript),
        recording=await write(redaction.recording, Stage.INGESTION, lying.recordings[0].sha256)
        if redaction.recording
        else None,
        turns=await write(redaction.turns, Stage.DIARIZATION, lying.turns.sha256)
        if redaction.turns and lying.turns
        else None,
        transcription=await write(redaction.transcription, Stage.TRANSCRIPTION, lying.transcription.sha256)
        if redaction.transcription and lying.transcription
        else None,
    )
