"""Taking a recording in: fetch, check, normalise, keep."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from minutier.ingestion.domain import Limits, identity
from minutier.ingestion.ports import Normaliser, Register, Store
from minutier.schemas.documents import Participant, RecordingDocument
from minutier.schemas.events import Ingested, IngestedTrack, RecordingAnnounced
from minutier.schemas.references import Link, Location, ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared.artefacts import artefact_version
from minutier.shared.errors import Permanent
from minutier.shared.worker import Report


@dataclass(frozen=True)
class Part:
    """One file of an announcement: the mix, or a participant's track, which starts at ``offset``."""

    location: Location | Link
    source_key: str
    audio_key: str
    offset: float = 0.0


@dataclass(frozen=True)
class Kept:
    """A part that was checked: as received, normalised, its place in the meeting and length in seconds."""

    source: ObjectRef
    audio: ObjectRef
    offset: float
    duration: float


async def ingest(
    event: RecordingAnnounced,
    *,
    register: Register,
    store: Store,
    normaliser: Normaliser,
    limits: Limits,
    workspace: Path,
    report: Report,
) -> Ingested | RejectionReason | None:
    """What was taken in, or why nothing was, or ``None`` where it was taken in before.

    One bad part rejects the whole recording. Raises `Permanent` where the announcement is made in the
    name of another recording, and what the ports raise.
    """
    if event.subject != identity(event):
        raise Permanent("wrong_recording_id")
    if await register.holds(event.subject):
        return None
    started = time.monotonic()
    parts = _parts(event)
    kept: list[Kept] = []
    for part in parts:
        outcome = await _keep(
            part,
            store=store,
            normaliser=normaliser,
            limits=limits,
            workspace=workspace,
            report=_share(report, done=len(kept), of=len(parts)),
        )
        if isinstance(outcome, RejectionReason):
            return outcome
        kept.append(outcome)
        report(len(kept) / len(parts))
    document = _document(event)
    version = artefact_version(*(part.source.sha256 for part in kept), document=document.model_dump_json())
    return Ingested(
        recording=await store.describe(document, tenant=event.tenant, version=version),
        source=event.data.source,
        announced_at=event.time,
        duration=max(part.offset + part.duration for part in kept),
        language=event.data.language,
        speakers=event.data.speakers,
        audio=kept[0].audio if event.data.mix else None,
        tracks=_tracks(kept[1:] if event.data.mix else kept),
        processing_seconds=time.monotonic() - started,
    )


async def _keep(
    part: Part, *, store: Store, normaliser: Normaliser, limits: Limits, workspace: Path, report: Report
) -> Kept | RejectionReason:
    with TemporaryDirectory(dir=workspace) as folder:
        source, audio = Path(folder, "source"), Path(folder, "audio.flac")
        taken = await store.take(part.location, source, limit=limits.size)
        if isinstance(taken, RejectionReason):
            return taken
        duration = await normaliser.normalise(source, audio, limits, report=report)
        if isinstance(duration, RejectionReason):
            return duration
        if part.offset + duration > limits.seconds:
            return RejectionReason.TOO_LONG
        return Kept(
            source=await store.keep(source, part.source_key, "application/octet-stream"),
            audio=await store.keep(audio, part.audio_key, "audio/flac"),
            offset=part.offset,
            duration=duration,
        )


def _share(report: Report, *, done: int, of: int) -> Report:
    return lambda fraction: report((done + fraction) / of)


def _parts(event: RecordingAnnounced) -> list[Part]:
    """Keys are made of identifiers alone: names from outside never form a path."""
    folder = f"{event.tenant}/{event.subject}"
    mix = [Part(event.data.mix, f"{folder}/source/mix", f"{folder}/audio.flac")] if event.data.mix else []
    return mix + [
        Part(
            track.location,
            f"{folder}/source/{_participant_id(number)}",
            f"{folder}/tracks/{_participant_id(number)}.flac",
            track.offset,
        )
        for number, track in enumerate(event.data.tracks)
    ]


def _document(event: RecordingAnnounced) -> RecordingDocument:
    return RecordingDocument(
        recording_id=event.subject,
        title=event.data.title,
        started_at=event.data.started_at,
        participants=tuple(
            Participant(id=_participant_id(number), name=track.participant)
            for number, track in enumerate(event.data.tracks)
        ),
    )


def _tracks(kept: Sequence[Kept]) -> tuple[IngestedTrack, ...]:
    return tuple(
        IngestedTrack(
            participant_id=_participant_id(number),
            audio=part.audio,
            offset=part.offset,
            duration=part.duration,
        )
        for number, part in enumerate(kept)
    )


def _participant_id(number: int) -> str:
    return f"p{number + 1}"
