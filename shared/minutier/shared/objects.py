"""The object store, through the S3 interface."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.retention import Retention
from urllib3.response import BaseHTTPResponse

from minutier.schemas.references import Location, ObjectRef
from minutier.shared import stored
from minutier.shared.errors import ObjectChanged, ObjectMissing
from minutier.shared.settings import ObjectSettings

RECORDINGS = "recordings"
ARTEFACTS = "artefacts"
UPLOADS = "uploads"
AUDIT = "audit"

_CHUNK = 1024 * 1024
# As many as a store tells at a time.
_PAGE = 1000
_DIGEST = "sha256"
_WITHOUT_LOCK = {"ObjectLockConfigurationNotFoundError", "NotImplemented", "NoSuchBucket"}
_MISSING = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "MethodNotAllowed"}


def client(settings: ObjectSettings) -> Minio:
    """A client whose waits and retries are bounded; naming the region saves a request per bucket."""
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=5, read=settings.timeout_seconds),
        retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        maxsize=8,
    )
    return Minio(
        settings.endpoint,
        access_key=settings.access_key,
        secret_key=settings.secret_key.get_secret_value(),
        secure=settings.secure,
        region=settings.region,
        http_client=pool,
    )


def upload_location() -> Location:
    """Where a file may be put for one announcement; what it is called elsewhere is no part of it."""
    return Location(bucket=UPLOADS, key=f"{uuid4()}/media")


def digest(file: Path) -> str:
    """The SHA-256 of a file, as references have it. Raises `OSError`."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Listed:
    """An object as a listing has it; ``size`` in bytes."""

    key: str
    etag: str | None
    size: int
    modified: datetime


@dataclass(frozen=True)
class Kept:
    """A version of an object, or a delete marker, which has no bytes; ``size`` in bytes."""

    location: Location
    size: int
    is_marker: bool


@dataclass(frozen=True)
class Erased:
    """Versions and delete markers, and the bytes of all of them."""

    versions: int
    bytes: int


