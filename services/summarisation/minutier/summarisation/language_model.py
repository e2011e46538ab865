"""Minutes written by a model: facts first, then an outline of them, then the text, then a check of it all.

Long meetings are read in parts. No request is larger than the model's context, however long the
meeting: a part may give so many facts that those of all parts fit into one request.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from minutier.schemas.base import Model
from minutier.schemas.documents import Engine
from minutier.schemas.fallbacks import Failure
from minutier.shared.worker import Report
from minutier.summarisation.answers import Answer, Fact, Facts, Heading, Kind, Outline, Text, Verdicts
from minutier.summarisation.domain import Claim, Meeting, Minutes, Passage
from minutier.summarisation.ports import CannotWrite
from minutier.summarisation.prompts import Prompts, fill, prompts_in, revision
from minutier.summarisation.support import Support

A = TypeVar("A", bound=Answer)
R = TypeVar("R")

# Part of every document's key: raise it where the rules change what they give.
RULES = 1

_MOST_TOPICS = 8
_MOST_SUMMARY = 7
# Tokens, measured generously: what an answer of the form takes for one item.
_FACT_ANSWER = 100
_FACT_LINE = 60
_TOPIC_ANSWER = 180
_VERDICT_ANSWER = 20

# A speaker can neither close the transcript's tag nor look like another passage.
_INERT = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")"})


class Chat(Protocol):
    async def ask(self, prompts: Prompts, request: str, form: type[A]) -> A:
        """An answer of the ``form``. Raises `CannotWrite`."""
        ...


class Chats(Protocol):
    def connected(self) -> AbstractAsyncContextManager[Chat]: ...


@dataclass(frozen=True)
class Limits:
    """``context_tokens`` are for one request with its answer, ``budget_seconds`` for one meeting."""

    context_tokens: int
    answer_tokens: int
    budget_seconds: float

    def room(self, prompts: Prompts) -> int:
        """The tokens that are left in any request for what it is about."""
        form = max(tokens_in(json.dumps(form.form())) for form in (Facts, Outline, Text, Verdicts))
        return self.context_tokens - self.answer_tokens - tokens_in(prompts.longest) - form


class LanguageModel:
    """The writer that asks an endpoint's model."""

    engine = Engine.LANGUAGE_MODEL

    def __init__(self, name: str, chats: Chats, limits: Limits) -> None:
        self._chats = chats
        self._limits = limits
        self.model = Model(
            name=name,
            revision=f"prompts-{revision()}",
            parameters={
                "rules": RULES,
                "context_tokens": limits.context_tokens,
                "answer_tokens": limits.answer_tokens,
            },
        )

    async def write(self, meeting: Meeting, report: Report) -> Minutes:
        if not any(passage.text.strip() for passage in meeting.passages):
            return Minutes()
        budget = asyncio.timeout(self._limits.budget_seconds)
        try:
            async with budget, self._chats.connected() as chat:
                minutes = await _Writing(meeting, chat, self._limits, report).write()
        except TimeoutError:
            if not budget.expired():
                raise
            raise CannotWrite(Failure.OVER_BUDGET) from None
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if not minutes.summary:
            raise CannotWrite(Failure.UNSUPPORTED)
        return minutes


