"""What the index holds of a text, and what a question asks of it.

A word is found by up to three lexemes: as it is written, folded; its stem, folded; and the stem of the folded
word, which is what somebody asks for whose keyboard has no accents. Beside the words there are marks, which
have a colon and which so no word can be taken for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minutier.query.folding import Word
from minutier.query.search.domain import Question, Term, Where

_TITLE = "title:"
_SPEAKER = "speaker:"
_TENANT = "tenant:"
_LANGUAGE = "language:"

# What a tsvector remembers.
_MOST_POSITION = 16383


class Stem(NamedTuple):
    """What a word comes to in a language: it is ``found`` by these lexemes, and asked for by its ``stems``.

    A ``stop`` word is only asked for where it must be.
    """

    found: tuple[str, ...]
    stems: tuple[str, ...]
    stop: bool = False


def stem(folded: str, stems: Iterable[str], *, stop: bool = False) -> Stem:
    """Of a word and its stems, all of them folded."""
    distinct = tuple(dict.fromkeys(stems))
    return Stem(tuple(dict.fromkeys((folded, *distinct))), distinct, stop)


# By a word as it is written.
Stems = Mapping[str, Stem]


def vector(
    text: Sequence[Word],
    stems: Stems,
    *,
    marks: Iterable[str] = (),
    title: bool = False,
    speaker: bool = False,
) -> str:
    """The words of a passage as a ``tsvector``, and ``marks``.

    Those of a title or of a speaker's name are found as such, too.
    """
    places: dict[str, list[int]] = {}
    for place, word in enumerate(text[:_MOST_POSITION], 1):
        lexemes = stems[word.written].found
        if title:
            lexemes += tuple(_TITLE + lexeme for lexeme in lexemes)
        if speaker:
            lexemes += (_SPEAKER + word.folded,)
        for lexeme in lexemes:
            if lexeme in places:
                places[lexeme].append(place)
            else:
                places[lexeme] = [place]
    placed = [f"'{lexeme}':{str(at)[1:-1].replace(' ', '')}" for lexeme, at in places.items()]
    return " ".join((*placed, *(f"'{mark}'" for mark in marks)))


def spoken_by(label: Sequence[Word]) -> frozenset[str]:
    """The marks of what somebody says."""
    return frozenset(_SPEAKER + word.folded for word in label)


def belonging(tenant: str, language: str) -> tuple[str, str]:
    """The marks of a recording."""
    return _TENANT + tenant, _LANGUAGE + language


@dataclass(frozen=True)
class Choice:
    """A place in a term: any of the ``lexemes``, or of a ``prefix`` what begins with it.

    What is not ``required`` is left to the passages to tell.
    """

    lexemes: tuple[str, ...]
    prefix: bool = False
    required: bool = True

    @property
    def query(self) -> str:
        suffix = ":*" if self.prefix else ""
        return _joined(" | ", [f"'{lexeme}'{suffix}" for lexeme in self.lexemes])

    def takes(self, lexeme: str) -> bool:
        return lexeme.startswith(self.lexemes) if self.prefix else lexeme in self.lexemes


@dataclass(frozen=True)
class Sought:
    """A term as the index knows it: choices that follow one another, unless they are those of a name."""

    choices: tuple[Choice, ...]
    where: Where

    @property
    def query(self) -> str:
        together = " & " if self.where is Where.SPEAKER else " <-> "
        return _joined(together, [choice.query for choice in self.choices])


@dataclass(frozen=True)
class Asked:
    """A question to the recordings of one language, as ``tsquery``.

    ``whole`` is asked of all that a recording has; then each of ``terms`` of its passages, one of which has
    to have it, and which are the better the more they have of ``ranked``.
    """

    language: str
    sought: tuple[Sought, ...]
    whole: str
    terms: tuple[str, ...]
    ranked: str


def ask(question: Question, language: str, stems: Stems) -> Asked:
    """What ``question`` asks of recordings of ``language``, in which its words have these ``stems``.

    Stop words are not asked for, unless in quotes or where there is nothing else.
    """
    sought = [_sought(term, stems) for term in question.terms]
    telling = [term for term in sought if any(choice.required for choice in term.choices)]
    if any(term.where is Where.ANYWHERE for term in telling):
        sought = [
            term
            for term, asked in zip(sought, question.terms, strict=True)
            if term in telling or asked.quoted
        ]
    names = [term.query for term in sought if term.where is Where.SPEAKER]
    texts = [term.query for term in sought if term.where is Where.ANYWHERE]
    said = f" & {_joined(' | ', names)}" if names else ""
    required = [choice for term in telling for choice in term.choices if choice.required]
    return Asked(
        language,
        tuple(sought),
        whole=" & ".join(
            choice.query for choice in required or [choice for term in sought for choice in term.choices]
        ),
        terms=tuple(
            f"({term.query}{said})" if said and term.where is Where.ANYWHERE else term.query
            for term in sought
        ),
        ranked=" | ".join(texts or [term.query for term in sought]),
    )


def whole(tenant: str, asked: Sequence[Asked]) -> str:
    """What the lexemes of a recording of ``tenant`` must have, whichever language it is in."""
    languages: dict[str, list[str]] = {}
    for one in asked:
        languages.setdefault(one.whole, []).append(f"'{_LANGUAGE}{one.language}'")
    questions = [
        f"({_joined(' | ', those)} & {question})" if len(languages) > 1 else question
        for question, those in languages.items()
    ]
    return f"'{_TENANT}{tenant}' & {_joined(' | ', questions)}"


def _sought(term: Term, stems: Stems) -> Sought:
    words = list(term.words)
    if term.where is Where.ANYWHERE and not term.quoted:
        # An article that is written together with its noun is a stop word all the same.
        while len(words) > 1 and stems[words[0].written].stop:
            del words[0]
        while len(words) > 1 and not term.prefix and stems[words[-1].written].stop:
            del words[-1]
    mark = {Where.ANYWHERE: "", Where.SPEAKER: _SPEAKER, Where.TITLE: _TITLE}[term.where]
    choices = [
        _choice(word, stems[word.written], mark, prefix=term.prefix and word is words[-1]) for word in words
    ]
    return Sought(tuple(choices), term.where)


def _choice(word: Word, stem: Stem, mark: str, *, prefix: bool) -> Choice:
    as_written = prefix or stem.stop or mark == _SPEAKER
    lexemes = (word.folded,) if as_written else stem.stems
    required = prefix or not stem.stop or mark != ""
    return Choice(tuple(sorted(mark + lexeme for lexeme in lexemes)), prefix, required)


def _joined(operator: str, queries: Sequence[str]) -> str:
    return queries[0] if len(queries) == 1 else f"({operator.join(queries)})"
