"""The words of an export that nobody said."""

from collections.abc import Mapping
from dataclasses import dataclass

from minutier.query.exports.domain import Language
from minutier.schemas.documents import Doubt


@dataclass(frozen=True)
class Words:
    """``colon`` is how a label is parted from its value; ``{}`` in a sentence is filled in."""

    untitled: str
    unknown: str
    date: str
    duration: str
    participants: str
    coverage: str
    covered: str
    minutes: str
    summary: str
    topics: str
    decisions: str
    actions: str
    questions: str
    transcript: str
    nothing: str
    due: str
    doubtful: str
    doubts: Mapping[Doubt, str]
    page: str
    colon: str


WORDS: dict[Language, Words] = {
    "en": Words(
        untitled="Meeting",
        unknown="Unknown",
        date="Date",
        duration="Duration",
        participants="Who spoke",
        coverage="Coverage",
        covered="{} % of the speech that was heard has words",
        minutes="Written by a machine: the times lead to what was said.",
        summary="Summary",
        topics="Topics",
        decisions="Decisions",
        actions="Actions",
        questions="Open questions",
        transcript="Transcript",
        nothing="Nothing was said in this recording.",
        due="due: {}",
        doubtful="to be checked: {}",
        doubts={
            Doubt.LOW_PROBABILITY: "words that are not certain",
            Doubt.NO_SPEECH: "perhaps no speech",
            Doubt.REPETITION: "words that repeat themselves",
            Doubt.FALLBACK: "words that were hard to recognise",
        },
        page="Page {} of {}",
        colon=": ",
    ),
    "fr": Words(
        untitled="Réunion",
        unknown="Inconnu",
        date="Date",
        duration="Durée",
        participants="Ont pris la parole",
        coverage="Couverture",
        covered="{} % de la parole entendue est transcrite",
        minutes="Rédigé par une machine : les temps mènent à ce qui a été dit.",
        summary="Résumé",
        topics="Sujets",
        decisions="Décisions",
        actions="Actions",
        questions="Questions ouvertes",
        transcript="Transcription",
        nothing="Rien n’a été dit dans cet enregistrement.",
        due="échéance : {}",
        doubtful="à vérifier : {}",
        doubts={
            Doubt.LOW_PROBABILITY: "mots incertains",
            Doubt.NO_SPEECH: "peut-être pas de parole",
            Doubt.REPETITION: "mots qui se répètent",
            Doubt.FALLBACK: "mots difficiles à reconnaître",
        },
        page="Page {} sur {}",
        colon=" : ",
    ),
}
