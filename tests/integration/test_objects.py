"""The object store, real."""

import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from minutier.compose.embedded import System
from minutier.schemas.references import Location, ObjectRef
from minutier.shared import objects
from minutier.shared.errors import ObjectChanged, ObjectMissing
from minutier.shared.objects import ARTEFACTS, RECORDINGS, UPLOADS, Objects, ObjectTooLarge
from tests.support.systems import running

MEGABYTE = 1024**2
OCTETS = "application/octet-stream"


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=[]) as system:
        yield system


@pytest.fixture
def store(system: System) -> Objects:
    return Objects(system.objects)


def versions(system: System, bucket: str, key: str) -> int:
    return len(list(objects.client(system.objects).list_objects(bucket, key, include_version=True)))


async def test_a_reference_reads_the_version_it_was_made_for(store: Objects, tmp_path: Path) -> None:
    old = await store.write(ARTEFACTS, "a/versions", b"old", OCTETS)
    new = await store.write(ARTEFACTS, "a/versions", b"new", OCTETS)
    assert (old.size, old.sha256) == (3, hashlib.sha256(b"old").hexdigest())
    assert old.version_id != new.version_id
    assert await store.read(old) == b"old"
    assert await store.read(new) == b"new"
    assert await store.find(ARTEFACTS, "a/versions") == (b"new", new)
    assert await store.holds(old)
    await store.fetch(old, tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"old"


@pytest.mark.parametrize(
    "changes",
    [{"key": "no/such"}, {"bucket": "no-such-bucket"}, {"version_id": "0" * 32}],
    ids=["key", "bucket", "version"],
)
async def test_what_is_not_there_is_missing(store: Objects, tmp_path: Path, changes: dict[str, str]) -> None:
    ref = (await store.write(ARTEFACTS, "a/missing", b"?", OCTETS)).model_copy(update=changes)
    assert not await store.holds(ref)
    with pytest.raises(ObjectMissing):
        await store.read(ref)
    with pytest.raises(ObjectMissing):
        await store.fetch(ref, tmp_path / "file")
    if "version_id" not in changes:
        assert await store.find(ref.bucket, ref.key) is None


async def test_a_part_is_read_of_the_version_that_is_referred_to(store: Objects) -> None:
    old = await store.write(ARTEFACTS, "a/parts", b"0123456789", OCTETS)
    await store.write(ARTEFACTS, "a/parts", b"abcdefghij", OCTETS)
    for start, length in ((0, 1), (0, 10), (3, 4), (9, 1)):
        assert await store.read_range(old, start, length) == b"0123456789"[start : start + length]


async def test_a_part_of_something_else_is_not_taken(store: Objects) -> None:
    ref = await store.write(ARTEFACTS, "a/other-parts", b"0123456789", OCTETS)
    unpinned = ref.model_copy(update={"version_id": None})
    for body in (b"abcdefghij", b"0"):
        await store.write(ARTEFACTS, "a/other-parts", body, OCTETS)
        with pytest.raises(ObjectChanged):
            await store.read_range(unpinned, 5, 5)
    with pytest.raises(ObjectMissing):
        await store.read_range(ref.model_copy(update={"key": "no/such"}), 0, 1)
    await store.remove(Location(bucket=ARTEFACTS, key=ref.key, version_id=ref.version_id))
    with pytest.raises(ObjectMissing):
        await store.read_range(ref, 0, 1)


@pytest.mark.parametrize("body", [b"other", b"longer than before", b""])
async def test_other_bytes_than_referred_to_are_not_taken(
    store: Objects, tmp_path: Path, body: bytes
) -> None:
    ref = await store.write(UPLOADS, "changed", b"first", OCTETS)
    await store.write(UPLOADS, "changed", body, OCTETS)
    unpinned = ref.model_copy(update={"version_id": None})
    with pytest.raises(ObjectChanged):
        await store.read(unpinned)
    with pytest.raises(ObjectChanged):
        await store.fetch(unpinned, tmp_path / "file")


@pytest.mark.parametrize("key", ["réunion d'équipe.mp4", "a b+c&d=e?f#g%20h", "会議/録音.wav", "x/…/~'\"(1)"])
async def test_keys_may_hold_any_character(store: Objects, tmp_path: Path, key: str) -> None:
    body = key.encode()
    ref = await store.write(UPLOADS, key, body, OCTETS)
    assert ref.key == key
    assert await store.read(ref) == body
    taken = await store.download(Location(bucket=UPLOADS, key=key), tmp_path / "file")
    assert (taken.sha256, (tmp_path / "file").read_bytes()) == (ref.sha256, body)
    await store.remove(Location(bucket=UPLOADS, key=key))
    assert await store.find(UPLOADS, key) is None


async def test_an_upload_done_again_writes_nothing(system: System, store: Objects, tmp_path: Path) -> None:
    key = f"acme/{uuid4()}/audio.flac"
    file = tmp_path / "file"
    file.write_bytes(b"sound")
    first = await store.upload(RECORDINGS, key, file, "audio/flac")
    assert await store.upload(RECORDINGS, key, file, "audio/flac") == first
    assert versions(system, RECORDINGS, key) == 1
    file.write_bytes(b"other sound")
    second = await store.upload(RECORDINGS, key, file, "audio/flac")
    assert (await store.read(first), await store.read(second)) == (b"sound", b"other sound")
    assert versions(system, RECORDINGS, key) == 2


async def test_a_download_stops_at_its_limit(store: Objects, tmp_path: Path) -> None:
    await store.write(UPLOADS, "limit", bytes(5 * MEGABYTE), OCTETS)
    location = Location(bucket=UPLOADS, key="limit")
    with pytest.raises(ObjectTooLarge):
        await store.download(location, tmp_path / "file", limit=MEGABYTE)
    assert (tmp_path / "file").stat().st_size <= MEGABYTE
    taken = await store.download(location, tmp_path / "file", limit=5 * MEGABYTE)
    assert taken.size == 5 * MEGABYTE


async def test_a_large_file_goes_through_in_parts(store: Objects, tmp_path: Path) -> None:
    size = 96 * MEGABYTE
    source, copy = tmp_path / "source", tmp_path / "copy"
    with source.open("wb") as file:
        file.write(b"begin")
        file.truncate(size)
    tracemalloc.start()
    try:
        ref = await store.upload(UPLOADS, "large", source, OCTETS)
        await store.fetch(ref, copy)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (ref.size, copy.stat().st_size) == (size, size)
    assert peak < size / 2


async def test_a_reference_without_a_digest_of_its_own_is_told_by_what_is_there(
    store: Objects, tmp_path: Path
) -> None:
    """A location from outside names bytes; the reference made of it pins them."""
    written = await store.write(UPLOADS, "outside", b"bytes", OCTETS)
    taken = await store.download(Location(bucket=UPLOADS, key="outside"), tmp_path / "file")
    assert taken == ObjectRef(
        bucket=UPLOADS, key="outside", version_id=taken.version_id, sha256=written.sha256, size=5
    )


async def test_a_bucket_is_listed_a_page_at_a_time_each_object_once(
    store: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "_PAGE", 2)
    keys = {"listed/a b+c.mp4", "listed/ünï.mp4", "listed/d/e.mp4", "listed/f.mp4", "listed/twice.mp4"}
    for key in (*keys, "listed/twice.mp4"):
        await store.write(ARTEFACTS, key, key.encode(), OCTETS)
    pages = [page async for page in store.pages(ARTEFACTS)]
    assert all(0 < len(page) <= 2 for page in pages)
    found = [listed for page in pages for listed in page if listed.key.startswith("listed/")]
    assert sorted(listed.key for listed in found) == sorted(keys)
    for listed in found:
        assert (listed.size, listed.modified.utcoffset()) == (len(listed.key.encode()), timedelta())
        assert listed.etag == hashlib.md5(listed.key.encode()).hexdigest()


async def test_a_bucket_that_is_not_there_has_no_list(store: Objects) -> None:
    with pytest.raises(ObjectMissing):
        await anext(store.pages("no-such-bucket"))
