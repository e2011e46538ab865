"""The use case: what happens to a recording ends the jobs that wait for it."""

from dataclasses import replace
from uuid import UUID

from minutier.ingestion import repository
from minutier.ingestion.domain import SOURCE
from minutier.ingestion.jobs import repository as jobs_repository
from minutier.ingestion.jobs.domain import End, Ending, ends_after, own_recording
from minutier.schemas.events import (
    Completed,
    JobCompleted,
    JobFailure,
    JobKind,
    RecordingAnnounced,
    RecordingCancelled,
)
from minutier.shared import cancellations
from minutier.shared.delivery import Transaction
from minutier.shared.erasing import is_held


async def end_jobs(transaction: Transaction, event: Ending) -> None:
    """Note what ``event`` says has come of its recording, and end the jobs that it decides.

    What comes late of a recording that was cancelled decides nothing.
    """
    session = transaction.session
    await jobs_repository.hold(session, event.subject)
    if not isinstance(event, RecordingCancelled) and await cancellations.cover(
        await session.connection(), event.subject, event.wanted_since
    ):
        return
    changes = ends_after(
        event,
        await jobs_repository.standing(session, event.subject),
        taken_in=await repository.is_taken_in(session, event.subject),
    )
    await jobs_repository.change(session, event.subject, changes)
    for kind, end in changes.items():
        if end is not None:
            await complete(transaction, event.subject, kind, end)


async def complete(transaction: Transaction, recording_id: UUID, kind: JobKind, end: End) -> None:
    """End the recording's jobs of one kind, each with an event of its own.

    Where a transcript is in another language than a job says, the job's recording is announced once more,
    under an id of its own, and the job waits for that. It claims no object: whoever tells of one tells of
    the recording that has it. Of a recording that is held no job is made another's: it fails.
    """
    session = transaction.session
    await _end(transaction, recording_id, kind, end)
    moving = [job for job in await jobs_repository.waiting(session, recording_id, kind) if job.announcement]
    if moving and await is_held(await session.connection(), recording_id):
        await _end(transaction, recording_id, kind, replace(end, failure=JobFailure.UNKNOWN_ERROR))
        return
    for job in moving:
        assert job.announcement is not None
        own = own_recording(job.tenant, job.id)
        await jobs_repository.move(session, job.id, own)
        transaction.publish(
            RecordingAnnounced.of(own, tenant=job.tenant, source=SOURCE, data=job.announcement)
        )


async def _end(transaction: Transaction, recording_id: UUID, kind: JobKind, end: End) -> None:
    for job_id, tenant in await jobs_repository.end(transaction.session, recording_id, kind, end):
        data = Completed(job_id=job_id, kind=kind, failure=end.failure)
        transaction.publish(JobCompleted.of(recording_id, tenant=tenant, source=SOURCE, data=data))
