from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from minutier.ingestion.signing import sign, verify
from minutier.schemas.clock import now

PATH = "/api/v2/results/7c1d"
KEY = "a key that nobody else has"


def query(*, lasting: timedelta = timedelta(hours=1), method: str = "GET") -> tuple[int, str]:
    fields = parse_qs(sign(PATH, key=KEY, expires=now() + lasting, method=method))
    return int(fields["expires"][0]), fields["signature"][0]


def test_what_was_signed_opens_until_it_expires() -> None:
    expires, signature = query()
    assert verify(PATH, key=KEY, expires=expires, signature=signature)


def test_an_expired_signature_opens_nothing() -> None:
    expires, signature = query(lasting=timedelta(seconds=-1))
    assert not verify(PATH, key=KEY, expires=expires, signature=signature)


@pytest.mark.parametrize(
    ("path", "key", "later", "method"),
    [
        ("/api/v2/results/7c1e", KEY, 0, "GET"),
        (PATH, "another tenant's key", 0, "GET"),
        (PATH, KEY, 1, "GET"),
        (PATH, KEY, 0, "PUT"),
    ],
)
def test_a_signature_opens_one_path_with_one_key_and_method_until_one_time(
    path: str, key: str, later: int, method: str
) -> None:
    expires, signature = query()
    assert not verify(path, key=key, expires=expires + later, signature=signature, method=method)


def test_a_signature_that_is_no_text_of_ours_is_only_wrong() -> None:
    expires, _ = query()
    assert not verify(PATH, key=KEY, expires=expires, signature="é" * 64)
