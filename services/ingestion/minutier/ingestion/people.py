"""Who may read a recording: whom its source names as identity providers know them, each once."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import structlog
from pydantic import Field, ValidationError

from minutier.ingestion.accounts.domain import Account
from minutier.schemas.base import ID_CHARACTERS, Text
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import MetadataKind, RecordingAnnounced

log = structlog.get_logger(__name__)

# More than are ever in one meeting.
MOST = 1000

# Whose ids of participants are identity providers' subjects: La Suite Meet calls whoever has signed in by
# theirs, and everybody else by a random one, which no provider knows. What other applications tell LiveKit
# and BigBlueButton is as they please.
_IDS_ARE_SUBJECTS = frozenset({MetadataKind.LASUITE_MEET})

Email = Annotated[Text, Field(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", max_length=254)]


def people_of(event: RecordingAnnounced, account: Account) -> tuple[Person, ...]:
    """Whom the announcement names, and whom the account knows by their subject, as `together`."""
    return together([*event.data.people, *_signed_in(event, account)])


def owned_by(email: str | None) -> tuple[Person, ...]:
    """The owner; nobody where there is none, or where it is no e-mail address."""
    if email is None:
        return ()
    try:
        return (Person(part=Part.OWNER, email=email.strip().lower()),)
    except ValidationError:
        log.warning("people left out", reason="invalid_email")
        return ()


def together(told: Iterable[Person]) -> tuple[Person, ...]:
    """Each once, owners first, `MOST` at most, and addresses in lower case.

    Who has the same subject or the same e-mail is the same, unless the other of the two tells them apart; an
    owner who was there is an owner.
    """
    found: list[Person] = []
    for each in sorted(map(_lowered, told), key=lambda each: each.part is not Part.OWNER):
        joined, same = each, list[Person]()
        for other in found:
            if _same(other, joined):
                joined = _joined(other, joined)
                same.append(other)
        if same:
            found = [joined if other is same[0] else other for other in found if other not in same[1:]]
        elif len(found) < MOST:
            found.append(each)
        else:
            log.warning("people left out", reason="too_many")
            break
    return tuple(found)


def _signed_in(event: RecordingAnnounced, account: Account) -> Iterator[Person]:
    """Whoever has a track, is named, or talks, where it is by their subject that they are known.

    What no provider would call anybody is left out.
    """
    if event.data.metadata is None or event.data.metadata.kind not in _IDS_ARE_SUBJECTS:
        return
    tracks = (track.external_id for track in event.data.tracks)
    talking = (talk.participant for talk in account.talks)
    invalid = 0
    for subject in filter(None, dict.fromkeys((*tracks, *account.names, *talking))):
        try:
            yield Person(part=Part.PARTICIPANT, subject=subject)
        except ValidationError:
            invalid += 1
    if invalid:
        log.warning("people left out", reason="invalid_subject", number=invalid)


def _lowered(person: Person) -> Person:
    email = (person.email or "").lower()
    # A few letters are longer in lower case, and none of them is in an address that anybody vouches for.
    return person.model_copy(update={"email": email}) if 0 < len(email) <= ID_CHARACTERS else person


def _same(one: Person, other: Person) -> bool:
    if one.subject and other.subject and one.subject != other.subject:
        return False
    if one.email and other.email:
        return one.email == other.email
    return one.subject is not None and one.subject == other.subject


def _joined(one: Person, other: Person) -> Person:
    """Of two who are the same, all that is known."""
    part = Part.OWNER if Part.OWNER in {one.part, other.part} else Part.PARTICIPANT
    return Person(part=part, subject=one.subject or other.subject, email=one.email or other.email)
