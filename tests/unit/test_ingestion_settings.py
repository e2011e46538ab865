import json
from typing import Any

import pytest

from minutier.ingestion.domain import Limits
from minutier.ingestion.settings import IngestionSettings
from minutier.ingestion.tenants import Tenant
from minutier.schemas.events import AnnouncedMetadata, MetadataKind
from minutier.schemas.references import Location
from minutier.shared.settings import DeliverySettings, InvalidSettings

ACME = {"api_key": "the key of the acme tenant"}


def test_announced_media_may_lie_among_the_uploads_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINUTIER_INGESTION_ALLOWED_BUCKETS", raising=False)
    assert IngestionSettings().allowed_buckets == {"uploads"}


def test_other_buckets_are_named_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINUTIER_INGESTION_ALLOWED_BUCKETS", '["uploads", "livekit-egress"]')
    assert IngestionSettings().allowed_buckets == {"uploads", "livekit-egress"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_BUCKETS", '["Not_A_Bucket"]'),
        ("ALLOWED_BUCKETS", '["recordings"]'),
        ("ALLOWED_BUCKETS", '["artefacts"]'),
        ("ALLOWED_BUCKETS", '["audit"]'),
        ("MAX_HOURS", "0"),
        ("MAX_BYTES", "-1"),
        ("DECODE_LIMIT_SECONDS", "0"),
        ("FETCH_LIMIT_SECONDS", "0"),
        ("ARRIVAL_SECONDS", "-1"),
        ("METADATA_SECONDS", "-1"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"MINUTIER_INGESTION_{name}", value)
    with pytest.raises(InvalidSettings):
        IngestionSettings()


@pytest.mark.parametrize(
    ("tenants", "said"),
    [
        ({"acme": {"api_key": "geheim"}}, "__ACME__API_KEY: has fewer than 16 characters; "),
        (
            {"acme": ACME | {"docs_url": "https://geheim.org"}},
            "__ACME: docs_url and docs_api_key go together",
        ),
        ({"acme": ACME | {"livekit_api_key": "geheim"}}, "__ACME: livekit_api_key and livekit_api_secret go"),
        ({"acme": ACME | {"owner": "geheim"}}, "__ACME__OWNER: "),
        ({"acme": ACME | {"bucket": "geheim"}}, "__ACME__BUCKET: is unknown; "),
        (
            {"acme": {"api_key": "geheim-geheim-é"}},
            "__ACME__API_KEY: has characters that no HTTP header holds",
        ),
        ({"acme": {"api_key": "geheim geheim\ngeheim"}}, "__ACME__API_KEY: has characters that no HTTP"),
        ({"acme": ACME | {"webhook_api_key": "geheim\n"}}, "__ACME__WEBHOOK_API_KEY: has characters that no"),
        ({"acme": ACME | {"buckets": ["uploads"]}}, "__ACME__BUCKETS__0: every tenant's uploads lie there; "),
        (
            {"acme": ACME | {"livekit_api_key": "geheim", "livekit_api_secret": ""}},
            "__ACME__LIVEKIT_API_SECRET: ",
        ),
        (
            {"acme": ACME | {"livekit_api_key": "", "livekit_api_secret": "geheim"}},
            "__ACME__LIVEKIT_API_KEY: ",
        ),
        ({"acme": ACME, "other": ACME}, ": two tenants share an api_key; give each its own"),
        (
            {
                "acme": ACME | {"buckets": ["geheim"]},
                "other": {"api_key": "the key of the other", "buckets": ["geheim"]},
            },
            ": two tenants share a bucket; give each its own",
        ),
    ],
)
def test_a_tenant_that_will_not_do_is_named_with_what_to_do_and_without_its_secrets(
    monkeypatch: pytest.MonkeyPatch, tenants: dict[str, Any], said: str
) -> None:
    monkeypatch.setenv("MINUTIER_INGESTION_TENANTS", json.dumps(tenants))
    with pytest.raises(InvalidSettings) as refused:
        IngestionSettings()
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"MINUTIER_INGESTION_TENANTS{said}")
    assert "geheim" not in line


def test_beside_a_recording_lies_the_account_that_the_tenant_s_server_writes() -> None:
    recording = Location(bucket="media", key="2026/weekly.ogg")
    livekit = Tenant.model_validate(ACME | {"metadata_key": "{stem}.ndjson", "metadata_kind": "livekit"})
    visio = Tenant.model_validate(ACME | {"metadata_key": "metadata/{stem}-metadata.json"})
    assert livekit.metadata_of(recording) == AnnouncedMetadata(
        kind=MetadataKind.LIVEKIT, location=Location(bucket="media", key="weekly.ndjson")
    )
    assert visio.metadata_of(recording) == AnnouncedMetadata(
        kind=MetadataKind.LASUITE_MEET, location=Location(bucket="media", key="metadata/weekly-metadata.json")
    )
    assert Tenant.model_validate(ACME).metadata_of(recording) is None


@pytest.mark.parametrize(
    ("hours", "size", "expected"),
    [
        (None, None, Limits(7200.0, 1000)),
        (1.0, None, Limits(3600.0, 1000)),
        (None, 10, Limits(7200.0, 10)),
        (100.0, 10**12, Limits(7200.0, 1000)),
    ],
)
def test_a_tenant_may_have_less_than_the_service_and_never_more(
    hours: float | None, size: int | None, expected: Limits
) -> None:
    tenant = Tenant(api_key="a-key-of-acme-meetings", max_hours=hours, max_bytes=size)
    settings = IngestionSettings(max_hours=2.0, max_bytes=1000, tenants={"acme": tenant})
    assert settings.limits_of("acme") == expected
    assert settings.limits_of("unheard-of") == Limits(7200.0, 1000)


def test_what_is_missing_is_rejected_before_the_last_attempt() -> None:
    delivery, patience = DeliverySettings(), IngestionSettings().patience
    delays = [
        min(delivery.retry_limit_seconds, delivery.retry_seconds * 3**number)
        for number in range(delivery.attempts - 1)
    ]
    assert sum(delays[:-1]) > patience.media > patience.account
