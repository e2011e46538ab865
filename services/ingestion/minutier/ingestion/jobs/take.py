"""The use case: somebody asks for a transcript or a summary."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID, uuid4

from minutier.ingestion.announce import Transactions, announce, heed_purges
from minutier.ingestion.domain import SOURCE
from minutier.ingestion.jobs import repository
from minutier.ingestion.jobs.domain import JOB_SOURCE, End, Job, PushToDocs
from minutier.ingestion.jobs.end import complete
from minutier.ingestion.jobs.ports import Documents
from minutier.ingestion.people import together
from minutier.schemas.documents import Document, Person, RecordingDocument, TranscriptDocument
from minutier.schemas.events import (
    Announcement,
    JobKind,
    Received,
    RecordingAnnounced,
    Stage,
    TextReceived,
)
from minutier.schemas.references import ObjectRef
from minutier.shared import erasures
from minutier.shared.artefacts import artefact_version
from minutier.shared.delivery import Transaction


class JobTaker:
    """Takes jobs, each in one transaction with what sets the work for it going."""

    def __init__(self, transactions: Transactions, documents: Documents) -> None:
        self._transactions = transactions
        self._documents = documents

    async def transcribe(self, job: Job, announcement: Announcement) -> None:
        """Take a job for the transcript of a recording, which ``announcement`` tells of.

        Where the recording was announced before, the job waits for that one, and ends at once where it is
        done. Where it failed, or was announced in another language or without its account of who spoke
        when, it is announced once more under an id of its own. Where it was announced without a language,
        the transcript will tell whether that is the one that is spoken. Where somebody was erased from it,
        it is not taken in again. Raises `Purged`.
        """
        tenant = job.tenant
        async with self._transactions() as transaction:
            session = transaction.session
            announced = await announce(transaction, tenant, announcement)
            recording = announced.recording_id
            await repository.hold(session, recording)
            standing = await repository.standing(session, recording)
            if announced.new:
                # It may have been rejected before.
                await repository.change(session, recording, dict.fromkeys(standing))
                standing = {}
            elif await erasures.stand_for(await session.connection(), recording):
                pass
            elif _failed(standing) or await _contradicts(transaction, recording, announcement):
                transaction.publish(
                    RecordingAnnounced.of(job.recording_id, tenant=tenant, source=SOURCE, data=announcement)
                )
                recording, standing = job.recording_id, {}
            elif announcement.language is not None:
                job = replace(job, spoken=announcement.language, announcement=announcement)
            await _wait(transaction, replace(job, recording_id=recording), standing)

    async def keep_document(self, job: Job, document_id: str) -> None:
        """Docs has made the job's document, and makes no second one; a summary that is wanted too is
        asked for now, of which nobody but Docs is told. Raises `Purged`.
        """
        async with self._transactions() as transaction:
            await heed_purges(transaction.session, job.recording_id)
            if not await repository.keep_document(transaction.session, job.id, document_id):
                return
            if job.docs is None or job.docs.summary_title is None:
                return
            await repository.hold(transaction.session, job.recording_id)
            summary = Job(
                id=uuid4(),
                tenant=job.tenant,
                kind=JobKind.SUMMARY,
                recording_id=job.recording_id,
                user_sub=job.user_sub,
                base_url=job.base_url,
                language=job.language,
                docs=PushToDocs(job.docs.email, job.docs.summary_title),
                callback=False,
            )
            standing = await repository.standing(transaction.session, job.recording_id)
            await _wait(transaction, summary, standing)

    async def summarise(self, job: Job, text: TranscriptDocument, *, owner: Person) -> None:
        """Take a job for the summary of a text, which is its owner's alone."""
        told = RecordingDocument(recording_id=job.recording_id, title=text.title, people=together([owner]))
        received = Received(
            recording=await self._store(job, told, Stage.INGESTION),
            # A transcript, which is destroyed with those that were heard.
            transcript=await self._store(job, text, Stage.ATTRIBUTION),
            source=JOB_SOURCE,
            language=text.language,
            segments=len(text.segments),
        )
        async with self._transactions() as transaction:
            await repository.add(transaction.session, job)
            transaction.publish(
                TextReceived.of(job.recording_id, tenant=job.tenant, source=SOURCE, data=received)
            )

    async def _store(self, job: Job, document: Document, stage: Stage) -> ObjectRef:
        version = artefact_version(str(job.id), kind=type(document).__name__)
        return await self._documents.store(document, tenant=job.tenant, stage=stage, version=version)


async def _wait(transaction: Transaction, job: Job, standing: Mapping[JobKind, End]) -> None:
    """Add a job, and end it where its recording is done: no event will come any more."""
    await repository.add(transaction.session, job)
    if (end := standing.get(job.kind)) is not None:
        await complete(transaction, job.recording_id, job.kind, end)


def _failed(standing: Mapping[JobKind, End]) -> bool:
    return JobKind.TRANSCRIPT in standing and standing[JobKind.TRANSCRIPT].failure is not None


async def _contradicts(transaction: Transaction, recording: UUID, announcement: Announcement) -> bool:
    """Whether the recording was announced in a way that lets it be heard otherwise than this one would."""
    return any(
        (announcement.language and language and announcement.language != language)
        or (announcement.metadata and not has_metadata)
        for language, has_metadata in await repository.claims(transaction.session, recording)
    )
