"""From events to the use cases, and from an outcome to its event."""

from pathlib import Path

from minutier.ingestion.domain import Limits, Settlement, settlement
from minutier.ingestion.forget import forget
from minutier.ingestion.ingest import ingest
from minutier.ingestion.ports import Announcements, Normaliser
from minutier.ingestion.repository import Register
from minutier.ingestion.s3 import S3Store
from minutier.schemas.events import RecordingAnnounced, RecordingIngested, RecordingRejected, Stage
from minutier.shared.delivery import Work
from minutier.shared.service import Service


def subscribe(
    service: Service,
    *,
    register: Register,
    store: S3Store,
    normaliser: Normaliser,
    announcements: Announcements,
    limits: Limits,
    workspace: Path,
) -> None:
    @service.on(RecordingAnnounced, long_running=True)
    async def on_announced(event: RecordingAnnounced, work: Work) -> None:
        outcome = await ingest(
            event,
            register=register,
            store=store,
            normaliser=normaliser,
            limits=limits,
            workspace=workspace,
            report=work.report(Stage.INGESTION),
        )
        if outcome is None:
            await forget(event, announcements=announcements, uploads=store)
            return
        async with work.transaction() as transaction:
            if await register.settle(transaction.session, event, outcome):
                transaction.publish(settlement(event, outcome))

    async def on_settled(event: Settlement, work: Work) -> None:
        await forget(event, announcements=announcements, uploads=store)

    service.on(RecordingIngested)(on_settled)
    service.on(RecordingRejected)(on_settled)
