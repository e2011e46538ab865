"""Minutes that take the place of those that tell of one person."""

from uuid import uuid4

import pytest

from minutier.schemas.documents import MinutesDocument
from minutier.schemas.events import Instead, MinutesWritten, Purge, PurgeOrdered, Stage
from minutier.schemas.fallbacks import Failure
from minutier.schemas.records import Kind
from minutier.shared.erasing import Replaced
from minutier.summarisation.extractive import Extractive
from minutier.summarisation.replace import replace
from tests.support.summarisation_fakes import RECORDING, KeptArtefacts, ScriptedWriter, transcript


@pytest.fixture
def artefacts() -> KeptArtefacts:
    return KeptArtefacts()


async def ordered(artefacts: KeptArtefacts, *kinds: Kind) -> PurgeOrdered:
    document = transcript([("Bo", "We decided to keep the library open on Sundays.")])
    left = await artefacts.store(document, tenant="acme", stage=Stage.ATTRIBUTION, version="left")
    purge = Purge(purge_id=uuid4(), kinds=kinds, whole=False, instead=Instead(plan=left, transcript=left))
    return PurgeOrdered.of(RECORDING, tenant="acme", source="minutier/retention", data=purge)


async def test_minutes_are_of_what_is_left_and_asked_for_by_the_order(artefacts: KeptArtefacts) -> None:
    order = await ordered(artefacts, Kind.TRANSCRIPT, Kind.MINUTES)
    replaced = await replace(order, artefacts=artefacts, writer=ScriptedWriter(), fallback=Extractive())
    (told,) = replaced.tell
    assert isinstance(told, MinutesWritten)
    assert (told.data.asked_at, told.subject, told.tenant) == (order.time, RECORDING, "acme")
    assert [(made.ref, made.of) for made in replaced.made] == [(told.data.minutes, None)]
    minutes = await artefacts.load(MinutesDocument, told.data.minutes)
    assert [claim.text for claim in minutes.summary] == ["We decided to keep the library open on Sundays."]


async def test_a_later_try_finds_them_and_asks_nobody_again(artefacts: KeptArtefacts) -> None:
    order, writer = await ordered(artefacts, Kind.MINUTES), ScriptedWriter()
    first = await replace(order, artefacts=artefacts, writer=writer, fallback=Extractive())
    again = order.model_copy(update={"id": uuid4()})
    assert (
        await replace(again, artefacts=artefacts, writer=writer, fallback=Extractive())
    ).made == first.made
    assert writer.written == 1


async def test_without_the_endpoint_they_are_extracts(artefacts: KeptArtefacts) -> None:
    order, gone = await ordered(artefacts, Kind.MINUTES), ScriptedWriter(Failure.UNREACHABLE)
    replaced = await replace(order, artefacts=artefacts, writer=gone, fallback=Extractive())
    minutes = await artefacts.load(MinutesDocument, replaced.made[0].ref)
    assert minutes.fallback_reason == Failure.UNREACHABLE.explanation


async def test_where_there_were_none_none_are_written(artefacts: KeptArtefacts) -> None:
    order = await ordered(artefacts, Kind.MEDIA, Kind.TRANSCRIPT)
    replaced = await replace(order, artefacts=artefacts, writer=ScriptedWriter(), fallback=Extractive())
    assert replaced == Replaced()
