"""The composition root of ingestion."""

import asyncio
from datetime import timedelta
from functools import partial

from minutier.ingestion import api, handlers
from minutier.ingestion.access import Access
from minutier.ingestion.accounts.reader import AccountReader
from minutier.ingestion.announce import Announcer
from minutier.ingestion.jobs import handlers as jobs_handlers
from minutier.ingestion.jobs.callbacks import HttpCallbacks, HttpDocs, Outgoing
from minutier.ingestion.jobs.deliver import Results, deliver
from minutier.ingestion.jobs.repository import Jobs
from minutier.ingestion.jobs.take import JobTaker
from minutier.ingestion.media.av import AvNormaliser
from minutier.ingestion.media.fetch import Fetcher
from minutier.ingestion.media.take import AnnouncedMedia
from minutier.ingestion.nats import StreamAnnouncements
from minutier.ingestion.reconcile import Reconciliation, keep_reconciling, reconcile
from minutier.ingestion.repository import Register
from minutier.ingestion.s3 import S3Store
from minutier.ingestion.settings import IngestionSettings
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
from minutier.ingestion.sources.hand_in import HandIn
from minutier.ingestion.sources.livekit import EgressRegister
from minutier.ingestion.sources.notifications import BucketMessages
from minutier.ingestion.speech.nats import StreamOutcomes
from minutier.ingestion.uploads.take import UploadTaker
from minutier.ingestion.workspace import Workspace
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.shared.worker import Worker


def build() -> Service:
    settings = IngestionSettings()
    service = Service("ingestion")
    object_settings = ObjectSettings()
    objects = Objects(object_settings)
    documents = Artefacts(objects)
    worker = Worker(limit_seconds=settings.decode_limit_seconds)
    workspace = Workspace(settings.workspace)
    service.on_stop(lambda: asyncio.to_thread(workspace.remove))
    service.on_stop(worker.stop)
    tenants = settings.known_tenants
    access = Access(tenants, operator_key=settings.operator_key)
    announcer = Announcer(service.transaction)
    hand_in = HandIn(objects, announcer, limits_of=settings.limits_of, workspace=workspace.path)
    upload_taker = UploadTaker(
        service.transaction, hand_in, lasting=timedelta(seconds=settings.upload_seconds)
    )
    register = Register(service.engine)
    egresses = EgressRegister(service.transaction, due_after=settings.due_after)
    notifications = BucketNotifications(tenants, announcer)
    jobs = Jobs(service.engine)
    job_taker = JobTaker(service.transaction, documents)
    results = Results(
        public_url=str(settings.public_url) if settings.public_url else None, days=settings.result_days
    )
    outgoing = Outgoing()
    service.on_stop(outgoing.close)

    async def compare(dry_run: bool = False) -> Reconciliation:
        return await reconcile(
            tenants=tenants,
            buckets=objects,
            register=register,
            announcer=announcer,
            grace=timedelta(seconds=settings.reconcile_grace_seconds),
            dry_run=dry_run,
        )

    service.on_start(lambda: asyncio.to_thread(livekit.warm_up))
    service.on_start(upload_taker.keep_forgetting)
    service.on_start(BucketMessages(lambda: service.js, notifications.take_message).run)
    service.on_start(
        lambda: keep_reconciling(
            compare,
            alone=lambda: register.alone("reconcile"),
            every=timedelta(seconds=settings.reconcile_seconds),
        )
    )
    service.serve(
        api.build(
            [
                livekit.router(access, egresses.take),
                bucket.router(access, notifications),
                bigbluebutton.router(access, bigbluebutton.Meetings(hand_in)),
                jibri.router(access, jibri.Sessions(hand_in)),
                operations.router(access, compare),
                speech.router(
                    access,
                    hand_in=hand_in,
                    outcomes=StreamOutcomes(lambda: service.nats, lambda: service.js),
                    documents=documents,
                    wait_seconds=settings.speech_wait_seconds,
                    requests=settings.speech_requests,
                ),
                uploads.router(
                    access,
                    upload_taker,
                    limits_of=settings.limits_of,
                    public_url=str(settings.public_url) if settings.public_url else None,
                    workspace=workspace.path,
                ),
                summary.router(
                    access,
                    taker=job_taker,
                    jobs=jobs,
                    documents=documents,
                    results=results,
                    store=object_settings,
                ),
            ]
        )
    )
    handlers.subscribe(
        service,
        register=register,
        media=AnnouncedMedia(
            objects,
            Fetcher(networks=settings.fetch_networks, limit_seconds=settings.fetch_limit_seconds),
            tenants=tenants,
            buckets=settings.allowed_buckets,
        ),
        accounts=AccountReader(worker),
        store=S3Store(objects, documents),
        normaliser=AvNormaliser(worker),
        announcements=StreamAnnouncements(lambda: service.js),
        limits_of=settings.limits_of,
        patience=settings.patience,
        workspace=workspace.path,
    )
    jobs_handlers.subscribe(
        service,
        deliver=partial(
            deliver,
            jobs=jobs,
            documents=documents,
            tenants=tenants.get,
            docs=HttpDocs(outgoing),
            keep_document=job_taker.keep_document,
            callbacks=HttpCallbacks(outgoing),
            results=results,
        ),
        attempts=settings.callback_attempts,
    )
    return service
