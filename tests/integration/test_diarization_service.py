"""Diarization on the real servers: from a recording's event to who speaks when in it."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import nats
import pytest
from nats.aio.client import Client

from minutier.compose.embedded import System
from minutier.schemas.clock import now
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import DiarizationDocument
from minutier.schemas.events import Diarized, Ingested, IngestedTrack, RecordingIngested, SpeechDiarized
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import RECORDINGS, Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support.systems import running

CLIP = Path(__file__).parent.parent / "data" / "ami-trn06.flac"
SECONDS = 120
TENANT = "acme"


async def test_a_mix_and_tracks_are_told_apart_and_a_lost_child_costs_one_attempt() -> None:
    async with running(
        services=["diarization"], environment={"MINUTIER_DELIVERY_RETRY_SECONDS": "0.1"}
    ) as system:
        audio = await Objects(system.objects).upload(RECORDINGS, f"{TENANT}/clip.flac", CLIP, "audio/flac")
        client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
        try:
            first = await diarized(client, uuid4(), audio)
            document = await Artefacts(Objects(system.objects)).load(DiarizationDocument, first.turns)
            assert first.speakers == len({turn.speaker for turn in document.turns}) == 2
            assert 0 < first.overlap_seconds < first.speech_seconds <= 30.1
            assert first.real_time_factor > 0

            # The same sound on two tracks, of which one begins later.
            tracks = tuple(
                IngestedTrack(participant_id=participant, audio=audio, offset=offset, duration=30.0)
                for participant, offset in (("p1", 0.0), ("p2", 4.5))
            )
            by_track = await diarized(client, uuid4(), audio, tracks=tracks)
            document = await Artefacts(Objects(system.objects)).load(DiarizationDocument, by_track.turns)
            early, late = (
                [turn for turn in document.turns if turn.track == participant] for participant in ("p1", "p2")
            )
            assert {turn.speaker for turn in early} == {"p1-1", "p1-2"}
            assert [turn.speaker.replace("p2", "p1") for turn in late] == [turn.speaker for turn in early]
            assert [turn.start - 4.5 for turn in late] == pytest.approx([turn.start for turn in early])
            assert by_track.speakers == 2 * first.speakers

            recording = uuid4()
            progress = await client.subscribe(f"progress.{recording}")
            waiting = asyncio.create_task(diarized(client, recording, audio, speakers=3))
            await progress.next_msg(timeout=SECONDS)
            kill_children(system)
            assert (await waiting).turns.key != first.turns.key
        finally:
            await client.close()
        assert system.supervisor["diarization"].restarts == 0


def kill_children(system: System) -> None:
    """As the kernel does where there is no memory left."""
    import psutil

    for child in psutil.Process(system.supervisor["diarization"].pid).children(recursive=True):
        if "spawn_main" in " ".join(child.cmdline()):
            child.kill()


async def diarized(
    client: Client,
    recording: UUID,
    audio: ObjectRef,
    *,
    speakers: int | None = None,
    tracks: tuple[IngestedTrack, ...] = (),
) -> Diarized:
    """What diarization tells of a recording that was just taken in."""
    data = Ingested(
        recording=audio,
        source="test",
        announced_at=now(),
        duration=30.0,
        speakers=speakers,
        audio=audio,
        tracks=tracks,
        processing_seconds=0.1,
    )
    event = RecordingIngested.of(recording, tenant=TENANT, source="minutier/ingestion", data=data)
    js = client.jetstream()
    told = await js.subscribe(f"{SpeechDiarized.TYPE}.{recording}", stream=EVENT_STREAM)
    await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    answer = decode((await told.next_msg(timeout=SECONDS)).data)
    await told.unsubscribe()
    assert isinstance(answer, SpeechDiarized)
    return answer.data
