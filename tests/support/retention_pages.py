"""The running retention service with two people of compliance, whose purges the other services answer."""

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from minutier.compose.embedded import System
from minutier.compose.people import COMPLIANCE, TENANT, LocalPerson
from minutier.retention.erasures.redact import Documents
from minutier.schemas.choreography import erasing
from minutier.schemas.clock import now
from minutier.schemas.codec import decode, encode
from minutier.schemas.events import AnyEvent, Executed, PurgeExecuted, PurgeOrdered, PurgeOutcome, Stage
from minutier.schemas.records import Quantity
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import RECORDINGS, Objects, client
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.delivery_service import until

SECONDS = 60.0
REASON, BASIS = "They were a test of the new rooms.", "GDPR, article 17(1)(a)"


@dataclass(frozen=True)
class Office:
    """Recordings of the tenant that the local people are of, and a connection to tell of them."""

    system: System
    connection: Client

    @property
    def url(self) -> str:
        return self.system.url("retention")

    def showing(self, person: LocalPerson = COMPLIANCE) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.system.token(person.subject)}"}

    async def ask(
        self, method: str, path: str, person: LocalPerson = COMPLIANCE, *, status: int = 200, **body: Any
    ) -> Any:
        async with httpx.AsyncClient(
            base_url=self.url, headers=self.showing(person), timeout=SECONDS
        ) as http:
            answer = await http.request(method, f"/api/v1{path}", json=body or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def take_in(self) -> UUID:
        """One with two versions of its sound in the store."""
        recording = uuid4()
        for content in (b"first", b"second"):
            client(self.system.objects).put_object(
                RECORDINGS, f"{TENANT}/{recording}/audio.flac", io.BytesIO(content), len(content)
            )
        await self._publish(told.ingested(recording=recording).model_copy(update={"tenant": TENANT}))
        async with httpx.AsyncClient(base_url=self.url, headers=self.showing(), timeout=SECONDS) as http:

            async def known() -> bool:
                return (await http.get(f"/api/v1/recordings/{recording}/retention")).status_code == 200

            await until(known, SECONDS)
        return recording

    async def transcribe(self, recording: UUID, documents: Documents) -> None:
        """Have these be what was made of it."""
        artefacts = Artefacts(Objects(self.system.objects))
        of: dict[str, Any] = {"recording": recording, "tenant": TENANT}
        for document, stage, event in (
            (documents.recordings[0], Stage.INGESTION, told.ingested),
            (documents.transcript, Stage.ATTRIBUTION, told.attributed),
        ):
            made = document.model_copy(update={"recording_id": recording})
            ref = await artefacts.store(made, tenant=TENANT, stage=stage, version="1")
            await self._publish(event(ref, **of).model_copy(update={"time": now()}))

        async def known() -> bool:
            async with httpx.AsyncClient(base_url=self.url, headers=self.showing(), timeout=SECONDS) as http:
                return (await http.get(f"/api/v1/recordings/{recording}/voices")).status_code == 200

        await until(known, SECONDS)

    async def register(self, recording: UUID) -> str:
        """A request to be erased from it, which is overdue; its id."""
        new: dict[str, Any] = {
            "recording_id": str(recording),
            "reference": "2026-31",
            "received_on": "2026-01-31",
        }
        return str((await self.ask("POST", "/erasures", status=201, **new))["id"])

    async def propose(self, *recordings: UUID) -> str:
        """A purge of these, by the first of the two; its id."""
        new: dict[str, Any] = {
            "cause": "list",
            "reason": REASON,
            "legal_basis": BASIS,
            "recordings": list(map(str, recordings)),
        }
        return str((await self.ask("POST", "/purges", status=201, **new))["items"][0]["id"])

    async def when(self, purge: str, state: str) -> Any:
        """The purge, once it is in this state."""

        async def reached() -> bool:
            return bool((await self.ask("GET", f"/purges/{purge}"))["state"] == state)

        await until(reached, SECONDS)
        return await self.ask("GET", f"/purges/{purge}")

    async def approve(self, purge: str, person: LocalPerson) -> None:
        found = await self.when(purge, "previewed")
        await self.ask("POST", f"/purges/{purge}/approval", person, inventory=found["inventory"])

    async def answer(self, recording: UUID, services: Collection[str] = ()) -> None:
        """As each of the ``services`` would, once it is ordered; all of them where none is named."""
        order = await self._ordered(recording)
        await Objects(self.system.objects).erase(RECORDINGS, f"{TENANT}/{recording}/")
        for service in services or erasing():
            data = Executed(
                purge_id=order.data.purge_id,
                order=order.id,
                service=service,
                outcome=PurgeOutcome.ERASED,
                erased=(Quantity(place="object_versions", count=2),) if service == "ingestion" else (),
            )
            await self._publish(
                PurgeExecuted.of(recording, tenant=TENANT, source=f"minutier/{service}", data=data)
            )

    async def _ordered(self, recording: UUID) -> PurgeOrdered:
        subject = f"{PurgeOrdered.TYPE}.{recording}"
        found: list[PurgeOrdered] = []

        async def ordered() -> bool:
            try:
                message = await self.connection.jetstream().get_last_msg(EVENT_STREAM, subject)
            except NotFoundError:
                return False
            event = decode(message.data or b"")
            assert isinstance(event, PurgeOrdered)
            found.append(event)
            return True

        await until(ordered, SECONDS)
        return found[-1]

    async def _publish(self, event: AnyEvent) -> None:
        await self.connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
