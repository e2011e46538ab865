"""The use case: nothing of some recordings may be deleted any more."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from minutier.retention.holds.domain import MOST_LISTED, Hold
from minutier.retention.holds.ports import Holds


@dataclass(frozen=True)
class UnknownRecordings:
    """Recordings that there are not; nothing was placed."""

    ids: tuple[UUID, ...]


async def place_hold(hold: Hold, recordings: Collection[UUID], *, holds: Holds) -> Hold | UnknownRecordings:
    """On the ``recordings`` and on what the hold's search finds; from the end of the transaction it stands.

    Where it gives `UnknownRecordings` the transaction is to be rolled back. Raises `ValueError` for a hold
    that is for nothing, or lists too much.
    """
    if not recordings and hold.search is None:
        raise ValueError("say what the hold is for: list recordings, or give a search")
    if len(recordings) > MOST_LISTED:
        raise ValueError(f"a hold lists at most {MOST_LISTED} recordings: use a search, or several holds")
    await holds.add(hold)
    if unknown := await holds.cover(hold.id, recordings):
        return UnknownRecordings(tuple(unknown))
    if hold.search is not None:
        await holds.cover_found(hold)
    return hold
