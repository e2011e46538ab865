"""Expiry dates on the real servers."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import nats
import psycopg

from minutier.compose.embedded import System, running
from minutier.schemas.codec import encode
from minutier.schemas.events import AnyEvent
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told

Dates = dict[tuple[UUID, str], datetime]


async def test_what_is_taken_in_has_dates_once_and_a_rejected_recording_has_none() -> None:
    first, refused, last, text = uuid4(), uuid4(), uuid4(), uuid4()
    taken_in = told.ingested(recording=first)
    again = taken_in.model_copy(update={"id": uuid4(), "time": taken_in.time + timedelta(days=9)})
    async with running(services=["retention"], environment={"MINUTIER_RETENTION_MEDIA_DAYS": "30"}) as system:
        await publish(system, taken_in, taken_in, again, told.rejected(recording=refused))
        # Events are taken in order, so once the last has dates, the others have been seen.
        await publish(system, told.ingested(recording=last), told.received(recording=text))
        async with asyncio.timeout(30):
            while True:
                dates = await asyncio.to_thread(read, system)
                if {(last, "minutes"), (text, "minutes")} <= dates.keys():
                    break
                await asyncio.sleep(0.05)
    year = taken_in.time + timedelta(days=365)
    expected = {"media": taken_in.time + timedelta(days=30), "transcript": year, "minutes": year}
    assert {kind: date for (recording, kind), date in dates.items() if recording == first} == expected
    assert {recording for recording, _ in dates} == {first, last, text}
    assert (text, "media") not in dates


async def publish(system: System, *events: AnyEvent) -> None:
    client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        for event in events:
            await client.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    finally:
        await client.close()


def read(system: System) -> Dates:
    with psycopg.connect(system.database_url("retention").replace("+psycopg", "")) as connection:
        rows = connection.execute("select recording_id, kind, expires_at from expiries").fetchall()
        policies = connection.execute("select count(*) from policies").fetchone()
    assert policies == (1 if rows else 0,)
    return {(recording, kind): date for recording, kind, date in rows}
