"""Whether a claim is supported by the passages it cites, as far as its words can tell.

Words cannot tell everything: a negation turned round keeps them all. Where a model writes, a model
is asked as well. What words can tell, they tell without fail: an invented number, date or name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from minutier.summarisation.domain import Claim, Meeting, Passage
from minutier.summarisation.words import Words, tokens

# Of the content words of a claim; see the decision on support for how it was found.
LEAST_OVERLAP = 0.5
MOST_CITES = 8

_COMMON_PREFIX = 5
_SAME = 0.75
# Not at the beginning of a sentence, where every word has a capital.
_NAME = re.compile(r"(?:(?<=[^\W_]\s)|(?<=[^\W_][,;:]\s)|(?<=[^\W_]['’]))[A-ZÀ-Þ][\w-]+")
_ACRONYM = re.compile(r"\b[A-ZÀ-Þ]{2,}\b")


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
        said = " ".join(passage.text for passage in cited)
        who = self._who(claim.who, said)
        if claim.who is not None and who is None:
            return None
        if claim.due is not None and not _says(said, claim.due):
            return None
        shown = " ".join([said, *(passage.speaker for passage in cited if passage.speaker), who or ""])
        parts = [part for part in (claim.title, claim.text, claim.what) if part]
        if not all(self._exact(part, shown) for part in parts):
            return None
        stated = (claim.text, claim.what) if claim.what else (claim.text,)
        if any(self.overlap(part, shown) < LEAST_OVERLAP for part in stated):
            return None
        return replace(claim, who=who)

    def distinct(self, claims: Sequence[Claim]) -> list[Claim]:
        """In the order of the meeting; those that say the same become one with the citations of both."""
        found: list[tuple[Claim, set[str]]] = []
        for claim in sorted(claims, key=lambda claim: min(self._order[key] for key in claim.cites)):
            stems = set(self._words.stems(claim.text))
            for index, (other, others) in enumerate(found):
                alike = bool(stems) and len(stems & others) / len(stems | others) >= _SAME
                if alike and (claim.who, claim.due) == (other.who, other.due):
                    cites = tuple(dict.fromkeys((*other.cites, *claim.cites)))[:MOST_CITES]
                    found[index] = (replace(other, cites=cites), others)
                    break
            else:
                found.append((claim, stems))
        return [claim for claim, _ in found]

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
        heard = {part for word in tokens(said.casefold()) for part in (word, *word.split("-"))}
        stems = {self._words.stem(word) for word in heard}
        return all(
            name.casefold() in heard or self._words.stem(name) in stems
            for mention in self._mentions(text)
            for name in mention.split("-")
        )

    def _mentions(self, text: str) -> Iterable[str]:
        """Words of ``text`` that are names: of speakers, by capitals, or all in capitals."""
        yield from (word for word in tokens(text) if word.casefold() in self._names)
        yield from _ACRONYM.findall(text)
        if self._words.lexicon.names_are_capitalised:
            for name in _NAME.findall(text):
                yield from (part for part in _parts(name) if self._words.carries_content(part))

    def _who(self, who: str | None, said: str) -> str | None:
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
        return who.strip() if _says(said, who) else None


def _parts(name: str) -> list[str]:
    """The words of a name that name: ``Speaker 1`` is one by its number alone, so has none."""
    words = [word for word in tokens(name) if len(word) >= 2 and not word.isdigit()]
    return [] if any(word.isdigit() for word in tokens(name)) else words


def _says(said: str, phrase: str) -> bool:
    """Whether the words of ``phrase`` are said, one after the other."""
    wanted = " ".join(tokens(phrase.casefold()))
    return bool(wanted) and f" {wanted} " in f" {' '.join(tokens(said.casefold()))} "


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
