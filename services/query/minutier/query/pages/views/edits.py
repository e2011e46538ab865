"""Edits as a page lists them, the last one first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from minutier.query.edits.domain import Correction, Merge, Reason, Renaming, Undo
from minutier.query.transcripts.read import Reading


class Standing(StrEnum):
    """An unaligned one does not fit what the machine wrote last."""

    APPLIED = "applied"
    UNDONE = "undone"
    UNALIGNED = "unaligned"


class What(StrEnum):
    CORRECT = "correct"
    RENAME = "rename"
    MERGE = "merge"


@dataclass(frozen=True)
class Edit:
    """``before`` and ``after`` are words or names; ``after`` is nothing where a name was taken back.

    ``undo`` is what to take back to have it otherwise: the edit where it stands, the undo where it does not.
    """

    id: UUID
    what: What
    author: str
    at: datetime
    before: str
    after: str | None
    segment: str | None
    start: float | None
    standing: Standing
    reason: Reason | None
    undo: UUID


def edits(reading: Reading) -> tuple[Edit, ...]:
    """Those that are no undo: whether one is undone says more than a line of its own."""
    taken_back = _taken_back(reading)
    reasons = {kept.layer: kept.reason for kept in reading.effective.unaligned}
    applied = set(reading.effective.applied)
    found = []
    for layer in reversed(reading.layers):
        if isinstance(layer, Undo):
            continue
        what, before, after = _change(layer)
        standing = Standing.APPLIED if layer.id in applied else Standing.UNDONE
        where = layer.passage if isinstance(layer, Correction) else None
        found.append(
            Edit(
                id=layer.id,
                what=what,
                author=layer.author.name,
                at=layer.at,
                before=before,
                after=after,
                segment=where.segment if where else None,
                start=where.start if where else None,
                standing=Standing.UNALIGNED if layer.id in reasons else standing,
                reason=reasons.get(layer.id),
                undo=taken_back.get(layer.id, layer.id),
            )
        )
    return tuple(found)


def _taken_back(reading: Reading) -> Mapping[UUID, UUID]:
    """By edit, the undo that stands and takes it back, through however many undos of undos."""
    applied = set(reading.effective.applied)
    undos = [layer for layer in reading.layers if isinstance(layer, Undo)]
    return {undo.of: undo.id for undo in undos if undo.id in applied}


def _change(layer: Correction | Renaming | Merge) -> tuple[What, str, str | None]:
    match layer:
        case Correction():
            return What.CORRECT, layer.passage.words, layer.text
        case Renaming():
            return What.RENAME, layer.voice.label, layer.name
        case Merge():
            return What.MERGE, layer.voice.label, layer.into.label
