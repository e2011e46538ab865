"""Visio, simulated: what La Suite Meet's LiveKit, backend and Docs do around a recording."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from minio import Minio
from pyannote.database.util import load_rttm

from minutier.compose.people import PARTICIPANT
from tests.support import livekit_events
from tests.support.receiver import WEBHOOK_PATH, Receiver
from tests.support.scoring import sample

BUCKET = "meet-media-storage"
TENANT = "visio"
API_KEY = "key-of-visio-for-the-tests"
WEBHOOK_KEY, DOCS_KEY = "key-for-visio's-webhook", "key-for-visio's-docs"
# Whom the local sign-in of the embedded system knows by the address.
OWNER = {"sub": "owner-sub", "email": PARTICIPANT.email}


# Whose voices those of the sample are.
SPEAKERS = {"speaker90": "Diane", "speaker91": "Sheila"}


@dataclass(frozen=True)
class Meeting:
    """A recording of Visio's: its id is the file's name and its account's."""

    id: str
    egress_id: str
    room: str
    started_at: datetime
    ended_at: datetime

    @classmethod
    def of(cls, id: str, egress_id: str, start: float, seconds: float) -> "Meeting":
        """One that began ``start`` seconds after 1970."""
        started_at = datetime.fromtimestamp(start, UTC)
        return cls(id, egress_id, "room", started_at, started_at + timedelta(seconds=seconds))

    @property
    def key(self) -> str:
        return f"recordings/{self.id}.ogg"

    @property
    def account_key(self) -> str:
        return f"metadata/{self.id}-metadata.json"


@dataclass(frozen=True)
class Visio:
    """Its backend, which asks for transcripts and minutes; ``receiver`` is its webhook and its Docs."""

    receiver: Receiver

    @property
    def tenant(self) -> dict[str, Any]:
        """What Minutier has to know of it."""
        return {
            "api_key": API_KEY,
            "livekit_api_key": livekit_events.KEY,
            "livekit_api_secret": livekit_events.SECRET,
            "buckets": [BUCKET],
            "metadata_key": "metadata/{stem}-metadata.json",
            "webhook_url": f"{self.receiver.url}{WEBHOOK_PATH}",
            "webhook_api_key": WEBHOOK_KEY,
            "docs_url": self.receiver.url,
            "docs_api_key": DOCS_KEY,
        }

    async def ask_for_transcript(
        self, http: httpx.AsyncClient, meeting: Meeting, store: Minio, *, summary: bool = True
    ) -> str:
        """As its backend does once a recording is stored; the job's id."""

        def presigned(key: str) -> str:
            return store.presigned_get_object(BUCKET, key, expires=timedelta(hours=1))

        response = await http.post(
            "/api/v2/async-jobs/transcribe/",
            json={
                "user_sub": OWNER["sub"],
                "user_email": OWNER["email"],
                "cloud_storage_url": presigned(meeting.key),
                "language": None,
                "context_language": "fr-fr",
                "push_to_docs_config": {
                    "user_email": OWNER["email"],
                    "title": f'Réunion "{meeting.room}"',
                    "download_link": f"https://visio.example.org/recordings/{meeting.id}",
                    "form_link": None,
                    "auto_create_summary": summary,
                },
                "metadata": {
                    "cloud_storage_url": presigned(meeting.account_key),
                    "started_at": meeting.started_at.isoformat(),
                    "ended_at": meeting.ended_at.isoformat(),
                },
            },
            headers=_bearer(API_KEY),
        )
        response.raise_for_status()
        answer = response.json()
        assert answer == {"job_id": answer["job_id"], "type": "transcript", "status": "pending"}
        return str(answer["job_id"])

    async def ask_for_summary(self, http: httpx.AsyncClient, content: str) -> str:
        """As its backend does with a transcript it was given; the job's id."""
        response = await http.post(
            "/api/v2/async-jobs/summarize/",
            json={"user_sub": OWNER["sub"], "language": "en", "content": content},
            headers=_bearer(API_KEY),
        )
        response.raise_for_status()
        answer = response.json()
        assert answer == {"job_id": answer["job_id"], "type": "summary", "status": "pending"}
        return str(answer["job_id"])

    def result_of(self, job_id: str) -> dict[str, Any] | None:
        """What its webhook was told of a job, with its key."""
        for told in self.receiver.results(job_id):
            assert told.authorization == f"Bearer {WEBHOOK_KEY}"
            return told.body
        return None

    def documents(self) -> list[dict[str, Any]]:
        """What Docs made for the owner, with its key."""
        made = self.receiver.documents(OWNER["sub"])
        assert {document.authorization for document in made} <= {f"Bearer {DOCS_KEY}"}
        return [document.body for document in made]

    async def fetch(self, result: dict[str, Any]) -> str:
        """As its backend reads a result: behind its address, without a key."""
        url = result["transcription_data_url" if result["type"] == "transcript" else "summary_data_url"]
        async with httpx.AsyncClient() as http:
            response = await http.get(url)
        return response.raise_for_status().text


def record(store: Minio, audio: bytes, *, room: str, seconds: float) -> Meeting:
    """A meeting that ends now, its file stored by the egress."""
    ended_at = datetime.now(UTC)
    meeting = Meeting(
        id=str(uuid4()),
        egress_id=f"EG_{uuid4().hex[:12]}",
        room=room,
        started_at=ended_at - timedelta(seconds=seconds),
        ended_at=ended_at,
    )
    store.put_object(BUCKET, meeting.key, io.BytesIO(audio), len(audio), "audio/ogg")
    return meeting


def collect(
    store: Minio, meeting: Meeting, speech: dict[str, list[tuple[float, float]]], *, late: float
) -> None:
    """What its metadata agent stores: each participant's speech, by a clock that is ``late`` seconds late."""
    events = []
    for name, spans in speech.items():
        identity = f"identity-{name}"

        def event(kind: str, seconds: float, identity: str = identity) -> dict[str, Any]:
            moment = meeting.started_at + timedelta(seconds=seconds + late)
            return {
                "participant_id": identity,
                "type": kind,
                "timestamp": moment.isoformat(),
                "data": None,
            }

        events.append(event("participant_connected", 0.0))
        for start, end in spans:
            events += [event("speech_start", start), event("speech_end", end)]
        events.append(event("participant_disconnected", 600.0))
    document = {
        "events": sorted(events, key=lambda event: event["timestamp"]),
        "participants": [{"participantId": f"identity-{name}", "name": name} for name in speech],
    }
    body = json.dumps(document).encode()
    store.put_object(BUCKET, meeting.account_key, io.BytesIO(body), len(body), "application/json")


def speech_of_the_sample() -> dict[str, list[tuple[float, float]]]:
    """Who talks when in pyannote's sample, as its reference has it, by name."""
    reference = load_rttm(str(sample("rttm")))["sample"]  # type: ignore[no-untyped-call]
    return {
        name: [(turn.start, turn.end) for turn in reference.label_timeline(label)]
        for label, name in SPEAKERS.items()
    }


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
