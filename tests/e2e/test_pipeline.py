"""From a recording to its minutes: everything real, held against the sample's published references."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import nats
import numpy as np
import psutil
import pytest
from pyannote.database.util import load_rttm
from pyannote.metrics.diarization import DiarizationErrorRate

from minutier.compose.embedded import System
from minutier.compose.people import PARTICIPANT, TENANT
from minutier.diarization.domain import Turn
from minutier.schemas.codec import encode
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import AnnouncedTrack, Announcement, RecordingAnnounced, recording_id
from minutier.schemas.references import Location
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.objects import ARTEFACTS, UPLOADS, Objects, client
from minutier.shared.topology import EVENT_STREAM
from tests.support.audio import conversation, write_wav
from tests.support.diarization import annotation, error_rate
from tests.support.otlp import collecting
from tests.support.scoring import concatenated_word_error_rate, sample, stm_text, word_error_rate
from tests.support.sources import TENANT as ACME
from tests.support.sources import asking, completed

DATA = Path(__file__).parent.parent / "data"
SERVICES = {
    "ingestion",
    "diarization",
    "transcription",
    "attribution",
    "summarisation",
    "retention",
    "query",
}
STAGES = ["ingestion", "diarization", "transcription", "attribution", "summarisation"]
SECONDS = 240


async def minutier(*arguments: str | Path, environment: dict[str, str] | None = None) -> tuple[int, str, str]:
    """A call of the command: its status, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "minutier.compose", *map(str, arguments)),
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **(environment or {})},
    )
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_demonstration_gives_who_said_what_and_the_minutes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    # PostgreSQL runs as another user, who has to pass through.
    for folder in (tmp_path, *tmp_path.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o711)
    with collecting() as collector:
        status, out, err = await minutier(
            "demo", "--json", "--data-dir", data, environment=collector.environment
        )
        assert status == 0, err
        result = json.loads(out)
        spans = collector.trace(result["recording_id"])
        assert not any(b"Diane" in body or b"Chicago" in body for body in collector.received)

    turns = result["turns"]
    spoken = [Turn(turn["start"], turn["end"], turn["speaker"]) for turn in turns]
    assert result["duration_seconds"] == pytest.approx(30.0, abs=0.1)
    assert result["language"] == "en"
    assert len({turn.speaker for turn in spoken}) == 2
    text = " ".join(turn["text"] for turn in turns)
    assert word_error_rate(stm_text(sample("stm")), text) <= 0.20
    assert concatenated_word_error_rate(sample("stm"), turns) <= 0.25

    items = [
        item
        for kind in ("summary", "topics", "decisions", "actions", "questions")
        for item in result["minutes"].get(kind, [])
    ]
    assert items
    assert result["minutes"]["engine"] == "extractive"
    assert all(set(item["cites"]) <= set(result["minutes"]["segments"]) for item in items)
    assert sorted(result["timings"]["stages"]) == sorted(STAGES)
    assert result["timings"]["total"] > max(result["timings"]["stages"].values())

    assert {span.service.removeprefix("minutier-") for span in spans} == SERVICES
    assert len({span.trace for span in spans}) == 1
    ids = {span.id for span in spans}
    # All but those that take the announcement up have their parent in the same trace.
    assert {span.name for span in spans if span.parent not in ids} <= {
        "ingestion minutier.recording.announced.v1",
        "query minutier.recording.announced.v1",
    }

    left = [
        process for process in psutil.process_iter(["cmdline"]) if str(data) in str(process.info["cmdline"])
    ]
    assert not left
    assert str(data) in err


async def test_the_turns_are_those_of_the_reference(system: System, tmp_path: Path) -> None:
    found = await followed(system, sample("wav"), "--title", "Two women", "--language", "en")
    status, rttm, _ = await minutier(
        "transcript", found["id"], "--format", "rttm", "--data-dir", system.directory.path
    )
    assert status == 0
    assert len(rttm.splitlines()) > 5
    diarization = await diarized(system, found["id"])
    reference = load_rttm(str(sample("rttm")))["sample"]  # type: ignore[no-untyped-call]
    turns = [Turn(turn["start"], turn["end"], turn["speaker"]) for turn in diarization["turns"]]
    assert error_rate(reference, annotation(turns), 30.0, DiarizationErrorRate()) <= 0.10


async def test_every_format_and_the_minutes_are_printed(system: System) -> None:
    found = await followed(system, sample("wav"), "--title", "Two women", "--language", "en")
    directory = system.directory.path
    for shape, mark in (
        ("text", "Speaker 1:"),
        ("json", '"segments"'),
        ("vtt", "WEBVTT"),
        ("srt", "00:00:0"),
        ("rttm", "SPEAKER "),
    ):
        status, out, _ = await minutier("transcript", found["id"], "--format", shape, "--data-dir", directory)
        assert status == 0
        assert mark in out
    status, out, _ = await minutier("minutes", found["id"], "--data-dir", directory)
    assert status == 0
    assert "Summary" in out
    status, out, _ = await minutier("list", "--json", "--data-dir", directory)
    assert found["id"] in {item["id"] for item in json.loads(out)["recordings"]}
    status, out, _ = await minutier("status", "--json", "--data-dir", directory)
    assert {
        name for name, process in json.loads(out)["processes"].items() if process["phase"] == "ready"
    } > SERVICES


