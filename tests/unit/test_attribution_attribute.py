import hashlib
from typing import Any
from uuid import UUID

import pytest

from minutier.attribution.attribute import Parts, attribute
from minutier.schemas.base import Model
from minutier.schemas.clock import now
from minutier.schemas.documents import (
    Coverage,
    DiarizationDocument,
    Document,
    Doubt,
    Participant,
    RecordingDocument,
    SpeechSegment,
    TranscriptDocument,
    TranscriptionDocument,
    Turn,
    Word,
)
from minutier.schemas.events import Diarized, Ingested, IngestedTrack, Stage, Transcribed
from minutier.schemas.references import ObjectRef

RECORDING = UUID("00000000-0000-4000-8000-000000000001")
MODEL = Model(name="test", revision="1")


class Store:
    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef:
        key = f"{tenant}/{document.recording_id}/{stage}/{version}.json"
        self.documents[key] = document
        body = document.model_dump_json().encode()
        return ObjectRef(bucket="artefacts", key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body))

    async def load(self, kind: type[Any], ref: ObjectRef) -> Any:
        document = self.documents[ref.key]
        assert isinstance(document, kind)
        return document


def segment(
    text: str, start: float, *, track: str | None = None, doubts: tuple[Doubt, ...] = ()
) -> SpeechSegment:
    words = tuple(
        Word(start=start + i * 0.3, end=start + i * 0.3 + 0.3, text=f" {word}", probability=0.9)
        for i, word in enumerate(text.split())
    )
    return SpeechSegment(start=start, end=words[-1].end, text=text, words=words, track=track, doubts=doubts)


async def parts_of(
    store: Store,
    segments: tuple[SpeechSegment, ...],
    *,
    turns: tuple[Turn, ...] | None = None,
    participants: tuple[str, ...] = (),
) -> Parts:
    async def keep(document: Document, stage: Stage) -> ObjectRef:
        return await store.store(document, tenant="t", stage=stage, version="v")

    people = tuple(Participant(id=f"p{n}", name=name) for n, name in enumerate(participants, start=1))
    recording = await keep(
        RecordingDocument(recording_id=RECORDING, title="Budget", participants=people), Stage.INGESTION
    )
    transcription = await keep(
        TranscriptionDocument(
            recording_id=RECORDING,
            language="en",
            language_probability=1,
            language_given=True,
            segments=segments,
            coverage=Coverage(speech_seconds=3, transcribed_seconds=3, gaps=()),
            model=MODEL,
        ),
        Stage.TRANSCRIPTION,
    )
    diarized = None
    if turns is not None:
        document = DiarizationDocument(recording_id=RECORDING, turns=turns, exclusive=turns, model=MODEL)
        diarized = Diarized(
            turns=await keep(document, Stage.DIARIZATION),
            speakers=2,
            speech_seconds=3,
            overlap_seconds=0,
            processing_seconds=0,
            real_time_factor=0,
        )
    return Parts(
        recording_id=RECORDING,
        tenant="t",
        ingested=Ingested(
            source="livekit",
            announced_at=now(),
            recording=recording,
            duration=10,
            audio=None if people else recording,
            tracks=tuple(
                IngestedTrack(participant_id=person.id, audio=recording, offset=0, duration=10)
                for person in people
            ),
            processing_seconds=0,
        ),
        diarized=diarized,
        transcribed=Transcribed(
            transcription=transcription,
            language="en",
            language_probability=1,
            words=0,
            doubtful_segments=0,
            speech_seconds=3,
            transcribed_seconds=3,
            processing_seconds=0,
            real_time_factor=0,
        ),
    )


async def transcript_of(store: Store, parts: Parts) -> TranscriptDocument:
    data = await attribute(parts, artefacts=store)
    document = store.documents[data.transcript.key]
    assert isinstance(document, TranscriptDocument)
    return document


async def test_voices_are_numbered_in_the_order_of_their_first_word() -> None:
    store = Store()
    segments = (segment("Hello? Hello?", 0), segment("Who is there?", 2, doubts=(Doubt.FALLBACK,)))
    turns = (Turn(start=0, end=0.8, speaker="speaker-2"), Turn(start=1.9, end=3, speaker="speaker-1"))
    transcript = await transcript_of(store, await parts_of(store, segments, turns=turns))
    assert [(s.id, s.label) for s in transcript.speakers] == [
        ("speaker-2", "Speaker 1"),
        ("speaker-1", "Speaker 2"),
    ]
    assert [(s.id, s.speaker, s.text) for s in transcript.segments] == [
        ("s1", "speaker-2", "Hello? Hello?"),
        ("s2", "speaker-1", "Who is there?"),
    ]
    assert transcript.segments[1].doubts == (Doubt.FALLBACK,)
    assert transcript.title == "Budget"


async def test_a_word_nobody_speaks_is_unknown_and_no_speaker() -> None:
    store = Store()
    parts = await parts_of(store, (segment("Who knows?", 5),), turns=())
    data = await attribute(parts, artefacts=store)
    assert (data.words, data.unknown_words, data.speakers) == (2, 2, 0)


async def test_a_track_is_a_name() -> None:
    store = Store()
    segments = (
        segment("We should go now I think. It is late.", 0, track="p1"),
        segment("Mhm.", 0.6, track="p2"),
    )
    parts = await parts_of(store, segments, participants=("Anna", "Anna", "Bo"))
    assert parts.complete
    transcript = await transcript_of(store, parts)
    assert [(s.label, s.evidence) for s in transcript.speakers] == [("Anna", "track"), ("Anna (2)", "track")]
    assert [s.text for s in transcript.segments] == ["We should go now I think. It is late.", "Mhm."]


async def test_the_same_parts_give_the_same_transcript() -> None:
    store = Store()
    parts = await parts_of(store, (segment("Hello there.", 0),), turns=())
    first = await attribute(parts, artefacts=store)
    assert (await attribute(parts, artefacts=store)).transcript == first.transcript


async def test_it_waits_for_every_part() -> None:
    store = Store()
    parts = await parts_of(store, (segment("Hello there.", 0),))
    assert not parts.complete
    with pytest.raises(ValueError, match="all parts"):
        await attribute(parts, artefacts=store)


async def test_silence_gives_an_empty_transcript() -> None:
    store = Store()
    transcript = await transcript_of(store, await parts_of(store, (), turns=()))
    assert transcript.segments == ()
    assert transcript.speakers == ()
