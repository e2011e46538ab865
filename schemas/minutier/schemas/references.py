"""Where media and documents lie."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from minutier.schemas.base import Contract, Sha256, Text

Bucket = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$")]
VersionId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9+/=._-]{1,1024}$", description="as the object store gave it")
]


class Location(Contract):
    """Where media lies before it is taken in; ``version_id`` pins one version of the object."""

    bucket: Bucket
    key: Text = Field(min_length=1, max_length=1024)
    version_id: VersionId | None = None


class Link(Contract):
    """Where media can be fetched over HTTP, from a host that the tenant may name; often presigned."""

    url: str = Field(pattern=r"^https?://[^\s\x00]+$", max_length=4096)


class ObjectRef(Contract):
    """An object that will not change: its digest is part of the reference."""

    bucket: Bucket
    key: Text = Field(min_length=1, max_length=1024)
    version_id: VersionId | None = None
    sha256: Sha256
    size: int = Field(ge=0, description="bytes")


_STORED_KEY = r"^[a-z0-9][a-z0-9._/-]{0,1023}$"


def _named_by_identifiers(ref: ObjectRef) -> ObjectRef:
    if re.fullmatch(_STORED_KEY, ref.key) is None:
        raise ValueError("an event refers to objects whose keys are made of identifiers")
    return ref


# An uploaded file's name may tell who met; the keys that services make tell nothing.
StoredRef = Annotated[
    ObjectRef,
    AfterValidator(_named_by_identifiers),
    Field(json_schema_extra={"properties": {"key": {"pattern": _STORED_KEY}}}),
]
