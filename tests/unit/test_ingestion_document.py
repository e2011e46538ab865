from datetime import UTC, datetime

import pytest

from minutier.ingestion.accounts.domain import Account, Talk
from minutier.ingestion.document import describe, marks
from tests.support.ingestion_fakes import announced, track, upload

BEGAN = datetime(2025, 1, 31, 9, 0, tzinfo=UTC)
NOON = BEGAN.timestamp()


def test_those_with_a_track_come_first_and_then_the_account() -> None:
    event = announced(
        mix=upload(),
        tracks=(track("Anna", "a"), track("Bo", "b")),
        participants=("Cy", "Anna", "Di", "Eve", "Eve"),
    )
    account = Account(names={"PA_1": "Anna", "PA_2": "Cy"}, talks=(Talk("PA_2", 5.0, 6.0),))
    document = describe(event, account, duration=10.0)
    assert [(person.id, person.name) for person in document.participants] == [
        ("p1", "Anna"),
        ("p2", "Bo"),
        ("p3", "Anna"),
        ("p4", "Cy"),
        ("p5", "Di"),
        ("p6", "Eve"),
    ]
    assert [talk.participant for talk in document.activity] == ["p4"]


def test_who_has_a_track_is_whom_the_account_knows_by_the_same_id() -> None:
    event = announced(
        mix=None,
        tracks=(
            track("identity-a", "a", external_id="a"),
            track("Bo", "b"),
            track("?", "c", external_id="c"),
        ),
        participants=("Anna", "Di"),
    )
    account = Account(
        names={"a": "Anna", "b": "Bo"}, talks=(Talk("a", 5.0, 6.0), Talk("b", 5.0, 7.0), Talk("c", 6.0, 8.0))
    )
    document = describe(event, account, duration=10.0)
    assert [(person.id, person.name) for person in document.participants] == [
        ("p1", "Anna"),
        ("p2", "Bo"),
        ("p3", "?"),
        ("p4", "Bo"),
        ("p5", "Di"),
    ]
    assert [talk.participant for talk in document.activity] == ["p1", "p4", "p3"]


def test_who_came_back_and_has_two_tracks_talks_as_the_first() -> None:
    tracks = (track("Anna", "1", external_id="a"), track("Anna", "2", external_id="a"))
    account = Account(names={"a": "Anna"}, talks=(Talk("a", 5.0, 6.0),))
    document = describe(announced(mix=None, tracks=tracks), account, duration=10.0)
    assert [person.name for person in document.participants] == ["Anna", "Anna"]
    assert [talk.participant for talk in document.activity] == ["p1"]


def test_who_may_read_it_is_told_by_the_announcement_and_the_account() -> None:
    event = announced(
        people=[{"part": "owner", "email": "Zoe@example.org"}],
        metadata={"kind": "lasuite-meet", "location": {"bucket": "meet", "key": "account"}},
    )
    document = describe(event, Account({"sub-of-anna": "Anna"}), duration=1.0, owner="clerk@example.org")
    assert [(each.part, each.subject, each.email) for each in document.people] == [
        ("owner", None, "zoe@example.org"),
        ("participant", "sub-of-anna", None),
    ]
    # Who announces it again may name an owner yet.
    assert document.default_owner == "clerk@example.org"


def test_activity_is_in_seconds_of_the_meeting_once_for_each_moment() -> None:
    talks = (
        Talk("b", NOON + 3, NOON + 4),
        Talk("a", NOON + 5, NOON + 8),
        Talk("a", NOON - 2, NOON + 6),
        Talk("b", NOON + 4, NOON + 4.5),
        Talk("nobody", NOON + 1, NOON + 2),
        Talk("b", NOON + 9, NOON + 9),
    )
    account = Account({"a": "Anna", "b": "Bo"}, talks)
    activity = describe(announced(started_at=BEGAN), account, duration=10.0).activity
    assert [(talk.participant, talk.start, talk.end) for talk in activity] == [
        ("p1", -2.0, 8.0),
        ("p2", 3.0, 4.5),
    ]


def test_activity_far_from_the_recording_is_cut() -> None:
    talks = (Talk("a", NOON - 9000, NOON - 590), Talk("a", NOON + 600, NOON + 10**9))
    activity = describe(announced(started_at=BEGAN), Account({"a": "Anna"}, talks), duration=10.0).activity
    assert [(talk.start, talk.end) for talk in activity] == [(-600.0, -590.0), (600.0, 610.0)]


def test_where_nobody_told_the_beginning_it_is_when_somebody_was_heard() -> None:
    account = Account({"b": "Bo"}, (Talk("b", NOON + 9, NOON + 10), Talk("unnamed", NOON, NOON + 1)))
    assert [(talk.start, talk.end) for talk in describe(announced(), account, duration=60.0).activity] == [
        (9.0, 10.0)
    ]


def test_nothing_is_told_of_what_was_not_recorded() -> None:
    account = Account(
        {"a": "Anna"},
        (Talk("a", NOON, NOON + 100),),
        recorded=((NOON - 5, NOON + 10), (NOON + 50, NOON + 90)),
    )
    event = announced(started_at=BEGAN)
    document = describe(event, account, duration=60.0)
    assert document.recorded is not None
    assert [(span.start, span.end) for span in document.recorded] == [(0.0, 10.0), (50.0, 60.0)]
    assert [(talk.start, talk.end) for talk in document.activity] == [(0.0, 10.0), (50.0, 90.0)]
    assert marks(event, account) == [(-5.0, 10.0), (50.0, 90.0)]


def test_a_meeting_that_nobody_recorded_has_marks_and_one_without_marks_has_none() -> None:
    event = announced(started_at=BEGAN)
    assert describe(event, Account({}, recorded=()), duration=60.0).recorded == ()
    assert describe(event, Account({}), duration=60.0).recorded is None
    assert marks(event, Account({})) is None


@pytest.mark.parametrize("name", ["Anna", "../Anna", "名"])
def test_ids_of_participants_tell_nothing_of_them(name: str) -> None:
    account = Account({"identity": name}, (Talk("identity", NOON, NOON + 1),))
    document = describe(announced(), account, duration=5.0)
    assert {person.id for person in document.participants} | {
        talk.participant for talk in document.activity
    } == {"p1"}
