"""The use cases: a person's request is registered, is refused, or becomes a purge that others approve."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from minutier.retention.erasures.domain import LEGAL_BASIS, Refusal, Request, State
from minutier.retention.erasures.ports import Documents as Store
from minutier.retention.erasures.ports import Requests, Shelf
from minutier.retention.erasures.prepare import read
from minutier.retention.erasures.redact import redact
from minutier.retention.erasures.voices import Voice, voices
from minutier.retention.policies.domain import Kind
from minutier.retention.policies.ports import Register
from minutier.retention.purges.domain import Purge
from minutier.retention.purges.ports import Purges, Unlistable
from minutier.schemas.records import Cause, Overlap

# Where a day begins first, before UTC.
_FIRST_ZONE = timedelta(hours=14)
_KINDS = frozenset({Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES})


class NoRecording(Exception):
    """The organisation has no such recording."""


class NoTranscript(Exception):
    """Nobody can be told apart: there is no transcript, or not any more."""


class UnknownVoices(Exception):
    """Somebody was named who does not speak in the recording."""


class DecidedAlready(Exception):
    """The request was refused, is under way or done."""


class Held(Exception):
    """A legal hold covers the recording: nothing of it goes while it stands."""


@dataclass(frozen=True)
class Choice:
    """Who of the voices is erased, and what becomes of the sound where others talk as well."""

    voices: Collection[str]
    overlap: Overlap
    by: str
    at: datetime


async def register(
    recording_id: UUID,
    reference: str,
    received_on: date,
    *,
    by: str,
    at: datetime,
    register: Register,
    requests: Requests,
) -> Request:
    """From then on its month is shown. Raises `NoRecording`, and `ValueError` for what cannot be."""
    if received_on > (at + _FIRST_ZONE).date():
        raise ValueError("a request was received today or before")
    request = Request(uuid4(), register.name, recording_id, reference, received_on, by, at)
    if await register.find(recording_id) is None:
        raise NoRecording
    await requests.add(request)
    return request


async def who_speaks(recording_id: UUID, *, register: Register, shelf: Shelf, store: Store) -> list[Voice]:
    """Raises `NoRecording` and `NoTranscript`."""
    if await register.find(recording_id) is None:
        raise NoRecording
    documents = await read(await shelf.of(recording_id), store=store)
    if documents is None:
        raise NoTranscript
    return list(voices(documents.transcript, documents.read))


async def propose(
    request: Request,
    choice: Choice,
    *,
    register: Register,
    requests: Requests,
    purges: Purges,
    shelf: Shelf,
    store: Store,
) -> Purge | Unlistable:
    """The purge that is to be approved; where it is none, the transaction is to be rolled back.

    Raises `DecidedAlready`, `Held`, `NoTranscript` and `UnknownVoices`.
    """
    if request.state is not State.RECEIVED:
        raise DecidedAlready
    if await purges.held([request.recording_id]):
        raise Held
    documents = await read(await shelf.of(request.recording_id), store=store)
    if documents is None:
        raise NoTranscript
    known = {voice.id: voice for voice in voices(documents.transcript, documents.read)}
    if not set(choice.voices) <= set(known):
        raise UnknownVoices
    speakers = {speaker for voice in choice.voices for speaker in known[voice].speakers}
    # Hours of speech take a while, in which others want to be answered.
    person = (await asyncio.to_thread(redact, documents, speakers, choice.overlap)).person
    purge = Purge(
        id=uuid4(),
        tenant=register.name,
        cause=Cause.ERASURE,
        legal_basis=LEGAL_BASIS,
        reason=request.reference,
        needs_visa=(await register.tenant()).public_body,
        proposed_by=choice.by,
        proposed_at=choice.at,
    )
    await purges.add(purge)
    if unlistable := await purges.candidates.put_person(purge, request.recording_id, _KINDS, person):
        return unlistable
    await requests.propose(request.id, purge.id)
    return purge


async def refuse(request: Request, refusal: Refusal, *, requests: Requests) -> None:
    """Raises `DecidedAlready`; a purge that was proposed is to be withdrawn first."""
    if request.state is not State.RECEIVED:
        raise DecidedAlready
    await requests.refuse(request.id, refusal)
