"""The part of a passage that is shown, and what of it is what was looked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minutier.query.folding import Word, words
from minutier.query.search.domain import Where
from minutier.query.search.lexemes import Choice, Sought

SNIPPET_CHARACTERS = 160

# By lexeme, at which words of a passage it is, counted from 1.
Places = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Part:
    """A stretch of text; ``match`` where it is what was looked for."""

    text: str
    match: bool


@dataclass(frozen=True)
class Snippet:
    """Parts that follow one another in the passage's text, from the character ``start`` to ``end`` of it.

    ``first`` is where the first match begins, or else the snippet.
    """

    parts: tuple[Part, ...]
    start: int
    end: int
    first: int


class _Match(NamedTuple):
    start: int
    end: int
    term: int


def snippet(text: str, sought: Sequence[Sought], places: Places) -> Snippet:
    """At most `SNIPPET_CHARACTERS` of ``text``, where most of the terms are close together."""
    all_words = words(text)
    matches = sorted(
        _Match(all_words[place - 1].start, all_words[place - 1].end, number)
        for number, term in enumerate(sought)
        for place in _places(term, places)
        if place <= len(all_words)
    )
    best = _closest(matches)
    start, end = _around(text, all_words, best[0].start if best else 0, best[-1].end if best else 0)
    shown = [match for match in matches if start <= match.start and match.end <= end]
    return Snippet(tuple(_parts(text, start, end, shown)), start, end, shown[0].start if shown else start)


def _places(term: Sought, places: Places) -> set[int]:
    """The words of a passage that are this term's."""
    each = [_taken(choice, places) for choice in term.choices]
    if term.where is Where.SPEAKER:
        return set().union(*each)
    beginnings = [place for place in each[0] if all(place + n in taken for n, taken in enumerate(each))]
    return {place + n for place in beginnings for n in range(len(each))}


def _taken(choice: Choice, places: Places) -> set[int]:
    return {place for lexeme, at in places.items() if choice.takes(lexeme) for place in at}


def _closest(matches: Sequence[_Match]) -> Sequence[_Match]:
    """Those that a snippet has room for: the most terms, then the most matches, then the earliest."""
    best: Sequence[_Match] = ()
    worth = (0, 0)
    last = 0
    for first in range(len(matches)):
        while last < len(matches) and matches[last].end - matches[first].start <= SNIPPET_CHARACTERS:
            last += 1
        group = matches[first:last]
        if (here := (len({match.term for match in group}), len(group))) > worth:
            best, worth = group, here
    return best


def _around(text: str, all_words: Sequence[Word], start: int, end: int) -> tuple[int, int]:
    """As much before and behind as there is room for, from a word to a word."""
    room = SNIPPET_CHARACTERS - (end - start)
    least = max(0, min(start - room // 3, len(text) - SNIPPET_CHARACTERS))
    most = min(len(text), least + SNIPPET_CHARACTERS)
    if least > 0:
        least = next(word.start for word in all_words if word.start >= least)
    if most < len(text):
        most = max((word.end for word in all_words if end <= word.end <= most), default=most)
    return min(least, start), max(most, end)


def _parts(text: str, start: int, end: int, matches: Sequence[_Match]) -> Iterator[Part]:
    # What two terms have found is marked once, and so are characters of scripts without spaces.
    marked: list[tuple[int, int]] = []
    for match in matches:
        if marked and match.start <= marked[-1][1]:
            marked[-1] = (marked[-1][0], max(marked[-1][1], match.end))
        else:
            marked.append((match.start, match.end))
    for left, right in marked:
        if start < left:
            yield Part(text[start:left], False)
        yield Part(text[left:right], True)
        start = right
    if start < end:
        yield Part(text[start:end], False)
