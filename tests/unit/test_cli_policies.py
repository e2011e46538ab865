"""`minutier retention` setting policies, against a server that keeps them as the retention service does."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from pydantic import ValidationError

from minutier.compose.failures import Status
from minutier.retention.policies.domain import Clock, Disposition, Kind, Policy, Rule, Scope
from minutier.retention.policies.set_policy import (
    InForce,
    NoSuchPolicy,
    Overtaken,
    TooMany,
    set_policy,
    withdraw_policy,
)
from minutier.retention.policies.shown import NewVersion, PolicyShown
from tests.support.command import Run, calling
from tests.support.query_api import json_answer, problem, serving
from tests.support.retention_policies import TENANT, Register, Rows, default, policy

NEW = ("retention", "set-policy", "Boards", "--media", "120", "--legal-basis", "A law")


@dataclass
class PoliciesApi:
    """What is in force, and the policies that were asked for while somebody else was ``quicker``."""

    register: Register = field(default_factory=lambda: Register(Rows(), TENANT))
    quicker: Policy | None = None
    url: str = ""

    @property
    def policies(self) -> dict[str, Policy]:
        return {policy.name: policy for policy in self._in_force()}

    def _in_force(self) -> tuple[Policy, ...]:
        return asyncio.run(self.register.tenant()).policies

    def put(self, policy: Policy) -> None:
        asyncio.run(self._put(policy))

    async def _put(self, policy: Policy) -> InForce | Overtaken | TooMany:
        await self.register.tenant()
        return await set_policy(policy, set_by="acme/another", register=self.register)

    def answer(self, target: str, body: bytes, method: str, token: str) -> tuple[int, str, str]:
        parts = urlsplit(target)
        named = parts.path.removeprefix("/api/v1/policies").strip("/")
        try:
            if method == "GET":
                shown = [_shown(policy) for policy in self._in_force()]
                return json_answer({"items": shown})
            if self.quicker:
                self.put(self.quicker)
            if method == "PUT":
                new = NewVersion.model_validate_json(body)
                asked = new.policy(UUID(named), new.version, tenant=TENANT)
                return self._answer(asyncio.run(self._put(asked)))
            version = int(parse_qs(parts.query)["version"][0])
            withdrawn = withdraw_policy(
                UUID(named), version=version, set_by="acme/officer", register=self.register
            )
            return self._answer(asyncio.run(withdrawn))
        except ValidationError as error:
            return problem(422, "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()))
        except ValueError as error:
            return problem(409 if method == "DELETE" else 422, str(error))

    def _answer(self, outcome: InForce | Overtaken | TooMany | NoSuchPolicy) -> tuple[int, str, str]:
        if isinstance(outcome, InForce):
            return json_answer(_shown(outcome.policy))
        if isinstance(outcome, Overtaken):
            return problem(409, f"The last version is {outcome.version}.")
        return problem(404, "There is no such policy in force in your organisation.")


def _shown(policy: Policy) -> Any:
    return json.loads(PolicyShown.of(policy).model_dump_json())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[PoliciesApi]:
    with serving(PoliciesApi()) as answers:
        monkeypatch.setenv("MINUTIER_RETENTION_URL", answers.url)
        monkeypatch.setenv("MINUTIER_RETENTION_TOKEN", "token")
        yield answers


@pytest.fixture
def minutier(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> type[Run]:
    return calling(monkeypatch, capsys)


def test_a_policy_is_made_of_all_that_is_said(api: PoliciesApi, minutier: type[Run]) -> None:
    run = minutier(
        *("retention", "set-policy", "Boards", "--legal-basis", "A law", "--clock", "meeting"),
        *("--media", "120", "--transcript", "365+3650@file-closed", "--minutes", "400+10"),
        *("--access-log", "90@ingestion", "--source", "livekit", "--class", "board", "--label", "2026"),
        *("--disposition", "propose_to_archives", "--json"),
    )
    made = api.policies["Boards"]
    assert run.status == 0
    assert json.loads(run.out)["id"] == str(made.id)
    assert made.rules == {
        Kind.MEDIA: Rule(Clock.MEETING, 120),
        Kind.TRANSCRIPT: Rule(Clock.FILE_CLOSED, 365, 3650),
        Kind.MINUTES: Rule(Clock.MEETING, 400, 10),
        Kind.ACCESS_LOG: Rule(Clock.INGESTION, 90),
    }
    assert made.scope == Scope(TENANT, "livekit", "board", "2026")
    assert (made.legal_basis, made.disposition, made.version) == ("A law", Disposition.PROPOSE, 1)


def test_of_a_policy_that_there_is_stays_what_is_not_said(api: PoliciesApi, minutier: type[Run]) -> None:
    before = policy(
        "Boards",
        {Kind.MEDIA: Rule(Clock.MEETING, 30), Kind.MINUTES: Rule(Clock.FILE_CLOSED, 40, 5)},
        source="livekit",
        label="2026",
        disposition=Disposition.PROPOSE,
    )
    api.put(before)
    run = minutier(
        *("retention", "set-policy", "Boards", "--media", "31", "--minutes", "none", "--label", ""),
        *("--rename", "The boards"),
    )
    assert run.out == f"Done. Version 2 of the policy {before.id} is in force.\n"
    after = api.policies["The boards"]
    assert (after.id, after.rules) == (before.id, {Kind.MEDIA: Rule(Clock.MEETING, 31)})
    assert after.scope == Scope(TENANT, "livekit")
    assert (after.legal_basis, after.disposition) == (before.legal_basis, before.disposition)
    assert minutier("retention", "set-policy", str(before.id)[:8], "--clock", "ingestion").status == 0
    assert api.policies["The boards"].rules == {Kind.MEDIA: Rule(Clock.INGESTION, 31)}


def test_the_default_is_set_by_its_name(api: PoliciesApi, minutier: type[Run]) -> None:
    assert minutier("retention", "set-policy", "Default", "--access-log", "90").status == 0
    rules = api.policies["Default"].rules
    assert rules == {**default().rules, Kind.ACCESS_LOG: Rule(Clock.INGESTION, 90)}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (NEW[:-2], "--legal-basis"),
        (("retention", "set-policy", "Boards", "--legal-basis", "A law"), "--media 120"),
        (("retention", "set-policy", "Default"), "set-policy --help"),
        (("retention", "set-policy", "11111111-0000-4000-8000-000000000001", *NEW[3:]), "no policy"),
        ((*NEW[:3], "--media", "0", *NEW[5:]), "current_days"),
        ((*NEW[:3], "--media", "forever", *NEW[5:]), "365+3650"),
        ((*NEW[:3], "--media", "120@noon", *NEW[5:]), "120@meeting"),
        (("retention", "set-policy", "Default", "--media", "none"), "the default has a rule for each kind"),
        (("retention", "withdraw-policy", "Boards"), "no policy Boards in force"),
    ],
)
def test_what_is_no_policy_is_told_and_nothing_is_set(
    api: PoliciesApi, minutier: type[Run], arguments: tuple[str, ...], told: str
) -> None:
    run = minutier(*arguments)
    assert (run.status, run.out) == (Status.USAGE, "")
    assert told in run.err
    assert api.policies == {"Default": default()}


def test_one_of_several_that_are_called_the_same_is_named_by_its_id(
    api: PoliciesApi, minutier: type[Run]
) -> None:
    ids = [json.loads(minutier(*NEW, "--json").out)["id"]]
    api.put(policy("Others"))
    renamed = minutier("retention", "set-policy", "Others", "--rename", "Boards")
    assert (renamed.status, renamed.err) == (0, "")
    run = minutier("retention", "withdraw-policy", "Boards")
    assert (run.status, ids[0] in run.err) == (Status.USAGE, True)
    assert minutier("retention", "withdraw-policy", ids[0]).status == 0


def test_whoever_is_overtaken_is_told_so(api: PoliciesApi, minutier: type[Run]) -> None:
    before = policy("Boards")
    api.put(before)
    api.quicker = policy("Boards", 77, version=2)
    for command in (("set-policy", "Boards", "--media", "31"), ("withdraw-policy", "Boards")):
        run = minutier("retention", *command)
        assert (run.status, run.out) == (Status.FAILED, "")
        assert run.err.strip().startswith("The last version is ")
        api.quicker = policy("Boards", 78, version=3)
    assert api.policies["Boards"] == policy("Boards", 78, version=3)


def test_a_policy_is_withdrawn_and_the_default_is_not(api: PoliciesApi, minutier: type[Run]) -> None:
    api.put(policy("Boards"))
    assert minutier("retention", "withdraw-policy", "Default").status == Status.FAILED
    assert json.loads(minutier("retention", "withdraw-policy", "Boards", "--json").out)["withdrawn"]
    assert set(api.policies) == {"Default"}


@pytest.mark.parametrize(
    ("command", "needed", "set_"),
    [
        (("list",), "QUERY", "RETENTION"),
        (("retention", "policies"), "RETENTION", "QUERY"),
        (("retention", "explain", "1111"), "QUERY", "RETENTION"),
    ],
)
def test_what_is_asked_for_is_what_is_needed(
    minutier: type[Run],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: tuple[str, ...],
    needed: str,
    set_: str,
) -> None:
    monkeypatch.setenv(f"MINUTIER_{set_}_URL", "http://127.0.0.1:1")
    run = minutier(*command, "--data-dir", tmp_path)
    assert (run.status, f"MINUTIER_{needed}_URL" in run.err) == (Status.USAGE, True)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("list",), {"QUERY"}),
        (("retention", "holds"), {"RETENTION"}),
        (("reconcile",), {"INGESTION"}),
        (("token",), set()),
    ],
)
def test_where_nothing_runs_only_what_would_help_is_named(
    minutier: type[Run], tmp_path: Path, command: tuple[str, ...], named: set[str]
) -> None:
    run = minutier(*command, "--data-dir", tmp_path)
    assert (run.status, "minutier up" in run.err) == (Status.UNREACHABLE, True)
    services = ("QUERY", "RETENTION", "INGESTION")
    assert {each for each in services if f"MINUTIER_{each}_URL" in run.err} == named
