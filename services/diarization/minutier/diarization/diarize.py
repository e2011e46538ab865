"""The use case: tells who speaks when in a recording."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from minutier.diarization.domain import Diarization, Turn, in_order_of_appearance, talk
from minutier.diarization.ports import Artefacts, Audio, Diarizer
from minutier.schemas import documents
from minutier.schemas.base import Model
from minutier.schemas.documents import DiarizationDocument
from minutier.schemas.events import Diarized, RecordingIngested, Stage
from minutier.shared.artefacts import artefact_version
from minutier.shared.worker import Report

# Part of every document's key: raise it where the rules change what they give.
RULES = 1


async def diarize(
    event: RecordingIngested,
    *,
    diarizer: Diarizer,
    audio: Audio,
    artefacts: Artefacts,
    workspace: Path,
    report: Report,
) -> Diarized | None:
    """The turns of a recording's mix, stored; ``None`` where each voice has a track of its own.

    Raises `Permanent` where the audio is missing, and what ``diarizer`` raises.
    """
    mix = event.data.audio
    if event.data.by_track or mix is None:
        return None
    started = time.monotonic()
    version = artefact_version(
        mix.sha256, model=diarizer.model.model_dump(mode="json"), speakers=event.data.speakers, rules=RULES
    )
    found = await artefacts.find(
        DiarizationDocument,
        tenant=event.tenant,
        recording_id=event.subject,
        stage=Stage.DIARIZATION,
        version=version,
    )
    if found is not None:
        document, ref = found
    else:
        with TemporaryDirectory(dir=workspace) as folder:
            file = Path(folder, "audio.flac")
            await audio.fetch(mix, file)
            told_apart = await diarizer.diarize(file, speakers=event.data.speakers, report=report)
        document = document_of(event.subject, told_apart, diarizer.model, event.data.duration)
        ref = await artefacts.store(document, tenant=event.tenant, stage=Stage.DIARIZATION, version=version)
    spoken = talk(document.turns)
    seconds = time.monotonic() - started
    return Diarized(
        turns=ref,
        speakers=len({turn.speaker for turn in document.turns}),
        speech_seconds=spoken.speech_seconds,
        overlap_seconds=spoken.overlap_seconds,
        processing_seconds=seconds,
        real_time_factor=seconds / event.data.duration if event.data.duration else 0.0,
    )


def document_of(
    recording_id: UUID, told_apart: Diarization, model: Model, duration: float
) -> DiarizationDocument:
    """Turns within the recording, by speakers who are numbered as they appear."""
    names = in_order_of_appearance(told_apart.turns)

    def kept(turns: tuple[Turn, ...]) -> tuple[documents.Turn, ...]:
        within = [
            documents.Turn(
                start=round(max(0.0, turn.start), 3),
                end=round(min(duration, turn.end), 3),
                speaker=names[turn.speaker],
            )
            for turn in turns
            if max(0.0, turn.start) < min(duration, turn.end)
        ]
        return tuple(sorted(within, key=lambda turn: (turn.start, turn.end)))

    return DiarizationDocument(
        recording_id=recording_id,
        turns=kept(told_apart.turns),
        exclusive=kept(told_apart.exclusive),
        model=model,
    )
