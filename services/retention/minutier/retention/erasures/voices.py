"""Who speaks in a recording: the voices of its transcript, as people have named and merged them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    SpeakerEvidence,
    TranscriptDocument,
)

_SAID_BY_HAND = (SpeakerEvidence.CORRECTION, SpeakerEvidence.TEXT)
_BY_VOICE = re.compile(r" · voice \d+$| \(\d+\)$")


@dataclass(frozen=True)
class Voice:
    """One who speaks, under the ``id`` and ``label`` that people read.

    ``speakers`` are the voices of the machine's transcript that they are.
    """

    id: str
    label: str
    speakers: tuple[str, ...]
    segments: int
    words: int
    seconds: float


def voices(machine: TranscriptDocument, read: TranscriptDocument | None) -> Sequence[Voice]:
    """By the order of their first words.

    ``read`` is the machine's transcript as people have edited it, whose segments keep their ids; what it says
    of others is not believed.
    """
    read_as = dict(_pairs(machine, read)) if read is not None else {}
    labels = {each.id: each.label for each in machine.speakers}
    labels |= {each.id: each.label for each in read.speakers} if read is not None else {}
    of: dict[str, list[str]] = {}
    for segment in machine.segments:
        known = of.setdefault(read_as.get(segment.speaker, segment.speaker), [])
        if segment.speaker not in known:
            known.append(segment.speaker)
    return [
        _voice(name, labels.get(name, UNKNOWN_SPEAKER), speakers, machine) for name, speakers in of.items()
    ]


def names(
    speakers: Collection[str],
    participants: Collection[str],
    machine: TranscriptDocument,
    read: TranscriptDocument | None,
) -> frozenset[str]:
    """What these voices are called, where that is a name, as `plain` has it.

    What a room is called in which others sit as well is none of theirs: it is not among ``participants``.
    """
    ids = set(speakers)
    if read is not None:
        ids |= {to for speaker, to in _pairs(machine, read) if speaker in speakers}
    told = [*machine.speakers, *(read.speakers if read is not None else ())]
    return frozenset(
        plain(each.label)
        for each in told
        if each.id in ids and (each.evidence in _SAID_BY_HAND or each.participant in participants)
    )


def plain(name: str) -> str:
    """A name as it is compared: without the number of one of several voices."""
    return _BY_VOICE.sub("", name).strip().casefold()


def _pairs(machine: TranscriptDocument, read: TranscriptDocument) -> Sequence[tuple[str, str]]:
    """Which speaker of the machine's is read as which."""
    places = {segment.id: segment for segment in machine.segments}
    return [
        (place.speaker, segment.speaker)
        for segment in read.segments
        if (place := places.get(segment.id)) is not None and place.start == segment.start
    ]


def _voice(id: str, label: str, speakers: Sequence[str], machine: TranscriptDocument) -> Voice:
    said = [segment for segment in machine.segments if segment.speaker in speakers]
    talked = {each.id: each.speech_seconds for each in machine.speakers}
    seconds = sum(
        talked.get(speaker)
        or sum(segment.end - segment.start for segment in said if segment.speaker == speaker)
        for speaker in speakers
    )
    return Voice(
        id=id,
        label=label,
        speakers=tuple(speakers),
        segments=len(said),
        words=sum(len(segment.words) for segment in said),
        seconds=round(seconds, 3),
    )
