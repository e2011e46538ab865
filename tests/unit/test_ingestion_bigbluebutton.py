"""What BigBlueButton's hook sends."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import AsyncClient, Response

from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.sources import bigbluebutton
from minutier.schemas.events import MetadataKind, recording_id
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
)
from tests.support.hand_in import ACCESS, TENANT, Announcements, Archives, Uploads, client_of, forms

LARGEST = 1_000_000
FIRST, SECOND = f"{MEETING}-13749531095.opus", f"{MEETING}-13749591095.opus"
EVENTS = document(
    joins(1, "w_anna", "Anna"),
    records(FIRST, 6.5, 60),
    marks(10, 50),
    [event("PublicChatEvent", 55, module="CHAT", message="off the record")],
    ends(61),
)


@dataclass
class Endpoint:
    client: AsyncClient
    uploads: Uploads
    announcements: Announcements
    workspace: Path

    async def send(
        self, events: bytes | None, audio: dict[str, bytes], *, meeting: str | None = MEETING
    ) -> Response:
        parts = [("audio", (name, body)) for name, body in audio.items()]
        if events is not None:
            parts.insert(0, ("events", ("events.xml", events)))
        data = {} if meeting is None else {"meeting_id": meeting}
        return await self.client.post("/webhooks/bigbluebutton", data=data, files=parts)


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    uploads, announcements = Uploads(), Announcements()
    meetings = bigbluebutton.Meetings(HandIn(uploads, announcements), Archives())
    router = bigbluebutton.router(ACCESS, forms(tmp_path, size=LARGEST), meetings)
    async with client_of(router) as client:
        yield Endpoint(client, uploads, announcements, tmp_path)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(STARTED + seconds, UTC)


async def test_a_meeting_is_announced_from_when_its_audio_starts(endpoint: Endpoint) -> None:
    answer = await endpoint.send(EVENTS, {FIRST: b"sound"})
    assert answer.status_code == 200
    assert answer.json()["recordings"] == [str(recording_id(TENANT, "bigbluebutton", MEETING))]
    (made,) = endpoint.announcements.made
    assert (made.external_id, made.title, made.started_at, made.ended_at) == (MEETING, TITLE, at(6.5), at(60))
    assert made.metadata is not None
    assert made.metadata.kind is MetadataKind.BIGBLUEBUTTON
    assert endpoint.uploads.at(made.mix) == b"sound"
    account = endpoint.uploads.at(made.metadata.location)
    assert b"w_anna" in account
    assert b"off the record" not in account
    assert not any(MEETING in key for _, key in endpoint.uploads.bodies)
    assert list(endpoint.workspace.iterdir()) == []


@pytest.mark.parametrize(
    ("told", "owners"),
    [
        ({"minutier-owner": " Anna@Example.org "}, ["anna@example.org"]),
        ({"minutier-owner": "Anna"}, []),
        ({"bbb-origin-server-name": "learning.example.org"}, []),
    ],
)
async def test_it_is_whose_the_creator_of_the_meeting_says(
    endpoint: Endpoint, told: dict[str, str], owners: list[str]
) -> None:
    events = document(joins(1, "w_anna", "Anna"), records(FIRST, 6.5, 60), marks(10, 50), metadata=told)
    await endpoint.send(events, {FIRST: b"sound"})
    (made,) = endpoint.announcements.made
    assert [(each.part, each.subject, each.email) for each in made.people] == [
        ("owner", None, email) for email in owners
    ]


async def test_each_further_file_is_a_recording_with_an_account_of_its_own(endpoint: Endpoint) -> None:
    events = document(records(FIRST, 1, 20), records(SECOND, 30, 50), marks(0), ends(60))
    answer = await endpoint.send(events, {SECOND: b"later", FIRST: b"earlier"})
    assert len(answer.json()["recordings"]) == 2
    made = {each.external_id: each for each in endpoint.announcements.made}
    assert set(made) == {MEETING, f"{MEETING}/2"}
    assert endpoint.uploads.at(made[MEETING].mix) == b"earlier"
    assert endpoint.uploads.at(made[f"{MEETING}/2"].mix) == b"later"
    accounts = [each.metadata.location for each in made.values() if each.metadata]
    assert len(set(accounts)) == 2
    assert all(endpoint.uploads.at(location) for location in accounts)


async def test_files_of_single_participants_are_one_recording(endpoint: Endpoint) -> None:
    events = document(
        joins(1, "w_anna", "Anna"),
        joins(2, "w_ben", "Ben"),
        publishes("w_anna", "anna.ogg", 3, 60),
        publishes("w_ben", "ben.ogg", 5.25, 60),
        publishes("w_ben", "screen.ogg", 30, 40, source="screen_share_audio"),
        publishes("w_ben", "before.ogg", 0.5, 1),
        marks(2),
        ends(60),
    )
    audio = {"ben.ogg": b"ben", "anna.ogg": b"anna", "screen.ogg": b"film", "before.ogg": b"private"}
    answer = await endpoint.send(events, audio)
    assert answer.json()["left_out"] == 1
    (made,) = endpoint.announcements.made
    assert (made.external_id, made.mix, made.started_at) == (MEETING, None, at(3))
    assert [
        (track.participant, track.external_id, track.offset, endpoint.uploads.at(track.location))
        for track in made.tracks
    ] == [
        ("Anna", "w_anna", 0, b"anna"),
        ("Ben", "w_ben", 2.25, b"ben"),
        ("Ben · screen", None, 27, b"film"),
    ]


async def test_a_meeting_that_nobody_recorded_leaves_nothing(endpoint: Endpoint) -> None:
    events = document(joins(1, "w_anna", "Anna"), records(FIRST, 6.5, 60), ends(61))
    answer = await endpoint.send(events, {FIRST: b"private"})
    assert (answer.status_code, answer.json()["recordings"]) == (200, [])
    assert "Nobody started the recording" in answer.json()["detail"]
    assert endpoint.uploads.bodies == {}
    assert endpoint.announcements.made == []


async def test_a_file_outside_the_marks_or_in_no_event_is_left_out(endpoint: Endpoint) -> None:
    events = document(records(FIRST, 1, 20), records(SECOND, 30, 50), marks(0, 25), ends(60))
    answer = await endpoint.send(events, {FIRST: b"meeting", SECOND: b"private", "stray.opus": b"of when?"})
    assert (len(answer.json()["recordings"]), answer.json()["left_out"]) == (1, 2)
    assert len(endpoint.uploads.bodies) == 2
    assert b"private" not in endpoint.uploads.bodies.values()


async def test_the_same_meeting_sent_twice_is_one_recording_and_one_upload(endpoint: Endpoint) -> None:
    first, second = [await endpoint.send(EVENTS, {FIRST: b"sound"}) for _ in range(2)]
    assert second.json() == first.json()
    assert len(endpoint.announcements.made) == 1
    assert len(endpoint.uploads.bodies) == 2


async def test_what_could_not_be_announced_is_not_kept_and_can_be_sent_again(endpoint: Endpoint) -> None:
    endpoint.announcements.failures = 1
    answer = await endpoint.send(EVENTS, {FIRST: b"sound"})
    assert answer.status_code == 500
    assert endpoint.uploads.bodies == {}
    assert (await endpoint.send(EVENTS, {FIRST: b"sound"})).status_code == 200


@pytest.mark.parametrize(
    ("events", "audio", "meeting", "status", "said"),
    [
        (EVENTS, {FIRST: b""}, None, 422, "'meeting_id'"),
        (EVENTS, {FIRST: b""}, "x" * 201, 422, "'meeting_id'"),
        (EVENTS, {FIRST: b""}, "two\nlines", 422, "'meeting_id'"),
        (None, {FIRST: b""}, MEETING, 422, "'events'"),
        (b"<html/>", {FIRST: b""}, MEETING, 422, "no events.xml"),
        (EVENTS, {}, MEETING, 422, "'audio'"),
        (EVENTS, {"of-another.opus": b""}, MEETING, 422, "none of the files"),
        (EVENTS, {FIRST: bytes(LARGEST)}, MEETING, 413, str(LARGEST)),
    ],
)
async def test_what_is_no_meeting_is_a_problem_that_says_what_to_send(
    endpoint: Endpoint,
    events: bytes | None,
    audio: dict[str, bytes],
    meeting: str | None,
    status: int,
    said: str,
) -> None:
    answer = await endpoint.send(events, audio, meeting=meeting)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]
    assert endpoint.announcements.made == []
    assert endpoint.uploads.bodies == {}
    assert list(endpoint.workspace.iterdir()) == []


async def test_more_participants_than_an_announcement_holds_are_a_problem(endpoint: Endpoint) -> None:
    users = [f"w_{number}" for number in range(201)]
    tracks = [publishes(user, f"{user}.ogg", 1, 50) for user in users]
    answer = await endpoint.send(
        document(*tracks, marks(0), ends(60)), {f"{user}.ogg": b"" for user in users}
    )
    assert (answer.status_code, endpoint.uploads.bodies) == (422, {})
    assert "200" in answer.json()["detail"]


async def test_long_names_are_cut_to_what_an_announcement_holds(endpoint: Endpoint) -> None:
    events = document(
        joins(1, "w_anna", "A" * 500),
        publishes("w_anna", "anna.ogg", 1, 50),
        publishes("w_anna", "screen.ogg", 1, 50, source="screen_share_audio"),
        [event("RecordStatusEvent", 0, module="PARTICIPANT", status="true")],
        title="T" * 500,
    )
    assert (await endpoint.send(events, {"anna.ogg": b"", "screen.ogg": b""})).status_code == 200
    (made,) = endpoint.announcements.made
    assert made.title == "T" * 300
    assert [len(track.participant) for track in made.tracks] == [200, 200]


async def test_who_has_no_key_is_not_let_in(endpoint: Endpoint) -> None:
    endpoint.client.headers["Authorization"] = "Bearer another key of sixteen characters"
    assert (await endpoint.send(EVENTS, {FIRST: b"sound"})).status_code == 401


async def test_a_slash_after_the_address_is_no_other_address(endpoint: Endpoint) -> None:
    files = [("events", ("events.xml", EVENTS)), ("audio", (FIRST, b"sound"))]
    answer = await endpoint.client.post("/webhooks/bigbluebutton/", data={"meeting_id": MEETING}, files=files)
    assert answer.status_code == 200
