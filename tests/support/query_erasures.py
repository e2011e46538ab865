"""Transcripts without one person, as retention has them written, and what tells of it."""

from collections.abc import Collection

from minutier.schemas.base import Span
from minutier.schemas.documents import ErasureDocument, TranscriptDocument


def plan_of(machine: TranscriptDocument, speakers: Collection[str]) -> ErasureDocument:
    """What of ``machine`` is of these ``speakers``."""
    said = [segment for segment in machine.segments if segment.speaker in speakers]
    talk = sorted((word.start, word.end) for segment in said for word in segment.words)
    spans: list[Span] = []
    for start, end in talk:
        if end <= start:
            continue
        if spans and start <= spans[-1].end:
            spans[-1] = Span(start=spans[-1].start, end=max(end, spans[-1].end))
        else:
            spans.append(Span(start=start, end=end))
    return ErasureDocument(
        recording_id=machine.recording_id,
        speakers=tuple(sorted(speakers)),
        segments=tuple(segment.id for segment in said),
        spans=tuple(spans),
    )


def without(machine: TranscriptDocument, speakers: Collection[str]) -> TranscriptDocument:
    """``machine`` as it is instead."""
    return machine.model_copy(
        update={
            "speakers": tuple(each for each in machine.speakers if each.id not in speakers),
            "segments": tuple(each for each in machine.segments if each.speaker not in speakers),
        }
    )
