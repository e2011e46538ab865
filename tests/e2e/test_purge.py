"""A recording goes through everything and is purged: then its words are in no file of any server."""

import asyncio
import json
from uuid import UUID

import httpx
import nats
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from minutier.compose.embedded import DATABASE, System
from minutier.compose.people import COMPLIANCE, TENANT
from minutier.schemas.choreography import SUBSCRIPTIONS
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.erasing import PLACES
from minutier.shared.objects import ARTEFACTS, AUDIT, RECORDINGS, UPLOADS, client
from minutier.shared.remains import DISPOSED, OUTLIVES
from minutier.shared.topology import STREAMS
from tests.support.audio import conversation
from tests.support.canary import announce, marked, minutier, searched
from tests.support.sources import completed

TITLE, NAME = "Quxofonte budget", "Zwirblatt Ommelin"
SPEAKER, CORRECTION, GUEST = "Velquorin Tasdep", "plomvixen", "guest.yorvastel@example.org"
EXTERNAL = "room-hefdrumick"
# Beginnings are enough: a word may be cut where a page or a block ends.
MARKERS = ("Quxofonte", "Zwirblatt", "Velquorin", "plomvixen", "yorvastel", "hefdrumick")
# Words of the recording that nobody says in the other tests' recordings with it.
BEEP = 13.0

# What holds nothing of any recording.
NOT_OF_RECORDINGS = {
    "alembic_version": "which migrations there were",
    "ingestion.disposed_objects": "digests, so that nothing is taken in again",
    "query.languages": "which languages a tenant's recordings have",
    "query.rates": "how quick stages are",
    "query.sessions": "who has signed in",
    "query.sign_ins": "who is about to",
    "query.webhooks": "which applications are told",
    "query.webhook_tenants": "whose",
    "retention.audit_log": "who did what, by numbers",
    "retention.chains": "where the audit logs are",
    "retention.holds": "matters and reasons, by compliance staff",
    "retention.disposal_logs": "how far the log of disposals is anchored",
    "retention.policies": "how long what is kept",
    "retention.purges": "what was proposed and approved",
    "retention.sessions": "who has signed in",
    "retention.sign_ins": "who is about to",
    "retention.tenants": "which tenants there are",
}


