"""BigBlueButton's account of a meeting."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.accounts.bigbluebutton import Meeting, condense, read, read_meeting
from minutier.ingestion.accounts.domain import Talk, UnreadableAccount
from tests.support.bigbluebutton import (
    MEETING,
    STARTED,
    TITLE,
    document,
    ends,
    event,
    joins,
    marks,
    publishes,
    records,
    talks,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("raw") / "events.xml"


def told_by(file: Path, body: bytes) -> Meeting:
    file.write_bytes(body)
    return read_meeting(file)


def spans(meeting: Meeting, participant: str) -> list[tuple[float, float]]:
    """When somebody talks, in seconds from the meeting's beginning."""
    return [
        (round(talk.start - STARTED, 3), round(talk.end - STARTED, 3))
        for talk in meeting.account.talks
        if talk.participant == participant
    ]


def test_who_was_there_who_talked_and_what_was_recorded_is_read(file: Path) -> None:
    file.write_bytes(
        document(
            joins(1, "w_anna", "Anna Möller"),
            joins(2, "w_ben", "Ben"),
            talks("w_ben", 12, 15.5),
            talks("w_anna", 10, 14),
            marks(11, 60),
            ends(70),
        )
    )
    account = read(file)
    assert account.names == {"w_anna": "Anna Möller", "w_ben": "Ben"}
    assert account.talks == (
        Talk("w_anna", STARTED + 10, STARTED + 14),
        Talk("w_ben", STARTED + 12, STARTED + 15.5),
    )
    assert account.recorded == ((STARTED + 11, STARTED + 60),)


def test_a_talk_ends_at_the_latest_when_its_speaker_is_muted_leaves_or_the_meeting_ends(file: Path) -> None:
    meeting = told_by(
        file,
        document(
            *(joins(1, user, user) for user in ("muted", "left", "hung-up", "last")),
            *(talks(user, 10) for user in ("muted", "left", "hung-up", "last")),
            [
                event("ParticipantMutedEvent", 12, participant="last", muted="false"),
                event("ParticipantMutedEvent", 13, participant="muted", muted="true"),
                event("ParticipantLeftEvent", 14, participant="hung-up"),
                event("ParticipantLeftEvent", 15, module="PARTICIPANT", userId="left"),
            ],
            talks("last", 16),
            ends(20),
        ),
    )
    assert [spans(meeting, user) for user in ("muted", "hung-up", "left", "last")] == [
        [(10, 13)],
        [(10, 14)],
        [(10, 15)],
        [(10, 20)],
    ]


def test_whoever_comes_back_is_the_same_participant_and_a_namesake_is_not(file: Path) -> None:
    meeting = told_by(
        file,
        document(
            joins(1, "w_one", "Anna", external="anna@school"),
            joins(2, "w_namesake", "Anna", external="anna@office"),
            talks("w_one", 5, 6),
            talks("w_namesake", 5, 7),
            joins(20, "w_two", "Anna", external="anna@school"),
            talks("w_two", 25, 26),
            # A front end that gives everybody the same external id makes nobody somebody else.
            joins(30, "w_ben", "Ben", external="anna@school"),
            ends(40),
        ),
    )
    assert meeting.account.names == {"w_one": "Anna", "w_namesake": "Anna", "w_ben": "Ben"}
    assert spans(meeting, "w_one") == [(5, 6), (25, 26)]
    assert spans(meeting, "w_namesake") == [(5, 7)]


def test_who_dials_in_is_named_as_the_call_is(file: Path) -> None:
    dials_in = event("ParticipantJoinedEvent", 3, participant="v_1", callername="+33 1 23 xxx")
    unnamed = event("ParticipantJoinedEvent", 3, participant="v_2", callername="")
    meeting = told_by(file, document([dials_in, unnamed], talks("v_1", 4, 5), talks("v_2", 4, 5)))
    assert meeting.account.names == {"v_1": "+33 1 23 xxx"}
    assert [talk.participant for talk in meeting.account.talks] == ["v_1"]


