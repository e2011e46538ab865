"""A recording's documents without one person; what others said stays as it is, to the last bit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minutier.retention.erasures import spans
from minutier.retention.erasures.spans import Stretch
from minutier.retention.erasures.voices import names, plain
from minutier.schemas.base import Span
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    Coverage,
    DiarizationDocument,
    ErasureDocument,
    Participant,
    RecordingDocument,
    Silence,
    SpeechSegment,
    TranscriptDocument,
    TranscriptionDocument,
    TranscriptSegment,
    Turn,
)
from minutier.schemas.events import Ingested
from minutier.schemas.records import ErasedPerson, Overlap

# Breath and the first and last sounds lie about a turn; where others talk nothing is added.
_MARGIN_SECONDS = 0.15


@dataclass(frozen=True)
class Documents:
    """What there is of a recording.

    ``transcript`` is the machine's or was handed in, ``read`` as people have edited it; ``recordings`` are
    the recording documents, that of ingestion first.
    """

    transcript: TranscriptDocument
    transcript_digest: str
    read: TranscriptDocument | None = None
    recordings: tuple[RecordingDocument, ...] = ()
    turns: DiarizationDocument | None = None
    transcription: TranscriptionDocument | None = None
    ingested: Ingested | None = None


@dataclass(frozen=True)
class Redaction:
    """What there is to be instead, and what was one person's."""

    plan: ErasureDocument
    transcript: TranscriptDocument
    recording: RecordingDocument | None
    turns: DiarizationDocument | None
    transcription: TranscriptionDocument | None
    person: ErasedPerson


@dataclass(frozen=True)
class _Talk:
    """When the one who is erased talks, and when anybody else does."""

    own: Sequence[Stretch]
    others: Sequence[Stretch]

    def silent(self, overlap: Overlap) -> list[Stretch]:
        around = spans.minus(spans.widened(self.own, _MARGIN_SECONDS), self.others)
        return around if overlap is Overlap.KEEP else spans.union([*self.own, *around])


def redact(documents: Documents, speakers: Collection[str], overlap: Overlap) -> Redaction:
    """Everything but what is of these ``speakers`` of the transcript, whom it need not have."""
    transcript = documents.transcript
    erased = frozenset(speakers)
    said = [segment for segment in transcript.segments if segment.speaker in erased]
    participants = _participants(transcript, erased)
    called = names(erased, participants, transcript, documents.read)
    called |= {
        plain(each.name)
        for document in documents.recordings[:1]
        for each in document.participants
        if each.id in participants
    }
    talk = _talk(documents, erased, track=None)
    silences = tuple(_silences(documents, erased, talk, overlap))
    own = _spans(talk.own)
    turns, without = documents.turns, documents.turns and _without_turns(documents.turns, erased, transcript)
    return Redaction(
        plan=ErasureDocument(
            recording_id=transcript.recording_id,
            speakers=tuple(sorted(erased)),
            participants=tuple(sorted(participants)),
            segments=tuple(segment.id for segment in said),
            spans=own,
            silences=silences,
        ),
        transcript=transcript.model_copy(
            update={
                "title": _title(transcript.title, called),
                "speakers": tuple(each for each in transcript.speakers if each.id not in erased),
                "segments": tuple(
                    segment for segment in transcript.segments if segment.speaker not in erased
                ),
                "coverage": _coverage(transcript.coverage, talk.own),
            }
        ),
        recording=_recording(documents.recordings, participants, called),
        turns=without,
        transcription=documents.transcription and _without_words(documents.transcription, said, talk.own),
        person=ErasedPerson(
            transcript=documents.transcript_digest,
            speakers=tuple(sorted(erased)),
            overlap=overlap,
            segments=len(said),
            words=sum(len(segment.words) for segment in said),
            turns=len(turns.turns) - len(without.turns) if turns and without else 0,
            silenced_milliseconds=round(
                1000 * sum(span.end - span.start for each in silences for span in each.spans)
            ),
        ),
    )


def _participants(transcript: TranscriptDocument, erased: Collection[str]) -> frozenset[str]:
    """Those of whom nobody else is a voice, as somebody in the same room would be."""
    theirs = {each.participant for each in transcript.speakers if each.id in erased}
    left = {each.participant for each in transcript.speakers if each.id not in erased}
    return frozenset(each for each in theirs - left if each is not None)


def _owner(turn: Turn, known: Collection[str]) -> str | None:
    """Whose of the ``known`` speakers the turn is: a track that is one person's has one speaker, whatever
    voices were told apart.
    """
    return next((each for each in (turn.speaker, turn.track) if each in known), None)


def _track_of(speaker: str, tracks: Collection[str]) -> str | None:
    return next((track for track in tracks if speaker == track or speaker.startswith(f"{track}-")), None)


def _talk(documents: Documents, erased: Collection[str], *, track: str | None) -> _Talk:
    """On one participant's track, or in all."""
    transcript = documents.transcript
    turns = documents.turns.turns if documents.turns else ()
    known = {each.id for each in transcript.speakers}
    own: list[Stretch] = []
    others: list[Stretch] = []
    for turn in turns:
        if track is not None and turn.track != track:
            continue
        if (owner := _owner(turn, known)) is not None:
            (own if owner in erased else others).append((turn.start, turn.end))
    for segment in transcript.segments:
        if track is not None and _track_of(segment.speaker, (track,)) is None:
            continue
        if segment.speaker in erased:
            own += [(word.start, word.end) for word in segment.words] or [(segment.start, segment.end)]
        elif segment.speaker != UNKNOWN_SPEAKER:
            others += [(word.start, word.end) for word in segment.words]
    return _Talk(spans.union(own), spans.union(others))


