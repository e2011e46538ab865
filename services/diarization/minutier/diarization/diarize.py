"""The use case: tells who speaks when in a recording."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from minutier.diarization.domain import Diarization, Turn, in_order_of_appearance, talk
from minutier.diarization.ports import Artefacts, Audio, Diarizer
from minutier.schemas import documents
from minutier.schemas.base import Model
from minutier.schemas.documents import DiarizationDocument
from minutier.schemas.events import Diarized, Ingested, Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import artefact_version
from minutier.shared.worker import Report

# Part of every document's key, as the model's parameters are: raise it where the code gives other turns.
RULES = 2


@dataclass(frozen=True)
class Source:
    """One participant's track, or the mix, which has no ``participant``; it starts ``offset`` seconds late.

    ``speakers`` is how many are on it, if known.
    """

    audio: ObjectRef
    duration: float
    offset: float = 0.0
    participant: str | None = None
    speakers: int | None = None


async def diarize(
    recording_id: UUID,
    data: Ingested,
    *,
    tenant: str,
    diarizer: Diarizer,
    audio: Audio,
    artefacts: Artefacts,
    workspace: Path,
    report: Report,
) -> Diarized:
    """The turns of a recording's tracks, or of its mix where it has none, stored.

    Raises `Permanent` where audio is missing, and what ``diarizer`` raises.
    """
    started = time.monotonic()
    sources = _sources(data)
    version = _version(sources, diarizer.model)
    found = await artefacts.find(
        DiarizationDocument,
        tenant=tenant,
        recording_id=recording_id,
        stage=Stage.DIARIZATION,
        version=version,
    )
    if found is not None:
        document, ref = found
    else:
        told_apart = await _listen(sources, diarizer, audio, workspace, report)
        document = document_of(recording_id, sources, told_apart, diarizer.model)
        ref = await artefacts.store(document, tenant=tenant, stage=Stage.DIARIZATION, version=version)
    spoken = talk(document.turns)
    seconds = time.monotonic() - started
    return Diarized(
        turns=ref,
        speakers=len({turn.speaker for turn in document.turns}),
        speech_seconds=spoken.speech_seconds,
        overlap_seconds=spoken.overlap_seconds,
        processing_seconds=seconds,
        real_time_factor=seconds / data.duration if data.duration else 0.0,
    )


def document_of(
    recording_id: UUID, sources: Sequence[Source], told_apart: Sequence[Diarization], model: Model
) -> DiarizationDocument:
    """The turns of all sources, at the recording's time and by voices that no two sources share.

    The mix has ``speaker-1``, ``speaker-2`` and so on as they appear, the track of ``p4`` ``p4-1``, ``p4-2``.
    """
    turns: list[documents.Turn] = []
    exclusive: list[documents.Turn] = []
    voices: dict[str, int] = defaultdict(int)
    for source, found in zip(sources, told_apart, strict=True):
        prefix = source.participant or "speaker"
        names = in_order_of_appearance(found.turns, prefix, after=voices[prefix])
        voices[prefix] += len(names)
        turns += _placed(found.turns, source, names)
        exclusive += _placed(found.exclusive, source, names)
    return DiarizationDocument(
        recording_id=recording_id, turns=_by_start(turns), exclusive=_by_start(exclusive), model=model
    )


async def _listen(
    sources: Sequence[Source], diarizer: Diarizer, audio: Audio, workspace: Path, report: Report
) -> list[Diarization]:
    """One source after the other, so that memory and disk hold one at a time."""
    whole = sum(source.duration for source in sources) or 1.0
    heard = 0.0
    told_apart = []
    for source in sources:
        with TemporaryDirectory(dir=workspace) as folder:
            file = Path(folder, "audio.flac")
            await audio.fetch(source.audio, file)
            share = _share(report, begin=heard / whole, length=source.duration / whole)
            told_apart.append(await diarizer.diarize(file, speakers=source.speakers, report=share))
        heard += source.duration
    return told_apart


def _share(report: Report, *, begin: float, length: float) -> Report:
    return lambda fraction: report(min(1.0, begin + length * fraction))


def _sources(data: Ingested) -> list[Source]:
    """A number of speakers that was announced is the meeting's, and says nothing of one track."""
    if data.by_track:
        return [
            Source(track.audio, track.duration, track.offset, track.participant_id) for track in data.tracks
        ]
    return [Source(data.audio, data.duration, speakers=data.speakers)] if data.audio else []


def _version(sources: Sequence[Source], model: Model) -> str:
    return artefact_version(
        *(source.audio.sha256 for source in sources),
        sources=[(source.participant, source.offset, source.speakers) for source in sources],
        model=model.model_dump(mode="json"),
        rules=RULES,
    )


def _placed(turns: Sequence[Turn], source: Source, names: dict[str, str]) -> list[documents.Turn]:
    """Turns cut to their source, and shifted to where it lies in the recording."""
    return [
        documents.Turn(
            start=round(source.offset + max(0.0, turn.start), 3),
            end=round(source.offset + min(source.duration, turn.end), 3),
            speaker=names[turn.speaker],
            track=source.participant,
        )
        for turn in turns
        if max(0.0, turn.start) < min(source.duration, turn.end)
    ]


def _by_start(turns: Sequence[documents.Turn]) -> tuple[documents.Turn, ...]:
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))
