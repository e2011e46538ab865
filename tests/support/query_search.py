"""Recordings that are found, in a real database, and looking for them over the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.access.repository import AccessLog, Shares
from minutier.query.domain import Entry
from minutier.query.project import project
from minutier.query.repository import Recordings, add, locked
from minutier.query.search.indexing.index import Index, document_of
from minutier.query.search.repository import Archive
from minutier.query.settings import QuerySettings
from minutier.schemas.documents import MinutesDocument, RecordingDocument, TranscriptDocument
from minutier.schemas.documents import Person as MeetingPerson
from minutier.schemas.events import AnyEvent
from minutier.shared.identity.domain import Person
from minutier.shared.tenants import confine, within
from tests.support import query_events as told
from tests.support.query_events import Documents
from tests.support.query_fakes import Table, application
from tests.support.query_people import EVERYBODY, OWNER, PEOPLE, Bearers, showing


@dataclass
class Library:
    """A tenant's recordings, each of which is indexed as its events arrive."""

    engine: AsyncEngine
    tenant: str
    documents: Documents = field(default_factory=Documents)

    @cached_property
    def app(self) -> FastAPI:
        """The API, for the people of this tenant."""
        return application(
            Table(self.documents),
            bearers=Bearers(*(self.person(like) for like in EVERYBODY)),
            recordings=Recordings(self.engine),
            shares=Shares(self.engine),
            log=AccessLog(self.engine),
            archive=Archive(self.engine),
            settings=QuerySettings(requests_per_minute=10**6, searches_per_minute=10**6),
        )

    def person(self, like: Person = OWNER) -> Person:
        """One of the people of these tests, in this tenant."""
        return Person(
            id=f"{self.tenant}/{like.subject}",
            tenant=self.tenant,
            name=like.name,
            subject=f"{self.tenant}-{like.subject}",
            email=like.email,
            groups=like.groups,
            roles=like.roles,
        )

    def events(
        self,
        *said: tuple[str, str],
        language: str = "en",
        title: str | None = "Weekly",
        labels: Mapping[str, str] | None = None,
        minutes: Sequence[tuple[str, str]] = (),
        people: Sequence[MeetingPerson] = PEOPLE,
        started_at: datetime | None = None,
        recording: UUID | None = None,
    ) -> list[AnyEvent]:
        """What is told of a recording where speakers say texts; its minutes are texts and what they cite."""
        recording = recording or uuid4()
        where: dict[str, Any] = {"recording": recording, "tenant": self.tenant}
        about = RecordingDocument(
            recording_id=recording, title=title, people=tuple(people), started_at=started_at
        )
        transcript = told.transcript(*said, labels=dict(labels) if labels else None, recording=recording)
        events: list[AnyEvent] = [
            told.announced(**where),
            told.ingested(self.documents.keep(about), **where),
            self.attributed(transcript.model_copy(update={"language": language})),
        ]
        if minutes:
            events.append(self.written(recording, minutes, language=language))
        return events

    def attributed(self, transcript: TranscriptDocument, seconds: float = 5) -> AnyEvent:
        event = told.attributed(
            self.documents.keep(transcript), seconds, recording=transcript.recording_id, tenant=self.tenant
        )
        data = event.data.model_copy(update={"language": transcript.language})
        return event.model_copy(update={"data": data})

    def written(
        self, recording: UUID, items: Sequence[tuple[str, str]], *, language: str = "en", seconds: float = 6
    ) -> AnyEvent:
        item = told.minutes().summary[0]
        summary = tuple(item.model_copy(update={"text": text, "cites": (cited,)}) for text, cited in items)
        minutes: MinutesDocument = told.minutes(recording).model_copy(
            update={"summary": summary, "language": language}
        )
        return told.written(self.documents.keep(minutes), seconds, recording=recording, tenant=self.tenant)

    async def tell(self, *events: AnyEvent) -> UUID:
        """As the service does when it hears of them."""
        for event in events:
            fact = await project(event, documents=self.documents)
            assert fact is not None
            document = await document_of(fact, self.documents)
            async with AsyncSession(self.engine) as session, session.begin():
                entry = await add(session, event, fact)
                await Index().follow(session, entry, fact, document)
        return events[0].subject

    async def add(self, *said: tuple[str, str] | str, **about: Any) -> UUID:
        """A recording in which this is said; a text alone is the first speaker's."""
        spoken = [("speaker-1", one) if isinstance(one, str) else one for one in said]
        return await self.tell(*self.events(*spoken, **about))

    async def reindex(self, recording: UUID, transcript: TranscriptDocument) -> None:
        """As an edit does."""
        async with AsyncSession(self.engine) as session, session.begin():
            await confine(session, self.tenant)
            await Index().reindex(session, self.tenant, recording, transcript)

    async def entry(self, recording: UUID) -> Entry:
        async with within(self.engine, self.tenant) as session:
            entry = await locked(session, recording)
            assert entry is not None
            return entry

    async def ask(self, question: str, person: Person = OWNER, **parameters: Any) -> httpx.Response:
        """The API's answer to one of the people, of this tenant."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.get(
                "/api/v1/search",
                params={"q": question, **parameters},
                headers=showing(self.person(person)),
            )

    async def search(self, question: str, person: Person = OWNER, **parameters: Any) -> dict[str, Any]:
        answer = await self.ask(question, person, **parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def found(self, question: str, person: Person = OWNER, **parameters: Any) -> list[UUID]:
        """The recordings, best first."""
        items = (await self.search(question, person, **parameters))["items"]
        return [UUID(item["recording"]["id"]) for item in items]

    async def passages(self, question: str) -> list[dict[str, Any]]:
        """Those of the only recording that is found."""
        (item,) = (await self.search(question))["items"]
        found: list[dict[str, Any]] = item["passages"]
        return found


def marked(passage: dict[str, Any]) -> str:
    """The text that is shown, with what was looked for in brackets."""
    return "".join(f"[{part['text']}]" if part["match"] else part["text"] for part in passage["parts"])


def days(number: float) -> datetime:
    return told.START + timedelta(days=number)
