"""Four people to try the embedded system as."""

from dataclasses import dataclass

TENANT = "default"
# What the local sign-in knows the services with pages and the command as.
CLIENT = "minutier-pages"
GROUPS_OF_STAFF = {"compliance": "compliance", "operator": "operators"}


@dataclass(frozen=True)
class LocalPerson:
    """Somebody whom the local sign-in knows; ``subject`` is also what the command calls them."""

    subject: str
    name: str
    groups: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"{self.subject}@minutier.local"


# Whose recordings are those that the command hands in.
PARTICIPANT = LocalPerson("participant", "Camille Martin")
OUTSIDER = LocalPerson("outsider", "Sacha Bernard")
COMPLIANCE = LocalPerson("compliance", "Dominique Petit", (GROUPS_OF_STAFF["compliance"],))
# Nobody approves what they have proposed themselves.
APPROVER = LocalPerson("compliance-2", "Claude Laurent", (GROUPS_OF_STAFF["compliance"],))

PEOPLE = {person.subject: person for person in (PARTICIPANT, OUTSIDER, COMPLIANCE, APPROVER)}
