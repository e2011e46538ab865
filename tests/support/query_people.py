"""People of two tenants, and the tokens that they show."""

from minutier.schemas.documents import Part
from minutier.schemas.documents import Person as MeetingPerson
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.tokens import InvalidToken


def person(name: str, *roles: Role, tenant: str = "acme", groups: tuple[str, ...] = ()) -> Person:
    return Person(
        id=f"test/{name}",
        tenant=tenant,
        name=name.capitalize(),
        subject=name,
        email=f"{name}@example.org",
        groups=frozenset(groups),
        roles=frozenset(roles),
    )


OWNER = person("owner")
PARTICIPANT = person("participant")
OUTSIDER = person("outsider", groups=("finance",))
COMPLIANCE = person("compliance", Role.COMPLIANCE)
OPERATOR = person("operator", Role.OPERATOR)
STRANGER = person("stranger", *Role, tenant="other")

EVERYBODY = (OWNER, PARTICIPANT, OUTSIDER, COMPLIANCE, OPERATOR, STRANGER)

# Who was in the meetings of these tests.
PEOPLE = (
    MeetingPerson(part=Part.OWNER, email=OWNER.email),
    MeetingPerson(part=Part.PARTICIPANT, subject=PARTICIPANT.subject),
)


def showing(person: Person) -> dict[str, str]:
    """The header of a request by ``person``."""
    return {"Authorization": f"Bearer {person.subject}"}


class Bearers:
    """Knows everybody by their subject."""

    def __init__(self, *people: Person) -> None:
        self.people = {person.subject: person for person in people or EVERYBODY}

    async def person(self, token: str) -> Person:
        if token not in self.people:
            raise InvalidToken("it has expired")
        return self.people[token]
