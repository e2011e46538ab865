"""The use cases: what each page shows, read for somebody, and written to the access log where it is content.

Each returns what its template is given.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from minutier.query.access.domain import Level, Seen
from minutier.query.access.log import Action
from minutier.query.access.ports import AccessLog, Shares
from minutier.query.audio.domain import media
from minutier.query.audio.tracks import read_tracks
from minutier.query.domain import Entry, Kind, State, recording
from minutier.query.edits.domain import AnyLayer, Correction
from minutier.query.pages.views import access, edits, meetings, minutes, player, report, transcript
from minutier.query.pages.views import search as finds
from minutier.query.pages.views.restriction import restriction
from minutier.query.paging import BadCursor, Position, cut
from minutier.query.ports import Documents, Recordings
from minutier.query.search.domain import BadQuestion, parse
from minutier.query.search.ports import Archive
from minutier.query.search.search import After, search
from minutier.query.show import show
from minutier.query.transcripts.read import Absent, Reading, Transcripts
from minutier.schemas.records import Kind as Disposed
from minutier.shared.errors import Permanent
from minutier.shared.identity.domain import Person
from minutier.shared.pages.phrases import Format

_MEETINGS = 40
_FOUND = 10
_ACCESSES = 100

View = Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """What the pages read, of the parts beside them."""

    recordings: Recordings
    transcripts: Transcripts
    documents: Documents
    archive: Archive
    shares: Shares
    log: AccessLog


async def read_meetings(
    sources: Sources, person: Person, given: Mapping[str, str], after: str | None, format: Format
) -> View:
    """The list; from the newest on where ``after`` is no cursor, as in an address that was cut."""
    asked = meetings.filters(given)
    place = None
    with suppress(BadCursor):
        place = Position.decode(after) if after else None
    found = await sources.recordings.page(person, asked.wanted(format.zone), limit=_MEETINGS + 1, after=place)
    shown, seen = cut(found, _MEETINGS)
    last = seen and Position(seen.entry.happened_at, seen.entry.id)
    return {
        "months": meetings.months((show(seen) for seen in shown), format),
        "filters": asked,
        "states": tuple(State),
        "first": place is None,
        "newest": meetings.address("/", **vars(asked)),
        "older": last and meetings.address("/", **vars(asked), after=last.encode()),
    }


async def read_meeting(sources: Sources, person: Person, seen: Seen) -> View:
    """A meeting as far as ``person`` may see it, and as far as there is anything yet."""
    entry = seen.entry
    owned = seen.level >= Level.OWN
    view: dict[str, Any] = {
        "meeting": meetings.meeting(show(seen)),
        "transcript": None,
        "minutes": None,
        "edits": (),
        "version": "",
        "destroyed": entry.destroyed,
        "recorded": entry.newest(Kind.INGESTED) is not None,
        "sound": None,
        "only": None,
        "restriction": restriction(seen),
        "shares": access.given(await sources.shares.of(person, entry.id)) if owned else (),
    }
    if seen.level < Level.READ:
        return view
    segments: Mapping[str, transcript.Said] = {}
    with suppress(Absent, Permanent):
        reading = await sources.transcripts.read(entry)
        await sources.log.write(person, Action.TRANSCRIPT, entry.id, format="page", **seen.because)
        said = await asyncio.to_thread(transcript.transcript, reading.transcript)
        view |= {"transcript": said, "edits": edits.edits(reading), "version": reading.etag}
        view["sound"] = await _sound(sources, entry, reading)
        segments = said.segments
    if view["transcript"] is None and Disposed.TRANSCRIPT not in entry.destroyed:
        return view
    with suppress(Absent, Permanent):
        written = await sources.transcripts.minutes(entry)
        await sources.log.write(person, Action.MINUTES, entry.id, format="page", **seen.because)
        view["minutes"] = minutes.minutes(written, segments)
    return view


async def read_edited(
    sources: Sources, person: Person, seen: Seen, layer: AnyLayer, reading: Reading
) -> View:
    """What an edit changes in a meeting's page: after a correction ``only`` its passage, else all of it.

    Somebody who corrects what they have read reads nothing by that.
    """
    said = await asyncio.to_thread(transcript.transcript, reading.transcript)
    segment = layer.passage.segment if isinstance(layer, Correction) else None
    if segment not in said.segments:
        return await read_meeting(sources, person, seen)
    return {
        "meeting": meetings.meeting(show(seen)),
        "transcript": said,
        "edits": edits.edits(reading),
        "version": reading.etag,
        "sound": await _sound(sources, seen.entry, reading),
        "restriction": restriction(seen),
        "only": segment,
    }


async def _sound(sources: Sources, entry: Entry, reading: Reading) -> player.Sound | None:
    ingested = media(entry)
    if ingested is None:
        return None
    if ingested.audio is not None:
        return player.Sound()
    return player.sound(await read_tracks(ingested, documents=sources.documents), reading.machine)


async def read_report(sources: Sources, seen: Seen) -> View:
    """How it was made; what can no longer be read, as after a purge, is left out."""
    entry = seen.entry
    found = recording(entry)
    models = {**await sources.transcripts.models(entry)}
    machine = written = None
    with suppress(Absent, Permanent):
        machine = (await sources.transcripts.read(entry)).machine
    with suppress(Absent, Permanent):
        written = await sources.transcripts.minutes(entry)
        models["summarisation"] = written.model
    return {
        "meeting": meetings.meeting(show(seen)),
        "report": report.report(
            found.stages,
            models,
            duration=found.duration,
            total_seconds=found.total_seconds,
            transcript=machine,
            minutes=written,
        ),
    }


async def read_found(sources: Sources, person: Person, query: str, after: str | None) -> View:
    """What was found; ``trouble`` says what about the question cannot be answered."""
    view: dict[str, Any] = {
        "query": query,
        "trouble": None,
        "meetings": (),
        "found": 0,
        "since": None,
        "more": None,
        "first": after is None,
        "newest": meetings.address("/search", q=query),
    }
    if not query:
        return view
    place = None
    try:
        question = parse(query)
        place = After.decode(after) if after else None
    except BadQuestion as error:
        return view | {"trouble": error}
    except BadCursor:
        view["first"] = True
    found = await search(person, question, archive=sources.archive, limit=_FOUND, after=place)
    return view | {
        "meetings": finds.meetings(found.results),
        "found": found.found,
        "since": found.since,
        "more": found.after and meetings.address("/search", q=query, after=found.after.encode()),
    }


async def read_accesses(
    sources: Sources, person: Person, seen: Seen | None, after: int | None, format: Format
) -> View:
    """Who has read the recording, or any of the organisation's."""
    recording_id: UUID | None = seen.entry.id if seen else None
    await sources.log.write(person, Action.ACCESS_LOG, recording_id, **(seen.because if seen else {}))
    found = await sources.log.page(person, recording_id=recording_id, limit=_ACCESSES + 1, after=after)
    shown, last = cut(found, _ACCESSES)
    here = f"/recordings/{recording_id}/access" if recording_id else "/accesses"
    return {
        "meeting": meetings.meeting(show(seen)) if seen else None,
        "days": access.days((one.shown_to(person) for one in shown), format),
        "first": after is None,
        "newest": here,
        "older": last and meetings.address(here, after=last.id),
    }