def test_a_meeting_whose_button_nobody_pressed_was_not_recorded(file: Path) -> None:
    meeting = told_by(file, document(joins(1, "w_anna", "Anna"), records("a.opus", 2, 60), ends(61)))
    assert meeting.account.recorded == ()
    (audio,) = meeting.audio.values()
    assert not meeting.was_recording(audio)


def test_a_button_pressed_once_records_to_the_end(file: Path) -> None:
    meeting = told_by(file, document(marks(5, 10, 30), ends(61)))
    assert meeting.account.recorded == ((STARTED + 5, STARTED + 10), (STARTED + 30, STARTED + 61))


def test_audio_starts_when_its_event_says(file: Path) -> None:
    names = (f"{MEETING}-13749531095.opus", f"{MEETING}-13749591095.opus")
    meeting = told_by(
        file, document(records(names[0], 6.5, 60), records(names[1], 66), marks(10, 50), ends(90))
    )
    first, second = (meeting.file_named(name) for name in names)
    assert first is not None
    assert second is not None
    assert (first.start, first.end) == (STARTED + 6.5, STARTED + 60)
    assert (second.start, second.end) == (STARTED + 66, STARTED + 90)
    assert meeting.was_recording(first)
    assert not meeting.was_recording(second)
    assert meeting.file_named(f"raw/audio/{MEETING}-13749531095.wav") == first
    assert meeting.file_named("other.opus") is None


def test_files_of_one_participant_each_say_whose_they_are(file: Path) -> None:
    meeting = told_by(
        file,
        document(
            joins(1, "w_anna", "Anna", external="anna"),
            joins(40, "w_anna2", "Anna", external="anna"),
            publishes("w_anna", "mic.ogg", 2, 30),
            publishes("w_anna2", "again.ogg", 41, 50),
            publishes("w_anna2", "screen.ogg", 42, 50, source="screen_share_audio"),
            ends(60),
        ),
    )
    assert {name: (audio.participant, audio.screen) for name, audio in meeting.audio.items()} == {
        "mic": ("w_anna", False),
        "again": ("w_anna", False),
        "screen": ("w_anna", True),
    }


def test_a_file_of_somebody_who_spoke_in_a_group_apart_is_not_the_meetings(file: Path) -> None:
    group = event("AudioGroupCreatedEvent", 5, module="AUDIO_GROUP", groupId="g", senders="w_anna,w_ben")
    meeting = told_by(
        file,
        document(
            publishes("w_anna", "anna.ogg", 2, 30), publishes("w_cleo", "cleo.ogg", 2, 30), [group], ends(60)
        ),
    )
    assert set(meeting.audio) == {"cleo"}


def test_the_title_is_the_meetings_name(file: Path) -> None:
    assert told_by(file, document(ends(1))).title == TITLE
    assert told_by(file, document(ends(1), title=" ")).title is None


def test_a_clock_that_is_set_during_the_meeting_moves_nothing(file: Path) -> None:
    late = event("RecordStatusEvent", 20, module="PARTICIPANT", status="false")
    stamp = late.find("timestampUTC")
    assert stamp is not None
    stamp.text = str(round((STARTED + 3620) * 1000))
    assert told_by(file, document(marks(5), [late])).account.recorded == ((STARTED + 5, STARTED + 20),)


