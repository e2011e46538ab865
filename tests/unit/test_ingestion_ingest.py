import hashlib
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from minutier.ingestion.accounts.domain import Account, Talk
from minutier.ingestion.domain import Patience
from minutier.ingestion.ingest import ingest
from minutier.ingestion.ports import NotThereYet, Unreachable
from minutier.schemas.clock import now
from minutier.schemas.events import (
    AnnouncedMetadata,
    Ingested,
    MetadataKind,
    RecordingAnnounced,
    recording_id,
)
from minutier.schemas.references import Link
from minutier.schemas.rejections import RejectionReason
from minutier.shared.errors import Permanent
from minutier.shared.objects import RECORDINGS
from minutier.shared.worker import Report, ignore
from tests.support.ingestion_fakes import LIMITS, Ids, Lengths, Shelf, Told, announced, track, upload

NO_PATIENCE = Patience()


async def take_in(
    event: RecordingAnnounced,
    shelf: Shelf,
    workspace: Path,
    *,
    register: Ids | None = None,
    account: Account | None = None,
    normaliser: Lengths | None = None,
    patience: Patience = NO_PATIENCE,
    report: Report = ignore,
) -> Ingested | RejectionReason | None:
    return await ingest(
        event,
        register=register or Ids(),
        media=shelf,
        accounts=Told(account),
        store=shelf,
        normaliser=normaliser or Lengths(),
        limits=LIMITS,
        patience=patience,
        workspace=workspace,
        report=report,
    )


async def ingested(event: RecordingAnnounced, uploads: Mapping[str, bytes], workspace: Path) -> Ingested:
    outcome = await take_in(event, Shelf(uploads), workspace)
    assert isinstance(outcome, Ingested)
    return outcome


async def test_the_original_is_kept_as_it_came_beside_the_normalised_audio(tmp_path: Path) -> None:
    event, shelf = announced(title="Weekly", language="fr", speakers=3), Shelf({"one/media": b"12.5"})
    outcome = await take_in(event, shelf, tmp_path)
    assert isinstance(outcome, Ingested)
    folder = f"acme/{event.subject}"
    assert shelf.objects[RECORDINGS, f"{folder}/source/mix"] == b"12.5"
    assert outcome.audio is not None
    assert outcome.audio.key == f"{folder}/audio.flac"
    assert outcome.audio.sha256 == hashlib.sha256(b"normalised 12.5").hexdigest()
    assert (outcome.duration, outcome.language, outcome.speakers) == (12.5, "fr", 3)
    assert (outcome.source, outcome.announced_at, outcome.tracks) == ("livekit", event.time, ())
    assert [document.title for document in shelf.documents] == ["Weekly"]
    assert os.listdir(tmp_path) == []


async def test_tracks_have_their_place_in_the_meeting(tmp_path: Path) -> None:
    event = announced(tracks=(track("Anna", "a", 1.5), track("Anna", "b", 30.0)))
    outcome = await ingested(event, {"a": b"60", "b": b"20"}, tmp_path)
    assert outcome.audio is None
    assert outcome.duration == 61.5
    assert [(each.participant_id, each.offset, each.duration) for each in outcome.tracks] == [
        ("p1", 1.5, 60.0),
        ("p2", 30.0, 20.0),
    ]
    assert [each.audio.key.rpartition("/")[2] for each in outcome.tracks] == ["p1.flac", "p2.flac"]


async def test_a_mix_may_come_with_tracks(tmp_path: Path) -> None:
    event = announced(mix=upload("mix"), tracks=(track("Anna", "a"), track("Bo", "b", 5.0)))
    outcome = await ingested(event, {"mix": b"60", "a": b"30", "b": b"57"}, tmp_path)
    assert outcome.audio is not None
    assert outcome.duration == 62.0
    assert [each.duration for each in outcome.tracks] == [30.0, 57.0]


async def test_names_are_in_the_document_alone(tmp_path: Path) -> None:
    event = announced(title="Takeover", tracks=(track("../Anna", "a"), track("Bo", "b")))
    shelf = Shelf({"a": b"1", "b": b"1"})
    outcome = await take_in(event, shelf, tmp_path)
    assert isinstance(outcome, Ingested)
    for secret in ("Anna", "Bo", "Takeover"):
        assert secret not in outcome.model_dump_json()
        assert not [key for _, key in shelf.objects if secret in key]
    assert [person.name for person in shelf.documents[0].participants] == ["../Anna", "Bo"]


