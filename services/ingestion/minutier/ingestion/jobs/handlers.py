"""From events to what they mean for jobs."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from minutier.ingestion.jobs.end import end_jobs
from minutier.schemas.events import JobCompleted, MinutesWritten, StageFailed, TranscriptAttributed
from minutier.shared.delivery import Work
from minutier.shared.service import Service


def subscribe(service: Service, *, deliver: Callable[[UUID], Awaitable[None]], attempts: int) -> None:
    async def on_end(event: TranscriptAttributed | MinutesWritten | StageFailed, work: Work) -> None:
        async with work.transaction() as transaction:
            await end_jobs(transaction, event)

    service.on(TranscriptAttributed)(on_end)
    service.on(MinutesWritten)(on_end)
    service.on(StageFailed)(on_end)

    @service.on(JobCompleted, attempts=attempts)
    async def on_job_completed(event: JobCompleted, work: Work) -> None:
        await deliver(event.data.job_id)
