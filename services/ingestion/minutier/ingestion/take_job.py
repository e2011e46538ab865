"""The use case: somebody asks for a transcript or a summary."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from minutier.ingestion import jobs_repository
from minutier.ingestion.announce import Transactions, announce
from minutier.ingestion.domain import SOURCE
from minutier.ingestion.end_jobs import complete
from minutier.ingestion.jobs import JOB_SOURCE, End, Job
from minutier.ingestion.jobs_ports import Documents
from minutier.schemas.documents import TranscriptDocument
from minutier.schemas.events import (
    Announcement,
    JobKind,
    Received,
    RecordingAnnounced,
    Stage,
    TextReceived,
    recording_id,
)
from minutier.shared.artefacts import artefact_version
from minutier.shared.delivery import Transaction


class JobTaker:
    """Takes jobs, each in one transaction with what sets the work for it going."""

    def __init__(self, transactions: Transactions, documents: Documents) -> None:
        self._transactions = transactions
        self._documents = documents

    async def transcribe(self, jobs: Sequence[Job], announcement: Announcement) -> None:
        """Take jobs for what comes of one recording, which ``announcement`` tells of.

        Where the recording was announced before, the jobs wait for that one, and end at once where it is
        done. Where it failed, or the announcement says more of it, it is announced once more under an id
        of its own: the language it is in and who spoke when change what is heard.
        """
        tenant = jobs[0].tenant
        async with self._transactions() as transaction:
            session = transaction.session
            announced = await announce(transaction, tenant, announcement)
            recording = announced.recording_id
            await jobs_repository.hold(session, recording)
            standing = await jobs_repository.standing(session, recording)
            if announced.new:
                # It may have been rejected before.
                await jobs_repository.change(session, recording, dict.fromkeys(standing))
                standing = {}
            elif _failed(standing) or await _says_more(transaction, recording, announcement):
                event = _of_its_own(tenant, announcement)
                transaction.publish(event)
                recording, standing = event.subject, {}
            for job in jobs:
                await jobs_repository.add(session, replace(job, recording_id=recording))
            for kind, end in standing.items():
                await complete(transaction, recording, kind, end)

    async def summarise(self, job: Job, text: TranscriptDocument) -> None:
        """Take a job for the summary of a text."""
        ref = await self._documents.store(
            text, tenant=job.tenant, stage=Stage.INGESTION, version=artefact_version(str(job.id))
        )
        received = Received(
            transcript=ref, source=JOB_SOURCE, language=text.language, segments=len(text.segments)
        )
        async with self._transactions() as transaction:
            await jobs_repository.add(transaction.session, job)
            transaction.publish(
                TextReceived.of(job.recording_id, tenant=job.tenant, source=SOURCE, data=received)
            )


def _failed(standing: Mapping[JobKind, End]) -> bool:
    return JobKind.TRANSCRIPT in standing and standing[JobKind.TRANSCRIPT].failure is not None


async def _says_more(transaction: Transaction, recording: UUID, announcement: Announcement) -> bool:
    """Whether an announcement tells of a recording what it was announced without."""
    return any(
        announcement.language not in (None, language) or (announcement.metadata and not has_metadata)
        for language, has_metadata in await jobs_repository.claims(transaction.session, recording)
    )


def _of_its_own(tenant: str, announcement: Announcement) -> RecordingAnnounced:
    """Claims no object: whoever tells of it tells of the recording that has it."""
    own_id = recording_id(tenant, announcement.source, announcement.external_id)
    return RecordingAnnounced.of(own_id, tenant=tenant, source=SOURCE, data=announcement)
