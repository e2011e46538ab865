"""Taking the meeting server's account of a meeting, where it tells one and it can be had."""

from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from minutier.ingestion.accounts.domain import Account, UnreadableAccount
from minutier.ingestion.domain import Patience
from minutier.ingestion.ports import Accounts, Media, NotThereYet, Unreachable
from minutier.schemas.clock import now
from minutier.schemas.events import AnnouncedMetadata, RecordingAnnounced
from minutier.schemas.rejections import RejectionReason
from minutier.shared import telemetry

log = structlog.get_logger(__name__)

NOTHING_TOLD = Account(names={})

_BYTES = 32 * 1024**2


async def account_of(
    event: RecordingAnnounced,
    *,
    needed: bool,
    media: Media,
    accounts: Accounts,
    patience: Patience,
    workspace: Path,
) -> Account | RejectionReason:
    """What the meeting server tells; nothing where it cannot be had and is not ``needed``.

    What is needed is waited for as long as the media, and why it cannot be had is told. Raises `NotThereYet`
    and `Unreachable`.
    """
    metadata = event.data.metadata
    if metadata is None:
        return NOTHING_TOLD
    waited = (now() - event.time).total_seconds()
    try:
        outcome = await _read(metadata, event.tenant, media, accounts, workspace)
    except Unreachable:
        if needed or waited < patience.account:
            raise
        outcome = RejectionReason.NOT_FOUND
    if outcome is RejectionReason.NOT_FOUND and waited < (patience.media if needed else patience.account):
        raise NotThereYet
    if isinstance(outcome, RejectionReason) and not needed:
        log.warning("account not read", kind=metadata.kind, reason=outcome)
        telemetry.unread_account(metadata.kind, outcome)
        return NOTHING_TOLD
    return outcome


async def _read(
    metadata: AnnouncedMetadata, tenant: str, media: Media, accounts: Accounts, workspace: Path
) -> Account | RejectionReason:
    with TemporaryDirectory(dir=workspace) as folder:
        file = Path(folder, "account")
        taken = await media.take(metadata.location, file, tenant=tenant, limit=_BYTES)
        if isinstance(taken, RejectionReason):
            return taken
        try:
            return await accounts.read(metadata.kind, file)
        except UnreadableAccount:
            return RejectionReason.CORRUPT
