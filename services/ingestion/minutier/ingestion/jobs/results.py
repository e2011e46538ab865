"""What a job's result is, and where it is fetched."""

from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from minutier.ingestion.jobs import markdown
from minutier.ingestion.jobs.domain import Job, Status
from minutier.ingestion.jobs.ports import Documents, Jobs
from minutier.ingestion.signing import sign, verify
from minutier.ingestion.tenants import Tenant
from minutier.schemas.clock import now
from minutier.schemas.documents import Document, MinutesDocument, TranscriptDocument
from minutier.schemas.events import JobKind
from minutier.shared.errors import Permanent

D = TypeVar("D", bound=Document)

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
