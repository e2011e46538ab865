"""The use case, with a recogniser that says what it is told."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from minutier.schemas.base import Model
from minutier.schemas.clock import now
from minutier.schemas.documents import Document, TranscriptionDocument
from minutier.schemas.events import Ingested, IngestedTrack, RecordingIngested, Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.worker import Report, WorkerDied, ignore
from minutier.transcription.domain import Passage, Word
from minutier.transcription.ports import D, Heard, Recognised
from minutier.transcription.transcribe import transcribe

TENANT = "acme"


def ref(name: str) -> ObjectRef:
    return ObjectRef(bucket="recordings", key=name, sha256=name.encode().hex().ljust(64, "0")[:64], size=1)


def ingested(*tracks: IngestedTrack, language: str | None = None) -> RecordingIngested:
    return RecordingIngested.of(
        uuid4(),
        tenant=TENANT,
        source="minutier/ingestion",
        data=Ingested(
            recording=ref("recording"),
            source="test",
            announced_at=now(),
            duration=20.0,
            language=language,
            audio=None if tracks else ref("mix"),
            tracks=tracks,
            processing_seconds=0.1,
        ),
    )


def track(participant: str, *, offset: float = 0.0) -> IngestedTrack:
    return IngestedTrack(participant_id=participant, audio=ref(participant), offset=offset, duration=10.0)


def heard(text: str, *, start: float) -> Heard:
    words = tuple(
        Word(start + 0.4 * index, start + 0.4 * (index + 1), f" {word}", 0.9)
        for index, word in enumerate(text.split())
    )
    passage = Passage(words, log_probability=-0.2, no_speech=0.1, compression=1.0)
    return Heard(((start, words[-1].end),), (passage,), duration=10.0)


class Memory:
    """An object store; ``fetch`` writes the object's key, so that files can be told apart."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[Document, ObjectRef]] = {}

    async def fetch(self, ref: ObjectRef, into: Path) -> None:
        await asyncio.to_thread(into.write_text, ref.key)

    async def find(
        self, kind: type[D], *, tenant: str, recording_id: UUID, stage: Stage, version: str
    ) -> tuple[D, ObjectRef] | None:
        found = self.documents.get(f"{tenant}/{recording_id}/{stage}/{version}")
        if found is None:
            return None
        assert isinstance(found[0], kind)
        return found[0], found[1]

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef:
        key = f"{tenant}/{document.recording_id}/{stage}/{version}"
        self.documents[key] = (document, ref(version))
        return ref(version)


class Parrot:
    """Says for each file what ``says`` holds under its content; dies as often as it is told to."""

    def __init__(self, says: dict[str, Heard], *, revision: str = "1", deaths: int = 0) -> None:
        self.says = says
        self.revision = revision
        self.deaths = deaths
        self.heard: list[list[str]] = []

    async def model(self) -> Model:
        return Model(name="parrot", revision=self.revision)

    async def recognise(
        self, tracks: Sequence[Path], language: str | None, *, seconds: float, report: Report
    ) -> Recognised:
        self.heard.append([await asyncio.to_thread(file.read_text) for file in tracks])
        if self.deaths:
            self.deaths -= 1
            raise WorkerDied
        report(1.0)
        return Recognised(
            language or "fr", 0.9, language is not None, tuple(self.says[name] for name in self.heard[-1])
        )


async def run(
    event: RecordingIngested, parrot: Parrot, memory: Memory, workspace: Path
) -> TranscriptionDocument:
    data = await transcribe(
        event.subject,
        event.data,
        tenant=event.tenant,
        audio=memory,
        artefacts=memory,
        recogniser=parrot,
        workspace=workspace,
        report=ignore,
    )
    assert await asyncio.to_thread(os.listdir, workspace) == []
    (document,) = (doc for doc, stored in memory.documents.values() if stored == data.transcription)
    assert isinstance(document, TranscriptionDocument)
    assert data.words == sum(len(segment.words) for segment in document.segments)
    return document


async def test_a_mix_has_no_track(tmp_path: Path) -> None:
    document = await run(ingested(), Parrot({"mix": heard("We ship it.", start=1.0)}), Memory(), tmp_path)
    (segment,) = document.segments
    assert (segment.text, segment.track, segment.start) == ("We ship it.", None, 1.0)
    assert (document.language, document.language_given) == ("fr", False)
    assert document.coverage.transcribed_seconds == pytest.approx(document.coverage.speech_seconds)


async def test_tracks_are_shifted_named_and_merged_by_start(tmp_path: Path) -> None:
    says = {"p1": heard("First here. Third here.", start=1.0), "p2": heard("Second here.", start=0.0)}
    event = ingested(track("p1"), track("p2", offset=1.5), language="en")
    document = await run(event, Parrot(says), Memory(), tmp_path)
    assert [(s.text, s.track, s.start) for s in document.segments] == [
        ("First here.", "p1", 1.0),
        ("Second here.", "p2", 1.5),
        ("Third here.", "p1", 1.8),
    ]
    assert document.segments[1].words[0].start == 1.5
    assert document.language_given
    assert document.coverage.speech_seconds == pytest.approx(1.6 + 0.8)


async def test_speech_without_words_is_a_gap_in_the_recordings_time(tmp_path: Path) -> None:
    silent = Heard(((2.0, 6.0),), (), duration=10.0)
    document = await run(ingested(track("p1", offset=3.0)), Parrot({"p1": silent}), Memory(), tmp_path)
    (gap,) = document.coverage.gaps
    assert (gap.start, gap.end) == (5.0, 9.0)
    assert document.segments == ()


async def test_the_same_work_is_done_once_and_another_models_again(tmp_path: Path) -> None:
    memory, event = Memory(), ingested()
    parrot = Parrot({"mix": heard("We ship it.", start=1.0)})
    first = await run(event, parrot, memory, tmp_path)
    assert await run(event, parrot, memory, tmp_path) == first
    assert len(parrot.heard) == 1
    parrot.revision = "2"
    await run(event, parrot, memory, tmp_path)
    assert len(parrot.heard) == 2


async def test_a_worker_that_dies_leaves_nothing_behind_and_may_be_asked_again(tmp_path: Path) -> None:
    memory, event = Memory(), ingested()
    parrot = Parrot({"mix": heard("We ship it.", start=1.0)}, deaths=1)
    with pytest.raises(WorkerDied):
        await run(event, parrot, memory, tmp_path)
    assert memory.documents == {}
    assert await asyncio.to_thread(os.listdir, tmp_path) == []
    assert (await run(event, parrot, memory, tmp_path)).segments
