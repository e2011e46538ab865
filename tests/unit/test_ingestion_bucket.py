"""What a store tells of its buckets, and which of it is a recording."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from minio.datatypes import EventIterable
from pydantic import ValidationError
from urllib3.response import HTTPResponse

from minutier.ingestion import api
from minutier.ingestion.access import Access
from minutier.ingestion.domain import Announced, Identity
from minutier.ingestion.sources import bucket
from minutier.ingestion.sources.bucket import BucketNotifications, Notification
from minutier.ingestion.sources.bucket_objects import BucketObject
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.events import Announcement
from minutier.schemas.references import Location
from tests.support.bucket_events import amazon_record, minio_record, notification

API_KEY = "a-key-of-acme-meetings"


class Announcements:
    """What was announced, each once."""

    def __init__(self) -> None:
        self.made: dict[Identity, tuple[Announcement, str | None]] = {}

    async def announce(
        self, tenant: str, announcement: Announcement, *, etag: str | None = None
    ) -> Announced:
        identity = Identity(tenant, announcement.source, announcement.external_id)
        new = identity not in self.made
        self.made[identity] = announcement, etag
        return Announced(identity.recording_id, new=new)

    @property
    def locations(self) -> list[tuple[str, Any]]:
        return [(identity.tenant, announcement.mix) for identity, (announcement, _) in self.made.items()]


@pytest.fixture
def announced() -> Announcements:
    return Announcements()


@pytest.fixture
def notifications(announced: Announcements) -> BucketNotifications:
    tenants = Tenants(
        {
            "acme": Tenant.model_validate({"api_key": API_KEY, "buckets": ["visio"]}),
            "globex": Tenant.model_validate({"api_key": "a-key-of-globex-meetings", "buckets": ["globex"]}),
        }
    )
    return BucketNotifications(tenants, announced)


@pytest.fixture
async def http(notifications: BucketNotifications) -> AsyncIterator[httpx.AsyncClient]:
    app = api.build([bucket.router(Access(notifications.tenants, operator_key=None), notifications)])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://ingestion",
        headers={"Authorization": f"Bearer {API_KEY}"},
    ) as http:
        yield http


async def test_what_the_client_of_minio_hears_of_a_bucket_is_a_notification(
    http: httpx.AsyncClient, announced: Announcements
) -> None:
    """A store tells its client a line a notification; the client's own type reads them here."""
    told = b"\n".join(notification(minio_record("visio", f"{name}.mp4")) for name in "ab")
    response = HTTPResponse(io.BytesIO(told), preload_content=False)
    with EventIterable(lambda: response) as events:  # type: ignore[no-untyped-call]
        for event in (next(events), next(events)):
            answer = await http.post("/webhooks/s3", json=event)
            assert answer.json() == {"announced": 1, "ignored": 0}
    assert [where.key for _, where in announced.locations] == ["a.mp4", "b.mp4"]


async def test_several_records_are_announced_each_and_the_rest_is_counted(
    http: httpx.AsyncClient, announced: Announcements
) -> None:
    body = notification(
        minio_record("visio", "rec/a b+ü.mp4", versionId="v1"),
        amazon_record("visio", "rec/c d+é.ogg"),
        amazon_record("globex", "theirs.mp4"),
        amazon_record("visio", "gone.mp4", event="ObjectRemoved:Delete"),
        minio_record("visio", "rec/EG_a.json", contentType="application/json"),
    )
    for path, counted in (("/webhooks/s3", (2, 3)), ("/webhooks/s3/", (0, 5))):
        answer = await http.post(path, content=body)
        assert (answer.status_code, tuple(answer.json().values())) == (200, counted)
    assert announced.locations == [
        ("acme", Location(bucket="visio", key="rec/a b+ü.mp4", version_id="v1")),
        ("acme", Location(bucket="visio", key="rec/c d+é.ogg")),
    ]


