"""What scripts ask of a page."""

import unicodedata
from typing import Literal

# ISO 639 codes of the languages that are written from right to left.
_RIGHT_TO_LEFT = frozenset(
    {"ar", "ara", "dv", "fa", "fas", "he", "heb", "ku", "ckb", "ps", "sd", "syr", "ug", "ur", "urd", "yi"}
)
_LONGEST_WORD = 40
_BREAK = "\u200b"
_ZERO_WIDTH_JOINER = "\u200d"


def direction(language: str) -> Literal["ltr", "rtl"]:
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


def breakable(text: str) -> str:
    """``text`` with places at which a word that no line can hold may be broken; they show nothing."""
    if len(text) <= _LONGEST_WORD:
        return text
    return " ".join(_broken(word) if len(word) > _LONGEST_WORD else word for word in text.split(" "))


def _broken(word: str) -> str:
    pieces: list[str] = []
    length = 0
    for before, character in zip(" " + word, word, strict=False):
        joined = _ZERO_WIDTH_JOINER in (before, character) or _belongs_to_the_one_before(character)
        if length >= _LONGEST_WORD // 2 and not joined:
            pieces.append(_BREAK)
            length = 0
        pieces.append(character)
        length += 1
    return "".join(pieces)


def _belongs_to_the_one_before(character: str) -> bool:
    """An accent, a vowel sign, a variation, or an emoji's colour of skin."""
    return unicodedata.category(character).startswith("M") or "\U0001f3fb" <= character <= "\U0001f3ff"
