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
from minutier.shared.worker import Report, ignore
from tests.support.diarization_fakes import Artefacts, Audio, Diarizer

SOUND = ObjectRef(bucket="recordings", key="audio.flac", sha256="b" * 64, size=5)
TALK = Diarization(
    turns=(Turn(4.0, 12.0, "B"), Turn(-0.01, 5.0, "A")),
    exclusive=(Turn(0.0, 4.5, "A"), Turn(4.5, 12.0, "B")),
)


def sound(letter: str) -> ObjectRef:
    return SOUND.model_copy(update={"sha256": letter * 64})


def track(participant: str, letter: str, *, offset: float = 0.0, duration: float = 10.0) -> IngestedTrack:
    return IngestedTrack(participant_id=participant, audio=sound(letter), offset=offset, duration=duration)


def ingested(
    *tracks: IngestedTrack, speakers: int | None = None, letter: str = "b", duration: float = 10.0
) -> RecordingIngested:
    data = Ingested(
        recording=SOUND,
        source="test",
        announced_at=now(),
        duration=duration,
        speakers=speakers,
        audio=sound(letter),
        tracks=tracks,
        processing_seconds=0.1,
    )
    return RecordingIngested.of(uuid4(), tenant="acme", source="minutier/ingestion", data=data)


async def run(
    event: RecordingIngested,
    diarizer: Diarizer,
    artefacts: Artefacts,
    folder: Path,
    audio: Audio | None = None,
    report: Report = ignore,
) -> Diarized:
    return await diarize(
        event.subject,
        event.data,
        tenant=event.tenant,
        diarizer=diarizer,
        audio=audio or Audio(),
        artefacts=artefacts,
        workspace=folder,
        report=report,
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
    assert (data.turns, data.speakers) == (ref, 2)
    assert (data.speech_seconds, data.overlap_seconds) == pytest.approx((10.0, 1.0))
    assert not list(tmp_path.iterdir())


async def test_the_same_work_is_not_done_twice(tmp_path: Path) -> None:
    diarizer, artefacts = Diarizer(TALK), Artefacts()
    event = ingested()
    first = await run(event, diarizer, artefacts, tmp_path)
    again = await run(event, diarizer, artefacts, tmp_path)
    assert again.turns == first.turns
    assert len(diarizer.told) == 1


async def test_other_audio_another_number_of_speakers_or_another_model_is_other_work(tmp_path: Path) -> None:
    diarizer, artefacts = Diarizer(TALK), Artefacts()
    await run(ingested(), diarizer, artefacts, tmp_path)
    await run(ingested(letter="c"), diarizer, artefacts, tmp_path)
    await run(ingested(speakers=3), diarizer, artefacts, tmp_path)
    await run(ingested(), Diarizer(TALK, Model(name="fake", revision="2")), artefacts, tmp_path)
    assert diarizer.told == [None, None, 3]
    assert len(artefacts.kept) == 4


def voices(*turns: Turn) -> Diarization:
    return Diarization(turns, turns)


async def test_each_track_is_listened_to_by_itself_and_no_two_share_a_voice(tmp_path: Path) -> None:
    artefacts = Artefacts()
    diarizer = Diarizer(
        TALK, own={"c" * 64: voices(Turn(1.0, 2.0, "A"), Turn(3.0, 4.0, "B")), "d" * 64: voices()}
    )
    event = ingested(
        track("p1", "c"), track("p2", "d"), track("p4", "c", offset=2.5, duration=3.25), speakers=2
    )
    data = await run(event, diarizer, artefacts, tmp_path)
    ((document, _),) = artefacts.kept.values()
    expected = [
        (1.0, 2.0, "p1-1", "p1"),
        (3.0, 4.0, "p1-2", "p1"),
        (3.5, 4.5, "p4-1", "p4"),
        (5.5, 5.75, "p4-2", "p4"),
    ]
    for turns in (document.turns, document.exclusive):
        assert [(turn.start, turn.end, turn.speaker, turn.track) for turn in turns] == expected
    assert (data.speakers, data.speech_seconds, data.overlap_seconds) == pytest.approx((4, 2.75, 0.5))


async def test_the_number_of_speakers_in_a_meeting_says_nothing_of_one_track(tmp_path: Path) -> None:
    diarizer = Diarizer(TALK)
    await run(ingested(track("p1", "c"), track("p2", "d"), speakers=2), diarizer, Artefacts(), tmp_path)
    assert diarizer.told == [None, None]


async def test_one_track_lies_on_disk_at_a_time(tmp_path: Path) -> None:
    diarizer = Diarizer(TALK)
    await run(ingested(track("p1", "c"), track("p2", "d")), diarizer, Artefacts(), tmp_path)
    assert diarizer.files == [1, 1]
    assert not list(tmp_path.iterdir())


async def test_progress_runs_over_all_tracks_by_their_length(tmp_path: Path) -> None:
    told: list[float] = []
    event = ingested(track("p1", "c", duration=30.0), track("p2", "d", duration=10.0), duration=30.0)
    await run(event, Diarizer(TALK), Artefacts(), tmp_path, report=told.append)
    assert told == pytest.approx([0.375, 0.75, 0.875, 1.0])


async def test_two_tracks_of_one_participant_share_no_voice(tmp_path: Path) -> None:
    artefacts = Artefacts()
    event = ingested(track("p1", "c", duration=2.0), track("p1", "d", offset=5.0, duration=2.0))
    await run(event, Diarizer(voices(Turn(0.0, 1.0, "A"))), artefacts, tmp_path)
    ((document, _),) = artefacts.kept.values()
    assert [turn.speaker for turn in document.turns] == ["p1-1", "p1-2"]


async def test_another_track_or_another_place_for_it_is_other_work(tmp_path: Path) -> None:
    artefacts = Artefacts()
    for tracks in (
        [track("p1", "c"), track("p2", "d")],
        [track("p1", "c"), track("p2", "e")],
        [track("p1", "c"), track("p2", "d", offset=1.0)],
        [track("p1", "c"), track("p3", "d")],
        [track("p1", "c")],
        [],
    ):
        await run(ingested(*tracks), Diarizer(TALK), artefacts, tmp_path)
    assert len(artefacts.kept) == 6


async def test_a_recording_without_speech_has_no_turns(tmp_path: Path) -> None:
    data = await run(ingested(), Diarizer(Diarization((), ())), Artefacts(), tmp_path)
    assert (data.speakers, data.speech_seconds) == (0, 0.0)


async def test_audio_that_is_gone_ends_the_work_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        await run(ingested(), Diarizer(TALK), Artefacts(), tmp_path, Audio(missing=True))
    assert not list(tmp_path.iterdir())
