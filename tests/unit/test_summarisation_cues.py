"""Sentences people say in meetings, and what they are taken for."""

import pytest

from minutier.summarisation.cues import CUES

DECISIONS = {
    "en": [
        "We decided to keep the library open on Sundays.",
        "So we've all agreed on the new date.",
        "Let's go with the second option.",
        "It's decided then.",
        "The budget was approved last week.",
        "We agreed not to raise the fees.",
        "We have finally settled on Lyon.",
        "If nobody objects, we've decided to go.",
        "It was agreed that the fee stays.",
    ],
    "fr": [
        "On a décidé de reporter la fête.",
        "Nous avons décidé de partir demain.",
        "C'est décidé, on déménage.",
        "Le budget a été adopté à l'unanimité.",
        "Nous avons convenu d'un rendez-vous lundi.",
        "On est tous d'accord pour fermer à midi.",
        "On part sur la deuxième option.",
        "On a décidé de ne pas augmenter les tarifs.",
    ],
    "de": [
        "Wir haben beschlossen zu gehen.",
        "Wir haben uns für den zweiten Vorschlag entschieden.",
        "Dann haben wir vereinbart, dass Jonas schreibt.",
        "Wir einigen uns auf Montag.",
        "Der Haushalt ist einstimmig angenommen.",
        "Wir haben entschieden, die Gebühren nicht zu erhöhen.",
    ],
    "nl": [
        "We hebben besloten om te gaan.",
        "We hebben afgesproken dat de vrijwilligers komen.",
        "Dan hebben we afgesproken dat Piet schrijft.",
        "Het voorstel is goedgekeurd door iedereen.",
        "We kiezen voor de tweede optie.",
        "We hebben besloten de prijs niet te verhogen.",
    ],
}

UNDECIDED = {
    "en": [
        "We haven't decided on the date.",
        "We have not agreed on anything yet.",
        "We never agreed to that.",
        "If we had decided that earlier, fine.",
        "Once we have decided, I will write.",
        "We should have agreed on this.",
        "Nothing was approved.",
        "It's not decided yet.",
        "I don't think we decided that.",
        "We need to get this agreed.",
        "They decided to leave.",
    ],
    "fr": [
        "On n'a pas décidé.",
        "On a pas encore décidé de la date.",
        "Nous n'avons rien décidé pour l'instant.",
        "Si on a décidé de partir, il faut le dire.",
        "Ce n'est pas décidé du tout.",
        "On n'est pas tous d'accord pour fermer.",
        "Une fois qu'on a décidé, on écrit.",
        "Il faudrait que ce soit décidé bientôt.",
        "Rien n'a été validé hier.",
    ],
    "de": [
        "Wir haben noch nicht entschieden.",
        "Wir haben nichts beschlossen gestern.",
        "Wir haben uns noch nicht entschieden, wer fährt.",
        "Wir haben noch keine Termine vereinbart.",
        "Wenn wir das beschlossen haben, schreibe ich.",
        "Es ist noch nichts entschieden worden.",
        "Es wurde nie so vereinbart damals.",
    ],
    "nl": [
        "We hebben nog niet besloten.",
        "We hebben niets afgesproken over geld.",
        "Er is nog niets besloten vandaag.",
        "Als we hebben besloten, schrijf ik.",
        "We hebben nog geen datum afgesproken.",
        "Het is nooit goedgekeurd door het bestuur.",
    ],
}

