"""Which layers stay where one person is erased: those over what others said, which reads as before with them.

What the machine had written is gone, so a layer says itself where it was. Ids tell only of the transcript
that it was laid on, which may be an earlier one; times and words tell of the others as well (`align`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from minutier.query.edits.align import (
    Passage,
    Place,
    Timeline,
    Voice,
    find,
    passage,
    recognise,
    stands,
    talk,
    voice,
)
from minutier.query.edits.domain import AnyLayer, Correction, Merge, Renaming, Undo, standing
from minutier.query.edits.draft import Draft
from minutier.schemas.documents import ErasureDocument, TranscriptDocument

# Of the time in which somebody talks who is called as the person was: as much as pauses leave of it.
_THEIRS = 0.25


def left(
    layers: Iterable[AnyLayer], plan: ErasureDocument, machine: TranscriptDocument
) -> tuple[AnyLayer, ...]:
    """Of ``layers`` those that are not about whose ``plan`` it is, over ``machine``, which is without them.

    One that names what the person's was called, by an earlier transcript, is laid on ``machine`` instead.
    """
    ordered = sorted(layers, key=lambda layer: (layer.at, layer.id))
    applied = {layer.id for layer in standing(ordered)[0]}
    others = _Others(plan, machine)
    kept: dict[object, AnyLayer] = {}
    for layer in ordered:
        stays: AnyLayer | None
        match layer:
            case Correction():
                stays = others.correction(layer) if layer.id in applied else others.undone(layer)
            case Renaming():
                stays = others.renaming(layer)
            case Merge():
                stays = others.merge(layer)
            case Undo():
                stays = layer if layer.of in kept else None
        if stays is not None:
            kept[layer.id] = stays
    return tuple(kept.values())


class _Others:
    """What others said, with the corrections that stay of it."""

    def __init__(self, plan: ErasureDocument, machine: TranscriptDocument) -> None:
        self._segments, self._speakers = frozenset(plan.segments), frozenset(plan.speakers)
        self._spans = [(span.start, span.end) for span in plan.spans]
        self._machine = machine
        self._timeline = Timeline(machine.segments)
        self._draft = Draft(machine.segments, self._timeline)

    def correction(self, layer: Correction) -> Correction | None:
        """One that stands, and is applied."""
        where = layer.passage
        found = find(where, layer.text, self._draft)
        if not stands(where, self._draft) and self._is_theirs(where, applies=found is not None):
            return None
        place = found.place if found else None
        if where.segment in self._segments:
            if place is None:
                return None
            layer = replace(layer, passage=self._at(place))
        if place is not None:
            self._draft.replace(place, layer.text)
        return layer

    def undone(self, layer: Correction) -> Correction | None:
        """One that is taken back, and may be brought back."""
        where = layer.passage
        at_home = any(
            segment.start <= where.start and where.end <= segment.end
            for segment in self._machine.segments
            if segment.id == where.segment
        )
        if where.segment in self._segments or not (at_home or self._share(where) <= 0.5):
            return None
        return layer

    def renaming(self, layer: Renaming) -> Renaming | None:
        who = self._speaker(layer.voice)
        return replace(layer, voice=who) if who else None

    def merge(self, layer: Merge) -> Merge | None:
        who, into = self._speaker(layer.voice), self._speaker(layer.into)
        return replace(layer, voice=who, into=into) if who and into else None

    def _speaker(self, who: Voice) -> Voice | None:
        """``who``, under another name where that was the person's; none where they are the person."""
        other = recognise(who, self._machine, self._timeline)
        named = who.speaker in self._speakers
        if self._talks(who, other, named=named):
            return None
        return voice(self._machine, other) if named and other is not None else who

    def _talks(self, who: Voice, other: str | None, *, named: bool) -> bool:
        """Whether it is the person who talked then, rather than ``other``."""
        total = sum(end - start for start, end in who.spans)
        theirs = self._overlap(who.spans)
        if other is None or not total:
            return named or theirs > 0
        if named:
            return theirs > _THEIRS * total
        heard = talk(who, self._timeline)[other]
        return theirs > total / 2 and (theirs, who.speaker != other) > (heard, False)

    def _is_theirs(self, where: Passage, *, applies: bool) -> bool:
        named = where.segment in self._segments
        if where.end <= where.start:
            # Without a time it is looked for in its own segment alone.
            return named
        share = self._share(where)
        return share > (0.0 if named else 0.5) or (not applies and (named or share > 0.0))

    def _share(self, where: Passage) -> float:
        if where.end <= where.start:
            return 0.0
        return self._overlap([(where.start, where.end)]) / (where.end - where.start)

    def _at(self, place: Place) -> Passage:
        words = self._draft.of(place.segment)
        return passage(place.segment, words, place.first, place.first + place.count - 1)

    def _overlap(self, stretches: Sequence[tuple[float, float]]) -> float:
        return sum(
            max(0.0, min(end, theirs_end) - max(start, theirs_start))
            for start, end in stretches
            for theirs_start, theirs_end in self._spans
        )
