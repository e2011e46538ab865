"""Who asks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from minutier.schemas.base import ID_CHARACTERS, NAME_CHARACTERS

# Under this name is kept what is told of messages that nobody could read; it is no organisation's.
UNKNOWN_TENANT = "unknown"

_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ADDRESS = re.compile(r"[^@\s\x00-\x1f]{1,200}@[^@\s\x00-\x1f]{1,200}")
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Role(StrEnum):
    """What somebody does for their organisation, beside being in meetings."""

    COMPLIANCE = "compliance"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Person:
    """Somebody whom an identity provider vouches for; ``id`` is the same whenever they come back.

    ``email`` is one that the provider has verified, in lower case. ``called_by_subject`` says that whom
    meeting servers call by ``subject`` is them, and not somebody of another provider who has the same.
    """

    id: str
    tenant: str
    name: str
    subject: str
    email: str | None = None
    groups: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    called_by_subject: bool = True

    @property
    def principals(self) -> tuple[str, ...]:
        """All that a recording may be shared with to be shared with them."""
        return (
            *([subject(self.subject)] if self.called_by_subject else []),
            *([email(self.email)] if self.email else []),
            *sorted(group(name) for name in self.groups),
        )


class UnknownPerson(Exception):
    """The provider's claims do not say who it is, or for which tenant; the text is for whoever signs in."""


def subject(value: str) -> str:
    return f"subject:{value}"


def email(value: str) -> str:
    return f"email:{value.strip().lower()}"


def group(value: str) -> str:
    return f"group:{value}"


@dataclass(frozen=True)
class Claims:
    """Which of a provider's claims mean what here.

    A person is of ``tenant``, or of the one that ``tenants`` has for the value of ``tenant_claim``; without
    ``tenants`` the value is the tenant's name. Who is in one of the ``compliance`` or ``operator`` groups has
    that role. With ``trusts_email`` an address counts where the provider does not say whether it has
    checked it. With ``meeting_subjects`` its subjects are those that meeting servers call people by.
    """

    tenant: str | None = None
    tenant_claim: str | None = None
    tenants: Mapping[str, str] | None = None
    trusts_email: bool = False
    meeting_subjects: bool = True
    groups_claim: str = "groups"
    compliance: frozenset[str] = frozenset()
    operator: frozenset[str] = frozenset()

    @property
    def canonical(self) -> str:
        """The same for what means the same."""
        members = (sorted(self.compliance), sorted(self.operator))
        tenants = None if self.tenants is None else sorted(self.tenants.items())
        trusted = (self.trusts_email, self.meeting_subjects)
        return repr((self.tenant, self.tenant_claim, tenants, trusted, self.groups_claim, members))

    @property
    def wanted(self) -> frozenset[str]:
        """The claims without which somebody is not all that they are."""
        return frozenset({"email", self.groups_claim, *([self.tenant_claim] if self.tenant_claim else [])})


def person(provider: str, claims: Mapping[str, Any], means: Claims) -> Person:
    """Whom ``claims`` are of. Raises `UnknownPerson`."""
    subject_id = claims.get("sub")
    if not isinstance(subject_id, str) or not 0 < len(subject_id) <= ID_CHARACTERS or "\x00" in subject_id:
        raise UnknownPerson("The identity provider does not say who you are: it gives no usable 'sub'.")
    groups = _texts(claims.get(means.groups_claim))
    roles = {Role.COMPLIANCE: means.compliance, Role.OPERATOR: means.operator}
    address = claims.get("email")
    # Anybody could claim an address that nobody has checked.
    checked = claims.get("email_verified", means.trusts_email) is True
    verified = checked and isinstance(address, str) and _ADDRESS.fullmatch(address.strip()) is not None
    return Person(
        id=f"{provider}/{subject_id}",
        tenant=_tenant(claims, means),
        name=_name(claims),
        subject=subject_id,
        email=str(address).strip().lower() if verified else None,
        groups=groups,
        roles=frozenset(role for role, members in roles.items() if members & groups),
        called_by_subject=means.meeting_subjects,
    )


def _tenant(claims: Mapping[str, Any], means: Claims) -> str:
    if means.tenant_claim is None:
        if means.tenant is None:
            raise UnknownPerson("The operator has not said which organisation this provider is of.")
        return means.tenant
    for value in sorted(_texts(claims.get(means.tenant_claim))):
        tenant = value if means.tenants is None else means.tenants.get(value)
        # A comma would name several.
        if tenant is not None and tenant != UNKNOWN_TENANT and _TENANT.fullmatch(tenant):
            return tenant
    raise UnknownPerson("Your organisation does not use this server: ask its operator to add it.")


def _name(claims: Mapping[str, Any]) -> str:
    given = [str(claims[key]) for key in ("given_name", "usual_name", "family_name") if claims.get(key)]
    named = claims.get("name") or " ".join(given) or claims.get("preferred_username") or claims.get("email")
    return " ".join(_UNPRINTED.sub(" ", str(named or claims["sub"])).split())[:NAME_CHARACTERS]


def _texts(value: Any) -> frozenset[str]:
    found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(item for item in found if isinstance(item, str) and "\x00" not in item)
