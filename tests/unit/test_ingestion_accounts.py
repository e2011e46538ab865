import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.models import SpeakerInfo
from livekit.protocol.rtc import SpeakersChanged

from minutier.ingestion.accounts import lasuite_meet
from minutier.ingestion.accounts import livekit as livekit_speakers
from minutier.ingestion.accounts import reader as account_reader
from minutier.ingestion.accounts.domain import Account, UnreadableAccount, display_name
from minutier.ingestion.accounts.reader import AccountReader, ArchiveReader
from minutier.schemas.events import MetadataKind
from minutier.shared.worker import Worker, ignore

NINE = datetime(2025, 1, 31, 9, 0, tzinfo=UTC).timestamp()


def at(seconds: float, *, zone: str = "+00:00") -> str:
    return datetime.fromtimestamp(NINE + seconds, UTC).replace(tzinfo=None).isoformat() + zone


def event(
    participant: str, kind: str, seconds: float, data: str | None = None, **more: Any
) -> dict[str, Any]:
    return {"participant_id": participant, "type": kind, "timestamp": at(seconds), "data": data, **more}


def meet(folder: Path, *events: dict[str, Any], names: dict[str, str | None] | None = None) -> Account:
    participants = [{"participantId": key, "name": name} for key, name in (names or {}).items()]
    file = folder / "metadata.json"
    file.write_text(json.dumps({"events": events, "participants": participants}, indent=2))
    return lasuite_meet.read(file)


def speakers(folder: Path, *updates: dict[str, Any], array: bool = False) -> Account:
    file = folder / "speakers"
    lines = [json.dumps(update) for update in updates]
    file.write_text(json.dumps(updates) if array else "\n".join(lines) + "\n\n")
    return livekit_speakers.read(file)


def talks(account: Account) -> list[tuple[str, float, float]]:
    return sorted((talk.participant, talk.start - NINE, talk.end - NINE) for talk in account.talks)


def test_speech_in_la_suite_meet_is_from_its_start_to_its_end(tmp_path: Path) -> None:
    account = meet(
        tmp_path,
        event("b", "speech_end", 7),
        event("a", "participant_connected", 0),
        event("a", "speech_end", 3.5),
        event("b", "speech_start", 3),
        event("a", "speech_start", 1),
        event("a", "speech_start", 8),
        event("a", "speech_end", 9),
        names={"a": "Anna", "b": "Bo"},
    )
    assert account.names == {"a": "Anna", "b": "Bo"}
    assert talks(account) == [("a", 1.0, 3.5), ("a", 8.0, 9.0), ("b", 3.0, 7.0)]
    assert account.recorded is None


def test_speech_ends_when_the_participant_leaves_or_with_the_last_event(tmp_path: Path) -> None:
    account = meet(
        tmp_path,
        event("a", "speech_start", 1),
        event("a", "participant_disconnected", 4),
        event("a", "speech_end", 6),
        event("b", "speech_start", 5),
        event("c", "participant_disconnected", 12),
    )
    assert talks(account) == [("a", 1.0, 4.0), ("b", 5.0, 12.0)]


def test_speech_whose_end_was_lost_is_not_made_longer(tmp_path: Path) -> None:
    account = meet(
        tmp_path,
        event("a", "speech_start", 1),
        event("a", "speech_start", 600),
        event("a", "speech_end", 601),
        event("b", "speech_start", 2),
        event("b", "participant_connected", 500),
        event("b", "speech_end", 700),
    )
    assert talks(account) == [("a", 600.0, 601.0)]


def test_times_without_a_zone_are_utc(tmp_path: Path) -> None:
    account = meet(
        tmp_path,
        event("a", "speech_start", 0, timestamp=at(1, zone="")),
        event("a", "speech_end", 0, timestamp=at(3600 + 2, zone="+01:00")),
    )
    assert talks(account) == [("a", 1.0, 2.0)]


def test_chat_is_read_into_nothing_and_what_is_new_is_passed_over(tmp_path: Path) -> None:
    account = meet(
        tmp_path,
        event("a", "chat_received", 1, data="the password is swordfish"),
        event("a", "hand_raised", 2, weight=3),
        {"type": "recording_paused"},
        names={"a": "Anna"},
    )
    assert account == Account(names={"a": "Anna"})
    assert "swordfish" not in repr(account)


