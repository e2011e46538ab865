"""The use case: what happens to a recording ends the jobs that wait for it."""

from uuid import UUID

from minutier.ingestion import jobs_repository, repository
from minutier.ingestion.domain import SOURCE
from minutier.ingestion.jobs import End, Ending, ends_after
from minutier.schemas.events import Completed, JobCompleted, JobKind
from minutier.shared.delivery import Transaction


async def end_jobs(transaction: Transaction, event: Ending) -> None:
    """Note what ``event`` says has come of its recording, and end the jobs that it decides."""
    session = transaction.session
    await jobs_repository.hold(session, event.subject)
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
    """End the recording's jobs of one kind, each with an event of its own."""
    for job_id, tenant in await jobs_repository.end(transaction.session, recording_id, kind, end.failure):
        data = Completed(job_id=job_id, kind=kind, failure=end.failure)
        transaction.publish(JobCompleted.of(recording_id, tenant=tenant, source=SOURCE, data=data))
