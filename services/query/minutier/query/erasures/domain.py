"""What is left of a recording's facts where one person is erased from it, and what of its media is heard.

It follows from the facts alone, in whatever order they came: what was ordered last says what is instead.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from minutier.query.domain import Entry, Fact, Kind

_MADE = (Kind.DIARIZED, Kind.TRANSCRIBED, Kind.ATTRIBUTED, Kind.RECEIVED)
_MADE_AGAIN = (Kind.EDITED, Kind.WRITTEN)


def without_persons(entry: Entry) -> Entry:
    """``entry``, whose facts tell nothing of who was erased; doing it again changes nothing.

    What is made only once is what is instead, whatever is told of it later. Minutes are made again: those
    that were asked for since stay.
    """
    ordered = _newest(entry, Kind.ERASING)
    if ordered is None or (erasure := entry.facts[ordered].erasure) is None:
        return entry
    order, instead = entry.facts[ordered], erasure.instead
    lies = {
        _newest(entry, Kind.DIARIZED): instead.get("turns"),
        _newest(entry, Kind.TRANSCRIBED): instead.get("transcription"),
        _newest(entry, Kind.ATTRIBUTED) or _newest(entry, Kind.RECEIVED): instead.get("transcript"),
    }
    taken_in = _newest(entry, Kind.INGESTED) or _newest(entry, Kind.RECEIVED)
    gone = {each for fact in entry.told(Kind.ERASING) if fact.erasure for each in fact.erasure.participants}

    def left(told_by: UUID, fact: Fact) -> Fact:
        if told_by == ordered:
            return fact
        update = _described(order if told_by == taken_in else None)
        if fact.erasure is not None and fact.kind is Kind.ERASING:
            update["erasure"] = replace(fact.erasure, instead={})
        if fact.kind in _MADE:
            update["document"] = lies.get(told_by)
        if fact.kind in _MADE_AGAIN and _is_older(fact, order.at):
            update["document"] = None
        if fact.ingested is not None:
            tracks = [each for each in fact.ingested.get("tracks", ()) if each["participant_id"] not in gone]
            recording = instead.get("recording", fact.ingested["recording"])
            update["ingested"] = {**fact.ingested, "recording": recording, "tracks": tracks}
        return replace(fact, **update)

    return replace(entry, facts={told_by: left(told_by, fact) for told_by, fact in entry.facts.items()})


def audible(entry: Entry, ingested: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """``ingested`` as it lies now: what was made in place of media in which somebody was heard who is erased.

    None as long as somebody is being erased, or where nothing is left.
    """
    if entry.erased_at is None:
        return ingested
    made = [fact.erasure.made for fact in entry.told(Kind.ERASED) if fact.erasure]
    if entry.being_erased or not made:
        return None
    now = {ref["sha256"]: ref for ref in made[-1].values()}
    instead = {of: ref for each in made for of, ref in each.items()}

    def lies(digest: str) -> dict[str, Any] | None:
        seen: set[str] = set()
        while digest not in now:
            if digest in seen or digest not in instead:
                return None
            seen.add(digest)
            digest = instead[digest]["sha256"]
        return now[digest]

    mix = ingested.get("audio") and lies(ingested["audio"]["sha256"])
    tracks = [
        {**each, "audio": audio}
        for each in ingested.get("tracks", ())
        if (audio := lies(each["audio"]["sha256"])) is not None
    ]
    return {**ingested, "audio": mix, "tracks": tracks} if mix or tracks else None


def _newest(entry: Entry, kind: Kind) -> UUID | None:
    told = ((fact.at, told_by) for told_by, fact in entry.facts.items() if fact.kind is kind)
    return max(told, default=(None, None))[1]


def _described(order: Fact | None = None) -> dict[str, Any]:
    """Of the meeting what ``order`` has, or nothing."""
    return {
        "title": order and order.title,
        "started_at": order and order.started_at,
        "names": order.names if order else (),
        "people": order.people if order else {},
        "by_default": order.by_default if order else {},
    }


def _is_older(fact: Fact, erased_at: datetime) -> bool:
    """Whether it was asked for before; what follows from work under way is as old as that."""
    return min(fact.wanted_since or fact.at, fact.asked_at or fact.at) < erased_at
