from hypothesis import given
from hypothesis import strategies as st

from minutier.summarisation.domain import Minutes, Passage
from minutier.summarisation.extractive import extract

MEETING = [
    Passage("s1", "Anna", "The budget of the library was cut again. The library needs a new budget plan."),
    Passage("s2", "Bo", "We decided to keep the library open on Sundays. Who will tell the volunteers?"),
    Passage("s3", "Anna", "I will write to the volunteers by Friday."),
    Passage("s4", None, "I will call the mayor about it."),
]


def test_what_was_decided_promised_and_asked_is_found_and_cited() -> None:
    minutes = extract(MEETING)
    assert [(d.text, d.cites) for d in minutes.decisions] == [
        ("We decided to keep the library open on Sundays.", ("s2",))
    ]
    assert [(a.who, a.due, a.cites) for a in minutes.actions] == [
        ("Anna", "by Friday", ("s3",)),
        (None, None, ("s4",)),
    ]
    assert [(q.text, q.cites) for q in minutes.questions] == [("Who will tell the volunteers?", ("s2",))]
    assert minutes.summary


def test_other_languages_have_their_cues() -> None:
    for text in ("Nous avons décidé de partir demain.", "Wir haben beschlossen zu gehen."):
        assert extract([Passage("s1", None, text)]).decisions
    for text in ("Ich werde das bis Freitag machen.", "Ik zal dat voor vrijdag doen."):
        (action,) = extract([Passage("s1", "Bo", text)]).actions
        assert action.due


def test_nothing_said_gives_nothing() -> None:
    assert extract([]) == Minutes(summary=[], decisions=[], actions=[], questions=[])


@given(st.lists(st.text(max_size=60), max_size=12))
def test_every_item_stands_in_the_passage_it_cites(texts: list[str]) -> None:
    passages = {f"s{n}": text for n, text in enumerate(texts, start=1)}
    minutes = extract([Passage(key, None, text) for key, text in passages.items()])
    for claim in [*minutes.summary, *minutes.decisions, *minutes.actions, *minutes.questions]:
        (cited,) = claim.cites
        assert claim.text in passages[cited]
