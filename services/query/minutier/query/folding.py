"""Texts as they are compared: without case and accents, and as words."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

# Letters that Unicode does not take apart, as people type them where a keyboard lacks them.
_TYPED = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}

# Scripts that put no space between words: each character is a word, and a word of several is a phrase.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")

# More than the scripts of all alphabets have; beyond, what people type fills no memory.
_MOST_KNOWN = 20_000

# No language has longer words, and an index takes none of any length.
_MOST_LETTERS = 64


class _Letters(dict[int, str]):
    """What each character becomes, for `str.translate`; ``uneven`` are those that become none or several."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", chr(code)).casefold()
        letters = (letter for letter in unicodedata.normalize("NFKD", apart) if _counts(letter))
        folded = "".join(_TYPED.get(letter, letter) for letter in letters)
        if len(self) < _MOST_KNOWN:
            self[code] = folded
        if len(folded) != 1:
            self.uneven.add(chr(code))
        return folded


def _counts(letter: str) -> bool:
    """Neither a mark on a letter nor what cannot be seen, as a soft hyphen, or stored, as NUL."""
    return not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf" and letter != "\0"


_LETTERS = _Letters()


class Word(NamedTuple):
    """A word, from ``start`` to ``end`` of a text: in small letters as written, and folded."""

    start: int
    end: int
    written: str
    folded: str


def fold(text: str) -> str:
    """``text`` in small letters without marks: ``Œuvre``, ``œuvre`` and ``oeuvre`` are the same."""
    return text.translate(_LETTERS)


def words(text: str) -> list[Word]:
    """The words of ``text``; each covers whole characters, with the marks that follow."""
    folded = fold(text)
    small = text.lower()
    if len(folded) == len(small) == len(text) and _LETTERS.uneven.isdisjoint(text):
        return [
            Word(start, end, small[start:end][:_MOST_LETTERS], folded[start:end][:_MOST_LETTERS])
            for start, end in (found.span() for found in _WORD.finditer(folded))
        ]
    # Of each letter that was folded, the character that it comes from.
    origins = [place for place, letter in enumerate(text) for _ in _LETTERS[ord(letter)]]
    return [_word(text, folded, found.span(), origins) for found in _WORD.finditer(folded)]


def _word(text: str, folded: str, span: tuple[int, int], origins: Sequence[int]) -> Word:
    start, end = origins[span[0]], origins[span[1] - 1] + 1
    while end < len(text) and not _LETTERS[ord(text[end])]:
        end += 1
    written = unicodedata.normalize("NFC", text[start:end]).lower()
    return Word(start, end, written[:_MOST_LETTERS], folded[slice(*span)][:_MOST_LETTERS])
