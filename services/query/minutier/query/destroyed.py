"""What is left of a recording's facts where a purge has destroyed some of what they tell of."""

from collections.abc import Iterable
from dataclasses import replace

from minutier.query.domain import Entry, Kind
from minutier.query.erasures.domain import without_persons
from minutier.schemas import records

# What tells where something lies that a purge destroys apart from the rest.
_REFERS = {
    records.Kind.MEDIA: (Kind.INGESTED,),
    records.Kind.TRANSCRIPT: (
        Kind.RECEIVED,
        Kind.DIARIZED,
        Kind.TRANSCRIBED,
        Kind.ATTRIBUTED,
        Kind.EDITED,
    ),
    records.Kind.MINUTES: (Kind.WRITTEN,),
}


def destroy(entry: Entry, kinds: Iterable[records.Kind]) -> Entry:
    """``entry`` without these and without who was erased from it, and without what comes late of them."""
    entry = without_persons(entry)
    destroyed = entry.destroyed | {kind for kind in kinds if kind in _REFERS}
    return replace(without(entry, destroyed), destroyed=destroyed)


def without(entry: Entry, kinds: Iterable[records.Kind]) -> Entry:
    """``entry``, whose facts tell that these were made, and not where they lie."""
    referring = {kind for each in kinds for kind in _REFERS.get(each, ())}
    facts = {
        told_by: replace(fact, document=None, ingested=None) if fact.kind in referring else fact
        for told_by, fact in entry.facts.items()
    }
    return replace(entry, facts=facts)
