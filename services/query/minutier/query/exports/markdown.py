"""CommonMark, in which nothing that was said is markup."""

import re
from collections.abc import Iterator

from minutier.query.exports.domain import Exported
from minutier.query.exports.outline import Item, Outline, Passage, outline

_SPECIAL = re.compile(r"[\\`*_\[\]<>~#|&$]")
# What would begin a list, a heading or a rule where it stands first.
_OPENING = re.compile(r"^(?:([-+=])|(\d{1,9})([.)]))")


def render(exported: Exported) -> bytes:
    return "\n\n".join(_blocks(outline(exported))).encode() + b"\n"


def _blocks(document: Outline) -> Iterator[str]:
    words = document.words
    yield f"# {inert(document.title)}"
    yield "\n".join(f"- **{name}**{words.colon}{inert(value)}" for name, value in document.facts)
    if document.sections:
        yield f"*{words.minutes}*"
    for section in document.sections:
        yield f"## {section.title}"
        yield "\n".join(_item(item, words.colon) for item in section.items)
    yield f"## {words.transcript}"
    for passage in document.passages:
        yield _passage(passage, words.colon)
    if not document.passages:
        yield words.nothing


def _item(item: Item, colon: str) -> str:
    heading = f"**{inert(item.heading)}**{colon}" if item.heading else ""
    beside = ", ".join(filter(None, [inert(item.note or ""), *(time.text for time in item.times)]))
    return f"- {heading}{inert(item.text)}" + (f" ({beside})" if beside else "")


def _passage(passage: Passage, colon: str) -> str:
    beginning = f"({passage.time}) "
    if not passage.continued:
        beginning = f"**{inert(passage.speaker)}** ({passage.time}){colon}"
    doubt = f" *({passage.doubt})*" if passage.doubt else ""
    return f"{beginning}{inert(passage.text)}{doubt}"


def inert(text: str) -> str:
    """``text``, which is one line, as Markdown that shows it as it is, wherever it stands."""
    return _OPENING.sub(_opening, _SPECIAL.sub(r"\\\g<0>", text))


def _opening(found: re.Match[str]) -> str:
    mark, number, end = found.groups()
    return f"\\{mark}" if mark else f"{number}\\{end}"
