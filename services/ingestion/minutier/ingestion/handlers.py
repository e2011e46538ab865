"""From events to the use case, and from its outcome to events."""

from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion import repository
from minutier.ingestion.domain import Limits
from minutier.ingestion.ingest import ingest
from minutier.ingestion.ports import Normaliser
from minutier.ingestion.s3 import S3Store
from minutier.schemas.events import (
    AnyEvent,
    RecordingAnnounced,
    RecordingIngested,
    RecordingRejected,
    Rejected,
    RejectionReason,
    Stage,
)
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from minutier.shared.topology import EVENT_STREAM

SOURCE = "minutier/ingestion"


def subscribe(
    service: Service, *, store: S3Store, normaliser: Normaliser, limits: Limits, workspace: Path
) -> None:
    @service.on(RecordingAnnounced, long_running=True)
    async def take_in(event: RecordingAnnounced, work: Work) -> None:
        async with AsyncSession(service.engine) as session:
            if await repository.is_registered(session, event):
                return
        outcome = await ingest(
            event,
            store=store,
            normaliser=normaliser,
            limits=limits,
            workspace=workspace,
            report=work.report(Stage.INGESTION),
        )
        rejected = outcome if isinstance(outcome, RejectionReason) else None
        async with work.transaction() as transaction:
            if not await repository.register(transaction.session, event, rejected):
                return
            if isinstance(outcome, RejectionReason):
                data = Rejected(reason=outcome, source=event.data.source, announced_at=event.time)
                transaction.publish(
                    RecordingRejected.of(event.subject, tenant=event.tenant, source=SOURCE, data=data)
                )
            else:
                transaction.publish(
                    RecordingIngested.of(event.subject, tenant=event.tenant, source=SOURCE, data=outcome)
                )

    @service.on(RecordingIngested)
    async def forget_upload(event: RecordingIngested, work: Work) -> None:
        await _forget_announcement(event)
        async with AsyncSession(service.engine) as session:
            uploads = await repository.uploads(session, event.subject)
        for location in uploads:
            await store.discard(location)

    @service.on(RecordingRejected)
    async def forget_refused(event: RecordingRejected, work: Work) -> None:
        await _forget_announcement(event)

    async def _forget_announcement(event: AnyEvent) -> None:
        """An announcement names people: it leaves the stream once it is settled."""
        subject = f"{RecordingAnnounced.TYPE}.{event.subject}"
        await service.js.purge_stream(EVENT_STREAM, subject=subject)
