"""Who may read a recording, by what its source tells."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from minutier.ingestion.accounts.domain import Account, Talk
from minutier.ingestion.people import MOST, owned_by, people_of, together
from minutier.schemas.documents import Part, Person
from tests.support.ingestion_fakes import announced, track

OWNER, PARTICIPANT = Part.OWNER, Part.PARTICIPANT
Known = tuple[Part, str | None, str | None]


def people(*known: Known) -> list[Person]:
    return [Person(part=part, subject=subject, email=email) for part, subject, email in known]


def shown(found: Iterable[Person]) -> list[Known]:
    return [(each.part, each.subject, each.email) for each in found]


def account_of(kind: str) -> dict[str, object]:
    return {"kind": kind, "location": {"bucket": "meet", "key": "account"}}


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([(PARTICIPANT, "a", None), (OWNER, "a", None)], [(OWNER, "a", None)]),
        ([(PARTICIPANT, None, "A@b.org"), (PARTICIPANT, None, "a@B.org")], [(PARTICIPANT, None, "a@b.org")]),
        ([(PARTICIPANT, "a", "a@b.org"), (OWNER, "a", None)], [(OWNER, "a", "a@b.org")]),
        (
            [(PARTICIPANT, "a", None), (PARTICIPANT, None, "a@b.org"), (PARTICIPANT, "a", "a@b.org")],
            [(PARTICIPANT, "a", "a@b.org")],
        ),
        (
            [(PARTICIPANT, "a", "a@b.org"), (PARTICIPANT, "c", "a@b.org")],
            [(PARTICIPANT, "a", "a@b.org"), (PARTICIPANT, "c", "a@b.org")],
        ),
        (
            [(PARTICIPANT, "A", None), (PARTICIPANT, "a", None)],
            [(PARTICIPANT, "A", None), (PARTICIPANT, "a", None)],
        ),
    ],
    ids=["part", "case", "joined", "joined by a third", "told apart", "subjects have case"],
)
def test_the_same_person_is_one(told: list[Known], found: list[Known]) -> None:
    assert shown(together(people(*told))) == found


SUBJECT = st.none() | st.sampled_from("abc")
EMAIL = st.none() | st.sampled_from(["a@x.org", "b@x.org", "B@x.org", "c@x.org"])
PERSON = st.tuples(st.sampled_from(Part), SUBJECT, EMAIL).filter(lambda each: bool(each[1] or each[2]))


def rights(found: Iterable[Person]) -> dict[str, Part]:
    """What each subject and each address may be let in as, at most."""
    best: dict[str, Part] = {}
    for each in found:
        for known in filter(None, (each.subject, each.email and each.email.lower())):
            best[known] = OWNER if OWNER in {each.part, best.get(known)} else PARTICIPANT
    return best


@given(st.lists(PERSON, max_size=12))
def test_nobody_is_added_lost_or_told_twice(told: list[Known]) -> None:
    given = people(*told)
    found = together(given)
    before, after = rights(given), rights(found)
    assert before.keys() == after.keys()
    assert all(after[known] is OWNER for known, part in before.items() if part is OWNER)
    assert OWNER not in after.values() or OWNER in before.values()
    assert together(found) == found
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            pairs = [(one.subject, other.subject), (one.email, other.email)]
            known = [a == b for a, b in pairs if a and b]
            assert not known or not all(known)


def test_of_too_many_owners_stay() -> None:
    crowd = people(*((PARTICIPANT, f"s{number}", None) for number in range(MOST)), (OWNER, "owner", None))
    with capture_logs() as logs:
        found = together(crowd)
    assert (len(found), found[0].subject) == (MOST, "owner")
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("people left out", "too_many")]


def test_la_suite_meet_calls_people_as_identity_providers_do() -> None:
    event = announced(
        tracks=(track("Anna", "a", external_id="sub-a"), track("Room", "b")),
        people=[{"part": "owner", "subject": "sub-b", "email": "bo@example.org"}],
        metadata=account_of("lasuite-meet"),
    )
    account = Account({"sub-a": "Anna", "sub-b": "Bo", "": "Nobody"}, (Talk("sub-c", 0.0, 1.0),))
    assert shown(people_of(event, account)) == [
        (OWNER, "sub-b", "bo@example.org"),
        (PARTICIPANT, "sub-a", None),
        (PARTICIPANT, "sub-c", None),
    ]


@pytest.mark.parametrize("kind", ["livekit", "bigbluebutton", None])
def test_ids_that_an_application_has_made_up_are_nobody_s(kind: str | None) -> None:
    event = announced(tracks=(track("Anna", "a", external_id="admin"),), metadata=kind and account_of(kind))
    assert people_of(event, Account({"admin": "Anna"})) == ()


def test_what_is_no_id_is_left_out_and_not_told() -> None:
    event = announced(
        people=[{"part": "participant", "email": "İ" * 200 + "@example.org"}],
        metadata=account_of("lasuite-meet"),
    )
    account = Account({"sub-a": "Anna", "x" * 257: "Bo", "secret\0": "Cy"})
    with capture_logs() as logs:
        found = people_of(event, account)
        assert owned_by("Anneliese") == ()
    assert [each.subject for each in found] == [None, "sub-a"]
    assert "secret" not in str(logs)
    assert "Anneliese" not in str(logs)
    assert [entry["reason"] for entry in logs] == ["invalid_subject", "invalid_email"]
    assert all(Person.model_validate(each.model_dump()) for each in found)
