"""PDF for people, set by typst."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minutier.query.exports.domain import Exported
from minutier.query.exports.outline import outline
from minutier.shared.documents import pdf
from minutier.shared.documents.scripts import breakable, direction

TEMPLATE = Path(__file__).with_name("pdf.typ")


def render(exported: Exported) -> bytes:
    """Tagged; PDF/UA-1 where the fonts of this machine have every character. Raises `Unrenderable`."""
    return pdf.render(TEMPLATE, data_of(exported))


def data_of(exported: Exported) -> str:
    """What the template shows, as JSON."""
    document: dict[str, Any] = _breakable(asdict(outline(exported)))
    minutes = exported.minutes.language if exported.minutes else exported.transcript.language
    languages = {
        "interface": exported.language,
        "spoken": exported.transcript.language,
        "written": minutes,
        "direction": direction(exported.transcript.language),
    }
    return json.dumps(document | languages)


def _breakable(value: Any) -> Any:
    if isinstance(value, str):
        return breakable(value)
    if isinstance(value, dict):
        return {name: _breakable(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(held) for held in value]
    return value
