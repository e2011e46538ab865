import pytest

from minutier.ingestion.domain import Limits
from minutier.ingestion.settings import IngestionSettings
from minutier.ingestion.tenants import Tenant
from minutier.shared.settings import DeliverySettings, InvalidSettings


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
