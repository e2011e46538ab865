"""How fast the transcript of a two-hour meeting is read: ours, and a bare endpoint over the same store.

``python -m bench.query`` prints one JSON line. A recording whose transcript has 20,000 words goes through the
running query service as events do. Then several clients, each over one connection, read it as JSON, as
WebVTT, and again with ``If-None-Match``; every read is authorised and written to the access log. The bare
endpoint is FastAPI and the MinIO SDK: it fetches the same document for each request and returns its bytes, to
anybody. They take turns. ``bytes`` is what one answer has; ``same`` says that both answers hold the same
words.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

import httpx
import nats

from minutier.compose.embedded import System, running
from minutier.compose.people import PARTICIPANT, TENANT
from minutier.schemas.codec import encode
from minutier.schemas.documents import (
    AttributedWord,
    Coverage,
    Part,
    Person,
    RecordingDocument,
    Speaker,
    SpeakerEvidence,
    TranscriptDocument,
    TranscriptSegment,
)
from minutier.schemas.events import Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.settings import ObjectSettings
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told

WORDS = 20_000
WORDS_OF_A_SEGMENT = 22
SPEAKERS = 8
SECONDS = 7200.0
LIMIT_SECONDS = 60

Read = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def two_hours(recording_id: UUID) -> TranscriptDocument:
    """A transcript of made-up words, the same each time."""
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices("aeilnorstu", k=chance.randint(2, 9))) for _ in range(4000)]
    each = SECONDS / WORDS
    segments = []
    for number, first in enumerate(range(0, WORDS, WORDS_OF_A_SEGMENT), start=1):
        speaker = f"speaker-{chance.randint(1, SPEAKERS)}"
        words = tuple(
            AttributedWord(
                start=round(place * each, 2),
                end=round((place + 0.9) * each, 2),
                text=f" {chance.choice(vocabulary)}",
                probability=round(chance.uniform(0.4, 1.0), 3),
                speaker=speaker,
            )
            for place in range(first, min(first + WORDS_OF_A_SEGMENT, WORDS))
        )
        segments.append(
            TranscriptSegment(
                id=f"s{number}",
                start=words[0].start,
                end=words[-1].end,
                speaker=speaker,
                text="".join(word.text for word in words).strip(),
                words=words,
            )
        )
    return TranscriptDocument(
        recording_id=recording_id,
        title="Two hours",
        language="fr",
        duration=SECONDS,
        speakers=tuple(
            Speaker(
                id=f"speaker-{number}",
                label=f"Speaker {number}",
                evidence=SpeakerEvidence.VOICE,
                speech_seconds=SECONDS / SPEAKERS,
            )
            for number in range(1, SPEAKERS + 1)
        ),
        segments=tuple(segments),
        coverage=Coverage(speech_seconds=SECONDS, transcribed_seconds=SECONDS, gaps=()),
    )


def serve_stock(listening: socket.socket, settings: ObjectSettings, ref: ObjectRef) -> None:
    import uvicorn
    from fastapi import FastAPI, Response

    from minutier.shared.objects import client

    app = FastAPI()
    store = client(settings)

    @app.get("/transcript")
    def transcript() -> Response:
        found = store.get_object(ref.bucket, ref.key)
        try:
            return Response(found.read(), media_type="application/json")
        finally:
            found.close()
            found.release_conn()

    config = uvicorn.Config(app, loop="uvloop", log_config=None, access_log=False, lifespan="off")
    uvicorn.Server(config).run([listening])


async def prepare(system: System) -> tuple[UUID, ObjectRef]:
    """A recording whose transcript the query service has, and where that lies."""
    recording_id = uuid4()
    artefacts = Artefacts(Objects(system.objects))
    about = RecordingDocument(
        recording_id=recording_id, people=(Person(part=Part.OWNER, email=PARTICIPANT.email),)
    )
    described = await artefacts.store(about, tenant=TENANT, stage=Stage.INGESTION, version="bench")
    transcript = await artefacts.store(
        two_hours(recording_id), tenant=TENANT, stage=Stage.ATTRIBUTION, version="bench"
    )
    where: dict[str, Any] = {"recording": recording_id, "tenant": TENANT}
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    for event in (
        told.announced(**where),
        told.ingested(described, **where),
        told.attributed(transcript, **where),
    ):
        await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    await connection.close()
    return recording_id, transcript


async def load(base_url: str, read: Read, *, clients: int, requests: int, **given: Any) -> dict[str, Any]:
    """Requests of ``clients`` at a time: requests a second, and milliseconds that one takes."""
    taken: list[float] = []
    left = iter(range(requests))

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=base_url, timeout=LIMIT_SECONDS, **given) as http:
            for _ in left:
                started = time.perf_counter()
                response = await read(http)
                taken.append(time.perf_counter() - started)
                if response.status_code not in {200, 304}:
                    raise SystemExit(f"a request was answered with {response.status_code}")

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(ask())
    return _figures(taken, time.perf_counter() - started)


def _figures(taken: Sequence[float], seconds: float) -> dict[str, Any]:
    return {
        "requests_per_second": round(len(taken) / seconds, 1),
        "p50_ms": round(1000 * median(taken), 1),
        "p95_ms": round(1000 * quantiles(taken, n=20)[-1], 1),
    }


async def measure(requests: int, clients: int) -> dict[str, Any]:
    listening = socket.create_server(("127.0.0.1", 0))
    environment = {"MINUTIER_QUERY_REQUESTS_PER_MINUTE": str(10**6)}
    async with running(services=["query"], environment=environment) as system:
        recording_id, ref = await prepare(system)
        process = multiprocessing.get_context("spawn").Process(
            target=serve_stock, args=(listening, system.objects, ref)
        )
        process.start()
        try:
            return await _compare(system, recording_id, listening, requests, clients)
        finally:
            process.terminate()
            process.join()


async def _compare(
    system: System, recording_id: UUID, listening: socket.socket, requests: int, clients: int
) -> dict[str, Any]:
    ours = system.url("query")
    stock = "http://{}:{}".format(*listening.getsockname())
    path = f"/api/v1/recordings/{recording_id}/transcript"
    headers = {"Authorization": f"Bearer {system.token()}"}
    async with httpx.AsyncClient(base_url=ours, timeout=LIMIT_SECONDS, headers=headers) as http:
        first = await _when_there(http, path)
        plain = (await http.get(f"{stock}/transcript")).json()
    again = {**headers, "If-None-Match": first.headers["ETag"]}
    reads: dict[str, tuple[str, Read, dict[str, str]]] = {
        "json": (ours, lambda http: http.get(path), headers),
        "stock": (stock, lambda http: http.get("/transcript"), {}),
        "vtt": (ours, lambda http: http.get(path, params={"format": "vtt"}), headers),
        "unchanged": (ours, lambda http: http.get(path), again),
    }
    figures: dict[str, Any] = {}
    for name, (url, read, given) in reads.items():
        await load(url, read, clients=clients, requests=2 * clients, headers=given)
        figures[name] = await load(url, read, clients=clients, requests=requests, headers=given)
    return {
        "benchmark": "query",
        "words": WORDS,
        "bytes": len(first.content),
        "clients": clients,
        **figures,
        "ratio": round(figures["json"]["requests_per_second"] / figures["stock"]["requests_per_second"], 2),
        "same": first.json()["segments"] == plain["segments"],
    }


async def _when_there(http: httpx.AsyncClient, path: str) -> httpx.Response:
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            response = await http.get(path)
            if response.is_success:
                return response
            await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.query", description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.requests, arguments.clients))))


if __name__ == "__main__":
    main()
