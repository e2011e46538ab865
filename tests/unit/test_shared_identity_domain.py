"""What a provider's claims say of somebody."""

from typing import Any

import pytest

from minutier.query.access.domain import Level, grants_of, level_of
from minutier.query.settings import QuerySettings
from minutier.schemas.clock import now
from minutier.schemas.documents import Part
from minutier.schemas.documents import Person as MeetingPerson
from minutier.shared.identity.domain import Claims, Role, UnknownPerson, person
from minutier.shared.identity.providers import Provider
from minutier.shared.settings import InvalidSettings

ACME = Claims(tenant="acme", compliance=frozenset({"auditors"}), operator=frozenset({"it"}))


@pytest.mark.parametrize(
    ("given", "trusts", "address"),
    [
        ({"email": "Zoe@Example.org ", "email_verified": True}, False, "zoe@example.org"),
        ({"email": "zoe@example.org"}, False, None),
        ({"email": "zoe@example.org"}, True, "zoe@example.org"),
        ({"email": "zoe@example.org", "email_verified": False}, True, None),
        ({"email": "zoe@example.org", "email_verified": "true"}, True, None),
        ({"email": "zoe", "email_verified": True}, True, None),
        ({"email": "zoe@example.org\x00", "email_verified": True}, True, None),
        ({"email": ["zoe@example.org"], "email_verified": True}, True, None),
    ],
)
def test_an_address_counts_where_it_was_checked(
    given: dict[str, Any], trusts: bool, address: str | None
) -> None:
    found = person("acme", {"sub": "zoe", **given}, Claims(tenant="acme", trusts_email=trusts))
    assert found.email == address


def test_groups_give_roles_and_names_are_lines() -> None:
    claims = {"sub": "zoe", "given_name": "Zoé", "usual_name": "Le\nfèvre", "groups": ["it", 1, "a\x00"]}
    found = person("acme", claims, ACME)
    assert found.name == "Zoé Le fèvre"
    assert (set(found.groups), set(found.roles)) == ({"it"}, {Role.OPERATOR})
    assert person("acme", {"sub": "zoe", "groups": "auditors"}, ACME).roles == {Role.COMPLIANCE}


@pytest.mark.parametrize("sub", [None, "", 1, "x" * 257, "zoe\x00"])
def test_somebody_without_an_id_is_nobody(sub: object) -> None:
    with pytest.raises(UnknownPerson):
        person("acme", {"sub": sub}, ACME)


@pytest.mark.parametrize(
    ("value", "tenants", "tenant"),
    [
        ("acme", None, "acme"),
        (["acme"], {"acme": "a"}, "a"),
        ("other", {"acme": "a"}, None),
        # What the database is told as several.
        ("acme,other", None, None),
        # Of nobody's: what is told of messages that could not be read.
        ("unknown", None, None),
        (["unknown", "zoo"], None, "zoo"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_tenant_is_one_that_the_settings_or_the_provider_name(
    value: object, tenants: dict[str, str] | None, tenant: str | None
) -> None:
    means = Claims(tenant_claim="organisation", tenants=tenants)
    claims = {"sub": "zoe", "organisation": value}
    if tenant is None:
        with pytest.raises(UnknownPerson):
            person("acme", claims, means)
    else:
        assert person("acme", claims, means).tenant == tenant


def test_sessions_stand_with_what_a_providers_claims_mean() -> None:
    def standing(**settings: Any) -> str:
        return Provider(
            **{"issuer": "https://id.example.org", "client_id": "pages", "tenant": "acme"} | settings
        ).standing

    first = standing(compliance_groups=["a", "b"], label="Acme")
    assert first == standing(compliance_groups=["b", "a"], scopes=["openid"])
    for otherwise in (
        {"compliance_groups": ["a"]},
        {"compliance_groups": ["a", "b"], "trusts_email": True},
        {"compliance_groups": ["a", "b"], "issuer": "https://elsewhere.example.org"},
        {"compliance_groups": ["a", "b"], "client_id": "another"},
        {"compliance_groups": ["a", "b"], "tenant": "other"},
        {"compliance_groups": ["a", "b"], "meeting_subjects": False},
    ):
        assert first != standing(**otherwise)


def test_a_meeting_is_read_by_whom_its_server_means_and_not_by_their_namesake_elsewhere() -> None:
    meeting = grants_of([MeetingPerson(part=Part.PARTICIPANT, subject="zoe")])
    claims = {"sub": "zoe", "email": "other@example.org", "email_verified": True, "groups": ["law"]}
    elsewhere = Claims(tenant="acme", meeting_subjects=False)
    namesake, herself = person("guests", claims, elsewhere), person("acme", claims, ACME)
    assert level_of(herself, "acme", meeting, now()) is Level.EDIT
    assert level_of(namesake, "acme", meeting, now()) is Level.NONE
    assert namesake.principals == ("email:other@example.org", "group:law")


ISSUERS = ("https://id.example.org", "https://guests.example.org")
BY_CLAIM = {"tenant": None, "tenant_claim": "organisation"}


def providers(*settings: dict[str, Any]) -> dict[str, Provider]:
    return {
        f"provider-{number}": Provider(**{"issuer": issuer, "client_id": "pages", "tenant": "acme"} | given)
        for number, (issuer, given) in enumerate(zip(ISSUERS, settings, strict=False))
    }


@pytest.mark.parametrize(
    "settings",
    [
        ({}, {}),
        ({}, BY_CLAIM),
        (BY_CLAIM, BY_CLAIM | {"tenants": {"x": "other"}}),
        (BY_CLAIM | {"tenants": {"x": "acme", "y": "other"}}, BY_CLAIM | {"tenants": {"z": "acme"}}),
    ],
)
def test_of_two_providers_of_one_tenant_one_at_most_has_the_subjects_that_meetings_tell(
    settings: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    one, other = settings
    with pytest.raises(InvalidSettings, match="meeting_subjects"):
        QuerySettings(providers=providers(one, other))
    told = providers(one, other | {"meeting_subjects": False})
    assert QuerySettings(providers=told).providers == told


@pytest.mark.parametrize(
    "settings",
    [
        ({},),
        ({}, {"tenant": "other"}),
        ({}, BY_CLAIM | {"tenants": {"x": "other"}}),
        # Another client of one issuer, which gives nobody another's subject.
        ({}, {"issuer": ISSUERS[0] + "/"}),
    ],
)
def test_providers_that_no_namesakes_can_be_of_are_taken_as_they_are(
    settings: tuple[dict[str, Any], ...],
) -> None:
    assert QuerySettings(providers=providers(*settings)).providers == providers(*settings)