def _silences(
    documents: Documents, erased: Collection[str], talk: _Talk, overlap: Overlap
) -> Sequence[Silence]:
    """One for each audio, whether or not anything of it is silenced: each is written anew."""
    ingested = documents.ingested
    if ingested is None:
        return []
    silences = []
    if ingested.audio is not None:
        silent = spans.moved(talk.silent(overlap), 0.0, length=ingested.duration)
        silences.append(Silence(audio=ingested.audio, spans=_spans(silent)))
    everybody = {each.id for each in documents.transcript.speakers}
    for track in ingested.tracks:
        theirs = {each for each in everybody if _track_of(each, (track.participant_id,))}
        if theirs and theirs <= set(erased):
            # All that is heard there is theirs, what nobody has made words of as well.
            silent = [(0.0, track.duration)]
        elif theirs & set(erased):
            heard = _talk(documents, erased, track=track.participant_id).silent(overlap)
            silent = spans.moved(heard, -track.offset, length=track.duration)
        else:
            silent = []
        silences.append(Silence(audio=track.audio, spans=_spans(silent)))
    return silences


def _without_turns(
    turns: DiarizationDocument, erased: Collection[str], transcript: TranscriptDocument
) -> DiarizationDocument:
    known = {each.id for each in transcript.speakers}

    def left(some: Sequence[Turn]) -> tuple[Turn, ...]:
        return tuple(turn for turn in some if _owner(turn, known) not in erased)

    return turns.model_copy(update={"turns": left(turns.turns), "exclusive": left(turns.exclusive)})


def _without_words(
    transcription: TranscriptionDocument, said: Sequence[TranscriptSegment], own: Sequence[Stretch]
) -> TranscriptionDocument:
    tracks = {segment.track for segment in transcription.segments if segment.track is not None}
    erased = {
        (_track_of(segment.speaker, tracks), word.start, word.end, word.text)
        for segment in said
        for word in segment.words
    }
    left = [
        without
        for segment in transcription.segments
        if (without := _segment_without(segment, erased)) is not None
    ]
    return transcription.model_copy(
        update={"segments": tuple(left), "coverage": _coverage(transcription.coverage, own)}
    )


def _segment_without(
    segment: SpeechSegment, erased: Collection[tuple[str | None, float, float, str]]
) -> SpeechSegment | None:
    """`None` where nothing of it is left."""
    words = tuple(
        word for word in segment.words if (segment.track, word.start, word.end, word.text) not in erased
    )
    if len(words) == len(segment.words):
        return segment
    if not words:
        return None
    return segment.model_copy(
        update={
            "words": words,
            "text": "".join(word.text for word in words).strip(),
            "start": words[0].start,
            "end": max(word.end for word in words),
        }
    )


def _recording(
    recordings: Sequence[RecordingDocument], participants: Collection[str], called: Collection[str]
) -> RecordingDocument | None:
    """One document in place of several; what the first tells of counts before what is told later."""
    if not recordings:
        return None
    first, later = recordings[0], recordings[1:]
    people = {person: None for each in recordings for person in each.people}
    kept = [
        each for each in first.participants if each.id not in participants and plain(each.name) not in called
    ]
    gone = {each.id for each in first.participants} - {each.id for each in kept}
    known = {each.name for each in kept}
    number = max([int(each.id[1:]) for each in first.participants], default=0)
    for document in later:
        for each in document.participants:
            if each.name not in known and plain(each.name) not in called:
                number += 1
                kept.append(Participant(id=f"p{number}", name=each.name))
        known |= {each.name for each in document.participants}
    return first.model_copy(
        update={
            "title": _title(next((each.title for each in recordings if each.title), None), called),
            "started_at": next((each.started_at for each in recordings if each.started_at), None),
            "people": tuple(people),
            "participants": tuple(kept),
            "activity": tuple(each for each in first.activity if each.participant not in gone),
        }
    )


def _title(title: str | None, called: Collection[str]) -> str | None:
    """A title that names who is erased is none any more."""
    if title is None or any(name and name in title.casefold() for name in called):
        return None
    return title


def _coverage(coverage: Coverage, own: Sequence[Stretch]) -> Coverage:
    """Of what is left: all that the one who is erased said had words, but for the gaps."""
    gaps = spans.union((gap.start, gap.end) for gap in coverage.gaps)
    left = spans.minus(gaps, own)
    erased_gaps = spans.seconds(gaps) - spans.seconds(left)
    transcribed = max(0.0, coverage.transcribed_seconds - (spans.seconds(own) - erased_gaps))
    return coverage.model_copy(
        update={
            "gaps": _spans(left),
            "transcribed_seconds": transcribed,
            "speech_seconds": max(transcribed, coverage.speech_seconds - spans.seconds(own)),
        }
    )


def _spans(stretches: Sequence[Stretch]) -> tuple[Span, ...]:
    return tuple(Span(start=round(start, 3), end=round(end, 3)) for start, end in stretches)
