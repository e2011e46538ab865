"""Webhooks of a LiveKit server, of its own types, serialised and signed as it does."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from google.protobuf.json_format import MessageToJson
from livekit.api import AccessToken
from livekit.protocol.egress import (
    EGRESS_COMPLETE,
    EgressInfo,
    EgressStatus,
    EncodedFileOutput,
    FileInfo,
    RoomCompositeEgressRequest,
    S3Upload,
)
from livekit.protocol.webhook import WebhookEvent

KEY = "APIlivekit01"
SECRET = "a-secret-of-the-livekit-server-32ch"
CONTENT_TYPE = "application/webhook+json"
STARTED_AT = 1_764_000_000_123_456_789


@dataclass(frozen=True)
class Webhook:
    """A request as it comes over the wire."""

    body: bytes
    authorization: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": self.authorization, "Content-Type": CONTENT_TYPE}


def egress(id: str = "EG_one", *, status: EgressStatus = EGRESS_COMPLETE, **fields: Any) -> EgressInfo:
    """A room that was recorded, of which nothing has been made yet."""
    told: dict[str, Any] = {"room_name": "sprint-review", "room_id": "RM_one", "started_at": STARTED_AT}
    return EgressInfo(egress_id=id, status=status, **(told | fields))


def recorded(
    key: str, *, id: str = "EG_one", bucket: str | None = None, status: EgressStatus = EGRESS_COMPLETE
) -> EgressInfo:
    """A room whose recording lies at ``key``, and for which ``bucket`` was asked."""
    output = EncodedFileOutput(filepath=key, s3=S3Upload(bucket=bucket) if bucket else None)
    file = FileInfo(
        filename=key,
        location=f"https://{bucket or 'recordings'}.s3.amazonaws.com/{key}",
        started_at=STARTED_AT,
        ended_at=STARTED_AT + 60 * 10**9,
        duration=60 * 10**9,
        size=1000,
    )
    return egress(
        id,
        status=status,
        ended_at=STARTED_AT + 61 * 10**9,
        room_composite=RoomCompositeEgressRequest(room_name="sprint-review", file_outputs=[output]),
        file_results=[file],
    )


def webhook(
    info: EgressInfo,
    event: str = "egress_ended",
    *,
    key: str = KEY,
    secret: str = SECRET,
    id: str = "EV_one",
) -> Webhook:
    """``event`` about an egress, signed with the key and the secret of a server."""
    message = WebhookEvent(event=event, egress_info=info, id=id, created_at=STARTED_AT // 10**9)
    return signed(MessageToJson(message, indent=None).encode(), key=key, secret=secret)


def signed(body: bytes, *, key: str = KEY, secret: str = SECRET) -> Webhook:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    token = AccessToken(key, secret).with_ttl(timedelta(minutes=5)).with_sha256(digest)
    return Webhook(body, token.to_jwt())