async def test_what_the_store_publishes_itself_goes_to_whose_bucket_it_is(
    notifications: BucketNotifications, announced: Announcements
) -> None:
    told = await notifications.take_message(
        notification(
            minio_record("globex", "a.mp4"), minio_record("visio", "b.mp4"), minio_record("x-y", "c.mp4")
        )
    )
    assert (told.announced, told.ignored) == (2, 1)
    assert [tenant for tenant, _ in announced.locations] == ["globex", "acme"]
    with pytest.raises(ValidationError):
        await notifications.take_message(b"no notification")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"Records": [{}]}', b'{"Records": "all"}'])
async def test_what_is_no_notification_is_told_to_be_none(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/webhooks/s3", content=body)
    assert answer.status_code == 422
    assert "S3 bucket notification" in answer.json()["detail"]


async def test_a_store_that_tries_the_address_is_answered(http: httpx.AsyncClient) -> None:
    trial = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "visio"}
    assert (await http.post("/webhooks/s3", json=trial)).json() == {"announced": 0, "ignored": 0}


async def test_only_a_tenant_is_heard_and_only_so_much(http: httpx.AsyncClient) -> None:
    body = notification(minio_record("visio", "a.mp4"))
    for key in ("", "Bearer ", "Bearer another-key-of-nobody", API_KEY):
        answer = await http.post("/webhooks/s3", content=body, headers={"Authorization": key})
        assert answer.status_code == 401
    assert (await http.post("/webhooks/s3", content=b" " * (1024**2 + 1))).status_code == 413


@pytest.mark.parametrize(
    ("key", "content_type", "expected"),
    [
        ("a.mp4", None, True),
        ("A.MP4", "application/octet-stream", True),
        ("a", "audio/ogg; codecs=opus", True),
        ("a", "Video/WebM", True),
        ("a.ogg", "application/ogg", True),
        ("a.m3u8", "application/vnd.apple.mpegurl", True),
        ("a", None, False),
        ("a.json", "application/json", False),
        ("EG_abc.json", None, False),
        ("a.jpg", "image/jpeg", False),
        ("folder/", "application/x-directory", False),
        ("folder.mp4/", None, False),
        ("segment_00001.ts", "video/mp2t", False),
        ("segment_00001", "video/mp2t", False),
        ("segment_00001.m4s", "video/iso.segment", False),
    ],
)
def test_a_recording_is_told_by_its_type_or_its_name(
    key: str, content_type: str | None, expected: bool
) -> None:
    found = BucketObject(Location(bucket="visio", key=key), content_type=content_type)
    assert found.is_recording is expected


async def test_a_playlist_is_not_announced_while_it_grows(
    notifications: BucketNotifications, announced: Announcements
) -> None:
    await notifications.take_message(notification(minio_record("visio", "a.m3u8")))
    assert not announced.made


KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)


@given(key=KEYS.map(lambda key: key + ".mp4"), store=st.sampled_from([minio_record, amazon_record]))
def test_every_key_is_read_as_it_was_written(key: str, store: Any) -> None:
    (found,) = Notification.model_validate_json(notification(store("visio", key))).recordings
    assert found.location.key == key


@given(one=KEYS, other=KEYS, etag=st.sampled_from([None, "e1", "e2"]))
def test_an_object_has_an_id_of_its_own_that_does_not_repeat_its_name(
    one: str, other: str, etag: str | None
) -> None:
    tenant = Tenant(api_key="a-key-of-acme-meetings", buckets=frozenset({"visio"}))
    first, second = (
        BucketObject(Location(bucket="visio", key=key), etag=etag).announced_for(tenant)
        for key in (one, other)
    )
    assert (first.external_id == second.external_id) is (one == other)
    changed = BucketObject(Location(bucket="visio", key=one), etag="e3").announced_for(tenant)
    assert changed.external_id != first.external_id
    assert len(first.external_id) == len(json.dumps(first.external_id)) - 2 == 64
