from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError

from minutier.ingestion.sources.summary_requests import (
    SummaryWanted,
    TranscriptWanted,
    announcement,
    located,
)
from minutier.ingestion.tenants import Tenant
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import AnnouncedMetadata, MetadataKind
from minutier.schemas.references import Link, Location
from minutier.shared.settings import ObjectSettings

TENANT = Tenant(
    api_key=SecretStr("key-of-acme-for-the-tests"),
    buckets=frozenset({"meet"}),
    fetch_hosts=frozenset({"s3.meet.example.org", "files.example.org:8443"}),
)
STORE = ObjectSettings(endpoint="store.internal", secure=True)
DOCS = {"user_email": "docs@example.org", "title": "Weekly"}
URL = "https://store.internal/meet/recordings/1.ogg?X-Amz-Signature=abc"


def wanted(**fields: Any) -> TranscriptWanted:
    return TranscriptWanted.model_validate({"user_sub": "sub", "cloud_storage_url": URL} | fields)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (URL, "recordings/1.ogg"),
        ("https://store.internal:443/meet/recordings%2Fr%C3%A9union%201.ogg", "recordings/réunion 1.ogg"),
        ("https://STORE.internal/meet/a", "a"),
        ("http://s3.meet.example.org/meet/a", "a"),
        ("https://files.example.org:8443/meet/a", "a"),
        ("https://meet.store.internal/recordings/1.ogg", "recordings/1.ogg"),
        ("https://meet.store.internal/meet/a", "meet/a"),
        ("https://meet.files.example.org:8443/a%20b", "a b"),
    ],
)
def test_a_link_into_a_bucket_of_the_tenant_s_is_the_object_there(url: str, key: str) -> None:
    assert located(url, TENANT, STORE) == Location(bucket="meet", key=key)


@pytest.mark.parametrize(
    "url",
    [
        "https://store.internal/other/recordings/1.ogg",
        "https://store.internal/meet/",
        "https://store.internal/meet/../other/1.ogg",
        "https://store.internal/meet/%2e%2e/1.ogg",
        f"https://store.internal/meet/{'a' * 1025}",
        "https://store.internal/meet/a%00b",
        "http://store.internal/meet/a",
        "https://store.internal:9000/meet/a",
        "https://elsewhere.example.org/meet/a",
        "https://store.internal@elsewhere.example.org/meet/a",
        "https://files.example.org/meet/a",
        "https://other.store.internal/a",
        "https://other.store.internal/meet/a",
        "https://meet.store.internal/",
        "https://meet.elsewhere.example.org/a",
        "https://meetstore.internal/a",
        "https://meet.files.example.org/a",
        "https://store.internal:99999/meet/a",
        "https://[:::]/meet/a",
    ],
)
def test_any_other_link_stays_a_link(url: str) -> None:
    assert located(url, TENANT, STORE) == Link(url=url)


@pytest.mark.parametrize("names", [("started_at", "ended_at"), ("start_at", "end_at")])
def test_what_a_job_tells_of_its_recording_is_announced(names: tuple[str, str]) -> None:
    times = dict(zip(names, ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00+00:00"), strict=True))
    job_id = uuid4()
    told = announcement(
        wanted(metadata={"cloud_storage_url": URL.replace("ogg", "json")} | times), job_id, TENANT, STORE
    )
    assert (told.source, told.external_id) == ("lasuite-meet", str(job_id))
    assert told.mix == Location(bucket="meet", key="recordings/1.ogg")
    assert told.metadata == AnnouncedMetadata(
        kind=MetadataKind.LASUITE_MEET, location=Location(bucket="meet", key="recordings/1.json")
    )
    assert told.started_at is not None
    assert told.ended_at is not None
    assert (told.ended_at - told.started_at).total_seconds() == 3600


@pytest.mark.parametrize(
    ("fields", "email"),
    [
        ({}, None),
        ({"user_email": "anna@example.org", "push_to_docs_config": DOCS}, "anna@example.org"),
        ({"push_to_docs_config": DOCS}, "docs@example.org"),
    ],
)
def test_whoever_asks_is_the_owner(fields: dict[str, Any], email: str | None) -> None:
    told = announcement(wanted(**fields), uuid4(), TENANT, STORE)
    assert told.people == (Person(part=Part.OWNER, subject="sub", email=email),)


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ("fr", "fr"),
        ("fr-FR", "fr"),
        ("fr_fr", "fr"),
        ("NL-be", "nl"),
        ("auto", None),
        ("", None),
        (None, None),
    ],
)
def test_of_a_language_tag_the_language_counts(given: str | None, language: str | None) -> None:
    assert wanted(language=given).language == language
    assert wanted().language is None


def test_what_this_api_does_not_know_is_ignored() -> None:
    assert wanted(max_speakers=4, metadata=None, push_to_docs_config=None) == wanted()


@pytest.mark.parametrize(
    "fields",
    [
        {"user_sub": ""},
        {"user_sub": "a\0b"},
        {"user_email": "nobody"},
        {"language": "français"},
        {"cloud_storage_url": "file:///etc/passwd"},
        {"cloud_storage_url": "https://[::1/a"},
        {"cloud_storage_url": "https:///a"},
        {"push_to_docs_config": {"title": "Weekly"}},
        {"metadata": {"cloud_storage_url": URL, "started_at": "2026-11-24T10:00:00"}},
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        wanted(**fields)


def test_a_text_without_a_word_is_refused() -> None:
    with pytest.raises(ValidationError):
        SummaryWanted.model_validate({"user_sub": "sub", "content": " \n"})
