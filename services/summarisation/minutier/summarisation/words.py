"""Sentences and words as rules on minutes see them, by language."""

import re
from collections.abc import Iterator
from functools import lru_cache

import Stemmer  # type: ignore[import-not-found,unused-ignore]

from minutier.summarisation.lexicon import LEXICONS, Lexicon

_SENTENCE_END = re.compile(
    r"(?:(?<=[.?!…])(?<!\b(?:Dr|Mr|Ms|Hr|Fr|St|nr|Nr)\.)(?<!\b(?:Mrs|Mme|bzw)\.)\s+(?![a-zà-öø-ÿ])|(?<=[。？！]))"
)
# A Chinese or Japanese character counts as a word: these scripts have no spaces.
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+(?:-[^\W_]+)*")
_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?:[.,’'\u00a0\u202f ]\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
_SEPARATOR = re.compile(r"[.,’'\u00a0\u202f ](?=\d{3}(?!\d))")

_PLAIN = Lexicon("", frozenset(), frozenset(), {}, frozenset(), names_are_capitalised=False)


class Words:
    """The words of one language; one without a lexicon is read without stop words or stems."""

    def __init__(self, language: str) -> None:
        self.lexicon = LEXICONS.get(language, _PLAIN)
        stemmer = Stemmer.Stemmer(self.lexicon.stemmer) if self.lexicon.stemmer else None
        self._stem = lru_cache(maxsize=50_000)(stemmer.stemWord if stemmer else str)

    def stem(self, word: str) -> str:
        return str(self._stem(word.casefold()))

    def carries_content(self, word: str) -> bool:
        """Whether a word is about something, as far as the language's lexicon tells."""
        folded = word.casefold()
        return folded not in self.lexicon.function and not folded.isdigit() and _long_enough(folded)

    def content(self, text: str) -> list[str]:
        """The words that carry content, as written, in order."""
        return [word for word in tokens(text) if self.carries_content(word)]

    def stems(self, text: str) -> list[str]:
        """The stems of the words that carry content, in order."""
        return [self.stem(word) for word in self.content(text)]

    def numbers(self, text: str) -> set[str]:
        """Numbers in digits or words, in one form: ``1,200``, ``1 200`` and ``1200`` are the same."""
        found = {_SEPARATOR.sub("", number).replace(",", ".") for number in _NUMBER.findall(text)}
        for word in tokens(text):
            folded = word.casefold()
            for part in [folded] if folded in self.lexicon.numbers else folded.split("-"):
                if part in self.lexicon.numbers:
                    found.add(str(self.lexicon.numbers[part]))
        return found

    def dates(self, text: str) -> set[str]:
        """Days and months that are named."""
        return {word.casefold() for word in re.findall(r"[\w'’]+", text)} & self.lexicon.calendar


def sentences(text: str) -> Iterator[str]:
    """Each sentence as it stands in ``text``."""
    for part in _SENTENCE_END.split(text):
        if sentence := part.strip():
            yield sentence


def tokens(text: str) -> list[str]:
    return WORD.findall(text)


def _long_enough(word: str) -> bool:
    return len(word) >= 3 or not word.isascii()
