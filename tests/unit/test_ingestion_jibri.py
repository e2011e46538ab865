"""What Jibri's finalize script sends."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.sources import jibri
from minutier.ingestion.sources.jibri import Session, read_session
from minutier.schemas.events import Announcement, recording_id
from tests.support.hand_in import ACCESS, TENANT, Announcements, Uploads, client_of, forms

SESSION = "kjzxnqgtwvfaplme"
FILM = "weekly_2026-03-02-10-00-00.mp4"
METADATA = {
    "meeting_url": "https://meet.example.org/R%C3%A9union%20d'%C3%A9quipe",
    "participants": [
        {"user": {"id": "1", "name": "Anna Möller", "avatar": "https://example.org/a.png"}, "group": "g"},
        {"user": {"id": "2", "name": "Ben"}},
        {"user": {"id": "1", "name": "Anna Möller"}},
    ],
    "share": True,
}


@dataclass
class Endpoint:
    client: AsyncClient
    uploads: Uploads
    announcements: Announcements

    async def send(self, metadata: bytes | None, films: int = 1, session: str = SESSION) -> Response:
        parts = [("recording", (FILM, f"film {number}".encode())) for number in range(films)]
        if metadata is not None:
            parts.append(("metadata", ("metadata.json", metadata)))
        return await self.client.post("/webhooks/jibri", data={"session": session}, files=parts)


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    uploads, announcements = Uploads(), Announcements()
    sessions = jibri.Sessions(HandIn(uploads, announcements))
    async with client_of(jibri.router(ACCESS, forms(tmp_path), sessions)) as client:
        yield Endpoint(client, uploads, announcements)


async def test_a_recording_has_its_rooms_name_and_who_was_there(endpoint: Endpoint) -> None:
    answer = await endpoint.send(json.dumps(METADATA).encode())
    assert answer.status_code == 200
    assert answer.json() == {"recordings": [str(recording_id(TENANT, "jibri", SESSION))], "purged": 0}
    (made,) = endpoint.announcements.made
    assert (made.external_id, made.title) == (SESSION, "Réunion d'équipe")
    assert made.participants == ("Anna Möller", "Ben")
    # Their ids are those of whoever made their tokens.
    assert made.people == ()
    assert endpoint.uploads.at(made.mix) == b"film 0"
    assert len(endpoint.uploads.bodies) == 1


async def test_several_films_of_a_session_are_several_recordings(endpoint: Endpoint) -> None:
    await endpoint.send(None, films=2)
    assert [made.external_id for made in endpoint.announcements.made] == [SESSION, f"{SESSION}/2"]


async def test_the_same_recording_sent_twice_is_one(endpoint: Endpoint) -> None:
    first, second = [await endpoint.send(None) for _ in range(2)]
    assert second.json() == first.json()
    assert len(endpoint.announcements.made) == len(endpoint.uploads.bodies) == 1


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"{" + b" " * 1024**2 + b"}",
        b'{"meeting_url": 7, "participants": "all"}',
        b'{"meeting_url": "https://[", "participants": [null, 1, {}, {"user": "A"}, {"user": {"name": 3}}]}',
        b'{"meeting_url": "https://meet.example.org/", "participants": [{"user": {"name": " \\u0000 "}}]}',
        b'{"participants": [{"user": {"name": "\\ud800"}}]}',
    ],
    ids=lambda body: (body or b"none")[:40].decode("latin-1"),
)
async def test_odd_metadata_loses_no_recording(endpoint: Endpoint, metadata: bytes | None) -> None:
    assert (await endpoint.send(metadata)).status_code == 200
    (made,) = endpoint.announcements.made
    assert (made.title, made.participants) == (None, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PARTICIPANT = JSON | st.fixed_dictionaries({"user": JSON | st.fixed_dictionaries({"name": JSON})})


@given(
    JSON
    | st.fixed_dictionaries({"meeting_url": JSON, "participants": JSON | st.lists(PARTICIPANT, max_size=600)})
)
def test_whatever_metadata_tells_can_be_announced(told: Any) -> None:
    session = read_session(json.dumps(told))
    Announcement(
        source="jibri",
        external_id=SESSION,
        title=session.room,
        participants=session.participants,
        mix={"bucket": "uploads", "key": "film"},
    )


def test_names_are_cut_to_what_an_announcement_holds() -> None:
    told = {
        "meeting_url": f"https://meet.example.org/{'r' * 500}",
        "participants": [{"user": {"name": "n" * 500}}],
    }
    assert read_session(json.dumps(told)) == Session("r" * 200, ("n" * 200,))


@pytest.mark.parametrize(
    ("films", "session", "said"),
    [(0, SESSION, "'recording'"), (1, "", "'session'"), (1, "s" * 201, "'session'")],
)
async def test_what_is_no_session_is_a_problem(
    endpoint: Endpoint, films: int, session: str, said: str
) -> None:
    answer = await endpoint.send(b"{}", films, session)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert said in answer.json()["detail"]
    assert endpoint.uploads.bodies == {}


async def test_who_has_no_key_is_not_let_in(endpoint: Endpoint) -> None:
    del endpoint.client.headers["Authorization"]
    assert (await endpoint.send(None)).status_code == 401
