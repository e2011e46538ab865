"""Ingestion's HTTP front, whole, with what is behind it in memory."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import FastAPI
from pydantic import HttpUrl, SecretStr

from minutier.ingestion import api
from minutier.ingestion.access import Access
from minutier.ingestion.domain import Identity, Limits
from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.jobs.domain import Job
from minutier.ingestion.jobs.results import Results
from minutier.ingestion.reconcile import Reconciliation
from minutier.ingestion.sources import (
    bigbluebutton,
    bucket,
    jibri,
    livekit,
    operations,
    speech,
    summary,
    uploads,
)
from minutier.ingestion.sources.bucket import BucketNotifications
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.ingestion.uploads.take import SOURCE, Details, Promise
from minutier.schemas.documents import Person, TranscriptDocument
from minutier.schemas.events import Announcement, JobKind
from minutier.shared.settings import ObjectSettings
from tests.support import livekit_events
from tests.support import query_events as told
from tests.support.hand_in import KEY, TENANT, Announcements, Archives, Uploads, forms
from tests.support.jobs_fakes import Ledger
from tests.support.query_events import Documents
from tests.support.reconciling import Book
from tests.support.speech_fakes import Ends

if TYPE_CHECKING:
    from livekit.protocol.webhook import WebhookEvent

OPERATOR_KEY = "a key of the operator's own"
EXPIRES = datetime.fromisoformat("2100-01-01T00:00:00Z")
RESULTS = Results(public_url=None, days=7)
ACME = Tenant(
    api_key=SecretStr(KEY),
    livekit_api_key=livekit_events.KEY,
    livekit_api_secret=SecretStr(livekit_events.SECRET),
    buckets=frozenset({"meetings"}),
    docs_url=HttpUrl("https://docs.example.org"),
    docs_api_key=SecretStr("a key of the Docs' own"),
    requests_per_minute=10**6,
)


class Promises:
    """Uploads that were promised, each taken once."""

    def __init__(self) -> None:
        self.taken: set[UUID] = set()

    async def promise(self, tenant: str, details: Details) -> Promise | None:
        recording = Identity(tenant, SOURCE, details.external_id or "made up").recording_id
        return None if recording in self.taken else Promise(recording, EXPIRES)

    async def take(self, tenant: str, recording_id: UUID, file: Path) -> bool:
        new = recording_id not in self.taken
        self.taken.add(recording_id)
        return new


class Taker:
    """Keeps the jobs that are asked for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def transcribe(self, job: Job, announcement: Announcement) -> None:
        self._ledger.kept[job.id] = job

    async def summarise(self, job: Job, text: TranscriptDocument, *, owner: Person) -> None:
        self._ledger.kept[job.id] = job


def build(workspace: Path, *jobs: Job) -> FastAPI:
    """For the tenant with `KEY`; every file has a transcript, and each of ``jobs`` its result."""
    access = Access(Tenants({TENANT: ACME}), operator_key=SecretStr(OPERATOR_KEY))
    documents, ends, ledger = Documents(), Ends(), Ledger(*jobs)
    transcript = documents.keep(told.transcript(("speaker-1", "Good morning.")))
    ends.are(lambda recording: told.attributed(transcript, recording=recording))
    results = {JobKind.TRANSCRIPT: transcript, JobKind.SUMMARY: documents.keep(told.minutes())}
    ledger.results = {job.id: results[job.kind] for job in jobs}
    limits = Limits(seconds=timedelta(hours=1).total_seconds(), size=10_000)
    hand_in = HandIn(Uploads(), Announcements())
    sent = forms(workspace, size=limits.size)

    async def heed(tenant: str, settings: Tenant, event: "WebhookEvent") -> None:
        """Nothing of it is kept."""

    async def compare(dry_run: bool) -> Reconciliation:
        return Reconciliation(seen=0, announced=(), missing=(), unreadable=())

    return api.build(
        [
            livekit.router(access, heed),
            bucket.router(access, BucketNotifications(access.tenants, Book())),
            bigbluebutton.router(access, sent, bigbluebutton.Meetings(hand_in, Archives())),
            jibri.router(access, sent, jibri.Sessions(hand_in)),
            operations.router(access, compare),
            speech.router(
                access,
                sent,
                hand_in=hand_in,
                outcomes=ends,
                documents=documents,
                wait_seconds=60,
                requests=2,
            ),
            uploads.router(
                access, Promises(), workspace=workspace, limits_of=lambda _: limits, public_url=None
            ),
            summary.router(
                access,
                taker=Taker(ledger),
                jobs=ledger,
                documents=documents,
                results=RESULTS,
                store=ObjectSettings(),
            ),
        ]
    )