# The sentence, what is promised, by when.
PROMISES = {
    "en": [
        (
            "I will write to the volunteers by Friday.",
            "write to the volunteers by Friday",
            "by Friday",
        ),
        (
            "So yes, I'll call the mayor about it tomorrow.",
            "call the mayor about it tomorrow",
            "tomorrow",
        ),
        (
            "I'm going to book the room before the end of the month.",
            "book the room before the end of the month",
            "before the end of the month",
        ),
        ("I am going to send the slides.", "send the slides", None),
    ],
    "fr": [
        ("Je vais écrire à la mairie avant vendredi.", "écrire à la mairie avant vendredi", "avant vendredi"),
        ("Je m'en occupe la semaine prochaine.", "la semaine prochaine", "la semaine prochaine"),
        ("Je me charge de la salle.", "la salle", None),
        ("Je vous enverrai le compte rendu demain.", "enverrai le compte rendu demain", "demain"),
        (
            "Je t'enverrai les chiffres lundi prochain.",
            "enverrai les chiffres lundi prochain",
            "lundi prochain",
        ),
        ("Je vais appeler le traiteur.", "appeler le traiteur", None),
        ("Je vous envoie le devis demain.", "envoie le devis demain", "demain"),
    ],
    "de": [
        ("Ich werde das bis Freitag machen.", "das bis Freitag machen", "bis Freitag"),
        ("Ich kümmere mich um den Raum.", "um den Raum", None),
        ("Das übernehme ich bis nächste Woche.", "bis nächste Woche", "bis nächste Woche"),
        ("Ich schicke euch die Folien bis morgen.", "euch die Folien bis morgen", "bis morgen"),
        ("Ich werde den Vorstand am Montag anrufen.", "den Vorstand am Montag anrufen", "am Montag"),
    ],
    "nl": [
        ("Ik zal dat voor vrijdag doen.", "dat voor vrijdag doen", "voor vrijdag"),
        ("Ik stuur de notulen volgende week rond.", "de notulen volgende week rond", "volgende week"),
        ("Ik neem contact op met de gemeente.", "contact op met de gemeente", None),
        ("Ik ga de zaal reserveren.", "de zaal reserveren", None),
        ("Dat regel ik morgen wel.", "morgen wel", "morgen"),
    ],
}

IDLE = {
    "en": [
        "I will be honest with you.",
        "I'll say this once.",
        "I won't do that again.",
        "I will not write to them.",
        "I'll never understand that.",
        "If I will be asked, fine.",
        "I'm going to be late today.",
        "I'll see what happens.",
        "I'll tell you a story.",
        "I don't think I'll come.",
        "I'll have to think about that.",
        "He will write to them.",
        "I will always love this town.",
        "I'm going to the shop now.",
        "I'll let you finish first.",
    ],
    "fr": [
        "Je vais être honnête avec vous.",
        "Je vais bien merci beaucoup.",
        "Je vais essayer d'être bref.",
        "Je vous rappelle que c'est fermé.",
        "Je vais pas faire ça.",
        "Je ne vais pas appeler la mairie.",
        "Je vais à Paris ce soir.",
        "Je vais vous dire une chose.",
        "Je vais le dire clairement.",
        "Il va écrire à la mairie.",
        "Si je m'en occupe, ça ira.",
    ],
    "de": [
        "Ich werde ehrlich sein mit euch.",
        "Ich werde das nicht machen.",
        "Ich werde krank davon, wirklich.",
        "Ich werde sehen, was geht.",
        "Ich frage mich, ob das stimmt.",
        "Ich werde das kurz erklären.",
        "Er wird das morgen machen.",
        "Ich schicke das nicht mehr.",
        "Ich schreibe gern lange Texte.",
    ],
    "nl": [
        "Ik zal eerlijk zijn met jullie.",
        "Ik neem aan dat dat klopt.",
        "Ik ga ermee akkoord hoor.",
        "Ik ga daar niet over bellen.",
        "Ik zal het kort uitleggen.",
        "Ik ga naar huis vanavond.",
        "Ik vraag me af of dat klopt.",
        "Hij zal dat morgen doen.",
        "Ik ga ervan uit dat het lukt.",
    ],
}


@pytest.mark.parametrize("language", CUES)
def test_a_decision_is_what_was_settled(language: str) -> None:
    assert [said for said in DECISIONS[language] if not CUES[language].decides(said)] == []


@pytest.mark.parametrize("language", CUES)
def test_what_is_denied_supposed_or_put_off_is_no_decision(language: str) -> None:
    assert [said for said in UNDECIDED[language] if CUES[language].decides(said)] == []


@pytest.mark.parametrize("language", CUES)
def test_a_promise_tells_what_and_by_when(language: str) -> None:
    cues = CUES[language]
    found = [(said, cues.promised(said), cues.due_in(said)) for said, _, _ in PROMISES[language]]
    assert found == PROMISES[language]


@pytest.mark.parametrize("language", CUES)
def test_a_way_of_speaking_is_no_promise(language: str) -> None:
    assert [said for said in IDLE[language] if CUES[language].promised(said)] == []


def test_a_promise_without_more_words_is_the_whole_sentence() -> None:
    assert CUES["fr"].promised("Pour la salle, je m'en charge.") == "Pour la salle, je m'en charge"


def test_typographic_apostrophes_are_apostrophes() -> None:
    assert CUES["en"].decides("We haven’t decided.") is False
    assert CUES["en"].promised("I’ll call the mayor.") == "call the mayor"
