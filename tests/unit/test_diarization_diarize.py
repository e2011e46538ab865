"""The use case, without a model."""

from pathlib import Path
from uuid import uuid4

import pytest

from minutier.diarization.diarize import diarize
from minutier.diarization.domain import Diarization, Turn
from minutier.schemas.base import Model
from minutier.schemas.clock import now
from minutier.schemas.events import Diarized, Ingested, IngestedTrack, RecordingIngested
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import ObjectMissing
from minutier.shared.worker import ignore
from tests.support.diarization_fakes import Artefacts, Audio, Diarizer

SOUND = ObjectRef(bucket="recordings", key="audio.flac", sha256="b" * 64, size=5)
TALK = Diarization(
    turns=(Turn(4.0, 12.0, "B"), Turn(-0.01, 5.0, "A")),
    exclusive=(Turn(0.0, 4.5, "A"), Turn(4.5, 12.0, "B")),
)


def ingested(
    *, speakers: int | None = None, by_track: bool = False, sha256: str = "b" * 64
) -> RecordingIngested:
    sound = SOUND.model_copy(update={"sha256": sha256})
    track = IngestedTrack(participant_id="p1", audio=sound, offset=0.0, duration=10.0)
    data = Ingested(
        recording=SOUND,
        source="test",
        announced_at=now(),
        duration=10.0,
        speakers=speakers,
        audio=sound,
        tracks=(track,) if by_track else (),
        processing_seconds=0.1,
    )
    return RecordingIngested.of(uuid4(), tenant="acme", source="minutier/ingestion", data=data)


async def run(
    event: RecordingIngested,
    diarizer: Diarizer,
    artefacts: Artefacts,
    folder: Path,
    audio: Audio | None = None,
) -> Diarized | None:
    return await diarize(
        event,
        diarizer=diarizer,
        audio=audio or Audio(),
        artefacts=artefacts,
        workspace=folder,
        report=ignore,
    )


async def test_turns_lie_within_the_recording_and_speakers_are_numbered(tmp_path: Path) -> None:
    artefacts = Artefacts()
    data = await run(ingested(), Diarizer(TALK), artefacts, tmp_path)
    ((document, ref),) = artefacts.kept.values()
    assert [(turn.start, turn.end, turn.speaker) for turn in document.turns] == [
        (0.0, 5.0, "speaker-1"),
        (4.0, 10.0, "speaker-2"),
    ]
    assert [turn.speaker for turn in document.exclusive] == ["speaker-1", "speaker-2"]
    assert data is not None
    assert (data.turns, data.speakers) == (ref, 2)
    assert (data.speech_seconds, data.overlap_seconds) == pytest.approx((10.0, 1.0))
    assert not list(tmp_path.iterdir())


async def test_the_same_work_is_not_done_twice(tmp_path: Path) -> None:
    diarizer, artefacts = Diarizer(TALK), Artefacts()
    event = ingested()
    first = await run(event, diarizer, artefacts, tmp_path)
    again = await run(event, diarizer, artefacts, tmp_path)
    assert first is not None
    assert again is not None
    assert again.turns == first.turns
    assert len(diarizer.told) == 1


async def test_other_audio_another_number_of_speakers_or_another_model_is_other_work(tmp_path: Path) -> None:
    diarizer, artefacts = Diarizer(TALK), Artefacts()
    await run(ingested(), diarizer, artefacts, tmp_path)
    await run(ingested(sha256="c" * 64), diarizer, artefacts, tmp_path)
    await run(ingested(speakers=3), diarizer, artefacts, tmp_path)
    await run(ingested(), Diarizer(TALK, Model(name="fake", revision="2")), artefacts, tmp_path)
    assert diarizer.told == [None, None, 3]
    assert len(artefacts.kept) == 4


async def test_voices_with_tracks_of_their_own_need_no_telling_apart(tmp_path: Path) -> None:
    diarizer = Diarizer(TALK)
    assert await run(ingested(by_track=True), diarizer, Artefacts(), tmp_path) is None
    assert not diarizer.told


async def test_a_recording_without_speech_has_no_turns(tmp_path: Path) -> None:
    data = await run(ingested(), Diarizer(Diarization((), ())), Artefacts(), tmp_path)
    assert data is not None
    assert (data.speakers, data.speech_seconds) == (0, 0.0)


async def test_audio_that_is_gone_ends_the_work_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        await run(ingested(), Diarizer(TALK), Artefacts(), tmp_path, Audio(missing=True))
    assert not list(tmp_path.iterdir())
