"""What the words of a claim can tell about whether its passages support it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.summarisation.domain import Claim
from minutier.summarisation.support import LEAST_OVERLAP, MOST_CITES, Support
from tests.support.summarisation_fakes import meeting

SAID = {
    "en": ("Anna", "So I think I'll send the revised budget to the board by Friday, it's 12,000 euros now."),
    "fr": (
        "Claire",
        "Bon, on a décidé de reporter la présentation du budget au mois prochain, parce que les chiffres ne "
        "sont pas prêts.",
    ),
    "de": (
        "Jonas",
        "Wir haben beschlossen, dass wir den Haushaltsplan bis Freitag an den Vorstand schicken.",
    ),
    "nl": (
        "Sanne",
        "We hebben afgesproken dat de vrijwilligers volgende week de sleutels van het buurthuis krijgen.",
    ),
}

SUPPORTED = {
    "en": [
        "Anna will send the revised budget of 12000 euros to the board by Friday.",
        "Anna sends the board a revised budget.",
    ],
    "fr": [
        "La présentation du budget est reportée au mois prochain car les chiffres ne sont pas prêts.",
        "Décision de reporter la présentation du budget.",
    ],
    "de": [
        "Der Haushaltsplan wird bis Freitag an den Vorstand geschickt.",
        "Der Vorstand erhält den Haushalt bis Freitag.",
    ],
    "nl": [
        "De vrijwilligers krijgen volgende week de sleutels van het buurthuis.",
        "Vrijwilligers ontvangen de buurthuissleutels volgende week.",
    ],
}

UNSUPPORTED = {
    "en": [
        "Anna will send the revised budget of 15,000 euros to the board.",
        "Anna will send the revised budget to the board by Monday.",
        "Bo will send the revised budget to the board by Friday.",
        "The revised budget for the board was written with Smith by Friday.",
        "The NATO budget was sent to the board by Friday.",
        "The library will be closed during the summer holidays.",
        "Three revised budgets go to the board.",
    ],
    "fr": [
        "La présentation du budget est reportée à vendredi.",
        "Le recrutement d'un nouveau directeur est approuvé.",
        "La présentation du budget de 3 000 euros est reportée.",
        "La présentation du budget est confiée à Paul.",
    ],
    "de": [
        "Der Haushaltsplan wird bis Montag an den Vorstand geschickt.",
        "Die Bibliothek bleibt im Sommer geschlossen.",
        "Bo schickt den Haushaltsplan bis Freitag an den Vorstand.",
        "Zwei Haushaltspläne gehen bis Freitag an den Vorstand.",
    ],
    "nl": [
        "De vrijwilligers krijgen op maandag de sleutels.",
        "De gemeente verkoopt het zwembad.",
        "De vrijwilligers van Bo krijgen volgende week de sleutels.",
        "De vrijwilligers krijgen volgende week 4 sleutels.",
    ],
}


def support(language: str = "en") -> Support:
    return Support(meeting(SAID[language], ("Bo", "ok"), language=language))


@pytest.mark.parametrize("language", SAID)
def test_a_claim_in_other_words_is_kept(language: str) -> None:
    claims = [Claim(text, ("s1",)) for text in SUPPORTED[language]]
    assert [support(language).checked(claim) for claim in claims] == claims


@pytest.mark.parametrize("language", SAID)
def test_a_claim_with_an_invented_number_date_name_or_matter_is_not(language: str) -> None:
    claims = [Claim(text, ("s1",)) for text in UNSUPPORTED[language]]
    assert [claim.text for claim in claims if support(language).checked(claim)] == []


def test_numbers_in_words_and_in_digits_are_the_same() -> None:
    roof = Support(meeting(("Bo", "The roof takes three weeks and twenty people.")))
    assert roof.checked(Claim("The roof takes 3 weeks and 20 people.", ("s1",)))
    assert not roof.checked(Claim("The roof takes 4 weeks.", ("s1",)))


def test_numbers_of_neighbours_stay_apart() -> None:
    said = meeting(("Bo", "In 2024 100 people came, room 12"), ("Bo", "345 stayed."))
    assert Support(said).checked(Claim("100 people came in 2024, 345 stayed in room 12.", ("s1", "s2")))


def test_citations_that_do_not_exist_or_were_not_shown_are_no_support() -> None:
    claim = Claim("Anna sends the board a revised budget.", ("s999", "s1", "s1"))
    kept = support().checked(claim)
    assert kept is not None
    assert kept.cites == ("s1",)
    assert support().checked(Claim(claim.text, ("s999",))) is None
    assert support().checked(claim, known={"s2"}) is None
    assert support().checked(Claim("", ("s1",))) is None


@pytest.mark.parametrize(
    ("who", "expected"),
    [("Anna Bell", "Anna Bell"), ("anna", "Anna Bell"), ("Peter", "Peter"), ("Speaker 2", "Speaker 2")],
)
def test_who_acts_is_a_speaker_or_a_name_that_is_said(who: str, expected: str) -> None:
    said = meeting(("Anna Bell", "Peter sends the slides."), ("Speaker 2", "Good."))
    checked = Support(said).checked(Claim("The slides are sent.", ("s1",), who=who))
    assert checked is not None
    assert checked.who == expected


@pytest.mark.parametrize("who", ["Mallory", "the mayor", ""])
def test_an_action_of_somebody_else_is_dropped(who: str) -> None:
    assert support().checked(Claim("The revised budget is sent to the board.", ("s1",), who=who)) is None


def test_a_term_must_be_said() -> None:
    claim = Claim("The revised budget is sent to the board.", ("s1",), due="by Friday")
    assert support().checked(claim) == claim
    for due in ("Thursday", "2026-11-27", "Friday by"):
        assert support().checked(Claim(claim.text, ("s1",), due=due)) is None


def test_claims_of_the_same_words_become_one() -> None:
    rules = Support(meeting(("Bo", "The roof leaks."), ("Bo", "Yes, the roof leaks."), ("Bo", "It snows.")))
    found = rules.distinct(
        [Claim("It snows.", ("s3",)), Claim("The roof leaks.", ("s1",)), Claim("the roof leaks", ("s2",))]
    )
    assert found == [Claim("The roof leaks.", ("s1", "s2")), Claim("It snows.", ("s3",))]


@pytest.mark.parametrize("other", ["The roof does not leak.", "The roof leaks 2 times."])
def test_claims_of_nearly_the_same_words_stay_apart(other: str) -> None:
    rules = Support(meeting(("Bo", "The roof leaks."), ("Bo", other)))
    claims = [Claim("The roof leaks.", ("s1",)), Claim(other, ("s2",))]
    assert rules.distinct(claims) == claims


@given(
    st.sampled_from(["en", "fr", "de", "nl", "es", "zh"]),
    st.lists(st.text(max_size=40), min_size=1, max_size=12),
    st.text(max_size=40),
    st.lists(st.sampled_from([f"s{n}" for n in range(20)]), max_size=14),
)
def test_whatever_is_kept_cites_passages_that_exist(
    language: str, texts: list[str], claimed: str, cites: list[str]
) -> None:
    said = meeting(*((None, text) for text in texts), language=language)
    kept = Support(said).checked(Claim(claimed, tuple(cites)))
    if kept is not None:
        assert 1 <= len(kept.cites) <= MOST_CITES
        assert set(kept.cites) <= {passage.id for passage in said.passages} & set(cites)


@given(st.sampled_from(["en", "fr", "de", "nl", "es", "zh"]), st.text(min_size=1, max_size=80))
def test_what_was_said_supports_itself(language: str, text: str) -> None:
    rules = Support(meeting((None, text), language=language))
    assert rules.overlap(text, text) >= LEAST_OVERLAP
    if text.strip():
        assert rules.checked(Claim(text, ("s1",)))
