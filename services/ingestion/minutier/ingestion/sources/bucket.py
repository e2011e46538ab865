"""What a store tells of its buckets: notifications as S3 has them, over HTTP or NATS."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote_plus

from fastapi import APIRouter, Depends, Request
from pydantic import AliasPath, BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.exceptions import HTTPException

from minutier.ingestion.access import Access, body_of
from minutier.ingestion.ports import Announcer
from minutier.ingestion.sources.bucket_objects import BucketObject
from minutier.ingestion.tenants import Tenants
from minutier.schemas.references import Location
from minutier.shared.errors import Purged
from minutier.shared.problems import faults

_BODY_BYTES = 1024**2
_RECORDS = 1000


class Record(BaseModel):
    """One change of one object."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    event: str = Field(alias="eventName")
    bucket: str = Field(validation_alias=AliasPath("s3", "bucket", "name"))
    key: str = Field(validation_alias=AliasPath("s3", "object", "key"), min_length=1)
    etag: str | None = Field(None, validation_alias=AliasPath("s3", "object", "eTag"))
    version_id: str | None = Field(None, validation_alias=AliasPath("s3", "object", "versionId"))
    content_type: str | None = Field(None, validation_alias=AliasPath("s3", "object", "contentType"))

    @field_validator("key")
    @classmethod
    def as_it_is(cls, key: str) -> str:
        """The key, which is told as in the query of an address."""
        return unquote_plus(key)

    @property
    def created(self) -> bool:
        # Amazon leaves out the prefix that MinIO writes.
        return self.event.removeprefix("s3:").startswith("ObjectCreated:")

    @property
    def object_(self) -> BucketObject:
        """Raises `ValidationError` for what no store would hold."""
        # A bucket without versions tells "null", or nothing.
        version = self.version_id if self.version_id not in {"", "null"} else None
        return BucketObject(
            Location(bucket=self.bucket, key=self.key, version_id=version),
            etag=(self.etag or "").strip('"') or None,
            content_type=self.content_type,
        )


class Notification(BaseModel):
    """A document of records; one that has none, as a store sends to try the address, tells of nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    records: tuple[Record, ...] = Field((), alias="Records", max_length=_RECORDS)

    @property
    def recordings(self) -> Sequence[BucketObject]:
        """The recordings that were made; raises `ValidationError` as `Record.object_` does.

        Of a playlist only its last writing counts, which the meeting server or the reconciler tells.
        """
        made = (record.object_ for record in self.records if record.created)
        return [found for found in made if found.is_recording and not found.is_playlist]


class Told(BaseModel):
    """What a notification came to."""

    announced: int = Field(description="recordings that nobody had told of before")
    ignored: int = Field(
        description="other records: known already or purged, no recordings, or of a bucket that is not the "
        "tenant's"
    )


@dataclass(frozen=True)
class BucketNotifications:
    """The use case: what was put into a bucket is announced for the tenant whose bucket it is."""

    tenants: Tenants
    announcer: Announcer

    async def take(self, notification: Notification, *, sender: str | None = None) -> Told:
        """``sender`` is the tenant who tells it, if one does: of others' buckets they tell nothing."""
        announced = 0
        for found in notification.recordings:
            owner = self.tenants.with_bucket(found.location.bucket)
            if owner is None or sender not in (owner, None):
                continue
            announcement = found.announced_for(self.tenants[owner])
            with suppress(Purged):
                announced += (await self.announcer.announce(owner, announcement, etag=found.etag)).new
        return Told(announced=announced, ignored=len(notification.records) - announced)

    async def take_message(self, body: bytes) -> Told:
        """As `take`, of what a store has published itself. Raises `ValidationError`."""
        return await self.take(Notification.model_validate_json(body))


def router(access: Access, notifications: BucketNotifications) -> APIRouter:
    routes = APIRouter(tags=["sources"])

    async def take(request: Request, tenant: Annotated[str, Depends(access.tenant)]) -> Told:
        """Take a bucket notification of MinIO, or of any store that sends those of S3."""
        body = await body_of(request, limit=_BODY_BYTES)
        try:
            return await notifications.take(Notification.model_validate_json(body), sender=tenant)
        except ValidationError as error:
            detail = f"This is no S3 bucket notification. {faults(error.errors())}"
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from None

    routes.post("/webhooks/s3", openapi_extra={"requestBody": _DOCUMENT})(take)
    return routes


def _object(required: Mapping[str, object], **optional: object) -> dict[str, object]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


_TEXT = {"type": "string"}
_RECORD = _object(
    {
        "eventName": _TEXT | {"description": "s3:ObjectCreated:Put, with or without its prefix"},
        "s3": _object(
            {
                "bucket": _object({"name": _TEXT}),
                "object": _object(
                    {"key": _TEXT | {"minLength": 1, "description": "as in the query of an address"}},
                    eTag={"type": ["string", "null"]},
                    versionId={"type": ["string", "null"]},
                    contentType={"type": ["string", "null"]},
                ),
            }
        ),
    }
)
_DOCUMENT = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _object({}, Records={"type": "array", "maxItems": _RECORDS, "items": _RECORD})
        }
    },
}
