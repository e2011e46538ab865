"""Transcription on the real servers: from a recording's event to what is said in it."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import nats
import numpy as np
from nats.aio.client import Client
from nats.js.api import DeliverPolicy
from numpy.typing import NDArray

from minutier.compose.embedded import System
from minutier.schemas.clock import now
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import TranscriptionDocument
from minutier.schemas.events import (
    Ingested,
    IngestedTrack,
    RecordingIngested,
    Reprocessing,
    ReprocessingRequested,
    SpeechTranscribed,
    Stage,
    Transcribed,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.objects import RECORDINGS, Objects
from minutier.shared.topology import EVENT_STREAM
from minutier.transcription import weights
from tests.support.audio import conversation, write_flac
from tests.support.systems import running

SECONDS = 60
TENANT = "acme"


async def test_a_recording_and_a_pair_of_tracks_are_transcribed(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    await asyncio.to_thread(write_bundled, copy)
    environment = {"MINUTIER_TRANSCRIPTION_MODELS": json.dumps({"other": str(copy)})}
    async with running(services=["transcription"], environment=environment) as system:
        client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
        try:
            # From its first word on.
            talk = (await asyncio.to_thread(conversation))[6 * SAMPLE_RATE :]
            hello = await upload(system, tmp_path, talk[: 5 * SAMPLE_RATE])
            mix, tracks, silent = uuid4(), uuid4(), uuid4()
            progress = await client.subscribe(f"progress.{mix}")

            written = await transcription(client, ingested(mix, hello))
            document = await load(system, written)
            text = " ".join(segment.text for segment in document.segments).lower()
            assert "hello" in text
            assert all(segment.track is None for segment in document.segments)
            assert written.words == sum(len(segment.words) for segment in document.segments)
            assert written.real_time_factor > 0
            assert document.model.name == "whisper-base"
            last = 0.0
            while last < 1.0:
                last = json.loads((await progress.next_msg(timeout=SECONDS)).data)["fraction"]

            # The same recording under another event: the same document.
            assert (await transcription(client, ingested(mix, hello))).transcription == written.transcription

            # By another model, which has the same weights: another document, and the default goes on.
            other = await transcription(client, requested(mix, hello, "other"))
            assert other.transcription.key != written.transcription.key
            assert (await load(system, other)).model.name == "copy"
            again = await transcription(client, requested(mix, hello, None))
            assert again.transcription.key == written.transcription.key

            quiet = await upload(system, tmp_path, np.zeros(5 * SAMPLE_RATE, np.int16))
            pair = [(hello, 2.0), (quiet, 0.0)]
            document = await load(system, await transcription(client, ingested(tracks, None, pair, "en")))
            assert {segment.track for segment in document.segments} == {"p1"}
            assert document.segments[0].start >= 2.0
            assert document.language_given

            written = await transcription(client, ingested(silent, quiet))
            assert (written.words, written.speech_seconds) == (0, 0)
        finally:
            await client.close()
        log = (system.directory.logs / "transcription.log").read_text()
        assert "hello" not in log.lower()


def write_bundled(folder: Path) -> None:
    """The weights that are there without any download, as a directory."""
    folder.mkdir()
    for name, content in (weights.find(weights.BUNDLED).files or {}).items():
        (folder / name).write_bytes(content)


def requested(id: UUID, audio: ObjectRef, model: str | None) -> ReprocessingRequested:
    data = Reprocessing(stage=Stage.TRANSCRIPTION, model=model, ingested=ingested(id, audio).data)
    return ReprocessingRequested.of(id, tenant=TENANT, source="minutier/test", data=data)


async def upload(system: System, folder: Path, samples: NDArray[np.int16]) -> ObjectRef:
    file = folder / f"{uuid4()}.flac"
    await asyncio.to_thread(write_flac, file, samples)
    return await Objects(system.objects).upload(RECORDINGS, f"{TENANT}/{file.name}", file, "audio/flac")


def ingested(
    id: UUID,
    audio: ObjectRef | None,
    tracks: Sequence[tuple[ObjectRef, float]] = (),
    language: str | None = None,
) -> RecordingIngested:
    data = Ingested(
        recording=ObjectRef(bucket="artefacts", key="none", sha256="0" * 64, size=0),
        source="test",
        announced_at=now(),
        duration=7.0,
        language=language,
        audio=audio,
        tracks=tuple(
            IngestedTrack(participant_id=f"p{number}", audio=track, offset=offset, duration=5.0)
            for number, (track, offset) in enumerate(tracks, start=1)
        ),
        processing_seconds=0.1,
    )
    return RecordingIngested.of(id, tenant=TENANT, source="minutier/test", data=data)


async def transcription(client: Client, event: RecordingIngested | ReprocessingRequested) -> Transcribed:
    js = client.jetstream()
    subject = f"{SpeechTranscribed.TYPE}.{event.subject}"
    subscription = await js.subscribe(
        subject, stream=EVENT_STREAM, ordered_consumer=True, deliver_policy=DeliverPolicy.NEW
    )
    await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    message = await subscription.next_msg(timeout=SECONDS)
    await subscription.unsubscribe()
    told = decode(message.data)
    assert isinstance(told, SpeechTranscribed)
    return told.data


async def load(system: System, written: Transcribed) -> TranscriptionDocument:
    return await Artefacts(Objects(system.objects)).load(TranscriptionDocument, written.transcription)
