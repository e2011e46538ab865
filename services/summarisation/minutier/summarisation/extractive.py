"""Minutes without a model: the meeting's own sentences, chosen and sorted, never rewritten."""

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from minutier.schemas.base import Model
from minutier.schemas.documents import Engine
from minutier.shared.worker import Report
from minutier.summarisation.cues import CUES, Cues
from minutier.summarisation.domain import Claim, Meeting, Minutes, Passage
from minutier.summarisation.topics import divide, titles
from minutier.summarisation.words import Words, sentences, tokens

# Part of every document's key: raise it where the rules change what they give.
RULES = 2

_MOST_ITEMS = 12
_MOST_SUMMARY = 7
_FEWEST_WORDS = 4
_FEWEST_TO_ASK = 2
_SAME = 0.5


class Extractive:
    """The writer that needs no endpoint."""

    engine = Engine.EXTRACTIVE
    model = Model(name="extractive", revision=str(RULES))

    async def write(self, meeting: Meeting, report: Report) -> Minutes:
        return await asyncio.to_thread(extract, meeting)


@dataclass(frozen=True)
class _Sentence:
    passage: Passage
    text: str
    stems: frozenset[str]
    rank: float

    @property
    def asks(self) -> bool:
        return self.text.endswith(("?", "？"))

    def claim(self) -> Claim:
        return Claim(self.text, (self.passage.id,))


def extract(meeting: Meeting) -> Minutes:
    """Sentences as they were said; who acts is whoever says so, and by when only what is said there.

    Decisions and actions need the cues of the meeting's language: where there are none, neither are they.
    """
    words = Words(meeting.language)
    cues = CUES.get(meeting.language)
    parts = divide(meeting.passages, words)
    said = _ranked(meeting.passages, words)
    statements = [sentence for sentence in said if not sentence.asks]
    wanted = min(_MOST_SUMMARY, math.ceil(len(statements) / 4))
    questions = [s for s in said if s.asks and len(s.stems) >= _FEWEST_TO_ASK]
    return Minutes(
        summary=[sentence.claim() for sentence in _best(statements, wanted, varied=True)],
        topics=_topics(meeting.passages, parts, said, words) if len(parts) > 1 else [],
        decisions=[s.claim() for s in _best(s for s in statements if cues and cues.decides(s.text))],
        actions=_actions(statements, cues) if cues else [],
        questions=[sentence.claim() for sentence in _best(questions)],
    )


def _ranked(passages: Sequence[Passage], words: Words) -> list[_Sentence]:
    found = [
        (passage, sentence)
        for passage in passages
        for sentence in sentences(passage.text)
        if len(tokens(sentence)) >= _FEWEST_WORDS
    ]
    stems = [words.stems(sentence) for _, sentence in found]
    return [
        _Sentence(passage, text, frozenset(own), rank)
        for (passage, text), own, rank in zip(found, stems, _ranks(stems), strict=True)
    ]


def _best(
    candidates: Iterable[_Sentence], most: int = _MOST_ITEMS, *, varied: bool = False
) -> list[_Sentence]:
    """The most central ones in the order they were said, each once; ``varied`` ones differ in their words.

    Decisions and actions of nearly the same words may be opposites, so they are not varied.
    """
    order = list(candidates)
    chosen: dict[int, _Sentence] = {}
    for index in sorted(range(len(order)), key=lambda index: -order[index].rank):
        if len(chosen) == most:
            break
        if not any(_repeats(order[index], other, varied) for other in chosen.values()):
            chosen[index] = order[index]
    return [chosen[index] for index in sorted(chosen)]


def _repeats(one: _Sentence, other: _Sentence, varied: bool) -> bool:
    if one.text.casefold() == other.text.casefold():
        return True
    either = len(one.stems | other.stems)
    return varied and either > 0 and len(one.stems & other.stems) / either > _SAME


def _actions(statements: Iterable[_Sentence], cues: Cues) -> list[Claim]:
    return [
        replace(s.claim(), who=s.passage.speaker, what=cues.promised(s.text), due=cues.due_in(s.text))
        for s in _best(s for s in statements if cues.promised(s.text))
    ]


def _topics(
    passages: Sequence[Passage], parts: Sequence[range], said: Sequence[_Sentence], words: Words
) -> list[Claim]:
    """Each part's characteristic terms and its most central statement."""
    part_of = {passages[index].id: number for number, part in enumerate(parts) for index in part}
    spoken: list[list[_Sentence]] = [[] for _ in parts]
    for sentence in said:
        spoken[part_of[sentence.passage.id]].append(sentence)
    named = titles([[sentence.text for sentence in part] for part in spoken], words)
    claims = []
    for title, part in zip(named, spoken, strict=True):
        central = _best((sentence for sentence in part if not sentence.asks), 1)
        claims += [Claim(s.text, (s.passage.id,), title=title) for s in central if title]
    return claims


def _ranks(sentences: Sequence[Sequence[str]]) -> list[float]:
    """LexRank (Erkan and Radev 2004): how central each sentence is among those that share its words.

    ``sentences`` are given as their stems. Similarity is the cosine of weighted words; its matrix is
    never built, since all that is needed of it is its product with a vector, so that memory grows
    with the number of words and not with the square of the number of sentences.
    """
    counts = [Counter(stems) for stems in sentences]
    spread = Counter(stem for count in counts for stem in count)
    index = {stem: position for position, stem in enumerate(spread)}
    if not index:
        return [0.0] * len(sentences)
    rows = np.array([row for row, count in enumerate(counts) for _ in count])
    columns = np.array([index[stem] for count in counts for stem in count])
    values = np.array(
        [
            times * math.log(1 + len(counts) / spread[stem])
            for count in counts
            for stem, times in count.items()
        ]
    )
    norms = np.sqrt(np.bincount(rows, values**2, len(counts)))
    values /= norms[rows]

    def similarity(vector: np.ndarray) -> np.ndarray:
        by_word = np.bincount(columns, values * vector[rows], len(index))
        return np.bincount(rows, values * by_word[columns], len(counts))

    sums = np.maximum(similarity(np.ones(len(counts))), 1e-9)
    rank = np.full(len(counts), 1 / len(counts))
    for _ in range(30):
        rank = 0.15 / len(counts) + 0.85 * similarity(rank / sums)
    return [float(value) for value in rank]
