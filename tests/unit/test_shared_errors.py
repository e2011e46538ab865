import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.schemas.events import Failed
from minutier.shared.errors import ObjectMissing, Permanent, code
from minutier.shared.worker import WorkerDied


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S3Error", "s3_error"),
        ("HTTPStatusError", "http_status_error"),
        ("OSError", "os_error"),
        ("_Private", "private"),
        ("error", "error"),
        ("Störung", "error"),
        ("_", "error"),
    ],
)
def test_a_class_is_named_as_a_code(name: str, expected: str) -> None:
    assert code(type(name, (Exception,), {})("Jeanne")) == expected


def test_own_errors_have_their_codes() -> None:
    assert (code(WorkerDied()), ObjectMissing().reason) == ("worker_died", "object_missing")


@given(st.from_regex(r"[^\W\d]\w{0,30}", fullmatch=True))
def test_every_code_may_be_told(name: str) -> None:
    reason = code(type(name, (Exception,), {})())
    assert Failed(stage="s", reason=reason, attempts=1).reason == Permanent(reason).reason


@pytest.mark.parametrize("reason", ["", "No such file: Jeanne.mp4", "a-b", "9", "a\n"])
def test_a_reason_is_a_code_and_no_text(reason: str) -> None:
    with pytest.raises(ValueError, match="snake case"):
        Permanent(reason)
