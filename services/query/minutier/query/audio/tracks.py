"""The use case: whose voices can be heard one by one."""

from minutier.query.audio.domain import Track, tracks
from minutier.query.ports import Documents
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import Ingested
from minutier.shared.errors import Permanent


async def read_tracks(ingested: Ingested, *, documents: Documents) -> tuple[Track, ...]:
    """The tracks by when they were announced; without names where these are gone, as after a purge."""
    if not ingested.tracks:
        return ()
    try:
        document = await documents.load(RecordingDocument, ingested.recording)
    except Permanent:
        return tracks(ingested, ())
    return tracks(ingested, document.participants)
