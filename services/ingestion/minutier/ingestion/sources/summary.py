"""La Suite Meet's summary service, API v2: transcripts and summaries as jobs."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
)
from starlette.exceptions import HTTPException

from minutier.ingestion.access import Access, body_of
from minutier.ingestion.domain import is_addressable
from minutier.ingestion.jobs import markdown
from minutier.ingestion.jobs.deliver import Results, content_of, result_of
from minutier.ingestion.jobs.domain import JOB_SOURCE, Job, PushToDocs, own_recording
from minutier.ingestion.jobs.ports import Documents, Jobs
from minutier.ingestion.jobs.take import JobTaker
from minutier.ingestion.jobs.texts import read
from minutier.ingestion.media.addresses import is_listed
from minutier.ingestion.tenants import Tenant
from minutier.ingestion.whisperx import whisperx
from minutier.schemas.base import Text
from minutier.schemas.documents import TranscriptDocument
from minutier.schemas.events import (
    AnnouncedMetadata,
    Announcement,
    JobFailure,
    JobKind,
    MetadataKind,
)
from minutier.schemas.references import Link, Location
from minutier.shared.errors import Permanent
from minutier.shared.problems import described
from minutier.shared.settings import ObjectSettings

# What Docs takes at most; the name of a room may be longer.
_DOCS_TITLE = 255
_MOST_BYTES = 4 * 1024 * 1024
# What was said is for the one who asked, not for a cache on the way.
_PRIVATE = {"Cache-Control": "no-store"}


def _primary(tag: str) -> str | None:
    """Of ``fr-FR`` or ``fr_fr`` the language alone; nothing where there is none."""
    return tag.replace("_", "-").partition("-")[0].lower() or None


def _written(time: object) -> object:
    if isinstance(time, str) and "T" in time.upper():
        return time
    raise ValueError("is no time such as 2026-11-24T10:00:00Z")


LanguageTag = Annotated[
    str,
    Field(pattern=r"^([A-Za-z]{2,3}([-_][A-Za-z0-9_-]*)?)?$", description="ISO 639, or a tag: `fr-FR`"),
    AfterValidator(_primary),
]
Time = Annotated[AwareDatetime, BeforeValidator(_written)]
Url = Annotated[
    str,
    Field(
        pattern=r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?#][^\s\x00]*)?$",
        max_length=4096,
    ),
]
Email = Annotated[Text, Field(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", max_length=254)]
Sub = Annotated[Text, Field(min_length=1, max_length=255)]


class Metadata(BaseModel):
    """Where the meeting server's account of the meeting lies, and when it was recorded."""

    cloud_storage_url: Url
    started_at: Time | None = Field(
        None, validation_alias=AliasChoices("started_at", "start_at"), serialization_alias="started_at"
    )
    ended_at: Time | None = Field(
        None, validation_alias=AliasChoices("ended_at", "end_at"), serialization_alias="ended_at"
    )


class DocsConfig(BaseModel):
    """The document that is to be made in La Suite Docs."""

    user_email: Email
    title: Text = Field(min_length=1, max_length=1000)
    download_link: Url | None = None
    form_link: Url | None = None
    auto_create_summary: StrictBool = False

    def push(self, language: str | None) -> PushToDocs:
        summary_title = markdown.summary_title(self.title, language=language)
        return PushToDocs(
            self.user_email,
            self.title[:_DOCS_TITLE],
            self.download_link,
            self.form_link,
            summary_title[:_DOCS_TITLE] if self.auto_create_summary else None,
        )


class TranscriptWanted(BaseModel):
    user_sub: Sub
    user_email: Email | None = None
    cloud_storage_url: Url
    language: LanguageTag | None = Field(None, description="without one it is detected")
    context_language: LanguageTag | None = Field(None, description="of the sentences around what was said")
    push_to_docs_config: DocsConfig | None = None
    metadata: Metadata | None = None


