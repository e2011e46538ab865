"""Audio in which one person is not heard any more."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from uuid import UUID, uuid4

import numpy as np
import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minutier.ingestion.media.silence import silence as write_silent
from minutier.ingestion.silence import silence
from minutier.ingestion.spans import Span
from minutier.schemas import base
from minutier.schemas.documents import Document, ErasureDocument, Silence
from minutier.schemas.events import Instead, Purge, PurgeOrdered
from minutier.schemas.records import Kind
from minutier.schemas.references import ObjectRef
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.errors import ObjectMissing
from minutier.shared.objects import ARTEFACTS, RECORDINGS
from minutier.shared.worker import ignore
from tests.support.audio import Samples, write_flac

SECONDS = 3


def noise(samples: int) -> Samples:
    """No sample of it is zero, and every number of 16 bits may be one."""
    numbers = np.random.default_rng(1).integers(1, 2**16, samples)
    return (numbers - 2**15 - (numbers <= 2**15)).astype(np.int16)


def decoded(path: Path) -> Samples:
    import av

    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        assert (stream.rate, stream.layout.name, stream.format.name) == (SAMPLE_RATE, "mono", "s16")
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)])


times = st.integers(0, SECONDS * SAMPLE_RATE + 999).map(lambda sample: sample / SAMPLE_RATE)
spans = st.lists(st.tuples(times, times).map(lambda pair: (min(pair), max(pair))), max_size=6)


@given(spans, st.integers(1, SECONDS * SAMPLE_RATE))
@example([], SECONDS * SAMPLE_RATE)
@example([(0.0, float(SECONDS))], SECONDS * SAMPLE_RATE)
@example([(0.0, 1.0), (1.0, 2.0), (0.5, 1.5)], SECONDS * SAMPLE_RATE)
@example([(2.5, 1e6)], SECONDS * SAMPLE_RATE)
@example([(4.2, 6.0)], SAMPLE_RATE)
@settings(max_examples=30, deadline=None)
def test_within_the_spans_all_is_silent_and_outside_all_is_as_it_was(
    silent: list[Span], samples: int
) -> None:
    before = noise(samples)
    with TemporaryDirectory() as folder:
        source, target = write_flac(Path(folder, "a.flac"), before), Path(folder, "b.flac")
        write_silent(source, target, silent, report=ignore)
        after = decoded(target)
    expected = before.copy()
    for start, end in silent:
        expected[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] = 0
    assert np.array_equal(after, expected)


def test_a_sample_that_a_span_touches_is_silent(tmp_path: Path) -> None:
    source = write_flac(tmp_path / "a.flac", noise(100))
    write_silent(source, tmp_path / "b.flac", [(10.4 / SAMPLE_RATE, 20.6 / SAMPLE_RATE)], report=ignore)
    assert np.flatnonzero(decoded(tmp_path / "b.flac") == 0).tolist() == list(range(10, 21))


def test_what_was_not_normalised_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 kHz mono FLAC"):
        write_silent(stereo(tmp_path / "c.flac"), tmp_path / "b.flac", [], report=ignore)


def stereo(path: Path) -> Path:
    import av

    with av.open(str(path), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=SAMPLE_RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ones((1, 200), np.int16), format="s16", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    def grown(minutes: int) -> int:
        source = write_flac(tmp_path / "a.flac", np.tile(noise(SAMPLE_RATE), 60 * minutes))
        before = psutil.Process().memory_info().rss
        write_silent(source, tmp_path / "b.flac", [(1.0, 2.0)], report=ignore)
        return psutil.Process().memory_info().rss - before

    grown(1)
    # All samples of ten minutes would be 19 MB.
    assert grown(10) < 10_000_000


RECORDING = uuid4()


class Store:
    """Recordings and documents in memory; silent audio says what it was made of."""

    def __init__(self, *audio: bytes) -> None:
        self.objects: dict[str, bytes] = {f"old-{number}": body for number, body in enumerate(audio)}
        self.documents: dict[str, Document] = {}
        self.written = 0

    def refs(self) -> list[ObjectRef]:
        return [_ref(RECORDINGS, key, body) for key, body in self.objects.items()]

    async def load(self, kind: type[Document], ref: ObjectRef) -> Document:
        return self.documents[ref.key]

    async def known(self, key: str) -> ObjectRef | None:
        return _ref(RECORDINGS, key, self.objects[key]) if key in self.objects else None

    async def fetch(self, ref: ObjectRef, into: Path) -> None:
        if ref.key not in self.objects:
            raise ObjectMissing
        into.write_bytes(self.objects[ref.key])

    async def keep(self, file: Path, key: str, content_type: str) -> ObjectRef:
        self.written += 1
        self.objects[key] = file.read_bytes()
        return _ref(RECORDINGS, key, self.objects[key])

    async def silence(self, source: Path, target: Path, spans: Sequence[Span]) -> None:
        target.write_bytes(source.read_bytes() + repr([*spans]).encode())


def _ref(bucket: str, key: str, body: bytes) -> ObjectRef:
    return ObjectRef(bucket=bucket, key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body))


def ordered(store: Store, silences: Sequence[tuple[ObjectRef, Sequence[Span]]]) -> PurgeOrdered:
    store.documents["plan"] = ErasureDocument(
        recording_id=RECORDING,
        speakers=("speaker-1",),
        segments=("s1",),
        spans=(),
        silences=tuple(
            Silence(audio=ref, spans=tuple(base.Span(start=start, end=end) for start, end in theirs))
            for ref, theirs in silences
        ),
    )
    plan = _ref(ARTEFACTS, "plan", b"")
    purge = Purge(
        purge_id=uuid4(), kinds=tuple(Kind), whole=False, instead=Instead(plan=plan, transcript=plan)
    )
    return PurgeOrdered.of(RECORDING, tenant="acme", source="minutier/retention", data=purge)


async def run(store: Store, order: PurgeOrdered, tmp_path: Path) -> list[tuple[str, str | None]]:
    replaced = await silence(
        order,
        documents=cast(Any, store),
        recordings=store,
        silencer=store,
        workspace=tmp_path,
    )
    assert list(tmp_path.iterdir()) == []
    return [(made.ref.key, made.of) for made in replaced.made]


async def test_each_audio_has_one_in_its_place(tmp_path: Path) -> None:
    store = Store(b"mix", b"track")
    mix, track = store.refs()
    order = ordered(store, [(mix, [(1.0, 2.0)]), (track, [(0.0, 9.0)])])
    (first, of_mix), (second, of_track) = await run(store, order, tmp_path)
    assert (of_mix, of_track) == (mix.sha256, track.sha256)
    assert store.objects[first] == b"mix[(1.0, 2.0)]"
    assert store.objects[second] == b"track[(0.0, 9.0)]"
    assert all(key.startswith(f"acme/{RECORDING}/") and key.endswith(".flac") for key in (first, second))


async def test_what_was_made_is_found_again_and_another_purge_makes_its_own(tmp_path: Path) -> None:
    store = Store(b"mix")
    (mix,) = store.refs()
    order = ordered(store, [(mix, [(1.0, 2.0)])])
    first = await run(store, order, tmp_path)
    del store.objects[mix.key]
    later = order.model_copy(update={"id": UUID(int=1)})
    assert await run(store, later, tmp_path) == first
    assert store.written == 1
    with pytest.raises(ObjectMissing):
        await run(store, ordered(store, [(mix, [(1.0, 2.0)])]), tmp_path)


async def test_audio_of_the_same_bytes_is_silent_wherever_either_is(tmp_path: Path) -> None:
    store = Store(b"same", b"same")
    one, other = store.refs()
    made = await run(store, ordered(store, [(one, [(1.0, 2.0)]), (other, [(1.5, 3.0)])]), tmp_path)
    assert [(store.objects[key], of) for key, of in made] == [(b"same[(1.0, 3.0)]", one.sha256)]


async def test_where_no_media_is_to_go_none_is_made(tmp_path: Path) -> None:
    store = Store(b"mix")
    order = ordered(store, [(store.refs()[0], [])])
    purge = order.data.model_copy(update={"kinds": (Kind.TRANSCRIPT,)})
    assert await run(store, order.model_copy(update={"data": purge}), tmp_path) == []
