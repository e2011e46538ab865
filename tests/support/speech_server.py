"""The speech-to-text endpoint, with everything around it in memory."""

from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from openai import AsyncOpenAI
from pydantic import SecretStr

from minutier.ingestion import api
from minutier.ingestion.access import Access
from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.sources import speech
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.documents import TranscriptDocument
from tests.support import query_events as told
from tests.support.hand_in import forms
from tests.support.query_events import Documents
from tests.support.speech_fakes import Announcements, Bucket, Ends

KEY, OTHER_KEY = "a key that nobody else has", "the key of another tenant"
LARGEST = 10_000
REQUESTS = 2
FILE = ("Reunion Dupont.wav", b"RIFF" + bytes(2000))
TRANSCRIPT = told.transcript(
    ("speaker-1", "Good morning."),
    ("speaker-2", "Hello, hello."),
    ("unknown", "Yes."),
    labels={"speaker-1": "Anna", "speaker-2": "Speaker 2"},
)


class Server:
    """The endpoint with everything around it in memory, and clients of it."""

    def __init__(self, workspace: Path, *, wait_seconds: float = 60.0, rate: int = 600) -> None:
        self.workspace = workspace
        self.bucket, self.announcements, self.ends = Bucket(), Announcements(), Ends()
        self.documents = Documents()
        tenant = Tenant(api_key=SecretStr(KEY), requests_per_minute=rate)
        access = Access(
            Tenants({"acme": tenant, "other": Tenant(api_key=SecretStr(OTHER_KEY))}), operator_key=None
        )
        self.app: FastAPI = api.build(
            [
                speech.router(
                    access,
                    forms(workspace, size=LARGEST),
                    hand_in=HandIn(self.bucket, self.announcements),
                    outcomes=self.ends,
                    documents=self.documents,
                    wait_seconds=wait_seconds,
                    requests=REQUESTS,
                )
            ]
        )
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="http://test")

    def openai(self, key: str = KEY, path: str = "/v1") -> AsyncOpenAI:
        return AsyncOpenAI(api_key=key, base_url=f"http://test{path}", http_client=self.http, max_retries=0)

    def transcribes(self, transcript: TranscriptDocument = TRANSCRIPT) -> None:
        ref = self.documents.keep(transcript)
        self.ends.are(lambda recording: told.attributed(ref, recording=recording))

    async def post(
        self, files: Any = None, path: str = "/v1/audio/transcriptions", key: str = KEY, **data: Any
    ) -> httpx2.Response:
        return await self.http.post(
            path, headers={"Authorization": f"Bearer {key}"}, files=files or {"file": FILE}, data=data
        )
