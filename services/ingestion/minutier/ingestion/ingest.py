"""Taking a recording in: what the meeting server tells of it, then fetch, check, normalise, keep."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from minutier.ingestion.accounts.take import account_of
from minutier.ingestion.document import describe, marks, participant_id
from minutier.ingestion.domain import Limits, Patience, identity
from minutier.ingestion.ports import Accounts, Media, Normaliser, NotThereYet, Register, Store
from minutier.ingestion.spans import Span, shifted
from minutier.schemas.clock import now
from minutier.schemas.events import Ingested, IngestedTrack, MetadataKind, RecordingAnnounced
from minutier.schemas.references import Link, Location, ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared.artefacts import artefact_version
from minutier.shared.errors import Permanent
from minutier.shared.worker import Report

# Without them nobody knows what was not to be recorded.
_BEAR_MARKS = {MetadataKind.BIGBLUEBUTTON}


@dataclass(frozen=True)
class Part:
    """One file of an announcement: the mix, or a participant's track, which starts at ``offset``."""

    location: Location | Link
    source_key: str
    audio_key: str
    offset: float = 0.0


@dataclass(frozen=True)
class Kept:
    """A part that was checked: what it was, normalised, its place in the meeting and length in seconds."""

    sha256: str
    audio: ObjectRef
    offset: float
    duration: float


async def ingest(
    event: RecordingAnnounced,
    *,
    register: Register,
    media: Media,
    accounts: Accounts,
    store: Store,
    normaliser: Normaliser,
    limits: Limits,
    patience: Patience,
    workspace: Path,
    report: Report,
    owner: str | None = None,
) -> Ingested | RejectionReason | None:
    """What was taken in, or why nothing was, or ``None`` where it was taken in before.

    ``owner`` is the e-mail of the one whose it is as long as nobody says otherwise.

    One bad part rejects the whole recording. Raises `NotThereYet` where something is missing and
    ``patience`` has not come to its end, `Permanent` where the announcement is made in the name of another
    recording or its recording marks cannot be placed, and what the ports raise.
    """
    if event.subject != identity(event):
        raise Permanent("wrong_recording_id")
    if await register.holds(event.subject):
        return None
    started = time.monotonic()
    waited = (now() - event.time).total_seconds()
    account = await account_of(
        event,
        needed=event.data.metadata is not None and event.data.metadata.kind in _BEAR_MARKS,
        media=media,
        accounts=accounts,
        patience=patience,
        workspace=workspace,
    )
    if isinstance(account, RejectionReason):
        return account
    recorded = marks(event, account)
    parts = _parts(event)
    kept: list[Kept] = []
    for part in parts:
        outcome = await _keep(
            part,
            tenant=event.tenant,
            recorded=recorded,
            media=media,
            store=store,
            normaliser=normaliser,
            limits=limits,
            workspace=workspace,
            report=_share(report, done=len(kept), of=len(parts)),
        )
        if outcome is RejectionReason.NOT_FOUND and waited < patience.media:
            raise NotThereYet
        if isinstance(outcome, RejectionReason):
            return outcome
        kept.append(outcome)
        report(len(kept) / len(parts))
    duration = max(part.offset + part.duration for part in kept)
    document = describe(event, account, duration=duration, owner=owner)
    version = artefact_version(*(part.sha256 for part in kept), document=document.model_dump_json())
    return Ingested(
        recording=await store.describe(document, tenant=event.tenant, version=version),
        source=event.data.source,
        announced_at=event.time,
        duration=duration,
        language=event.data.language,
        speakers=event.data.speakers,
        audio=kept[0].audio if event.data.mix else None,
        tracks=_tracks(kept[1:] if event.data.mix else kept),
        processing_seconds=time.monotonic() - started,
    )


async def _keep(
    part: Part,
    *,
    tenant: str,
    recorded: Sequence[Span] | None,
    media: Media,
    store: Store,
    normaliser: Normaliser,
    limits: Limits,
    workspace: Path,
    report: Report,
) -> Kept | RejectionReason:
    """What came is kept too, unless it holds what was not to be recorded: then only what was."""
    with TemporaryDirectory(dir=workspace) as folder:
        source, audio = Path(folder, "source"), Path(folder, "audio.flac")
        taken = await media.take(part.location, source, tenant=tenant, limit=limits.size)
        if isinstance(taken, RejectionReason):
            return taken
        heard = None if recorded is None else shifted(recorded, -part.offset)
        duration = await normaliser.normalise(source, audio, limits, recorded=heard, report=report)
        if isinstance(duration, RejectionReason):
            return duration
        if part.offset + duration > limits.seconds:
            return RejectionReason.TOO_LONG
        if recorded is None:
            await store.keep(source, part.source_key, "application/octet-stream")
        return Kept(
            sha256=taken.sha256,
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
            f"{folder}/source/{participant_id(number)}",
            f"{folder}/tracks/{participant_id(number)}.flac",
            track.offset,
        )
        for number, track in enumerate(event.data.tracks)
    ]


def _tracks(kept: Sequence[Kept]) -> tuple[IngestedTrack, ...]:
    return tuple(
        IngestedTrack(
            participant_id=participant_id(number),
            audio=part.audio,
            offset=part.offset,
            duration=part.duration,
        )
        for number, part in enumerate(kept)
    )