async def test_who_was_there_names_a_voice_and_all_is_written_anew(system: System) -> None:
    found = await followed(system, sample("wav"), "--title", "Two women", "--language", "en")
    name = ("name", found["id"], "--data-dir", system.directory.path)
    assert (await minutier(*name, "Speaker 1", "Diane Mercer"))[0] == 0
    named = await transcript_with(system, found["id"], "Diane Mercer: ")
    assert "Speaker 2: " in named
    assert "Speaker 1: " not in named
    async with asyncio.timeout(SECONDS):
        while True:
            if len(await artefacts(system, f"default/{found['id']}/summarisation/")) == 2:
                break
            await asyncio.sleep(0.2)
    assert (await completed(system, found["id"], TENANT))["total_seconds"] == found["total_seconds"]
    assert (await minutier(*name, "diane mercer", "--clear"))[0] == 0
    assert "Diane Mercer: " not in await transcript_with(system, found["id"], "Speaker 1: ")


async def test_one_track_per_participant_gives_each_their_name(system: System, tmp_path: Path) -> None:
    """The sample, cut by its reference into the two voices' tracks; one starts a second late."""
    samples = conversation()
    speakers = {"speaker90": "Diane", "speaker91": "Sheila"}
    late = 1.0
    reference = load_rttm(str(sample("rttm")))["sample"]  # type: ignore[no-untyped-call]
    announced = []
    for number, (label, name) in enumerate(speakers.items()):
        own = np.zeros_like(samples)
        for turn in reference.label_timeline(label):
            span = slice(int(turn.start * SAMPLE_RATE), int(turn.end * SAMPLE_RATE))
            own[span] = samples[span]
        offset = number * late
        file = tmp_path / f"{number}.wav"
        write_wav(file, own[int(offset * SAMPLE_RATE) :])
        location = Location(bucket=UPLOADS, key=f"tracks/{number}")
        await Objects(system.objects).upload(location.bucket, location.key, file, "audio/wav")
        announced.append(AnnouncedTrack(participant=name, location=location, offset=offset))
    recording = await announce(
        system,
        Announcement(
            source="test",
            external_id="tracks",
            tracks=tuple(announced),
            language="en",
            people=(Person(part=Part.OWNER, email=PARTICIPANT.email),),
        ),
    )
    assert (await completed(system, recording, ACME))["stages"]["diarization"]["state"] == "done"
    status, out, _ = await minutier(
        *("transcript", recording, "--json", "--tenant", ACME, "--data-dir", system.directory.path)
    )
    assert status == 0
    transcript = json.loads(out)
    assert {speaker["label"] for speaker in transcript["speakers"]} == set(speakers.values())
    assert {speaker["evidence"] for speaker in transcript["speakers"]} == {"track"}
    assert concatenated_word_error_rate(sample("stm"), transcript["segments"]) <= 0.25
    first = {segment["speaker"]: segment["start"] for segment in reversed(transcript["segments"])}
    assert first["p2"] == pytest.approx(7.63, abs=0.6)


async def test_what_browsers_and_phones_record_goes_through(system: System) -> None:
    files = sorted(DATA.glob("visio-*"))
    assert len(files) == 4
    status, out, err = await minutier(
        "ingest", *files, "--watch", "--json", "--data-dir", system.directory.path
    )
    assert status == 0, err
    assert {result["state"] for result in json.loads(out)["recordings"]} == {"completed"}


async def test_silence_and_a_moment_of_sound_end_with_empty_minutes(system: System, tmp_path: Path) -> None:
    files = [tmp_path / "silence.wav", tmp_path / "moment.wav"]
    write_wav(files[0], np.zeros(5 * SAMPLE_RATE, np.int16))
    write_wav(files[1], (np.sin(np.arange(SAMPLE_RATE // 5) / 10) * 3000).astype(np.int16))
    for file in files:
        found = await followed(system, file)
        status, out, _ = await minutier(
            "transcript", found["id"], "--json", "--data-dir", system.directory.path
        )
        assert status == 0
        assert json.loads(out)["segments"] == []
        status, out, _ = await minutier("minutes", found["id"], "--data-dir", system.directory.path)
        assert status == 0


async def followed(system: System, file: Path, *options: str) -> dict[str, Any]:
    status, out, err = await minutier(
        "ingest", file, *options, "--watch", "--json", "--data-dir", system.directory.path
    )
    assert status == 0, err
    (result,) = json.loads(out)["recordings"]
    assert result["state"] == "completed"
    return await completed(system, result["recording_id"], TENANT)


async def transcript_with(system: System, id: str, text: str) -> str:
    """The transcript as it is printed, once ``text`` is in it."""
    async with asking(system, TENANT) as http, asyncio.timeout(SECONDS):
        while True:
            shown = (await http.get(f"/api/v1/recordings/{id}/transcript", params={"format": "text"})).text
            if text in shown:
                return shown
            await asyncio.sleep(0.2)


async def announce(system: System, announcement: Announcement) -> str:
    recording = recording_id(ACME, announcement.source, announcement.external_id)
    event = RecordingAnnounced.of(recording, tenant=ACME, source="minutier/test", data=announcement)
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    finally:
        await connection.close()
    return str(recording)


async def diarized(system: System, id: str) -> dict[str, Any]:
    """The document that diarization has stored for a recording."""
    (key,) = await artefacts(system, f"default/{id}/diarization/")

    def load() -> dict[str, Any]:
        response = client(system.objects).get_object(ARTEFACTS, key)
        try:
            document: dict[str, Any] = json.loads(response.read())
        finally:
            response.close()
            response.release_conn()
        return document

    return await asyncio.to_thread(load)


async def artefacts(system: System, prefix: str) -> list[str]:
    """The keys of the documents that begin so."""

    def keys() -> list[str]:
        listed = client(system.objects).list_objects(ARTEFACTS, prefix=prefix, recursive=True)
        return [str(found.object_name) for found in listed]

    return await asyncio.to_thread(keys)
