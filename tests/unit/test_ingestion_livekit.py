"""LiveKit's webhooks: who has signed one, and what an egress comes to."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from livekit.protocol.egress import (
    DirectFileOutput,
    EgressInfo,
    EncodedFileOutput,
    FileInfo,
    ParticipantEgressRequest,
    RoomCompositeEgressRequest,
    S3Upload,
    SegmentedFileOutput,
    SegmentsInfo,
    StreamInfo,
    StreamOutput,
    TrackEgressRequest,
)
from livekit.protocol.webhook import WebhookEvent

from minutier.ingestion import api
from minutier.ingestion.access import Access
from minutier.ingestion.sources import livekit
from minutier.ingestion.sources.livekit_egress import announcement, makes_recordings, results
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.events import MetadataKind
from minutier.schemas.references import Location
from tests.support import livekit_events
from tests.support.livekit_events import KEY, SECRET, Webhook, egress, recorded, signed, webhook

BUCKETS = frozenset({"visio"})
SEVERAL = frozenset({"visio", "archive"})


def tenant(**settings: Any) -> Tenant:
    return Tenant.model_validate({"api_key": "a-key-of-16-chars", "buckets": BUCKETS} | settings)


@dataclass
class Heard:
    """What came through the door."""

    events: list[tuple[str, WebhookEvent]] = field(default_factory=list)

    async def take(self, tenant: str, settings: Tenant, event: WebhookEvent) -> None:
        self.events.append((tenant, event))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def http(heard: Heard) -> AsyncIterator[httpx.AsyncClient]:
    tenants = Tenants(
        {
            "acme": tenant(livekit_api_key=KEY, livekit_api_secret=SECRET),
            "globex": tenant(
                livekit_api_key="APIother",
                livekit_api_secret="another-secret-of-some-32-characters",
                buckets=(),
            ),
            "initech": tenant(buckets=()),
        }
    )
    app = api.build([livekit.router(Access(tenants, operator_key=None), heard.take)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingestion") as http:
        yield http


async def post(http: httpx.AsyncClient, webhook: Webhook, path: str = "/webhooks/livekit") -> httpx.Response:
    return await http.post(path, content=webhook.body, headers=webhook.headers)


def token(body: bytes = b"{}", *, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> Webhook:
    """As signed by a server, but for ``claims``; ``None`` takes one away."""
    present = int(time.time())
    whole = jwt.decode(signed(body).authorization, options={"verify_signature": False})
    whole |= {"nbf": present, "exp": present + 300} | claims
    kept = {name: claim for name, claim in whole.items() if claim is not None}
    return Webhook(body, jwt.PyJWS().encode(json.dumps(kept).encode(), secret, algorithm=algorithm))


@pytest.mark.parametrize("path", ["/webhooks/livekit", "/webhooks/livekit/"])
@pytest.mark.parametrize("prefix", ["", "Bearer "])
async def test_a_signed_event_is_heard_as_its_tenants(
    http: httpx.AsyncClient, heard: Heard, path: str, prefix: str
) -> None:
    sent = webhook(recorded("a.mp4"))
    answer = await post(http, Webhook(sent.body, prefix + sent.authorization), path)
    assert answer.status_code == 204
    ((name, event),) = heard.events
    assert (name, event.event, event.egress_info.egress_id) == ("acme", "egress_ended", "EG_one")


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "make",
    [
        lambda: Webhook(b"{}", ""),
        lambda: Webhook(b"{}", "no.token.atall"),
        lambda: signed(b"{}", key="APIunheard"),
        lambda: signed(b"{}", secret="another-secret-of-some-32-characters"),
        lambda: signed(b"{}", key="APIother"),
        lambda: Webhook(b'{"event":"egress_ended"}', signed(b"{}").authorization),
        lambda: token(sha256=None),
        lambda: token(sha256=""),
        lambda: token(sha256="not base64"),
        lambda: token(sha256="é"),
        lambda: token(nbf=int(time.time()) - 301, exp=int(time.time()) + 3600),
        lambda: token(nbf=None, iat=int(time.time()) - 301),
        lambda: token(nbf=None),
        lambda: token(nbf="yesterday"),
        lambda: token(exp=int(time.time()) - 120),
        lambda: token(exp=None),
        lambda: token(nbf=int(time.time()) + 300),
        lambda: token(iss=7),
        lambda: token(iss=None),
        lambda: token(algorithm="HS512"),
        lambda: Webhook(b"{}", jwt.encode({"iss": KEY}, "", algorithm="none")),
    ],
)
async def test_whatever_is_not_signed_just_now_by_a_known_server_is_refused_alike(
    http: httpx.AsyncClient, heard: Heard, make: Callable[[], Webhook]
) -> None:
    answer = await post(http, make())
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json() == (await post(http, Webhook(b"", ""))).json()
    assert not heard.events


async def test_a_server_without_nbf_may_say_when_it_signed_otherwise(
    http: httpx.AsyncClient, heard: Heard
) -> None:
    assert (await post(http, token(nbf=None, iat=int(time.time()) - 200))).status_code == 204
    assert len(heard.events) == 1


async def test_unknown_fields_events_and_states_are_accepted(http: httpx.AsyncClient, heard: Heard) -> None:
    event = {
        "event": "egress_paused",
        "id": "EV_new",
        "createdAt": "1764000000",
        "mood": {"of": "the room"},
        "egressInfo": {"egressId": "EG_new", "status": "EGRESS_PAUSED", "colour": 7},
    }
    assert (await post(http, signed(json.dumps(event).encode()))).status_code == 204
    assert heard.events[0][1].egress_info.egress_id == "EG_new"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b'{"event": 7}', b"{", b'"egress_ended"', b"[]", b'{"a":' * 100_000]
)
async def test_what_is_signed_and_is_no_event_is_told_to_be_none(
    http: httpx.AsyncClient, heard: Heard, body: bytes
) -> None:
    answer = await post(http, signed(body))
    assert answer.status_code == 422
    assert not heard.events


async def test_an_egress_of_more_results_than_any_has_is_refused(
    http: httpx.AsyncClient, heard: Heard
) -> None:
    info = {"egressId": "EG_one", "fileResults": [{}] * 201}
    body = json.dumps({"event": "egress_ended", "egressInfo": info}).encode()
    assert (await post(http, signed(body))).status_code == 422
    assert not heard.events


async def test_a_body_of_more_than_a_megabyte_is_refused(http: httpx.AsyncClient) -> None:
    assert (await post(http, signed(b" " * (1024**2 + 1)))).status_code == 413


def test_a_room_is_announced_with_its_times_and_where_it_lies() -> None:
    info = recorded("rec/a.mp4", bucket="visio")
    (result,) = results(info)
    location = result.location(SEVERAL)
    assert location == Location(bucket="visio", key="rec/a.mp4")
    told = announcement(info, result, location, tenant())
    assert (told.source, told.external_id, told.title) == ("livekit", "EG_one", "sprint-review")
    assert (told.mix, told.tracks, told.metadata) == (location, (), None)
    seconds = livekit_events.STARTED_AT / 1e9
    assert told.started_at == datetime.fromtimestamp(seconds, UTC)
    assert told.ended_at == datetime.fromtimestamp(seconds + 60, UTC)


def test_the_account_of_a_meeting_is_looked_for_where_the_tenant_says() -> None:
    info = recorded("rec/a.b.ogg", bucket="visio")
    (result,) = results(info)
    location = Location(bucket="visio", key="rec/a.b.ogg")
    told = announcement(info, result, location, tenant(metadata_key="metadata/{stem}-metadata.json"))
    assert told.metadata is not None
    assert told.metadata.kind is MetadataKind.LASUITE_MEET
    assert told.metadata.location == Location(bucket="visio", key="metadata/a.b-metadata.json")


def test_each_file_and_each_playlist_is_a_recording_and_the_first_has_the_egresss_id() -> None:
    info = egress(
        room_composite=RoomCompositeEgressRequest(
            file_outputs=[EncodedFileOutput(s3=S3Upload(bucket="visio"))],
            segment_outputs=[SegmentedFileOutput(s3=S3Upload(bucket="archive"))],
        ),
        file_results=[FileInfo(filename="a.mp4")],
        segment_results=[SegmentsInfo(playlist_name="hls/a.m3u8")],
    )
    assert [(result.external_id, result.location(SEVERAL)) for result in results(info)] == [
        ("EG_one", Location(bucket="visio", key="a.mp4")),
        ("EG_one/2", Location(bucket="archive", key="hls/a.m3u8")),
    ]


def test_an_egress_of_a_participant_is_their_track() -> None:
    info = egress(
        participant=ParticipantEgressRequest(identity="anna"), file_results=[FileInfo(filename="anna.ogg")]
    )
    (result,) = results(info)
    location = Location(bucket="visio", key="anna.ogg")
    told = announcement(info, result, location, tenant())
    assert told.mix is None
    assert [(track.participant, track.external_id, track.location) for track in told.tracks] == [
        ("anna", "anna", location)
    ]


@pytest.mark.parametrize(
    ("told", "address", "asked", "buckets", "expected"),
    [
        ("a.mp4", "", "visio", SEVERAL, ("visio", "a.mp4")),
        ("/a.mp4", "", "visio", BUCKETS, ("visio", "a.mp4")),
        ("s3://visio/b/a.mp4", "", None, SEVERAL, ("visio", "b/a.mp4")),
        ("a.mp4", "", None, BUCKETS, ("visio", "a.mp4")),
        ("a.mp4", "https://archive.s3.amazonaws.com/a.mp4", None, SEVERAL, ("archive", "a.mp4")),
        ("a.mp4", "http://store:9000/archive/a.mp4", None, SEVERAL, ("archive", "a.mp4")),
        ("a.mp4", "https://visio.s3.amazonaws.com/prefix/a.mp4", "visio", SEVERAL, ("visio", "prefix/a.mp4")),
        ("b/a.mp4", "http://store:9000/visio/p/b/a.mp4?X=1", None, BUCKETS, ("visio", "p/b/a.mp4")),
        ("réunion.mp4", "http://store/visio/p/r%C3%A9union.mp4", None, BUCKETS, ("visio", "p/réunion.mp4")),
        ("a.mp4", "https://visio.s3.amazonaws.com/another.mp4", "visio", BUCKETS, ("visio", "a.mp4")),
        ("a.mp4", "", None, SEVERAL, None),
        ("a.mp4", "", None, frozenset(), None),
        ("a.mp4", "", "elsewhere", BUCKETS, None),
        ("s3://elsewhere/a.mp4", "", "visio", BUCKETS, None),
        ("", "", "visio", BUCKETS, None),
    ],
)
def test_a_result_lies_in_a_bucket_of_the_tenants_or_nowhere(
    told: str, address: str, asked: str | None, buckets: frozenset[str], expected: tuple[str, str] | None
) -> None:
    output = EncodedFileOutput(s3=S3Upload(bucket=asked) if asked else None)
    info = egress(
        room_composite=RoomCompositeEgressRequest(file_outputs=[output]),
        file_results=[FileInfo(filename=told, location=address)],
    )
    location = results(info)[0].location(buckets)
    assert (None if location is None else (location.bucket, location.key)) == expected


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (egress(), True),
        (egress(room_composite=RoomCompositeEgressRequest(file_outputs=[EncodedFileOutput()])), True),
        (egress(room_composite=RoomCompositeEgressRequest(file=EncodedFileOutput(filepath="a"))), True),
        (egress(room_composite=RoomCompositeEgressRequest(stream_outputs=[StreamOutput()])), False),
        (egress(track=TrackEgressRequest(file=DirectFileOutput(filepath="a"))), True),
        (egress(track=TrackEgressRequest(websocket_url="wss://a")), False),
        (egress(stream_results=[StreamInfo()], room_composite=RoomCompositeEgressRequest()), False),
    ],
)
def test_a_broadcast_is_no_recording(info: EgressInfo, expected: bool) -> None:
    assert makes_recordings(info) is expected


async def test_a_broadcast_that_ends_touches_nothing() -> None:
    def never() -> AbstractAsyncContextManager[Any]:
        raise AssertionError

    register = livekit.EgressRegister(never, due_after=timedelta(hours=1))
    broadcast = egress(room_composite=RoomCompositeEgressRequest(stream_outputs=[StreamOutput()]))
    for event in ("egress_started", "egress_ended", "room_finished"):
        await register.take("acme", tenant(), WebhookEvent(event=event, egress_info=broadcast))
