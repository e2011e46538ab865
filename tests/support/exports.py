"""What is exported in tests, and what of it a reader has to show."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from minutier.query.exports.domain import Exported
from minutier.schemas.base import Model
from minutier.schemas.documents import (
    Action,
    Doubt,
    Engine,
    MinutesDocument,
    Statement,
    Topic,
    TranscriptDocument,
)
from tests.support.contracts import committed_schema
from tests.support.query_events import RECORDING, transcript
from tests.support.schema_strategies import allowed_by

# SubRip and EBU-TT-D are read with hours of two digits.
_LONGEST_SECONDS = 99 * 3600.0

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 40

# Each is said by somebody with the same for a name.
AWKWARD = {
    "control": "bell \x07 nul \x00 tab \t line \r\n separator \u2028 end",
    "emoji": "👩\u200d💻 👍🏽 🇫🇷 ok",
    "right-to-left": "שלום עולם \u202e العربية",
    "unassigned": "\ufffe \ue000 \U000e0001 end",
    "chinese": "会议纪要 決定 회의",
    "markup": "<b>&amp;</b> #set *x* [y](z) $1$ \\ `c` | ~~d~~ <!-- ]]> --> {{7*7}} @import",
    "formula": "=1+1 ;-2 @x",
    "long": LONG_WORD,
    "blank": " \n\t ",
}


def shown(text: str) -> str:
    """What a reader shows of ``text``: one line, joiners kept, nothing else that is invisible."""
    visible = [c if c in "\u200c\u200d" or unicodedata.category(c)[0] not in "CZ" else " " for c in text]
    return " ".join("".join(visible).split())


def meeting(**fields: Any) -> Exported:
    """Two who speak and one who is unknown, with minutes of every kind, in French."""
    said = transcript(
        ("speaker-1", "Bonjour à tous."),
        ("speaker-1", "Le budget est adopté."),
        ("unknown", "Vraiment ?"),
        ("speaker-2", "J’envoie le tableau vendredi."),
        labels={"speaker-1": "Anna Lindqvist", "speaker-2": "Bérénice d’Arc"},
    )
    doubtful = said.segments[2].model_copy(update={"doubts": (Doubt.LOW_PROBABILITY, Doubt.NO_SPEECH)})
    segments = (*said.segments[:2], doubtful, *said.segments[3:])
    whole: dict[str, Any] = {
        "transcript": said.model_copy(update={"language": "fr", "segments": segments}),
        "minutes": minutes(),
        "title": "Conseil d’administration",
        "happened_at": datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        "language": "fr",
    }
    return Exported(**(whole | fields))


def minutes() -> MinutesDocument:
    return MinutesDocument(
        recording_id=RECORDING,
        engine=Engine.EXTRACTIVE,
        model=Model(name="test", revision="1"),
        language="fr",
        summary=(Statement(text="Le budget est adopté.", cites=("s1", "s2", "s4")),),
        topics=(Topic(title="Budget", text="On parle du budget.", cites=("s2",)),),
        decisions=(Statement(text="Le budget est adopté.", cites=("s2", "s999")),),
        actions=(
            Action(
                text="J’envoie le tableau vendredi.",
                who="Bérénice d’Arc",
                what="envoyer le tableau",
                due="vendredi",
                cites=("s4",),
            ),
        ),
        questions=(Statement(text="Vraiment ?", cites=("s3",)),),
    )


def awkward(text: str) -> Exported:
    """Somebody who is called ``text`` says it, under that title, and the minutes say it too."""
    said = transcript(("speaker-1", text), ("unknown", "End."), labels={"speaker-1": text})
    written = minutes().model_copy(
        update={"topics": (Topic(title=text, text=text, cites=("s1", "s2")),), "actions": ()}
    )
    return Exported(said, written, title=text)


def silent() -> Exported:
    """No words, no speakers, no minutes, and nothing known around it."""
    return Exported(transcript().model_copy(update={"segments": (), "speakers": ()}))


def transcripts() -> st.SearchStrategy[TranscriptDocument]:
    """Whatever the contract allows, in a recording of at most 99 hours."""
    return (
        allowed_by(committed_schema("transcript")).map(_within_hours).map(TranscriptDocument.model_validate)
    )


def exports() -> st.SearchStrategy[Exported]:
    schema = committed_schema("minutes")
    # Free-form, and in no export.
    del schema["$defs"]["Model"]["properties"]["parameters"]
    written = allowed_by(schema).map(MinutesDocument.model_validate)
    return st.builds(
        Exported,
        transcripts(),
        st.none() | written,
        st.none() | st.text(),
        st.none() | st.datetimes(datetime(1900, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        st.sampled_from(["fr", "en"]),
    )


def _within_hours(value: Any) -> Any:
    if isinstance(value, list):
        return [_within_hours(held) for held in value]
    if not isinstance(value, dict):
        return value
    bounded = {name: _within_hours(held) for name, held in value.items()}
    if {"start", "end"} <= bounded.keys():
        times = sorted(min(bounded[name], _LONGEST_SECONDS) for name in ("start", "end"))
        bounded["start"], bounded["end"] = times
    return bounded
