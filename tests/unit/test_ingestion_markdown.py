from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.jobs import markdown
from minutier.ingestion.jobs.texts import read
from minutier.schemas.base import Model
from minutier.schemas.documents import Action, Engine, MinutesDocument, Statement, Topic
from tests.support.summarisation_fakes import RECORDING, transcript

MODEL = Model(name="extractive", revision="1")


def minutes(**parts: object) -> MinutesDocument:
    return MinutesDocument(
        recording_id=RECORDING, engine=Engine.EXTRACTIVE, model=MODEL, language="en", **parts
    )


def test_who_speaks_on_is_one_paragraph() -> None:
    said = transcript([("Anna", "Hello."), ("Anna", "Are you there?"), (None, "Yes."), ("Anna", "Good.")])
    assert markdown.transcript(said) == (
        "**Anna**: Hello. Are you there?\n\n**Unknown**: Yes.\n\n**Anna**: Good.\n"
    )


def test_links_stand_before_and_after_what_was_said() -> None:
    shown = markdown.transcript(
        transcript([("Anna", "Bonjour.")], language="fr"),
        download_link="https://meet.example.org/r/1",
        form_link="https://form.example.org/?a=(b)>",
    )
    assert shown.split("\n\n") == [
        "[Télécharger l’enregistrement](<https://meet.example.org/r/1>)",
        "**Anna**: Bonjour.",
        "[Donner votre avis sur cette transcription](<https://form.example.org/?a=(b)%3E>)\n",
    ]


@pytest.mark.parametrize(
    ("asked", "spoken", "unknown"),
    [("de", "fr", "Unbekannt"), ("pt", "nl", "Onbekend"), (None, "fr", "Inconnu"), (None, "ja", "Unknown")],
)
def test_sentences_around_it_are_in_the_language_asked_for_or_spoken_or_english(
    asked: str | None, spoken: str, unknown: str
) -> None:
    said = transcript([(None, "…")], language=spoken)
    assert markdown.transcript(said, language=asked) == f"**{unknown}**: …\n"


def test_silence_is_said() -> None:
    assert markdown.transcript(transcript([])) == "Nothing was said in this recording.\n"
    assert markdown.minutes(minutes()) == "There was nothing to summarise.\n"


def test_minutes_have_a_heading_for_each_part_that_there_is() -> None:
    shown = markdown.minutes(
        minutes(
            summary=(Statement(text="The budget was cut.", cites=("s1",)),),
            topics=(Topic(title="Budget", text="It was cut.", cites=("s1",)),),
            actions=(Action(text="I will write.", what="write", who="Anna", cites=("s2",)),),
        ),
        language="fr",
    )
    assert shown == (
        "## Résumé\n\n- The budget was cut.\n\n## Sujets\n\n- **Budget**: It was cut.\n\n"
        "## Actions\n\n- I will write.\n"
    )


def test_the_title_of_a_summary_names_what_it_is_of() -> None:
    assert markdown.summary_title("{0} & co", language="de") == "Zusammenfassung von {0} & co"


def test_what_is_said_is_no_markup() -> None:
    shown = markdown.transcript(transcript([("*Anna*", "[here](https://x) <script> **b**: #1\n# 2")]))
    assert shown == ("**\\*Anna\\***: \\[here\\](https://x) \\<script\\> \\*\\*b\\*\\*: \\#1 \\# 2\n")


NAMES = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=30).filter(
    str.strip
)
WORDS = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(NAMES, WORDS), max_size=6))
def test_a_transcript_in_markdown_is_read_as_it_was_said(said: list[tuple[str, str]]) -> None:
    document = transcript(said)
    text = read(markdown.transcript(document), recording_id=UUID(int=1), language="en")
    if not said:
        return
    labels = {speaker.id: speaker.label for speaker in text.speakers}
    heard = [(labels[segment.speaker], segment.text) for segment in text.segments]
    joined: list[tuple[str, str]] = []
    for raw_name, raw_words in said:
        name, words = " ".join(raw_name.split()), " ".join(raw_words.split())
        if joined and joined[-1][0] == name:
            joined[-1] = (name, f"{joined[-1][1]} {words}")
        else:
            joined.append((name, words))
    assert heard == joined
