"""Minutes as a page shows them: every item with the moments that it rests on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from minutier.query.pages.views.transcript import Said
from minutier.schemas.documents import Action, Engine, MinutesDocument, Statement, Topic


class Section(StrEnum):
    SUMMARY = "summary"
    DECISIONS = "decisions"
    ACTIONS = "actions"
    QUESTIONS = "questions"
    TOPICS = "topics"


@dataclass(frozen=True)
class Item:
    """``cites`` is what it rests on, as far as that is still there."""

    text: str
    cites: tuple[Said, ...]
    title: str | None = None
    who: str | None = None
    due: str | None = None


@dataclass(frozen=True)
class Minutes:
    """Only the sections that have something, in the order in which they matter."""

    language: str
    extractive: bool
    sections: Mapping[Section, tuple[Item, ...]]


def minutes(document: MinutesDocument, said: Mapping[str, Said]) -> Minutes:
    found: dict[Section, Iterable[Statement]] = {
        Section.SUMMARY: document.summary,
        Section.DECISIONS: document.decisions,
        Section.ACTIONS: document.actions,
        Section.QUESTIONS: document.questions,
        Section.TOPICS: document.topics,
    }
    sections = {name: tuple(_item(item, said) for item in items) for name, items in found.items()}
    return Minutes(
        language=document.language,
        extractive=document.engine is Engine.EXTRACTIVE,
        sections={name: items for name, items in sections.items() if items},
    )


def _item(statement: Statement, said: Mapping[str, Said]) -> Item:
    cites = tuple(said[cited] for cited in statement.cites if cited in said)
    match statement:
        case Topic():
            return Item(statement.text, cites, title=statement.title)
        case Action():
            return Item(statement.what, cites, who=statement.who, due=statement.due)
        case _:
            return Item(statement.text, cites)
