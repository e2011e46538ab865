"""Whether a claim is supported by the passages it cites, as far as its words can tell.

Words cannot tell everything: a negation turned round keeps them all. Where a model writes, a model
is asked as well. What words can tell, they tell without fail: an invented number, date or name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from minutier.summarisation.domain import Claim, Meeting, Passage
from minutier.summarisation.words import WORD, Words, tokens

# Of the content words of a claim; see the decision on support for how it was found.
LEAST_OVERLAP = 0.5
MOST_CITES = 8
# A few sentences; what is longer is no statement, and would fill requests.
MOST_CHARACTERS = 1000

_COMMON_PREFIX = 5
# What a word follows that does not begin a sentence.
_WITHIN = re.compile(r"[^\W_](?:[,;:]?\s|['’])$")


class Support:
    """The rules, for one meeting."""

    def __init__(self, meeting: Meeting) -> None:
        self._words = Words(meeting.language)
        self._passages: Mapping[str, Passage] = {passage.id: passage for passage in meeting.passages}
        self._order = {passage.id: place for place, passage in enumerate(meeting.passages)}
        self._speakers = meeting.speakers
        self._names = {name.casefold() for label in self._speakers for name in _parts(label)}

    def checked(self, claim: Claim, known: Iterable[str] | None = None) -> Claim | None:
        """The claim with the citations that exist, or ``None`` where those do not support it.

        ``known`` are the ids that whoever wrote the claim was shown; without it, all of the meeting's.
        """
        allowed = self._passages.keys() if known is None else set(known)
        cites = tuple(
            dict.fromkeys(cited for cited in claim.cites if cited in allowed and cited in self._passages)
        )
        if not cites or not claim.text.strip():
            return None
        claim = replace(claim, cites=cites[:MOST_CITES])
        cited = [self._passages[key] for key in claim.cites]
        who = self._who(claim.who, cited)
        if claim.who is not None and who is None:
            return None
        if claim.due is not None and not _says(cited, claim.due):
            return None
        said = [passage.text for passage in cited]
        shown = "\n".join([*said, *(passage.speaker for passage in cited if passage.speaker), who or ""])
        parts = [part for part in (claim.title, claim.text, claim.what) if part]
        if not all(len(part) <= MOST_CHARACTERS and self._exact(part, shown) for part in parts):
            return None
        stated = (claim.text, claim.what) if claim.what else (claim.text,)
        if any(self.overlap(part, shown) < LEAST_OVERLAP for part in stated):
            return None
        return replace(claim, who=who)

    def distinct(self, claims: Sequence[Claim]) -> list[Claim]:
        """In the order of the meeting; those of the same words become one with the citations of both.

        Less than the same words may be the opposite.
        """
        found: dict[tuple[str, str | None, str | None], Claim] = {}
        for claim in sorted(claims, key=lambda claim: min(self._order[key] for key in claim.cites)):
            same = (_spaced(claim.text), claim.who, claim.due)
            cites = (*found[same].cites, *claim.cites) if same in found else claim.cites
            found[same] = replace(found.get(same, claim), cites=tuple(dict.fromkeys(cites))[:MOST_CITES])
        return list(found.values())

    def overlap(self, text: str, said: str) -> float:
        """The share of the content words of ``text`` whose stems, or the like of them, are in ``said``."""
        reporting = self._words.lexicon.reporting
        wanted = {
            self._words.stem(word) for word in self._words.content(text) if word.casefold() not in reporting
        }
        if not wanted:
            return 1.0
        found = set(self._words.stems(said))
        return sum(any(_alike(stem, other) for other in found) for stem in wanted) / len(wanted)

    def _exact(self, text: str, said: str) -> bool:
        """Whether every number, date and name in ``text`` is in ``said``."""
        if not self._words.numbers(text) <= self._words.numbers(said):
            return False
        if not self._words.dates(text) <= self._words.dates(said):
            return False
        heard = {part.casefold() for word in tokens(said) for part in (word, *word.split("-"))}
        stems = {self._words.stem(word) for word in heard}
        return all(
            name.casefold() in heard or self._words.stem(name) in stems for name in self._names_in(text)
        )

    def _names_in(self, text: str) -> Iterator[str]:
        """Speakers' names, words in capitals, and words with a capital where only names have one."""
        for found in WORD.finditer(text):
            capitals = self._words.lexicon.names_are_capitalised and _WITHIN.search(text[: found.start()])
            for part in found.group().split("-"):
                named = part.casefold() in self._names
                acronym = len(part) >= 2 and part.isalpha() and part.isupper()
                capital = bool(capitals) and part[:1].isupper() and self._words.carries_content(part)
                if named or acronym or capital:
                    yield part

    def _who(self, who: str | None, cited: Sequence[Passage]) -> str | None:
        """The speaker whose label or name it is, or a name that is said."""
        if who is None:
            return None
        wanted = who.strip().casefold()
        for label in self._speakers:
            if label.casefold() == wanted:
                return label
        namesakes = [
            label for label in self._speakers if wanted in (name.casefold() for name in _parts(label))
        ]
        if len(namesakes) == 1:
            return namesakes[0]
        return who.strip() if _says(cited, who) else None


def _parts(name: str) -> list[str]:
    """The words of a name that name: ``Speaker 1`` is one by its number alone, so has none."""
    words = [word for word in tokens(name) if len(word) >= 2 and not word.isdigit()]
    return [] if any(word.isdigit() for word in tokens(name)) else words


def _says(cited: Sequence[Passage], phrase: str) -> bool:
    """Whether the words of ``phrase`` are said in one passage, one after the other."""
    wanted = _spaced(phrase)
    return bool(wanted.strip()) and any(wanted in _spaced(passage.text) for passage in cited)


def _spaced(text: str) -> str:
    return f" {' '.join(tokens(text)).casefold()} "


def _alike(stem: str, other: str) -> bool:
    """The same stem, one of a kind (décid-, décis-), or one inside a compound of the other."""
    if stem == other:
        return True
    shorter, longer = sorted((stem, other), key=len)
    if len(shorter) >= 4 and longer.startswith(shorter):
        return True
    if len(shorter) >= _COMMON_PREFIX + 1 and shorter[:_COMMON_PREFIX] == longer[:_COMMON_PREFIX]:
        return True
    return len(shorter) >= _COMMON_PREFIX and shorter in longer
