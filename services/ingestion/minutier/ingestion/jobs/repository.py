"""Every SQL statement about jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, String, func, literal, or_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion.jobs.domain import End, Job, PushToDocs
from minutier.ingestion.jobs.models import EndRow, JobRow
from minutier.ingestion.models import AnnouncedObject
from minutier.schemas.clock import now
from minutier.schemas.events import Announcement, JobFailure, JobKind
from minutier.schemas.references import ObjectRef


class Jobs:
    """What was asked for; each method is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, job_id: UUID) -> Job | None:
        async with AsyncSession(self._engine) as session:
            row = await session.get(JobRow, job_id)
            return _job(row) if row else None

    async def result_of(self, job: Job) -> ObjectRef | None:
        """The newest document of the kind that was asked for."""
        async with AsyncSession(self._engine) as session:
            end = (await standing(session, job.recording_id)).get(job.kind)
            return end.result if end else None

    async def keep_told(self, job_id: UUID) -> None:
        """The tenant's webhook has accepted the result."""
        async with AsyncSession(self._engine) as session, session.begin():
            await session.exec(update(JobRow).where(col(JobRow.id) == job_id).values(told_at=now()))


async def hold(session: AsyncSession, recording_id: UUID) -> None:
    """Let nobody else read or change what has come of this recording before the transaction ends.

    Otherwise a job that begins while its recording ends could miss the end.
    """
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(str(recording_id), 0))))


async def standing(session: AsyncSession, recording_id: UUID) -> dict[JobKind, End]:
    """What has come of a recording so far."""
    rows = await session.exec(select(EndRow).where(EndRow.recording_id == recording_id))
    return {
        JobKind(row.kind): End(
            row.at,
            ObjectRef.model_validate(row.result) if row.result else None,
            JobFailure(row.failure) if row.failure else None,
            row.language,
        )
        for row in rows
    }


async def change(session: AsyncSession, recording_id: UUID, changes: Mapping[JobKind, End | None]) -> None:
    for kind, end in changes.items():
        if end is None:
            await session.exec(
                delete(EndRow).where(col(EndRow.recording_id) == recording_id, col(EndRow.kind) == kind.value)
            )
            continue
        values = {
            "at": end.at,
            "result": end.result.model_dump(mode="json") if end.result else None,
            "failure": end.failure.value if end.failure else None,
            "language": end.language,
        }
        await session.exec(
            insert(EndRow)
            .values(recording_id=recording_id, kind=kind.value, **values)
            .on_conflict_do_update(index_elements=["recording_id", "kind"], set_=values)
        )


async def add(session: AsyncSession, job: Job) -> None:
    session.add(
        JobRow(
            id=job.id,
            tenant=job.tenant,
            kind=job.kind.value,
            recording_id=job.recording_id,
            user_sub=job.user_sub,
            base_url=job.base_url,
            language=job.language,
            docs=asdict(job.docs) if job.docs else None,
            callback=job.callback,
            spoken=job.spoken,
            announcement=job.announcement.model_dump(mode="json") if job.announcement else None,
            created_at=now(),
        )
    )
    await session.flush()


async def keep_document(session: AsyncSession, job_id: UUID, document_id: str) -> bool:
    """False where one was kept before."""
    statement = (
        update(JobRow)
        .where(col(JobRow.id) == job_id, col(JobRow.document_id).is_(None))
        .values(document_id=document_id)
        .returning(col(JobRow.id))
    )
    return (await session.exec(statement)).first() is not None


async def end(
    session: AsyncSession, recording_id: UUID, kind: JobKind, end: End
) -> Sequence[tuple[UUID, str]]:
    """End the recording's jobs of one kind that had not ended; the id and the tenant of each.

    A transcript ends no job that another language was said to be spoken in.
    """
    suits = or_(col(JobRow.spoken).is_(None), col(JobRow.spoken) == end.language)
    statement = (
        update(JobRow)
        .where(*_waiting(recording_id, kind), *(() if end.failure else (suits,)))
        .values(ended_at=now(), failure=end.failure and end.failure.value, announcement=None)
        .returning(col(JobRow.id), col(JobRow.tenant))
    )
    rows = (await session.exec(statement)).all()
    return [(row[0], row[1]) for row in rows]