@pytest.mark.parametrize("reason", list(RejectionReason))
async def test_one_bad_part_rejects_the_recording(tmp_path: Path, reason: RejectionReason) -> None:
    event = announced(tracks=(track("Anna", "a"), track("Bo", "b")))
    shelf = Shelf({"a": b"60", "b": reason.value.encode()})
    assert await take_in(event, shelf, tmp_path) is reason
    assert os.listdir(tmp_path) == []


async def test_what_is_not_there_or_too_large_is_not_decoded(tmp_path: Path) -> None:
    assert await take_in(announced(), Shelf({}), tmp_path) is RejectionReason.NOT_FOUND
    shelf = Shelf({"one/media": b"1" * (LIMITS.size + 1)})
    assert await take_in(announced(), shelf, tmp_path) is RejectionReason.TOO_LARGE


async def test_a_track_may_not_end_after_the_longest_meeting(tmp_path: Path) -> None:
    late = announced(tracks=(track("Anna", "a", LIMITS.seconds - 10),))
    assert isinstance(await take_in(late, Shelf({"a": b"10"}), tmp_path), Ingested)
    assert await take_in(late, Shelf({"a": b"11"}), tmp_path) is RejectionReason.TOO_LONG


async def test_a_recording_that_was_taken_in_is_not_fetched_again(tmp_path: Path) -> None:
    event = announced()
    assert await take_in(event, Shelf({}), tmp_path, register=Ids(event.subject)) is None


async def test_an_announcement_in_the_name_of_another_recording_is_refused(tmp_path: Path) -> None:
    theirs = recording_id("acme", "livekit", "meeting-2")
    event = announced("meeting-1", subject=theirs)
    for register in (Ids(), Ids(theirs)):
        with pytest.raises(Permanent, match=r"^wrong_recording_id$"):
            await take_in(event, Shelf({"one/media": b"1"}), tmp_path, register=register)


async def test_progress_counts_each_part_as_it_is_decoded(tmp_path: Path) -> None:
    event = announced(mix=upload("mix"), tracks=(track("Anna", "a"), track("Bo", "b"), track("Cy", "c")))
    told: list[float] = []
    shelf = Shelf(dict.fromkeys(("mix", "a", "b", "c"), b"1"))
    await take_in(event, shelf, tmp_path, report=told.append)
    assert told == [number / 8 for number in range(1, 9)]


async def test_the_same_announcement_gives_the_same_document_and_other_media_another(tmp_path: Path) -> None:
    keys = [
        (await ingested(announced(), {"one/media": body}, tmp_path)).recording.key
        for body in (b"1", b"1", b"2")
    ]
    assert keys[0] == keys[1] != keys[2]


async def test_a_failure_of_the_store_is_no_rejection(tmp_path: Path) -> None:
    class Broken(Shelf):
        async def keep(self, file: Path, key: str, content_type: str) -> None:  # type: ignore[override]
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await take_in(announced(), Broken({"one/media": b"1"}), tmp_path)
    assert os.listdir(tmp_path) == []


def told(kind: MetadataKind = MetadataKind.LASUITE_MEET) -> AnnouncedMetadata:
    return AnnouncedMetadata(kind=kind, location=upload("account"))


def since(event: RecordingAnnounced, seconds: float) -> RecordingAnnounced:
    """As it is so long after it was announced."""
    return event.model_copy(update={"time": now() - timedelta(seconds=seconds)})


PATIENCE = Patience(media=600.0, account=60.0)


async def test_what_has_not_come_is_waited_for_and_then_not_found(tmp_path: Path) -> None:
    for missing in (announced(), announced(mix=upload("mix"), tracks=(track("Anna", "late"),))):
        shelf = Shelf({"mix": b"60"})
        with pytest.raises(NotThereYet):
            await take_in(since(missing, 590), shelf, tmp_path, patience=PATIENCE)
        late = await take_in(since(missing, 610), shelf, tmp_path, patience=PATIENCE)
        assert late is RejectionReason.NOT_FOUND
    assert os.listdir(tmp_path) == []


async def test_only_what_is_missing_is_waited_for(tmp_path: Path) -> None:
    shelf = Shelf({"one/media": b"corrupt"})
    assert await take_in(announced(), shelf, tmp_path, patience=PATIENCE) is RejectionReason.CORRUPT


async def test_what_the_meeting_server_tells_is_written_down(tmp_path: Path) -> None:
    event, shelf = announced(metadata=told()), Shelf({"one/media": b"60", "account": b"{}"})
    account = Account({"a": "Anna"}, (Talk("a", 1000.0, 1002.0),))
    assert isinstance(await take_in(event, shelf, tmp_path, account=account), Ingested)
    (document,) = shelf.documents
    assert [person.name for person in document.participants] == ["Anna"]
    assert [(talk.start, talk.end) for talk in document.activity] == [(0.0, 2.0)]


