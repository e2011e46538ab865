"""The use case: whoever asked for a job is told of its end, in Docs and by the tenant's webhook."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from minutier.ingestion.jobs.domain import Job, Status
from minutier.ingestion.jobs.ports import Callbacks, Docs, Documents, Jobs, NotAccepted
from minutier.ingestion.jobs.results import Results, content_of
from minutier.ingestion.tenants import Tenant
from minutier.shared.errors import Permanent

KeepDocument = Callable[[Job, str], Awaitable[None]]


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
