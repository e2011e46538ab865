"""The forms of a model's answers, as they are asked for and as they are read."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

_ID = re.compile(r"s[1-9][0-9]*")


def _ids(given: object) -> object:
    """Ids in whatever way a model writes them: ``["s1"]``, ``["[s1]"]``, ``"s1, s2"``."""
    if isinstance(given, str):
        return _ID.findall(given)
    if isinstance(given, list):
        return [found for item in given for found in _ID.findall(str(item))]
    return given


def _blank_is_none(given: object) -> object:
    return None if isinstance(given, str) and not given.strip() else given


Cites = Annotated[list[str], BeforeValidator(_ids)]
Said = Annotated[str | None, BeforeValidator(_blank_is_none)]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def form(cls) -> dict[str, Any]:
        """Its JSON Schema as strict structured output wants it: nothing more, nothing left out."""
        schema = cls.model_json_schema()
        _make_strict(schema)
        return schema


class Kind(StrEnum):
    DECISION = "decision"
    ACTION = "action"
    QUESTION = "question"
    POINT = "point"


class Fact(Answer):
    kind: Kind
    text: str
    cites: Cites
    who: Said = None
    what: Said = None
    due: Said = None


class Facts(Answer):
    facts: list[Fact]


class Heading(Answer):
    """``facts`` are numbers from 1."""

    title: str
    facts: list[int]


class Outline(Answer):
    topics: list[Heading]


class Sentence(Answer):
    text: str
    cites: Cites


class Paragraph(Sentence):
    """``topic`` is a number from 1."""

    topic: int


class Text(Answer):
    summary: list[Sentence]
    topics: list[Paragraph]


class Verdict(Answer):
    """``claim`` is a number from 1."""

    claim: int
    supported: bool


class Verdicts(Answer):
    verdicts: list[Verdict]


def _make_strict(schema: Any) -> None:
    if isinstance(schema, list):
        for item in schema:
            _make_strict(item)
    if not isinstance(schema, dict):
        return
    if "properties" in schema:
        schema["required"] = list(schema["properties"])
        schema["additionalProperties"] = False
        for value in schema["properties"].values():
            value.pop("default", None)
            value.pop("title", None)
    for value in schema.values():
        _make_strict(value)