async def waiting(session: AsyncSession, recording_id: UUID, kind: JobKind) -> Sequence[Job]:
    """The recording's jobs of one kind that have not ended."""
    rows = await session.exec(select(JobRow).where(*_waiting(recording_id, kind)))
    return [_job(row) for row in rows]


async def move(session: AsyncSession, job_id: UUID, recording_id: UUID) -> None:
    """Let a job wait for a recording of its own, whatever is spoken there."""
    await session.exec(
        update(JobRow)
        .where(col(JobRow.id) == job_id)
        .values(recording_id=recording_id, spoken=None, announcement=None)
    )


async def erase(session: AsyncSession, recording_id: UUID) -> int:
    """Remove the recording's jobs, and what has come of it; how many rows."""
    jobs = await session.exec(delete(JobRow).where(col(JobRow.recording_id) == recording_id))
    ends = await session.exec(delete(EndRow).where(col(EndRow.recording_id) == recording_id))
    return jobs.rowcount + ends.rowcount


async def replace(
    session: AsyncSession, recording_id: UUID, transcript: ObjectRef, *, before: datetime
) -> int:
    """Let ``transcript`` be what has come of the recording, and minutes that were written ``before`` be open
    again; gives how many rows are gone.

    What jobs need no more goes too: how they would have been announced, and what Docs was told to call
    a document that it has made.
    """
    await hold(session, recording_id)
    jobs = update(JobRow).where(col(JobRow.recording_id) == recording_id)
    await session.exec(jobs.values(announcement=None))
    untitled = func.jsonb_set(col(JobRow.docs), literal(["title"], ARRAY(String)), literal("", JSONB))
    await session.exec(
        jobs.where(col(JobRow.document_id).is_not(None), col(JobRow.docs).is_not(None)).values(docs=untitled)
    )
    theirs = (col(EndRow.recording_id) == recording_id, col(EndRow.result).is_not(None))
    await session.exec(
        update(EndRow)
        .where(*theirs, col(EndRow.kind) == JobKind.TRANSCRIPT.value)
        .values(result=transcript.model_dump(mode="json"))
    )
    minutes = delete(EndRow).where(
        *theirs, col(EndRow.kind) == JobKind.SUMMARY.value, col(EndRow.at) <= before
    )
    return (await session.exec(minutes)).rowcount


async def claims(session: AsyncSession, recording_id: UUID) -> Sequence[tuple[str | None, bool]]:
    """For each object that the recording is of, the language it was announced with, and whether with
    the server's account of the meeting.
    """
    statement = select(AnnouncedObject.language, AnnouncedObject.has_metadata).where(
        AnnouncedObject.recording_id == recording_id
    )
    return [(language, has_metadata) for language, has_metadata in await session.exec(statement)]


def _waiting(recording_id: UUID, kind: JobKind) -> tuple[ColumnElement[bool], ...]:
    return (
        col(JobRow.recording_id) == recording_id,
        col(JobRow.kind) == kind.value,
        col(JobRow.ended_at).is_(None),
    )


def _job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        tenant=row.tenant,
        kind=JobKind(row.kind),
        recording_id=row.recording_id,
        user_sub=row.user_sub,
        base_url=row.base_url,
        language=row.language,
        docs=PushToDocs(**row.docs) if row.docs else None,
        callback=row.callback,
        spoken=row.spoken,
        announcement=Announcement.model_validate(row.announcement) if row.announcement else None,
        ended=row.ended_at is not None,
        failure=JobFailure(row.failure) if row.failure else None,
        document_id=row.document_id,
        told=row.told_at is not None,
    )
