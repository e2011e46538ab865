"""CPU that the platform spends on one recording, outside the models and the decoding.

``python -m bench.platform`` prints one JSON line. The recordings are a second long; in place of
the two model services this process publishes what they would, so that their plumbing is left out
and everybody else's is measured: whole processes, less what they spend while nothing happens.
Decoding runs in a child of ingestion, whose time is its own.
"""

import argparse
import asyncio
import json
import math
import tempfile
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import nats
import psutil
from nats.aio.client import Client

from minutier.compose.embedded import System, running
from minutier.schemas.base import Model
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import (
    Coverage,
    DiarizationDocument,
    SpeechSegment,
    TranscriptionDocument,
    Turn,
    Word,
)
from minutier.schemas.events import (
    Announcement,
    AnyEvent,
    Diarized,
    MinutesWritten,
    RecordingAnnounced,
    RecordingIngested,
    SpeechDiarized,
    SpeechTranscribed,
    Stage,
    Transcribed,
    recording_id,
)
from minutier.schemas.references import Location
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import UPLOADS, Objects
from minutier.shared.topology import EVENT_STREAM

SERVICES = ("ingestion", "attribution", "summarisation", "retention", "query")
TENANT = "bench"
SOURCE = "minutier/bench"
LIMIT_SECONDS = 120
MODEL = Model(name="none", revision="none")
WORDS = ("We", " decided", " to", " ship", " it.")


async def measure(recordings: int, idle_seconds: float) -> dict[str, object]:
    """CPU seconds by service and recording; the first recordings, which warm caches, do not count."""
    with tempfile.TemporaryDirectory() as folder:
        sound = await asyncio.to_thread(_sound, Path(folder, "sound.wav"))
        async with running(services=SERVICES) as system:
            client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
            try:
                await _run(system, client, sound, range(3))
                await asyncio.sleep(2)
                before = _cpu(system)
                await asyncio.sleep(idle_seconds)
                idle = {name: (cpu - before[name]) / idle_seconds for name, cpu in _cpu(system).items()}
                before = _cpu(system)
                started = asyncio.get_running_loop().time()
                await _run(system, client, sound, range(3, 3 + recordings))
                # Readers of the last event, and what they publish.
                await asyncio.sleep(2)
                elapsed = asyncio.get_running_loop().time() - started
                spent = {
                    name: (cpu - before[name] - idle[name] * elapsed) / recordings
                    for name, cpu in _cpu(system).items()
                }
            finally:
                await client.close()
    return {
        "benchmark": "platform",
        "recordings": recordings,
        "cpu_ms_per_recording": round(1000 * sum(spent.values()), 1),
        "cpu_ms_per_recording_by_service": {name: round(1000 * s, 1) for name, s in spent.items()},
        "idle_cpu_percent_by_service": {name: round(100 * rate, 2) for name, rate in idle.items()},
        "recordings_per_second": round(recordings / (elapsed - 2), 2),
    }


async def _run(system: System, client: Client, sound: Path, numbers: Sequence[int]) -> None:
    """Announce recordings, stand in for the model services, and wait for the last minutes."""
    js = client.jetstream(timeout=30)
    objects = Objects(system.objects)
    artefacts = Artefacts(objects)
    written: set[UUID] = set()

    async def publish(event: AnyEvent) -> None:
        await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)

    events = await js.subscribe("minutier.>", stream=EVENT_STREAM, ordered_consumer=True)
    waited_for = {_id(number) for number in numbers}

    async def follow() -> None:
        async for message in events.messages:
            match decode(message.data):
                case RecordingIngested() as event if event.subject in waited_for:
                    for spoken in await _speech(event, artefacts):
                        await publish(spoken)
                case MinutesWritten() as event if event.subject in waited_for:
                    written.add(event.subject)
                    if written == waited_for:
                        return

    following = asyncio.create_task(follow())
    try:
        for number in numbers:
            key = f"{_id(number)}/sound"
            await objects.upload(UPLOADS, key, sound, "audio/wav")
            data = Announcement(
                source="bench",
                external_id=str(number),
                language="en",
                mix=Location(bucket=UPLOADS, key=key),
            )
            await publish(RecordingAnnounced.of(_id(number), tenant=TENANT, source=SOURCE, data=data))
        async with asyncio.timeout(LIMIT_SECONDS):
            await following
    finally:
        following.cancel()
        await events.unsubscribe()


async def _speech(event: RecordingIngested, artefacts: Artefacts) -> tuple[SpeechDiarized, SpeechTranscribed]:
    recording = event.subject
    turns = (Turn(start=0.0, end=1.0, speaker="speaker-1"),)
    words = tuple(
        Word(start=n * 0.2, end=(n + 1) * 0.2, text=text, probability=0.9) for n, text in enumerate(WORDS)
    )
    coverage = Coverage(speech_seconds=1.0, transcribed_seconds=1.0, gaps=())
    diarization = DiarizationDocument(recording_id=recording, turns=turns, exclusive=turns, model=MODEL)
    transcription = TranscriptionDocument(
        recording_id=recording,
        language="en",
        language_probability=1.0,
        language_given=True,
        segments=(SpeechSegment(start=0.0, end=1.0, text="".join(WORDS), words=words),),
        coverage=coverage,
        model=MODEL,
    )
    diarized = await artefacts.store(diarization, tenant=TENANT, stage=Stage.DIARIZATION, version="0")
    transcribed = await artefacts.store(transcription, tenant=TENANT, stage=Stage.TRANSCRIPTION, version="0")
    return (
        SpeechDiarized.of(
            recording,
            tenant=TENANT,
            source=SOURCE,
            data=Diarized(
                turns=diarized,
                speakers=1,
                speech_seconds=1.0,
                overlap_seconds=0.0,
                processing_seconds=0.0,
                real_time_factor=0.0,
            ),
        ),
        SpeechTranscribed.of(
            recording,
            tenant=TENANT,
            source=SOURCE,
            data=Transcribed(
                transcription=transcribed,
                language="en",
                language_probability=1.0,
                words=len(WORDS),
                doubtful_segments=0,
                speech_seconds=1.0,
                transcribed_seconds=1.0,
                processing_seconds=0.0,
                real_time_factor=0.0,
            ),
        ),
    )


def _cpu(system: System) -> dict[str, float]:
    """CPU seconds so far of each service's own process."""
    spent = {}
    for name in SERVICES:
        times = psutil.Process(system.supervisor[name].pid).cpu_times()
        spent[name] = times.user + times.system
    return spent


def _id(number: int) -> UUID:
    return recording_id(TENANT, "bench", str(number))


def _sound(file: Path) -> Path:
    """A second of a tone."""
    samples = array("h", (int(8000 * math.sin(n / 10)) for n in range(16_000)))
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())
    return file


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.platform", description=__doc__)
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--idle-seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.recordings, arguments.idle_seconds))))


if __name__ == "__main__":
    main()