class SummaryWanted(BaseModel):
    user_sub: Sub
    user_email: Email | None = None
    content: str = Field(pattern=r"\S", description="`**Name**: words`, or paragraphs")
    language: LanguageTag | None = Field(None, description="without one it is detected")


class JobState(BaseModel):
    """A job, and once it has ended where its result is, or why there is none."""

    job_id: UUID
    type: JobKind
    status: Literal["pending", "success", "failure"]
    transcription_data_url: str | None = None
    summary_data_url: str | None = None
    error_code: JobFailure | None = None


class _SmallBody(APIRoute):
    """Answers 413 as soon as a body has more bytes than are taken here."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            body = await body_of(request, limit=_MOST_BYTES)

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return limited


def router(
    access: Access,
    *,
    taker: JobTaker,
    jobs: Jobs,
    documents: Documents,
    results: Results,
    store: ObjectSettings,
) -> APIRouter:
    pages = APIRouter(route_class=_SmallBody)
    Caller = Annotated[str, Depends(access.tenant)]
    may_fail = described(400, 403, 404)

    @pages.post("/api/v2/async-jobs/transcribe", response_model_exclude_none=True, responses=may_fail)
    async def transcribe(wanted: TranscriptWanted, name: Caller, request: Request) -> JobState:
        """Ask for a transcript; the tenant's webhook is told of its end."""
        tenant = access.settings_of(name)
        docs = wanted.push_to_docs_config
        if docs is not None and tenant.docs_url is None:
            raise HTTPException(
                HTTPStatus.BAD_REQUEST,
                "This tenant has no Docs to push to. Leave 'push_to_docs_config' out, or have docs_url set.",
            )
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

    @pages.post("/api/v2/async-jobs/summarize", response_model_exclude_none=True, responses=may_fail)
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
        text = await asyncio.to_thread(
            read, wanted.content, recording_id=job.recording_id, language=wanted.language
        )
        await taker.summarise(job, text)
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

    return pages


def announcement(
    wanted: TranscriptWanted, job_id: UUID, tenant: Tenant, store: ObjectSettings
) -> Announcement:
    """What a wanted transcript tells of its recording."""
    metadata = wanted.metadata
    return Announcement(
        source=JOB_SOURCE,
        external_id=str(job_id),
        title=wanted.push_to_docs_config.title[:_DOCS_TITLE] if wanted.push_to_docs_config else None,
        language=wanted.language,
        started_at=metadata and metadata.started_at,
        ended_at=metadata and metadata.ended_at,
        mix=located(wanted.cloud_storage_url, tenant, store),
        metadata=metadata
        and AnnouncedMetadata(
            kind=MetadataKind.LASUITE_MEET, location=located(metadata.cloud_storage_url, tenant, store)
        ),
    )


def located(url: str, tenant: Tenant, store: ObjectSettings) -> Location | Link:
    """The object that a link leads to, where it lies in a bucket of the tenant's; else the link.

    A webhook, a bucket notification and the reconciler name the object, and it is one recording.
    """
    try:
        parts = urlsplit(url)
        known = _leads_to_store(parts, tenant, store)
    except ValueError:
        # It leads nowhere, as whoever follows it will tell.
        return Link(url=url)
    bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
    if not known or bucket not in tenant.buckets or not _is_key(key):
        return Link(url=url)
    return Location(bucket=bucket, key=key)


def _leads_to_store(parts: SplitResult, tenant: Tenant, store: ObjectSettings) -> bool:
    host = parts.hostname or ""
    if is_listed(parts.scheme, host, parts.port, tenant.fetch_hosts):
        return True
    secure = parts.scheme == "https"
    return secure == store.secure and is_listed(parts.scheme, host, parts.port, [store.endpoint.lower()])


def _is_key(key: str) -> bool:
    return 0 < len(key) <= 1024 and "\x00" not in key and is_addressable(key)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
