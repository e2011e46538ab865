"""La Suite Meet's summary service, API v2: transcripts and summaries as jobs."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from minutier.ingestion.access import Access, body_of
from minutier.ingestion.jobs.domain import Job, own_recording
from minutier.ingestion.jobs.ports import Documents, Jobs, Taker
from minutier.ingestion.jobs.results import Results, content_of, result_of
from minutier.ingestion.jobs.texts import TooManyParts, read
from minutier.ingestion.sources.summary_requests import SummaryWanted, TranscriptWanted, announcement
from minutier.ingestion.whisperx import whisperx
from minutier.schemas.documents import TranscriptDocument
from minutier.schemas.events import JobFailure, JobKind
from minutier.shared.errors import Permanent
from minutier.shared.problems import described
from minutier.shared.settings import ObjectSettings

_MOST_BYTES = 4 * 1024 * 1024
# What was said is for the one who asked, not for a cache on the way.
_PRIVATE = {"Cache-Control": "no-store"}


class JobState(BaseModel):
    """A job, and once it has ended where its result is, or why there is none."""

    job_id: UUID
    type: JobKind
    status: Literal["pending", "success", "failure"]
    transcription_data_url: str | None = None
    summary_data_url: str | None = None
    error_code: JobFailure | None = None


def _asking(access: Access) -> type[APIRoute]:
    """Routes that read a body of nobody but a tenant; they answer 413 as soon as it has more bytes than are
    taken here.
    """

    class Asking(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                await access.enter(request)
                body = await body_of(request, limit=_MOST_BYTES)

                async def receive() -> dict[str, Any]:
                    return {"type": "http.request", "body": body, "more_body": False}

                return await handle(Request(request.scope, receive))

            return guarded

    return Asking


def router(
    access: Access,
    *,
    taker: Taker,
    jobs: Jobs,
    documents: Documents,
    results: Results,
    store: ObjectSettings,
) -> APIRouter:
    pages, asking = APIRouter(), APIRouter(route_class=_asking(access))
    Caller = Annotated[str, Depends(access.tenant)]
    may_fail = described(400, 403, 404)

    @asking.post(
        "/api/v2/async-jobs/transcribe",
        response_model_exclude_none=True,
        responses=may_fail | described(410),
    )
    async def transcribe(wanted: TranscriptWanted, name: Caller, request: Request) -> JobState:
        """Ask for a transcript; the tenant's webhook is told of its end.

        La Suite Meet always says what document it wants; where the tenant has no Docs, none is made.
        """
        tenant = access.settings_of(name)
        docs = wanted.push_to_docs_config if tenant.docs_url else None
        language = wanted.context_language or wanted.language
        job_id = uuid4()
        job = Job(
            id=job_id,
            tenant=name,
            kind=JobKind.TRANSCRIPT,
            recording_id=own_recording(name, job_id),
            user_sub=wanted.user_sub,
            base_url=str(request.base_url),
            language=language,
            docs=docs.push(language) if docs else None,
        )
        await taker.transcribe(job, announcement(wanted, job.id, tenant, store))
        return JobState.model_validate(results.status_of(job, tenant))

    @asking.post("/api/v2/async-jobs/summarize", response_model_exclude_none=True, responses=may_fail)
    async def summarise(wanted: SummaryWanted, name: Caller, request: Request) -> JobState:
        """Ask for the summary of a text; the tenant's webhook is told of its end."""
        job_id = uuid4()
        job = Job(
            id=job_id,
            tenant=name,
            kind=JobKind.SUMMARY,
            recording_id=own_recording(name, job_id),
            user_sub=wanted.user_sub,
            base_url=str(request.base_url),
            language=wanted.language,
        )
        try:
            text = await asyncio.to_thread(
                read, wanted.content, recording_id=job.recording_id, language=wanted.language
            )
        except TooManyParts as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        await taker.summarise(job, text, owner=wanted.owner)
        return JobState.model_validate(results.status_of(job, access.settings_of(name)))

    async def job_of(kind: JobKind, job_id: str, name: str) -> JobState:
        known = _uuid(job_id)
        job = await jobs.find(known) if known else None
        if job is None or job.kind is not kind:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no job with this id.")
        if job.tenant != name:
            raise HTTPException(HTTPStatus.FORBIDDEN, "This job is another tenant's.")
        return JobState.model_validate(results.status_of(job, access.settings_of(name)))

    @pages.get("/api/v2/async-jobs/transcribe/{job_id}", response_model_exclude_none=True, responses=may_fail)
    async def transcript_job(job_id: str, name: Caller) -> JobState:
        """How far a transcript is."""
        return await job_of(JobKind.TRANSCRIPT, job_id, name)

    @pages.get("/api/v2/async-jobs/summarize/{job_id}", response_model_exclude_none=True, responses=may_fail)
    async def summary_job(job_id: str, name: Caller) -> JobState:
        """How far a summary is."""
        return await job_of(JobKind.SUMMARY, job_id, name)

    @pages.get(
        "/api/v2/results/{job_id}",
        responses=may_fail | {200: {"content": {"application/json": {}, "text/markdown": {}}}},
    )
    async def result(
        job_id: str, expires: Annotated[int, Query(ge=0, lt=2**63)], signature: Annotated[str, Query()]
    ) -> Response:
        """A job's result, for whoever has its address: a transcript in WhisperX's shape, or Markdown."""
        known = _uuid(job_id)
        job = await jobs.find(known) if known else None
        tenant = access.tenants.get(job.tenant) if job else None
        if job is None or tenant is None or not results.opens(job, tenant, expires, signature):
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "This address was not signed, or has expired. Ask for the job again."
            )
        await access.admit(job.tenant)
        try:
            if job.kind is JobKind.SUMMARY:
                content = await content_of(job, jobs=jobs, documents=documents)
                return Response(content, media_type="text/markdown", headers=_PRIVATE)
            transcript = await result_of(TranscriptDocument, job, jobs=jobs, documents=documents)
        except Permanent as error:
            raise HTTPException(
                HTTPStatus.NOT_FOUND, f"The result can not, or no longer, be read ({error.reason})."
            ) from None
        # Hours of speech take a while, in which others want to be answered.
        body = await asyncio.to_thread(lambda: json.dumps(whisperx(transcript), ensure_ascii=False))
        return Response(body, media_type="application/json", headers=_PRIVATE)

    @pages.get("/__heartbeat__")
    @pages.get("/__lbheartbeat__")
    async def heartbeat() -> dict[str, str]:
        """That this process answers; `/healthz` tells of its servers too."""
        return {"status": "ok"}

    pages.include_router(asking)
    return pages


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
