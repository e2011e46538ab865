"""The transcript as people read it, the machine's with the layers over it, its minutes, and what made it.

Everybody has them from here.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from minutier.query.domain import STAGES, Entry, Fact
from minutier.query.edits.domain import AnyLayer, Effective, effective
from minutier.query.edits.ports import Layers
from minutier.query.ports import Documents
from minutier.query.transcripts.cache import Cache
from minutier.schemas.base import Model
from minutier.schemas.documents import Document, MinutesDocument, TranscriptDocument
from minutier.schemas.events import Stage
from minutier.schemas.records import Kind
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import artefact_version
from minutier.shared.errors import Permanent
from minutier.shared.etags import etag

# Part of every version: raise it where the same layers come to read otherwise.
RULES = 1

# A document takes about ten times the memory that it takes as JSON.
_BYTES_OF_A_BYTE = 10
# Large ones that are not in the cache are read one after the other, so that there are never many at once.
_AT_ONCE = 2

_LISTENING = (Stage.DIARIZATION, Stage.TRANSCRIPTION)


class Absent(Exception):
    """The recording has no such document, as yet or for good."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Destroyed(Absent):
    """A purge has destroyed it."""


@dataclass(frozen=True)
class Reading:
    """A transcript as people read it; ``version`` is another whenever it reads otherwise.

    ``ref`` is where ``machine`` lies, over which there are ``layers``.
    """

    ref: ObjectRef
    machine: TranscriptDocument
    layers: tuple[AnyLayer, ...]
    effective: Effective
    version: str

    @property
    def transcript(self) -> TranscriptDocument:
        return self.effective.transcript

    @property
    def etag(self) -> str:
        return etag(self.version)


@dataclass(frozen=True)
class _Rendered:
    version: str
    body: bytes


class _Made(Document):
    """What a stage has written, but for all of it that is long."""

    model: Model


class Transcripts:
    """Transcripts by recording; those that were read lately stay in ``cache_bytes`` of memory."""

    def __init__(self, *, documents: Documents, layers: Layers, cache_bytes: int) -> None:
        self._documents = documents
        self._layers = layers
        self._cache = Cache(cache_bytes)
        self._missing = asyncio.Semaphore(_AT_ONCE)

    async def read(self, entry: Entry) -> Reading:
        """The newest transcript of ``entry`` with every layer.

        Raises `Absent`, or `Destroyed`, and `minutier.shared.errors.Permanent` where the document is gone.
        """
        _machine_of(entry)
        return await self.under(entry, await self._layers.of(entry))

    async def under(self, entry: Entry, layers: Sequence[AnyLayer]) -> Reading:
        """The newest transcript of ``entry`` under these ``layers``, the earliest first; raises as `read`."""
        ref = _machine_of(entry)
        version = artefact_version(ref.sha256, rules=RULES, layers=[str(layer.id) for layer in layers])
        if (known := self._known(entry, version)) is not None:
            return known
        async with self._missing:
            if (known := self._known(entry, version)) is not None:
                return known
            machine = await self._machine(ref)
            applied = await asyncio.to_thread(effective, machine, layers)
            reading = Reading(ref, machine, tuple(layers), applied, version)
            self._cache.put(entry.id, reading, ref.size * _BYTES_OF_A_BYTE)
        return reading

    async def minutes(self, entry: Entry) -> MinutesDocument:
        """Those that were asked for last; raises as `read`."""
        ref = _reference(entry, entry.minutes, Kind.MINUTES)
        return await self._documents.load(MinutesDocument, ref)

    async def models(self, entry: Entry) -> Mapping[str, Model]:
        """What has listened to it, by stage; what can no longer be read, as after a purge, is left out."""
        models = {}
        for stage in _LISTENING:
            fact = entry.newest(STAGES[stage.value])
            if fact is not None and fact.document is not None:
                with suppress(Permanent):
                    models[stage.value] = await self._model(ObjectRef.model_validate(fact.document))
        return models

    async def _model(self, ref: ObjectRef) -> Model:
        async with self._missing:
            if (known := self._cache.get(Model, ref.sha256)) is None:
                known = (await self._documents.load(_Made, ref)).model
                self._cache.put(ref.sha256, known, len(known.model_dump_json()) * _BYTES_OF_A_BYTE)
        return known

    async def rendered(
        self, reading: Reading, format: str, render: Callable[[TranscriptDocument], str]
    ) -> bytes:
        """What ``render`` makes of it, which has to be the same for a ``format``.

        Hours of speech take a while, in which others want to be answered.
        """
        key = (reading.transcript.recording_id, format)
        known = self._cache.get(_Rendered, key)
        if known is None or known.version != reading.version:
            body = (await asyncio.to_thread(render, reading.transcript)).encode()
            known = _Rendered(reading.version, body)
            self._cache.put(key, known, len(body))
        return known.body

    async def kept(self, entry: Entry, reading: Reading) -> ObjectRef:
        """Where the transcript lies as people read it; it is stored where it is not the machine's own."""
        if reading.transcript is reading.machine:
            return reading.ref
        return await self._documents.store(
            reading.transcript, tenant=entry.tenant, stage=Stage.ATTRIBUTION, version=reading.version
        )

    def _known(self, entry: Entry, version: str) -> Reading | None:
        known = self._cache.get(Reading, entry.id)
        return known if known is not None and known.version == version else None

    async def _machine(self, ref: ObjectRef) -> TranscriptDocument:
        if (known := self._cache.get(TranscriptDocument, ref.sha256)) is not None:
            return known
        machine = await self._documents.load(TranscriptDocument, ref)
        self._cache.put(ref.sha256, machine, ref.size * _BYTES_OF_A_BYTE)
        return machine


def _machine_of(entry: Entry) -> ObjectRef:
    return _reference(entry, entry.transcript, Kind.TRANSCRIPT)


def _reference(entry: Entry, fact: Fact | None, what: Kind) -> ObjectRef:
    if what in entry.destroyed:
        raise Destroyed(what)
    if fact is None or fact.document is None:
        raise Absent(what)
    return ObjectRef.model_validate(fact.document)