def test_whoever_has_no_name_is_not_named_by_their_id(tmp_path: Path) -> None:
    account = meet(tmp_path, names={"a": "", "b": None, "c": " \n", "d": " Di\x00\nEve ", "e": "E" * 300})
    assert account.names == {"d": "Di Eve", "e": "E" * 200}


@given(st.text())
def test_a_display_name_is_one_line_that_can_be_shown(text: str) -> None:
    name = display_name(text)
    assert name is None or (0 < len(name) <= 200 and name.isprintable() and name == display_name(name))


@pytest.mark.parametrize("array", [False, True])
def test_livekits_speakers_speak_until_they_are_told_of_as_inactive(tmp_path: Path, array: bool) -> None:
    signals = [
        (1.0, SpeakersChanged(speakers=[SpeakerInfo(sid="PA_1", level=0.4, active=True)])),
        (2.0, SpeakersChanged(speakers=[SpeakerInfo(sid="PA_1", level=0.6, active=True)])),
        (2.5, SpeakersChanged(speakers=[SpeakerInfo(sid="PA_2", level=0.6, active=True)])),
        (4.0, SpeakersChanged(speakers=[SpeakerInfo(sid="PA_1")])),
        (9.0, SpeakersChanged(speakers=[SpeakerInfo(sid="PA_3", active=False)])),
    ]
    updates = [{"timestamp": at(seconds), **MessageToDict(signal)} for seconds, signal in reversed(signals)]
    account = speakers(tmp_path, *updates, array=array)
    assert talks(account) == [("PA_1", 1.0, 4.0), ("PA_2", 2.5, 9.0)]
    assert account.names == {}


def test_livekits_speakers_have_identities_names_and_times_in_nanoseconds(tmp_path: Path) -> None:
    account = speakers(
        tmp_path,
        {
            "timestamp": str(int((NINE + 1) * 10**9)),
            "speakers": [{"identity": "ada", "sid": "PA_1", "active": True}],
        },
        {
            "timestamp": int((NINE + 2) * 10**9),
            "speakers": [{"identity": "ada", "sid": "PA_9", "name": "Ada"}, {"identity": "bo", "name": ""}],
            "room": "later fields are passed over",
        },
        {"timestamp": at(3)},
    )
    assert (account.names, talks(account)) == ({"ada": "Ada"}, [("ada", 1.0, 2.0)])


@pytest.mark.parametrize("kind", list(MetadataKind))
@pytest.mark.parametrize(
    "body",
    [
        b"the minutes of the meeting",
        b"\xff\xfe\x00",
        b'{"events": 3, "timestamp": "soon"}',
        b"[" * 100_000,
        b'{"events": [{"type": "speech_start", "participant_id": "a", "timestamp": "yesterday"}]}',
        b'{"timestamp": ' + b"9" * 4000 + b', "speakers": []}',
        b'[{"timestamp": true}]',
        b'{"events": [' + b"1," * 10**6 + b'1], "participants": []}',
    ],
)
def test_what_is_no_account_is_unreadable_and_not_quoted(
    tmp_path: Path, kind: MetadataKind, body: bytes
) -> None:
    file = tmp_path / "account"
    file.write_bytes(body)
    with pytest.raises(UnreadableAccount) as failure:
        account_reader.read(kind, file, report=ignore)
    assert failure.value.__suppress_context__
    assert "yesterday" not in str(failure.value)


async def test_accounts_are_read_in_a_child_process(tmp_path: Path) -> None:
    file = tmp_path / "account"
    file.write_text(json.dumps({"events": [], "participants": [{"participantId": "a", "name": "Anna"}]}))
    worker = Worker(limit_seconds=60.0)
    try:
        reader = AccountReader(worker)
        assert await reader.read(MetadataKind.LASUITE_MEET, file) == Account(names={"a": "Anna"})
        await asyncio.to_thread(file.write_bytes, b"no")
        with pytest.raises(UnreadableAccount):
            await reader.read(MetadataKind.BIGBLUEBUTTON, file)
    finally:
        await worker.stop()


async def test_an_archive_that_reading_does_not_come_to_the_end_of_is_unreadable(tmp_path: Path) -> None:
    events = tmp_path / "events.xml"
    events.write_bytes(b"<recording><!--" + b"x" * 32 * 1024**2 + b"--></recording>")
    worker = Worker(limit_seconds=60)
    try:
        with pytest.raises(UnreadableAccount):
            await ArchiveReader(worker, limit_seconds=1.0).read(events, tmp_path / "account")
    finally:
        await worker.stop()
