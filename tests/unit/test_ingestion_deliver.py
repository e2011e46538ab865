from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from pydantic import SecretStr

from minutier.ingestion.jobs.deliver import deliver
from minutier.ingestion.jobs.domain import Job, PushToDocs
from minutier.ingestion.jobs.ports import NotAccepted
from minutier.ingestion.jobs.results import Results
from minutier.ingestion.tenants import Tenant
from minutier.schemas.events import JobFailure, JobKind, Stage
from minutier.shared.errors import Permanent
from tests.support.jobs_fakes import Docs, Ledger, Webhook
from tests.support.summarisation_fakes import KeptArtefacts, transcript

TENANT = Tenant(api_key=SecretStr("key-of-acme-for-the-tests"))
RESULTS = Results(public_url=None, days=7)
DONE = Job(
    id=uuid4(),
    tenant="acme",
    kind=JobKind.TRANSCRIPT,
    recording_id=uuid4(),
    user_sub="sub",
    base_url="http://minutier.example.org/",
    docs=PushToDocs("anna@example.org", "Weekly"),
    ended=True,
)


class Told:
    """One job, and everybody who is told of it."""

    def __init__(self, job: Job, *, docs: Docs | None = None, webhook: Webhook | None = None) -> None:
        self.jobs = Ledger(job)
        self.docs = docs or Docs()
        self.webhook = webhook or Webhook()
        self._artefacts = KeptArtefacts()
        self._job = job

    async def write(self) -> None:
        ref = await self._artefacts.store(
            transcript([("Anna", "Hello.")]), tenant="acme", stage=Stage.ATTRIBUTION, version="1"
        )
        self.jobs.results[self._job.id] = ref

    async def deliver(self) -> None:
        await deliver(
            self._job.id,
            jobs=self.jobs,
            documents=self._artefacts,
            tenants={"acme": TENANT}.get,
            docs=self.docs,
            keep_document=self.jobs.keep_document,
            callbacks=self.webhook,
            results=RESULTS,
        )


def told_of(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "transcription_data_url"}


async def test_docs_and_the_webhook_are_told_once_however_often_it_is_repeated() -> None:
    told = Told(DONE)
    await told.write()
    for _ in range(3):
        await told.deliver()
    assert told.docs.accepted == [
        {"title": "Weekly", "content": "**Anna**: Hello.\n", "email": "anna@example.org", "sub": "sub"}
    ]
    (payload,) = told.webhook.accepted
    assert told_of(payload) == {"job_id": str(DONE.id), "type": "transcript", "status": "success"}
    assert told.jobs.kept[DONE.id].document_id == "document-1"


async def test_a_docs_that_fails_keeps_nobody_from_being_told_and_is_asked_again() -> None:
    told = Told(DONE, docs=Docs(failures=2))
    await told.write()
    for _ in range(2):
        with pytest.raises(NotAccepted):
            await told.deliver()
        assert len(told.webhook.accepted) == 1
    await told.deliver()
    assert (len(told.docs.accepted), len(told.webhook.accepted)) == (1, 1)


async def test_a_webhook_that_fails_is_told_again_and_no_second_document_is_made() -> None:
    told = Told(DONE, webhook=Webhook(failures=1))
    await told.write()
    with pytest.raises(NotAccepted):
        await told.deliver()
    await told.deliver()
    assert (len(told.docs.accepted), len(told.webhook.accepted)) == (1, 1)


async def test_a_failure_makes_no_document_and_is_told_with_its_code() -> None:
    told = Told(replace(DONE, failure=JobFailure.NO_AUDIO_IN_FILE))
    await told.deliver()
    assert told.docs.accepted == []
    assert told.webhook.accepted == [
        {
            "job_id": str(DONE.id),
            "type": "transcript",
            "status": "failure",
            "error_code": "no_audio_in_file",
        }
    ]


async def test_a_result_that_is_gone_is_told_of_and_then_given_up() -> None:
    told = Told(DONE)
    with pytest.raises(Permanent):
        await told.deliver()
    assert len(told.webhook.accepted) == 1


async def test_a_job_for_docs_alone_is_not_told_to_the_webhook() -> None:
    told = Told(replace(DONE, callback=False))
    await told.write()
    await told.deliver()
    assert (len(told.docs.accepted), told.webhook.accepted) == (1, [])


async def test_a_tenant_that_has_left_is_not_told() -> None:
    told = Told(replace(DONE, tenant="gone"))
    await told.deliver()
    assert (told.docs.accepted, told.webhook.accepted) == ([], [])


def test_an_address_opens_one_job_of_one_tenant() -> None:
    url = urlsplit(RESULTS.url(DONE, TENANT))
    assert url.netloc == "minutier.example.org"
    assert url.path == RESULTS.path(DONE.id)
    query = parse_qs(url.query)
    expires, signature = int(query["expires"][0]), query["signature"][0]
    assert RESULTS.opens(DONE, TENANT, expires, signature)
    assert not RESULTS.opens(replace(DONE, id=uuid4()), TENANT, expires, signature)
    other = Tenant(api_key=SecretStr("key-of-another-tenant"))
    assert not RESULTS.opens(DONE, other, expires, signature)


def test_a_public_address_takes_the_place_of_the_one_that_was_asked() -> None:
    public = Results(public_url="https://minutier.example.org/in/", days=1)
    assert public.url(DONE, TENANT).startswith(f"https://minutier.example.org/in/api/v2/results/{DONE.id}?")
