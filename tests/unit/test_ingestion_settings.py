import pytest

from minutier.ingestion.settings import IngestionSettings
from minutier.shared.settings import InvalidSettings


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
    ],
)
def test_what_cannot_be_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"MINUTIER_INGESTION_{name}", value)
    with pytest.raises(InvalidSettings):
        IngestionSettings()
