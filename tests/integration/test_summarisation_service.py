"""Minutes on the real servers, by an endpoint that is there and then is not."""

import json
from uuid import UUID, uuid4

import nats
from nats.aio.client import Client

from minutier.compose.embedded import System
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import Engine, MinutesDocument
from minutier.schemas.events import (
    AnyEvent,
    MinutesWritten,
    Reprocessing,
    ReprocessingRequested,
    Stage,
    StageFailed,
    TranscriptAttributed,
    Written,
)
from minutier.schemas.fallbacks import Failure
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support.chat_server import KEY, serving
from tests.support.summarisation_fakes import attributed, transcript
from tests.support.systems import running

SECONDS = 30


async def test_an_endpoint_writes_minutes_and_when_it_is_gone_extracts_take_their_place() -> None:
    with serving() as chat:
        environment = {
            "MINUTIER_SUMMARISATION_BASE_URL": chat.url,
            "MINUTIER_SUMMARISATION_API_KEY": KEY,
            "MINUTIER_SUMMARISATION_MODEL": "fake",
            "MINUTIER_SUMMARISATION_MODELS": '{"other": "fake-2", "quick": "extractive"}',
            "MINUTIER_SUMMARISATION_RETRIES": "0",
        }
        async with running(services=["summarisation"], environment=environment) as system:
            client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
            try:
                first, again = uuid4(), uuid4()
                chat.statuses = [(400, {})]
                progress = await client.subscribe(f"progress.{first}")
                written = await minutes_of(system, client, first)
                assert (written.engine, written.fell_back) == (Engine.LANGUAGE_MODEL, False)
                assert written.dropped_claims == 0
                minutes = await load(system, written)
                assert [claim.cites for claim in minutes.decisions] == [("s2",)]
                assert minutes.actions[0].who == "Anna"
                assert minutes.model.name == "fake"
                fractions = [json.loads((await progress.next_msg()).data)["fraction"] for _ in range(2)]
                assert 0 < fractions[0] < fractions[1] == 1.0
                # The same transcript once more, under another event: nobody is asked again.
                asked = len(chat.asked)
                assert (await minutes_of(system, client, first)).minutes == written.minutes
                assert len(chat.asked) == asked
                other = await minutes_of(system, client, first, by="other")
                quick = await minutes_of(system, client, first, by="quick")
                assert (await load(system, other)).model.name == "fake-2"
                assert (quick.engine, quick.fell_back) == (Engine.EXTRACTIVE, False)
                assert len({written.minutes.key, other.minutes.key, quick.minutes.key}) == 3
                assert await refusal(client, first, "none") == "unknown_model"
                chat.close()
                fallen = await minutes_of(system, client, again)
                assert (fallen.engine, fallen.fell_back) == (Engine.EXTRACTIVE, True)
                assert (await load(system, fallen)).fallback_reason == Failure.UNREACHABLE.explanation
                log = (system.directory.logs / "summarisation.log").read_text()
                assert "minutes written without the endpoint" in log
                assert not any(secret in log for secret in (KEY, "library", "Anna", chat.url))
            finally:
                await client.close()


async def minutes_of(system: System, client: Client, recording: UUID, by: str | None = None) -> Written:
    """What is told after a transcript was announced, or asked to be summarised ``by`` a model."""
    document = transcript(recording=recording)
    ref = await Artefacts(Objects(system.objects)).store(
        document, tenant="acme", stage=Stage.ATTRIBUTION, version="1"
    )
    event: AnyEvent = TranscriptAttributed.of(
        recording, tenant="acme", source="minutier/test", data=attributed(ref, document)
    )
    if by is not None:
        event = requested(recording, by, ref)
    told = await answer_to(client, event, MinutesWritten)
    assert isinstance(told, MinutesWritten)
    return told.data


async def refusal(client: Client, recording: UUID, by: str) -> str:
    """Why a model does not summarise."""
    ref = ObjectRef(bucket="artefacts", key="none", sha256="0" * 64, size=0)
    told = await answer_to(client, requested(recording, by, ref), StageFailed)
    assert isinstance(told, StageFailed)
    return told.data.reason


def requested(recording: UUID, model: str, transcript: ObjectRef) -> ReprocessingRequested:
    data = Reprocessing(stage=Stage.SUMMARISATION, model=model, transcript=transcript)
    return ReprocessingRequested.of(recording, tenant="acme", source="minutier/test", data=data)


async def answer_to(client: Client, event: AnyEvent, kind: type[AnyEvent]) -> AnyEvent:
    js = client.jetstream()
    answers = await js.subscribe(
        f"{kind.TYPE}.{event.subject}",
        stream=EVENT_STREAM,
        ordered_consumer=True,
        deliver_policy=nats.js.api.DeliverPolicy.NEW,
    )
    await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    told = decode((await answers.next_msg(timeout=SECONDS)).data)
    await answers.unsubscribe()
    return told


async def load(system: System, written: Written) -> MinutesDocument:
    return await Artefacts(Objects(system.objects)).load(MinutesDocument, written.minutes)
