"""From events to the use cases, and from an outcome to its event."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from minutier.ingestion.describe import describe
from minutier.ingestion.domain import Limits, Patience, Settlement, description, settlement
from minutier.ingestion.forget import forget
from minutier.ingestion.ingest import ingest
from minutier.ingestion.jobs.end import end_jobs
from minutier.ingestion.ports import Accounts, Announcements, Media, Normaliser
from minutier.ingestion.repository import Register
from minutier.ingestion.s3 import S3Store
from minutier.schemas.events import (
    Ingested,
    RecordingAnnounced,
    RecordingCancelled,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    Stage,
)
from minutier.schemas.rejections import RejectionReason
from minutier.shared import cancellations
from minutier.shared.delivery import Work
from minutier.shared.service import Service


def subscribe(
    service: Service,
    *,
    register: Register,
    media: Media,
    accounts: Accounts,
    store: S3Store,
    normaliser: Normaliser,
    announcements: Announcements,
    limits_of: Callable[[str], Limits],
    owner_of: Callable[[str], str | None],
    patience: Patience,
    workspace: Path,
) -> None:
    @service.on(RecordingAnnounced, long_running=True, cancellable=True)
    async def on_announced(event: RecordingAnnounced, work: Work) -> None:
        # What is still missing then is told as a rejection, which says what to do.
        patient = Patience() if work.is_last_attempt else patience
        outcome = await ingest(
            event,
            register=register,
            media=media,
            accounts=accounts,
            store=store,
            normaliser=normaliser,
            limits=limits_of(event.tenant),
            patience=patient,
            workspace=workspace,
            report=work.report(Stage.INGESTION),
            owner=owner_of(event.tenant),
        )
        if outcome is not None and await _settled(event, outcome, register, work):
            return
        more = None
        if not await register.is_closed(event.subject):
            more = await describe(
                event, media=media, accounts=accounts, store=store, patience=patient, workspace=workspace
            )
        if more is None:
            await forget(event, announcements=announcements, uploads=store)
            return
        async with work.transaction() as transaction:
            transaction.publish(description(event, more))

    @service.on(RecordingDescribed)
    async def on_described(event: RecordingDescribed, work: Work) -> None:
        await forget(event, announcements=announcements, uploads=store)

    async def on_settled(event: Settlement, work: Work) -> None:
        await forget(event, announcements=announcements, uploads=store)
        async with work.transaction() as transaction:
            await end_jobs(transaction, event)

    service.on(RecordingIngested)(on_settled)
    service.on(RecordingRejected)(on_settled)

    @service.on(RecordingCancelled)
    async def on_cancelled(event: RecordingCancelled, work: Work) -> None:
        await forget(event, announcements=announcements, uploads=store)
        async with work.transaction() as transaction:
            await cancellations.keep(transaction.session, event)
            await end_jobs(transaction, event)


async def _settled(
    event: RecordingAnnounced, outcome: Ingested | RejectionReason, register: Register, work: Work
) -> bool:
    """Tell how taking a recording in ended; false where it was taken in meanwhile, and nothing is done."""
    with suppress(_Meanwhile):
        async with work.transaction() as transaction:
            if not await register.settle(transaction.session, event, outcome):
                raise _Meanwhile
            transaction.publish(settlement(event, outcome))
        return True
    return False


class _Meanwhile(Exception):
    """Another announcement of the recording was quicker."""