class Objects:
    """Reads verify the digest that a reference carries; writes return such a reference."""

    def __init__(self, settings: ObjectSettings) -> None:
        self._client = client(settings)

    async def download(self, location: Location, into: Path, *, limit: int | None = None) -> ObjectRef:
        """Stream the object into a file, and tell what it was.

        Raises `ObjectMissing`, and `ObjectTooLarge` as soon as it has more than ``limit`` bytes.
        """
        return await asyncio.to_thread(self._download, location, into, limit)

    async def fetch(self, ref: ObjectRef, into: Path) -> None:
        """Stream the object into a file. Raises `ObjectMissing` or `ObjectChanged`."""
        location = Location(bucket=ref.bucket, key=ref.key, version_id=ref.version_id)
        found = await asyncio.to_thread(self._download, location, into, None)
        if found.sha256 != ref.sha256:
            raise ObjectChanged

    async def holds(self, ref: ObjectRef) -> bool:
        """Whether the object is there, in the version that ``ref`` names."""
        return await asyncio.to_thread(self._stat, ref.bucket, ref.key, ref.version_id) is not None

    async def digest_of(self, location: Location) -> str | None:
        """The SHA-256 of an object as its metadata have it; of one that is gone, or has none, ``None``."""
        found = await self.known(location)
        return found.sha256 if found else None

    async def known(self, location: Location) -> ObjectRef | None:
        """An object as its metadata have it; of one that is gone, or has no digest, ``None``."""
        return await asyncio.to_thread(self._stat, location.bucket, location.key, location.version_id)

    async def read(self, ref: ObjectRef) -> bytes:
        """The bytes of a small object. Raises `ObjectMissing` or `ObjectChanged`."""
        body = await asyncio.to_thread(self._read, ref)
        if hashlib.sha256(body).hexdigest() != ref.sha256:
            raise ObjectChanged
        return body

    async def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        """``length`` bytes from ``start`` on, all of them within the object; at least one.

        Raises `ObjectMissing`, and `ObjectChanged` where what lies there says that it is another: the digest
        of a part cannot be checked.
        """
        return await asyncio.to_thread(self._read_range, ref, start, length)

    async def find(self, bucket: str, key: str) -> tuple[bytes, ObjectRef] | None:
        """The newest version of a small object, or ``None``."""
        try:
            return await asyncio.to_thread(self._find, bucket, key)
        except ObjectMissing:
            return None

    async def peek(self, location: Location, *, most: int) -> bytes:
        """The first bytes of an object, ``most`` of them at most. Raises `ObjectMissing`."""
        return await asyncio.to_thread(self._peek, location, most)

    async def write(
        self, bucket: str, key: str, body: bytes, content_type: str, *, kept_until: datetime | None = None
    ) -> ObjectRef:
        """In a bucket that `locks`, nobody can delete the version that is written before ``kept_until``."""
        return await stored.to_its_end(
            self._put,
            bucket,
            key,
            io.BytesIO(body),
            len(body),
            hashlib.sha256(body).hexdigest(),
            content_type,
            kept_until,
        )

    async def upload(self, bucket: str, key: str, file: Path, content_type: str) -> ObjectRef:
        """Stream a file into the store; where its bytes are there already, nothing is written."""
        return await stored.to_its_end(self._upload, bucket, key, file, content_type)

    async def pages(self, bucket: str, prefix: str = "") -> AsyncIterator[list[Listed]]:
        """The newest versions under ``prefix``, a page at a time.

        Raises `ObjectMissing` where there is no such bucket.
        """
        listing = self._client.list_objects(bucket, prefix=prefix, recursive=True)
        while page := await asyncio.to_thread(_page, listing):
            yield page

    async def locks(self, bucket: str) -> bool:
        """Whether the store keeps the bucket's held objects from being deleted.

        It has to be asked: some take a hold in other buckets as well, and then delete what it is for.
        """
        return await asyncio.to_thread(self._locks, bucket)

    async def versions(self, bucket: str, prefix: str) -> AsyncIterator[list[Location]]:
        """Every version under ``prefix`` but for delete markers, a page at a time."""
        async for page in self.kept(bucket, prefix):
            if found := [each.location for each in page if not each.is_marker]:
                yield found

    async def kept(self, bucket: str, prefix: str) -> AsyncIterator[list[Kept]]:
        """Every version under ``prefix``, delete markers among them, a page at a time."""
        listing = self._client.list_objects(bucket, prefix=prefix, recursive=True, include_version=True)
        while page := await asyncio.to_thread(_kept, listing):
            yield page

    async def erase(self, bucket: str, prefix: str, *, keeping: Collection[str] = ()) -> Erased:
        """Remove every version under ``prefix`` and every delete marker, and tell what that was.

        What lies under one of the keys ``keeping`` stays. Raises `EraseRefused` where the store keeps some
        of the others, as it does what is held.
        """
        versions = size = 0
        async for page in self.kept(bucket, prefix):
            gone = [each for each in page if each.location.key not in keeping]
            await asyncio.to_thread(self._erase, bucket, gone)
            versions, size = versions + len(gone), size + sum(each.size for each in gone)
        return Erased(versions, size)

    async def set_hold(self, location: Location, held: bool) -> None:
        """Have the store keep a version from being deleted, or no longer; one that is gone is passed over."""
        await asyncio.to_thread(self._set_hold, location, held)

    async def remove(self, location: Location) -> None:
        await asyncio.to_thread(
            self._client.remove_object, location.bucket, location.key, location.version_id
        )

    def _download(self, location: Location, into: Path, limit: int | None) -> ObjectRef:
        digest = hashlib.sha256()
        size = 0
        with (
            self._opened(location.bucket, location.key, location.version_id) as response,
            into.open("wb") as file,
        ):
            for chunk in response.stream(_CHUNK):
                size += len(chunk)
                if limit is not None and size > limit:
                    raise ObjectTooLarge
                digest.update(chunk)
                file.write(chunk)
            version_id = response.headers.get("x-amz-version-id") or location.version_id
        return ObjectRef(
            bucket=location.bucket,
            key=location.key,
            version_id=version_id,
            sha256=digest.hexdigest(),
            size=size,
        )

    def _read(self, ref: ObjectRef) -> bytes:
        with self._opened(ref.bucket, ref.key, ref.version_id) as response:
            # A byte more shows that it is not what was meant, whatever else has been put there.
            return bytes(response.read(ref.size + 1))

    def _peek(self, location: Location, most: int) -> bytes:
        with self._opened(location.bucket, location.key, location.version_id) as response:
            return bytes(response.read(most))

    def _read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        try:
            with self._opened(ref.bucket, ref.key, ref.version_id, start, length) as response:
                told = response.headers.get(f"x-amz-meta-{_DIGEST}", ref.sha256)
                body = bytes(response.read(length))
        except S3Error as error:
            if error.code == "InvalidRange":
                raise ObjectChanged from None
            raise
        if told != ref.sha256 or len(body) != length:
            raise ObjectChanged
        return body

    def _find(self, bucket: str, key: str) -> tuple[bytes, ObjectRef]:
        with self._opened(bucket, key, None) as response:
            body = bytes(response.read())
            version_id = response.headers.get("x-amz-version-id")
        sha256 = hashlib.sha256(body).hexdigest()
        return body, ObjectRef(bucket=bucket, key=key, version_id=version_id, sha256=sha256, size=len(body))

    @contextmanager
    def _opened(
        self, bucket: str, key: str, version_id: str | None, start: int = 0, length: int = 0
    ) -> Iterator[BaseHTTPResponse]:
        """All of an object, or ``length`` bytes of it. Raises `ObjectMissing`, or what the client raises."""
        try:
            response = self._client.get_object(bucket, key, start, length, version_id=version_id)
        except S3Error as error:
            if error.code in _MISSING:
                raise ObjectMissing from None
            raise
        try:
            yield response
        finally:
            # Whatever was not read is not read: the connection ends where something is left.
            response.close()
            response.release_conn()

    def _locks(self, bucket: str) -> bool:
        try:
            self._client.get_object_lock_config(bucket)
        except S3Error as error:
            if error.code in _WITHOUT_LOCK:
                return False
            raise
        return True

    def _erase(self, bucket: str, page: list[Kept]) -> None:
        if not page:
            return
        named = [DeleteObject(each.location.key, each.location.version_id) for each in page]
        refused = [
            error for error in self._client.remove_objects(bucket, named) if error.code not in _MISSING
        ]
        if refused:
            raise EraseRefused

    def _set_hold(self, location: Location, held: bool) -> None:
        change = self._client.enable_object_legal_hold if held else self._client.disable_object_legal_hold
        try:
            change(location.bucket, location.key, location.version_id)
        except S3Error as error:
            if error.code not in _MISSING:
                raise

    def _stat(self, bucket: str, key: str, version_id: str | None = None) -> ObjectRef | None:
        try:
            found = self._client.stat_object(bucket, key, version_id=version_id)
        except S3Error as error:
            if error.code in _MISSING:
                return None
            raise
        sha256 = (found.metadata or {}).get(f"x-amz-meta-{_DIGEST}")
        if sha256 is None:
            return None
        return ObjectRef(
            bucket=bucket, key=key, version_id=found.version_id, sha256=sha256, size=found.size or 0
        )

    def _upload(self, bucket: str, key: str, file: Path, content_type: str) -> ObjectRef:
        # One handle, so that what is sent is what was digested, should another file take its place.
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            if (present := self._stat(bucket, key)) is not None and present.sha256 == sha256:
                return present
            return self._put(bucket, key, stream, file.stat().st_size, sha256, content_type)

    def _put(
        self,
        bucket: str,
        key: str,
        stream: BinaryIO,
        size: int,
        sha256: str,
        content_type: str,
        kept_until: datetime | None = None,
    ) -> ObjectRef:
        stored.note(Location(bucket=bucket, key=key))
        result = self._client.put_object(
            bucket,
            key,
            stream,
            size,
            content_type=content_type,
            metadata={_DIGEST: sha256},
            retention=Retention(COMPLIANCE, kept_until) if kept_until else None,
        )
        return ObjectRef(bucket=bucket, key=key, version_id=result.version_id, sha256=sha256, size=size)


def _page(listing: Iterator[Any]) -> list[Listed]:
    try:
        return [
            Listed(found.object_name, found.etag or None, found.size or 0, found.last_modified)
            for found in islice(listing, _PAGE)
            if not found.is_dir
        ]
    except S3Error as error:
        if error.code in _MISSING:
            raise ObjectMissing from None
        raise


def _kept(listing: Iterator[Any]) -> list[Kept]:
    try:
        return [
            Kept(
                Location(bucket=each.bucket_name, key=each.object_name, version_id=each.version_id),
                each.size or 0,
                bool(each.is_delete_marker),
            )
            for each in islice(listing, _PAGE)
        ]
    except S3Error as error:
        if error.code == "NoSuchBucket":
            return []
        raise


class EraseRefused(Exception):
    """The store keeps an object that was to be removed: a hold on it stands, or has just been released."""


class ObjectTooLarge(Exception):
    """The object has more bytes than were asked for at most."""
