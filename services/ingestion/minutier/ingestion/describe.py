"""The use case: a recording that was taken in is announced again, by somebody who knows more of it."""

from pathlib import Path

from minutier.ingestion.accounts.domain import Account
from minutier.ingestion.accounts.take import NOTHING_TOLD, account_of
from minutier.ingestion.document import supplement
from minutier.ingestion.domain import Patience, locations, tells_more
from minutier.ingestion.ports import Accounts, Media, Store
from minutier.schemas.events import Described, RecordingAnnounced
from minutier.shared.artefacts import artefact_version


async def describe(
    event: RecordingAnnounced,
    *,
    media: Media,
    accounts: Accounts,
    store: Store,
    patience: Patience,
    workspace: Path,
) -> Described | None:
    """What it tells in addition; ``None`` where that is nothing, or nobody to be believed says so.

    Who names media that the tenant may not name could not have announced the recording in the first place.
    Raises as `account_of` does, and what the ports raise.
    """
    if not tells_more(event):
        return None
    if not all(media.allows(location, tenant=event.tenant) for location in locations(event)):
        return None
    account = await account_of(
        event, needed=False, media=media, accounts=accounts, patience=patience, workspace=workspace
    )
    document = supplement(event, account if isinstance(account, Account) else NOTHING_TOLD)
    if not (document.people or document.title or document.participants):
        return None
    version = artefact_version(document=document.model_dump_json())
    return Described(recording=await store.describe(document, tenant=event.tenant, version=version))
