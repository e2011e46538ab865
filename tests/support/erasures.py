"""Made-up meetings in which people talk, at times at once, as documents tell of them."""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from hypothesis import strategies as st

from minutier.retention.erasures.redact import Documents
from minutier.schemas.base import Model
from minutier.schemas.documents import (
    AttributedWord,
    Coverage,
    DiarizationDocument,
    Document,
    Participant,
    RecordingDocument,
    Speaker,
    SpeakerEvidence,
    SpeechSegment,
    TranscriptDocument,
    TranscriptionDocument,
    TranscriptSegment,
    Turn,
    Word,
)
from minutier.schemas.events import Ingested, IngestedTrack
from minutier.schemas.references import ObjectRef

RECORDING = UUID("0e47fe29-fa85-5531-b834-56977a39fcb8")
MODEL = Model(name="made-up", revision="1")
MINUTE = 60.0

Said = tuple[str, float, float, str]
"""Who, from when until when, and which words, apart by spaces."""

ANNA, BENOIT, CLAIRE = "speaker-1", "speaker-2", "speaker-3"
TALK: Sequence[Said] = (
    (ANNA, 0.0, 4.0, "Good morning everybody, shall we begin?"),
    (BENOIT, 3.0, 8.0, "Yes, the budget first, please."),
    (CLAIRE, 9.0, 12.0, "I agree with Benoît."),
    (BENOIT, 14.0, 20.0, "We decided to buy three boats."),
)


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def audio(name: str) -> ObjectRef:
    return ObjectRef(bucket="recordings", key=f"acme/{RECORDING}/{name}.flac", sha256=digest(name), size=9)


def words_of(said: Said) -> list[Word]:
    _, start, end, text = said
    parts = text.split()
    each = (end - start) / len(parts)
    return [
        Word(start=start + n * each, end=start + (n + 1) * each, text=f" {part}", probability=0.9)
        for n, part in enumerate(parts)
    ]


def speaker(name: str, label: str | None = None, participant: str | None = None) -> Speaker:
    evidence = SpeakerEvidence.VOICE
    if label is not None:
        evidence = SpeakerEvidence.ACTIVITY if participant else SpeakerEvidence.CORRECTION
    return Speaker(
        id=name,
        label=label or name.replace("speaker-", "Speaker "),
        evidence=evidence,
        participant=participant,
        speech_seconds=1.0,
    )


def transcript(
    talk: Sequence[Said], speakers: Sequence[Speaker] = (), *, title: str | None = None
) -> TranscriptDocument:
    found = speakers or [speaker(name) for name in dict.fromkeys(name for name, *_ in talk)]
    return TranscriptDocument(
        recording_id=RECORDING,
        title=title,
        language="en",
        duration=MINUTE,
        speakers=tuple(found),
        segments=tuple(
            TranscriptSegment(
                id=f"s{number}",
                start=said[1],
                end=said[2],
                speaker=said[0],
                text=said[3],
                words=tuple(AttributedWord(**word.model_dump(), speaker=said[0]) for word in words_of(said)),
            )
            for number, said in enumerate(talk, start=1)
        ),
        coverage=coverage(talk),
    )


def coverage(talk: Sequence[Said]) -> Coverage:
    seconds = sum(end - start for _, start, end, _ in talk)
    return Coverage(speech_seconds=seconds, transcribed_seconds=seconds, gaps=())


def documents(
    talk: Sequence[Said] = TALK,
    speakers: Sequence[Speaker] = (),
    *,
    recordings: Sequence[RecordingDocument] = (),
    by_track: bool = False,
    read: TranscriptDocument | None = None,
    title: str | None = None,
) -> Documents:
    """With ``by_track`` each speaker is a participant, such as ``p1``, or one behind a track, as ``p1-2``."""
    turns = tuple(
        Turn(start=start, end=end, speaker=who, track=track_of(who) if by_track else None)
        for who, start, end, _ in talk
    )
    tracks = sorted({track_of(who) for who, *_ in talk}) if by_track else []
    made = transcript(talk, speakers, title=title)
    return Documents(
        transcript=made,
        transcript_digest=digest_of(made),
        read=read,
        recordings=tuple(recordings) or (meeting(),),
        turns=DiarizationDocument(recording_id=RECORDING, turns=turns, exclusive=turns, model=MODEL),
        transcription=TranscriptionDocument(
            recording_id=RECORDING,
            language="en",
            language_probability=1,
            language_given=True,
            segments=tuple(
                SpeechSegment(
                    start=said[1],
                    end=said[2],
                    text=said[3],
                    words=tuple(words_of(said)),
                    track=track_of(said[0]) if by_track else None,
                )
                for said in talk
            ),
            coverage=coverage(talk),
            model=MODEL,
        ),
        ingested=Ingested.model_validate(
            {
                "recording": audio("recording"),
                "source": "livekit",
                "announced_at": "2026-01-12T10:00:00Z",
                "duration": MINUTE,
                "processing_seconds": 1,
                "audio": audio("mix"),
                "tracks": [
                    IngestedTrack(participant_id=track, audio=audio(track), offset=2.0, duration=30.0)
                    for track in tracks
                ],
            }
        ),
    )


def track_of(who: str) -> str:
    return who.split("-")[0]


def digest_of(document: Document) -> str:
    return digest(document.model_dump_json(exclude_none=True))


def meeting(*names: str, title: str | None = None) -> RecordingDocument:
    return RecordingDocument(
        recording_id=RECORDING,
        title=title,
        participants=tuple(Participant(id=f"p{n}", name=name) for n, name in enumerate(names, start=1)),
    )


@st.composite
def talks(draw: st.DrawFn) -> list[Said]:
    """What up to four people say in a minute, often at once."""
    said = []
    for _ in range(draw(st.integers(1, 12))):
        start = draw(st.integers(0, 550)) / 10
        length = draw(st.integers(1, 50)) / 10
        text = " ".join(draw(st.lists(st.sampled_from(["yes", "no", "boats"]), min_size=1, max_size=5)))
        who = f"speaker-{draw(st.integers(1, 4))}"
        said.append((who, start, start + length, text))
    return sorted(said, key=lambda each: each[1])
