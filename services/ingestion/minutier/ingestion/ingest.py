"""Taking a recording in: fetch, check, normalise, keep."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from minutier.ingestion.domain import Limits
from minutier.ingestion.ports import Normaliser, Store
from minutier.schemas.documents import Participant, RecordingDocument
from minutier.schemas.events import (
    Ingested,
    IngestedTrack,
    Location,
    ObjectRef,
    RecordingAnnounced,
    RejectionReason,
)
from minutier.shared.artefacts import artefact_version
from minutier.shared.worker import Report


@dataclass(frozen=True)
class Part:
    """One file of an announcement: the mix, or a participant's track."""

    location: Location
    source_key: str
    audio_key: str


@dataclass(frozen=True)
class Kept:
    """A part that was checked: as received, normalised, and its length in seconds."""

    source: ObjectRef
    audio: ObjectRef
    duration: float


async def ingest(
    event: RecordingAnnounced,
    *,
    store: Store,
    normaliser: Normaliser,
    limits: Limits,
    workspace: Path,
    report: Report,
) -> Ingested | RejectionReason:
    """What was taken in, or why nothing was; one bad part rejects the whole recording."""
    started = time.monotonic()
    announcement = event.data
    parts = _parts(event)
    kept: list[Kept] = []
    for part in parts:
        outcome = await _keep(part, store=store, normaliser=normaliser, limits=limits, workspace=workspace)
        if isinstance(outcome, RejectionReason):
            return outcome
        kept.append(outcome)
        report(len(kept) / len(parts))
    tracks = kept[-len(announcement.tracks) :] if announcement.tracks else []
    document = RecordingDocument(
        recording_id=event.subject,
        title=announcement.title,
        started_at=announcement.started_at,
        participants=tuple(
            Participant(id=_participant_id(number), name=track.participant)
            for number, track in enumerate(announcement.tracks)
        ),
    )
    version = artefact_version(*(part.source.sha256 for part in kept), document=document.model_dump_json())
    return Ingested(
        recording=await store.describe(document, tenant=event.tenant, version=version),
        source=announcement.source,
        announced_at=event.time,
        duration=_duration(event, kept, tracks),
        language=announcement.language,
        speakers=announcement.speakers,
        audio=kept[0].audio if announcement.mix else None,
        tracks=tuple(
            IngestedTrack(
                participant_id=_participant_id(number),
                audio=part.audio,
                offset=announcement.tracks[number].offset,
                duration=part.duration,
            )
            for number, part in enumerate(tracks)
        ),
        processing_seconds=time.monotonic() - started,
    )


async def _keep(
    part: Part, *, store: Store, normaliser: Normaliser, limits: Limits, workspace: Path
) -> Kept | RejectionReason:
    with TemporaryDirectory(dir=workspace) as folder:
        source, audio = Path(folder, "source"), Path(folder, "audio.flac")
        taken = await store.take(part.location, source, limit=limits.size)
        if isinstance(taken, RejectionReason):
            return taken
        duration = await normaliser.normalise(source, audio, limits)
        if isinstance(duration, RejectionReason):
            return duration
        return Kept(
            source=await store.keep(source, part.source_key, "application/octet-stream"),
            audio=await store.keep(audio, part.audio_key, "audio/flac"),
            duration=duration,
        )


def _parts(event: RecordingAnnounced) -> list[Part]:
    """Keys are made of identifiers alone: names from outside never form a path."""
    folder = f"{event.tenant}/{event.subject}"
    mix = [Part(event.data.mix, f"{folder}/source/mix", f"{folder}/audio.flac")] if event.data.mix else []
    return mix + [
        Part(
            track.location,
            f"{folder}/source/{_participant_id(number)}",
            f"{folder}/tracks/{_participant_id(number)}.flac",
        )
        for number, track in enumerate(event.data.tracks)
    ]


def _participant_id(number: int) -> str:
    return f"p{number + 1}"


def _duration(event: RecordingAnnounced, kept: Sequence[Kept], tracks: Sequence[Kept]) -> float:
    ends = [track.offset + part.duration for track, part in zip(event.data.tracks, tracks, strict=True)]
    return max([kept[0].duration, *ends] if event.data.mix else ends)
