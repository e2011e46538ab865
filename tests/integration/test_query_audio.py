"""Listening to what lies in the real store."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from minutier.compose.embedded import System
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import Ingested, RecordingIngested
from minutier.schemas.references import Location
from minutier.shared.objects import RECORDINGS, Objects
from tests.support import query_events as told
from tests.support.query_events import START, Documents
from tests.support.query_fakes import Table, application
from tests.support.query_people import OWNER, PEOPLE, showing
from tests.support.systems import running

MEGABYTE = 1024**2


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=[]) as system:
        yield system


async def test_parts_are_those_of_the_version_that_was_taken_in(system: System) -> None:
    store, table, recording_id = Objects(system.objects), Table(Documents()), uuid4()
    body = bytes(range(256)) * (32 * MEGABYTE // 256)
    key = f"acme/{recording_id}/audio.flac"
    audio = await store.write(RECORDINGS, key, body, "audio/flac")
    await store.write(RECORDINGS, key, b"another", "audio/flac")
    document = table.documents.keep(RecordingDocument(recording_id=recording_id, people=PEOPLE))
    data = Ingested(
        recording=document,
        source="livekit",
        announced_at=START,
        duration=30,
        audio=audio,
        processing_seconds=1,
    )
    await table.add(told.at(RecordingIngested, 1, data, recording=recording_id))
    here = f"/api/v1/recordings/{recording_id}/audio"
    transport = httpx.ASGITransport(application(table, audio=store))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=showing(OWNER)) as http:
        for start, end in ((0, 0), (1, 3 * MEGABYTE), (len(body) - 5, len(body) - 1)):
            answer = await http.get(here, headers={"Range": f"bytes={start}-{end}"})
            assert (answer.status_code, answer.content) == (206, body[start : end + 1])
        assert (await http.head(here)).headers["content-length"] == str(len(body))
        await store.remove(Location(bucket=RECORDINGS, key=key, version_id=audio.version_id))
        assert (await http.get(here)).status_code == 404
