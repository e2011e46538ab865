"""Where sentences end, and which words make a passage that can be cited."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

_END = re.compile(r"[.?!…。？！]+[\"'”’»)\]]*$")
_FULL_STOP = re.compile(r"[.]+[\"'”’»)\]]*$")
_CLAUSE_END = re.compile(r"[,;:–—，、；：]$")

# Whisper writes a capital after most of these, so that what follows does not tell.
_ABBREVIATIONS = {
    *("mr", "mrs", "ms", "dr", "prof", "st", "vs", "jr", "sr", "e.g", "i.e", "approx"),
    *("m", "mm", "mme", "mlle", "p.ex", "hr", "fr", "nr", "z.b", "d.h", "u.a", "bzw", "evtl", "ggf"),
    *("dhr", "mevr", "bijv", "d.w.z", "o.a"),
}

# A passage to cite is a few sentences: enough to be understood, short enough to be listened to.
_ENOUGH_SECONDS = 8.0
_ENOUGH_WORDS = 24
_MOST_SECONDS = 30.0
_MOST_WORDS = 80
_LONG_PAUSE = 2.0
_SENTENCE_PAUSE = 0.8


class Word(Protocol):
    """One word as it was recognised, with its leading space if it has one."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def text(self) -> str: ...


def ends_sentence(text: str, following: str | None) -> bool:
    """Whether a word ends its sentence, given the next word of the recording, if there is one."""
    text = text.strip()
    if not _END.search(text):
        return False
    if not _FULL_STOP.search(text) or following is None:
        return True
    stem = _FULL_STOP.sub("", text).casefold()
    if stem in _ABBREVIATIONS or (len(stem) == 1 and stem.isalpha()):
        return False
    return not following.strip()[:1].islower()


def passages(words: Sequence[Word]) -> Iterator[range]:
    """Divide one speaker's consecutive words into passages; each range indexes ``words``.

    A passage ends with a sentence once it is long enough, at a long pause, and inside a sentence
    only where that would not end otherwise; it then ends at the most natural place so far.
    """
    start = 0
    for index, word in enumerate(words):
        if index + 1 == len(words):
            yield range(start, index + 1)
            return
        pause = words[index + 1].start - word.end
        length = index + 1 - start
        seconds = word.end - words[start].start
        complete = ends_sentence(word.text, words[index + 1].text)
        enough = seconds >= _ENOUGH_SECONDS or length >= _ENOUGH_WORDS
        if pause >= _LONG_PAUSE or (complete and (enough or pause >= _SENTENCE_PAUSE)):
            yield range(start, index + 1)
            start = index + 1
        elif seconds >= _MOST_SECONDS or length >= _MOST_WORDS:
            end = _natural_end(words, start, index + 1)
            yield range(start, end)
            start = end


def _natural_end(words: Sequence[Word], start: int, end: int) -> int:
    """The best place to end a passage in its second half: a sentence, else a clause, else a pause."""

    def fitness(index: int) -> tuple[bool, bool, float]:
        text = words[index].text.strip()
        return (
            ends_sentence(text, words[index + 1].text),
            bool(_CLAUSE_END.search(text)),
            words[index + 1].start - words[index].end,
        )

    return max(range(start + (end - start) // 2, end), key=fitness) + 1
