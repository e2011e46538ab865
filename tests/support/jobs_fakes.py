"""What jobs meet: a ledger, a Docs and a webhook, in memory."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from minutier.ingestion.jobs.domain import Job
from minutier.ingestion.jobs.ports import NotAccepted
from minutier.ingestion.tenants import Tenant
from minutier.schemas.references import ObjectRef


class Ledger:
    """Jobs, and the newest results of their recordings."""

    def __init__(self, *jobs: Job) -> None:
        self.kept = {job.id: job for job in jobs}
        self.results: dict[UUID, ObjectRef] = {}

    async def find(self, job_id: UUID) -> Job | None:
        return self.kept.get(job_id)

    async def result_of(self, job: Job) -> ObjectRef | None:
        return self.results.get(job.id)

    async def keep_document(self, job: Job, document_id: str) -> None:
        self.kept[job.id] = replace(self.kept[job.id], document_id=document_id)

    async def keep_told(self, job_id: UUID) -> None:
        self.kept[job_id] = replace(self.kept[job_id], told=True)


class FailingFirst:
    """A server that does not accept the next ``failures`` requests."""

    def __init__(self, *, failures: int = 0) -> None:
        self.failures = failures
        self.accepted: list[dict[str, Any]] = []

    def take(self, body: dict[str, Any]) -> None:
        if self.failures:
            self.failures -= 1
            raise NotAccepted
        self.accepted.append(body)


class Docs(FailingFirst):
    async def create(self, tenant: Tenant, *, title: str, content: str, email: str, sub: str) -> str:
        self.take({"title": title, "content": content, "email": email, "sub": sub})
        return f"document-{len(self.accepted)}"


class Webhook(FailingFirst):
    async def send(self, tenant: Tenant, payload: dict[str, Any]) -> None:
        self.take(payload)
