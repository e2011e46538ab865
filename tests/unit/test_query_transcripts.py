"""Reading transcripts from one place, and how much of them stays in memory."""

from typing import TypeVar

import pytest

from minutier.query.domain import Entry
from minutier.query.edits.domain import AnyLayer
from minutier.query.transcripts.cache import Cache
from minutier.query.transcripts.read import Absent, Transcripts
from minutier.schemas.base import Model
from minutier.schemas.documents import DiarizationDocument, Document, TranscriptDocument
from minutier.schemas.references import ObjectRef
from minutier.shared import rendering
from tests.support import query_events as told
from tests.support.query_edits import Pen
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Desk, Table

D = TypeVar("D", bound=Document)


class CountedDocuments(Documents):
    def __init__(self) -> None:
        super().__init__()
        self.loads = 0

    async def load(self, kind: type[D], ref: ObjectRef) -> D:
        self.loads += 1
        return await super().load(kind, ref)


async def prepared(cache_bytes: int) -> tuple[Transcripts, CountedDocuments, Entry, list[AnyLayer]]:
    documents = CountedDocuments()
    table = Table(documents)
    for event in told.pipeline(documents):
        await table.add(event)
    transcripts = Transcripts(documents=documents, layers=Desk(table), cache_bytes=cache_bytes)
    pen = Pen(told.transcript())
    pen.rename("speaker-1", "Anna")
    documents.loads = 0
    return transcripts, documents, table.entry(RECORDING), pen.layers


async def test_what_was_read_lately_is_not_read_from_the_store_again() -> None:
    transcripts, documents, entry, layers = await prepared(2**20)
    first = await transcripts.read(entry)
    assert await transcripts.read(entry) is first
    named = await transcripts.under(entry, layers)
    assert named.version != first.version
    assert documents.loads == 1
    plain = await transcripts.rendered(first, "text", rendering.text)
    assert b"Speaker 1: Good morning." in plain
    assert b"Anna: Good morning." in await transcripts.rendered(named, "text", rendering.text)
    assert await transcripts.rendered(first, "text", rendering.text) == plain


async def test_without_memory_it_is_read_each_time_and_the_same() -> None:
    transcripts, documents, entry, layers = await prepared(0)
    readings = [await transcripts.under(entry, layers) for _ in range(2)]
    assert readings[0] == readings[1]
    assert documents.loads == 2


async def test_the_store_gets_a_transcript_that_reads_otherwise_than_the_machines() -> None:
    transcripts, documents, entry, layers = await prepared(2**20)
    plain, named = await transcripts.read(entry), await transcripts.under(entry, layers)
    assert await transcripts.kept(entry, plain) == plain.ref
    ref = await transcripts.kept(entry, named)
    assert await documents.load(TranscriptDocument, ref) == named.transcript


async def test_what_is_not_there_says_which_document_it_is() -> None:
    transcripts, _, entry, _ = await prepared(0)
    announced = Entry(entry.id, entry.tenant, entry.announced_at)
    with pytest.raises(Absent) as transcript:
        await transcripts.read(announced)
    with pytest.raises(Absent) as minutes:
        await transcripts.minutes(announced)
    assert (transcript.value.what, minutes.value.what) == ("transcript", "minutes")
    assert await transcripts.minutes(entry) == told.minutes()


async def test_what_has_listened_is_read_once_for_as_many_as_look() -> None:
    documents = CountedDocuments()
    table = Table(documents)
    model = Model(name="large", revision="1", parameters={"beam": 5})
    heard = DiarizationDocument(recording_id=RECORDING, turns=(), exclusive=(), model=model)
    # What transcription has written is gone.
    for event in (
        told.announced(),
        told.ingested(),
        told.diarized(documents.keep(heard)),
        told.transcribed(),
    ):
        await table.add(event)
    transcripts = Transcripts(documents=documents, layers=Desk(table), cache_bytes=2**20)
    documents.loads = 0
    entry = table.entry(RECORDING)
    for _ in range(2):
        assert await transcripts.models(entry) == {"diarization": model}
    # What is gone is looked for again.
    assert documents.loads == 3
    assert await transcripts.models(Entry(entry.id, entry.tenant, entry.announced_at)) == {}


def test_a_cache_forgets_what_was_not_asked_for_the_longest() -> None:
    cache = Cache(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get(str, "a") == "A"
    cache.put("c", "C", 6)
    assert [cache.get(str, key) for key in "abc"] == ["A", None, "C"]
    cache.put("a", "AA", 5)
    assert [cache.get(str, key) for key in "ac"] == ["AA", None]
    cache.put("d", "D", 11)
    assert cache.get(str, "d") is None
    assert cache.get(int, "a") is None
    assert cache.get(str, "a") == "AA"