@dataclass
class _Writing:
    """The work on one meeting; ``dropped`` counts the claims that were not supported."""

    meeting: Meeting
    chat: Chat
    limits: Limits
    report: Report
    dropped: int = 0
    done: int = 0
    support: Support = field(init=False)
    prompts: Prompts = field(init=False)
    room: int = field(init=False)
    parts: list[list[Passage]] = field(init=False)
    passages: dict[str, Passage] = field(init=False)

    def __post_init__(self) -> None:
        self.support = Support(self.meeting)
        self.prompts = prompts_in(self.meeting.language)
        self.room = self.limits.room(self.prompts)
        self.parts = list(parts_of(self.meeting.passages, self.room))
        self.passages = {passage.id: passage for passage in self.meeting.passages}

    async def write(self) -> Minutes:
        facts = [fact for part in await _together(map(self._facts, range(len(self.parts)))) for fact in part]
        if not facts:
            return Minutes(dropped=self.dropped)
        outline = await self._outline(facts)
        summary, topics = await self._text(facts, outline)
        claims = {
            "summary": summary,
            "topics": topics,
            "decisions": [claim for kind, claim in facts if kind is Kind.DECISION],
            "actions": [claim for kind, claim in facts if kind is Kind.ACTION],
            "questions": [claim for kind, claim in facts if kind is Kind.QUESTION],
        }
        verified = await self._verified(
            {name: self.support.distinct(found) for name, found in claims.items()}
        )
        return Minutes(**verified, dropped=self.dropped)

    async def _facts(self, number: int) -> list[tuple[Kind, Claim]]:
        part = self.parts[number]
        most = min(
            self.limits.answer_tokens // _FACT_ANSWER,
            max(2, self.room // (_FACT_LINE * len(self.parts))),
        )
        request = fill(
            self.prompts.facts,
            part=number + 1,
            parts=len(self.parts),
            most=most,
            transcript="\n".join(_line(passage, self.room) for passage in part),
        )
        answer = await self.chat.ask(self.prompts, request, Facts)
        shown = {passage.id for passage in part}
        checked = [(fact.kind, self._supported(_claim(fact), shown)) for fact in answer.facts[: 2 * most]]
        self._tell()
        return [(kind, claim) for kind, claim in checked if claim is not None]

    async def _outline(self, facts: Sequence[tuple[Kind, Claim]]) -> list[Heading]:
        lines = [f"{number}. {_fact_line(claim)}" for number, (_, claim) in enumerate(facts, start=1)]
        most = min(_MOST_TOPICS, max(1, self.limits.answer_tokens // _TOPIC_ANSWER))
        request = fill(self.prompts.outline, most=most, facts="\n".join(_fitting(lines, self.room)))
        answer = await self.chat.ask(self.prompts, request, Outline)
        self._tell()
        left = set(range(1, len(facts) + 1))
        headings = []
        for heading in answer.topics[:most]:
            own = [number for number in dict.fromkeys(heading.facts) if number in left]
            left.difference_update(own)
            if own:
                headings.append(Heading(title=_tidy(heading.title), facts=own))
        return headings

    async def _text(
        self, facts: Sequence[tuple[Kind, Claim]], outline: Sequence[Heading]
    ) -> tuple[list[Claim], list[Claim]]:
        """The summary and the topics."""
        lines = []
        for number, heading in enumerate(outline, start=1):
            lines.append(f"{self.prompts.topic} {number}: {_inert(heading.title)}")
            lines += [f"- {_fact_line(facts[fact - 1][1])}" for fact in heading.facts]
        request = fill(
            self.prompts.text,
            most=_MOST_SUMMARY,
            topics="\n".join(_fitting(lines, self.room)),
        )
        answer = await self.chat.ask(self.prompts, request, Text)
        self._tell()
        shown = {cited for _, claim in facts for cited in claim.cites}
        summary = [
            Claim(_tidy(sentence.text), tuple(sentence.cites)) for sentence in answer.summary[:_MOST_SUMMARY]
        ]
        paragraphs = {paragraph.topic: paragraph for paragraph in answer.topics}
        topics = [
            Claim(_tidy(paragraphs[number].text), tuple(paragraphs[number].cites), title=heading.title)
            for number, heading in enumerate(outline, start=1)
            if number in paragraphs and heading.title
        ]
        kept = [[self._supported(claim, shown) for claim in claims] for claims in (summary, topics)]
        first, second = ([claim for claim in claims if claim is not None] for claims in kept)
        return first, second

    async def _verified(self, claims: dict[str, list[Claim]]) -> dict[str, list[Claim]]:
        """What the model bears out when it sees nothing but a claim and the passages it cites."""
        every = list(dict.fromkeys(claim for found in claims.values() for claim in found))
        batches = list(self._batches(every))
        borne_out = {claim for batch in await _together(map(self._verdicts, batches)) for claim in batch}
        self.dropped += len(every) - len(borne_out)
        self._tell()
        return {name: [claim for claim in found if claim in borne_out] for name, found in claims.items()}

    def _batches(self, claims: Sequence[Claim]) -> Iterator[list[tuple[Claim, str]]]:
        """Claims with how they are shown, as many as one request holds."""
        most = max(1, self.limits.answer_tokens // _VERDICT_ANSWER)
        batch: list[tuple[Claim, str]] = []
        size = 0
        for claim in claims:
            shown = self._shown(claim)
            if batch and (len(batch) == most or size + tokens_in(shown) > self.room):
                yield batch
                batch, size = [], 0
            batch.append((claim, shown))
            size += tokens_in(shown)
        if batch:
            yield batch

    async def _verdicts(self, batch: Sequence[tuple[Claim, str]]) -> list[Claim]:
        shown = "\n\n".join(f"{number}. {text}" for number, (_, text) in enumerate(batch, start=1))
        answer = await self.chat.ask(self.prompts, fill(self.prompts.verify, claims=shown), Verdicts)
        denied = {verdict.claim for verdict in answer.verdicts if not verdict.supported}
        affirmed = {verdict.claim for verdict in answer.verdicts if verdict.supported} - denied
        return [claim for number, (claim, _) in enumerate(batch, start=1) if number in affirmed]

    def _shown(self, claim: Claim) -> str:
        details = [detail for detail in (claim.title, claim.text, claim.who, claim.what, claim.due) if detail]
        most = self.room // (len(claim.cites) + 1)
        lines = [_line(self.passages[cited], most) for cited in claim.cites]
        return "\n".join(
            [f"{self.prompts.statement}: {_inert(' | '.join(details))}", f"{self.prompts.passages}:", *lines]
        )

    def _supported(self, claim: Claim, shown: set[str]) -> Claim | None:
        checked = self.support.checked(claim, shown)
        self.dropped += checked is None
        return checked

    def _tell(self) -> None:
        self.done += 1
        self.report(self.done / (len(self.parts) + 3))


async def _together(jobs: Iterator[Awaitable[R]]) -> list[R]:
    """All results in order; the first failure ends the others."""

    async def run(job: Awaitable[R]) -> R:
        return await job

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(job)) for job in jobs]
    return [task.result() for task in tasks]


def tokens_in(text: str) -> int:
    """An estimate that rather exceeds: three bytes a token, and a few for a line."""
    return math.ceil(len(text.encode()) / 3) + 4


def parts_of(passages: Sequence[Passage], tokens: int) -> Iterator[list[Passage]]:
    """The meeting in as few parts as fit, of about the same size."""
    sizes = [min(tokens, tokens_in(_line(passage, tokens))) for passage in passages]
    wanted = max(1, math.ceil(sum(sizes) / tokens))
    target = sum(sizes) / wanted
    part: list[Passage] = []
    size = 0
    for passage, own in zip(passages, sizes, strict=True):
        if part and (size + own > tokens or size + own / 2 > target):
            yield part
            part, size = [], 0
        part.append(passage)
        size += own
    if part:
        yield part


def _line(passage: Passage, tokens: int) -> str:
    """A passage as a model sees it, no longer than ``tokens``."""
    text = f"[{passage.id}] {_inert(passage.speaker or '?')}: {_inert(passage.text)}"
    return text.encode()[: 3 * max(0, tokens - 4)].decode(errors="ignore")


def _inert(text: str) -> str:
    return _tidy(text.translate(_INERT))


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _fact_line(claim: Claim) -> str:
    return f"{_inert(claim.text)} [{', '.join(claim.cites)}]"


def _claim(fact: Fact) -> Claim:
    claim = Claim(_tidy(fact.text), tuple(fact.cites))
    if fact.kind is Kind.ACTION:
        return replace(claim, who=fact.who, what=fact.what or claim.text, due=fact.due)
    return claim


def _fitting(lines: Sequence[str], tokens: int) -> list[str]:
    """The lines, thinned out evenly until they fit."""
    sizes = [tokens_in(line) for line in lines]
    if sum(sizes) <= tokens:
        return list(lines)
    share = tokens / sum(sizes)
    kept, owed = [], 0.0
    spent = 0
    for line, size in zip(lines, sizes, strict=True):
        owed += size * share
        if spent + size <= owed + max(sizes) and spent + size <= tokens:
            kept.append(line)
            spent += size
    return kept
