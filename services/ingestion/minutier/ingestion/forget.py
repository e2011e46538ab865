"""Removing what was announced once it is settled or cancelled: it names people, and holds what they said."""

from minutier.ingestion.domain import End, is_over
from minutier.ingestion.ports import Announcements, Uploads


async def forget(by: End, *, announcements: Announcements, uploads: Uploads) -> None:
    """Remove the announcements that ``by`` ends, each after what was uploaded for it; may be repeated."""
    async for held in announcements.of(by.subject):
        if is_over(held.event, by):
            for location in held.locations:
                await uploads.discard(location)
            await announcements.remove(held)
