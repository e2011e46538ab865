import hashlib
from typing import Any
from uuid import UUID

import pytest

from minutier.attribution.attribute import Parts, attribute
from minutier.schemas.base import Model
from minutier.schemas.clock import now
from minutier.schemas.documents import (
    Activity,
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
from minutier.schemas.events import Ingested, IngestedTrack, Stage
from minutier.schemas.references import ObjectRef
from tests.support import query_events as told

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
    noticed: tuple[str, ...] = (),
    activity: tuple[Activity, ...] = (),
) -> Parts:
    """Parts of a recording with a track for each of ``participants``, or with a mix that has ``noticed``."""

    async def keep(document: Document, stage: Stage) -> ObjectRef:
        return await store.store(document, tenant="t", stage=stage, version="v")

    people = tuple(Participant(id=f"p{n}", name=name) for n, name in enumerate(participants, start=1))
    known = people or tuple(Participant(id=f"p{n}", name=name) for n, name in enumerate(noticed, start=1))
    recording = await keep(
        RecordingDocument(recording_id=RECORDING, title="Budget", participants=known, activity=activity),
        Stage.INGESTION,
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
        diarized = told.diarized(await keep(document, Stage.DIARIZATION)).data
    return Parts(
        recording_id=RECORDING,
        tenant="t",
        wanted_since=told.START,
        ingested=Ingested(
            source="livekit",
            announced_at=now(),
            recording=recording,
            duration=60,
            audio=None if people else recording,
            tracks=tuple(
                IngestedTrack(participant_id=person.id, audio=recording, offset=0, duration=10)
                for person in people
            ),
            processing_seconds=0,
        ),
        diarized=diarized,
        transcribed=told.transcribed(transcription).data,
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


async def test_a_track_is_a_name_however_little_was_heard_on_it() -> None:
    store = Store()
    segments = (
        segment("We should go now I think. It is late.", 0, track="p1"),
        segment("Mhm.", 0.6, track="p2"),
    )
    turns = (
        Turn(start=0, end=2, speaker="p1-1", track="p1"),
        Turn(start=2, end=4, speaker="p1-2", track="p1"),
    )
    parts = await parts_of(store, segments, turns=turns, participants=("Anna", "Anna", "Bo"))
    transcript = await transcript_of(store, parts)
    assert [(s.id, s.label, s.evidence, s.confidence, s.participant) for s in transcript.speakers] == [
        ("p1", "Anna", "track", 1.0, "p1"),
        ("p2", "Anna (2)", "track", 1.0, "p2"),
    ]
    assert [s.speech_seconds for s in transcript.speakers] == [4.0, 0.3]
    assert [s.text for s in transcript.segments] == ["We should go now I think. It is late.", "Mhm."]


async def test_several_people_behind_one_track_stay_apart() -> None:
    store = Store()
    segments = (
        segment("I am in the room.", 0, track="p1"),
        segment("So am I, my friend.", 20, track="p1"),
        segment("Nobody heard this.", 30.8, track="p1"),
        segment("I am at home.", 31, track="p2"),
    )
    turns = (
        Turn(start=0, end=12, speaker="p1-1", track="p1"),
        Turn(start=12, end=14, speaker="p1-3", track="p1"),
        Turn(start=20, end=30, speaker="p1-2", track="p1"),
        Turn(start=31, end=33, speaker="p2-1", track="p2"),
    )
    parts = await parts_of(store, segments, turns=turns, participants=("Room 4", "Bo"))
    transcript = await transcript_of(store, parts)
    assert [(s.id, s.label, s.participant) for s in transcript.speakers] == [
        ("p1-1", "Room 4 · voice 1", "p1"),
        ("p1-2", "Room 4 · voice 2", "p1"),
        ("p2", "Bo", "p2"),
    ]
    assert [(s.speaker, s.text) for s in transcript.segments] == [
        ("p1-1", "I am in the room."),
        ("p1-2", "So am I, my friend."),
        ("p1-1", "Nobody heard this."),
        ("p2", "I am at home."),
    ]


async def test_a_voice_that_a_server_noticed_has_a_name() -> None:
    store = Store()
    turns = tuple(Turn(start=start, end=start + 5, speaker="speaker-1") for start in (0, 9, 15, 26, 33, 41))
    activity = tuple(Activity(participant="p2", start=each.start, end=each.end + 1) for each in turns)
    parts = await parts_of(
        store, (segment("Hello there.", 1),), turns=turns, noticed=("Anna", "Bo"), activity=activity
    )
    transcript = await transcript_of(store, parts)
    (speaker,) = transcript.speakers
    assert (speaker.id, speaker.label, speaker.evidence, speaker.participant) == (
        "speaker-1",
        "Bo",
        "activity",
        "p2",
    )
    assert speaker.confidence is not None
    assert 0.5 <= speaker.confidence < 1
    assert transcript.clock_offset is not None
    unnoticed = await parts_of(store, (segment("Hello there.", 1),), turns=turns, noticed=("Anna", "Bo"))
    assert (await transcript_of(store, unnoticed)).clock_offset is None


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
