"""What a provider's claims say of somebody."""

from typing import Any

import pytest

from minutier.query.identity.domain import Claims, Role, UnknownPerson, person
from minutier.query.identity.providers import Provider

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
    ):
        assert first != standing(**otherwise)