def sound(system: System, recording: UUID) -> bytes:
    """Some of the recording as the models hear it, which no store can make smaller."""
    key = f"{TENANT}/{recording}/audio.flac"
    with client(system.objects).get_object(RECORDINGS, key) as response:
        body = response.read()
    return bytes(body[len(body) // 2 :][:64])


async def used(system: System, recording: UUID) -> None:
    """Corrected, named, shared, read, searched for and exported."""
    headers = {"Authorization": f"Bearer {system.token()}"}
    async with httpx.AsyncClient(base_url=system.url("query"), headers=headers, timeout=30) as http:
        path = f"/api/v1/recordings/{recording}"
        transcript = (await http.get(f"{path}/transcript")).raise_for_status().json()
        segment = max(transcript["segments"], key=lambda each: len(each["text"]))
        edit = {"kind": "correct", "segment": segment["id"], "first": 0, "last": 0, "text": CORRECTION}
        (await http.post(f"{path}/edits", json=edit)).raise_for_status()
        speaker = segment["speaker"]
        (await http.put(f"{path}/speakers/{speaker}", json={"name": SPEAKER})).raise_for_status()
        (await http.put(f"{path}/shares/person/{GUEST}", json={"level": "read"})).raise_for_status()
        found = (await http.get("/api/v1/search", params={"q": CORRECTION})).raise_for_status().json()
        assert str(recording) in json.dumps(found)
        for extension in ("docx", "pdf", "txt"):
            (await http.get(f"{path}/exports/{extension}")).raise_for_status()
    await completed(system, str(recording), TENANT)


def catalogue(system: System) -> dict[str, dict[str, str | None]]:
    """By table of any service: what its columns that name recordings say of their rows."""
    url = make_conninfo(system.administrator_url, dbname=DATABASE)
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """
            select nspname, relname, attname, col_description(pg_class.oid, attnum)
            from pg_class join pg_namespace on pg_namespace.oid = relnamespace
                join pg_attribute on attrelid = pg_class.oid
            where nspname = any(%s) and relkind in ('r', 'p', 'm') and attnum > 0 and not attisdropped
            """,
            [list(SUBSCRIPTIONS)],
        ).fetchall()
    tables: dict[str, dict[str, str | None]] = {}
    for schema, table, column, said in rows:
        columns = tables.setdefault(f"{schema}.{table}", {})
        if column == "recording_id" or said is not None:
            columns[column] = said
    return tables


@pytest.fixture(scope="module")
async def canary(system: System, tmp_path_factory: pytest.TempPathFactory) -> UUID:
    """After its whole life, but for its end."""
    file = tmp_path_factory.mktemp("canary") / "canary.wav"
    said = conversation()[: int(BEEP * SAMPLE_RATE)]
    marked(said, file, seed=20261126)
    recording = await announce(system, file, EXTERNAL, title=TITLE, participants=[NAME])
    await completed(system, str(recording), TENANT)
    await used(system, recording)
    return recording


async def test_whatever_can_hold_something_of_a_recording_is_claimed(system: System, canary: UUID) -> None:
    unclaimed, said_nothing = [], []
    for table, columns in catalogue(system).items():
        known = table in NOT_OF_RECORDINGS or table.rpartition(".")[2] in NOT_OF_RECORDINGS
        if not columns and not known:
            unclaimed.append(table)
        if any(said is None or not said.startswith((DISPOSED, OUTLIVES)) for said in columns.values()):
            said_nothing.append(table)
    assert not unclaimed, "say with what their rows are destroyed (minutier.shared.remains)"
    assert not said_nothing
    store = client(system.objects)
    buckets = {bucket.name for bucket in await asyncio.to_thread(store.list_buckets)}
    assert {RECORDINGS, ARTEFACTS, UPLOADS, AUDIT} <= buckets
    claimed = {(place.bucket, place.below.rstrip("/")) for place in PLACES}
    for bucket in (RECORDINGS, ARTEFACTS):
        for found in store.list_objects(bucket, recursive=True):
            tenant, recording, *below = (found.object_name or "").split("/")
            assert tenant
            UUID(recording)
            assert (bucket, "" if bucket == RECORDINGS else below[0]) in claimed
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        names = {stream.config.name for stream in await connection.jetstream().streams_info()}
    finally:
        await connection.close()
    # Key-value stores would be streams too.
    assert names == {stream.name for stream in STREAMS}


async def test_nothing_of_a_purged_recording_is_in_any_file(system: System, canary: UUID) -> None:
    data = system.directory.path
    heard = await asyncio.to_thread(sound, system, canary)
    everything = {"sound", *(marker.lower() for marker in MARKERS)}
    assert set(await asyncio.to_thread(searched, data, MARKERS, heard)) == everything
    (proposed,) = json.loads(
        await minutier(
            system,
            *("retention", "propose", str(canary), "--reason", "It was a test."),
            *("--legal-basis", "GDPR, article 17(1)(a)", "--json"),
        )
    )["purges"]
    shown = json.loads(await minutier(system, "retention", "preview", proposed["id"], "--json"))
    (item,) = shown["items"]
    assert len(item["inventory"]["versions"]) > 5
    assert sum(item["inventory"]["messages"].values()) > 5
    await minutier(system, "retention", "approve", proposed["id"], "--inventory", shown["inventory"])
    ended = json.loads(await minutier(system, "retention", "status", proposed["id"], "--follow", "--json"))
    assert [total["state"] for total in ended["totals"]] == ["destroyed"]
    headers = {"Authorization": f"Bearer {system.token(COMPLIANCE.subject)}"}
    async with httpx.AsyncClient(base_url=system.url("query"), headers=headers) as http:
        assert (await http.get(f"/api/v1/recordings/{canary}")).status_code == 404
    await minutier(system, "compact")
    assert await asyncio.to_thread(searched, data, MARKERS, heard) == {}
