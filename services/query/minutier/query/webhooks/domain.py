"""What applications are told, how it is signed, and when it is tried again."""

import base64
import hashlib
import hmac
import json
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from minutier.query.domain import Entry, recording

# Between the attempts of one delivery: 10 s, 40 s, … and 18 hours at last, about three days in all.
ATTEMPTS = 11
_FIRST = timedelta(seconds=10)
_GROWTH = 4
_LONGEST = timedelta(hours=18)
# Receivers that failed together do not come back to be asked together.
_JITTER = 0.2

# So many attempts, over so long and without one that succeeded, pause a webhook.
PAUSE_ATTEMPTS = 10
PAUSE_AFTER = timedelta(hours=24)

# How long the secret before a rotation still signs.
ROTATION = timedelta(hours=24)
# How long a delivery and what came of it are kept.
KEPT = timedelta(days=30)
# How many attempts of a delivery are remembered, those that were asked for by hand included.
REMEMBERED = 50

# Each is asked by itself, so that a slow one keeps none waiting.
MOST_WEBHOOKS = 10

_GONE = 410
_SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"


class Topic(StrEnum):
    """What may be told; a webhook is told those that it asks for."""

    RECORDING_COMPLETED = "recording.completed"
    RECORDING_FAILED = "recording.failed"
    RECORDING_REJECTED = "recording.rejected"
    RECORDING_CANCELLED = "recording.cancelled"
    TRANSCRIPT_READY = "transcript.ready"
    TRANSCRIPT_EDITED = "transcript.edited"
    MINUTES_READY = "minutes.ready"


# What a test sends, whatever a webhook asks for.
TEST = "webhook.test"


class WebhookState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"


class PauseReason(StrEnum):
    """Why a webhook is paused."""

    ASKED = "asked"
    FAILING = "failing"
    GONE = "gone"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Fault(StrEnum):
    """Why nothing was answered."""

    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Webhook:
    """An application's address; ``failures`` counts attempts since the last that succeeded.

    A webhook that is paused is told what happened meanwhile once it is resumed.
    """

    id: UUID
    url: str
    events: tuple[str, ...]
    description: str
    state: WebhookState
    reason: PauseReason | None
    failures: int
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Attempt:
    """One request: what was answered, after how long, or why nothing was."""

    at: datetime
    seconds: float
    status: int | None = None
    fault: Fault | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Answer:
    """What a receiver answered; ``retry_after`` is how long it wants to be left alone."""

    status: int | None = None
    fault: Fault | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Delivery:
    """What one webhook is told; ``attempts`` has the earliest first."""

    id: UUID
    event: str
    recording_id: UUID | None
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Claimed:
    """A delivery in this process's hands until the lease ends; ``tries`` counts those before."""

    id: UUID
    webhook_id: UUID
    tenant: str
    claim: UUID
    url: str
    secrets: tuple[str, ...]
    body: str
    tries: int


@dataclass(frozen=True)
class Following:
    """What comes of a delivery after an attempt."""

    state: DeliveryState
    next_attempt_at: datetime | None = None


def news(after: Entry, told_by: UUID) -> tuple[Topic, ...]:
    """What is to be told of a recording since the event ``told_by`` is one of its facts."""
    earlier = {event_id: fact for event_id, fact in after.facts.items() if event_id != told_by}
    before = replace(after, facts=earlier)
    told = []
    if after.transcript is not None and after.transcript != before.transcript:
        told.append(Topic.TRANSCRIPT_READY)
    if after.minutes is not None and after.minutes != before.minutes:
        told.append(Topic.MINUTES_READY)
    state = recording(after).state
    entered = f"recording.{state.value}"
    if state is not recording(before).state and entered in set(Topic):
        told.append(Topic(entered))
    return tuple(told)


def body_of(topic: Topic, entry: Entry, at: datetime) -> str:
    """Identifiers, states, figures and links, and nothing that anybody said or is called."""
    shown = recording(entry)
    here = f"/api/v1/recordings/{entry.id}"
    data = {
        "recording_id": str(entry.id),
        "state": shown.state.value,
        "reason": shown.reason,
        "language": shown.language,
        "duration": shown.duration,
        "total_seconds": shown.total_seconds,
        "links": {
            "recording": here,
            **({"transcript": f"{here}/transcript"} if entry.transcript else {}),
            **({"minutes": f"{here}/minutes"} if entry.minutes else {}),
        },
    }
    return _body(topic, at, data)


def trial_body(webhook_id: UUID, at: datetime) -> str:
    return _body(TEST, at, {"webhook_id": str(webhook_id)})


def _body(event: str, at: datetime, data: dict[str, Any]) -> str:
    return json.dumps({"type": event, "timestamp": at.isoformat(), "data": data}, separators=(",", ":"))


def new_secret() -> str:
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed(delivery_id: UUID, at: datetime, body: str, keys: Sequence[str]) -> dict[str, str]:
    """The headers by which a receiver knows who has sent ``body`` and when (Standard Webhooks).

    The id is the same for every attempt, so that what comes twice is known.
    """
    message_id, timestamp = f"msg_{delivery_id.hex}", str(math.floor(at.timestamp()))
    content = f"{message_id}.{timestamp}.{body}".encode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(key, content)}" for key in keys),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def following(tries: int, answer: Answer, at: datetime, *, chance: float) -> Following:
    """What comes of a delivery whose attempt number ``tries`` ended ``at``.

    ``chance`` is from 0 to 1. A receiver that is gone for good is not asked again.
    """
    if answer.status is not None and 200 <= answer.status < 300:
        return Following(DeliveryState.DELIVERED)
    if tries >= ATTEMPTS or answer.status == _GONE:
        return Following(DeliveryState.FAILED)
    delay = min(_FIRST * _GROWTH ** (tries - 1), _LONGEST) * (1 + _JITTER * (2 * chance - 1))
    wanted = min(answer.retry_after or timedelta(), _LONGEST)
    return Following(DeliveryState.PENDING, at + max(delay, wanted))


def after_attempt(webhook: Webhook, attempt: Attempt) -> Webhook:
    """``webhook`` after one of its deliveries was tried: what fails for too long is paused."""
    if attempt.succeeded:
        return replace(webhook, failures=0, failing_since=None)
    failed = replace(
        webhook, failures=webhook.failures + 1, failing_since=webhook.failing_since or attempt.at
    )
    if webhook.state is WebhookState.PAUSED:
        return failed
    if attempt.status == _GONE:
        return paused(failed, PauseReason.GONE)
    assert failed.failing_since is not None
    if failed.failures >= PAUSE_ATTEMPTS and attempt.at - failed.failing_since >= PAUSE_AFTER:
        return paused(failed, PauseReason.FAILING)
    return failed


def paused(webhook: Webhook, reason: PauseReason) -> Webhook:
    return replace(webhook, state=WebhookState.PAUSED, reason=reason)


def resumed(webhook: Webhook) -> Webhook:
    """Its failures are forgotten, so that it is not paused again by the first one."""
    return replace(webhook, state=WebhookState.ACTIVE, reason=None, failures=0, failing_since=None)
