"""A transcript whose words are being replaced."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from minutier.query.edits.align import Place, Timeline
from minutier.schemas.documents import AttributedWord, TranscriptSegment


def words_of(segment: TranscriptSegment) -> Sequence[AttributedWord]:
    """The words by whose number an edit speaks of them.

    The segments of a text that was handed in have none; they are what stands between its spaces.
    """
    if segment.words:
        return segment.words
    return [
        AttributedWord(
            start=segment.start,
            end=segment.end,
            text=f" {word}" if number else word,
            probability=1.0,
            speaker=segment.speaker,
        )
        for number, word in enumerate(segment.text.split())
    ]


class Draft:
    """Replaced words stay within the time of those they replace, so that segments stay where they are."""

    def __init__(self, segments: Sequence[TranscriptSegment], timeline: Timeline) -> None:
        self._machine = {segment.id: segment for segment in segments}
        self._timeline = timeline
        self._changed: dict[str, list[AttributedWord]] = {}

    def of(self, segment: str) -> Sequence[AttributedWord]:
        if (changed := self._changed.get(segment)) is not None:
            return changed
        return words_of(self._machine[segment]) if segment in self._machine else ()

    def touching(self, start: float, end: float) -> Sequence[str]:
        return [segment.id for segment in self._timeline.touching(start, end)]

    def replace(self, place: Place, text: str) -> None:
        """Have ``text``, of which nothing may be left, instead of the words at ``place``."""
        words = list(self.of(place.segment))
        behind = place.first + place.count
        limit = words[behind].start if behind < len(words) else None
        words[place.first : behind] = _spread(text, words[place.first : behind], limit)
        self._changed[place.segment] = words

    def segments(self, into: Mapping[str, str]) -> tuple[TranscriptSegment, ...]:
        """Those that have words left; ``into`` gives who says what others said before."""
        written = (self._written(segment, into) for segment in self._machine.values())
        return tuple(segment for segment in written if segment is not None)

    def _written(self, segment: TranscriptSegment, into: Mapping[str, str]) -> TranscriptSegment | None:
        changed = self._changed.get(segment.id)
        if changed is None and not into:
            return segment
        if changed is not None and not changed:
            return None
        update: dict[str, object] = {}
        words = segment.words if changed is None else tuple(changed)
        if changed is not None:
            update["text"] = "".join(word.text for word in words).strip()
        if changed is not None and segment.words:
            update["start"] = min(word.start for word in words)
            update["end"] = max(word.end for word in words)
        if not segment.words:
            words = ()
        if into:
            update["speaker"] = into.get(segment.speaker, segment.speaker)
            words = tuple(
                word.model_copy(update={"speaker": into[word.speaker]}) if word.speaker in into else word
                for word in words
            )
        return segment.model_copy(update={**update, "words": words})


def _spread(text: str, replaced: Sequence[AttributedWord], limit: float | None) -> list[AttributedWord]:
    """The words of ``text``, each as long as it has letters, up to ``limit`` where the next word begins."""
    written = text.split()
    if not written:
        return []
    first = replaced[0]
    start, end = min(word.start for word in replaced), max(word.end for word in replaced)
    if limit is not None:
        end = max(start, min(end, limit))
    parts = list(accumulate(map(len, written), initial=0))
    edges = [min(end, start + (end - start) * part / parts[-1]) for part in parts]
    space = first.text[: len(first.text) - len(first.text.lstrip())]
    return [
        AttributedWord(
            start=begin,
            end=finish,
            text=f"{' ' if number else space}{word}",
            probability=1.0,
            speaker=first.speaker,
        )
        for number, (word, begin, finish) in enumerate(zip(written, edges, edges[1:], strict=False))
    ]
