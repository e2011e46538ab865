"""The composition root of ingestion."""

import asyncio
from datetime import timedelta
from functools import partial

from fastapi import APIRouter

from minutier.ingestion import api, handlers
from minutier.ingestion.access import Access
from minutier.ingestion.accounts.reader import AccountReader, ArchiveReader
from minutier.ingestion.announce import Announcer
from minutier.ingestion.erase import discard, erase
from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.jobs import handlers as jobs_handlers
from minutier.ingestion.jobs.callbacks import HttpCallbacks, HttpDocs, Outgoing
from minutier.ingestion.jobs.deliver import deliver
from minutier.ingestion.jobs.repository import Jobs
from minutier.ingestion.jobs.results import Results
from minutier.ingestion.jobs.take import JobTaker
from minutier.ingestion.media.av import AvNormaliser
from minutier.ingestion.media.fetch import Fetcher
from minutier.ingestion.media.silence import AvSilencer
from minutier.ingestion.media.take import AnnouncedMedia
from minutier.ingestion.nats import StreamAnnouncements
from minutier.ingestion.reconcile import Reconciliation, keep_reconciling, reconcile
from minutier.ingestion.repository import Register
from minutier.ingestion.s3 import S3Store
from minutier.ingestion.settings import IngestionSettings
from minutier.ingestion.silence import silence
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
from minutier.ingestion.sources.forms import Forms
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
    objects = Objects(ObjectSettings())
    documents = Artefacts(objects)
    workspace = Workspace(settings.workspace)
    service.on_stop(lambda: asyncio.to_thread(workspace.remove))
    access = Access(settings.known_tenants, operator_key=settings.operator_key)
    announcer = Announcer(service.transaction)
    hand_in = HandIn(objects, announcer)
    forms = Forms(limits_of=settings.limits_of, workspace=workspace.path)
    _take_in(service, settings, objects, documents, workspace)
    service.serve(
        api.build(
            [
                _livekit(service, settings, access),
                _bucket(service, access, announcer),
                _bigbluebutton(service, settings, access, forms, hand_in),
                jibri.router(access, forms, jibri.Sessions(hand_in)),
                _reconciler(service, settings, access, objects, announcer),
                _speech(service, settings, access, forms, hand_in, documents),
                _uploads(service, settings, access, hand_in, workspace),
                _summary(service, settings, access, documents),
            ]
        )
    )
    return service


def _take_in(
    service: Service,
    settings: IngestionSettings,
    objects: Objects,
    documents: Artefacts,
    workspace: Workspace,
) -> None:
    """What is announced, whoever announced it, until it is purged."""
    store = S3Store(objects, documents)
    announcements = StreamAnnouncements(lambda: service.js)
    worker = Worker(limit_seconds=settings.decode_limit_seconds)
    service.on_stop(worker.stop)
    service.erase(
        objects,
        partial(erase, announcements=announcements, uploads=store),
        discard=partial(discard, announcements=announcements, uploads=store),
        replace=partial(
            silence,
            documents=documents,
            recordings=store,
            silencer=AvSilencer(worker),
            workspace=workspace.path,
        ),
    )
    handlers.subscribe(
        service,
        register=Register(service.engine),
        media=AnnouncedMedia(
            objects,
            Fetcher(networks=settings.fetch_networks, limit_seconds=settings.fetch_limit_seconds),
            tenants=settings.known_tenants,
            buckets=settings.allowed_buckets,
        ),
        accounts=AccountReader(worker),
        store=store,
        normaliser=AvNormaliser(worker),
        announcements=announcements,
        limits_of=settings.limits_of,
        owner_of=settings.owner_of,
        patience=settings.patience,
        workspace=workspace.path,
    )


def _livekit(service: Service, settings: IngestionSettings, access: Access) -> APIRouter:
    if access.tenants.have_livekit:
        service.on_start(lambda: asyncio.to_thread(livekit.warm_up))
    return livekit.router(access, EgressRegister(service.transaction, due_after=settings.due_after).take)


def _bigbluebutton(
    service: Service, settings: IngestionSettings, access: Access, forms: Forms, hand_in: HandIn
) -> APIRouter:
    # Of its own: nobody who waits for an answer waits for the decoding of recordings.
    worker = Worker(limit_seconds=settings.decode_limit_seconds)
    service.on_stop(worker.stop)
    meetings = bigbluebutton.Meetings(hand_in, ArchiveReader(worker))
    return bigbluebutton.router(access, forms, meetings)


def _bucket(service: Service, access: Access, announcer: Announcer) -> APIRouter:
    notifications = BucketNotifications(access.tenants, announcer)
    service.on_start(BucketMessages(lambda: service.js, notifications.take_message).run)
    return bucket.router(access, notifications)


def _reconciler(
    service: Service, settings: IngestionSettings, access: Access, objects: Objects, announcer: Announcer
) -> APIRouter:
    """On a schedule, and when the operator asks for it."""
    register = Register(service.engine)

    async def compare(dry_run: bool = False) -> Reconciliation:
        return await reconcile(
            tenants=access.tenants,
            buckets=objects,
            register=register,
            announcer=announcer,
            grace=timedelta(seconds=settings.reconcile_grace_seconds),
            dry_run=dry_run,
        )

    service.on_start(
        lambda: keep_reconciling(
            compare,
            alone=lambda: register.alone("reconcile"),
            every=timedelta(seconds=settings.reconcile_seconds),
        )
    )
    return operations.router(access, compare)


def _speech(
    service: Service,
    settings: IngestionSettings,
    access: Access,
    forms: Forms,
    hand_in: HandIn,
    documents: Artefacts,
) -> APIRouter:
    return speech.router(
        access,
        forms,
        hand_in=hand_in,
        outcomes=StreamOutcomes(lambda: service.nats, lambda: service.js),
        documents=documents,
        wait_seconds=settings.speech_wait_seconds,
        requests=settings.speech_requests,
    )


def _uploads(
    service: Service, settings: IngestionSettings, access: Access, hand_in: HandIn, workspace: Workspace
) -> APIRouter:
    taker = UploadTaker(service.transaction, hand_in, lasting=timedelta(seconds=settings.upload_seconds))
    service.on_start(taker.keep_forgetting)
    return uploads.router(
        access,
        taker,
        limits_of=settings.limits_of,
        public_url=settings.public_address,
        workspace=workspace.path,
    )


def _summary(
    service: Service, settings: IngestionSettings, access: Access, documents: Artefacts
) -> APIRouter:
    """Jobs are asked for over HTTP, and whoever asked is told of their end."""
    jobs = Jobs(service.engine)
    taker = JobTaker(service.transaction, documents)
    results = Results(public_url=settings.public_address, days=settings.result_days)
    outgoing = Outgoing()
    service.on_stop(outgoing.close)
    jobs_handlers.subscribe(
        service,
        deliver=partial(
            deliver,
            jobs=jobs,
            documents=documents,
            tenants=access.tenants.get,
            docs=HttpDocs(outgoing),
            keep_document=taker.keep_document,
            callbacks=HttpCallbacks(outgoing),
            results=results,
        ),
        attempts=settings.callback_attempts,
    )
    return summary.router(
        access, taker=taker, jobs=jobs, documents=documents, results=results, store=ObjectSettings()
    )
