"""Minutes without one person, on the real servers."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.codec import encode
from minutier.schemas.documents import MinutesDocument
from minutier.schemas.events import MinutesWritten, PurgeOutcome, Stage, TranscriptAttributed
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import ARTEFACTS
from minutier.shared.topology import EVENT_STREAM
from tests.support.delivery_service import until
from tests.support.erasing import SECRET, Erasing
from tests.support.ingestion_system import told
from tests.support.purging import Purges
from tests.support.summarisation_fakes import attributed, transcript
from tests.support.systems import running

ROLE = "summarisation"
LEFT = ("Bo", "We decided to keep the library open on Sundays.")


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=[ROLE]) as system:
        yield system


@pytest.fixture
def erasing(system: System, js: JetStreamContext) -> Erasing:
    return Erasing(Purges(system, js))


async def summarised(erasing: Erasing, js: JetStreamContext, recording: UUID) -> ObjectRef:
    """A transcript of which there are minutes by now."""
    document = transcript(
        [("Ada", f"We decided to buy a {SECRET} for the library."), LEFT], recording=recording
    )
    ref = await erasing.write(document, Stage.ATTRIBUTION)
    event = TranscriptAttributed.of(
        recording, tenant="acme", source="minutier/attribution", data=attributed(ref, document)
    )
    await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    return (await told(js, MinutesWritten, recording)).data.minutes


async def test_they_are_written_anew_and_told_with_the_answer(erasing: Erasing, js: JetStreamContext) -> None:
    recording = uuid4()
    before = await summarised(erasing, js, recording)
    instead = await erasing.instead(recording, transcript=transcript([LEFT], recording=recording))
    order = await erasing.order(recording, instead)
    answer = await erasing.purges.answer(order, ROLE)
    (made,) = answer.made
    assert answer.outcome is PurgeOutcome.ERASED
    keys = await erasing.keys(ARTEFACTS, recording)
    assert {key for key in keys if f"/{Stage.SUMMARISATION}/" in key} == {made.ref.key} != {before.key}

    async def is_told() -> bool:
        newest = await told(js, MinutesWritten, recording)
        return newest.data.minutes == made.ref

    await until(is_told)
    written = await told(js, MinutesWritten, recording)
    assert (written.data.asked_at, written.wanted_since) == (order.time, order.time)
    minutes = await Artefacts(erasing.objects).load(MinutesDocument, made.ref)
    assert SECRET not in minutes.model_dump_json()
    assert LEFT[1] in minutes.model_dump_json()
    again = order.model_copy(update={"id": uuid4()})
    await erasing.purges.publish(again)
    second = await erasing.purges.answer(again, ROLE)
    assert (second.made, second.erased) == (answer.made, ())


async def test_while_it_is_held_they_stay(erasing: Erasing, js: JetStreamContext) -> None:
    recording = uuid4()
    before = await summarised(erasing, js, recording)
    erasing.purges.hold(recording)
    instead = await erasing.instead(recording, transcript=transcript([LEFT], recording=recording))
    answer = await erasing.purges.answer(await erasing.order(recording, instead), ROLE)
    assert (answer.outcome, answer.made) == (PurgeOutcome.HELD, ())
    keys = await erasing.keys(ARTEFACTS, recording)
    assert {key for key in keys if f"/{Stage.SUMMARISATION}/" in key} == {before.key}
