"""Addresses that let in whoever has them, for a while: signed with HMAC-SHA256 (RFC 2104)."""

import hmac
from datetime import datetime
from urllib.parse import urlencode

from minutier.schemas.clock import now


def sign(path: str, *, key: str, expires: datetime, method: str = "GET") -> str:
    """The query that opens ``path`` to ``method`` until ``expires``, in whole seconds."""
    until = int(expires.timestamp())
    return urlencode({"expires": until, "signature": _signature(method, path, key, until)})


def verify(path: str, *, key: str, expires: int, signature: str, method: str = "GET") -> bool:
    """Whether `sign` made this query with ``key``, and its time has not passed.

    How long that takes does not tell how much of a signature was right.
    """
    right = hmac.compare_digest(_signature(method, path, key, expires).encode(), signature.encode())
    return right and now().timestamp() < expires


def _signature(method: str, path: str, key: str, until: int) -> str:
    return hmac.new(key.encode(), f"{method}\n{path}\n{until}".encode(), "sha256").hexdigest()