async def test_another_account_makes_another_document(tmp_path: Path) -> None:
    keys = []
    for name in ("Anna", "Anna", "Bo"):
        shelf = Shelf({"one/media": b"60", "account": b"{}"})
        outcome = await take_in(
            announced(metadata=told()), shelf, tmp_path, account=Account(names={"a": name})
        )
        assert isinstance(outcome, Ingested)
        keys.append(outcome.recording.key)
    assert keys[0] == keys[1] != keys[2]


async def test_an_account_that_has_not_come_is_waited_for_before_the_media_is_taken(tmp_path: Path) -> None:
    event, lengths = announced(metadata=told()), Lengths()
    for location in (upload("account"), Link(url="https://files.example/account")):
        metadata = AnnouncedMetadata(kind=MetadataKind.LIVEKIT, location=location)
        event = since(announced(metadata=metadata), 50)
        with pytest.raises((NotThereYet, Unreachable)):
            await take_in(event, Shelf({"one/media": b"60"}), tmp_path, normaliser=lengths, patience=PATIENCE)
        assert lengths.recorded == []
        late = await take_in(since(event, 70), Shelf({"one/media": b"60"}), tmp_path, patience=PATIENCE)
        assert isinstance(late, Ingested)


@pytest.mark.parametrize("body", [b"unreadable", bytes(32 * 1024**2 + 1)])
async def test_without_a_readable_account_a_recording_is_taken_in_without_names(
    tmp_path: Path, body: bytes
) -> None:
    shelf = Shelf({"one/media": b"60", "account": body})
    outcome = await take_in(announced(metadata=told()), shelf, tmp_path, account=None, patience=PATIENCE)
    assert isinstance(outcome, Ingested)
    assert shelf.documents[0].participants == ()


async def test_without_its_recording_marks_a_recording_is_not_taken_in(tmp_path: Path) -> None:
    event = since(announced(metadata=told(MetadataKind.BIGBLUEBUTTON)), 70)
    shelf = Shelf({"one/media": b"60"})
    with pytest.raises(NotThereYet):
        await take_in(event, shelf, tmp_path, patience=PATIENCE)
    assert await take_in(since(event, 610), shelf, tmp_path, patience=PATIENCE) is RejectionReason.NOT_FOUND
    shelf = Shelf({"one/media": b"60", "account": b"<"})
    assert await take_in(event, shelf, tmp_path, account=None) is RejectionReason.CORRUPT
    link = AnnouncedMetadata(kind=MetadataKind.BIGBLUEBUTTON, location=Link(url="https://files.example/a"))
    with pytest.raises(Unreachable):
        await take_in(since(announced(metadata=link), 610), shelf, tmp_path, patience=PATIENCE)


async def test_of_a_meeting_with_marks_only_what_was_recorded_is_kept(tmp_path: Path) -> None:
    began = now()
    event = announced(
        mix=upload("mix"),
        tracks=(track("Anna", "a", 5.0),),
        started_at=began,
        metadata=told(MetadataKind.BIGBLUEBUTTON),
    )
    account = Account(names={}, recorded=((began.timestamp() + 10, began.timestamp() + 20),))
    lengths, shelf = Lengths(), Shelf({"mix": b"60", "a": b"30", "account": b"<"})
    outcome = await take_in(event, shelf, tmp_path, account=account, normaliser=lengths)
    assert isinstance(outcome, Ingested)
    heard = [[(round(start), round(end)) for start, end in spans or ()] for spans in lengths.recorded]
    assert heard == [[(10, 20)], [(5, 15)]]
    assert sorted(key for bucket, key in shelf.objects if bucket == RECORDINGS) == [
        f"acme/{event.subject}/audio.flac",
        f"acme/{event.subject}/tracks/p1.flac",
    ]
    (document,) = shelf.documents
    assert document.recorded is not None
    assert [round(span.start) for span in document.recorded] == [10]


async def test_marks_that_nobody_can_place_end_in_no_recording(tmp_path: Path) -> None:
    event = announced(metadata=told(MetadataKind.BIGBLUEBUTTON))
    shelf = Shelf({"one/media": b"60", "account": b"<"})
    with pytest.raises(Permanent, match=r"^marks_without_beginning$"):
        await take_in(event, shelf, tmp_path, account=Account(names={}, recorded=((10.0, 20.0),)))
    assert not [key for bucket, key in shelf.objects if bucket == RECORDINGS]
