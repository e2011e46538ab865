"""Uploads to an address that is asked for first, and that lets in whoever has it for a while."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from minutier.ingestion.access import Access, arriving, body_of
from minutier.ingestion.domain import Limits
from minutier.ingestion.signing import sign, verify
from minutier.ingestion.uploads.take import Details, Promise
from minutier.shared.problems import described, faults

_BODY_BYTES = 256 * 1024


class Address(BaseModel):
    """Where to PUT a file, until when."""

    recording_id: UUID
    upload_url: str
    expires_at: datetime


class Uploaded(BaseModel):
    recording_id: UUID


class Uploads(Protocol):
    async def promise(self, tenant: str, details: Details) -> Promise | None:
        """Expect a recording; ``None`` where it was taken in before. Raises `Purged`."""
        ...

    async def take(self, tenant: str, recording_id: UUID, file: Path) -> bool:
        """Announce the promised recording; false where it came before. Raises `Purged`."""
        ...


def router(
    access: Access,
    uploads: Uploads,
    *,
    workspace: Path,
    limits_of: Callable[[str], Limits],
    public_url: str | None,
) -> APIRouter:
    routes = APIRouter(tags=["uploads"])

    async def promise(request: Request, tenant: Annotated[str, Depends(access.tenant)]) -> Address:
        """Ask for an address to upload a recording to."""
        details = _details(await body_of(request, limit=_BODY_BYTES))
        promised = await uploads.promise(tenant, details)
        if promised is None:
            raise HTTPException(
                HTTPStatus.CONFLICT,
                "The recording with this external_id was taken in. Send another external_id, or none.",
            )
        path = _path(tenant, promised.recording_id)
        query = sign(path, key=_key(access, tenant), expires=promised.expires_at, method="PUT")
        base = (public_url or str(request.base_url)).rstrip("/")
        return Address(
            recording_id=promised.recording_id,
            upload_url=f"{base}{path}?{query}",
            expires_at=promised.expires_at,
        )

    async def upload(
        request: Request, response: Response, tenant: str, recording_id: UUID, expires: int, signature: str
    ) -> Uploaded:
        """Send the file itself; sending it again changes nothing, and is answered with 200."""
        known = access.tenants.get(tenant)
        path = _path(tenant, recording_id)
        if known is None or not verify(
            path, key=known.api_key.get_secret_value(), expires=expires, signature=signature, method="PUT"
        ):
            raise HTTPException(
                HTTPStatus.FORBIDDEN,
                "This address is wrong, or has expired. Ask for another at POST /uploads.",
            )
        await access.admit(tenant)
        with TemporaryDirectory(dir=workspace) as folder:
            file = Path(folder, "upload")
            if await _save(request, file, limit=limits_of(tenant).size) == 0:
                raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "Send the recording as the body.")
            if not await uploads.take(tenant, recording_id, file):
                response.status_code = HTTPStatus.OK
        return Uploaded(recording_id=recording_id)

    routes.post(
        "/uploads",
        status_code=HTTPStatus.CREATED,
        openapi_extra={
            "requestBody": {"content": {"application/json": {"schema": Details.model_json_schema()}}}
        },
        responses=described(409, 410),
    )(promise)
    routes.put(
        "/uploads/{tenant}/{recording_id}",
        status_code=HTTPStatus.CREATED,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {
                        "schema": {"type": "string", "format": "binary", "minLength": 1}
                    }
                },
            }
        },
        responses=described(403, 410) | {200: {"model": Uploaded}},
    )(upload)
    return routes


def _details(body: bytes) -> Details:
    """What a body says; none says nothing. Answers 422."""
    try:
        return Details.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, faults(error.errors())) from None


def _path(tenant: str, recording_id: UUID) -> str:
    return f"/uploads/{tenant}/{recording_id}"


def _key(access: Access, tenant: str) -> str:
    return access.settings_of(tenant).api_key.get_secret_value()


async def _save(request: Request, file: Path, *, limit: int) -> int:
    """Stream the body to disk; its bytes. Answers 413 as soon as there are more than ``limit``."""
    size = 0
    with file.open("wb") as target:
        async for chunk in arriving(request, limit=limit):
            size += len(chunk)
            await asyncio.to_thread(target.write, chunk)
    return size