def test_without_a_time_of_day_the_first_event_is_the_meetings_creation(file: Path) -> None:
    old = [
        event("RecordStatusEvent", at, module="PARTICIPANT", utc=False, status=status)
        for at, status in ((0, "true"), (8, "false"))
    ]
    assert told_by(file, document(old)).account.recorded == ((STARTED, STARTED + 8),)
    with pytest.raises(UnreadableAccount):
        told_by(file, document(old, meeting="of-another-kind"))


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE recording [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<recording><event timestamp="1" eventname="x"><name>&b;</name></event></recording>"""
SECRET = b"""<!DOCTYPE recording [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<recording><metadata meetingName="&secret;"/></recording>"""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no XML",
        b"<recording><event timestamp='1'>",
        b"<recording><event timestamp='soon' eventname='RecordStatusEvent'/></recording>",
        b"<recording><event eventname='RecordStatusEvent'/></recording>",
        b"<recording><event timestamp='" + b"9" * 5000 + b"'/></recording>",
        b"<recording><event timestamp='" + b"9" * 400 + b"'/></recording>",
        b"<?xml version='1.0' encoding='klingon'?><recording/>",
        b"<playlist><event timestamp='1'/></playlist>",
        b"<recording><event timestamp='1'>" + b"<slide/>" * 50_001 + b"</event></recording>",
        b"<recording>" + b"<event>" * 100_001,
        BOMB,
        SECRET,
    ],
    ids=lambda body: body[:40].decode(),
)
def test_what_is_no_account_is_refused_without_quoting_it(file: Path, body: bytes) -> None:
    file.write_bytes(body)
    with pytest.raises(UnreadableAccount) as refused:
        read(file)
    assert str(refused.value) == "not an account of BigBlueButton's"


SECONDS = st.integers(0, 200).map(lambda tenths: tenths / 10)
USERS = st.sampled_from(["w_a", "w_b", "v_c"])
MARK = st.builds(
    lambda at, status: event("RecordStatusEvent", at, module="PARTICIPANT", status=status),
    SECONDS,
    st.sampled_from(["true", "false"]),
)
TALKING = st.builds(
    lambda at, user, talking: event("ParticipantTalkingEvent", at, participant=user, talking=talking),
    SECONDS,
    USERS,
    st.sampled_from(["true", "false"]),
)
MUTED = st.builds(
    lambda at, user: event("ParticipantMutedEvent", at, participant=user, muted="true"), SECONDS, USERS
)
JOINED = st.builds(
    lambda at, user: event("ParticipantJoinedEvent", at, participant=user, callername=user), SECONDS, USERS
)


CHAT = st.builds(
    lambda at, utc: event("PublicChatEvent", at, module="CHAT", utc=utc, message="off the record"),
    SECONDS,
    st.booleans(),
)
FILE = st.builds(
    lambda at, kind: event(kind, at, filename="sound.opus"),
    SECONDS,
    st.sampled_from(["StartRecordingEvent", "StopRecordingEvent"]),
)


@given(st.lists(MARK | TALKING | MUTED | JOINED | CHAT | FILE, min_size=1))
def test_a_condensed_account_reads_the_same_and_repeats_nothing_else(
    file: Path, events: list[ElementTree.Element]
) -> None:
    whole = told_by(file, document(events))
    condensed = file.with_name("condensed.xml")
    condense(file, condensed)
    assert read_meeting(condensed) == whole
    assert b"off the record" not in condensed.read_bytes()


@given(st.lists(MARK | TALKING | MUTED | JOINED, min_size=1))
def test_spans_follow_one_another_within_the_meeting_whatever_is_told(
    file: Path, events: list[ElementTree.Element]
) -> None:
    account = told_by(file, document(events)).account
    times = sorted(int(one.attrib["timestamp"]) for one in events)
    duration = (times[-1] - times[0]) / 1000
    recorded = account.recorded or ()
    assert all(start < end for start, end in recorded)
    assert all(before[1] < after[0] for before, after in pairwise(recorded))
    for user in account.names:
        own = [(talk.start, talk.end) for talk in account.talks if talk.participant == user]
        assert all(start < end for start, end in own)
        assert all(before[1] < after[0] for before, after in pairwise(own))
    ends_of = [*(end for _, end in recorded), *(talk.end for talk in account.talks)]
    starts = [*(start for start, _ in recorded), *(talk.start for talk in account.talks)]
    assert not starts or max(ends_of) - min(starts) <= duration + 1e-6
    assert {talk.participant for talk in account.talks} <= set(account.names)
