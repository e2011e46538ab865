"""The identity providers that people sign in with."""

import hashlib
from itertools import combinations
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from minutier.schemas.base import Tenant
from minutier.shared.identity.domain import UNKNOWN_TENANT, Claims
from minutier.shared.loopback import is_loopback

# No shared secrets, and nothing that is not signed.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")


def _signed(algorithms: tuple[str, ...]) -> tuple[str, ...]:
    if not algorithms or set(algorithms) - set(ALGORITHMS):
        raise ValueError(f"give some of {', '.join(ALGORITHMS)}")
    return algorithms


def encrypted(url: str) -> str:
    """``url``, where nobody on the way can read or change what goes there. Raises `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("give an https address; http is for this machine alone")
    return url


def _encrypted(url: HttpUrl) -> HttpUrl:
    encrypted(str(url))
    return url


def _somebodys(tenant: str) -> str:
    if tenant == UNKNOWN_TENANT:
        raise ValueError("this name is for what nobody knows the tenant of: give another")
    return tenant


Organisation = Annotated[Tenant, AfterValidator(_somebodys)]


class Provider(BaseModel):
    """An OpenID provider: where it is, what it knows this service as, and what its claims mean."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: Annotated[HttpUrl, AfterValidator(_encrypted)] = Field(
        description="what `/.well-known/openid-configuration` is appended to"
    )
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = Field(None, min_length=1, description="none for a public client")
    label: str | None = Field(None, description="what the sign-in page calls it, if not by its name")
    audience: str = Field("minutier", min_length=1, description="whom the API's bearer tokens are for")
    algorithms: Annotated[tuple[str, ...], AfterValidator(_signed)] = Field(
        ("RS256", "ES256"), description="signatures that are accepted"
    )
    scopes: tuple[str, ...] = Field(("openid", "email", "profile"), description="what is asked for")
    tenant: Organisation | None = Field(None, description="whose people all of its are")
    tenant_claim: str | None = Field(None, min_length=1, description="or the claim that says whose they are")
    tenants: dict[str, Organisation] | None = Field(
        None, description="tenants by the value of that claim; without them the value is the tenant"
    )
    trusts_email: bool = Field(False, description="addresses are verified where it does not say so")
    meeting_subjects: bool = Field(True, description="its subjects are those that meeting servers tell")
    groups_claim: str = Field("groups", min_length=1)
    compliance_groups: frozenset[str] = Field(frozenset(), description="who may read access logs")
    operator_groups: frozenset[str] = Field(frozenset(), description="who may see states and settings")

    @model_validator(mode="after")
    def knows_the_tenant(self) -> "Provider":
        if (self.tenant is None) == (self.tenant_claim is None):
            raise ValueError("give either tenant or tenant_claim")
        return self

    @model_validator(mode="after")
    def tells_its_tokens_apart(self) -> "Provider":
        # An ID token is for the client, and shown to others, in addresses even: it may be none of the API's.
        if self.audience == self.client_id:
            raise ValueError("give an audience other than client_id")
        return self

    @property
    def claims(self) -> Claims:
        return Claims(
            tenant=self.tenant,
            tenant_claim=self.tenant_claim,
            tenants=self.tenants,
            trusts_email=self.trusts_email,
            meeting_subjects=self.meeting_subjects,
            groups_claim=self.groups_claim,
            compliance=self.compliance_groups,
            operator=self.operator_groups,
        )

    @property
    def standing(self) -> str:
        """Changes with whom it vouches for and what its claims mean: with it, sessions end."""
        known = (str(self.issuer), self.client_id, self.claims.canonical)
        return hashlib.sha256(repr(known).encode()).hexdigest()

    @property
    def discovery_url(self) -> str:
        return f"{str(self.issuer).rstrip('/')}/.well-known/openid-configuration"

    def shares_a_tenant_with(self, other: "Provider") -> bool:
        """Whether people of both may be of one tenant; a claim without ``tenants`` may name any."""
        mine, theirs = self._tenants, other._tenants
        return mine is None or theirs is None or not mine.isdisjoint(theirs)

    @property
    def _tenants(self) -> set[str] | None:
        if self.tenant is not None:
            return {self.tenant}
        return None if self.tenants is None else set(self.tenants.values())


def told_apart(providers: dict[str, Provider]) -> dict[str, Provider]:
    """Providers none of whose people is taken for one of another's with the same subject.

    One issuer gives nobody another's subject. Raises `ValueError`.
    """
    for (name, one), (another, other) in combinations(providers.items(), 2):
        subjects = one.meeting_subjects and other.meeting_subjects
        if subjects and one.discovery_url != other.discovery_url and one.shares_a_tenant_with(other):
            raise ValueError(
                f"{name} and {another} may sign in people of one tenant, who may have the same subject: set "
                "meeting_subjects to false for the one that the meeting server does not use"
            )
    return providers
