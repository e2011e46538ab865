"""What La Suite Meet's backend asks for, and what is announced of it."""

from typing import Annotated
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
)

from minutier.ingestion.domain import is_addressable
from minutier.ingestion.jobs import markdown
from minutier.ingestion.jobs.domain import JOB_SOURCE, PushToDocs
from minutier.ingestion.media.addresses import is_listed
from minutier.ingestion.people import Email
from minutier.ingestion.sources import languages
from minutier.ingestion.tenants import Tenant
from minutier.schemas.base import Text
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import AnnouncedMetadata, Announcement, MetadataKind
from minutier.schemas.references import Link, Location
from minutier.shared.settings import ObjectSettings

# What Docs takes at most; the name of a room may be longer.
_DOCS_TITLE = 255


def _written(time: object) -> object:
    if isinstance(time, str) and "T" in time.upper():
        return time
    raise ValueError("is no time such as 2026-11-24T10:00:00Z")


LanguageTag = Annotated[
    str,
    Field(pattern=languages.PATTERN, description="ISO 639, or a tag: `fr-FR`"),
    AfterValidator(languages.primary),
]
Time = Annotated[AwareDatetime, BeforeValidator(_written)]
Url = Annotated[
    str,
    Field(
        pattern=r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?#][^\s\x00]*)?$",
        max_length=4096,
    ),
]
Sub = Annotated[Text, Field(min_length=1, max_length=255)]


class Wanted(BaseModel):
    """What is asked for, by whom."""

    user_sub: Sub
    user_email: Email | None = None

    @property
    def owner(self) -> Person:
        """Whoever asks, whose the result is."""
        return Person(part=Part.OWNER, subject=self.user_sub, email=self._email)

    @property
    def _email(self) -> str | None:
        return self.user_email


class Metadata(BaseModel):
    """Where the meeting server's account of the meeting lies, and when it was recorded."""

    cloud_storage_url: Url
    started_at: Time | None = Field(
        None, validation_alias=AliasChoices("started_at", "start_at"), serialization_alias="started_at"
    )
    ended_at: Time | None = Field(
        None, validation_alias=AliasChoices("ended_at", "end_at"), serialization_alias="ended_at"
    )


class DocsConfig(BaseModel):
    """The document that is to be made in La Suite Docs."""

    user_email: Email
    title: Text = Field(min_length=1, max_length=1000)
    download_link: Url | None = None
    form_link: Url | None = None
    auto_create_summary: StrictBool = False

    def push(self, language: str | None) -> PushToDocs:
        summary_title = markdown.summary_title(self.title, language=language)
        return PushToDocs(
            self.user_email,
            self.title[:_DOCS_TITLE],
            self.download_link,
            self.form_link,
            summary_title[:_DOCS_TITLE] if self.auto_create_summary else None,
        )


class TranscriptWanted(Wanted):
    cloud_storage_url: Url
    language: LanguageTag | None = Field(None, description="without one it is detected")
    context_language: LanguageTag | None = Field(None, description="of the sentences around what was said")
    push_to_docs_config: DocsConfig | None = None
    metadata: Metadata | None = None

    @property
    def _email(self) -> str | None:
        docs = self.push_to_docs_config
        return self.user_email or (docs.user_email if docs else None)


class SummaryWanted(Wanted):
    content: str = Field(pattern=r"\S", description="`**Name**: words`, or paragraphs")
    language: LanguageTag | None = Field(None, description="without one it is detected")


def announcement(
    wanted: TranscriptWanted, job_id: UUID, tenant: Tenant, store: ObjectSettings
) -> Announcement:
    """What a wanted transcript tells of its recording."""
    metadata = wanted.metadata
    return Announcement(
        source=JOB_SOURCE,
        external_id=str(job_id),
        title=wanted.push_to_docs_config.title[:_DOCS_TITLE] if wanted.push_to_docs_config else None,
        language=wanted.language,
        started_at=metadata and metadata.started_at,
        ended_at=metadata and metadata.ended_at,
        people=(wanted.owner,),
        mix=located(wanted.cloud_storage_url, tenant, store),
        metadata=metadata
        and AnnouncedMetadata(
            kind=MetadataKind.LASUITE_MEET, location=located(metadata.cloud_storage_url, tenant, store)
        ),
    )


def located(url: str, tenant: Tenant, store: ObjectSettings) -> Location | Link:
    """The object that a link leads to, where it lies in a bucket of the tenant's; else the link.

    A webhook, a bucket notification and the reconciler name the object, and it is one recording.
    """
    try:
        found = _object_at(urlsplit(url), tenant, store)
    except ValueError:
        # It leads nowhere, as whoever follows it will tell.
        return Link(url=url)
    if found is None or not _is_key(found[1]):
        return Link(url=url)
    return Location(bucket=found[0], key=found[1])


def _object_at(parts: SplitResult, tenant: Tenant, store: ObjectSettings) -> tuple[str, str] | None:
    """The bucket and the key, of a bucket that is named in the path, or before the store's host."""
    host, path = parts.hostname or "", unquote(parts.path).removeprefix("/")
    bucket, _, key = path.partition("/")
    if bucket in tenant.buckets and _is_store(host, parts, tenant, store):
        return bucket, key
    for bucket in tenant.buckets:
        behind = host.removeprefix(f"{bucket}.")
        if behind != host and _is_store(behind, parts, tenant, store):
            return bucket, path
    return None


def _is_store(host: str, parts: SplitResult, tenant: Tenant, store: ObjectSettings) -> bool:
    if is_listed(parts.scheme, host, parts.port, tenant.fetch_hosts):
        return True
    secure = parts.scheme == "https"
    return secure == store.secure and is_listed(parts.scheme, host, parts.port, [store.endpoint.lower()])


def _is_key(key: str) -> bool:
    return 0 < len(key) <= 1024 and "\x00" not in key and is_addressable(key)
