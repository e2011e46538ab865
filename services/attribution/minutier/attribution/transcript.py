"""Who said what: the words of a recording with their speakers, in passages to cite."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from minutier.attribution.domain import speakers_of
from minutier.attribution.sentences import passages
from minutier.attribution.speakers import Identity, introduced
from minutier.attribution.tracks import rooms
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    Activity,
    AttributedWord,
    DiarizationDocument,
    Doubt,
    RecordingDocument,
    SpeakerEvidence,
    SpeechSegment,
    TranscriptDocument,
    TranscriptionDocument,
    TranscriptSegment,
    Turn,
    Word,
)


@dataclass(frozen=True)
class _Heard:
    """A word, its speaker, and what is doubtful about the passage it was recognised in."""

    word: Word
    speaker: str
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class _Known:
    """Who the voices are, and what was added to the server's clock to find out."""

    identities: Mapping[str, Identity]
    clock_offset: float | None = None


def transcript_of(
    recording: RecordingDocument,
    transcription: TranscriptionDocument,
    diarization: DiarizationDocument,
    duration: float,
) -> TranscriptDocument:
    """Words of the mix go to the voices whose turns they are in, and words of a track stay on it."""
    shared = rooms(diarization.exclusive)
    cut = [
        run[passage.start : passage.stop]
        for run in _runs(transcription.segments, diarization, shared)
        for passage in passages([heard.word for heard in run])
    ]
    # Each track is a story of its own; together they are told in the order of their beginnings.
    cut.sort(key=lambda passage: passage[0].word.start)
    segments = tuple(_segment(number, passage) for number, passage in enumerate(cut, start=1))
    known = _by_activity(recording.activity, diarization.exclusive, duration)
    identities = {**known.identities, **_by_track(transcription.segments, shared)}
    seconds = _seconds(segments, diarization.turns, shared)
    return TranscriptDocument(
        recording_id=transcription.recording_id,
        title=recording.title,
        language=transcription.language,
        duration=duration,
        speakers=introduced(seconds, identities, recording.participants),
        segments=segments,
        coverage=transcription.coverage,
        clock_offset=known.clock_offset,
    )


def _runs(
    segments: Sequence[SpeechSegment], diarization: DiarizationDocument, shared: Mapping[str, Sequence[str]]
) -> list[list[_Heard]]:
    """Consecutive words of one speaker each: those of the mix, then those of each track."""
    by_track: dict[str | None, list[SpeechSegment]] = {None: []}
    for segment in segments:
        by_track.setdefault(segment.track, []).append(segment)
    runs = []
    for track, own in by_track.items():
        voices = shared.get(track) if track else None
        if track and not voices:
            runs.append([_Heard(word, track, segment.doubts) for segment in own for word in segment.words])
            continue
        spoken = [(word, segment.doubts) for segment in own for word in segment.words]
        turns = [_of(turns, track, voices) for turns in (diarization.turns, diarization.exclusive)]
        speakers = speakers_of([word for word, _ in spoken], *turns)
        # What is said on a track is never nobody's.
        otherwise = voices[0] if voices else UNKNOWN_SPEAKER
        heard = [
            _Heard(word, speaker or otherwise, doubts)
            for (word, doubts), speaker in zip(spoken, speakers, strict=True)
        ]
        runs += [list(run) for _, run in groupby(heard, key=lambda item: item.speaker)]
    return runs


def _of(turns: Iterable[Turn], track: str | None, voices: Sequence[str] | None) -> list[Turn]:
    return [turn for turn in turns if turn.track == track and (voices is None or turn.speaker in voices)]


def _by_track(segments: Sequence[SpeechSegment], shared: Mapping[str, Sequence[str]]) -> dict[str, Identity]:
    tracks = {segment.track for segment in segments if segment.track is not None}
    return {
        speaker: Identity(track, SpeakerEvidence.TRACK, 1.0)
        for track in tracks
        for speaker in shared.get(track, (track,))
    }


def _by_activity(activity: Sequence[Activity], turns: Sequence[Turn], duration: float) -> _Known:
    heard: dict[str, list[Turn]] = {}
    for turn in turns:
        if turn.track is None:
            heard.setdefault(turn.speaker, []).append(turn)
    noticed: dict[str, list[Activity]] = {}
    for each in activity:
        noticed.setdefault(each.participant, []).append(each)
    if not heard or not noticed:
        return _Known({})
    # Imported where it is used, since that takes a second.
    from minutier.attribution.naming import name_voices

    naming = name_voices(heard, noticed, duration)
    return _Known(
        {
            voice: Identity(name.participant, SpeakerEvidence.ACTIVITY, name.confidence)
            for voice, name in naming.names.items()
        },
        naming.shift if naming.names else None,
    )


def _segment(number: int, passage: Sequence[_Heard]) -> TranscriptSegment:
    doubts = {doubt for heard in passage for doubt in heard.doubts}
    return TranscriptSegment(
        id=f"s{number}",
        start=min(heard.word.start for heard in passage),
        end=max(heard.word.end for heard in passage),
        speaker=passage[0].speaker,
        text="".join(heard.word.text for heard in passage).strip(),
        words=tuple(
            AttributedWord(
                start=heard.word.start,
                end=heard.word.end,
                text=heard.word.text,
                probability=heard.word.probability,
                speaker=heard.speaker,
            )
            for heard in passage
        ),
        doubts=tuple(doubt for doubt in Doubt if doubt in doubts),
    )


def _seconds(
    segments: Sequence[TranscriptSegment], turns: Sequence[Turn], shared: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """How long each speaker who has words talked, in the order of their first.

    By their turns; of a track that nobody listened to, by their passages.
    """
    said: dict[str, float] = {}
    for segment in segments:
        if segment.speaker != UNKNOWN_SPEAKER:
            said[segment.speaker] = said.get(segment.speaker, 0.0) + segment.end - segment.start
    talked: dict[str, float] = {}
    for turn in turns:
        speaker = turn.speaker if turn.track is None or turn.track in shared else turn.track
        talked[speaker] = talked.get(speaker, 0.0) + turn.end - turn.start
    return {speaker: talked.get(speaker, seconds) for speaker, seconds in said.items()}
