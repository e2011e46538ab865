"""The use case: whoever asked for a job is told of its end, in Docs and by the tenant's webhook."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from minutier.ingestion.jobs import markdown
from minutier.ingestion.jobs.domain import Job, Status
from minutier.ingestion.jobs.ports import Callbacks, Docs, Documents, Jobs, NotAccepted
from minutier.ingestion.signing import sign, verify
from minutier.ingestion.tenants import Tenant
from minutier.schemas.clock import now
from minutier.schemas.documents import Document, MinutesDocument, TranscriptDocument
from minutier.schemas.events import JobKind
from minutier.shared.errors import Permanent

D = TypeVar("D", bound=Document)
KeepDocument = Callable[[Job, str], Awaitable[None]]

_URL_FIELDS = {JobKind.TRANSCRIPT: "transcription_data_url", JobKind.SUMMARY: "summary_data_url"}


class Results:
    """Where results are fetched: addresses that let in whoever has them, for some days."""

    def __init__(self, *, public_url: str | None, days: int) -> None:
        self._public_url = public_url
        self._days = days

    def path(self, job_id: UUID) -> str:
        return f"/api/v2/results/{job_id}"

    def url(self, job: Job, tenant: Tenant) -> str:
        path = self.path(job.id)
        key = tenant.api_key.get_secret_value()
        query = sign(path, key=key, expires=now() + timedelta(days=self._days))
        return f"{(self._public_url or job.base_url).rstrip('/')}{path}?{query}"

    def opens(self, job: Job, tenant: Tenant, expires: int, signature: str) -> bool:
        """Whether an address with these was made by `url`, and has not expired."""
        key = tenant.api_key.get_secret_value()
        return verify(self.path(job.id), key=key, expires=expires, signature=signature)

    def status_of(self, job: Job, tenant: Tenant) -> dict[str, Any]:
        """What is answered, and told, of a job, in the words of La Suite Meet's summary API."""
        told: dict[str, Any] = {"job_id": str(job.id), "type": job.kind.value, "status": job.status.value}
        match job.status:
            case Status.SUCCESS:
                told[_URL_FIELDS[job.kind]] = self.url(job, tenant)
            case Status.FAILURE:
                told["error_code"] = job.failure
        return told


async def deliver(
    job_id: UUID,
    *,
    jobs: Jobs,
    documents: Documents,
    tenants: Callable[[str], Tenant | None],
    docs: Docs,
    keep_document: KeepDocument,
    callbacks: Callbacks,
    results: Results,
) -> None:
    """Make the document in Docs, then tell the webhook, each once; what was done is not done again.

    A Docs that fails does not keep the webhook from being told: the failure is raised after that. Raises
    `NotAccepted`, and what the ports raise.
    """
    job = await jobs.find(job_id)
    tenant = tenants(job.tenant) if job else None
    if job is None or tenant is None:
        return
    undelivered: Exception | None = None
    try:
        if job.docs is not None and job.document_id is None and job.status is Status.SUCCESS:
            content = await content_of(job, jobs=jobs, documents=documents)
            made = await docs.create(
                tenant, title=job.docs.title, content=content, email=job.docs.email, sub=job.user_sub
            )
            await keep_document(job, made)
    except (NotAccepted, Permanent) as error:
        undelivered = error
    if job.callback and not job.told:
        await callbacks.send(tenant, results.status_of(job, tenant))
        await jobs.keep_told(job.id)
    if undelivered is not None:
        raise undelivered


async def content_of(job: Job, *, jobs: Jobs, documents: Documents) -> str:
    """The result in Markdown, as a document for people. Raises `Permanent` where there is none."""
    if job.kind is JobKind.SUMMARY:
        minutes = await result_of(MinutesDocument, job, jobs=jobs, documents=documents)
        return markdown.minutes(minutes, language=job.language)
    return markdown.transcript(
        await result_of(TranscriptDocument, job, jobs=jobs, documents=documents),
        language=job.language,
        download_link=job.docs.download_link if job.docs else None,
        form_link=job.docs.form_link if job.docs else None,
    )


async def result_of(kind: type[D], job: Job, *, jobs: Jobs, documents: Documents) -> D:
    """The newest document of the job's recording. Raises `Permanent` where there is none."""
    if (ref := await jobs.result_of(job)) is None:
        raise Permanent("result_missing")
    return await documents.load(kind, ref)
