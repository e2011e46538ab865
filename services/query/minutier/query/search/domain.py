"""What somebody looks for: the language of the search box.

Words may be anywhere in a recording, in any order. ``"several words"`` are looked for as they stand,
``budg*`` finds what begins so, ``speaker:`` keeps to what somebody says, ``title:`` looks in titles, and
``after:`` and ``before:`` take a year, a month or a day. Everything else is a word. Nothing has to be
escaped, and nothing is an error but a date that there is not, and too many words or none.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from minutier.query.folding import Word, fold, words

QUESTION_CHARACTERS = 300
_MOST_WORDS = 32
_LEAST_LETTERS = 2


class Where(StrEnum):
    """Where a term is looked for."""

    ANYWHERE = "anywhere"
    SPEAKER = "speaker"
    TITLE = "title"


@dataclass(frozen=True)
class Term:
    """Words that follow one another; of the last one only the beginning, where it is a ``prefix``.

    Those of a speaker's name need not follow one another. What is ``quoted`` is meant word by word.
    """

    words: tuple[Word, ...]
    where: Where = Where.ANYWHERE
    prefix: bool = False
    quoted: bool = False


@dataclass(frozen=True)
class Question:
    """All of the terms are looked for, in what happened since ``since`` and before ``before``.

    ``text`` is how it was asked.
    """

    text: str
    terms: tuple[Term, ...]
    since: datetime | None = None
    before: datetime | None = None


class Fault(StrEnum):
    """Why a question cannot be answered."""

    TOO_LONG = "too_long"
    UNFINDABLE = "unfindable"
    NO_WORDS = "no_words"
    TOO_MANY_WORDS = "too_many_words"
    TOO_SHORT = "too_short"
    NO_DATE = "no_date"


class BadQuestion(Exception):
    """It cannot be answered; the text is for whoever asked, and does not quote it.

    ``values`` are the figures and names in the text.
    """

    def __init__(self, fault: Fault, **values: object) -> None:
        super().__init__(_TEXTS[fault] % values)
        self.fault = fault
        self.values = values


_TEXTS = {
    Fault.TOO_LONG: "Look for at most %(most)s characters at a time.",
    Fault.UNFINDABLE: "Leave out the character NUL, which can neither be kept nor found.",
    Fault.NO_WORDS: "Give at least one word to look for. The list of recordings is filtered by dates.",
    Fault.TOO_MANY_WORDS: "Look for at most %(most)s words at a time.",
    Fault.TOO_SHORT: "Give at least %(least)s letters before '*'.",
    Fault.NO_DATE: "'%(name)s' takes a date that exists, such as 2026, 2026-03 or 2026-03-31.",
}


_TERMS = {"speaker": Where.SPEAKER, "locuteur": Where.SPEAKER, "locutrice": Where.SPEAKER}
_TERMS |= {"title": Where.TITLE, "titre": Where.TITLE}
_SINCE = ("after", "apres")
_BEFORE = ("before", "avant")
_NAMES = "|".join((*_TERMS, *_SINCE, *_BEFORE))

# What is left open is open to the end.
_PART = re.compile(
    rf"""(?:(?P<name>{_NAMES}|après|après)\s*:\s*)?
    (?: ["“„«] (?P<quoted>[^"”»]*) (?:["”»]|$) | (?P<bare>[^\s"“„«]+) )""",
    re.VERBOSE | re.IGNORECASE,
)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


def parse(text: str) -> Question:
    """Raises `BadQuestion`."""
    if len(text) > QUESTION_CHARACTERS:
        raise BadQuestion(Fault.TOO_LONG, most=QUESTION_CHARACTERS)
    if "\0" in text:
        raise BadQuestion(Fault.UNFINDABLE)
    terms: dict[object, Term] = {}
    since: list[datetime] = []
    before: list[datetime] = []
    for part in _PART.finditer(text):
        name = fold(part["name"] or "")
        quoted = part["quoted"] is not None
        value = part["quoted"] if quoted else part["bare"]
        if name in _SINCE:
            since.append(_date("after:", value))
        elif name in _BEFORE:
            before.append(_date("before:", value))
        elif term := _term(value, _TERMS.get(name, Where.ANYWHERE), quoted=quoted):
            terms.setdefault((tuple(word.written for word in term.words), term.where, term.prefix), term)
    if not terms:
        raise BadQuestion(Fault.NO_WORDS)
    if sum(len(term.words) for term in terms.values()) > _MOST_WORDS:
        raise BadQuestion(Fault.TOO_MANY_WORDS, most=_MOST_WORDS)
    return Question(text, tuple(terms.values()), max(since, default=None), min(before, default=None))


def _term(value: str, where: Where, *, quoted: bool) -> Term | None:
    found = tuple(words(value))
    if not found:
        return None
    prefix = value.rstrip().endswith("*")
    if prefix and len(found[-1].folded) < _LEAST_LETTERS:
        raise BadQuestion(Fault.TOO_SHORT, least=_LEAST_LETTERS)
    return Term(found, where, prefix, quoted)


def _date(name: str, value: str) -> datetime:
    """The moment at which a year, a month or a day begins, in UTC."""
    if given := _DATE.fullmatch(value.strip()):
        try:
            year, month, day = (int(part or 1) for part in given.groups())
            return datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            pass
    raise BadQuestion(Fault.NO_DATE, name=name)
