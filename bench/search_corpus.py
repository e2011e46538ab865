"""Recordings of nobody, for the benchmark of search: two languages, words as frequent as Zipf says."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from uuid import UUID

from minutier.query.search.passages import Kind, Passage

SEGMENTS = 50
_WORDS = 30_000
_SPEAKERS = 400
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_SECONDS_A_WORD = 0.4

# The most frequent words are the languages' own, and so stop words; the others are made up of syllables.
_FREQUENT = {
    "fr": "de la le et les des à que est en il un je pas une pour qui dans ce on avec nous sur plus",
    "en": "the of to and a in is it you that he was for on are with as i his they be at one have",
}
_SYLLABLES = {
    "fr": "bon cha dé lè mar pré sion té ver gné rou fau qui lam bour cor ven tré mis plo",
    "en": "ban chor del fing gram hol jen kit lar mos nel pund quor rit sen tam vor wex yel zor",
}
_ENDINGS = {"fr": ["", "", "s", "e", "er", "ement", "é"], "en": ["", "", "s", "ed", "ing", "ly"]}


class Language:
    """A vocabulary, the most frequent words first."""

    def __init__(self, code: str, rng: random.Random) -> None:
        self.code = code
        words = dict.fromkeys(_FREQUENT[code].split())
        syllables = _SYLLABLES[code].split()
        while len(words) < _WORDS:
            word = "".join(rng.choices(syllables, k=rng.choice((2, 2, 3, 3, 4)))) + rng.choice(_ENDINGS[code])
            words[word] = None
        self.words = list(words)
        self._weights = list(accumulate(1 / rank for rank in range(1, _WORDS + 1)))

    def say(self, rng: random.Random, words: int) -> list[str]:
        return rng.choices(self.words, cum_weights=self._weights, k=words)


@dataclass(frozen=True)
class Made:
    """A recording and its passages."""

    id: UUID
    language: str
    title: str
    happened_at: datetime
    passages: Sequence[Passage]


class Corpus:
    """The same recordings every time, the first ones alone or more of them."""

    def __init__(self) -> None:
        rng = random.Random(0)
        self.languages = [Language(code, rng) for code in _FREQUENT]
        first = [word.capitalize() for word in rng.sample(self.languages[0].words[1000:], 100)]
        last = [word.capitalize() for word in rng.sample(self.languages[1].words[1000:], 200)]
        self.speakers = [f"{rng.choice(first)} {rng.choice(last)}" for _ in range(_SPEAKERS)]

    def recordings(self, numbers: Sequence[int]) -> Iterator[Made]:
        for number in numbers:
            yield self.recording(number)

    def recording(self, number: int) -> Made:
        rng = random.Random(number)
        language = rng.choice(self.languages)
        title = " ".join(language.say(rng, 5))
        speakers = rng.sample(self.speakers, 4)
        passages = [Passage(Kind.TITLE, 0, title)]
        passages += [Passage(Kind.SPEAKER, n, name, "s1", 0.0, 5.0) for n, name in enumerate(speakers)]
        clock = 0.0
        for place in range(SEGMENTS):
            text = " ".join(language.say(rng, rng.randint(6, 24)))
            end = clock + _SECONDS_A_WORD * (text.count(" ") + 1)
            speaker = rng.choice(speakers)
            passages.append(Passage(Kind.WORDS, place, text, f"s{place + 1}", clock, end, speaker))
            clock = end
        passages += [
            Passage(Kind.MINUTES, place, " ".join(language.say(rng, 12)), "s1", 0.0, 5.0)
            for place in range(5)
        ]
        return Made(
            UUID(int=rng.getrandbits(128), version=4),
            language.code,
            title,
            _FIRST + timedelta(minutes=60 * number),
            passages,
        )
